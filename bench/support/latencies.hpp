// SPDX-License-Identifier: MIT
// Single latencies and their percentiles: the mean hides what one in a hundred waits for.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "support/work.hpp"

namespace heddle_bench {

/// Keeps the latest `most_kept` samples, in seconds. They include one reading of the clock, some 25 ns.
class latencies {
 public:
  latencies() { samples_.reserve(most_kept); }

  void add(double seconds) {
    if (samples_.size() < most_kept) {
      samples_.push_back(seconds);
    } else {
      samples_[next_++ % most_kept] = seconds;
    }
  }

  double median() {
    std::sort(samples_.begin(), samples_.end());
    return samples_.empty() ? 0 : percentile(50);
  }

  void report(benchmark::State& state) {
    if (samples_.empty()) return;
    std::sort(samples_.begin(), samples_.end());
    state.counters["p50"] = percentile(50);
    state.counters["p99"] = percentile(99);
  }

 private:
  static constexpr std::size_t most_kept = 1 << 18;

  double percentile(std::size_t percent) const { return samples_[(samples_.size() - 1) * percent / 100]; }

  std::vector<double> samples_;
  std::size_t next_ = 0;
};

}  // namespace heddle_bench
