// SPDX-License-Identifier: MIT
// Tasks that wait for tasks under locks, in every way there is to wait: all of it ends, and who waits runs nothing but
// what it waits for.
#include <heddle/blocking.hpp>
#include <heddle/parallel_for.hpp>
#include <heddle/parallel_invoke.hpp>
#include <heddle/task_group.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/mixed.hpp>
#include <support/nested_submits.hpp>
#include <support/scale.hpp>

using namespace std::chrono_literals;
using heddle::parallel_for;
using heddle::parallel_invoke;
using heddle::task_group;
using heddle::thread_pool_executor;
using heddle_test::mixed;
using heddle_test::nested_submits;
using heddle_test::scaled;

namespace {

constexpr unsigned most_levels = 8;

/// A task of level n holds one of the mutexes of level n from its begin to its end, also while it waits for tasks of
/// level n + 1. So the program itself cannot deadlock; but a thread that ran some other task of level n while it waits
/// would lock a second mutex of that level, or the same one again.
class locks_by_level {
 public:
  std::mutex& pick(unsigned level, std::uint64_t seed) { return mutexes_.at(level).at(seed % each); }

 private:
  static constexpr std::size_t each = 4;
  std::array<std::array<std::mutex, each>, most_levels> mutexes_;
};

/// Takes longer than who waits for it stays awake.
void work_for_a_while() {
  const auto end = std::chrono::steady_clock::now() + 30us;
  while (std::chrono::steady_clock::now() < end) {
  }
}

/// Submits and awaits tasks `levels` deep; returns how many tasks there were.
std::uint64_t submit_and_wait(thread_pool_executor& pool, locks_by_level& locks, std::uint64_t seed, unsigned level,
                              unsigned levels) {
  const std::lock_guard lock(locks.pick(level, seed));
  if (level == levels) {
    if (seed % 64 < 8) work_for_a_while();
    return 1;
  }
  const auto submit = [&](std::uint64_t number) {
    return pool.submit(submit_and_wait, std::ref(pool), std::ref(locks), mixed(seed + number), level + 1, levels);
  };
  auto first = submit(1);
  if (level > 2) return 1 + first.result();
  auto second = submit(2);
  return 1 + first.result() + second.result();
}

/// Counts the threads of a pool by their initializer, and so those that stood in for blocked ones.
class thread_counter {
 public:
  heddle::base::unique_function<void()> initializer() {
    return [this] { ++threads_; };
  }
  [[nodiscard]] std::size_t stand_ins(const thread_pool_executor& of) const {
    return std::max(threads_.load(), of.max_workers()) - of.max_workers();
  }

 private:
  std::atomic<std::size_t> threads_{0};
};

/// Posts two of itself and waits for promises that they keep, so that other threads have to run them.
void post_and_wait(thread_pool_executor& pool, int levels) {
  if (levels == 0) return;
  std::vector<heddle::future<void>> kept;
  for (int i = 0; i < 2; ++i) {
    heddle::promise<void> word;
    kept.push_back(word.get_future());
    pool.post([&pool, levels, given = std::move(word)]() mutable {
      post_and_wait(pool, levels - 1);
      given.set_value();
    });
  }
  for (auto& each : kept) each.result();
}

// ---- random programs

/// A piece of a program that is awaited by the piece it belongs to.
struct piece {
  const piece* whole;

  [[nodiscard]] bool belongs_to(const piece& other) const {
    for (const piece* each = this; each != nullptr; each = each->whole) {
      if (each == &other) return true;
    }
    return false;
  }
};

std::atomic<int> buried{0};  // how often a thread that waited ran what it did not wait for

/// The calling thread waits for `awaited` in this scope; null: for something that it cannot run a part of.
class waiting_for {
 public:
  explicit waiting_for(const piece* awaited) : awaited_(awaited), outer_(std::exchange(innermost, this)) {}
  waiting_for(const waiting_for&) = delete;
  waiting_for& operator=(const waiting_for&) = delete;
  ~waiting_for() { innermost = outer_; }

  /// Called by each piece where it begins.
  static void check(const piece& begun) {
    if (innermost == nullptr) return;
    if (innermost->awaited_ == nullptr || !begun.belongs_to(*innermost->awaited_)) ++buried;
  }

 private:
  static inline thread_local const waiting_for* innermost = nullptr;
  const piece* awaited_;
  const waiting_for* outer_;
};

/// A program whose shape follows from its seed: each piece consists of smaller ones, run and awaited in one of many
/// ways, under a lock.
class program {
 public:
  enum class locks { no, yes };

