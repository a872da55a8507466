// SPDX-License-Identifier: MIT
// The waiting rule where a worker waits for several calls, in each of the ways to do that.
#include <heddle/completion_set.hpp>
#include <heddle/errors.hpp>
#include <heddle/manual_executor.hpp>
#include <heddle/submit_after.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <heddle/wait.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <ostream>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/threads.hpp>

using namespace std::chrono_literals;
using heddle::first_completed;
using heddle::first_exception;
using heddle::future;
using heddle::promise;
using heddle::thread_pool_executor;
using heddle_test::gate;

namespace {

constexpr heddle::sync::timeout for_ever;

/// One of the ways to wait for several futures. Returns whether what was waited for came in time.
struct way {
  const char* name;
  bool (*wait)(std::vector<future<int>>& futures, heddle::sync::timeout timeout);
  bool waits_for_all;
};

bool wait_by(std::vector<future<int>>& futures, heddle::sync::timeout timeout, heddle::return_when when) {
  const auto [done, not_done] = heddle::wait(futures, {.timeout = timeout, .return_when = when});
  return not_done.empty() || (when == first_completed && !done.empty());
}

constexpr way ways[] = {
    {"wait for all",
     [](auto& futures, heddle::sync::timeout timeout) { return wait_by(futures, timeout, heddle::all_completed); },
     true},
    {"wait for the first",
     [](auto& futures, heddle::sync::timeout timeout) { return wait_by(futures, timeout, first_completed); }, false},
    {"wait for the first exception",
     [](auto& futures, heddle::sync::timeout timeout) { return wait_by(futures, timeout, first_exception); }, true},
    {"as_completed",
     [](auto& futures, heddle::sync::timeout timeout) {
       std::size_t read = 0;
       try {
         for (future<int>& each : heddle::as_completed(futures, timeout)) read += each.done() ? 1 : 0;
       } catch (const heddle::timeout_error&) {
         return false;
       }
       return read == futures.size();
     },
     true},
    {"completion_set",
     [](auto& futures, heddle::sync::timeout timeout) {
       heddle::completion_set<int> set;
       for (future<int>& each : futures) set.add(std::move(each));
       while (!set.empty()) {
         auto next = set.wait_any(timeout);
         if (!next) return false;
         futures[next->index] = std::move(next->future);
       }
       return true;
     },
     true},
};

std::ostream& operator<<(std::ostream& out, const way& shown) { return out << shown.name; }

void wait_until(const std::atomic<int>& number, int least) {
  while (number < least) std::this_thread::yield();
}

}  // namespace

TEST_CASE("the only worker runs what it waits for, whichever way it waits for several calls", "[wait][waiting_rule]") {
  const heddle_test::deadline limit;
  const way how = GENERATE(from_range(std::begin(ways), std::end(ways)));
  CAPTURE(how);
  thread_pool_executor pool{{.max_workers = 1}};
  std::atomic<int> ran{0};
  std::atomic<bool> ran_elsewhere{false};
  std::thread::id here;
  auto waiting = pool.submit([&] {
    here = std::this_thread::get_id();
    std::vector<future<int>> queued;
    for (int i = 0; i < 5; ++i) {
      queued.push_back(pool.submit([&, i] {
        if (std::this_thread::get_id() != here) ran_elsewhere = true;
        ++ran;
        return i;
      }));
    }
    const bool in_time = how.wait(queued, for_ever);
    return in_time ? ran.load() : -1;
  });
  CHECK(waiting.result() == (how.waits_for_all ? 5 : 1));
  pool.shutdown();
  CHECK(ran == 5);
  CHECK_FALSE(ran_elsewhere);
}

TEST_CASE("the only worker waits for its own calls mixed with promises and calls of other pools",
          "[wait][waiting_rule]") {
  const heddle_test::deadline limit;
  const way how = GENERATE(from_range(std::begin(ways), std::end(ways)));
  CAPTURE(how);
  promise<int> p;
  promise<int> late;
  thread_pool_executor other{{.max_workers = 1}};
  thread_pool_executor pool{{.max_workers = 1}};
  future<int> of_promise = p.get_future();
  future<int> of_late = late.get_future();
  auto waiting = pool.submit([&] {
    std::vector<future<int>> mixed;
    mixed.push_back(std::move(of_promise));
    mixed.push_back(other.submit([] { return 1; }));
    mixed.push_back(pool.submit([&] { return p.set_value(2), 2; }));
    mixed.push_back(std::move(of_late));
    mixed.push_back(pool.submit([&late] { return late.set_value(3), 3; }));
    const bool in_time = how.wait(mixed, for_ever);
    heddle::wait(mixed);
    return in_time;
  });
  CHECK(waiting.result());
}

