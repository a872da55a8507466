// SPDX-License-Identifier: MIT
#include <heddle/asio.hpp>

#include <heddle/asyncio.hpp>
#include <heddle/errors.hpp>
#include <heddle/manual_executor.hpp>
#include <heddle/parallel_for.hpp>
#include <heddle/thread_pool_executor.hpp>

#ifdef HEDDLE_USE_BOOST_ASIO
#include <boost/asio.hpp>
#else
#include <asio.hpp>
#endif

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/threads.hpp>
#include <support/tracked.hpp>

namespace net = heddle::asio_library;
using namespace std::chrono_literals;
using heddle::as_asio_executor;
using heddle::as_executor;
using heddle::thread_pool_executor;

namespace {

static_assert(net::execution::is_executor<heddle::asio_executor>::value);
static_assert(std::is_convertible_v<heddle::asio_executor, net::any_io_executor>);
static_assert(heddle::asio_executor::query(net::execution::blocking) == net::execution::blocking.never);

using io_executor = decltype(as_executor(std::declval<net::io_context&>()));
static_assert(heddle::executor<io_executor>);
static_assert(heddle::executor<const io_executor>);
static_assert(heddle::executor<decltype(as_executor(std::declval<net::any_io_executor>()))>);

/// Runs an io_context in a thread of its own until the end of the scope.
class io_thread {
 public:
  io_thread() : thread_([this] { io.run(); }) {}
  io_thread(const io_thread&) = delete;
  io_thread& operator=(const io_thread&) = delete;
  ~io_thread() {
    work_.reset();
    thread_.join();
  }
  [[nodiscard]] std::thread::id id() const { return thread_.get_id(); }

  net::io_context io;

 private:
  net::executor_work_guard<net::io_context::executor_type> work_ = net::make_work_guard(io);
  std::thread thread_;
};

/// An operation of one's own that ends at once with what it was given.
template <class Signature, class... Results>
auto completed(Results... results) {
  return net::async_initiate<const heddle::use_future_t, Signature>(
      [](auto handler, Results... given) { handler(given...); }, heddle::use_future, results...);
}

}  // namespace

TEST_CASE("Asio posts handlers to a pool, move-only ones too", "[asio]") {
  const heddle_test::deadline limit;
  std::atomic<int> sum{0};
  {
    thread_pool_executor pool{{.max_workers = 2}};
    net::post(as_asio_executor(pool), [&] { sum += 1; });
    net::post(as_asio_executor(pool), [&, held = std::make_unique<int>(2)] { sum += *held; });
    net::dispatch(as_asio_executor(pool.with(heddle::priority::high)), [&] { sum += 4; });
    net::defer(as_asio_executor(pool), [&] { sum += 8; });
    const net::any_io_executor any = as_asio_executor(pool);
    net::post(any, [&] { sum += 16; });
  }
  CHECK(sum == 31);
}

TEST_CASE("Asio's executors on the same pool, priority and context are equal", "[asio]") {
  thread_pool_executor pool{{.max_workers = 1}};
  thread_pool_executor other{{.max_workers = 1}};
  net::io_context io;
  CHECK(as_asio_executor(pool) == as_asio_executor(pool));
  CHECK(as_asio_executor(pool) != as_asio_executor(other));
  CHECK(as_asio_executor(pool) != as_asio_executor(pool, io));
  const auto high = as_asio_executor(pool.with(heddle::priority::high));
  CHECK(high == as_asio_executor(pool.with(heddle::priority::high)));
  CHECK(high != as_asio_executor(pool.with(heddle::priority::background)));
  CHECK(net::any_io_executor(as_asio_executor(pool)) == net::any_io_executor(as_asio_executor(pool)));
  CHECK(&net::query(as_asio_executor(pool, io), net::execution::context) == &io);
  CHECK(&net::query(as_asio_executor(pool), net::execution::context) ==
        &net::query(as_asio_executor(other), net::execution::context));
}

