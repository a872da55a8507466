// SPDX-License-Identifier: MIT
// What is simulated: the times that a machine takes, and the rules by which workers share.
#pragma once

#include <cstdint>

#include "program.hpp"

namespace heddle_simulator {

/// Measured on processors of the 2020s, but for the wake-up, which depends on the system most.
struct machine {
  duration fork = 2;       // a push and a pop
  duration look = 30;      // a thief's look at somebody's stack
  duration steal = 150;    // to take a task off a stack that nobody else takes from
  duration transfer = 80;  // how long the stack is taken from by one thief at a time
  duration publish = 40;   // an owner's answer to a plea
  duration wake = 30'000;  // from the call to the first look
};

/// By which rules workers share: the engine's, but for how many look for work.
struct rules {
  std::uint32_t searchers = 1;  // how many workers look for work awake at a time
  duration patience = 50'000;   // of who looks for work
  duration worn = 20'000;       // after so long without an answer, who looks for work or waits for a thief helps itself
  bool halves = true;           // who publishes does it with a half of what is private, not with one call
  bool leapfrogs = true;        // who waits for a thief runs what the thief has forked,
  bool far = true;              // and what others have forked for the thief
  bool shows = true;            // the first call that is forked by a stolen one is public at once
};

inline constexpr duration never = INT64_MAX;

/// What a run took.
struct outcome {
  duration time = 0;
  std::uint64_t calls = 0;     // that were run
  std::uint64_t steals = 0;    // among them leapfrogged ones
  std::uint64_t wake_ups = 0;  // of workers that slept
  duration idle = 0;           // of all workers together, asleep or looking
  duration awake_idle = 0;     // of those, looking
};

}  // namespace heddle_simulator
