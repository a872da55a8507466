// SPDX-License-Identifier: MIT
// What a pool keeps of each of its threads.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/base/barrier.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/queue/work_stealing_deque.hpp>
#include <heddle/scheduling/idle_policy.hpp>
#include <heddle/scheduling/open_hand.hpp>
#include <heddle/scheduling/participant.hpp>
#include <heddle/scheduling/pool_stats.hpp>
#include <heddle/scheduling/steal_pace.hpp>
#include <heddle/sync/wake_latency.hpp>
#include <heddle/sync/wake_mark.hpp>

namespace heddle::scheduling {

class pool;

/// A participant with a thread of the pool's own. What others touch of it is `jobs`, `hand`, `link` and the parking.
class worker : public participant {
 public:
  worker(pool* its_pool, crew& its_crew, std::size_t stack_slots, std::uint32_t its_number)
      : participant(its_crew, stack_slots),
        employer(its_pool),
        number(its_number),
        random_(its_number * 0x9e3779b97f4a7c15U + 1) {}

  /// A pseudo-random number below `bound` (xorshift; Lemire's reduction).
  [[nodiscard]] std::uint32_t random_below(std::uint32_t bound) noexcept {
    random_ ^= random_ << 13U;
    random_ ^= random_ >> 7U;
    random_ ^= random_ << 17U;
    return static_cast<std::uint32_t>(((random_ >> 32U) * bound) >> 32U);
  }

  // It works or looks for work. Whoever sleeps asks those who work to call somebody when they fork; see
  // crew::beg_of_everybody(). Who runs a task for another one has to be known too: it may queue jobs, and the other one
  // may block and look for them.
  void begin_work() noexcept {
    if (works_.load(base::relaxed)) return;  // relaxed, all: the barriers order
    works_.store(true, base::relaxed);
    base::full_barrier();
  }
  void end_work() noexcept { works_.store(false, base::relaxed); }
  [[nodiscard]] bool works() const noexcept { return works_.load(base::relaxed); }

  /// Before it goes onto the list of the parked.
  void prepare_to_park() noexcept { recalled_.store(recall::none, base::relaxed); }  // relaxed: the list publishes it

  /// Sleeps until somebody who took it off the list calls it back. True if it searches from now on.
  [[nodiscard]] bool sleep_until_recalled() noexcept {
    const std::chrono::nanoseconds begin = now();
    // [worker.1] acquire: what it is called for. It may be seen before the signal is.
    sleep_for_lack_of_work([this] { return recalled_.load(base::acquire) != recall::none; });
    constexpr std::chrono::microseconds surely_asleep{100};
    const std::chrono::nanoseconds called(called_at_.load(base::relaxed));  // relaxed: a measurement
    if (called - begin > surely_asleep) sync::wake_latency::learn(now() - called);
    return recalled_.load(base::relaxed) == recall::to_search;  // relaxed: acquired above
  }

  /// Sleeps until `called()` after a wake().
  template <class Called>
  void sleep_for_lack_of_work(const Called& called) noexcept {
    counts.parked.add_one_and_publish();
    sleep_until(called);
    counts.woken.add_one_and_publish();
  }

  /// Who took it off the list.
  void recall_to_search() noexcept { recall_as(recall::to_search); }
  void recall_to_end() noexcept { recall_as(recall::to_end); }

  pool* const employer;
  /// What a stand-in was brought in for; without a `run`, to work as all do.
  struct errand {
    void (*run)(void*) noexcept = nullptr;
    void* argument = nullptr;
  };

  const std::uint32_t number;  // from 1
  queue::work_stealing_deque<queue::job> jobs;
  open_hand hand;
  parked_link link;
  worker_counts counts;
  queue::consumer_turns turns{number};
  std::uint32_t job_turns = 0;
  std::uint32_t pushes = 0;
  std::uint32_t own_tombstones = 0;  // at most so many, of those that it has left in its own deque itself
  std::uint64_t tombstones_seen = 0;
  bool took_several = false;  // and put them into its own deque
  /// Where its last work was found that it did not make itself: where others had some, there may well be more.
  enum class source : std::uint8_t { outside, others } took_from = source::outside;
  steal_pace pace;
  errand assigned;
  base::atomic<bool> called_in{false};
  base::atomic<bool> called_off{false};  // of a lent one: it is to end
  bool stands_in = false;
  bool is_lent = false;      // by a thread that is not the pool's
  bool helps_loops = false;  // holds one of the places that guests leave, see crew

 private:
  enum class recall : std::uint8_t { none, to_search, to_end };

  static std::chrono::nanoseconds now() noexcept { return std::chrono::steady_clock::now().time_since_epoch(); }

  void recall_as(recall why) noexcept {
    called_at_.store(now().count(), base::relaxed);  // relaxed: a measurement
    recalled_.store(why, base::release);             // [worker.1] release: what was done before the call
    wake();
    sync::wake_mark::leave();
  }

  std::uint64_t random_;
  base::atomic<bool> works_{false};
  base::atomic<recall> recalled_{recall::none};
  base::atomic<std::int64_t> called_at_{0};
};

}  // namespace heddle::scheduling
