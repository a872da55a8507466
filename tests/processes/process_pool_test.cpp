// SPDX-License-Identifier: MIT
// What a pool of worker processes does for those who use it as it is meant.
#include <heddle/process_pool_executor.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <ranges>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/as_completed.hpp>
#include <heddle/parallel_map.hpp>
#include <heddle/wait.hpp>
#include <processes/held_call.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using heddle::process_pool_executor;
using heddle_test::scaled;

namespace {

int twice(int value) { return 2 * value; }

struct point {
  double x = 0;
  std::vector<int> more;
  bool operator==(const point&) const = default;
};

}  // namespace

TEST_CASE("a call runs in another process, and its result comes back", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  CHECK(procs.submit([] { return ::getpid(); }).result() != ::getpid());
  auto text = procs.submit([](int a, const std::string& b) { return b + std::to_string(a); }, 3, "n=");
  CHECK(text.result() == "n=3");
  CHECK(text.done());
  CHECK_FALSE(text.cancel());
  CHECK(std::move(text).result() == "n=3");
  procs.submit([] {}).result();
  CHECK(*procs.submit([](std::unique_ptr<int> p) { return p; }, std::make_unique<int>(5)).result() == 5);
  const std::map<std::string, point> all{{"a", {1.5, {1, 2}}}, {"b", {}}};
  CHECK(procs.submit([](const std::map<std::string, point>& m) { return m; }, all).result() == all);
  CHECK(procs.submit([](std::optional<int> o) { return o.has_value(); }, std::optional<int>()).result() == false);
}

TEST_CASE("functions, lambdas, partial and by_value travel", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  CHECK(procs.submit(twice, 1).result() == 2);
  CHECK(procs.submit(&twice, 2).result() == 4);
  CHECK(procs
            .submit(
                heddle::partial([](const std::string& s, int n) { return s + std::to_string(n); }, std::string("x")), 4)
            .result() == "x4");
  CHECK(procs.submit(heddle::partial(&twice, 6)).result() == 12);
  int n = 5;
  CHECK(procs.submit(heddle::by_value([n](int x) { return x + n; }), 1).result() == 6);
}

TEST_CASE("views are arguments, of what the call keeps", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  heddle::future<std::size_t> length;
  heddle::future<int> sum;
  {
    std::string text(1000, 'x');
    std::vector<int> numbers(100, 2);
    length = procs.submit([](std::string_view s) { return s.size(); }, std::string_view(text));
    sum = procs.submit([](std::span<const int> s) { return std::accumulate(s.begin(), s.end(), 0); },
                       std::span<const int>(numbers));
  }
  CHECK(length.result() == 1000);
  CHECK(sum.result() == 200);
}

TEST_CASE("what a call throws comes back as what it was, and says where", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  auto f = procs.submit([]() -> int { throw std::out_of_range("far"); });
  CHECK_THROWS_AS(f.result(), std::out_of_range);
  CHECK_THROWS_WITH(f.result(), "far");
  try {
    f.result();
  } catch (const std::out_of_range& error) {
    try {
      std::rethrow_if_nested(error);
      FAIL("nothing is nested");
    } catch (const heddle::remote_error& where) {
      CHECK(where.pid() == procs.submit([] { return ::getpid(); }).result());
      CHECK(where.remote_what() == "far");
    }
  }
  struct unknown {};
  CHECK_THROWS_AS(procs.submit([] { throw unknown(); }).result(), heddle::remote_error);
  CHECK(procs.submit(twice, 1).result() == 2);
}

