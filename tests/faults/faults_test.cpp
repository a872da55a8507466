// SPDX-License-Identifier: MIT
// What happens when the system says no. This program replaces operator new and pthread_create by ones that fail where
// a test says so, and counts what is allocated and not yet freed.
#include <dlfcn.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <forward_list>
#include <functional>
#include <heddle/base/block_cache.hpp>
#include <heddle/blocking.hpp>
#include <heddle/errors.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/queue/injection_queue.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/queue/segment.hpp>
#include <heddle/queue/work_stealing_deque.hpp>
#include <heddle/stop_token.hpp>
#include <heddle/task_group.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <heddle/with_timeout.hpp>
#if defined(__linux__)
#include <heddle/process/relay.hpp>
#endif
#include <new>
#include <span>
#include <string>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/replaced_new.hpp>
#include <support/threads.hpp>
#include <support/tracked.hpp>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr int never = -1;
std::atomic<int> allocations_alive{0};
thread_local int allocations_until_failure = never;  // of this thread; the failing one is the last that is counted

std::atomic<int> starts_until_failure{never};

/// True at the one call at which `countdown` ends.
template <class Countdown>
bool fails_now(Countdown& countdown) {
  if (countdown == never) return false;
  return countdown-- == 0;
}

using start_function = int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

}  // namespace

void* heddle_test::replaced_new(std::size_t size, std::size_t alignment) noexcept {
  if (fails_now(allocations_until_failure)) return nullptr;
  void* const memory = std::aligned_alloc(alignment, (size / alignment + 1) * alignment);
  if (memory != nullptr) ++allocations_alive;
  return memory;
}

void heddle_test::replaced_delete(void* memory) noexcept {
  if (memory != nullptr) --allocations_alive;
  std::free(memory);
}

// A sanitizer's own pthread_create goes by this name, and must not be passed by.
extern "C" __attribute__((weak)) start_function
    __interceptor_pthread_create;  // NOLINT(readability-identifier-naming): the sanitizer chose it

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                              void* argument) noexcept {
  if (fails_now(starts_until_failure)) return EAGAIN;
  static start_function* const real = __interceptor_pthread_create != nullptr
                                          ? &__interceptor_pthread_create
                                          : reinterpret_cast<start_function*>(::dlsym(RTLD_NEXT, "pthread_create"));
  return real(thread, attributes, run, argument);
}

using Catch::Matchers::ContainsSubstring;
using heddle::future;
using heddle::promise;
using heddle::thread_pool_executor;
using heddle_test::gate;
using heddle_test::life_counts;
using heddle_test::occupy;
using heddle_test::tracked;

