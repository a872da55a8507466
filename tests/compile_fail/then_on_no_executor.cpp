// SPDX-License-Identifier: MIT
// error: and this is none: an executor has submit\(f\), post\(f\) and max_workers\(\)
#include <heddle/inline_executor.hpp>
#include <utility>

void use(heddle::future<int> f) {
  int number = 0;
#ifdef CORRECT
  heddle::inline_executor here;
  static_cast<void>(std::move(f).then(here, [number](int) { return number; }));
#else
  static_cast<void>(std::move(f).then(number, [](int) {}));
#endif
}
