// SPDX-License-Identifier: MIT
// What the conformance tests of maps have in common: their executors, their options, and what they do with results.
#pragma once

#include <chrono>
#include <conformance/set_ups.hpp>
#include <cstddef>
#include <heddle/map_options.hpp>
#include <heddle/register_exception.hpp>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <support/own_executor.hpp>
#include <support/travelling.hpp>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle_test {

/// An executor of a user's own.
struct own_setup {
  struct kind {
    const char* name;
  };
  static constexpr kind all[] = {{"a user's own"}};
  explicit own_setup(kind) {}
  own_executor pool;
};

using local_map_setups = std::tuple<inline_setup, threads_setup, view_setup, own_setup>;
using map_setups = and_processes<local_map_setups>;

// So that they come back from other processes as what they are.
inline const bool ints_are_registered = heddle::register_exception<int>();

// Functions, so that calls of several cases are compiled once.

inline int doubled(int value) { return 2 * value; }

inline int failing_at_each_third(int i) {
  if (i % 3 == 1) throw i;
  return i;
}

inline int one_of_two(const travelling&, const travelling&) { return 1; }

inline void nothing(int) {}

inline std::unique_ptr<int> owned(int i) { return std::make_unique<int>(i); }

inline std::unique_ptr<travelling> counted(int) { return std::make_unique<travelling>(); }

template <class Results>
auto all(Results&& results) {
  std::vector<std::remove_cvref_t<decltype(*results.begin())>> values;
  for (auto&& value : results) values.push_back(std::move(value));
  return values;
}

inline std::vector<int> first_numbers(int end) {
  std::vector<int> numbers(static_cast<std::size_t>(end));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// Every way of dividing and bounding a map.
inline const std::vector<heddle::map_options> all_map_options = {
    {},
    {.timeout = std::chrono::hours(1)},
    {.chunksize = 1, .buffersize = 1},
    {.buffersize = 3},
    {.buffersize = 1000},
    {.chunksize = 2},
    {.timeout = std::chrono::hours(1), .chunksize = 3, .buffersize = 2},
    {.chunksize = 1000, .buffersize = 1}};

/// Whether there is nothing more, and will not be.
template <class Results>
bool is_over(Results& results) {
  if (!(results.begin() == results.end())) return false;
  auto at = results.begin();
  ++at;
  at++;
  return at == results.end() && results.begin() == results.end();
}

}  // namespace heddle_test
