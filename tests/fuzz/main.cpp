// SPDX-License-Identifier: MIT
// Runs random trees of calls on random pools, and compares what they come to with what one thread finds.
//
//   heddle_fuzzer [--rounds N | --seconds N] [--seed S]
//
// Without a seed it draws one. Where a round fails, or does not end, the program says its seed and aborts: that seed
// with --rounds 1 makes the same pools and trees again, though not the same order of things.

#include <heddle/heddle.hpp>

#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <thread>
#include <utility>

#include <fuzz/budget.hpp>
#include <fuzz/evaluation.hpp>
#include <fuzz/plan.hpp>
#include <support/deadline.hpp>
#include <support/mixed.hpp>
#include <support/scale.hpp>

using namespace heddle_fuzz;
using namespace std::chrono_literals;

namespace {

std::atomic<std::uint64_t> seed_of_round{0};

/// The numbers of a round.
class draw {
 public:
  explicit draw(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return seed() % bound; }
  std::uint64_t seed() { return heddle_test::mixed(state_ += 0x9e3779b97f4a7c15U); }

 private:
  std::uint64_t state_;
};

/// A pool of one has no stand-ins, so there nothing may need somebody else.
heddle::thread_pool_options pool_options(draw& numbers, bool others_are_needed) {
  constexpr std::size_t workers[] = {1, 2, 2, 3, 4, 6, 8};
  const std::size_t skipped = others_are_needed ? 1 : 0;
  return {.max_workers = workers[skipped + numbers.below(std::size(workers) - skipped)],
          .affinity = numbers.below(4) == 0 ? heddle::affinity::spread : heddle::affinity::automatic,
          .order = numbers.below(4) == 0 ? heddle::order::fifo : heddle::order::lifo};
}

/// A tree that is not too large.
call tree(draw& numbers, const mode& how) {
  constexpr std::uint64_t most_calls = 3000;
  for (;;) {
    const call one(numbers.seed(), 2 + static_cast<unsigned>(numbers.below(4)), how);
    if (one.size() <= most_calls) return one;
  }
}

void check(const outcome& found, const call& one) {
  if (found != one.expected()) report("a tree of calls came to something else");
}

/// One thread waits, or two at the same time, for calls or as guests; with one pool only for calls, since a guest that
/// holds a mutex needs somebody else.
void run_tree(evaluation& on, draw& numbers, const mode& how, bool has_two_pools) {
  const call one = tree(numbers, how);
  const bool as_guest = has_two_pools && numbers.below(2) == 0;
  const auto evaluate = [&on, as_guest](const call& root, unsigned pool) {
    check(as_guest ? on.outcome_of(root, pool) : on.outcome_by_worker(root, pool), root);
  };
  if (numbers.below(2) == 0) return evaluate(one, 0);
  const call two = tree(numbers, how);
  std::thread other([&] { evaluate(two, has_two_pools ? 1 : 0); });
  evaluate(one, 0);
  other.join();
}

void run_round(std::uint64_t seed) {
  seed_of_round = seed;
  draw numbers(seed);
  heddle_test::life_counts counts;
  {
    const bool has_two_pools = numbers.below(2) == 0;
    const mode how{.last = has_two_pools ? kind::blocking : kind::locked,
                   .failing_in_64 = numbers.below(2) == 0 ? 0 : static_cast<unsigned>(numbers.below(4))};
    heddle::thread_pool_executor first(pool_options(numbers, has_two_pools));
    std::optional<heddle::thread_pool_executor> second;
    if (has_two_pools) second.emplace(pool_options(numbers, has_two_pools));
    evaluation on(first, has_two_pools ? *second : first, counts);
    for (std::uint64_t trees = 1 + numbers.below(8); trees != 0; --trees) {
      run_tree(on, numbers, how, has_two_pools);
      if (numbers.below(4) == 0) std::this_thread::sleep_for(std::chrono::microseconds(numbers.below(1000)));
    }
  }
  if (counts.alive != 0) report("callables were left over");
}

/// Ends the program if a round takes too long.
[[noreturn]] void watch() {
  const std::chrono::seconds longest = heddle_test::under_thread_sanitizer ? 200s : 60s;
  std::uint64_t last = seed_of_round;
  for (auto since = std::chrono::steady_clock::now();;) {
    std::this_thread::sleep_for(1s);
    const std::uint64_t now = seed_of_round;
    if (now != std::exchange(last, now)) since = std::chrono::steady_clock::now();
    if (std::chrono::steady_clock::now() - since > longest) {
      heddle_test::dump_threads();
      report("a round did not end");
    }
  }
}

}  // namespace

void heddle_fuzz::report(const char* finding) {
  std::fprintf(stderr, "%s: --seed %" PRIu64 " --rounds 1\n", finding, seed_of_round.load());
  std::abort();
}

int main(int count, char** arguments) {
  const heddle_fuzz::budget allowed(count, arguments);
  std::thread(watch).detach();
  std::printf("%" PRIu64 " rounds without a finding\n", allowed.spend(run_round));
}
