// SPDX-License-Identifier: MIT
// catch_error() takes the result out of its future, too.
// error: write std::move\(f\)\.catch_error\(g\)
#include <exception>
#include <heddle/future.hpp>
#include <utility>

void use(heddle::future<int> f) {
#ifdef CORRECT
  static_cast<void>(std::move(f).catch_error([](const std::exception_ptr&) { return 1; }));
#else
  f.catch_error([](const std::exception_ptr&) { return 1; });
#endif
}
