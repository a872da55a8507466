// SPDX-License-Identifier: MIT
// A loop that any number of threads run together, and that ends early when a body throws.
#pragma once

#include <chrono>
#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/sectioning.hpp>
#include <heddle/scheduling/loop_body.hpp>
#include <heddle/scheduling/loop_failure.hpp>

namespace heddle::scheduling {

/// Runs `body` for intervals that together are [0, size): every thread that calls run() takes sections, in ascending
/// order, until none is left.
///
/// Failures are kept as loop_failure says. `next_` is advanced by all.
class section_loop {
 public:
  section_loop(std::uint64_t size, std::uint64_t sections, loop_body body) noexcept
      : sections_(sections), bounds_(size, sections), body_(body) {}

  /// Takes part until no section is left. Never throws: failures are kept.
  void run() noexcept {
    std::uint64_t grain = 1;
    for (;;) {
      // relaxed: sections are handed out, not published; the join orders what the bodies did.
      const std::uint64_t taken = next_.fetch_add(1, base::relaxed);
      if (taken >= sections_ || !run_section(bounds_[taken], grain)) return;
    }
  }

  /// For the one who started the loop, when every other thread has left it.
  void rethrow_failure() { failure_.rethrow(); }

 private:
  /// How long a thread works between two looks at the failure; the number of items follows from it.
  static constexpr std::chrono::microseconds patience{5};

  bool run_section(base::section section, std::uint64_t& grain) noexcept {
    while (section.first < section.last) {
      if (failure_.is_before(section.first)) return false;
      const std::uint64_t last = section.size() < grain ? section.last : section.first + grain;
      if (section.size() > grain) {
        const auto begin = std::chrono::steady_clock::now();
        body_({section.first, last}, failure_);
        if (std::chrono::steady_clock::now() - begin < patience) grain *= 2;
      } else {
        body_({section.first, last}, failure_);
      }
      section.first = last;
    }
    return true;
  }

  const std::uint64_t sections_;
  const base::sectioning bounds_;
  const loop_body body_;
  alignas(base::cache_line) base::atomic<std::uint64_t> next_{0};
  alignas(base::cache_line) loop_failure failure_;
};

}  // namespace heddle::scheduling