TEST_CASE("values of any size go there and back", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  for (const std::size_t size :
       {0UL, 1UL, 31UL, 4096UL, 500'000UL, 1'000'000UL, 1'048'576UL, 3'000'001UL, 20'000'000UL}) {
    std::vector<std::uint8_t> given(size);
    for (std::size_t i = 0; i < size; ++i) given[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
    const auto back = procs.submit([](std::vector<std::uint8_t> v) { return v; }, given).result();
    CHECK(back == given);
  }
  // Several at a time, and small ones between.
  std::vector<heddle::future<std::size_t>> sizes;
  for (std::size_t i = 0; i < scaled(60); ++i)
    sizes.push_back(
        procs.submit([](const std::string& s) { return s.size(); }, std::string(i % 5 == 0 ? 2'000'000 : i, 'a')));
  for (std::size_t i = 0; i < sizes.size(); ++i) CHECK(sizes[i].result() == (i % 5 == 0 ? 2'000'000 : i));
}

TEST_CASE("many calls are all done, by all workers", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 3}};
  std::vector<heddle::future<int>> all;
  const int count = static_cast<int>(scaled(20'000));
  for (int i = 0; i < count; ++i) all.push_back(procs.submit([](int x) { return x + 1; }, i));
  int wrong = 0;
  for (int i = 0; i < count; ++i) wrong += all[static_cast<std::size_t>(i)].result() == i + 1 ? 0 : 1;
  CHECK(wrong == 0);
}

TEST_CASE("maps have their results in order, or as they come", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  std::vector<int> numbers(100);
  std::iota(numbers.begin(), numbers.end(), 0);
  int expected = 0;
  for (const int each : procs.map(twice, numbers)) CHECK(each == 2 * expected++);
  int sum = 0;
  for (const int each : procs.map_unordered([](int a, int b) { return a * b; }, numbers, numbers)) sum += each;
  CHECK(sum == 328'350);
}

TEST_CASE("maps in chunks and with a buffer, and starmaps", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  std::vector<int> numbers(103);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto careful = [](int x) {
    if (x % 10 == 3) throw std::invalid_argument("no " + std::to_string(x));
    return x + 1;
  };
  const auto check = [&](const heddle::map_options& options) {
    int i = 0;
    for (const auto& each : procs.map_settled(careful, options, numbers)) {
      CHECK(each.has_value() == (i % 10 != 3));
      if (each) CHECK(each.value() == i + 1);
      if (!each) CHECK_THROWS_WITH(each.value(), "no " + std::to_string(i));
      ++i;
    }
    CHECK(i == 103);
  };
  check({.chunksize = 7});
  check({.chunksize = 1000});
  check({.buffersize = 5});
  check({.chunksize = 4, .buffersize = 3});
  std::vector<std::pair<std::string, int>> pairs{{"a", 1}, {"b", 2}};
  std::string all;
  for (const auto& each : procs.starmap([](const std::string& s, int n) { return s + std::to_string(n); }, pairs))
    all += each;
  CHECK(all == "a1b2");
  int calls = 0;
  for (const int each : procs.starmap(heddle::partial([](int f, int a, int b) { return f * a * b; }, 10),
                                      {.chunksize = 2}, std::vector{std::pair(1, 2), std::pair(3, 4), std::pair(5, 6)}))
    calls += each;
  CHECK(calls == 440);
}

TEST_CASE("loops in processes end though their calls take long, or begin late", "[process_pool]") {
  const heddle_test::deadline limit;
  const std::vector<int> numbers(40, 1);
  process_pool_executor procs{{.max_workers = 2}};
  const auto slow = [](int x) {
    std::this_thread::sleep_for(12ms);
    return 2 * x;
  };
  CHECK(heddle::parallel_map(procs, slow, numbers) == std::vector<int>(40, 2));
  heddle::parallel_for_each(procs, numbers, [](int) { std::this_thread::sleep_for(12ms); });
  process_pool_executor late{{.max_workers = 1, .initializer = [] { std::this_thread::sleep_for(300ms); }}};
  CHECK(heddle::parallel_map(late, twice, numbers) == std::vector<int>(40, 2));
}

TEST_CASE("parallel_map ends with its shortest range, and one without end is none", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  const auto sum = [](int x, int y) { return x + y; };
  const std::vector<int> numbers(100, 1);
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 1);
  CHECK(heddle::parallel_map(procs, sum, numbers, std::views::iota(0)) == expected);
  CHECK(heddle::parallel_map(procs, sum, std::views::iota(0), numbers) == expected);
  const std::list<int> few(3, 1);
  CHECK(heddle::parallel_map(procs, sum, std::views::iota(0), few) == std::vector<int>{1, 2, 3});
  std::istringstream words("5 6 7 8");
  CHECK(heddle::parallel_map(procs, sum, few, std::views::istream<int>(words)) == std::vector<int>{6, 7, 8});
  int next = 0;
  CHECK(words >> next);
  CHECK(next == 8);
}

TEST_CASE("chunks of a map keep what views among their elements show", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  auto runs = procs.submit([] { std::this_thread::sleep_for(200ms); });
  const auto submit = [&] {
    const std::vector<std::string> lines(30, std::string(100, 'x'));
    const std::vector<std::string_view> views(lines.begin(), lines.end());
    std::vector<std::unique_ptr<int>> owned;
    for (int i = 0; i < 30; ++i) owned.push_back(std::make_unique<int>(i));
    return procs.map(
        [](std::string_view line, std::unique_ptr<int> number) { return line == std::string(100, 'x') ? *number : -1; },
        {.chunksize = 8}, views, owned | std::views::transform([](auto& each) { return std::move(each); }));
  };
  auto results = submit();
  const std::vector<std::string> others(60, std::string(100, 'y'));  // where those were, maybe
  int expected = 0;
  for (const int each : results) CHECK(each == expected++);
  CHECK(expected == 30);
}

TEST_CASE("parallel_map sends slices of its ranges, and has the results in order", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  std::vector<int> numbers(scaled(500'000));
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto results = heddle::parallel_map(procs, [](int x) { return 2L * x; }, numbers);
  REQUIRE(results.size() == numbers.size());
  int wrong = 0;
  for (std::size_t i = 0; i < results.size(); ++i) wrong += results[i] == 2L * static_cast<long>(i) ? 0 : 1;
  CHECK(wrong == 0);
  const std::list<std::string> words{"a", "bb", "ccc"};
  const std::vector<int> flags{1, 0, 1, 1};
  const auto both = heddle::parallel_map(
      procs, [](const std::string& s, int doubled) { return doubled == 1 ? s + s : s; }, {.chunksize = 2}, words,
      flags);
  CHECK(both == std::vector<std::string>{"aa", "bb", "cccccc"});
  CHECK(heddle::parallel_map(procs, twice, std::vector<int>()).empty());
  const auto failing = [&] {
    return heddle::parallel_map(
        procs, [](int x) { return x == 70 || x == 30 ? throw std::out_of_range(std::to_string(x)) : x; },
        {.chunksize = 10}, numbers);
  };
  CHECK_THROWS_WITH(failing(), "30");
  const auto dying = [&] {
    return heddle::parallel_map(
        procs, [](int x) { return x == 55 ? ::raise(SIGKILL) : x; }, {.chunksize = 10}, numbers);
  };
  CHECK_THROWS_AS(dying(), heddle::worker_died);
  CHECK(procs.submit(twice, 4).result() == 8);
}

TEST_CASE("calls go to processes when others are done", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  CHECK(procs.submit(twice, 1).then(procs, [](int x) { return std::pair(x, ::getpid()); }).result().second !=
        ::getpid());
  procs.submit([] {}).then(procs, [] {}).result();
  auto a = procs.submit(twice, 10);
  auto b = procs.submit(twice, 1);
  auto sum = procs.submit_after(std::move(a), std::move(b), [](int x, int y) { return x + y; });
  CHECK(sum.result() == 22);
  auto failed = procs.submit([]() -> int { throw std::out_of_range("far"); });
  auto passed = procs.submit_after(std::move(failed), twice);
  CHECK_THROWS_AS(passed.result(), std::out_of_range);
  auto first = procs.submit(twice, 2);
  first.wait();
  auto late = procs.submit_after(first, [] { return 5; });
  CHECK(late.result() == 5);
  procs.shutdown();
  CHECK_THROWS_AS(std::move(first).then(procs, twice).result(), heddle::executor_shutdown_error);
}

TEST_CASE("threads submit and wait at a time", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < static_cast<int>(scaled(500)); ++i)
        wrong += procs.submit([](int a, int b) { return a * 1000 + b; }, t, i).result() == t * 1000 + i ? 0 : 1;
    });
  }
  for (auto& each : threads) each.join();
  CHECK(wrong == 0);
}

