// SPDX-License-Identifier: MIT
// What a thread pool can be asked for at its start, besides the number of workers.
#include <heddle/thread_pool_executor.hpp>

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/blocking.hpp>
#include <heddle/errors.hpp>
#include <heddle/parallel_for.hpp>
#include <heddle/task_group.hpp>
#include <support/captured_stderr.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/nested_submits.hpp>
#include <support/threads.hpp>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using heddle::affinity;
using heddle::order;
using heddle::thread_pool_executor;
using heddle_test::cpus_of_this_thread;
using heddle_test::gate;
using heddle_test::nested_submits;

namespace {

/// Keeps a worker of the pool at the gate, and lets the pool know that it blocks. The future tells when it has passed.
[[nodiscard]] heddle::future<void> block(thread_pool_executor& pool, gate& until) {
  auto passed = pool.submit([&until] {
    const heddle::blocking scope;
    until.pass();
  });
  until.wait_until_reached();
  return passed;
}

/// The same for as many workers as there are gates.
template <class Gates>
std::vector<heddle::future<void>> block_all(thread_pool_executor& pool, Gates&& until) {
  std::vector<heddle::future<void>> passed;
  for (gate& each : until) passed.push_back(block(pool, each));
  return passed;
}

template <class Gates>
void open_all(Gates&& gates) {
  for (gate& each : gates) each.open();
}

std::size_t stack_size_of_this_thread() {
  pthread_attr_t attributes;
  ::pthread_getattr_np(::pthread_self(), &attributes);
  std::size_t size = 0;
  ::pthread_attr_getstacksize(&attributes, &size);
  ::pthread_attr_destroy(&attributes);
  return size;
}

}  // namespace

// ---- finalizer

TEST_CASE("every thread calls the finalizer once, after its last call, stand-ins too", "[thread_pool][finalizer]") {
  const heddle_test::deadline limit;
  static thread_local int finalized = 0;
  std::atomic<int> initializers{0};
  std::atomic<int> finalizers{0};
  std::atomic<int> wrong{0};
  const auto call = [&wrong] {
    if (finalized != 0) ++wrong;
  };
  {
    std::array<gate, 2> busy;
    thread_pool_executor pool({.max_workers = 2,
                               .initializer = [&] { ++initializers; },
                               .finalizer =
                                   [&, own = std::make_unique<int>(1)] {
                                     finalized += *own;
                                     if (finalized != 1) ++wrong;
                                     ++finalizers;
                                   }});
    const auto passed = block_all(pool, busy);
    pool.submit(call).result();  // by a stand-in
    CHECK(initializers >= 3);
    CHECK(finalizers == 0);
    open_all(busy);
    for (int i = 0; i < 100; ++i) pool.post(call);
  }
  CHECK(initializers >= 3);
  CHECK(finalizers == initializers);
  CHECK(wrong == 0);
}

TEST_CASE("a thread whose initializer threw calls no finalizer, the others do", "[thread_pool][finalizer]") {
  const heddle_test::deadline limit;
  static thread_local bool failed = false;
  std::atomic<int> initializers{0};
  std::atomic<int> finalizers{0};
  std::atomic<int> wrong{0};
  {
    const thread_pool_executor pool({.max_workers = 3,
                                     .initializer =
                                         [&] {
                                           failed = ++initializers == 2;
                                           if (failed) throw std::runtime_error("the second one");
                                         },
                                     .finalizer =
                                         [&] {
                                           if (failed) ++wrong;
                                           ++finalizers;
                                         }});
  }
  CHECK(finalizers == 2);
  CHECK(wrong == 0);
}

TEST_CASE("what a finalizer throws is reported and nothing else", "[thread_pool][finalizer]") {
  const heddle_test::deadline limit;
  std::string reported;
  {
    const heddle_test::captured_stderr output;
    {
      thread_pool_executor pool(
          {.max_workers = 1, .finalizer = [] { throw std::runtime_error("the light is still on"); }});
      CHECK(pool.submit([] { return 1; }).result() == 1);
    }
    reported = output.text();
  }
  CHECK(reported == "heddle: a finalizer of a thread pool threw, which is ignored: the light is still on\n");
}