namespace {

/// Makes what holds it too large for a block that is kept for reuse, so that it is allocated.
struct bulk {
  bulk() { bytes.fill('b'); }
  std::array<char, heddle::base::large_block_cache::block_size> bytes;
};

/// Calls `attempt()` again and again, with the first allocation failing, then the second, ..., until it succeeds. After
/// each failure as much must be allocated as before, and `check()` must hold. Returns the number of failures.
template <class Attempt, class Check>
int with_every_allocation_failing(Attempt attempt, Check check) {
  for (int failures = 0;; ++failures) {
    const int before = allocations_alive;
    bool failed = false;
    allocations_until_failure = failures;
    try {
      attempt();
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    allocations_until_failure = never;
    if (!failed) return failures;
    CHECK(allocations_alive == before);
    check();
  }
}

/// An executor of one's own, which runs calls at once.
struct immediate_executor {
  future<void> submit(void (*)()) { return {}; }
  template <class F>
  void post(const F& call) {
    call();
  }
  [[nodiscard]] std::size_t max_workers() const { return 1; }
};

}  // namespace

TEST_CASE("submit and post without memory leave nothing behind", "[faults]") {
  const heddle_test::deadline limit;
  life_counts counts;
  gate busy;
  std::atomic<int> ran{0};
  {
    thread_pool_executor pool({.max_workers = 1});
    occupy(pool, busy);
    const auto nothing_alive = [&] { CHECK(counts.alive == 0); };
    future<void> f;
    const int submit_failures = with_every_allocation_failing(
        [&] {
          f = pool.submit([&ran, held = tracked(counts), large = bulk{}](const tracked&) { ++ran; }, tracked(counts));
        },
        nothing_alive);
    CHECK(submit_failures == 1);
    CHECK(f.cancel());
    CHECK(with_every_allocation_failing([&] { pool.post([&ran, held = tracked(counts), large = bulk{}] { ++ran; }); },
                                        nothing_alive) == 1);
    busy.open();
  }
  CHECK(ran == 1);
  CHECK(counts.alive == 0);
}

TEST_CASE("submit and post without memory for more blocks leave nothing behind", "[faults]") {
  const heddle_test::deadline limit;
  using heddle::base::block_cache;
  life_counts counts;
  std::atomic<int> ran{0};
  thread_pool_executor pool({.max_workers = 1});
  const auto submit = [&] { return pool.submit([&ran, held = tracked(counts)] { ++ran; }); };
  const auto post = [&] { pool.post([&ran, held = tracked(counts)] { ++ran; }); };
  std::vector<void*> blocks;
  blocks.reserve(100'000);
  const auto use_up_blocks = [&blocks] {
    try {
      for (;;) {
        allocations_until_failure = 0;
        blocks.push_back(block_cache::allocate());
      }
    } catch (const std::bad_alloc&) {
    }
  };
  std::thread([&] {
    use_up_blocks();
    allocations_until_failure = 0;
    CHECK_THROWS_AS(submit(), std::bad_alloc);
    allocations_until_failure = 0;
    CHECK_THROWS_AS(post(), std::bad_alloc);
    allocations_until_failure = never;
    CHECK(counts.alive == 0);
    submit().result();
    for (void* const each : blocks) block_cache::deallocate(each);
  }).join();
  CHECK(ran == 1);
}

TEST_CASE("an injection queue without memory leaves jobs alone, and an empty one keeps none of its memory",
          "[faults]") {
  using heddle::queue::injection_queue;
  using heddle::queue::job;
  constexpr std::size_t segment_size = heddle::queue::segment::capacity;
  struct idle_job final : job {
    idle_job() : job([](job&, unsigned, const heddle::queue::refusal*) noexcept {}) {}
  };
  std::vector<idle_job> jobs(20 * segment_size);
  std::vector<job*> row;
  row.reserve(jobs.size());
  for (idle_job& one : jobs) row.push_back(&one);
  const int before = allocations_alive;
  {
    injection_queue queue(1, 1);
    heddle::queue::consumer_turns turns;
    const int empty = allocations_alive;
    std::size_t there = 0;
    const auto nothing_pushed = [&] { CHECK(queue.size_hint() == there); };
    bool pushed = false;
    CHECK(with_every_allocation_failing([&] { pushed = queue.try_push(jobs[0]); }, nothing_pushed) == 1);
    CHECK(pushed);
    there = 1;
    pushed = false;
    const std::span<job* const> others = std::span<job* const>(row).subspan(1);
    CHECK(with_every_allocation_failing([&] { pushed = queue.try_push(others); }, nothing_pushed) == 19);
    CHECK(pushed);
    std::size_t next = 0;
    for (job* popped = nullptr; queue.try_pop({&popped, 1}, turns) != 0; ++next) REQUIRE(popped == row[next]);
    CHECK(next == row.size());
    CHECK(allocations_alive - empty == 2);  // the one in use and the spare one
  }
  CHECK(allocations_alive == before);
}

TEST_CASE("a push that finds no memory ends its task", "[faults]") {
  const heddle_test::deadline limit;
  life_counts counts;
  gate busy;
  std::atomic<int> ran{0};
  {
    thread_pool_executor pool({.max_workers = 1});
    occupy(pool, busy);
    const auto nothing_alive = [&] { CHECK(counts.alive == 0); };
    // The queue of a new pool has a segment since occupy(): fill it up.
    for (std::size_t i = 1; i < heddle::queue::segment::capacity; ++i) pool.post([&ran] { ++ran; });
    CHECK(with_every_allocation_failing([&] { pool.post([&ran, held = tracked(counts), large = bulk{}] { ++ran; }); },
                                        nothing_alive) == 2);
    busy.open();
  }
  CHECK(static_cast<std::size_t>(ran) == heddle::queue::segment::capacity);
}

TEST_CASE("calls that were cancelled or claimed do not pile up in the queue of a busy pool", "[faults]") {
  const heddle_test::deadline limit;
  constexpr int calls = 20'000;
  constexpr int most_alive = 4'000;
  gate busy;
  thread_pool_executor pool({.max_workers = 1});
  SECTION("cancelled") {
    occupy(pool, busy);
    const int before = allocations_alive;
    for (int i = 0; i < calls; ++i) pool.submit([large = bulk{}] {}).cancel();
    CHECK(allocations_alive - before < most_alive);
    busy.open();
  }
  SECTION("claimed by the worker that waits for them") {
    const int before = allocations_alive;
    pool.submit([&] {
          for (int i = 0; i < calls; ++i) pool.submit([large = bulk{}] {}).result();
        })
        .result();
    CHECK(allocations_alive - before < most_alive);
  }
  SECTION("claimed from the list of their group") {
    const int before = allocations_alive;
    int largest = 0;
    pool.submit([&] {
          for (int i = 0; i < calls; ++i) {
            heddle::task_group group(pool);
            for (int j = 0; j < 10; ++j) group.run([] {});
            group.wait();
            largest = std::max<int>(largest, allocations_alive - before);
          }
        })
        .result();
    CHECK(largest < 30);  // they are in blocks, of which some 4,000 are allocated at once
  }
}

/// Maps again and again, with the first allocation failing, then the second, ..., until it succeeds, and drops the
/// results; returns how often it has mapped. After each no object of `counts` is alive. What is cancelled stays in the
/// queue until its turn comes, so only the objects are counted.
template <class Map>
int failures_of_map(const life_counts& counts, Map map) {
  int failures = 0;
  for (bool failed = true; failed; ++failures) {
    allocations_until_failure = failures;
    failed = false;
    try {
      const auto results = map();
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    allocations_until_failure = never;
    CHECK(counts.alive == 0);
  }
  return failures;
}

TEST_CASE("a map without memory cancels what it submitted", "[faults][regression]") {
  const heddle_test::deadline limit;
  life_counts counts;
  gate busy;
  std::atomic<int> ran{0};
  {
    thread_pool_executor pool({.max_workers = 1});
    occupy(pool, busy);
    const int failures = failures_of_map(
        counts, [&] { return pool.map([&ran, held = tracked(counts)](bulk) { ++ran; }, std::vector<bulk>(20)); });
    CHECK(failures > 20);
    busy.open();
  }
  CHECK(ran == 0);
}

TEST_CASE("a map with options and without memory cancels what it submitted", "[faults]") {
  const heddle_test::deadline limit;
  const heddle::map_options options =
      GENERATE(heddle::map_options{.chunksize = 4}, heddle::map_options{.buffersize = 5},
               heddle::map_options{.chunksize = 4, .buffersize = 2});
  life_counts counts;
  gate busy;
  std::atomic<int> ran{0};
  {
    thread_pool_executor pool({.max_workers = 1});
    occupy(pool, busy);
    const int failures = failures_of_map(counts, [&] {
      return pool.map([&ran, held = tracked(counts)](bulk) { ++ran; }, options, std::vector<bulk>(20));
    });
    CHECK(failures > 5);
    busy.open();
  }
  CHECK(ran == 0);
}

TEST_CASE("a bulk without memory submits nothing and leaves nothing behind", "[faults][bulk]") {
  const heddle_test::deadline limit;
  constexpr std::size_t many = 300;  // several segments of a queue, and more than the first ring of a deque holds
  const std::size_t workers = GENERATE(1U, 2U);
  const bool from_worker = GENERATE(false, true);
  CAPTURE(workers, from_worker);
  struct large_element {
    tracked counted;
    bulk others;
  };
  life_counts callable;
  life_counts element;
  std::vector<large_element> elements;
  elements.reserve(many);
  for (std::size_t i = 0; i < many; ++i) elements.push_back({.counted = tracked(element), .others = {}});
  gate busy;
  gate other;
  std::atomic<std::size_t> ran{0};
  std::size_t submitted = 0;
  {
    thread_pool_executor pool({.max_workers = workers});
    const auto submit = [&] {
      const auto nothing_left = [&] {
        CHECK(callable.alive == 0);
        CHECK(element.alive == static_cast<int>(many));
        CHECK(pool.stats().queued_jobs == submitted);
      };
      const auto call = [&] { return [&ran, held = tracked(callable)](const large_element&) { ++ran; }; };
      std::vector<future<void>> futures;
      const int failures =
          with_every_allocation_failing([&] { futures = pool.submit_bulk(call(), elements); }, nothing_left);
      // The callable, the futures, the places, the calls; and the queue.
      CHECK(failures > static_cast<int>(many) + 3);
      submitted = many;
      for (future<void>& each : futures) CHECK(each.cancel());
      CHECK(with_every_allocation_failing([&] { pool.post_bulk(call(), elements); }, nothing_left) >
            static_cast<int>(many) + 2);
    };
    heddle_test::occupy(pool, busy);
    if (!from_worker) {
      if (workers == 2) heddle_test::occupy(pool, other);
      submit();
      other.open();
    } else if (workers == 2) {
      pool.submit(submit).result();
    } else {
      future<void> in_worker = pool.submit(submit);
      busy.open();
      in_worker.result();
    }
    busy.open();
  }
  CHECK(ran == many);
  CHECK(callable.alive == 0);
}

TEST_CASE("a bulk of a range whose size is not known leaves nothing behind either", "[faults][bulk]") {
  const heddle_test::deadline limit;
  const std::forward_list<int> elements{1, 2, 3, 4, 5};  // room for them is made as they come
  life_counts counts;
  gate busy;
  std::atomic<int> sum{0};
  {
    thread_pool_executor pool({.max_workers = 1});
    heddle_test::occupy(pool, busy);
    const auto nothing_left = [&] { CHECK(counts.alive == 0); };
    const auto call = [&] { return [&sum, held = tracked(counts)](int i) { sum += i; }; };
    std::vector<future<void>> futures;
    with_every_allocation_failing([&] { futures = pool.submit_bulk(call(), elements); }, nothing_left);
    for (future<void>& each : futures) CHECK(each.cancel());
    with_every_allocation_failing([&] { pool.post_bulk(call(), elements); }, nothing_left);
    busy.open();
  }
  CHECK(sum == 15);
}

TEST_CASE("a callback that finds no memory is not added", "[faults]") {
  life_counts counts;
  promise<int> p;
  future<int> f = p.get_future();
  int calls = 0;
  const int failures = with_every_allocation_failing(
      [&] { f.add_done_callback([&calls, held = tracked(counts), large = bulk()] { ++calls; }); },
      [&] { CHECK(counts.alive == 0); });
  CHECK(failures == 1);
  p.set_value(1);
  CHECK(calls == 1);
  CHECK(counts.alive == 0);
}

TEST_CASE("a promise that breaks without memory says so in its future", "[faults][regression]") {
  future<int> f;
  {
    const promise<int> p = [&] {
      promise<int> made;
      f = made.get_future();
      return made;
    }();
    allocations_until_failure = 0;
  }
  allocations_until_failure = never;
  CHECK_THROWS_AS(f.result(), std::bad_alloc);
}

TEST_CASE("a call that runs out of memory fails alone", "[faults]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1});
  auto f = pool.submit([] {
    allocations_until_failure = 0;
    return std::vector<int>(10);
  });
  CHECK_THROWS_AS(f.result(), std::bad_alloc);
  CHECK(pool.submit([] { return 1; }).result() == 1);
}

TEST_CASE("a pool without memory to start leaves nothing behind", "[faults]") {
  const heddle_test::deadline limit;
  const std::size_t threads = heddle_test::thread_count();
  thread_pool_executor({.max_workers = 1}).shutdown();  // what leads to a pool is kept for the next one
  const int failures = with_every_allocation_failing(
      [] {
        thread_pool_executor pool(
            {.max_workers = 3, .thread_name_prefix = "longer than a short string holds", .initializer = [] {}});
      },
      [&] { CHECK(heddle_test::thread_count() == threads); });
  CHECK(failures >= 1);
}

#if defined(__linux__)
TEST_CASE("a turn that no thread could wait for goes to the next one as soon as there is one", "[faults]") {
  const heddle_test::deadline limit;
  using heddle::process::relay;
  std::atomic<int> runs{0};
  relay runners;
  const std::function<relay::leg()> run = [&] {
    if (++runs == 2) return relay::leg::over;
    for (;;) {
      runners.set_out();
      runners.give_up();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (!runners.come_back(run)) return relay::leg::lost;
    }
  };
  starts_until_failure = 1;  // the one that is to wait
  runners.start(run);
  runners.join();
  CHECK(runs == 2);
}
#endif

TEST_CASE("a pool whose threads cannot all be started says so and leaves nothing behind", "[faults]") {
  const heddle_test::deadline limit;
  const std::size_t threads = heddle_test::thread_count();
  const int started = GENERATE(0, 1, 5, 7);
  CAPTURE(started);
  life_counts counts;
  std::atomic<int> initialized{0};
  std::atomic<int> finalized{0};
  const auto start = [&] {
    const thread_pool_executor pool({.max_workers = 8,
                                     .initializer = [&initialized, held = tracked(counts)] { ++initialized; },
                                     .finalizer = [&finalized, held = tracked(counts)] { ++finalized; }});
  };
  {  // what a thread leaves behind in the C++ library is not ours to count
    const thread_pool_executor warm_up({.max_workers = 8});
  }
  const int before = allocations_alive;
  starts_until_failure = started;
  try {
    start();
    FAIL("the pool started without all of its threads");
  } catch (const heddle::executor_start_error& error) {
    starts_until_failure = never;
    CHECK(error.code() == std::errc::resource_unavailable_try_again);
    CHECK_THAT(error.what(), ContainsSubstring("8 threads") && ContainsSubstring("fewer max_workers"));
  }
  CHECK(initialized == started);
  CHECK(finalized == started);
  CHECK(counts.alive == 0);
  CHECK(heddle_test::thread_count() == threads);
  CHECK(allocations_alive == before);
  start();
  CHECK(initialized == started + 8);
}

TEST_CASE("a stand-in that cannot be started is counted, and the pool goes on without it", "[faults]") {
  const heddle_test::deadline limit;
  gate busy;
  thread_pool_executor pool({.max_workers = 2});
  gate blocked;
  heddle_test::occupy(pool, busy);
  pool.post([&blocked] {
    const heddle::blocking scope;
    blocked.pass();
  });
  blocked.wait_until_reached();
  const auto before = pool.stats().stand_ins_failed;
  starts_until_failure = 0;
  future<int> f = pool.submit([] { return 5; });
  starts_until_failure = never;
  CHECK(pool.stats().stand_ins_failed == before + 1);
  CHECK_FALSE(f.done());
  blocked.open();
  CHECK(f.result() == 5);
  busy.open();
}

TEST_CASE("a deque that cannot grow stays as it was", "[faults]") {
  int elements[5] = {0, 1, 2, 3, 4};
  int* batch[] = {&elements[2], &elements[3]};
  const int before = allocations_alive;
  {
    heddle::queue::work_stealing_deque<int, 2> deque;
    const auto fails_to = [&](auto push) {
      for (const int allocation : {0, 1}) {  // the ring, its slots
        allocations_until_failure = allocation;
        CHECK_THROWS_AS(push(), std::bad_alloc);
        allocations_until_failure = never;
      }
    };
    fails_to([&] { deque.push(elements[0]); });
    CHECK(deque.try_pop() == nullptr);
    deque.push(elements[0]);
    fails_to([&] { deque.push_batch(batch, 2); });
    deque.push(elements[1]);
    fails_to([&] { deque.push(elements[4]); });
    CHECK(deque.size_hint() == 2);
    deque.push_batch(batch, 2);
    for (int i = 0; i < 4; ++i) CHECK(deque.try_steal().element == &elements[i]);
    CHECK(deque.try_pop() == nullptr);
  }
  CHECK(allocations_alive == before);
}

TEST_CASE("where then finds no memory the future keeps its state, and nothing was called", "[faults][then]") {
  life_counts counts;
  bool called = false;
  const auto ready = [] {
    promise<int> source;
    source.set_value(1);
    return source.get_future();
  };
  future<int> kept = ready();
  const auto is_untouched = [&] {
    CHECK(kept.valid());
    CHECK_FALSE(called);
    CHECK(counts.alive == 0);
  };
  future<int> next;
  CHECK(with_every_allocation_failing(
            [&] {
              next = std::move(kept).then([&, held = tracked(counts), large = bulk{}](int value) {
                called = true;
                return value;
              });
            },
            is_untouched) == 1);
  CHECK(next.result() == 1);

  kept = ready();
  called = false;
  future<bulk> flat;
  CHECK(with_every_allocation_failing(
            [&] {
              flat = std::move(kept).then([&, held = tracked(counts), large = bulk{}](int) {
                called = true;
                return future<bulk>();
              });
            },
            is_untouched) == 2);
  CHECK(called);

  auto shared = ready().share();
  called = false;
  CHECK(with_every_allocation_failing(
            [&] {
              flat = shared.then([&, held = tracked(counts), large = bulk{}](int) {
                called = true;
                return future<bulk>();
              });
            },
            [&] {
              CHECK_FALSE(called);
              CHECK(counts.alive == 0);
            }) == 2);

  kept = ready();
  CHECK(with_every_allocation_failing(
            [&] {
              next = std::move(kept).catch_error(
                  [held = tracked(counts), large = bulk{}](const std::exception_ptr&) { return 1; });
            },
            [&] {
              CHECK(kept.valid());
              CHECK(counts.alive == 0);
            }) == 1);
}

TEST_CASE("a call with a stop_token that finds no memory leaves nothing behind", "[faults][stop]") {
  const heddle_test::deadline limit;
  life_counts counts;
  thread_pool_executor pool({.max_workers = 1});
  const auto call = [&] { return [held = tracked(counts), large = bulk{}](heddle::stop_token) {}; };
  const auto nothing_alive = [&] { CHECK(counts.alive == 0); };
  future<void> f;
  CHECK(with_every_allocation_failing([&] { f = pool.submit(call()); }, nothing_alive) >= 2);
  f.wait();
  CHECK(counts.alive == 0);

  promise<tracked> source;
  source.set_value(counts);
  future<tracked> input = source.get_future();
  future<void> after;
  CHECK(
      with_every_allocation_failing(
          [&] { after = pool.submit_after(std::move(input), [large = bulk{}](heddle::stop_token, const tracked&) {}); },
          [&] { CHECK(input.valid()); }) == 2);
  after.result();
}

TEST_CASE("where submit_after finds no memory it takes no future", "[faults][submit_after]") {
  const heddle_test::deadline limit;
  life_counts counts;
  heddle::inline_executor here;
  promise<int> source;
  future<int> input = source.get_future();
  std::vector<future<void>> others;
  others.push_back(here.submit([] {}));
  future<void> after;
  const int failures = with_every_allocation_failing(
      [&] { after = here.submit_after(std::move(input), others, [held = tracked(counts), large = bulk{}](int) {}); },
      [&] {
        CHECK(input.valid());
        CHECK(others[0].valid());
        CHECK(counts.alive == 0);
      });
  CHECK(failures == 2);
  source.set_value(1);
  after.result();
}

TEST_CASE("where with_timeout finds no memory it takes no future, and its time does not come",
          "[faults][with_timeout]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool({.max_workers = 1});
  promise<int> first;
  CHECK(heddle::with_timeout(pool, first.get_future(), std::chrono::hours(1)).cancel());  // the thread stays
  promise<int> source;
  future<int> input = source.get_future();
  future<int> limited;
  const int failures = with_every_allocation_failing(
      [&] { limited = heddle::with_timeout(pool, std::move(input), std::chrono::hours(1)); },
      [&] { CHECK(input.valid()); });
  CHECK(failures >= 1);
  source.set_value(1);
  CHECK(limited.result() == 1);
}

TEST_CASE("timers that find no memory, or no thread, leave nothing behind", "[faults][timed_call]") {
  const heddle_test::deadline limit;
  life_counts counts;
  {
    thread_pool_executor pool({.max_workers = 1});
    const auto nothing_alive = [&] { CHECK(counts.alive == 0); };
    const auto call = [&] { return [held = tracked(counts), large = bulk{}] {}; };
    starts_until_failure = 0;
    CHECK_THROWS_AS(pool.submit_after(std::chrono::hours(1), call()), std::system_error);
    nothing_alive();
    starts_until_failure = 0;
    CHECK_THROWS_AS(pool.every(std::chrono::hours(1), call()), std::system_error);
    nothing_alive();
    future<void> once;
    future<void> often;
    CHECK(with_every_allocation_failing([&] { once = pool.submit_after(std::chrono::hours(1), call()); },
                                        nothing_alive) >= 2);
    once.cancel();
    CHECK(with_every_allocation_failing([&] { often = pool.every(std::chrono::hours(1), call()); }, nothing_alive) >=
          1);
  }
  CHECK(counts.alive == 0);
}

TEST_CASE("timers that are cancelled give their memory back at once", "[faults][timed_call]") {
  thread_pool_executor pool({.max_workers = 1});
  for (const bool is_first : {true, false}) {  // the first time makes room that stays
    const int before = allocations_alive;
    auto once = pool.submit_after(std::chrono::hours(1), [large = bulk{}] {});
    auto often = pool.every(std::chrono::hours(1), [large = bulk{}] {});
    once.cancel();
    often.cancel();
    once = {};
    often = {};
    if (!is_first) CHECK(allocations_alive == before);
  }
}

TEST_CASE("a continuation whose executor has no memory to post it fails with that", "[faults][then]") {
  immediate_executor own;
  promise<int> source;
  bool called = false;
  auto refused = source.get_future().then(own, [&](int) { called = true; });
  allocations_until_failure = 0;
  source.set_value(1);
  allocations_until_failure = never;
  CHECK_FALSE(called);
  CHECK_THROWS_AS(refused.result(), std::bad_alloc);
}
