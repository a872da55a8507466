// SPDX-License-Identifier: MIT
// Values that follow a call from who submits it.
#include <heddle/task_local.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/map.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>

namespace {

using namespace std::chrono_literals;
using heddle::task_local;
using heddle::thread_pool_executor;
using heddle_test::gate;

}  // namespace

TEST_CASE("a task_local has a value in the scope that binds one, in its thread", "[task_local]") {
  const task_local<std::string> name;
  CHECK(name.get() == nullptr);
  CHECK(name.value_or("none") == "none");
  {
    const auto outer = name.bind("outer");
    CHECK(name.value_or("none") == "outer");
    {
      const auto inner = name.bind("inner");
      CHECK(*name.get() == "inner");
    }
    CHECK(*name.get() == "outer");
    std::string elsewhere;
    std::thread([&] { elsewhere = name.value_or("none"); }).join();
    CHECK(elsewhere == "none");
  }
  CHECK(name.get() == nullptr);
}

TEST_CASE("task_locals do not know of each other", "[task_local]") {
  const task_local<int> first;
  const task_local<int> second;
  const auto bound = first.bind(1);
  CHECK(second.get() == nullptr);
  const auto other = second.bind(2);
  CHECK(first.value_or(0) == 1);
  CHECK(second.value_or(0) == 2);
}

TEST_CASE("a call has the values of who submitted it", "[task_local]") {
  const heddle_test::deadline limit;
  const task_local<int> request;
  const auto read = [&] { return request.value_or(0); };
  thread_pool_executor pool{{.max_workers = 2}};
  auto outside = pool.submit(read);
  const auto bound = request.bind(7);
  CHECK(pool.submit(read).result() == 7);
  CHECK(pool.with(heddle::priority::high).submit(read).result() == 7);
  CHECK(pool.submit([&](int more) { return read() + more; }, 1).result() == 8);
  for (auto& each : pool.submit_bulk([&](int) { return read(); }, std::vector<int>(3))) CHECK(each.result() == 7);
  for (const int each : pool.map([&](int) { return read(); }, std::vector<int>(3))) CHECK(each == 7);
  std::atomic<int> posted{0};
  pool.post([&] { posted += read(); });
  pool.post_bulk([&](int) { posted += read(); }, std::vector<int>(2));
  CHECK(pool.wait_idle());
  CHECK(posted == 21);
  CHECK(outside.result() == 0);
}

TEST_CASE("a call that is due later has the values of who put it off", "[task_local]") {
  const heddle_test::deadline limit;
  const task_local<std::shared_ptr<int>> request;
  thread_pool_executor pool{{.max_workers = 1}};
  const auto value = std::make_shared<int>(4);
  std::atomic<int> ticks{0};
  std::atomic<bool> inherited{true};
  heddle::future<int> later;
  heddle::future<void> again;
  {
    const auto bound = request.bind(value);
    later = pool.submit_after(1ms, [&] { return **request.get(); });
    again = pool.every(1ms, [&] {
      if (request.get() == nullptr) inherited = false;
      if (++ticks == 3) throw std::runtime_error("enough");
    });
  }
  CHECK(later.result() == 4);
  CHECK_THROWS_AS(again.result(), std::runtime_error);
  CHECK(inherited);
  CHECK(pool.wait_idle());
  CHECK(value.use_count() == 2);  // the future's
  again = {};
  CHECK(value.use_count() == 1);
}

TEST_CASE("calls of calls inherit too, and what a call binds stays with it and its own", "[task_local]") {
  const heddle_test::deadline limit;
  const task_local<int> request;
  thread_pool_executor pool{{.max_workers = 1}};
  const auto bound = request.bind(1);
  const auto nested = pool.submit([&] {
                            const int before = request.value_or(0);
                            const auto own = request.bind(2);
                            return std::pair(before, pool.submit([&] { return request.value_or(0); }).result());
                          })
                          .result();
  CHECK(nested == std::pair(1, 2));
  CHECK(pool.submit([&] { return request.value_or(0); }).result() == 1);
  CHECK(request.value_or(0) == 1);
}

TEST_CASE("the values are gone from a worker when the call has ended, also by an exception", "[task_local]") {
  const heddle_test::deadline limit;
  const task_local<int> request;
  thread_pool_executor pool{{.max_workers = 1}};
  {
    const auto bound = request.bind(1);
    CHECK_THROWS_AS(pool.submit([] { throw std::runtime_error("ends"); }).result(), std::runtime_error);
  }
  CHECK(pool.submit([&] { return request.get() == nullptr; }).result());
}

TEST_CASE("a call that a waiting call runs meanwhile has its own submitter's values", "[task_local][waiting_rule]") {
  const heddle_test::deadline limit;
  const task_local<int> request;
  thread_pool_executor pool{{.max_workers = 1}};
  gate busy;
  heddle_test::occupy(pool, busy);
  heddle::future<int> unbound;
  auto waiting = [&] {
    const auto bound = request.bind(1);
    return pool.submit([&] { return std::pair(unbound.result(), request.value_or(0)); });
  }();
  unbound = pool.submit([&] { return request.value_or(0); });
  busy.open();
  CHECK(waiting.result() == std::pair(0, 1));
}

TEST_CASE("a value lives as long as a scope or a call that has it", "[task_local]") {
  const heddle_test::deadline limit;
  const task_local<std::shared_ptr<int>> request;
  thread_pool_executor pool{{.max_workers = 1}};
  gate busy;
  heddle_test::occupy(pool, busy);
  const auto value = std::make_shared<int>(5);
  heddle::future<int> call;
  heddle::future<int> cancelled;
  {
    const auto bound = request.bind(value);
    call = pool.submit([&] { return **request.get(); });
    cancelled = pool.submit([&] { return **request.get(); });
  }
  CHECK(value.use_count() == 2);
  CHECK(cancelled.cancel());
  CHECK(value.use_count() == 2);
  busy.open();
  CHECK(call.result() == 5);
  CHECK(value.use_count() == 1);
}

TEST_CASE("a call that runs in its caller, since the pool is full, has its caller's values", "[task_local]") {
  const heddle_test::deadline limit;
  const task_local<int> request;
  thread_pool_executor pool{{.max_workers = 1, .max_pending = 1, .when_full = heddle::when_full::caller_runs}};
  gate busy;
  heddle_test::occupy(pool, busy);
  pool.post([] {});
  const auto bound = request.bind(3);
  CHECK(pool.submit([&] { return request.value_or(0); }).result() == 3);
}
