// SPDX-License-Identifier: MIT
// A vector holds no references.
// error: use when_all\(\), or let the calls return pointers
#include <heddle/when_all.hpp>
#include <utility>
#include <vector>

void use(std::vector<heddle::future<int&>> futures) {
#ifdef CORRECT
  static_cast<void>(heddle::when_all(std::move(futures)));
#else
  static_cast<void>(heddle::collect(std::move(futures)));
#endif
}
