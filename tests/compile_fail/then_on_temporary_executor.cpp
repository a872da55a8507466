// SPDX-License-Identifier: MIT
// An executor is needed when its call is due.
// error: and this one ends with the expression: give it a name
#include <heddle/inline_executor.hpp>
#include <utility>

void use(heddle::future<int> f) {
#ifdef CORRECT
  heddle::inline_executor here;
  static_cast<void>(std::move(f).then(here, [](int) {}));
#else
  static_cast<void>(std::move(f).then(heddle::inline_executor(), [](int) {}));
#endif
}
