// SPDX-License-Identifier: MIT
#include <heddle/scheduling/thread.hpp>
#include <heddle/sync/stack_bounds.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

#include <support/catch.hpp>

using heddle::sync::end_of_stack;
using heddle::sync::stack_gauge;
using heddle::sync::stack_position;

namespace {

struct report {
  std::size_t taken;  // above what the gauge may count on
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::uintptr_t deep_at = 0;
  bool is_deep_at_begin = true;
};

/// Where the gauge says that the stack is nearly used up; 0 if it does not say so before it is.
[[gnu::noinline]] std::uintptr_t go_down(stack_gauge& gauge, std::uintptr_t end) {
  std::array<volatile char, 512> frame{};
  frame.back() = 1;
  if (gauge.is_deep()) return stack_position();
  if (stack_position() < end + (32U << 10U)) return 0;
  const std::uintptr_t found = go_down(gauge, end);
  frame.back() = 0;
  return found;
}

[[gnu::noinline]] void measure(report& made) {
  stack_gauge gauge;
  made.begin = stack_position();
  made.end = end_of_stack();
  made.is_deep_at_begin = gauge.is_deep();
  made.deep_at = go_down(gauge, made.end);
}

/// Lies on the stack as a library's thread-local variables do, at whose end the thread begins.
[[gnu::noinline]] void measure_below_variables(report& made) {
  std::array<volatile char, 3U << 20U> variables;
  variables.front() = 1;
  measure(made);
  variables.back() = 1;
}

void* run(void* argument) {
  auto& made = *static_cast<report*>(argument);
  made.taken == 0 ? measure(made) : measure_below_variables(made);
  return nullptr;
}

}  // namespace

TEST_CASE("a stack is deep where less than a quarter of what there was is left, whatever lies above", "[sync]") {
  report made{.taken = GENERATE(0U, 3U << 20U)};
  CAPTURE(made.taken);
  heddle::scheduling::thread thread(&run, &made, 4U << 20U);
  thread.join();
  CHECK_FALSE(made.is_deep_at_begin);
  REQUIRE(made.end != 0);
  REQUIRE(made.begin > made.end);
  const std::uintptr_t whole = made.begin - made.end;
  const std::uintptr_t left = made.deep_at - made.end;
  REQUIRE(made.deep_at != 0);
  constexpr std::size_t some_frames = 8192;
  CHECK(left < whole / 4 + some_frames);
  CHECK(left + some_frames > whole / 4);
}
