// SPDX-License-Identifier: MIT
// Recursion whose branches run at the same time: fork and join, without futures and without an allocation.
//
// expected output: fib\(30\) = 832040
// expected output: of 1000000 numbers 333333 are multiples of 3

#include <heddle/parallel_invoke.hpp>
#include <heddle/parallel_reduce.hpp>

#include <functional>
#include <iostream>
#include <ranges>

long fib(long n) {
  if (n < 2) return n;
  long left = 0;
  long right = 0;
  heddle::parallel_invoke([&] { left = fib(n - 1); }, [&] { right = fib(n - 2); });
  return left + right;
}

int main() {
  std::cout << "fib(30) = " << fib(30) << '\n';

  const auto is_multiple = [](int number) { return number % 3 == 0 ? 1 : 0; };
  const int multiples = heddle::parallel_reduce(std::views::iota(1, 1'000'001), 0, std::plus<>{}, is_multiple);
  std::cout << "of 1000000 numbers " << multiples << " are multiples of 3\n";
}
