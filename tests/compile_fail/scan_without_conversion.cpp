// SPDX-License-Identifier: MIT
// A number cannot begin with a string: something has to make numbers of the strings first.
// error: make such values of the elements
#include <functional>
#include <heddle/parallel_scan.hpp>
#include <ranges>
#include <string>
#include <vector>

auto offsets(const std::vector<std::string>& words) {
#ifdef CORRECT
  return heddle::parallel_exclusive_scan(words | std::views::transform(&std::string::size), std::size_t{0},
                                         std::plus<>());
#else
  return heddle::parallel_exclusive_scan(words, std::size_t{0},
                                         [](std::size_t n, const std::string& s) { return n + s.size(); });
#endif
}