TEST_CASE("a finalizer knows its pool, which takes no call and cannot be waited for", "[thread_pool][finalizer]") {
  const heddle_test::deadline limit;
  std::atomic<thread_pool_executor*> found{nullptr};
  std::atomic<bool> refused{false};
  std::atomic<bool> told{false};
  std::atomic<int> looped{0};
  thread_pool_executor pool({.max_workers = 2, .finalizer = [&] {
                               thread_pool_executor& mine = heddle::current_executor();
                               found = &mine;
                               try {
                                 mine.post([] {});
                               } catch (const heddle::executor_shutdown_error&) {
                                 refused = true;
                               }
                               try {
                                 mine.shutdown();
                               } catch (const heddle::invalid_state_error&) {
                                 told = true;
                               }
                               heddle::parallel_for(0, 100, [&](int) { ++looped; });
                             }});
  pool.shutdown();
  CHECK(found == &pool);
  CHECK(refused);
  CHECK(told);
  CHECK(looped == 200);
}

namespace {

std::thread open_soon(gate& closed) {
  return std::thread([&closed] {
    std::this_thread::sleep_for(50ms);
    closed.open();
  });
}

}  // namespace

TEST_CASE("a finalizer in a loop on its pool does not keep the pool from ending", "[thread_pool][finalizer]") {
  const heddle_test::deadline limit;
  std::atomic<int> looped{0};
  gate looping;
  std::thread opener;
  {
    thread_pool_executor pool({.max_workers = 1, .finalizer = [&] {
                                 heddle::parallel_for(heddle::current_executor(), 0, 10, [&](int i) {
                                   if (i == 5) looping.pass();
                                   ++looped;
                                 });
                               }});
    pool.shutdown(heddle::pending_jobs::finish, heddle::join_workers::no);
    looping.wait_until_reached();
    opener = open_soon(looping);  // while the pool is being destroyed
  }
  opener.join();
  CHECK(looped == 10);
}

TEST_CASE("a thread-local object of a worker may run a loop at its end, while the pool is being destroyed",
          "[thread_pool][finalizer]") {
  struct farewell {
    ~farewell() {
      if (at == nullptr) return;
      at->pass();
      heddle::parallel_for(*pool, 0, 10, [this](int) { ++*looped; });
    }
    gate* at = nullptr;
    thread_pool_executor* pool = nullptr;
    std::atomic<int>* looped = nullptr;
  };
  const heddle_test::deadline limit;
  gate ending;
  std::atomic<int> looped{0};
  std::thread opener;
  {
    thread_pool_executor pool({.max_workers = 2});
    pool.submit([&] {
          static thread_local farewell last;
          last.at = &ending;
          last.pool = &pool;
          last.looped = &looped;
        })
        .result();
    pool.shutdown(heddle::pending_jobs::finish, heddle::join_workers::no);
    ending.wait_until_reached();
    opener = open_soon(ending);  // while the pool is being destroyed
  }
  opener.join();
  CHECK(looped == 10);
}

// A stand-in rests for 5 s, so this one takes as long, and so does the next.
TEST_CASE("the finalizer of a stand-in whose pool goes on may submit, and others run that",
          "[thread_pool][finalizer]") {
  const heddle_test::deadline limit;
  struct pool_with_deep_waits {
    explicit pool_with_deep_waits(std::size_t workers)
        : pool({.max_workers = workers, .finalizer = [this] { finalize(); }, .stack_size = 128U << 10U}) {
      CHECK(pool.submit(nested_submits, std::ref(pool), 2000U).result() == 2000U);  // too deep for one stack
    }
    void finalize() {
      if (finalizers++ != 0) return;
      pool.post([this, here = std::this_thread::get_id()] { threads.set_value(here, std::this_thread::get_id()); });
    }

    heddle::promise<std::pair<std::thread::id, std::thread::id>> threads;
    std::atomic<int> finalizers{0};
    thread_pool_executor pool;
  };
  pool_with_deep_waits one(1);
  pool_with_deep_waits two(2);
  for (pool_with_deep_waits* each : {&one, &two}) {
    const auto [there, elsewhere] = each->threads.get_future().result();
    CHECK(there != elsewhere);
  }
}

TEST_CASE("a stand-in whose thread is long in ending does not keep another one from its place",
          "[thread_pool][stand_ins]") {
  struct farewell {
    ~farewell() {
      if (says_it_to == nullptr) return;
      to->post([] {});
      says_it_to->pass();
    }
    gate* says_it_to = nullptr;
    thread_pool_executor* to = nullptr;
  };
  const heddle_test::deadline limit;
  std::array<gate, 4> busy;
  gate standing_in;
  gate ending;
  thread_pool_executor pool({.max_workers = 2, .max_stand_ins = 1});
  while (pool.stats().idle_workers != 2) std::this_thread::yield();  // so that each of them is called to block
  auto passed = block_all(pool, std::span(busy).first(2));
  pool.post([&] {
    static thread_local farewell at_end;
    at_end.says_it_to = &ending;
    at_end.to = &pool;
    standing_in.pass();
  });
  standing_in.wait_until_reached();
  open_all(std::span(busy).first(2));
  for (const auto& each : passed) each.result();
  standing_in.open();  // nobody needs it any more
  ending.wait_until_reached();
  passed = block_all(pool, std::span(busy).last(2));
  CHECK(pool.submit([] { return 1; }).result() == 1);
  ending.open();
  open_all(busy);
}

