// SPDX-License-Identifier: MIT
// How much machine stack a level of fork-join takes, besides what the same calls take one after the other.
#include <heddle/parallel_invoke.hpp>

#include <cstddef>
#include <cstdint>

#include <heddle/sync/stack_bounds.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>

namespace {

enum class how { one_after_the_other, forked };
enum class deeper { in_first, in_second };

struct recursion {
  std::uintptr_t deepest = 0;
  int beside = 0;
};

template <how How, deeper Where>
[[gnu::noinline]] void go_down(recursion& run, int levels) {
  if (levels == 0) {
    run.deepest = heddle::sync::stack_position();
    return;
  }
  const auto deep = [&] { go_down<How, Where>(run, levels - 1); };
  const auto flat = [&] { ++run.beside; };
  const auto call = [](const auto& first, const auto& second) {
    if constexpr (How == how::forked) {
      heddle::parallel_invoke(first, second);
    } else {
      first();
      second();
    }
  };
  Where == deeper::in_first ? call(deep, flat) : call(flat, deep);
  ++run.beside;  // so that the last call is not a jump
}

template <how How, deeper Where>
std::size_t bytes_a_level(heddle::thread_pool_executor& pool) {
  constexpr int levels = 1000;
  return pool
      .submit([] {
        recursion run;
        const std::uintptr_t begin = heddle::sync::stack_position();
        go_down<How, Where>(run, levels);
        return (begin - run.deepest) / levels;
      })
      .result();
}

}  // namespace

TEST_CASE("a fork takes at most 128 bytes of machine stack", "[parallel_invoke][stack]") {
  const heddle_test::deadline limit;
  constexpr std::size_t most = 128;
  heddle::thread_pool_executor alone({.max_workers = 1});
  CHECK(bytes_a_level<how::forked, deeper::in_first>(alone) <=
        bytes_a_level<how::one_after_the_other, deeper::in_first>(alone) + most);
  CHECK(bytes_a_level<how::forked, deeper::in_second>(alone) <=
        bytes_a_level<how::one_after_the_other, deeper::in_second>(alone) + most);
}
