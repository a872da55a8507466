// SPDX-License-Identifier: MIT
// when_all() takes futures over that cannot be copied.
// error: write std::move\(f\), or share\(\) it
#include <heddle/when_all.hpp>
#include <utility>

void use(heddle::future<int> a, heddle::future<int> b) {
#ifdef CORRECT
  static_cast<void>(heddle::when_all(std::move(a), std::move(b)));
#else
  static_cast<void>(heddle::when_all(a, std::move(b)));
#endif
}
