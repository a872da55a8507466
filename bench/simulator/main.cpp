// SPDX-License-Identifier: MIT
// How the engine's rules of sharing scale beyond the machines at hand, by simulation. With --json it prints what the
// benchmarks write, row/runtime/threads:n, for bench/pictures.py: program/rule/threads:workers.

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "simulation.hpp"

using namespace heddle_simulator;

namespace {

struct variant {
  const char* name;
  rules (*of)(std::uint32_t workers);
};

rules engines(std::uint32_t workers) { return {.searchers = std::max(1U, workers - 1)}; }

template <auto Rule>
rules engines_but_for(std::uint32_t workers) {
  rules changed = engines(workers);
  Rule(changed);
  return changed;
}

/// The engine's, and others.
constexpr variant variants[] = {
    {"all but one", engines},
    {"one searches", engines_but_for<[](rules& r) { r.searchers = 1; }>},
    {"exposes nothing", engines_but_for<[](rules& r) { r.worn = never; }>},
    {"publishes one call", engines_but_for<[](rules& r) { r.halves = false; }>},
    {"helps its thief only", engines_but_for<[](rules& r) { r.far = r.shows = false; }>},
};

/// A program under a rule: what each number of workers took, beside the greatest speed-up that any schedule could
/// reach.
struct curve {
  const program& of;
  const variant& how;
  double work = static_cast<double>(of.work());
  double span = static_cast<double>(of.span());
};

class table {
 public:
  static void begin() {}
  static void end() {}

  static void begin(const curve& c) {
    std::printf("\n%s: %zu calls, work %.3f ms, span %.1f us; %s\n", c.of.name.c_str(), c.of.calls.size(), c.work / 1e6,
                c.span / 1e3, c.how.name);
    std::printf("%8s %10s %10s %8s %10s %10s %8s %8s\n", "workers", "speed-up", "bound", "of it", "steals", "wake-ups",
                "idle", "awake");
  }

  static void add(const curve& c, std::uint32_t workers, const outcome& took) {
    const double speed_up = c.work / static_cast<double>(took.time);
    const double bound = c.work / std::max(c.work / workers, c.span);
    const double all = static_cast<double>(took.time) * workers;
    std::printf("%8u %10.2f %10.2f %7.0f%% %10" PRIu64 " %10" PRIu64 " %7.0f%% %7.0f%%\n", workers, speed_up, bound,
                100 * speed_up / bound, took.steals, took.wake_ups, 100 * static_cast<double>(took.idle) / all,
                100 * static_cast<double>(took.awake_idle) / all);
  }
};

/// The counters are in seconds, as those of the benchmarks.
class json {
 public:
  static void begin() { std::printf("{\n  \"benchmarks\": ["); }
  static void end() { std::printf("\n  ]\n}\n"); }

  static void begin(const curve&) {}

  void add(const curve& c, std::uint32_t workers, const outcome& took) {
    const double busy = static_cast<double>(took.time) * workers - static_cast<double>(took.idle - took.awake_idle);
    std::printf("%s\n    {\"run_name\": \"%s/%s/threads:%" PRIu32
                "\", \"run_type\": \"iteration\", \"real_time\": %" PRId64
                ", \"cpu_time\": %.0f, \"time_unit\": \"ns\", \"work\": %.9g, \"span\": %.9g}",
                comma_, c.of.name.c_str(), c.how.name, workers, took.time, busy, c.work / 1e9, c.span / 1e9);
    comma_ = ",";
  }

 private:
  const char* comma_ = "";
};

/// False if a call was lost.
template <class Output>
bool simulate(const curve& c, const machine& on, Output& output) {
  output.begin(c);
  for (std::uint32_t workers = 1; workers <= 1024; workers *= 2) {
    const outcome took = simulation(c.of, workers, on, c.how.of(workers)).run();
    if (took.calls != c.of.calls.size()) {
      std::fprintf(stderr, "%" PRIu64 " calls were run of %zu\n", took.calls, c.of.calls.size());
      return false;
    }
    output.add(c, workers, took);
  }
  return true;
}

template <class Output>
int simulate_all(Output output) {
  const program programs[] = {fibonacci(38, 16),   loop(1'000'000, 1000),     loop(10'000, 65),
                              loop(2'000, 50'000), unbalanced(300'000, 1000), unbalanced(30'000, 30'000),
                              chain(1'000, 30'000)};
  output.begin();
  for (const program& each : programs) {
    for (const variant& how : variants) {
      if (!simulate(curve{.of = each, .how = how}, machine{}, output)) return 1;
    }
  }
  output.end();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) return simulate_all(table());
  if (argc == 2 && std::string_view(argv[1]) == "--json") return simulate_all(json());
  std::fputs("usage: simulator [--json]\n", stderr);
  return 2;
}
