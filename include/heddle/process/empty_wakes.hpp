// SPDX-License-Identifier: MIT
// How often somebody is woken for nothing.
#pragma once

#include <chrono>
#include <cstdint>

namespace heddle::process {

/// Wake-ups by a worker that have brought nothing: more than so many a second are not an accident. One thread.
class empty_wakes {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::uint32_t most_in_a_second = 10'000;

  /// One more, at that time; `brought` changes when a wake-up brings something. Whether it is one too many.
  [[nodiscard]] bool is_one_too_many(std::uint64_t brought, clock::time_point now) noexcept {
    if (brought != brought_ || now - since_ > std::chrono::seconds(1)) {
      brought_ = brought;
      since_ = now;
      count_ = 0;
    }
    return ++count_ > most_in_a_second;
  }

 private:
  std::uint64_t brought_ = 0;
  clock::time_point since_;
  std::uint32_t count_ = 0;
};

}  // namespace heddle::process
