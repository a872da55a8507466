// SPDX-License-Identifier: MIT
// Threads that do their part of a race at the same time, again and again.
#pragma once

#include <barrier>
#include <cstddef>
#include <thread>
#include <vector>

namespace heddle_test {

/// Runs each of `racers` in a thread of its own, `rounds` times, all of them starting a round together. `prepare()` and
/// `check()` run alone, before and after each round.
template <class Prepare, class Check, class... Racers>
void race(std::size_t rounds, Prepare prepare, Check check, Racers... racers) {
  const auto turns = static_cast<std::ptrdiff_t>(sizeof...(Racers)) + 1;
  std::barrier together(turns);
  std::vector<std::thread> threads;
  threads.reserve(sizeof...(Racers));
  const auto start = [&](auto racer) {
    threads.emplace_back([&together, rounds, racer] {
      for (std::size_t round = 0; round < rounds; ++round) {
        together.arrive_and_wait();
        racer();
        together.arrive_and_wait();
      }
    });
  };
  (start(racers), ...);
  for (std::size_t round = 0; round < rounds; ++round) {
    prepare();
    together.arrive_and_wait();
    together.arrive_and_wait();
    check();
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace heddle_test
