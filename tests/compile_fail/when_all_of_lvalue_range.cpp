// SPDX-License-Identifier: MIT
// error: write std::move\(futures\), or share\(\) them
#include <heddle/when_all.hpp>
#include <utility>
#include <vector>

void use(std::vector<heddle::future<int>> futures) {
#ifdef CORRECT
  static_cast<void>(heddle::when_all(std::move(futures)));
#else
  static_cast<void>(heddle::when_all(futures));
#endif
}
