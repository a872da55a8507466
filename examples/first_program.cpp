// SPDX-License-Identifier: MIT
// A first program: a future, a map and a parallel loop.
//
// expected output: ^6 \* 7 = 42$
// expected output: ^1 4 9 16 25 $
// expected output: ^sum of square roots: 19.306$

#include <heddle/heddle.hpp>

#include <cmath>
#include <iostream>
#include <numeric>
#include <vector>

int main() {
  heddle::thread_pool_executor pool{{.max_workers = 4}};

  heddle::future<int> answer = pool.submit([](int a, int b) { return a * b; }, 6, 7);
  std::cout << "6 * 7 = " << answer.result() << '\n';

  const std::vector<int> xs{1, 2, 3, 4, 5};
  for (int square : pool.map([](int x) { return x * x; }, xs)) std::cout << square << ' ';

  std::vector<double> roots(10);
  heddle::parallel_for(0, roots.size(), [&](std::size_t i) { roots[i] = std::sqrt(i); });
  std::cout << "\nsum of square roots: " << std::reduce(roots.begin(), roots.end()) << '\n';
}
