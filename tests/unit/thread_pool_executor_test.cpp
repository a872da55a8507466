// SPDX-License-Identifier: MIT
#include <time.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <functional>
#include <heddle/base/block_cache.hpp>
#include <heddle/errors.hpp>
#include <heddle/parallel_for.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <iterator>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/child_process.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/nested_submits.hpp>
#include <support/threads.hpp>
#include <support/tracked.hpp>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using heddle::future;
using heddle::join_workers;
using heddle::pending_jobs;
using heddle::thread_pool_executor;
using heddle_test::gate;
using heddle_test::life_counts;
using heddle_test::nested_submits;
using heddle_test::occupy;
using heddle_test::tracked;

namespace {

std::string what_was_nested_in(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const heddle::broken_thread_pool& broken) {
    try {
      std::rethrow_if_nested(broken);
    } catch (const std::exception& nested) {
      return nested.what();
    } catch (int code) {
      return "int " + std::to_string(code);
    }
    return "nothing nested";
  } catch (...) {
    return "not a broken_thread_pool";
  }
}

std::size_t workers_in(const thread_pool_executor& pool) { return pool.max_workers(); }

}  // namespace

TEST_CASE("max_workers is taken as it is or refused with advice", "[thread_pool]") {
  CHECK(workers_in(thread_pool_executor{{.max_workers = 1}}) == 1);
  CHECK(workers_in(thread_pool_executor{{.max_workers = 3}}) == 3);
  CHECK(workers_in(thread_pool_executor{}) == heddle::available_parallelism());
  for (const std::size_t wrong : {std::size_t{0}, std::size_t{4097}, static_cast<std::size_t>(-1)}) {
    const std::size_t threads = heddle_test::thread_count();
    CHECK_THROWS_AS(thread_pool_executor({.max_workers = wrong}), std::invalid_argument);
    CHECK_THROWS_WITH(thread_pool_executor({.max_workers = wrong}), ContainsSubstring("1 to 4096") &&
                                                                        ContainsSubstring(std::to_string(wrong)) &&
                                                                        ContainsSubstring("leave it out"));
    CHECK(heddle_test::thread_count() == threads);
  }
}

TEST_CASE("one worker starts calls in the order of submission", "[thread_pool]") {
  const heddle_test::deadline limit;
  std::vector<int> order;
  gate busy;
  {
    thread_pool_executor pool({.max_workers = 1});
    pool.post([&] { busy.pass(); });
    for (int i = 0; i < 50; ++i) {
      if (i % 2 == 0) {
        pool.post([&order, i] { order.push_back(i); });
      } else {
        static_cast<void>(pool.submit([&order, i] { order.push_back(i); }));
      }
    }
    busy.open();
  }
  std::vector<int> expected(50);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<int>(i);
  CHECK_THAT(order, Equals(expected));
}

TEST_CASE("as many calls run at a time as there are workers and not more", "[thread_pool]") {
  const heddle_test::deadline limit;
  constexpr std::ptrdiff_t workers = 3;
  std::latch all_run(workers);
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  {
    thread_pool_executor pool({.max_workers = workers});
    for (int i = 0; i < 3 * workers; ++i) {
      pool.post([&] {
        const int now = ++running;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        if (!all_run.try_wait()) all_run.arrive_and_wait();
        --running;
      });
    }
  }
  CHECK(most == workers);
}

// CPython's test_saturation: there the pool grows up to this number.
TEST_CASE("all threads of a pool are there from its start, and calls that block bring no more", "[thread_pool]") {
  const heddle_test::deadline limit;
  constexpr std::size_t workers = 4;
  std::latch opened(1);
  const std::size_t before = heddle_test::thread_count();
  thread_pool_executor pool({.max_workers = workers});
  CHECK(heddle_test::thread_count() == before + workers);
  std::latch all_busy(workers);
  std::atomic<std::size_t> begun{0};
  for (std::size_t i = 0; i < 15 * workers; ++i) {
    pool.post([&] {
      if (++begun <= workers) all_busy.count_down();
      opened.wait();
    });
  }
  all_busy.wait();
  CHECK(begun == workers);
  CHECK(heddle_test::thread_count() == before + workers);
  opened.count_down();
  pool.shutdown();
  CHECK(begun == 15 * workers);
}

