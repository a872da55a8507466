// SPDX-License-Identifier: MIT
// What every model is made of: a test suite of Relacy whose simulated threads have the seams of heddle's headers.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "relacy.hpp"

namespace heddle_model {

/// Whether the system has such a thing: always, never, or it may fail each time.
enum class heavy_barriers { all, none, some };

/// What the shims keep for one interleaving; made anew for each.
struct run_state {
  static constexpr std::size_t most_threads = 6;
  struct sleeper {
    const void* address;
    rl::thread_id_t thread;
  };

  std::uint64_t number = 0;
  unsigned plain_accesses = 0;
  std::size_t sleeping_count = 0;
  sleeper sleeping[most_threads] = {};
  bool woke_for_no_reason[most_threads] = {};
  bool deadline_passed[most_threads] = {};
  std::size_t startable_threads = 0;
  std::size_t started_threads = 0;
  bool is_joined[most_threads] = {};
  heavy_barriers has_heavy_barrier = heavy_barriers::all;
  unsigned processors = 1;   // more let more workers search at a time
  unsigned guest_seats = 1;  // up to 2
  bool is_patient = false;   // whoever waits awake does so for ever, and looks at a clock
  std::chrono::nanoseconds wake_latency{0};
  std::chrono::nanoseconds now{0};
  std::chrono::nanoseconds between_looks{2000};  // at the clock
  // What threads had done and seen at their asymmetric barriers, as Relacy keeps it: a clock for each thread.
  rl::timestamp_t seen_by_light[most_threads] = {};
  rl::timestamp_t seen_by_heavy[most_threads] = {};
};

/// Adds to one clock what the other one knows.
inline void raise(rl::timestamp_t* clock, const rl::timestamp_t* by) {
  for (rl::thread_id_t i = 0; i != rl::ctx().get_thread_count(); ++i) clock[i] = std::max(clock[i], by[i]);
}

inline run_state current_run;

/// The free rooms of revocable.hpp, in its own model: instrumented.cmake makes that a friend.
struct rooms_of_a_run;
inline void* free_rooms = nullptr;

/// Which of the faults that mutants.cmake has built into the headers is awake.
inline std::string_view mutant;

/// The base of a model. Derived has `void thread(unsigned index)`, run once for each index below ThreadCount, and may
/// have before() and after(), which run alone. If it has a `dynamic_thread_count`, as many threads may be started.
template <class Derived, int ThreadCount>
class model : public rl::test_suite<Derived, ThreadCount> {
 public:
 protected:
  model() {
    static_assert(Derived::params::thread_count <= static_cast<int>(run_state::most_threads));
    current_run = {.number = current_run.number + 1, .startable_threads = Derived::dynamic_thread_count};
  }
};

/// For before(): what heavy barriers do in this interleaving.
inline void have_heavy_barriers(heavy_barriers which) { current_run.has_heavy_barrier = which; }

/// One of `count` alternatives; all of them are explored.
inline unsigned choose(unsigned count) { return rl::rand(count); }

/// In place of a look at the clock: every deadline of the thread may have passed, and then has.
inline bool deadline_has_passed() {
  bool& passed = current_run.deadline_passed[rl::thread_index()];
  if (!passed) passed = choose(2) == 1;
  return passed;
}

/// In place of steady_clock: between two looks, whoever's, passes the time that the model says.
struct clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<clock>;
  static constexpr bool is_steady = true;

  static time_point now() noexcept { return time_point(current_run.now += current_run.between_looks); }
};

}  // namespace heddle_model

/// Ends the search with the interleaving that led here if `condition` does not hold.
#define HEDDLE_MODEL_CHECK(condition) RL_ASSERT(condition)
