// SPDX-License-Identifier: MIT
// How many of the program's threads can run at once, as a number at hand: for who decides whether to wait awake.
#pragma once

#include <cstdint>

#if defined(__linux__)
#include <sched.h>

#include <bit>
#include <cstddef>
#endif

#include <heddle/base/atomic.hpp>
#include <heddle/base/available_parallelism.hpp>

namespace heddle::base {

/// The CPUs that any thread which has noted itself here may run on, no more than available_parallelism() would count
/// without looking at affinity. One thread's affinity says little: a program may keep each of its threads on a CPU of
/// its own. Any thread.
class usable_cpus {
 public:
  /// At least 1. Cheap, but for the first call.
  [[nodiscard]] static unsigned count() noexcept {
    const unsigned known = count_.load(relaxed);  // relaxed: a hint
    if (known != 0) [[likely]]
      return known;
    note_this_thread();
    return count_.load(relaxed);  // relaxed: as above
  }

  /// Takes the CPUs of the calling thread into account. To be called where threads begin, or their CPUs change.
  static void note_this_thread() noexcept {
    const unsigned allowed = allowed_cpus();
    const unsigned seen = add_cpus_of_this_thread();
    count_.store(seen < allowed ? seen : allowed, relaxed);  // relaxed: a hint; another thread's may be newer
  }

 private:
  /// What limits the whole program. Files are read for it, once.
  static unsigned allowed_cpus() noexcept {
    unsigned answer = allowed_.load(relaxed);  // relaxed: all threads come to the same answer
    if (answer == 0) allowed_.store(answer = parallelism_of_process(""), relaxed);  // relaxed: as above
    return answer;
  }

#if defined(__linux__)

  static constexpr std::size_t words = 1024 / 64;
  static_assert(sizeof(cpu_set_t) == words * sizeof(std::uint64_t));

  static unsigned add_cpus_of_this_thread() noexcept {
    cpu_set_t mask;
    // It fails on machines with more CPUs than the mask has room for: no reason to think that there is only one.
    if (::sched_getaffinity(0, sizeof mask, &mask) != 0) return unlimited_cpus;
    const auto own = std::bit_cast<bits>(mask);
    unsigned seen = 0;
    for (std::size_t i = 0; i < words; ++i) {
      // relaxed: a set that only grows.
      seen += static_cast<unsigned>(std::popcount(seen_[i].fetch_or(own.word[i], relaxed) | own.word[i]));
    }
    return seen;
  }

  struct bits {
    std::uint64_t word[words];
  };
  static inline constinit atomic<std::uint64_t> seen_[words]{};

#else

  static unsigned add_cpus_of_this_thread() noexcept { return unlimited_cpus; }

#endif

  static inline constinit atomic<unsigned> allowed_{0};
  static inline constinit atomic<unsigned> count_{0};
};

}  // namespace heddle::base