TEST_CASE("cancel makes a queued call terminal at once and it never runs", "[thread_pool][cancel]") {
  const heddle_test::deadline limit;
  life_counts counts;
  gate busy;
  bool ran = false;
  thread_pool_executor pool({.max_workers = 1});
  pool.post([&] { busy.pass(); });
  future<void> queued = pool.submit([&ran, value = tracked(counts)] {
    static_cast<void>(value);
    ran = true;
  });
  bool told = false;
  queued.add_done_callback([&](const future<void>& f) { told = f.cancelled() && counts.alive == 0; });
  CHECK(counts.alive == 1);
  CHECK_FALSE(queued.running());
  CHECK(queued.cancel());
  CHECK(queued.done());
  CHECK(queued.cancelled());
  CHECK(counts.alive == 0);
  CHECK(told);
  CHECK_THROWS_AS(queued.result(), heddle::cancelled_error);
  CHECK_THROWS_AS(queued.exception(), heddle::cancelled_error);
  CHECK(queued.cancel());
  busy.open();
  pool.shutdown();
  CHECK_FALSE(ran);
}

TEST_CASE("a running call is not cancelled", "[thread_pool][cancel]") {
  const heddle_test::deadline limit;
  gate inside;
  thread_pool_executor pool({.max_workers = 1});
  future<int> f = pool.submit([&] {
    inside.pass();
    return 1;
  });
  inside.wait_until_reached();
  CHECK(f.running());
  CHECK_FALSE(f.cancel());
  CHECK_FALSE(f.cancelled());
  inside.open();
  CHECK(f.result() == 1);
  CHECK_FALSE(f.running());
}

TEST_CASE("destroying a future neither blocks nor cancels", "[thread_pool]") {
  const heddle_test::deadline limit;
  gate inside;
  std::atomic<int> ran{0};
  {
    thread_pool_executor pool({.max_workers = 1});
    {
      const future<void> running = pool.submit([&] {
        inside.pass();
        ++ran;
      });
      const future<void> queued = pool.submit([&] { ++ran; });
      inside.wait_until_reached();
    }
    CHECK(ran == 0);
    inside.open();
  }
  CHECK(ran == 2);
}

TEST_CASE("callable and arguments are gone before anybody learns that the call is done", "[thread_pool]") {
  const heddle_test::deadline limit;
  life_counts counts;
  gate busy;
  thread_pool_executor pool({.max_workers = 1});
  pool.post([&] { busy.pass(); });
  future<int> f = pool.submit([callable = tracked(counts)](const tracked&) { return 1; }, tracked(counts));
  int alive_in_callback = -1;
  f.add_done_callback([&] { alive_in_callback = counts.alive; });
  CHECK(counts.alive == 2);
  std::atomic<int> alive_after_wait{-1};
  std::thread waiter([&] {
    f.wait();
    alive_after_wait = counts.alive.load();
  });
  busy.open();
  waiter.join();
  pool.shutdown();
  CHECK(alive_after_wait == 0);
  CHECK(alive_in_callback == 0);
}

TEST_CASE("callbacks run in the worker that completes the call", "[thread_pool][callback]") {
  const heddle_test::deadline limit;
  gate inside;
  thread_pool_executor pool({.max_workers = 2});
  future<std::thread::id> call = pool.submit([&] {
    inside.pass();
    return std::this_thread::get_id();
  });
  std::thread::id told_in;
  call.add_done_callback([&] { told_in = std::this_thread::get_id(); });
  inside.open();
  const std::thread::id ran_in = call.result();
  pool.shutdown();
  CHECK(told_in == ran_in);
}

TEST_CASE("a callback in a worker may shut its pool down, but not wait for that", "[thread_pool][callback][shutdown]") {
  const heddle_test::deadline limit;
  gate inside;
  thread_pool_executor pool({.max_workers = 1});
  future<void> call = pool.submit([&] { inside.pass(); });
  future<int> queued = pool.submit([] { return 1; });
  bool refused = false;
  call.add_done_callback([&] {
    try {
      pool.shutdown();
    } catch (const heddle::invalid_state_error&) {
      refused = true;
    }
    pool.shutdown(pending_jobs::cancel, join_workers::no);
  });
  inside.open();
  CHECK_THROWS_AS(queued.result(), heddle::cancelled_error);
  pool.shutdown();
  CHECK(refused);
}

TEST_CASE("a callback of a call that a shutdown cancels may shut the pool down itself",
          "[thread_pool][callback][shutdown]") {
  const heddle_test::deadline limit;
  const pending_jobs pending = GENERATE(pending_jobs::finish, pending_jobs::cancel);
  gate inside;
  std::atomic<int> ran{0};
  thread_pool_executor pool({.max_workers = 1});
  occupy(pool, inside);
  std::vector<future<void>> queued;
  for (int i = 0; i < 10; ++i) queued.push_back(pool.submit([&] { ++ran; }));
  queued[4].add_done_callback([&] {
    inside.open();
    pool.shutdown(pending);
  });
  pool.shutdown(pending_jobs::cancel);
  CHECK(ran == 0);  // who cancels has decided
  for (const auto& each : queued) CHECK(each.done());
}