TEST_CASE("a strand on a pool runs one handler at a time, in order", "[asio]") {
  const heddle_test::deadline limit;
  std::vector<int> seen;
  {
    thread_pool_executor pool{{.max_workers = 4}};
    auto strand = net::make_strand(as_asio_executor(pool));
    for (int i = 0; i < 1000; ++i) net::post(strand, [&seen, i] { seen.push_back(i); });
  }
  REQUIRE(seen.size() == 1000);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
}

TEST_CASE("a handler that is bound to a pool runs there", "[asio]") {
  const heddle_test::deadline limit;
  heddle::promise<std::string> name;  // outlives the worker that is still in set_value() when this thread has the value
  io_thread thread;
  thread_pool_executor pool{{.max_workers = 1, .thread_name_prefix = "bound"}};
  net::steady_timer timer(thread.io, 1ms);
  timer.async_wait(net::bind_executor(as_asio_executor(pool),
                                      [&](heddle::asio_error_code) { name.set_value(heddle_test::thread_name()); }));
  CHECK(name.get_future().result() == "bound_0");
}

TEST_CASE("timers of an executor on a pool are served by Asio, or by a context, and their handlers by the pool",
          "[asio]") {
  const heddle_test::deadline limit;
  io_thread thread;  // ends after the pool, which has handlers that hold timers
  thread_pool_executor pool{{.max_workers = 1, .thread_name_prefix = "timed"}};
  const auto name_after = [](const net::any_io_executor& on) {
    auto timer = std::make_shared<net::steady_timer>(on, 1ms);
    heddle::promise<std::string> name;
    auto result = name.get_future();
    timer->async_wait([timer, name = std::move(name)](heddle::asio_error_code) mutable {
      name.set_value(heddle_test::thread_name());
    });
    return result;
  };
  CHECK(name_after(as_asio_executor(pool)).result() == "timed_0");
  CHECK(name_after(as_asio_executor(pool, thread.io)).result() == "timed_0");
}

TEST_CASE("a pool that is destroyed runs all that its handlers post to it", "[asio]") {
  const heddle_test::deadline limit;
  std::vector<int> seen;
  {
    thread_pool_executor pool{{.max_workers = 2}};
    heddle_test::gate gate;
    const auto executor = as_asio_executor(pool);
    net::post(executor, [&, executor] {
      gate.pass();
      pool.shutdown(heddle::pending_jobs::finish, heddle::join_workers::no);
      net::post(executor, [&, executor] {
        seen.push_back(2);
        net::post(executor, [&] { seen.push_back(3); });
      });
      seen.push_back(1);
    });
    gate.wait_until_reached();
    gate.open();
  }
  CHECK(seen == std::vector<int>{1, 2, 3});
}

TEST_CASE("what a handler posts to another pool that was shut down is refused", "[asio]") {
  const heddle_test::deadline limit;
  heddle::promise<bool> refused;
  thread_pool_executor pool{{.max_workers = 1}};
  thread_pool_executor other{{.max_workers = 1}};
  other.shutdown();
  net::post(as_asio_executor(pool), [&] {
    try {
      net::post(as_asio_executor(other), [] {});
      refused.set_value(false);
    } catch (const heddle::executor_shutdown_error&) {
      refused.set_value(true);
    }
  });
  CHECK(refused.get_future().result());
}

TEST_CASE("handlers that a pool cancels are destroyed", "[asio]") {
  const heddle_test::deadline limit;
  heddle_test::life_counts counts;
  thread_pool_executor pool{{.max_workers = 1}};
  heddle_test::gate gate;
  heddle_test::occupy(pool, gate);
  net::post(as_asio_executor(pool), [held = heddle_test::tracked(counts)] {});
  heddle::future<void> cancelled = net::post(as_asio_executor(pool), heddle::use_future);
  CHECK(counts.alive == 1);
  pool.shutdown(heddle::pending_jobs::cancel, heddle::join_workers::no);
  gate.open();
  CHECK_THROWS_AS(cancelled.result(), heddle::broken_promise);
  pool.shutdown();
  CHECK(counts.alive == 0);
}