  program(thread_pool_executor& pool, locks taken) : pool_(pool), takes_locks_(taken == locks::yes) {}

  /// Runs it, and returns how many leaves it has.
  std::uint64_t run(std::uint64_t seed, unsigned level) { return run_piece(nullptr, seed, level); }

  /// How many it has, without running it.
  static std::uint64_t count(std::uint64_t seed, unsigned level) {
    if (level == most_levels) return 1;
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < parts_of(seed); ++i) sum += count(part(seed, i), level + 1);
    return sum;
  }

 private:
  using counts = std::array<std::uint64_t, 3>;

  static unsigned parts_of(std::uint64_t seed) { return 1 + static_cast<unsigned>((seed >> 20U) % 3); }
  static std::uint64_t part(std::uint64_t seed, std::uint64_t number) { return mixed(seed + number + 1); }

  std::uint64_t run_piece(const piece* whole, std::uint64_t seed, unsigned level) {
    const piece self{whole};
    waiting_for::check(self);
    if (level == most_levels) return 1;
    const std::unique_lock lock = lock_piece(seed, level);
    counts found{};
    const auto run_part = [&](unsigned i) { found.at(i) = run_piece(&self, part(seed, i), level + 1); };
    run_parts(self, seed, run_part);
    return found[0] + found[1] + found[2];
  }

  /// Who waits for a promise needs others to keep it, so they must be seen to block.
  std::unique_lock<std::mutex> lock_piece(std::uint64_t seed, unsigned level) {
    if (!takes_locks_) return {};
    std::unique_lock lock(locks_.pick(level, seed), std::try_to_lock);
    if (!lock.owns_lock()) {
      const heddle::blocking scope;
      lock.lock();
    }
    return lock;
  }

  template <class RunPart>
  void run_parts(const piece& self, std::uint64_t seed, const RunPart& run_part) {
    const unsigned parts = parts_of(seed);
    // A pool of one worker cannot wait for what only a later task of it does.
    switch ((seed >> 40U) % (pool_.max_workers() == 1 ? 5 : 6)) {
      case 0:
        return fork(self, parts, run_part);
      case 1: {
        const waiting_for loop(&self);
        return parallel_for(pool_, 0U, parts, run_part);
      }
      case 2:
        return group(self, parts, run_part);
      case 3:
        return submit(self, parts, run_part, [](auto& each) { each.result(); });
      case 4:
        return submit(self, parts, run_part, [](auto& each) {
          {
            const waiting_for nothing(nullptr);
            static_cast<void>(each.wait(0s) || each.wait(20us));
          }
          each.result();
        });
      default:
        return promise(self, parts, run_part);
    }
  }

  template <class RunPart>
  void fork(const piece& self, unsigned parts, const RunPart& run_part) {
    const waiting_for calls(&self);
    const auto call = [&run_part](unsigned i) { return [&run_part, i] { run_part(i); }; };
    if (parts == 1) return parallel_invoke(pool_, call(0));
    if (parts == 2) return parallel_invoke(pool_, call(0), call(1));
    parallel_invoke(pool_, call(0), call(1), call(2));
  }

  template <class RunPart>
  void group(const piece& self, unsigned parts, const RunPart& run_part) {
    task_group calls(pool_);
    for (unsigned i = 0; i < parts; ++i) calls.run([&run_part, i] { run_part(i); });
    const waiting_for all(&self);
    calls.wait();
  }

  template <class RunPart, class Await>
  void submit(const piece& self, unsigned parts, const RunPart& run_part, Await await) {
    std::vector<heddle::future<void>> futures;
    for (unsigned i = 0; i < parts; ++i) futures.push_back(pool_.submit([&run_part, i] { run_part(i); }));
    const waiting_for all(&self);
    for (auto& each : futures) await(each);
  }

  /// Waits for promises that its parts keep. Nobody can run what sets a promise, so nothing may run here.
  template <class RunPart>
  void promise(const piece&, unsigned parts, const RunPart& run_part) {
    std::vector<heddle::future<void>> kept;
    for (unsigned i = 0; i < parts; ++i) {
      heddle::promise<void> word;
      kept.push_back(word.get_future());
      pool_.post([&run_part, i, given = std::move(word)]() mutable {
        run_part(i);
        given.set_value();
      });
    }
    const waiting_for nothing(nullptr);
    for (auto& each : kept) each.result();
  }

