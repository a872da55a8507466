// SPDX-License-Identifier: MIT
// error: would never be done: give it one at least
#include <heddle/when_any.hpp>
#include <utility>

void use(heddle::future<int> f) {
#ifdef CORRECT
  static_cast<void>(heddle::when_any(std::move(f)));
#else
  static_cast<void>(heddle::when_any());
#endif
}
