// SPDX-License-Identifier: MIT
// An array that worker processes read and write where it is.
//
// expected output: ^2e\+06$

#include <heddle/array_split.hpp>
#include <heddle/parallel_for.hpp>
#include <heddle/process_pool_executor.hpp>
#include <heddle/shared_array.hpp>

#include <cmath>
#include <iostream>
#include <span>

double sum_of_roots(std::span<const double> values) {
  double sum = 0;
  for (const double x : values) sum += std::sqrt(x);
  return sum;
}

int main(int argc, char** argv) {
  heddle::init(argc, argv);
  heddle::process_pool_executor procs;
  heddle::shared_array<double> xs(1'000'000, 2.0);
  heddle::parallel_for_each(procs, xs, [](double& x) { x *= 2; });  // in place, in the workers
  double sum = 0;
  for (const double part : procs.map(sum_of_roots, heddle::array_split(xs, 8))) sum += part;
  std::cout << sum << '\n';
}