// Those that were not due yet were passed over, and nobody else would run them.
TEST_CASE("the only worker runs also those of its calls that wait for others of them",
          "[wait][waiting_rule][regression]") {
  const heddle_test::deadline limit;
  const way how = GENERATE(from_range(std::begin(ways), std::end(ways)));
  CAPTURE(how);
  thread_pool_executor pool{{.max_workers = 1}};
  auto waiting = pool.submit([&] {
    std::vector<future<int>> calls(4);
    calls[2] = pool.submit([] { return 1; });
    calls[1] = pool.submit_after(calls[2], [] { return 2; });
    calls[3] = pool.submit_after(calls[1], [] { return 3; });
    calls[0] = pool.submit_after(calls[3], [] { return 4; });
    return how.wait(calls, for_ever);
  });
  CHECK(waiting.result());
}

TEST_CASE("a call of a manual executor that waits for several calls of it runs them", "[wait][waiting_rule]") {
  const heddle_test::deadline limit;
  const way how = GENERATE(from_range(std::begin(ways), std::end(ways)));
  CAPTURE(how);
  thread_pool_executor pool{{.max_workers = 1}};
  // In a worker of a pool it may run the pool's too.
  auto waiting = pool.submit([&] {
    heddle::manual_executor manual;
    auto inner = manual.submit([&] {
      std::vector<future<int>> calls;
      for (int i = 0; i < 3; ++i) {
        calls.push_back(manual.submit([i] { return i; }));
        calls.push_back(pool.submit([i] { return i; }));
      }
      return how.wait(calls, for_ever);
    });
    manual.run_one();
    return inner.result();
  });
  CHECK(waiting.result());
}

TEST_CASE("the first call that fails ends the wait of the only worker", "[wait][waiting_rule]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  const int ran = pool.submit([&] {
                        std::atomic<int> count{0};
                        std::vector<future<int>> queued;
                        for (int i = 0; i < 5; ++i) {
                          queued.push_back(pool.submit([&, i] {
                            ++count;
                            return i == 2 ? throw std::runtime_error("failed") : i;
                          }));
                        }
                        heddle::wait(queued, {.return_when = first_exception});
                        const int so_far = count;
                        heddle::wait(queued);
                        return so_far;
                      })
                      .result();
  CHECK(ran >= 1);
  CHECK(ran <= 3);
}

TEST_CASE("calls are run by who waits for one after the other in the order of submission", "[wait][waiting_rule]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  const auto order = pool.submit([&] {
                           std::vector<int> ran;
                           std::vector<int> read;
                           std::vector<future<int>> queued;
                           heddle::completion_set<int> set;
                           for (int i = 0; i < 4; ++i) {
                             queued.push_back(pool.submit([&ran, i] { return ran.push_back(i), i; }));
                             set.add(pool.submit([&ran, i] { return ran.push_back(10 + i), 10 + i; }));
                           }
                           for (future<int>& each : heddle::as_completed(queued)) read.push_back(each.result());
                           while (!set.empty()) read.push_back(set.wait_any().future.result());
                           return std::array{ran, read};
                         })
                         .result();
  CHECK(order[0] == std::vector<int>{0, 1, 2, 3, 10, 11, 12, 13});
  CHECK(order[1] == order[0]);
}

TEST_CASE("with a timeout nothing is run by who waits for several calls", "[wait][waiting_rule][timing]") {
  const heddle_test::deadline limit;
  const way how = GENERATE(from_range(std::begin(ways), std::end(ways)));
  CAPTURE(how);
  std::atomic<int> ran{0};
  thread_pool_executor pool{{.max_workers = 1}};
  auto waiting = pool.submit([&] {
    std::vector<future<int>> queued;
    for (int i = 0; i < 3; ++i) queued.push_back(pool.submit([&] { return ++ran; }));
    const auto begin = std::chrono::steady_clock::now();
    const bool in_time = how.wait(queued, 10ms);
    const auto took = std::chrono::steady_clock::now() - begin;
    return !in_time && ran == 0 && took >= 10ms && took < 5s;
  });
  CHECK(waiting.result());
}

