// SPDX-License-Identifier: MIT
// Futures that are only lent give no value.
// error: without those that were only lent; this f cannot be called so
#include <heddle/inline_executor.hpp>
#include <utility>

void use(heddle::future<int> f) {
  heddle::inline_executor here;
#ifdef CORRECT
  static_cast<void>(here.submit_after(std::move(f), [](int) {}));
#else
  static_cast<void>(here.submit_after(f, [](int) {}));
#endif
}