  thread_pool_executor& pool_;
  const bool takes_locks_;
  locks_by_level locks_;
};

}  // namespace

TEST_CASE("two workers finish ten thousand trees of tasks that wait for tasks under locks", "[stress]") {
  const heddle_test::deadline limit(250s);
  locks_by_level locks;
  thread_counter threads;
  thread_pool_executor pool{{.max_workers = 2, .initializer = threads.initializer()}};
  constexpr std::uint64_t tasks_in_a_tree = 31;
  constexpr std::size_t in_a_wood = 10;  // in one worker's queue, so that others steal now a tree, now a part of one
  const auto grow_wood = [&](std::size_t number) {
    std::vector<heddle::future<std::uint64_t>> trees;
    for (std::size_t i = 0; i < in_a_wood; ++i) {
      const std::uint64_t seed = mixed(number * in_a_wood + i);
      trees.push_back(pool.submit(submit_and_wait, std::ref(pool), std::ref(locks), seed, 0U, 5U));
    }
    std::uint64_t tasks = 0;
    for (auto& each : trees) tasks += each.result();
    return tasks;
  };
  const std::size_t rounds = scaled(10'000 / in_a_wood / 2);
  std::uint64_t tasks = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    auto first = pool.submit(grow_wood, 2 * round);
    auto second = pool.submit(grow_wood, 2 * round + 1);
    tasks += first.result() + second.result();
  }
  INFO("stand-ins: " << threads.stand_ins(pool));
  CHECK(tasks == tasks_in_a_tree * in_a_wood * 2 * rounds);
  CHECK(threads.stand_ins(pool) <= 256);
}

// A stand-in that was about to rest still counted as working for a worker that blocked, and nobody ran what was queued.
TEST_CASE("a worker that blocks while a stand-in goes to rest is replaced all the same", "[stress][regression]") {
  const heddle_test::deadline limit(250s);
  for (std::size_t round = 0; round < scaled(50); ++round) {
    thread_pool_executor pool{{.max_workers = 2}};  // with stand-ins that start: those that rest are faster
    for (int i = 0; i < 4; ++i) pool.submit([&pool] { post_and_wait(pool, 5); }).result();
  }
}

TEST_CASE("who waits runs nothing but what it waits for, in random programs with locks", "[stress]") {
  const heddle_test::deadline limit(250s);
  buried = 0;
  for (const std::size_t workers : {1U, 2U, 3U, 8U}) {
    thread_counter threads;
    thread_pool_executor pool{{.max_workers = workers, .initializer = threads.initializer()}};
    program of_worker(pool, program::locks::yes);
    // The only worker cannot run what a guest waits for while it waits itself for a lock that the guest holds.
    program of_guest(pool, workers == 1 ? program::locks::no : program::locks::yes);
    for (std::uint64_t round = 0; round < scaled(30); ++round) {
      const std::uint64_t seed = mixed(1000 * workers + round);
      CAPTURE(workers, round, threads.stand_ins(pool));
      auto inside = pool.submit([&] { return of_worker.run(seed, 0); });
      const std::uint64_t outside = of_guest.run(mixed(seed), 0);
      REQUIRE(inside.result() == program::count(seed, 0));
      REQUIRE(outside == program::count(mixed(seed), 0));
      REQUIRE(buried == 0);
    }
  }
}

TEST_CASE("a chain of a hundred thousand waits ends on usual stacks, where there is one worker too", "[stress]") {
  const heddle_test::deadline limit(250s);
  const std::size_t workers = GENERATE(1U, 2U, 4U);
  const std::size_t stand_ins = GENERATE(0U, 256U);
  CAPTURE(workers, stand_ins);
  const std::size_t levels = scaled(100'000);
  // ThreadSanitizer keeps 65,536 frames of a thread.
  const std::size_t stack_size = heddle_test::under_thread_sanitizer ? 1U << 20U : 0;
  thread_pool_executor pool{{.max_workers = workers, .stack_size = stack_size, .max_stand_ins = stand_ins}};
  CHECK(nested_submits(pool, 1) == 1);
  CHECK(pool.submit(nested_submits, std::ref(pool), levels).result() == levels);
  auto one = pool.submit(nested_submits, std::ref(pool), levels / 2);
  auto other = pool.submit(nested_submits, std::ref(pool), levels / 2);
  CHECK(one.result() + other.result() == levels / 2 * 2);
}
