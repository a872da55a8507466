// SPDX-License-Identifier: MIT
// error: takes the future over: write std::move
#include <heddle/with_timeout.hpp>

#include <chrono>
#include <utility>

void use(heddle::future<int> f) {
#ifdef CORRECT
  static_cast<void>(heddle::with_timeout(std::move(f), std::chrono::seconds(1)));
#else
  static_cast<void>(heddle::with_timeout(f, std::chrono::seconds(1)));
#endif
}