TEST_CASE("a callback of a cancelled call may destroy the pool that has it in its queue",
          "[thread_pool][callback][shutdown]") {
  const heddle_test::deadline limit;
  gate inside;
  std::atomic<int> ran{0};
  auto pool = std::make_unique<thread_pool_executor>(heddle::thread_pool_options{.max_workers = 1});
  occupy(*pool, inside);
  future<void> cancelled = pool->submit([&] { ++ran; });
  future<void> other = pool->submit([&] { ++ran; });
  cancelled.add_done_callback([&] {
    inside.open();
    pool.reset();
  });
  CHECK(cancelled.cancel());
  CHECK(pool == nullptr);
  CHECK(cancelled.cancelled());
  CHECK(other.done());
  CHECK(ran == 1);
}

TEST_CASE("a submitted call is one allocation from start to end", "[thread_pool][allocation]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1});
  const auto worker_allocations = [&] { return pool.submit(heddle_test::allocation_count).result(); };
  pool.post([] {});  // freed by the worker, which gets a cache of blocks for that
  const std::size_t before = worker_allocations();
  struct large {  // than a block that is kept for reuse
    std::array<char, heddle::base::large_block_cache::block_size> bytes{};
  };
  int sum = 0;
  CHECK(heddle_test::allocations_in([&] {
          for (int i = 0; i < 10; ++i)
            sum += pool.submit([](int a, int b, large) { return a * b; }, i, 2, large{}).result();
        }) == 10);
  CHECK(heddle_test::allocations_in([&] { pool.post([&sum, held = large{}] { sum += 1 + held.bytes[0]; }); }) == 1);
  CHECK(worker_allocations() == before);
  CHECK(sum == 91);
}

TEST_CASE("a small call is in a block that is used again and again", "[thread_pool][allocation]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1});
  int sum = 0;
  const auto submit_and_post = [&] {
    for (int i = 0; i < 1000; ++i) sum += pool.submit([](int a, int b) { return a * b; }, i, 2).result();
    for (int i = 0; i < 1000; ++i) pool.post([&sum] { ++sum; });
    pool.submit([] {}).result();
  };
  submit_and_post();
  CHECK(heddle_test::allocations_in(submit_and_post) < 100);  // what the queue needs for a backlog of posted calls
  CHECK(sum == 2 * (999 * 1000 + 1000));
}

TEST_CASE("a worker that waits for a queued call of its pool runs it", "[thread_pool][claim]") {
  const heddle_test::deadline limit(60s);
  for (const std::size_t workers : {1U, 2U}) {
    thread_pool_executor pool({.max_workers = workers});
    CHECK(pool.submit(nested_submits, std::ref(pool), 50U).result() == 50U);
    const int in_sequence = pool.submit([&] {
                                  int sum = 0;
                                  for (int i = 0; i < 1000; ++i) sum += pool.submit([] { return 1; }).result();
                                  return sum;
                                })
                                .result();
    CHECK(in_sequence == 1000);
  }
}

TEST_CASE("wait and exception and a moved result claim too", "[thread_pool][claim]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1});
  const auto inside = [&] {
    const auto here = std::this_thread::get_id();
    const auto where = [] { return std::this_thread::get_id(); };
    auto waited = pool.submit(where);
    waited.wait();
    auto asked = pool.submit(where);
    const bool none = asked.exception() == nullptr;
    return none && waited.result() == here && asked.result() == here && pool.submit(where).result() == here;
  };
  CHECK(pool.submit(inside).result());
}

TEST_CASE("a claimed call that throws gives its exception to the worker that waits", "[thread_pool][claim]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1});
  CHECK_THROWS_AS(pool.submit([&] { pool.submit([] { throw 7; }).result(); }).result(), int);
}

TEST_CASE("a timed wait never claims", "[thread_pool][claim][timeout]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1});
  std::atomic<bool> ran{false};
  const bool timed_out = pool.submit([&] {
                               const auto queued = pool.submit([&] { ran = true; });
                               const bool waited = queued.wait(2ms);
                               const bool polled = queued.wait(0s);
                               bool asked = false;
                               try {
                                 queued.result(1ms);
                               } catch (const heddle::timeout_error&) {
                                 asked = true;
                               }
                               return asked && !waited && !polled && !ran;
                             })
                             .result();
  CHECK(timed_out);
  pool.shutdown();
  CHECK(ran);
}