TEST_CASE("many threads wait for calls of one worker", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  std::vector<heddle::future<int>> all;
  for (int i = 0; i < 20; ++i) all.push_back(procs.submit([](int x) { return ::usleep(100), x; }, i));
  std::vector<std::thread> threads;
  std::atomic<int> sum{0};
  for (auto& each : all) threads.emplace_back([&] { sum += each.result(); });
  for (auto& each : threads) each.join();
  CHECK(sum == 190);
}

TEST_CASE("callbacks and continuations run, and may submit and wait", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  std::promise<int> told;
  auto f = procs.submit(twice, 4);
  f.add_done_callback(
      [&](const heddle::future<int>& done) { told.set_value(procs.submit(twice, done.result()).result()); });
  CHECK(told.get_future().get() == 16);
  CHECK(procs.submit(twice, 1).then([](int x) { return x + 1; }).result() == 3);
  std::vector<heddle::future<int>> several;
  for (int i = 0; i < 10; ++i) several.push_back(procs.submit(twice, i));
  int sum = 0;
  for (auto& each : heddle::as_completed(several)) sum += each.result();
  CHECK(sum == 90);
}

TEST_CASE("a callback that waits for a call behind others keeps nobody waiting", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  std::promise<int> told;
  auto f = procs.submit(twice, 4);
  f.add_done_callback([&] {
    std::vector<heddle::future<int>> behind;
    for (int i = 0; i < 30; ++i) behind.push_back(procs.submit([](int x) { return ::usleep(200), x; }, i));
    static_cast<void>(heddle::wait(behind));
    int sum = 0;
    for (auto& each : behind) sum += each.result();
    told.set_value(sum + procs.submit(twice, 1).result());
  });
  CHECK(told.get_future().get() == 437);
  CHECK(procs.submit(twice, 2).result() == 4);
}

