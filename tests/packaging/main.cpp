// SPDX-License-Identifier: MIT
// The program of every consumer: one submitted task and one parallel_map, ending 0 when both answers are right.
#include <heddle/heddle.hpp>

#include <vector>

int main() {
  heddle::thread_pool_executor pool{{.max_workers = 2}};
  auto f = pool.submit([](int x) { return x * x; }, 6);
  if (f.result() != 36) return 1;

  const std::vector<int> xs{1, 2, 3, 4};
  const auto squares = heddle::parallel_map(pool, [](int x) { return x * x; }, xs);
  return squares == std::vector<int>{1, 4, 9, 16} ? 0 : 2;
}