TEST_CASE("a pool that was shut down tells Asio so", "[asio]") {
  thread_pool_executor pool{{.max_workers = 1}};
  pool.shutdown();
  CHECK_THROWS_AS(net::post(as_asio_executor(pool), [] {}), heddle::executor_shutdown_error);
}

TEST_CASE("a context of Asio's runs calls of heddle's", "[asio][executor]") {
  const heddle_test::deadline limit;
  io_thread thread;
  auto executor = as_executor(thread.io);
  CHECK(executor.submit([] { return std::this_thread::get_id(); }).result() == thread.id());
  CHECK(*executor.submit([](std::unique_ptr<int> given) { return given; }, std::make_unique<int>(3)).result() == 3);
  CHECK_THROWS_WITH(executor.submit([]() -> int { throw std::runtime_error("as it was"); }).result(), "as it was");
  int sum = 0;
  for (const int twice : executor.map([](int i) { return 2 * i; }, std::vector<int>{1, 2, 3})) sum += twice;
  for (const int twice :
       heddle::map(as_executor(thread.io.get_executor()), [](int i) { return 2 * i; }, std::vector<int>{1, 2, 3})) {
    sum += twice;
  }
  CHECK(sum == 24);
  CHECK(executor.max_workers() == 1);
  CHECK(as_executor(thread.io, 3).max_workers() == 3);
}

TEST_CASE("loops and coroutines take a context of Asio's as their executor", "[asio][executor]") {
  const heddle_test::deadline limit;
  io_thread thread;
  std::atomic<int> sum{0};
  heddle::parallel_for(as_executor(thread.io, 2), 0, 1000, [&](int i) { sum += i; });
  CHECK(sum == 499500);
  namespace asyncio = heddle::asyncio;
  const auto ran_in =
      asyncio::run(asyncio::to_thread(as_executor(thread.io), [] { return std::this_thread::get_id(); }));
  CHECK(ran_in == thread.id());
}

TEST_CASE("calls begin when the context is run, and not if they were cancelled", "[asio][executor]") {
  net::io_context io;
  auto executor = as_executor(io);
  auto f = executor.submit([] { return 1; });
  int ran = 0;
  auto cancelled = executor.submit([&] { ++ran; });
  executor.post([&, held = std::make_unique<int>(10)] { ran += *held; });
  CHECK_FALSE(f.done());
  CHECK(cancelled.cancel());
  io.run();
  CHECK(f.result(0s) == 1);
  CHECK(ran == 10);
}

TEST_CASE("what a posted call throws comes out of run()", "[asio][executor]") {
  net::io_context io;
  as_executor(io).post([] { throw std::runtime_error("out of run"); });
  CHECK_THROWS_WITH(io.run(), "out of run");
}

TEST_CASE("calls that are queued when a context ends are cancelled", "[asio][executor]") {
  heddle_test::life_counts counts;
  heddle::future<int> f;
  {
    net::io_context io;
    f = as_executor(io).submit([held = heddle_test::tracked(counts)] { return 1; });
    as_executor(io).post([held = heddle_test::tracked(counts)] {});
    CHECK(counts.alive == 2);
  }
  CHECK(counts.alive == 0);
  CHECK_THROWS_AS(f.result(0s), heddle::cancelled_error);
}

TEST_CASE("a call that Asio does not take is destroyed, and submit() throws", "[asio][executor]") {
  thread_pool_executor pool{{.max_workers = 1}};
  pool.shutdown();
  auto there_and_back = as_executor(as_asio_executor(pool));
  heddle_test::life_counts counts;
  CHECK_THROWS_AS(there_and_back.submit([held = heddle_test::tracked(counts)] {}), heddle::executor_shutdown_error);
  CHECK(counts.alive == 0);
}

