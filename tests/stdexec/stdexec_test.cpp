// SPDX-License-Identifier: MIT
#include <heddle/stdexec.hpp>

#include <heddle/errors.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <atomic>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/threads.hpp>

using heddle::scheduler_of;
using heddle::thread_pool_executor;

namespace {

static_assert(stdexec::scheduler<heddle::pool_scheduler>);
static_assert(stdexec::sender<heddle::pool_scheduler::sender>);

/// How an operation ended.
struct ending {
  bool value = false;
  bool stopped = false;
  std::exception_ptr error;
};

struct receiver_env {
  stdexec::inplace_stop_token token;
  [[nodiscard]] stdexec::inplace_stop_token query(stdexec::get_stop_token_t) const noexcept { return token; }
};

struct receiver {
  using receiver_concept = stdexec::receiver_tag;
  ending* end;
  stdexec::inplace_stop_token token;
  void set_value() noexcept { end->value = true; }
  void set_stopped() noexcept { end->stopped = true; }
  void set_error(std::exception_ptr error) noexcept { end->error = std::move(error); }
  [[nodiscard]] receiver_env get_env() const noexcept { return {token}; }
};

}  // namespace

TEST_CASE("a sender of a pool completes in a worker", "[stdexec]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1, .thread_name_prefix = "worker"}};
  auto named = stdexec::schedule(scheduler_of(pool)) | stdexec::then(heddle_test::thread_name);
  auto [name] = stdexec::sync_wait(std::move(named)).value();
  CHECK(name == "worker_0");
  auto failing = stdexec::schedule(scheduler_of(pool)) | stdexec::then([] { throw std::runtime_error("as it was"); });
  CHECK_THROWS_WITH(stdexec::sync_wait(std::move(failing)), "as it was");
}

TEST_CASE("schedulers of the same pool and priority are equal, and senders know theirs", "[stdexec]") {
  thread_pool_executor pool{{.max_workers = 1}};
  thread_pool_executor other{{.max_workers = 1}};
  const auto high = scheduler_of(pool.with(heddle::priority::high));
  CHECK(scheduler_of(pool) == scheduler_of(pool));
  CHECK(scheduler_of(pool) != scheduler_of(other));
  CHECK(scheduler_of(pool) != high);
  CHECK(stdexec::get_completion_scheduler<stdexec::set_value_t>(stdexec::get_env(stdexec::schedule(high))) == high);
  CHECK(stdexec::get_forward_progress_guarantee(high) == stdexec::forward_progress_guarantee::parallel);
}

TEST_CASE("several senders of a pool are awaited together", "[stdexec]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  const auto plus_one = [&](int i) {
    return stdexec::schedule(scheduler_of(pool)) | stdexec::then([i] { return i + 1; });
  };
  auto [a, b, c] = stdexec::sync_wait(stdexec::when_all(plus_one(1), plus_one(2), plus_one(3))).value();
  CHECK(a + b + c == 9);
}

TEST_CASE("work starts on one pool and goes on in another", "[stdexec]") {
  const heddle_test::deadline limit;
  thread_pool_executor one{{.max_workers = 1, .thread_name_prefix = "one"}};
  for (int i = 0; i < 200; ++i) {
    thread_pool_executor two{{.max_workers = 1, .thread_name_prefix = "two"}};
    auto work = stdexec::starts_on(scheduler_of(one), stdexec::just() | stdexec::then(heddle_test::thread_name)) |
                stdexec::continues_on(scheduler_of(two)) |
                stdexec::then([](const std::string& first) { return first + heddle_test::thread_name(); });
    auto [names] = stdexec::sync_wait(std::move(work)).value();
    REQUIRE(names == "one_0two_0");
  }
}

TEST_CASE("a bulk runs on a pool", "[stdexec]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  std::vector<int> squares(100);
  auto work = stdexec::schedule(scheduler_of(pool)) |
              stdexec::bulk(stdexec::par, 100, [&](int i) { squares[static_cast<std::size_t>(i)] = i * i; });
  stdexec::sync_wait(std::move(work)).value();
  CHECK(squares[99] == 9801);
}

TEST_CASE("an operation whose receiver was asked to stop ends stopped", "[stdexec]") {
  const heddle_test::deadline limit;
  stdexec::inplace_stop_source source;
  ending stopped;
  ending not_asked;
  {
    thread_pool_executor pool{{.max_workers = 1}};
    heddle_test::gate gate;
    heddle_test::occupy(pool, gate);
    auto one = stdexec::connect(stdexec::schedule(scheduler_of(pool)), receiver{&stopped, source.get_token()});
    auto other = stdexec::connect(stdexec::schedule(scheduler_of(pool)), receiver{&not_asked, {}});
    stdexec::start(one);
    stdexec::start(other);
    CHECK_FALSE(stopped.stopped);
    source.request_stop();
    gate.open();
    pool.shutdown();
  }
  CHECK(stopped.stopped);
  CHECK_FALSE(stopped.value);
  CHECK(not_asked.value);
}

TEST_CASE("a pool that was shut down refuses with its error", "[stdexec]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  pool.shutdown();
  CHECK_THROWS_AS(stdexec::sync_wait(stdexec::schedule(scheduler_of(pool))), heddle::executor_shutdown_error);
}

TEST_CASE("what a pool cancels ends stopped", "[stdexec]") {
  const heddle_test::deadline limit;
  ending end;
  thread_pool_executor pool{{.max_workers = 1}};
  heddle_test::gate gate;
  heddle_test::occupy(pool, gate);
  auto operation = stdexec::connect(stdexec::schedule(scheduler_of(pool)), receiver{&end, {}});
  stdexec::start(operation);
  pool.shutdown(heddle::pending_jobs::cancel, heddle::join_workers::no);
  gate.open();
  pool.shutdown();
  CHECK(end.stopped);
  CHECK_FALSE(end.value);
}

TEST_CASE("an operation on a pool that breaks ends with why it broke", "[stdexec]") {
  const heddle_test::deadline limit;
  ending end;
  heddle_test::gate gate;
  thread_pool_executor pool{{.max_workers = 1, .initializer = [&] {
                               gate.pass();
                               throw std::runtime_error("no");
                             }}};
  gate.wait_until_reached();
  auto operation = stdexec::connect(stdexec::schedule(scheduler_of(pool)), receiver{&end, {}});
  stdexec::start(operation);
  gate.open();
  pool.shutdown();
  REQUIRE(end.error != nullptr);
  CHECK_THROWS_AS(std::rethrow_exception(end.error), heddle::broken_thread_pool);
}