TEST_CASE("callbacks run though the worker goes on with what takes for ever", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  constexpr int count = 500;  // so many that it gets several at a time
  std::atomic<int> told = 0;
  for (std::size_t round = 0; round < scaled(40); ++round) {
    std::promise<void> all;
    for (int i = 0; i < count; ++i) {
      procs.submit(twice, i).add_done_callback([&] {
        if (++told % count == 0) all.set_value();
      });
    }
    auto endless = procs.submit([] {
      for (;;) ::pause();
    });
    all.get_future().wait();
    CHECK(endless.cancel());
  }
}

TEST_CASE("futures outlive their pool", "[process_pool]") {
  const heddle_test::deadline limit;
  heddle::future<int> kept;
  heddle::future<int> dropped;
  {
    process_pool_executor procs{{.max_workers = 1}};
    kept = procs.submit([](int x) { return ::usleep(2000), x; }, 7);
    static_cast<void>(procs.submit(twice, 1));
  }
  CHECK(kept.done());
  CHECK(kept.result() == 7);
}

TEST_CASE("nothing is accepted after shutdown, and what was ends", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  std::vector<heddle::future<int>> all;
  for (int i = 0; i < 50; ++i) all.push_back(procs.submit(twice, i));
  CHECK(procs.shutdown() == 0);
  for (int i = 0; i < 50; ++i) CHECK(all[static_cast<std::size_t>(i)].result() == 2 * i);
  CHECK_THROWS_AS(procs.submit(twice, 1), heddle::executor_shutdown_error);
  CHECK(procs.worker_pids().empty());
}

TEST_CASE("a shutdown that cancels lets go of what has not begun", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  std::vector<heddle::future<int>> all;
  for (int i = 0; i < 20; ++i) all.push_back(procs.submit(twice, i));
  all[0].wait();
  all.push_back(procs.submit(heddle_test::stop_here));
  for (int i = 0; i < 20; ++i) all.push_back(procs.submit(twice, i));
  const std::size_t cancelled = procs.shutdown(heddle::pending_jobs::cancel, heddle::join_workers::no);
  CHECK(cancelled >= 20);
  if (!all[20].cancelled()) heddle_test::let_go_on(procs, [&] { return all[20].done(); });
  procs.shutdown();
  std::size_t found = 0;
  for (auto& each : all) {
    REQUIRE(each.done());
    found += each.cancelled() ? 1U : 0U;
  }
  CHECK(found == cancelled);
}

TEST_CASE("a pool that was left behind by a fork says so", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  CHECK(procs.submit(twice, 2).result() == 4);
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 1;
    try {
      static_cast<void>(procs.submit(twice, 1));
    } catch (const heddle::broken_process_pool&) {
      code = 0;
    }
    if (procs.stats().workers != 0 || !procs.worker_pids().empty()) code = 2;
    procs.kill_workers();
    procs.shutdown();
    procs.~process_pool_executor();
    ::_exit(code);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(procs.submit(twice, 3).result() == 6);
}

TEST_CASE("a pool in numbers that cannot be is refused", "[process_pool]") {
  CHECK_THROWS_WITH(process_pool_executor({.max_workers = 0}), ContainsSubstring("max_workers must be 1 to 4096"));
  CHECK_THROWS_WITH(process_pool_executor({.max_workers = 5000}), ContainsSubstring("5000"));
  CHECK_THROWS_AS(process_pool_executor({.max_workers = 1, .timeout = -1s}), std::invalid_argument);
  CHECK_THROWS_AS(process_pool_executor({.max_workers = 1, .max_result = 0}), std::invalid_argument);
}

TEST_CASE("a pool that nobody can start workers for says what to do", "[process_pool]") {
  if (heddle_test::under_thread_sanitizer) SKIP("it does not know which threads a forked child has");
  const pid_t child = ::fork();
  if (child == 0) {
    // This program, without init(): what one does that has threads already.
    heddle::process::program::current().arguments.clear();
    std::thread other([] { ::pause(); });
    int code = 1;
    try {
      const process_pool_executor procs{{.max_workers = 1}};
    } catch (const heddle::executor_start_error& error) {
      code = std::string_view(error.what()).find("call heddle::init(argc, argv) first in main()") ==
             std::string_view::npos;
    }
    ::_exit(code);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