TEST_CASE("a worker claims calls of its own pool only", "[thread_pool][claim]") {
  const heddle_test::deadline limit;
  gate busy;
  thread_pool_executor own({.max_workers = 1});
  thread_pool_executor other({.max_workers = 1});
  occupy(other, busy);
  std::thread::id ran_in;
  future<void> queued = other.submit([&] { ran_in = std::this_thread::get_id(); });
  std::thread::id others_thread;
  future<void> last = other.submit([&] { others_thread = std::this_thread::get_id(); });
  std::latch about_to_wait(1);
  future<void> waits = own.submit([&] {
    about_to_wait.count_down();
    queued.wait();
  });
  about_to_wait.wait();
  CHECK_FALSE(waits.wait(2ms));
  CHECK_FALSE(queued.running());
  busy.open();
  waits.result();
  last.result();
  CHECK(ran_in == others_thread);
}

TEST_CASE("a thread that is no worker does not claim", "[thread_pool][claim]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1});
  CHECK(pool.submit([] { return std::this_thread::get_id(); }).result() != std::this_thread::get_id());
}

TEST_CASE("workers carry the prefix and a number of their own", "[thread_pool]") {
  const heddle_test::deadline limit;
  std::mutex mutex;
  std::set<std::string> names;
  const auto note_name = [&] {
    const std::lock_guard lock(mutex);
    names.insert(heddle_test::thread_name());
  };
  {
    const thread_pool_executor pool({.max_workers = 3, .thread_name_prefix = "io", .initializer = note_name});
  }
  {
    const thread_pool_executor pool(
        {.max_workers = 2, .thread_name_prefix = "name too long", .initializer = note_name});
  }
  {
    const thread_pool_executor pool({.max_workers = 1, .initializer = note_name});
  }
  CHECK(names == std::set<std::string>{"io_0", "io_1", "io_2", "name too long_0", "name too long_1", "heddle_0"});
}

TEST_CASE("the initializer runs once in every thread, before its first call", "[thread_pool][initializer]") {
  const heddle_test::deadline limit;
  static thread_local int initialized = 0;
  std::atomic<int> times{0};
  std::atomic<int> wrong{0};
  {
    thread_pool_executor pool({.max_workers = 4, .initializer = [&times, value = std::make_unique<int>(1)] {
                                 initialized += *value;
                                 ++times;
                               }});
    for (int i = 0; i < 100; ++i) {
      pool.post([&] {
        if (initialized != 1) ++wrong;
      });
    }
  }
  CHECK(times == 4);
  CHECK(wrong == 0);
}

TEST_CASE("an initializer may use the pool that it initializes a thread of", "[thread_pool][initializer]") {
  const heddle_test::deadline limit;
  std::atomic<int> given{0};
  thread_pool_executor pool(
      {.max_workers = 1, .initializer = [&] { given = heddle::current_executor().submit([] { return 4; }).result(); }});
  CHECK(pool.submit([&] { return given.load(); }).result() == 4);
}

TEST_CASE("an initializer that throws breaks the pool for queued and later calls", "[thread_pool][initializer]") {
  const heddle_test::deadline limit;
  const bool throws_an_int = GENERATE(false, true);
  const std::string thrown = throws_an_int ? "int 5" : "no database";
  gate starting;
  life_counts counts;
  thread_pool_executor pool({.max_workers = 1, .initializer = [&] {
                               starting.pass();
                               if (throws_an_int) throw 5;
                               throw std::runtime_error("no database");
                             }});
  std::atomic<int> ran{0};
  std::vector<future<void>> queued;
  for (int i = 0; i < 10; ++i) {
    queued.push_back(pool.submit([&ran, value = tracked(counts)] {
      static_cast<void>(value);
      ++ran;
    }));
  }
  pool.post([&ran, value = tracked(counts)] {
    static_cast<void>(value);
    ++ran;
  });
  starting.open();
  for (const auto& f : queued) {
    CHECK(what_was_nested_in(f.exception()) == thrown);
    CHECK_FALSE(f.cancelled());
  }
  const auto thrown_by = [](auto call) -> std::exception_ptr {
    try {
      call();
    } catch (...) {
      return std::current_exception();
    }
    return nullptr;
  };
  const auto late = [&ran, &counts] { return [&ran, value = tracked(counts)] { ++ran; }; };
  const auto submit_throws = [&] { return thrown_by([&] { static_cast<void>(pool.submit(late())); }); };
  CHECK(what_was_nested_in(submit_throws()) == thrown);
  CHECK(what_was_nested_in(thrown_by([&] { pool.post(late()); })) == thrown);
  pool.shutdown();
  CHECK(what_was_nested_in(submit_throws()) == thrown);
  CHECK(ran == 0);
  CHECK(counts.alive == 0);
}

TEST_CASE("a pool that broke leaves no thread and no file behind", "[thread_pool][initializer]") {
  const heddle_test::deadline limit;
  const auto open_files = [] {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return std::distance(begin(files), end(files));
  };
  const std::size_t threads = heddle_test::thread_count();
  const auto files = open_files();
  for (int round = 0; round < 10; ++round) {
    thread_pool_executor pool({.max_workers = 3, .initializer = [] { throw std::runtime_error("no database"); }});
    try {
      for (;;) static_cast<void>(pool.submit([] {}));
    } catch (const heddle::broken_thread_pool&) {
    }
  }
  CHECK(heddle_test::thread_count() == threads);
  CHECK(open_files() == files);
}

