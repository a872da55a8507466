// SPDX-License-Identifier: MIT
// How many work for a pool: resize() and run_on_this_thread().
#include <heddle/thread_pool_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/asyncio.hpp>
#include <heddle/blocking.hpp>
#include <heddle/errors.hpp>
#include <heddle/parallel_for.hpp>
#include <heddle/parallel_invoke.hpp>
#include <heddle/stop_token.hpp>
#include <heddle/task_group.hpp>
#include <heddle/task_local.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/scale.hpp>
#include <support/threads.hpp>

namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using heddle::future;
using heddle::stop_source;
using heddle::thread_pool_executor;
using heddle_test::gate;
using heddle_test::scaled;

/// Whether so many calls run at the same time: each goes on until all have begun.
void run_together(thread_pool_executor& pool, std::ptrdiff_t count) {
  std::latch together(count);
  std::vector<future<void>> calls;
  for (std::ptrdiff_t i = 0; i < count; ++i) calls.push_back(pool.submit([&] { together.arrive_and_wait(); }));
  for (auto& each : calls) each.result();
}

/// How many of `count` calls run at the same time at most.
int most_at_a_time(thread_pool_executor& pool, int count) {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  std::vector<future<void>> calls;
  for (int i = 0; i < count; ++i) {
    calls.push_back(pool.submit([&] {
      const int here = ++now;
      for (int seen = most; seen < here && !most.compare_exchange_weak(seen, here);) {
      }
      std::this_thread::sleep_for(100us);
      --now;
    }));
  }
  for (auto& each : calls) each.result();
  return most;
}

void check_is_idle_between_calls(thread_pool_executor& pool) {
  CHECK(pool.wait_idle());
  gate busy;
  heddle_test::occupy(pool, busy);
  CHECK_FALSE(pool.wait_idle(5ms));
  busy.open();
  CHECK(pool.wait_idle());
}

/// A thread that is lent to the pool until this goes.
class lent_thread {
 public:
  explicit lent_thread(thread_pool_executor& pool)
      : thread_([&pool, stop = until_.get_token()] { pool.run_on_this_thread(stop); }) {}
  ~lent_thread() { end(); }
  lent_thread(const lent_thread&) = delete;
  lent_thread& operator=(const lent_thread&) = delete;

