// SPDX-License-Identifier: MIT
// then() takes the result out of its future.
// error: write std::move\(f\)\.then\(g\), or f\.share\(\) first
#include <heddle/future.hpp>
#include <utility>

void use(heddle::future<int> f) {
#ifdef CORRECT
  static_cast<void>(std::move(f).then([](int) {}));
#else
  f.then([](int) {});
#endif
}