TEST_CASE("a call that its broken pool ends is not cancelled meanwhile", "[thread_pool][initializer][regression]") {
  const heddle_test::deadline limit;
  gate starting;
  thread_pool_executor pool({.max_workers = 1, .initializer = [&] {
                               starting.pass();
                               throw 1;
                             }});
  future<void> f;
  std::optional<bool> cancelled_by_destructor;
  // The callable is destroyed when the call is claimed by its end but not at its end yet.
  heddle_test::at_destruction destroyed([&] { cancelled_by_destructor = f.cancel() || f.cancelled(); });
  f = pool.submit([held = std::move(destroyed)] { static_cast<void>(held); });
  starting.open();
  CHECK_THROWS_AS(f.result(), heddle::broken_thread_pool);
  CHECK(cancelled_by_destructor == false);
}

TEST_CASE("workers that have initialized go on until the pool is known to be broken", "[thread_pool][initializer]") {
  const heddle_test::deadline limit;
  std::atomic<int> started{0};
  thread_pool_executor pool({.max_workers = 4, .initializer = [&] {
                               if (++started == 4) throw std::runtime_error("the last one");
                             }});
  std::vector<future<int>> futures;
  const auto submit_until_it_throws = [&] {
    for (int i = 0;; ++i) futures.push_back(pool.submit([i] { return i; }));
  };
  CHECK_THROWS_AS(submit_until_it_throws(), heddle::broken_thread_pool);
  int wrong = 0;
  for (std::size_t i = 0; i < futures.size(); ++i) {
    try {
      if (futures[i].result() != static_cast<int>(i)) ++wrong;
    } catch (const heddle::broken_thread_pool&) {
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("after shutdown no call is accepted and none is kept", "[thread_pool][shutdown]") {
  const heddle_test::deadline limit;
  life_counts counts;
  thread_pool_executor pool({.max_workers = 2});
  future<int> before = pool.submit([] { return 1; });
  pool.shutdown();
  CHECK(before.result(0s) == 1);
  CHECK_THROWS_AS(pool.submit([value = tracked(counts)] { static_cast<void>(value); }),
                  heddle::executor_shutdown_error);
  CHECK_THROWS_AS(pool.post([value = tracked(counts)] { static_cast<void>(value); }), heddle::executor_shutdown_error);
  CHECK_THROWS_AS(pool.map([](int) {}, std::vector<int>{1}), heddle::executor_shutdown_error);
  CHECK_THROWS_WITH(pool.submit([] {}), ContainsSubstring("after shutdown"));
  CHECK(counts.alive == 0);
  CHECK(pool.max_workers() == 2);
}

TEST_CASE("shutdown finishes what is queued and joins the workers", "[thread_pool][shutdown]") {
  const heddle_test::deadline limit;
  const std::size_t threads = heddle_test::thread_count();
  thread_pool_executor pool({.max_workers = 4});
  CHECK(heddle_test::thread_count() == threads + 4);
  std::atomic<int> ran{0};
  for (int i = 0; i < 200; ++i) pool.post([&] { ++ran; });
  pool.shutdown();
  CHECK(ran == 200);
  CHECK(heddle_test::thread_count() == threads);
  pool.shutdown();
  pool.shutdown(pending_jobs::cancel, join_workers::no);
}

TEST_CASE("shutdown with cancel ends what has not begun and waits for what runs", "[thread_pool][shutdown]") {
  const heddle_test::deadline limit;
  life_counts counts;
  gate inside;
  std::atomic<bool> finished{false};
  std::atomic<int> ran{0};
  thread_pool_executor pool({.max_workers = 1});
  future<void> running = pool.submit([&] {
    inside.pass();
    finished = true;
  });
  inside.wait_until_reached();
  std::vector<future<void>> queued;
  for (int i = 0; i < 20; ++i) {
    queued.push_back(pool.submit([&ran, value = tracked(counts)] {
      static_cast<void>(value);
      ++ran;
    }));
  }
  int told = 0;
  queued[3].add_done_callback([&] { ++told; });
  pool.post([&ran, value = tracked(counts)] {
    static_cast<void>(value);
    ++ran;
  });
  pool.shutdown(pending_jobs::cancel, join_workers::no);
  CHECK_FALSE(finished);
  for (const auto& f : queued) CHECK((f.done() && f.cancelled()));
  CHECK(counts.alive == 0);
  CHECK(told == 1);
  inside.open();
  pool.shutdown(pending_jobs::cancel);
  CHECK(finished);
  CHECK(running.done());
  CHECK_FALSE(running.cancelled());
  CHECK(ran == 0);
}

TEST_CASE("shutdown without joining returns while calls run, and they run to their end", "[thread_pool][shutdown]") {
  const heddle_test::deadline limit;
  gate inside;
  std::atomic<int> ran{0};
  {
    thread_pool_executor pool({.max_workers = 1});
    pool.post([&] {
      inside.pass();
      ++ran;
    });
    pool.post([&] { ++ran; });
    pool.shutdown(pending_jobs::finish, join_workers::no);
    CHECK(ran == 0);
    inside.open();
  }
  CHECK(ran == 2);
}

TEST_CASE("shutdown may be called in several threads and in tasks at the same time",
          "[thread_pool][shutdown][regression]") {
  const heddle_test::deadline limit;
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> ran{0};
    std::atomic<int> unfinished{0};
    thread_pool_executor pool({.max_workers = 2});
    for (int i = 0; i < 20; ++i) pool.post([&] { ++ran; });
    pool.post([&] { pool.shutdown(pending_jobs::finish, join_workers::no); });
    std::latch together(3);
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        together.arrive_and_wait();
        pool.shutdown();
        if (ran != 20) ++unfinished;
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(unfinished == 0);
  }
}

TEST_CASE("a task that would wait for its own end is told so", "[thread_pool][shutdown]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1});
  CHECK_THROWS_AS(pool.submit([&] { pool.shutdown(); }).result(), heddle::invalid_state_error);
  CHECK_THROWS_WITH(pool.submit([&] { pool.shutdown(); }).result(), ContainsSubstring("join_workers::no"));
  CHECK(pool.submit([] { return 1; }).result() == 1);
  pool.submit([&] { pool.shutdown(pending_jobs::cancel, join_workers::no); }).result();
  CHECK_THROWS_AS(pool.submit([] {}), heddle::executor_shutdown_error);
}

TEST_CASE("a task of another pool may shut a pool down", "[thread_pool][shutdown]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 2});
  thread_pool_executor other({.max_workers = 1});
  future<int> last = pool.submit([] { return 1; });
  other.submit([&] { pool.shutdown(); }).result();
  CHECK(last.result(0s) == 1);
}

TEST_CASE("the destructor finishes what is queued, also what tasks wait for", "[thread_pool][shutdown]") {
  const heddle_test::deadline limit;
  const std::size_t threads = heddle_test::thread_count();
  std::vector<future<int>> futures;
  {
    thread_pool_executor pool({.max_workers = 2});
    for (int i = 0; i < 100; ++i) futures.push_back(pool.submit([i] { return i; }));
  }
  CHECK(heddle_test::thread_count() == threads);
  for (std::size_t i = 0; i < futures.size(); ++i) CHECK(futures[i].result(0s) == static_cast<int>(i));
}

TEST_CASE("a pool whose scope an exception leaves finishes what was submitted", "[thread_pool][shutdown]") {
  const heddle_test::deadline limit;
  std::atomic<int> ran{0};
  const auto submit_and_throw = [&] {
    thread_pool_executor pool({.max_workers = 2});
    for (int i = 0; i < 100; ++i) pool.post([&] { ++ran; });
    throw std::runtime_error("in the scope of the pool");
  };
  CHECK_THROWS_WITH(submit_and_throw(), "in the scope of the pool");
  CHECK(ran == 100);
}

TEST_CASE("a task that is run while its pool is destroyed cannot submit", "[thread_pool][shutdown]") {
  const heddle_test::deadline limit;
  gate inside;
  future<bool> refused;
  std::thread opener;
  {
    thread_pool_executor pool({.max_workers = 1});
    refused = pool.submit([&] {
      inside.pass();
      for (;;) {
        try {
          static_cast<void>(pool.submit([] {}));
        } catch (const heddle::executor_shutdown_error&) {
          return true;
        }
      }
    });
    inside.wait_until_reached();
    opener = std::thread([&] { inside.open(); });
  }
  opener.join();
  CHECK(refused.result(0s));
}

namespace {

void check_own_thread_may_not_destroy() {
  const heddle_test::deadline limit;
  const heddle_test::ended_child ended = heddle_test::run_this_test_in_a_child();
  CHECK(ended.aborted);
  CHECK_THAT(ended.output, ContainsSubstring("a task, or a thread_local object of its thread, destroys the "
                                             "thread_pool_executor that runs it") &&
                               ContainsSubstring("let another thread destroy the executor"));
}

}  // namespace

TEST_CASE("destroying a pool in its own task ends the program with advice", "[thread_pool][shutdown]") {
  if (heddle_test::in_the_child()) {
    auto pool = std::make_unique<thread_pool_executor>(heddle::thread_pool_options{.max_workers = 1});
    auto* const own = pool.get();
    gate ready;
    own->submit([&] {
         ready.pass();
         pool.reset();
       })
        .add_done_callback([] {});
    ready.open();
    std::this_thread::sleep_for(1min);  // the program ends meanwhile
    return;
  }
  check_own_thread_may_not_destroy();
}

TEST_CASE("destroying a pool in a callback of its worker ends the program with advice",
          "[thread_pool][callback][shutdown]") {
  if (heddle_test::in_the_child()) {
    auto pool = std::make_unique<thread_pool_executor>(heddle::thread_pool_options{.max_workers = 1});
    gate inside;
    future<void> call = pool->submit([&] { inside.pass(); });
    call.add_done_callback([&] { pool.reset(); });
    inside.open();
    std::this_thread::sleep_for(1min);  // the program ends meanwhile
    return;
  }
  check_own_thread_may_not_destroy();
}

TEST_CASE("destroying a pool with a thread-local object of its worker ends the program with advice",
          "[thread_pool][shutdown]") {
  if (heddle_test::in_the_child()) {
    struct waiter {
      explicit waiter(gate& its_end) : end(its_end) {}
      ~waiter() { end.pass(); }
      gate& end;
    };
    gate ending;
    auto pool = std::make_shared<thread_pool_executor>(heddle::thread_pool_options{.max_workers = 2});
    pool->submit([&] {
          static thread_local std::shared_ptr<thread_pool_executor> kept = pool;
          static thread_local waiter first_to_end(ending);
        })
        .result();
    pool->shutdown(pending_jobs::finish, join_workers::no);
    ending.wait_until_reached();
    pool.reset();
    ending.open();
    std::this_thread::sleep_for(1min);  // the program ends meanwhile
    return;
  }
  check_own_thread_may_not_destroy();
}

TEST_CASE("destroying a pool in a loop on it ends the program with advice", "[thread_pool][shutdown]") {
  if (heddle_test::in_the_child()) {
    auto pool = std::make_unique<thread_pool_executor>(heddle::thread_pool_options{.max_workers = 2});
    heddle::parallel_for(*pool, 0, 1, [&](int) { pool.reset(); });
    return;
  }
  const heddle_test::deadline limit;
  const heddle_test::ended_child ended = heddle_test::run_this_test_in_a_child();
  CHECK(ended.aborted);
  CHECK_THAT(ended.output, ContainsSubstring("destroyed while a thread is in a parallel loop on it") &&
                               ContainsSubstring("let the loop return first"));
}

TEST_CASE("what a posted call throws ends the program", "[thread_pool]") {
  if (heddle_test::in_the_child()) {
    thread_pool_executor pool({.max_workers = 1});
    pool.post([] { throw std::runtime_error("from a posted call"); });
    pool.shutdown();
    return;
  }
  const heddle_test::deadline limit;
  const heddle_test::ended_child ended = heddle_test::run_this_test_in_a_child();
  CHECK(ended.aborted);
  CHECK_THAT(ended.output, ContainsSubstring("from a posted call"));
}

TEST_CASE("dropping the results of a map cancels what was not read and has not begun", "[thread_pool][map]") {
  const heddle_test::deadline limit;
  gate inside;
  std::atomic<int> ran{0};
  thread_pool_executor pool({.max_workers = 1});
  {
    auto results = pool.map(
        [&](int i) {
          if (i == 1) inside.pass();
          ++ran;
          return i;
        },
        std::vector<int>{0, 1, 2, 3, 4, 5});
    auto at = results.begin();
    CHECK(*at == 0);
    inside.wait_until_reached();
  }
  inside.open();
  pool.shutdown();
  CHECK(ran == 2);
}

TEST_CASE("assigning to the results of a map cancels the old ones", "[thread_pool][map][regression]") {
  const heddle_test::deadline limit;
  gate busy;
  std::atomic<int> sum{0};
  thread_pool_executor pool({.max_workers = 1});
  pool.post([&] { busy.pass(); });
  const auto add = [&](int i) {
    sum += i;
    return i;
  };
  auto results = pool.map(add, std::vector<int>{1, 2});
  auto others = pool.map(add, std::vector<int>{1000, 10, 20});
  ++others.begin();  // gives the first one away, which runs all the same
  results = std::move(others);
  CHECK(others.size() == 0);
  auto& other_name = results;
  results = std::move(other_name);
  auto moved = std::move(results);
  CHECK(results.size() == 0);
  CHECK(results.begin() == results.end());
  CHECK(moved.size() == 2);
  busy.open();
  pool.shutdown();
  CHECK(sum == 1030);
}

TEST_CASE("a map whose elements fail half way cancels what it submitted", "[thread_pool][map]") {
  const heddle_test::deadline limit;
  gate busy;
  life_counts counts;
  std::atomic<int> ran{0};
  thread_pool_executor pool({.max_workers = 1});
  pool.post([&] { busy.pass(); });
  std::vector<tracked> elements;
  elements.reserve(5);
  for (int i = 0; i < 5; ++i) elements.emplace_back(counts);
  counts.copies_allowed = 3;
  CHECK_THROWS_AS(pool.map([&](const tracked&) { ++ran; }, elements), heddle_test::copy_refused);
  CHECK(counts.alive == 5);
  busy.open();
  pool.shutdown();
  CHECK(ran == 0);
}

TEST_CASE("results and callables are destroyed as soon as they are read and done", "[thread_pool][map]") {
  const heddle_test::deadline limit;
  life_counts results_alive;
  life_counts callable_alive;
  thread_pool_executor pool({.max_workers = 2});
  {
    auto results = pool.map([&, value = tracked(callable_alive)](int) { return tracked(results_alive); },
                            std::vector<int>{1, 2, 3});
    auto at = results.begin();
    static_cast<void>(*at);
    pool.shutdown();
    CHECK(callable_alive.alive == 0);
    CHECK(results_alive.alive == 3);
    ++at;
    CHECK(results_alive.alive == 2);
    CHECK(results.size() == 2);
  }
  CHECK(results_alive.alive == 0);
  CHECK(results_alive.moves + results_alive.copies == 0);
}

TEST_CASE("an idle pool uses no processor time", "[thread_pool][timing]") {
  const heddle_test::deadline limit;
  std::mutex mutex;
  std::vector<clockid_t> clocks;
  thread_pool_executor pool({.max_workers = 4, .initializer = [&] {
                               clockid_t clock{};
                               ::pthread_getcpuclockid(::pthread_self(), &clock);
                               const std::lock_guard lock(mutex);
                               clocks.push_back(clock);
                             }});
  pool.submit([] {}).result();
  const auto used = [&] {
    std::vector<long> nanoseconds;
    const std::lock_guard lock(mutex);
    for (const clockid_t clock : clocks) {
      timespec time{};
      ::clock_gettime(clock, &time);
      nanoseconds.push_back(time.tv_nsec + 1'000'000'000 * time.tv_sec);
    }
    return nanoseconds;
  };
  // Until every worker has started and gone to sleep; then their clocks stand still. One may be late to do so.
  bool stands_still = false;
  for (int tries = 0; tries < 20 && !stands_still; ++tries) {
    const std::vector<long> before = used();
    std::this_thread::sleep_for(100ms);
    stands_still = before.size() == 4 && before == used();
  }
  REQUIRE(stands_still);
  const std::vector<long> before = used();
  std::this_thread::sleep_for(500ms);
  CHECK(used() == before);
}

TEST_CASE("a pool that ends runs what its workers have in their own deques, by others too",
          "[thread_pool][shutdown][regression]") {
  const heddle_test::deadline limit;
  for (int round = 0; round < 100; ++round) {
    thread_pool_executor pool({.max_workers = 2});
    std::atomic<bool> posted{false};
    pool.post([&] {
      std::latch others(8);
      for (int i = 0; i < 8; ++i) pool.post([&others] { others.count_down(); });
      posted = true;
      posted.notify_all();
      others.wait();
    });
    posted.wait(false);
  }
}

TEST_CASE("a worker that waits for the end of another pool is replaced meanwhile", "[thread_pool][regression]") {
  const heddle_test::deadline limit;
  thread_pool_executor outer({.max_workers = 2});
  const auto task = [&outer] {
    thread_pool_executor inner({.max_workers = 1});
    inner.post([&outer] { outer.submit([] {}).result(); });
  };
  auto one = outer.submit(task);
  auto other = outer.submit(task);
  one.result();
  other.result();
}

// The pool could not be asked any more who it is, and the worker that asked crashed.
TEST_CASE("calls that become due one after the other while their pool is being destroyed all end",
          "[thread_pool][regression]") {
  const heddle_test::deadline limit;
  for (int round = 0; round < 100; ++round) {
    std::vector<heddle::future<void>> chain;
    heddle_test::gate closing;
    {
      heddle::thread_pool_executor pool{{.max_workers = 1}};
      chain.push_back(pool.submit([&] { closing.pass(); }));
      for (int i = 0; i < 5; ++i) chain.push_back(pool.submit_after(chain.back(), [] {}));
      closing.wait_until_reached();
      closing.open();
    }
    int unfinished = 0;
    for (const auto& each : chain) unfinished += each.done() ? 0 : 1;
    REQUIRE(unfinished == 0);
  }
}