// ---- stack_size

TEST_CASE("threads have stacks of the size asked for, stand-ins too", "[thread_pool][stack_size]") {
  const heddle_test::deadline limit;
  constexpr std::size_t megabyte = 1U << 20U;
  for (const std::size_t size : {megabyte / 4, 3 * megabyte, 40 * megabyte}) {
    std::array<gate, 2> busy;
    std::atomic<std::size_t> smallest{SIZE_MAX};
    std::atomic<std::size_t> greatest{0};
    std::atomic<int> threads{0};
    std::mutex mutex;
    thread_pool_executor pool({.max_workers = 2,
                               .initializer =
                                   [&] {
                                     const std::lock_guard lock(mutex);
                                     smallest = std::min(smallest.load(), stack_size_of_this_thread());
                                     greatest = std::max(greatest.load(), stack_size_of_this_thread());
                                     ++threads;
                                   },
                               .stack_size = size});
    const auto passed = block_all(pool, busy);
    pool.submit([] {}).result();
    open_all(busy);
    CHECK(threads >= 3);
    CHECK(smallest >= size);
    CHECK(greatest <= 4 * size);  // the C library may give it what another thread has left
  }
}

TEST_CASE("a stack that is too small or too large is refused with advice", "[thread_pool][stack_size]") {
  const heddle_test::deadline limit;
  const std::size_t threads = heddle_test::thread_count();
  const auto of_size = [](std::size_t size) { thread_pool_executor({.max_workers = 2, .stack_size = size}); };
  CHECK_THROWS_AS(of_size(1), std::invalid_argument);
  CHECK_THROWS_WITH(of_size(1000), ContainsSubstring("stack_size must be at least") &&
                                       ContainsSubstring("and is 1000") && ContainsSubstring("leave it out"));
  for (const std::size_t too_large : {std::size_t{1} << 50U, SIZE_MAX - 1, SIZE_MAX}) {
    CHECK_THROWS_AS(of_size(too_large), heddle::executor_start_error);
    CHECK_THROWS_WITH(of_size(too_large), ContainsSubstring("2 threads with stacks of " + std::to_string(too_large)) &&
                                              ContainsSubstring("another stack_size"));
  }
  CHECK(heddle_test::thread_count() == threads);
}

TEST_CASE("the smallest stack is enough for a call", "[thread_pool][stack_size]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1, .stack_size = heddle::scheduling::thread::smallest_stack()});
  CHECK(pool.submit([] { return 6; }).result() == 6);
}

// ---- affinity

namespace {

using cpus_by_name = std::map<std::string, std::set<int>>;

/// On which CPUs the workers of a pool of several may run, and a stand-in.
cpus_by_name cpus_of_workers(std::size_t workers, affinity asked_for) {
  std::mutex mutex;
  cpus_by_name found;
  {
    std::vector<gate> busy(workers);
    thread_pool_executor pool({.max_workers = workers,
                               .thread_name_prefix = "w",
                               .initializer =
                                   [&] {
                                     const std::lock_guard lock(mutex);
                                     found[heddle_test::thread_name()] = cpus_of_this_thread();
                                   },
                               .affinity = asked_for});
    const auto passed = block_all(pool, busy);
    pool.submit([] {}).result();  // by a stand-in
    open_all(busy);
  }
  return found;
}

}  // namespace

TEST_CASE("automatic affinity leaves all threads where the maker of the pool is", "[thread_pool][affinity]") {
  const heddle_test::deadline limit;
  const auto here = cpus_of_this_thread();
  const cpus_by_name found = cpus_of_workers(3, affinity::automatic);
  CHECK(found.size() >= 4);
  for (const auto& [name, cpus] : found) CHECK(cpus == here);
}

