// SPDX-License-Identifier: MIT
// How the engine's rules of sharing scale beyond the machines at hand, by simulation.

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>

#include "simulation.hpp"

using namespace heddle_simulator;

namespace {

struct variant {
  const char* name;
  std::uint32_t (*searchers)(std::uint32_t workers);
};

constexpr variant variants[] = {
    {"one searches", [](std::uint32_t) { return 1U; }},
    {"a quarter", [](std::uint32_t workers) { return std::max(1U, workers / 4); }},
    {"all may", [](std::uint32_t) { return 0U; }},
};

/// Work by time, beside the greatest that any schedule could reach. False if a call was lost.
bool print_curve(const program& of, const variant& how, const machine& on) {
  const auto work = static_cast<double>(of.work());
  const auto span = static_cast<double>(of.span());
  std::printf("\n%s: %zu calls, work %.3f ms, span %.1f us; %s\n", of.name.c_str(), of.calls.size(), work / 1e6,
              span / 1e3, how.name);
  std::printf("%8s %10s %10s %8s %10s %10s %8s %8s\n", "workers", "speed-up", "bound", "of it", "steals", "wake-ups",
              "idle", "awake");
  for (std::uint32_t workers = 1; workers <= 1024; workers *= 2) {
    const outcome took = simulation(of, workers, on, {.searchers = how.searchers(workers)}).run();
    if (took.calls != of.calls.size()) {
      std::fprintf(stderr, "%" PRIu64 " calls were run of %zu\n", took.calls, of.calls.size());
      return false;
    }
    const double speed_up = work / static_cast<double>(took.time);
    const double bound = work / std::max(work / workers, span);
    const double all = static_cast<double>(took.time) * workers;
    std::printf("%8u %10.2f %10.2f %7.0f%% %10" PRIu64 " %10" PRIu64 " %7.0f%% %7.0f%%\n", workers, speed_up, bound,
                100 * speed_up / bound, took.steals, took.wake_ups, 100 * static_cast<double>(took.idle) / all,
                100 * static_cast<double>(took.awake_idle) / all);
  }
  return true;
}

}  // namespace

int main() {
  const program programs[] = {fibonacci(38, 16), loop(1'000'000, 1000), loop(10'000, 65), unbalanced(300'000, 1000)};
  for (const program& each : programs) {
    for (const variant& how : variants) {
      if (!print_curve(each, how, machine{})) return 1;
    }
  }
  return 0;
}
