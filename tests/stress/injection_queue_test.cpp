// SPDX-License-Identifier: MIT
// An injection queue under everything at once: producers in all lanes, consumers that sleep, sweeps, and the closing.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <heddle/queue/injection_queue.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/sync/event_count.hpp>
#include <span>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using heddle::queue::consumer_turns;
using heddle::queue::injection_queue;
using heddle::queue::job;
using heddle::queue::lane;
using heddle::queue::lane_count;
using heddle_test::scaled;

namespace {

struct stamped_job final : job {
  stamped_job() : job([](job&, unsigned, const heddle::queue::refusal*) noexcept {}) {}
  std::size_t producer = 0;
  std::size_t number = 0;  // of its producer
  int taken = 0;           // written by who takes it, alone
  bool accepted = false;
};

constexpr std::size_t row_length = 5;

/// Lanes change with every hundred jobs.
lane lane_of(const stamped_job& one) { return static_cast<lane>(one.number / 100 % lane_count); }

/// The number of the last job that one taker has had of each producer, in each lane; -1 for none.
class last_numbers {
 public:
  explicit last_numbers(std::size_t producers) : last_(producers * lane_count, -1) {}

  /// False if a later job of that producer and lane has been taken.
  bool note(const stamped_job& one) {
    auto& last = last_[one.producer * lane_count + static_cast<std::size_t>(lane_of(one))];
    const auto number = static_cast<std::int64_t>(one.number);
    const bool in_order = number > last;
    last = number;
    return in_order;
  }

 private:
  std::vector<std::int64_t> last_;
};

struct storm {
  storm(std::size_t shards, std::size_t producers, std::size_t consumers, std::size_t jobs_each)
      : queue(shards, consumers) {
    for (std::size_t p = 0; p < producers; ++p) jobs.emplace_back(jobs_each);
  }

  /// Every tenth time a row of jobs, else one.
  void produce(std::size_t producer) {
    std::vector<stamped_job>& own = jobs[producer];
    for (std::size_t i = 0; i < own.size(); ++i) {
      own[i].producer = producer;
      own[i].number = i;
    }
    for (std::size_t i = 0, pushes = 0; i < own.size(); ++pushes) {
      const std::size_t length =
          pushes % 10 == 9 && i % 100 + row_length <= 100 && i + row_length <= own.size() ? row_length : 1;
      job* row[row_length];
      for (std::size_t j = 0; j < length; ++j) row[j] = &own[i + j];
      const lane to = lane_of(own[i]);
      const bool accepted =
          length == 1 ? queue.try_push(own[i], to) : queue.try_push(std::span<job* const>(row, length), to);
      pushed.notify_one();
      for (const std::size_t end = i + length; i < end; ++i) own[i].accepted = accepted;
    }
  }

  void take(job& one, last_numbers& seen) {
    auto& taken = static_cast<stamped_job&>(one);
    ++taken.taken;
    if (!seen.note(taken)) ++out_of_order;
  }

  void consume(std::uint32_t number) {
    consumer_turns turns(number);
    last_numbers seen(jobs.size());
    job* buffer[32];
    for (;;) {
      const std::size_t popped = queue.try_pop(buffer, turns);
      for (job* one : std::span(buffer).first(popped)) take(*one, seen);
      if (popped != 0) continue;
      const auto key = pushed.prepare_wait();
      if (queue.has_jobs()) {
        pushed.cancel_wait();
      } else if (queue.finished()) {
        pushed.cancel_wait();
        return;
      } else {
        pushed.wait(key);
      }
    }
  }

  /// Takes a third of what it finds.
  void sweep_until_finished() {
    while (!queue.finished()) {
      last_numbers seen(jobs.size());
      queue.sweep([&](job& one) noexcept {
        if (static_cast<stamped_job&>(one).number % 3 != 0) return false;
        take(one, seen);
        return true;
      });
      std::this_thread::yield();
    }
  }

  void close() {
    queue.close();
    pushed.notify_all();
  }

  /// How many jobs were not taken exactly as often as they were accepted.
  std::size_t wrong() const {
    std::size_t count = 0;
    for (const auto& own : jobs) {
      for (const stamped_job& one : own) count += one.taken == (one.accepted ? 1 : 0) ? 0U : 1U;
    }
    return count;
  }

  injection_queue queue;
  heddle::sync::event_count pushed;
  std::vector<std::vector<stamped_job>> jobs;
  std::atomic<int> out_of_order{0};
};

}  // namespace

TEST_CASE("every job of a storm is taken once, in its producer's order", "[stress]") {
  const heddle_test::deadline limit(250s);
  const std::size_t shards = GENERATE(1U, 2U);
  constexpr std::size_t producers = 3;
  constexpr std::uint32_t consumers = 2;
  storm all(shards, producers, consumers, scaled(300'000));
  std::vector<std::thread> producing;
  std::vector<std::thread> others;
  for (std::size_t p = 0; p < producers; ++p) producing.emplace_back([&, p] { all.produce(p); });
  for (std::uint32_t c = 0; c < consumers; ++c) others.emplace_back([&, c] { all.consume(c); });
  others.emplace_back([&] { all.sweep_until_finished(); });
  for (std::thread& thread : producing) thread.join();
  all.close();
  for (std::thread& thread : others) thread.join();
  CHECK(all.wrong() == 0);
  CHECK(all.out_of_order == 0);
  CHECK_FALSE(all.queue.has_jobs());
}

TEST_CASE("a queue that is closed in a storm loses nothing that it accepted, and its consumers end", "[stress]") {
  const heddle_test::deadline limit(250s);
  std::size_t wrong = 0;
  for (std::size_t round = 0; round < scaled(2000); ++round) {
    storm all(1 + round % 2, 2, 2, 100);
    std::vector<std::thread> threads;
    for (std::size_t p = 0; p < 2; ++p) threads.emplace_back([&, p] { all.produce(p); });
    for (std::uint32_t c = 0; c < 2; ++c) threads.emplace_back([&, c] { all.consume(c); });
    if (round % 3 == 0) std::this_thread::yield();
    all.close();
    for (std::thread& thread : threads) thread.join();
    wrong += all.wrong() + static_cast<std::size_t>(all.out_of_order);
    if (!all.queue.finished()) ++wrong;
  }
  CHECK(wrong == 0);
}
