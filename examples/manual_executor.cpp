// SPDX-License-Identifier: MIT
// Code that takes an executor is tested without threads: its calls run when the test says so, in orders that it
// chooses.
//
// expected output: ^3 calls wait$
// expected output: ^the sum is 14 in each of 100 orders$
#include <heddle/heddle.hpp>

#include <cstdint>
#include <iostream>
#include <vector>

/// The code under test. It may run on a thread pool too.
template <heddle::executor E>
heddle::map_results<int> squares(E& executor, const std::vector<int>& xs) {
  return executor.map([](int x) { return x * x; }, xs);
}

int main() {
  int right = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    heddle::manual_executor executor{{.order = heddle::manual_order::random, .seed = seed}};
    auto results = squares(executor, {1, 2, 3});
    if (seed == 0) std::cout << executor.pending() << " calls wait\n";
    executor.run_all();

    int sum = 0;
    for (const int square : results) sum += square;
    right += sum == 14 ? 1 : 0;
  }
  std::cout << "the sum is 14 in each of " << right << " orders\n";
}