TEST_CASE("who waits for the first runs none while one runs elsewhere", "[wait][waiting_rule]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  gate runs;
  std::atomic<std::thread::id> ran_in{};
  std::atomic<std::thread::id> waits_in{};
  std::size_t done = 0;
  std::vector<future<int>> calls;
  calls.push_back(pool.submit([&] { return runs.pass(), 1; }));
  runs.wait_until_reached();
  pool.submit([&] {
        waits_in = std::this_thread::get_id();
        calls.push_back(pool.submit([&] { return ran_in = std::this_thread::get_id(), 2; }));
        done = heddle::wait(calls, {.return_when = first_completed}).done.size();
      })
      .result();
  CHECK(done == 1);
  CHECK(ran_in.load() != waits_in.load());
  runs.open();
}

// While none was claimed nobody else could run them.
TEST_CASE("the only worker runs what it waits for also while something else of it runs elsewhere",
          "[wait][waiting_rule][regression]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(workers);
  thread_pool_executor pool{{.max_workers = workers, .max_stand_ins = 0}};
  gate busy;
  if (workers == 2) heddle_test::occupy(pool, busy);
  promise<int> started;
  static_cast<void>(started.set_running_or_notify_cancel());
  future<int> never = started.get_future();
  std::vector<future<int>> calls(2);
  gate has_future;
  calls[0] = pool.submit([&] {
    has_future.pass();
    std::vector<future<int>*> with_itself{&never, &calls[0], &calls[1]};
    int read = static_cast<int>(heddle::wait(with_itself, {.return_when = first_completed}).done.size());
    calls[1] = pool.submit([] { return 5; });
    for (future<int>& each : heddle::as_completed(with_itself)) {
      read += each.result();
      break;
    }
    return read;
  });
  calls[1] = pool.submit([] { return 4; });
  has_future.open();
  CHECK(calls[0].result() == 6);
}

TEST_CASE("a pool of two workers puts in a stand-in while one waits for several calls", "[wait][waiting_rule]") {
  const heddle_test::deadline limit;
  const way how = GENERATE(from_range(std::begin(ways), std::end(ways)));
  CAPTURE(how);
  std::array<promise<int>, 2> words;
  thread_pool_executor pool{{.max_workers = 2}};
  std::vector<future<bool>> waiting;
  std::atomic<int> inside{0};
  for (promise<int>& word : words) {
    waiting.push_back(pool.submit([&] {
      ++inside;
      std::vector<future<int>> kept;
      kept.push_back(word.get_future());
      return how.wait(kept, for_ever);
    }));
  }
  wait_until(inside, 2);
  for (promise<int>& word : words) pool.post([&] { word.set_value(1); });
  for (future<bool>& each : waiting) CHECK(each.result());
}

namespace {

/// Calls `call` below so many levels of calls that wait for each other that hardly any of the stack is left.
int below(thread_pool_executor& pool, int levels, const std::function<int()>& call) {
  volatile char frame[512] = {};
  if (levels == 0) return call();
  frame[0] = 1;
  return pool.submit([&] { return below(pool, levels - 1, call); }).result() + frame[1];
}

}  // namespace

// All of them were sent to other stacks at once.
TEST_CASE("calls for which the stack has no room run one after the other on another one",
          "[wait][waiting_rule][regression]") {
  const heddle_test::deadline limit;
  const way how = GENERATE(from_range(std::begin(ways), std::end(ways)));
  CAPTURE(how);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  thread_pool_executor pool{{.max_workers = 1, .stack_size = 128U << 10U}};
  const auto queued_call = [&] {
    most = std::max(most.load(), ++inside);
    for (int i = 0; i < 10; ++i) std::this_thread::yield();
    --inside;
    return 1;
  };
  int sum = 0;
  for (int levels = 0; levels < 150; ++levels) {
    sum += pool.submit([&] {
                 return below(pool, levels, [&] {
                   std::vector<future<int>> queued;
                   for (int i = 0; i < 3; ++i) queued.push_back(pool.submit(queued_call));
                   const bool in_time = how.wait(queued, for_ever);
                   return in_time ? 1 : 0;
                 });
               })
               .result();
  }
  CHECK(sum == 150);
  CHECK(most == 1);
}
