// SPDX-License-Identifier: MIT
// Fork and join as everybody knows it: a fork for each call.
#pragma once

#include <heddle/parallel_invoke.hpp>

#include <cstdint>

namespace heddle_test {

/// The Fibonacci number, on the pool whose worker or guest calls, else on the default executor.
inline std::uint64_t fib(unsigned n) {
  if (n < 2) return n;
  std::uint64_t left = 0;
  std::uint64_t right = 0;
  heddle::parallel_invoke([&] { left = fib(n - 1); }, [&] { right = fib(n - 2); });
  return left + right;
}

}  // namespace heddle_test