TEST_CASE("spread keeps each worker on a CPU, one after the other, and leaves stand-ins free",
          "[thread_pool][affinity]") {
  const heddle_test::deadline limit;
  const auto all = cpus_of_this_thread();
  const auto check = [](std::set<int> allowed) {
    const std::vector<int> in_order(allowed.begin(), allowed.end());
    const std::size_t workers = 2 * allowed.size() + 1;  // 3 or more
    const cpus_by_name found = cpus_of_workers(workers, affinity::spread);
    CHECK(found.size() > workers);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto expected = i < workers ? std::set<int>{in_order[i % in_order.size()]} : allowed;
      CHECK(found.at("w_" + std::to_string(i)) == expected);
    }
  };
  check(all);
  std::thread([&] {  // a thread that may use the last one only
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(static_cast<std::size_t>(*all.rbegin()), &mask);
    ::sched_setaffinity(0, sizeof mask, &mask);
    check({*all.rbegin()});
  })
      .join();
}

TEST_CASE("a list of no CPUs leaves threads as they are", "[thread][affinity]") {
  const auto before = cpus_of_this_thread();
  std::thread([&] {
    const heddle::scheduling::cpu_list none;
    none.keep_this_thread_on(0);
    CHECK(cpus_of_this_thread() == before);
    none.free_this_thread();
    CHECK(cpus_of_this_thread() == before);
  }).join();
}

// ---- order

namespace {

constexpr int call_count = 200;

std::vector<int> in_order() {
  std::vector<int> all(call_count);
  for (int i = 0; i < call_count; ++i) all[static_cast<std::size_t>(i)] = i;
  return all;
}

/// In which order one of two workers begins the calls that `submit_all(pool, call)` makes; the other one is busy.
template <class SubmitAll>
std::vector<int> order_of_calls(order asked_for, SubmitAll submit_all) {
  gate busy;
  heddle::promise<void> all_begun;
  std::vector<int> begun;
  thread_pool_executor pool({.max_workers = 2, .order = asked_for});
  heddle_test::occupy(pool, busy);
  submit_all(pool, [&](int i) {
    begun.push_back(i);
    if (begun.size() == call_count) all_begun.set_value();
  });
  all_begun.get_future().result();
  busy.open();
  return begun;
}

}  // namespace

TEST_CASE("with order fifo a worker's calls begin in the order of submission", "[thread_pool][order]") {
  const heddle_test::deadline limit;
  const auto from_worker = [](thread_pool_executor& pool, auto call) {
    pool.post([&pool, call] {
      for (int i = 0; i < call_count; ++i) pool.post([call, i] { call(i); });
    });
  };
  CHECK(order_of_calls(order::fifo, from_worker) == in_order());
}

TEST_CASE("with order fifo calls of workers and of others are one queue", "[thread_pool][order]") {
  const heddle_test::deadline limit;
  const auto from_both = [](thread_pool_executor& pool, auto call) {
    for (int i = 0; i < call_count; ++i) {
      const auto submit_one = [&pool, call, i] { pool.post([call, i] { call(i); }); };
      i % 2 == 0 ? submit_one() : pool.submit(submit_one).result();
    }
  };
  // Half of the calls are submitted by calls, each of which waits until those before it have begun.
  CHECK(order_of_calls(order::fifo, from_both) == in_order());
}

TEST_CASE("with order fifo calls of all threads are one queue on many workers too", "[thread_pool][order]") {
  const heddle_test::deadline limit;
  constexpr std::size_t workers = 16;
  std::vector<gate> busy(workers);
  std::vector<int> begun;
  thread_pool_executor pool({.max_workers = workers, .order = order::fifo});
  for (gate& each : busy) heddle_test::occupy(pool, each);
  for (int i = 0; i < 20; ++i) {
    std::thread([&] { pool.post([&begun, i] { begun.push_back(i); }); }).join();
  }
  busy.front().open();
  while (pool.stats().queued_jobs != 0) std::this_thread::yield();
  open_all(busy);
  pool.shutdown();
  CHECK(std::is_sorted(begun.begin(), begun.end()));
  CHECK(begun.size() == 20);
}

TEST_CASE("with order lifo a worker begins its newest call first, but for a few", "[thread_pool][order]") {
  const heddle_test::deadline limit;
  const std::vector<int> begun = order_of_calls(order::lifo, [](thread_pool_executor& pool, auto call) {
    pool.post([&pool, call] {
      for (int i = 0; i < call_count; ++i) pool.post([call, i] { call(i); });
    });
  });
  int newest_first = 0;
  for (std::size_t i = 1; i < call_count; ++i) newest_first += begun[i] < begun[i - 1] ? 1 : 0;
  CHECK(newest_first > call_count * 9 / 10);
}

TEST_CASE("groups and waits work with order fifo", "[thread_pool][order]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U, 4U);
  thread_pool_executor pool({.max_workers = workers, .order = order::fifo});
  CHECK(pool.submit(nested_submits, std::ref(pool), 200U).result() == 200U);
  std::atomic<int> called{0};
  pool.submit([&] {
        heddle::task_group group(pool);
        for (int i = 0; i < 100; ++i) {
          group.run([&] {
            group.run([&] { ++called; });
            ++called;
          });
        }
        group.wait();
        CHECK(called == 200);
      })
      .result();
}