  void end() {
    until_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  stop_source until_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a pool that grows runs as many calls at a time as it was told", "[resize]") {
  const heddle_test::deadline limit;
  const std::size_t first = GENERATE(1U, 2U);
  CAPTURE(first);
  thread_pool_executor pool{{.max_workers = first, .max_stand_ins = 0}};
  CHECK(pool.max_workers() == first);
  pool.resize(4);
  CHECK(pool.max_workers() == 4);
  CHECK(pool.stats().workers == 4);
  run_together(pool, 4);
  pool.resize(6);
  run_together(pool, 6);
  CHECK(pool.stats().stand_ins == 0);
}

TEST_CASE("calls that wait already begin when their pool grows", "[resize]") {
  const heddle_test::deadline limit;
  const std::size_t first = GENERATE(1U, 2U);
  CAPTURE(first);
  thread_pool_executor pool{{.max_workers = first}};
  std::latch together(4);
  std::vector<future<void>> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(pool.submit([&] { together.arrive_and_wait(); }));
  pool.resize(4);
  for (auto& each : calls) each.result();
}

TEST_CASE("calls that a call submits make use of a pool that has grown", "[resize]") {
  const heddle_test::deadline limit;
  const std::size_t first = GENERATE(1U, 2U);
  CAPTURE(first);
  thread_pool_executor pool{{.max_workers = first}};
  pool.resize(4);
  pool.submit([&] {
        std::latch together(4);
        std::vector<future<void>> calls;
        for (int i = 0; i < 3; ++i) calls.push_back(pool.submit([&] { together.arrive_and_wait(); }));
        together.arrive_and_wait();
        for (auto& each : calls) each.result();
      })
      .result();
}

TEST_CASE("a pool that is made smaller runs no more calls at a time than it was told", "[resize]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 4}};
  run_together(pool, 4);
  pool.resize(2);
  CHECK(pool.max_workers() == 2);
  run_together(pool, 2);
  CHECK(pool.wait_idle());  // each has looked whether it may rest, after the resize
  CHECK(most_at_a_time(pool, 50) == 2);
  pool.resize(1);
  CHECK(pool.wait_idle());
  CHECK(most_at_a_time(pool, 20) == 1);
  pool.resize(4);
  run_together(pool, 4);
}

TEST_CASE("a pool that has grown and is made smaller runs no more calls at a time than it was told", "[resize]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  pool.resize(5);
  run_together(pool, 5);
  pool.resize(2);
  run_together(pool, 2);
  CHECK(pool.wait_idle());
  CHECK(most_at_a_time(pool, 50) == 2);
}

TEST_CASE("calls that run when their pool is made smaller go on to their ends", "[resize]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 3}};
  std::latch together(4);
  std::latch ended(1);
  std::vector<future<void>> calls;
  for (int i = 0; i < 3; ++i) {
    calls.push_back(pool.submit([&] {
      together.count_down();
      ended.wait();
    }));
  }
  while (!together.try_wait() && pool.stats().jobs_run < 3) std::this_thread::yield();
  pool.resize(1);
  auto later = pool.submit([] { return 1; });
  ended.count_down();
  CHECK(later.result() == 1);
  for (auto& each : calls) CHECK_NOTHROW(each.result());
}

TEST_CASE("a worker that blocks is replaced also where others have retired", "[resize]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 3}};
  pool.resize(1);
  gate blocks;
  auto blocked = pool.submit([&] {
    const heddle::blocking scope;
    blocks.pass();
  });
  blocks.wait_until_reached();
  CHECK(pool.submit([] { return 1; }).result() == 1);
  blocks.open();
  blocked.result();
  CHECK(most_at_a_time(pool, 20) == 1);
}

TEST_CASE("a thread that begins when its pool has become smaller runs nothing", "[resize][regression]") {
  const heddle_test::deadline limit;
  std::atomic<int> begun{0};
  std::latch late(1);
  thread_pool_executor pool{{.max_workers = 2, .initializer = [&] {
                               if (++begun == 2) late.wait();
                             }}};
  gate busy;
  heddle_test::occupy(pool, busy);
  pool.resize(1);
  auto queued = pool.submit([] {});
  const auto before = pool.stats().times_parked;
  late.count_down();
  while (pool.stats().times_parked == before) std::this_thread::yield();
  CHECK_FALSE(queued.done());
  busy.open();
  queued.result();
}

TEST_CASE("a pool of any size ends, whoever has retired or has not begun", "[resize]") {
  const heddle_test::deadline limit;
  const std::size_t size = GENERATE(1U, 2U, 7U);
  const bool used = GENERATE(false, true);
  CAPTURE(size, used);
  std::atomic<int> ran{0};
  {
    thread_pool_executor pool{{.max_workers = 3}};
    pool.resize(size);
    if (used) {
      for (int i = 0; i < 100; ++i) pool.post([&] { ++ran; });
    }
  }
  CHECK(ran == (used ? 100 : 0));
}

TEST_CASE("a pool that was resized becomes idle", "[resize][wait_idle]") {
  const heddle_test::deadline limit;
  const std::size_t size = GENERATE(1U, 2U, 6U);
  CAPTURE(size);
  thread_pool_executor pool{{.max_workers = 3}};
  pool.resize(size);
  run_together(pool, static_cast<std::ptrdiff_t>(size));
  check_is_idle_between_calls(pool);
}

TEST_CASE("loops and groups run on a pool of any size", "[resize]") {
  const heddle_test::deadline limit;
  const std::size_t first = GENERATE(1U, 3U);
  const std::size_t size = GENERATE(1U, 2U, 5U);
  CAPTURE(first, size);
  thread_pool_executor pool{{.max_workers = first}};
  pool.resize(size);
  std::atomic<int> sum{0};
  heddle::parallel_for(pool, 0, 1000, [&](int i) { sum += i; });
  pool.submit([&] { heddle::parallel_for(pool, 0, 1000, [&](int i) { sum += i; }); }).result();
  heddle::task_group group(pool);
  for (int i = 0; i < 1000; ++i) group.run([&, i] { sum += i; });
  group.wait();
  CHECK(sum == 3 * 499'500);
}

TEST_CASE("forks see a pool that has grown", "[resize][regression]") {
  const heddle_test::deadline limit;
  const std::size_t first = GENERATE(1U, 2U);
  const bool was_larger = GENERATE(false, true);
  CAPTURE(first, was_larger);
  thread_pool_executor pool{{.max_workers = first}};
  if (was_larger) pool.resize(8);
  pool.resize(4);
  std::latch together(4);
  const auto meet = [&] {
    std::this_thread::sleep_for(1ms);  // whose calls are known to be short calls nobody
    together.arrive_and_wait();
  };
  heddle::parallel_invoke(pool, meet, meet, meet, meet);
  std::latch again(4);
  const auto meet_again = [&] {
    std::this_thread::sleep_for(1ms);
    again.arrive_and_wait();
  };
  pool.submit([&] { heddle::parallel_invoke(meet_again, meet_again, meet_again, meet_again); }).result();
}

TEST_CASE("a pool that becomes smaller keeps as many as it says", "[resize][regression]") {
  const heddle_test::deadline limit;
  for (int round = 0; round < 50; ++round) {
    thread_pool_executor pool{{.max_workers = 1}};
    pool.resize(8);
    pool.resize(4);
    std::latch together(4);
    const auto meet = [&] { together.arrive_and_wait(); };
    pool.submit([&] { heddle::parallel_invoke(meet, meet, meet, meet); }).result();
    CHECK(together.try_wait());
  }
}

TEST_CASE("the initializer runs in each thread that a pool grows by", "[resize]") {
  const heddle_test::deadline limit;
  std::atomic<int> initialized{0};
  thread_pool_executor pool{{.max_workers = 1, .initializer = [&] { ++initialized; }}};
  pool.resize(4);
  run_together(pool, 4);
  CHECK(initialized == 4);
}

TEST_CASE("a number of workers that cannot be is refused, and changes nothing", "[resize]") {
  thread_pool_executor pool{{.max_workers = 2}};
  CHECK_THROWS_AS(pool.resize(0), std::invalid_argument);
  CHECK_THROWS_WITH(pool.resize(thread_pool_executor::most_workers + 1), ContainsSubstring("1 to 4096"));
  CHECK(pool.max_workers() == 2);
  pool.resize(thread_pool_executor::most_workers);
  CHECK(pool.submit([] { return 1; }).result() == 1);
}

TEST_CASE("a pool is resized again and again while it works", "[resize]") {
  const heddle_test::deadline limit;
  std::atomic<int> ran{0};
  std::atomic<bool> over{false};
  thread_pool_executor pool{{.max_workers = 2}};
  std::thread resizer([&] {
    for (std::size_t i = 0; !over; ++i) pool.resize(1 + i % 5);
  });
  const int rounds = static_cast<int>(scaled(300));
  for (int round = 0; round < rounds; ++round) {
    std::vector<future<void>> calls;
    for (int i = 0; i < 20; ++i) {
      calls.push_back(pool.submit([&] { pool.submit([&] { ++ran; }).result(); }));
    }
    for (auto& each : calls) each.result();
  }
  over = true;
  resizer.join();
  CHECK(ran == 20 * rounds);
}

// ---- lent threads

TEST_CASE("a thread that is lent runs calls beside the workers until stop is requested", "[lend]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(1U, 2U);
  CAPTURE(workers);
  thread_pool_executor pool{{.max_workers = workers, .max_stand_ins = 0}};
  {
    lent_thread lent(pool);
    run_together(pool, static_cast<std::ptrdiff_t>(workers) + 1);
    lent_thread another(pool);
    run_together(pool, static_cast<std::ptrdiff_t>(workers) + 2);
  }
  CHECK(most_at_a_time(pool, 20) <= static_cast<int>(workers));
  CHECK(pool.stats().stand_ins == 0);
}

TEST_CASE("forks see a pool that has grown while threads are lent to it", "[resize][lend][regression]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  lent_thread lent(pool);
  lent_thread another(pool);
  run_together(pool, 3);
  pool.resize(3);
  std::latch together(5);
  std::atomic<int> met{0};
  const auto meet = [&] {
    together.arrive_and_wait();
    ++met;
  };
  pool.submit([&] { heddle::parallel_invoke(meet, meet, meet, meet, meet); }).result();
  CHECK(met == 5);
}

TEST_CASE("the calling thread is the one that is lent, and goes on afterwards", "[lend]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate busy;
  heddle_test::occupy(pool, busy);
  stop_source until;
  std::thread::id ran_in;
  bool waited = false;
  pool.post([&] {
    ran_in = std::this_thread::get_id();
    waited = pool.submit([] { return true; }).result();
    until.request_stop();
  });
  pool.run_on_this_thread(until.get_token());
  CHECK(ran_in == std::this_thread::get_id());
  CHECK(waited);
  CHECK(&heddle::current_executor() != &pool);
}

TEST_CASE("a loan whose stop was requested before runs nothing", "[lend]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate busy;
  heddle_test::occupy(pool, busy);
  std::thread::id ran_in;
  auto queued = pool.submit([&] { ran_in = std::this_thread::get_id(); });
  stop_source until;
  until.request_stop();
  pool.run_on_this_thread(until.get_token());
  CHECK_FALSE(queued.done());
  busy.open();
  queued.result();
  CHECK(ran_in != std::this_thread::get_id());
}

TEST_CASE("what a lent thread makes due runs before the loan ends, also if a continuation lends",
          "[lend][regression]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate busy;
  heddle_test::occupy(pool, busy);
  stop_source until;
  heddle::promise<void> lends;
  auto lent = lends.get_future().then([&] { pool.run_on_this_thread(until.get_token()); });
  auto in_loan = pool.submit([] { return 1; }).then([](int number) { return number + 1; });
  std::thread lender([&] { lends.set_value(); });
  CHECK(in_loan.result() == 2);
  until.request_stop();
  lender.join();
  lent.result();
}

TEST_CASE("calls that a lent thread runs do not have its task_locals", "[lend][task_local][regression]") {
  const heddle_test::deadline limit;
  const heddle::task_local<int> request;
  thread_pool_executor pool{{.max_workers = 1}};
  gate busy;
  heddle_test::occupy(pool, busy);
  stop_source until;
  int seen = 0;
  pool.post([&] {
    seen = request.value_or(1);
    until.request_stop();
  });
  const auto bound = request.bind(2);
  pool.run_on_this_thread(until.get_token());
  CHECK(seen == 1);
  CHECK(request.value_or(1) == 2);
}

TEST_CASE("a loan ends when the pool is shut down and has nothing left, and the pool waits for that", "[lend]") {
  const heddle_test::deadline limit;
  std::atomic<int> ran{0};
  std::atomic<bool> has_left{false};
  std::thread lent;
  {
    thread_pool_executor pool{{.max_workers = 1}};
    gate busy;
    heddle_test::occupy(pool, busy);
    std::latch lends(1);
    pool.post([&] { lends.count_down(); });  // for nobody but the lent thread
    lent = std::thread([&] {
      pool.run_on_this_thread();
      has_left = true;
    });
    lends.wait();
    for (int i = 0; i < 100; ++i) pool.post([&] { ++ran; });
  }
  CHECK(ran == 100);
  lent.join();
  CHECK(has_left);
}

TEST_CASE("what a lent thread leaves behind is run by others", "[lend]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  gate first;
  gate second;
  heddle_test::occupy(pool, first);
  heddle_test::occupy(pool, second);
  stop_source until;
  std::vector<future<int>> left;
  pool.post([&] {
    for (int i = 0; i < 10; ++i) left.push_back(pool.submit([i] { return i; }));
    until.request_stop();
  });
  pool.run_on_this_thread(until.get_token());
  REQUIRE(left.size() == 10);
  first.open();
  second.open();
  for (int i = 0; i < 10; ++i) CHECK(left[static_cast<std::size_t>(i)].result() == i);
}

TEST_CASE("what a lent thread leaves behind wakes who sleeps", "[lend]") {
  const heddle_test::deadline limit;
  for (int round = 0; round < static_cast<int>(scaled(200)); ++round) {
    thread_pool_executor pool{{.max_workers = 2}};
    gate busy;
    heddle_test::occupy(pool, busy);
    stop_source until;
    future<int> left;
    pool.post([&] {
      left = pool.submit([] { return 1; });
      until.request_stop();
    });
    pool.run_on_this_thread(until.get_token());
    while (!left.valid()) std::this_thread::yield();
    CHECK(left.result() == 1);
  }
}

TEST_CASE("a worker of another pool can be lent, and is replaced there meanwhile", "[lend]") {
  const heddle_test::deadline limit;
  thread_pool_executor other{{.max_workers = 2}};
  thread_pool_executor pool{{.max_workers = 1}};
  stop_source until;
  std::atomic<bool> lends{false};
  auto lent = other.submit([&] {
    lends = true;
    pool.run_on_this_thread(until.get_token());
    return &heddle::current_executor() == &other;
  });
  heddle_test::wait_for(lends);
  run_together(pool, 2);
  run_together(other, 2);
  until.request_stop();
  CHECK(lent.result());
}

TEST_CASE("initializer and finalizer run in a thread that is lent", "[lend]") {
  const heddle_test::deadline limit;
  std::atomic<int> inside{0};
  std::atomic<int> ever{0};
  thread_pool_executor pool{{.max_workers = 1,
                             .initializer =
                                 [&] {
                                   ++inside;
                                   ++ever;
                                 },
                             .finalizer = [&] { --inside; }}};
  {
    lent_thread lent(pool);
    run_together(pool, 2);
    CHECK(inside == 2);
  }
  CHECK(inside == 1);
  CHECK(ever == 2);
}

TEST_CASE("an initializer of a lent thread may not wait for the pool either", "[lend][regression]") {
  const heddle_test::deadline limit;
  thread_pool_executor* known = nullptr;
  thread_pool_executor pool{{.max_workers = 1, .initializer = [&] {
                               if (known != nullptr) known->wait_idle();
                             }}};
  CHECK(pool.submit([] { return 1; }).result() == 1);
  known = &pool;
  CHECK_THROWS_AS(pool.run_on_this_thread(), heddle::invalid_state_error);
  known = nullptr;
}

TEST_CASE("the only worker of a pool that is lent elsewhere runs there what it waits for at home",
          "[lend][waiting_rule][regression]") {
  const heddle_test::deadline limit;
  thread_pool_executor home{{.max_workers = 1}};
  thread_pool_executor away{{.max_workers = 1}};
  gate busy;
  heddle_test::occupy(away, busy);
  stop_source until;
  auto queued_away = away.submit([&] {
    const int result = home.submit([] { return 1; }).result();
    CHECK_THROWS_AS(home.wait_idle(), heddle::invalid_state_error);
    until.request_stop();
    return result;
  });
  home.submit([&] { away.run_on_this_thread(until.get_token()); }).result();
  CHECK(queued_away.result() == 1);
}

TEST_CASE("what an initializer throws goes to who lends, and the pool works on", "[lend]") {
  const heddle_test::deadline limit;
  const auto main_thread = std::this_thread::get_id();
  thread_pool_executor pool{{.max_workers = 1, .initializer = [&] {
                               if (std::this_thread::get_id() == main_thread) throw std::runtime_error("not here");
                             }}};
  CHECK_THROWS_WITH(pool.run_on_this_thread({}), "not here");
  CHECK(pool.submit([] { return 1; }).result() == 1);
}

TEST_CASE("a thread that cannot be lent is told why", "[lend]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  CHECK_THROWS_AS(pool.submit([&] { pool.run_on_this_thread({}); }).result(), heddle::invalid_state_error);
  CHECK_THROWS_AS(heddle::asyncio::run([](thread_pool_executor& to) -> heddle::asyncio::task<void> {
                    to.run_on_this_thread({});
                    co_return;
                  }(pool)),
                  heddle::invalid_state_error);
  pool.shutdown();
  CHECK_THROWS_AS(pool.run_on_this_thread({}), heddle::executor_shutdown_error);
}

TEST_CASE("a pool with a lent thread becomes idle", "[lend][wait_idle]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  lent_thread lent(pool);
  run_together(pool, 2);
  check_is_idle_between_calls(pool);
}

TEST_CASE("threads are lent and leave again and again while the pool works", "[lend]") {
  const heddle_test::deadline limit;
  std::atomic<int> ran{0};
  std::atomic<bool> over{false};
  const std::size_t workers = GENERATE(1U, 2U);
  thread_pool_executor pool{{.max_workers = workers}};
  std::thread lender([&] {
    while (!over) {
      lent_thread lent(pool);
      std::this_thread::yield();
    }
  });
  const int rounds = static_cast<int>(scaled(300));
  for (int round = 0; round < rounds; ++round) {
    std::vector<future<void>> calls;
    for (int i = 0; i < 20; ++i) calls.push_back(pool.submit([&] { pool.submit([&] { ++ran; }).result(); }));
    for (auto& each : calls) each.result();
  }
  over = true;
  lender.join();
  CHECK(ran == 20 * rounds);
}
