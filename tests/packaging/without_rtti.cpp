// SPDX-License-Identifier: MIT
// A program that is compiled without run-time type information: each part of heddle once, and failures above all.
#include <heddle/heddle.hpp>
#include <heddle/process/exception_codec.hpp>
#include <heddle/register_exception.hpp>
#include <heddle/serialize.hpp>
#include <heddle/std_future.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <numeric>
#include <ranges>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

#if defined(__cpp_rtti) || defined(__GXX_RTTI)
constexpr bool has_rtti = true;  // it was not compiled as it should be
#else
constexpr bool has_rtti = false;
#endif

/// Ends the program at the first thing that is wrong, with the number of its line.
void check(bool right, int line) {
  if (!right) std::exit(line % 255 + 1);
}
#define HEDDLE_CHECK(right) check(right, __LINE__)

template <class E, class Call>
bool throws(const Call& call) {
  try {
    call();
  } catch (const E&) {
    return true;
  }
  return false;
}

void check_failures(heddle::thread_pool_executor& pool) {
  auto failed = pool.submit([]() -> int { throw std::out_of_range("far"); });
  HEDDLE_CHECK(throws<std::logic_error>([&] { failed.result(); }));
  HEDDLE_CHECK(throws<int>([&] { pool.submit([] { throw 3; }).result(); }));
  HEDDLE_CHECK(std::move(failed).catch_error<std::logic_error>([](std::logic_error&) { return 4; }).result() == 4);

  heddle::promise<std::unique_ptr<int>> promise;
  auto broken = promise.get_future();
  HEDDLE_CHECK(throws<heddle::timeout_error>([&] { broken.result(std::chrono::seconds(0)); }));
  promise = {};
  HEDDLE_CHECK(throws<heddle::broken_promise>([&] { broken.result(); }));

  heddle::promise<int> unset;
  auto cancelled = unset.get_future();
  HEDDLE_CHECK(cancelled.cancel());
  HEDDLE_CHECK(throws<heddle::cancelled_error>([&] { cancelled.result(); }));

  heddle::thread_pool_executor other{{.max_workers = 1, .initializer = [] { throw std::runtime_error("no"); }}};
  HEDDLE_CHECK(throws<heddle::broken_executor>([&] {
    for (;;) other.submit([] {}).result();
  }));
}

void check_futures(heddle::thread_pool_executor& pool) {
  auto futures = pool.submit_bulk([](int i) { return 2 * i; }, std::views::iota(0, 10));
  HEDDLE_CHECK(heddle::wait(futures).not_done.empty());
  int sum = 0;
  for (auto& each : heddle::as_completed(futures)) sum += each.result();
  for (const int each : pool.map([](int i) { return i; }, std::vector{1, 2, 3})) sum += each;
  HEDDLE_CHECK(sum == 96);
  std::atomic<int> told{0};
  futures[0].add_done_callback([&] { ++told; });
  HEDDLE_CHECK(told == 1);
  HEDDLE_CHECK(heddle::collect(pool.submit([] { return 1; }), pool.submit([] { return 2; }))
                   .then([](const auto& both) { return std::get<0>(both) + std::get<1>(both); })
                   .result() == 3);
  std::future<std::string> there = heddle::to_std(pool.submit([] { return std::string("back"); }));
  HEDDLE_CHECK(heddle::from_std(pool, std::move(there)).result() == "back");
  auto stopped = pool.submit([](heddle::stop_token stop) {
    while (!stop.stop_requested()) {
    }
  });
  while (!stopped.running()) std::this_thread::yield();
  HEDDLE_CHECK(stopped.request_stop());
  stopped.result();
}

void check_loops(heddle::thread_pool_executor& pool) {
  std::vector<int> squares(1000);
  heddle::parallel_for(pool, 0, squares.size(), [&](std::size_t i) { squares[i] = static_cast<int>(i * i); });
  HEDDLE_CHECK(heddle::parallel_reduce(pool, squares, 0, std::plus<>()) ==
               std::accumulate(squares.begin(), squares.end(), 0));
  HEDDLE_CHECK(
      throws<std::range_error>([&] { heddle::parallel_for(pool, 0, 9, [](int) { throw std::range_error("x"); }); }));
  std::atomic<int> done{0};
  heddle::task_group group(pool);
  for (int i = 0; i < 10; ++i) group.run([&] { ++done; });
  group.wait();
  HEDDLE_CHECK(done == 10);
}

heddle::asyncio::task<int> twice(int value) { co_return 2 * value; }

heddle::asyncio::task<int> answer(heddle::thread_pool_executor& pool) {
  auto [one, other] = co_await heddle::asyncio::gather(twice(10), twice(11));
  co_return one + other + co_await pool.submit([] { return 0; });
}

struct own_error : std::exception {
  explicit own_error(std::string text) : text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }
  std::string text_;
};

template <class E, class Thrown>
bool comes_back_as(const Thrown& thrown) {
  heddle::process::vector_sink sink;
  heddle::process::encode_exception(sink, std::make_exception_ptr(thrown), {});
  const auto message = sink.take();
  heddle::process::span_source source(message);
  const std::exception_ptr error = heddle::process::decode_exception(source);
  return throws<E>([&] { std::rethrow_exception(error); });
}

void check_processes() {
  heddle::process::vector_sink sink;
  heddle::process::encode(sink, std::vector<std::string>{"a", "b"});
  const auto message = sink.take();
  heddle::process::span_source source(message);
  HEDDLE_CHECK(heddle::process::decode<std::vector<std::string>>(source).back() == "b");
  heddle::register_exception<own_error>();
  HEDDLE_CHECK(comes_back_as<std::out_of_range>(std::out_of_range("far")));
  HEDDLE_CHECK(comes_back_as<std::bad_alloc>(std::bad_alloc()));
  HEDDLE_CHECK(comes_back_as<own_error>(own_error("own")));
  HEDDLE_CHECK(comes_back_as<std::filesystem::filesystem_error>(std::filesystem::filesystem_error("x", {})));
  HEDDLE_CHECK(comes_back_as<std::ios_base::failure>(std::ios_base::failure("x")));
  HEDDLE_CHECK(comes_back_as<std::system_error>(std::system_error(1, std::generic_category())));
  HEDDLE_CHECK(comes_back_as<heddle::remote_error>(1.5));
}

}  // namespace

int main() {
  HEDDLE_CHECK(!has_rtti);
  heddle::thread_pool_executor pool{{.max_workers = 2}};
  check_failures(pool);
  check_futures(pool);
  check_loops(pool);
  check_processes();
  HEDDLE_CHECK(heddle::asyncio::run(answer(pool)) == 42);
  HEDDLE_CHECK(pool.every(std::chrono::milliseconds(1), [] { throw 1; }).exception() != nullptr);
}
