// SPDX-License-Identifier: MIT
// How long a fuzzer runs, and from which seed: its command line.
#pragma once

#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include <heddle/base/parse_positive.hpp>

namespace heddle_fuzz {

/// Rounds until there were as many as asked for, or as long as asked for; without end if nothing was.
class budget {
 public:
  /// Prints the seed. Ends the program where the arguments are none.
  budget(int count, const char* const* arguments) {
    for (int i = 1; i < count; i += 2) take(arguments, arguments[i], i + 1 < count ? arguments[i + 1] : "");
    std::printf("seed %" PRIu64 "\n", seed_);
    std::fflush(stdout);
  }

  /// Calls `run_round(seed)` for one seed after the other. Returns how many rounds that were.
  template <class RunRound>
  std::uint64_t spend(const RunRound& run_round) const {
    const auto end = std::chrono::steady_clock::now() + limit_;
    std::uint64_t done = 0;
    for (; done < rounds_ && std::chrono::steady_clock::now() < end; ++done) run_round(seed_ + done);
    return done;
  }

 private:
  static constexpr std::uint64_t longest = 365 * 24 * 3600;

  void take(const char* const* arguments, const char* name, const char* text) {
    const std::uint64_t value = heddle::base::parse_positive(text);
    if (value != 0 && std::strcmp(name, "--rounds") == 0) {
      rounds_ = value;
    } else if (value != 0 && value <= longest && std::strcmp(name, "--seconds") == 0) {
      limit_ = std::chrono::seconds(value);
    } else if (value != 0 && std::strcmp(name, "--seed") == 0) {
      seed_ = value;
    } else {
      std::fprintf(stderr, "usage: %s [--rounds N] [--seconds N] [--seed S], positive numbers, a year at most\n",
                   arguments[0]);
      std::exit(2);
    }
  }

  std::uint64_t rounds_ = UINT64_MAX;
  std::chrono::seconds limit_{longest};
  std::uint64_t seed_ = (std::uint64_t{std::random_device{}()} << 32U) | std::random_device{}();
};

}  // namespace heddle_fuzz
