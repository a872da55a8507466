// SPDX-License-Identifier: MIT
// The machine's floor of a hand-over there and back: two threads, one word, and nothing else.
#pragma once

#include <cstdint>
#include <thread>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/park.hpp>

#include "support/placement.hpp"

namespace heddle_bench {

/// Who waits watches the word.
struct spinning {
  static void wait(const heddle::sync::parking_word&, std::uint32_t) { heddle::base::pause(); }
  static void wake(const heddle::sync::parking_word&) {}
};

/// Who waits sleeps in the system: on Linux a bare futex.
struct parked {
  static void wait(const heddle::sync::parking_word& word, std::uint32_t seen) {
    heddle::sync::park_until(word, seen, heddle::sync::no_deadline);
  }
  static void wake(const heddle::sync::parking_word& word) { heddle::sync::unpark_one(&word); }
};

/// Where the two threads run: where the system puts them, or on a CPU each.
enum class ping_pong_cpus { any, one_each };

/// The word counts hand-overs: odd while it is the partner's turn, even while it is the owner's. Each turn the partner
/// may be given something to do.
template <class Waiting>
class ping_pong {
 public:
  explicit ping_pong(ping_pong_cpus cpus)
      : partner_([this, cpus] {
          if (cpus == ping_pong_cpus::one_each) pin_helper(0);
          answer();
        }) {
    if (cpus == ping_pong_cpus::one_each) pin_this_thread(0);
  }
  ping_pong(const ping_pong&) = delete;
  ping_pong& operator=(const ping_pong&) = delete;
  ~ping_pong() {
    pass(last_turn);
    partner_.join();
    unpin_this_thread();
  }

  /// There and back.
  void exchange() {
    exchange([] {}, [] {});
  }

  /// The partner calls `theirs()` before it answers, and the caller calls `own()` meanwhile.
  template <class Theirs, class Own>
  void exchange(const Theirs& theirs, const Own& own) {
    run_ = [](const void* given) { (*static_cast<const Theirs*>(given))(); };
    given_ = &theirs;
    pass(turn_ + 1);
    own();
    wait_for_change_from(turn_ + 1);
    turn_ += 2;
  }

 private:
  static constexpr std::uint32_t last_turn = UINT32_MAX;

  void pass(std::uint32_t turn) {
    // [ping_pong.1] release: who acquires the turn sees what was done before it was passed.
    word_.store(turn, heddle::base::release);
    Waiting::wake(word_);
  }

  std::uint32_t wait_for_change_from(std::uint32_t seen) {
    while (true) {
      // [ping_pong.1] acquire: see pass().
      const std::uint32_t now = word_.load(heddle::base::acquire);
      if (now != seen) return now;
      Waiting::wait(word_, seen);
    }
  }

  void answer() {
    std::uint32_t turn = 0;
    while ((turn = wait_for_change_from(turn)) != last_turn) {
      run_(given_);
      pass(++turn);
    }
  }

  alignas(heddle::base::cache_line) heddle::sync::parking_word word_{0};
  std::uint32_t turn_ = 0;
  void (*run_)(const void*) = nullptr;
  const void* given_ = nullptr;
  std::thread partner_;
};

}  // namespace heddle_bench
