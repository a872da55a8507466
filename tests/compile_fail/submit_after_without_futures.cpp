// SPDX-License-Identifier: MIT
// error: submit_after\(\) waits for one future at least, and calls what comes last
#include <heddle/inline_executor.hpp>
#include <utility>

void use(heddle::future<int> f) {
  heddle::inline_executor here;
#ifdef CORRECT
  static_cast<void>(here.submit_after(f, [] {}));
#else
  static_cast<void>(f);
  static_cast<void>(here.submit_after([] {}));
#endif
}
