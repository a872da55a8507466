// SPDX-License-Identifier: MIT
// Fork-join programs to be simulated: trees whose leaves take a known time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <support/mixed.hpp>

namespace heddle_simulator {

using heddle_test::mixed;

/// Nanoseconds of simulated time.
using duration = std::int64_t;

/// A call of the program. It takes `cost`, and then forks into the two that begin at `first_child` and the one behind
/// it, unless that is 0.
struct call {
  duration cost = 0;
  std::uint32_t first_child = 0;
};

/// All calls of a program, the first one at 0.
struct program {
  std::string name;
  std::vector<call> calls;

  [[nodiscard]] duration work() const {
    duration sum = 0;
    for (const call& each : calls) sum += each.cost;
    return sum;
  }

  /// The longest chain of calls of which each needs the one before: no number of workers is faster.
  [[nodiscard]] duration span() const {
    std::vector<duration> below(calls.size());
    for (std::size_t i = calls.size(); i-- > 0;) {  // children follow their parents
      const std::uint32_t child = calls[i].first_child;
      below[i] = calls[i].cost + (child == 0 ? 0 : std::max(below[child], below[child + 1]));
    }
    return below.front();
  }
};

/// Builds a program breadth first: `expand(state, call)` says what the call of a state costs, and returns the states of
/// its children, two or none.
template <class State, class Expand>
program make_program(std::string name, State root, Expand expand) {
  program made{std::move(name), {call{}}};
  std::vector<State> states{root};
  for (std::size_t i = 0; i < states.size(); ++i) {
    const std::vector<State> children = expand(State(states[i]), made.calls[i]);
    if (children.empty()) continue;
    made.calls[i].first_child = static_cast<std::uint32_t>(made.calls.size());
    for (const State& child : children) {
      states.push_back(child);
      made.calls.emplace_back();
    }
  }
  return made;
}

/// fib(n), whose calls below `smallest` are leaves that take as long as their own calls would, at 2 ns each.
inline program fibonacci(int n, int smallest) {
  const auto serial = [](int of) {
    duration previous = 2;
    duration time = 2;
    for (int i = 2; i <= of; ++i) previous = std::exchange(time, time + previous + 2);
    return time;
  };
  return make_program("fib(" + std::to_string(n) + ")", n, [=](int of, call& made) -> std::vector<int> {
    made.cost = of < smallest ? serial(of) : 5;
    return of < smallest ? std::vector<int>{} : std::vector<int>{of - 1, of - 2};
  });
}

/// 65 ns, 50 us.
inline std::string named(duration time) {
  return time < 1000 ? std::to_string(time) + " ns" : std::to_string(time / 1000) + " us";
}

/// A loop of `items` items that take `cost` each, halved down to single ones.
inline program loop(std::uint32_t items, duration cost) {
  struct part {
    std::uint32_t size;
  };
  return make_program("loop of " + std::to_string(items) + " x " + named(cost), part{items},
                      [=](part of, call& made) -> std::vector<part> {
                        made.cost = of.size == 1 ? cost : 5;
                        return of.size == 1 ? std::vector<part>{}
                                            : std::vector<part>{{of.size / 2}, {of.size - of.size / 2}};
                      });
}

/// A tree without any balance: a call has so much below it that it goes on with all but a random share of it.
inline program unbalanced(std::uint32_t leaves, duration cost) {
  struct part {
    std::uint32_t size;
    std::uint64_t seed;
  };
  return make_program(
      "unbalanced tree, leaves of " + named(cost), part{leaves, 1}, [=](part of, call& made) -> std::vector<part> {
        made.cost = of.size == 1 ? cost + static_cast<duration>(mixed(of.seed) % static_cast<std::uint64_t>(cost)) : 20;
        if (of.size == 1) return {};
        const auto share = 1 + static_cast<std::uint32_t>(mixed(of.seed) % (of.size <= 8 ? of.size - 1 : of.size / 8));
        return {{of.size - share, mixed(of.seed + 1)}, {share, mixed(of.seed + 2)}};
      });
}

/// Calls of which each forks a leaf, which takes `cost`, and then the next one: all but the leaf is forked as one call.
inline program chain(std::uint32_t leaves, duration cost) {
  struct part {
    std::uint32_t left;
    bool is_leaf;
  };
  return make_program("chain of " + std::to_string(leaves) + " x " + named(cost), part{leaves, false},
                      [=](part of, call& made) -> std::vector<part> {
                        made.cost = of.is_leaf ? cost : 5;
                        if (of.is_leaf || of.left == 0) return {};
                        return {{0, true}, {of.left - 1, false}};
                      });
}

}  // namespace heddle_simulator
