// SPDX-License-Identifier: MIT
// A task waits for tasks of its own pool: the waiting thread runs them itself, so even one thread never deadlocks.
//
// expected output: ^fib\(20\) = 6765, on 1 thread$

#include <heddle/heddle.hpp>

#include <functional>
#include <iostream>

int fib(heddle::thread_pool_executor& pool, int n) {
  if (n < 2) return n;
  auto left = pool.submit(fib, std::ref(pool), n - 1);
  auto right = pool.submit(fib, std::ref(pool), n - 2);
  return left.result() + right.result();
}

int main() {
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  std::cout << "fib(20) = " << fib(pool, 20) << ", on " << pool.max_workers() << " thread\n";
}