// ---- max_stand_ins

TEST_CASE("as many threads stand in for blocked workers at a time as may, and not more", "[thread_pool][stand_ins]") {
  const heddle_test::deadline limit;
  const std::size_t most = GENERATE(0U, 1U, 2U);
  CAPTURE(most);
  std::atomic<int> threads{0};
  thread_pool_executor pool({.max_workers = 2, .initializer = [&] { ++threads; }, .max_stand_ins = most});
  for (int round = 0; round < 2; ++round) {  // in the second one those that rest are called again
    std::vector<gate> busy(2 + most);
    const auto passed = block_all(pool, busy);
    heddle::future<void> left = pool.submit([] {});
    CHECK_FALSE(left.wait(5ms));
    CHECK(static_cast<std::size_t>(threads) == 2 + most);
    busy.front().open();
    left.result();
    open_all(busy);
    for (const auto& each : passed) each.result();
  }
  CHECK(static_cast<std::size_t>(threads) == 2 + most);
}

TEST_CASE("when workers are back no more calls run at a time than there are workers",
          "[thread_pool][stand_ins][regression]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 2});
  const auto wait_until_idle = [&pool](std::size_t workers) {
    for (heddle::thread_pool_stats now = pool.stats(); now.idle_workers != workers + now.stand_ins;
         now = pool.stats()) {
      std::this_thread::yield();
    }
  };
  for (int round = 0; round < 10; ++round) {
    std::array<gate, 2> busy;
    const auto passed = block_all(pool, busy);
    for (int i = 0; i < 4; ++i) pool.submit([] {}).result();
    wait_until_idle(0);
    open_all(busy);
    for (const auto& each : passed) each.result();
    wait_until_idle(2);
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::vector<heddle::future<void>> calls;
    for (int i = 0; i < 8; ++i) {
      calls.push_back(pool.submit([&] {
        const int now = ++running;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        const auto end = std::chrono::steady_clock::now() + 2ms;
        while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
        --running;
      }));
    }
    for (const auto& each : calls) each.result();
    CHECK(most <= 2);
  }
}

TEST_CASE("waits that nest too deep for a stack need no stand-in", "[thread_pool][stand_ins]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  thread_pool_executor pool({.max_workers = workers, .stack_size = 128U << 10U, .max_stand_ins = 0});
  CHECK(pool.submit(nested_submits, std::ref(pool), 2000U).result() == 2000U);
}

TEST_CASE("threads that lend their stack leave the stand-ins their places", "[thread_pool][stand_ins]") {
  const heddle_test::deadline limit;
  std::array<gate, 2> busy;
  gate other_worker;
  gate deep;
  thread_pool_executor pool({.max_workers = 2, .stack_size = 128U << 10U, .max_stand_ins = 1});
  heddle_test::occupy(pool, other_worker);  // or it would take parts of the chain
  const auto go_down = [&pool, &deep](auto& self, int levels) -> void {
    if (levels == 0) return deep.pass();
    pool.submit([&self, levels] { self(self, levels - 1); }).result();
  };
  heddle::future<void> bottom = pool.submit([&] { go_down(go_down, 2000); });
  deep.wait_until_reached();
  other_worker.open();
  const auto passed = block_all(pool, busy);  // the second one by the stand-in
  heddle::future<void> left = pool.submit([] {});
  CHECK_FALSE(left.wait(5ms));
  deep.open();
  bottom.result();
  left.result();
  open_all(busy);
}

TEST_CASE("more stand-ins than can be numbered are refused with advice", "[thread_pool][stand_ins]") {
  const heddle_test::deadline limit;
  constexpr std::size_t most = thread_pool_executor::most_stand_ins;
  const auto with_up_to = [](std::size_t stand_ins) {
    thread_pool_executor({.max_workers = 1, .max_stand_ins = stand_ins});
  };
  CHECK_NOTHROW(with_up_to(most));
  for (const std::size_t wrong : {most + 1, SIZE_MAX}) {
    CHECK_THROWS_AS(with_up_to(wrong), std::invalid_argument);
    CHECK_THROWS_WITH(with_up_to(wrong), ContainsSubstring("max_stand_ins must be 0 to 59391") &&
                                             ContainsSubstring("is " + std::to_string(wrong)) &&
                                             ContainsSubstring("leave it out"));
  }
}