TEST_CASE("an operation of Asio's gives a heddle future", "[asio][use_future]") {
  const heddle_test::deadline limit;
  io_thread thread;
  net::steady_timer timer(thread.io, 1ms);
  heddle::future<void> waited = timer.async_wait(heddle::use_future);
  CHECK_FALSE(waited.cancel());
  waited.result();

  thread_pool_executor pool{{.max_workers = 1}};
  heddle::future<void> posted = net::post(as_asio_executor(pool), heddle::use_future);
  posted.result();
}

TEST_CASE("reading and writing give futures of sizes, and errors are system errors", "[asio][use_future]") {
  const heddle_test::deadline limit;
  io_thread thread;
  net::ip::tcp::acceptor acceptor(thread.io, {net::ip::address_v4::loopback(), 0});
  net::ip::tcp::socket client(thread.io);
  heddle::future<net::ip::tcp::socket> accepted = acceptor.async_accept(heddle::use_future);
  client.async_connect(acceptor.local_endpoint(), heddle::use_future).result();
  net::ip::tcp::socket server = std::move(accepted).result();

  const std::string text = "hello";
  heddle::future<std::size_t> written = net::async_write(client, net::buffer(text), heddle::use_future);
  std::array<char, 5> got{};
  heddle::future<std::size_t> read = net::async_read(server, net::buffer(got), heddle::use_future);
  CHECK(written.result() == 5);
  CHECK(read.result() == 5);
  CHECK(std::string(got.begin(), got.end()) == text);

  client.close();
  heddle::future<std::size_t> end = server.async_read_some(net::buffer(got), heddle::use_future);
  try {
    end.result();
    FAIL("read after the end");
  } catch (const std::system_error& error) {
    CHECK(error.code() == std::error_code(heddle::asio_error_code(net::error::eof)));
  }
}

TEST_CASE("a future of an operation is awaited in a coroutine", "[asio][use_future]") {
  const heddle_test::deadline limit;
  io_thread thread;
  namespace asyncio = heddle::asyncio;
  const bool waited = asyncio::run([&]() -> asyncio::task<bool> {
    net::steady_timer timer(thread.io, 1ms);
    co_await timer.async_wait(heddle::use_future);
    co_return true;
  });
  CHECK(waited);
}

TEST_CASE("an operation ends with nothing, one result, several, or an exception", "[asio][use_future]") {
  const heddle::asio_error_code fine;
  completed<void()>().result();
  completed<void(heddle::asio_error_code)>(fine).result();
  CHECK(completed<void(int)>(3).result() == 3);
  CHECK(completed<void(heddle::asio_error_code, int)>(fine, 4).result() == 4);
  CHECK(completed<void(heddle::asio_error_code, int, char)>(fine, 5, 'x').result() == std::tuple(5, 'x'));
  completed<void(std::exception_ptr)>(std::exception_ptr()).result();
  CHECK_THROWS_WITH(
      completed<void(std::exception_ptr, int)>(std::make_exception_ptr(std::runtime_error("as it was")), 6).result(),
      "as it was");
}

TEST_CASE("a result that cannot be moved into the future leaves its exception there", "[asio][use_future]") {
  struct fragile {
    fragile() = default;
    fragile(const fragile&) { throw std::runtime_error("not copied"); }
  };
  auto f = net::async_initiate<const heddle::use_future_t, void(fragile)>(
      [](auto handler) {
        const fragile made;
        handler(made);
      },
      heddle::use_future);
  CHECK_THROWS_WITH(f.result(0s), "not copied");
}

TEST_CASE("an operation that Asio drops leaves a broken promise", "[asio][use_future]") {
  heddle::future<void> f;
  {
    net::io_context io;
    net::steady_timer timer(io, 1h);
    f = timer.async_wait(heddle::use_future);
  }
  CHECK(f.done());
  heddle::future<void> dropped;
  {
    net::io_context io;
    dropped = net::post(io, heddle::use_future);
  }
  CHECK_THROWS_AS(dropped.result(0s), heddle::broken_promise);
}
