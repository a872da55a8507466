// SPDX-License-Identifier: MIT
// What posted calls throw goes to the option on_unhandled.
#include <heddle/thread_pool_executor.hpp>

#include <atomic>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>

namespace {

using heddle::thread_pool_executor;

/// The messages of what a pool's posted calls have thrown.
class unhandled {
 public:
  void operator()(const std::exception_ptr& error) {
    const std::lock_guard hold(mutex_);
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& known) {
      messages_.emplace_back(known.what());
    } catch (...) {
      messages_.emplace_back("unknown");
    }
  }
  [[nodiscard]] std::vector<std::string> messages() const {
    const std::lock_guard hold(mutex_);
    return messages_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> messages_;
};

using messages = std::vector<std::string>;

}  // namespace

TEST_CASE("what a posted call throws goes to on_unhandled, and the worker goes on", "[on_unhandled]") {
  const heddle_test::deadline limit;
  unhandled seen;
  thread_pool_executor pool{{.max_workers = 1, .on_unhandled = std::ref(seen)}};
  pool.post([] { throw std::runtime_error("first"); });
  pool.with(heddle::priority::background).post([] { throw 2; });
  CHECK(pool.submit([] { return 3; }).result() == 3);
  pool.shutdown();
  CHECK(seen.messages() == messages{"first", "unknown"});
}

TEST_CASE("what each call of a posted bulk throws goes to on_unhandled", "[on_unhandled]") {
  const heddle_test::deadline limit;
  unhandled seen;
  thread_pool_executor pool{{.max_workers = 1, .on_unhandled = std::ref(seen)}};
  pool.post_bulk(
      [](int each) {
        if (each % 2 == 0) throw std::runtime_error(std::to_string(each));
      },
      std::vector<int>{1, 2, 3, 4});
  pool.shutdown();
  CHECK(seen.messages() == messages{"2", "4"});
}

TEST_CASE("what a submitted call throws is in its future, not for on_unhandled", "[on_unhandled]") {
  const heddle_test::deadline limit;
  unhandled seen;
  thread_pool_executor pool{{.max_workers = 1, .on_unhandled = std::ref(seen)}};
  CHECK_THROWS_AS(pool.submit([] { throw std::runtime_error("in the future"); }).result(), std::runtime_error);
  pool.shutdown();
  CHECK(seen.messages().empty());
}

TEST_CASE("a posted call that runs in its caller, since the pool is full, tells on_unhandled too", "[on_unhandled]") {
  const heddle_test::deadline limit;
  unhandled seen;
  thread_pool_executor pool{{.max_workers = 1,
                             .max_pending = 1,
                             .when_full = heddle::when_full::caller_runs,
                             .on_unhandled = std::ref(seen)}};
  heddle_test::gate busy;
  heddle_test::occupy(pool, busy);
  pool.post([] {});
  CHECK_NOTHROW(pool.post([] { throw std::runtime_error("in the caller"); }));
  CHECK(seen.messages() == messages{"in the caller"});
}

TEST_CASE("a handler may use the pool whose call has thrown", "[on_unhandled]") {
  const heddle_test::deadline limit;
  std::atomic<int> retried{0};
  thread_pool_executor* known = nullptr;
  thread_pool_executor pool{
      {.max_workers = 1, .on_unhandled = [&](const std::exception_ptr&) { known->post([&] { ++retried; }); }}};
  known = &pool;
  pool.submit([&] { pool.post([] { throw 1; }); }).result();
  pool.wait_idle();
  CHECK(retried == 1);
}
