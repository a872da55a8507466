// SPDX-License-Identifier: MIT
// A number cannot begin with a string: something has to make numbers of the strings first.
// error: pass a transform that makes such values
#include <functional>
#include <heddle/parallel_reduce.hpp>
#include <string>
#include <vector>

std::size_t length(const std::vector<std::string>& words) {
#ifdef CORRECT
  return heddle::parallel_reduce(words, std::size_t{0}, std::plus<>(), &std::string::size);
#else
  return heddle::parallel_reduce(words, std::size_t{0},
                                 [](std::size_t n, const std::string& s) { return n + s.size(); });
#endif
}
