// SPDX-License-Identifier: MIT
// What every executor promises. A new executor gets its set-ups below and a place in `setups`.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <forward_list>
#include <functional>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/manual_executor.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <iterator>
#include <memory>
#include <numeric>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <string>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/pumped_executor.hpp>
#include <support/tracked.hpp>
#include <tuple>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using Catch::Matchers::Equals;
using heddle_test::life_counts;
using heddle_test::tracked;

namespace {

// An executor, and what may be asked of it: a test runs with every one of `all`.
struct inline_setup {
  struct kind {
    const char* name;
  };
  static constexpr kind all[] = {{"inline"}};
  explicit inline_setup(kind) {}
  heddle::inline_executor pool;
};

struct threads_setup {
  struct kind {
    const char* name;
    std::size_t workers;
    bool is_unusual;
  };
  static constexpr kind all[] = {
      {"1 worker", 1, false}, {"2 workers", 2, false}, {"8 workers", 8, false}, {"much else than usual", 2, true}};
  explicit threads_setup(kind asked) : pool(options_of(asked)) {}
  heddle::thread_pool_executor pool;

 private:
  static heddle::thread_pool_options options_of(kind asked) {
    if (!asked.is_unusual) return {.max_workers = asked.workers};
    return {.max_workers = asked.workers,
            .finalizer = [] {},
            .stack_size = 256U << 10U,
            .affinity = heddle::affinity::spread,
            .order = heddle::order::fifo,
            .max_stand_ins = 0};
  }
};

/// A manual executor whose calls another thread runs.
struct manual_setup {
  struct kind {
    const char* name;
    heddle::manual_order order;
  };
  static constexpr kind all[] = {{"manual, first in, first out", heddle::manual_order::fifo},
                                 {"manual, last in, first out", heddle::manual_order::lifo},
                                 {"manual, in a random order", heddle::manual_order::random}};
  explicit manual_setup(kind asked) : pool({.order = asked.order, .seed = 5}) {}
  heddle_test::pumped_executor pool;
};

/// A pool of which only a view at a priority is used, but for its end.
struct view_setup {
  struct view : heddle::prioritized<heddle::thread_pool_executor> {
    void shutdown(heddle::pending_jobs pending = heddle::pending_jobs::finish) const { this->pool().shutdown(pending); }
  };
  struct kind {
    const char* name;
    std::size_t workers;
    heddle::priority level;
  };
  static constexpr kind all[] = {{"1 worker, high", 1, heddle::priority::high},
                                 {"2 workers, high", 2, heddle::priority::high},
                                 {"2 workers, normal", 2, heddle::priority::normal},
                                 {"1 worker, background", 1, heddle::priority::background},
                                 {"2 workers, background", 2, heddle::priority::background}};
  explicit view_setup(kind asked) : threads({.max_workers = asked.workers}), pool{threads.with(asked.level)} {}
  heddle::thread_pool_executor threads;
  view pool;
};

using setups = std::tuple<inline_setup, threads_setup, view_setup, manual_setup>;

/// Those of them that take many calls at once.
using bulk_setups = std::tuple<threads_setup, view_setup>;

/// Makes `setup` one of a TestType's set-ups in each run of a test, and has Catch2 say which if the test fails.
#define HEDDLE_SET_UP(setup)                                                                              \
  const auto asked_of_##setup = GENERATE(from_range(std::begin(TestType::all), std::end(TestType::all))); \
  INFO("set-up: " << asked_of_##setup.name);                                                              \
  TestType setup(asked_of_##setup)

struct counter {
  int value = 0;
  int add(int more) { return value += more; }
};

int twice(int value) { return 2 * value; }

template <class Results>
auto all(Results&& results) {
  std::vector<std::remove_cvref_t<decltype(*results.begin())>> values;
  for (auto&& value : results) values.push_back(std::move(value));
  return values;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a call's result is in its future", "[conformance]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  auto f = setup.pool.submit([](int a, const std::string& b) { return b + std::to_string(a); }, 3, "n=");
  CHECK(f.result() == "n=3");
  CHECK(f.result() == "n=3");
  CHECK(f.done());
  CHECK_FALSE(f.running());
  CHECK_FALSE(f.cancelled());
  CHECK_FALSE(f.cancel());
  CHECK(f.exception() == nullptr);
  CHECK(std::move(f).result() == "n=3");
  CHECK_FALSE(f.valid());
}

TEMPLATE_LIST_TEST_CASE("anything that can be called can be submitted", "[conformance]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  counter object;
  const auto by_copy = [] { return 2; };
  CHECK(setup.pool.submit(twice, 1).result() == 2);
  CHECK(setup.pool.submit(&twice, 2).result() == 4);
  CHECK(setup.pool.submit(by_copy).result() == 2);
  CHECK(setup.pool.submit([calls = 0]() mutable { return ++calls; }).result() == 1);
  CHECK(setup.pool.submit(&counter::add, &object, 5).result() == 5);
  CHECK(setup.pool.submit(&counter::add, std::ref(object), 5).result() == 10);
  CHECK(setup.pool.submit(&counter::value, &object).result() == 10);
  CHECK(setup.pool.submit(std::function<int()>(by_copy)).result() == 2);
  CHECK(setup.pool.submit(std::bind_front(std::plus<>(), 1), 2).result() == 3);
}

TEMPLATE_LIST_TEST_CASE("results may be void or references or move-only or const", "[conformance]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  int target = 1;
  bool ran = false;
  setup.pool.submit([&] { ran = true; }).result();
  CHECK(ran);
  auto reference = setup.pool.submit([&]() -> int& { return target; });
  CHECK(&reference.result() == &target);
  auto rvalue = setup.pool.submit(
      [text = std::string("moved out of the call")]() mutable -> std::string&& { return std::move(text); });
  CHECK(rvalue.result() == "moved out of the call");
  auto owner = setup.pool.submit([] { return std::make_unique<int>(4); });
  CHECK(*std::move(owner).result() == 4);
  auto constant = setup.pool.submit([]() -> const std::string { return "fixed"; });
  CHECK(constant.result() == "fixed");
  struct immovable {
    immovable() = default;
    immovable(immovable&&) = delete;
    int value = 6;
  };
  auto in_place = setup.pool.submit([] { return immovable(); });
  CHECK(in_place.result().value == 6);
}

TEMPLATE_LIST_TEST_CASE("a failure of any type arrives as it was thrown", "[conformance]", setups) {
  const heddle_test::deadline limit;
  struct not_an_exception {
    int code = 8;
  };
  HEDDLE_SET_UP(setup);
  const auto result_of = [&](auto call) { return setup.pool.submit(call).result(); };
  CHECK_THROWS_AS(result_of([] { throw std::out_of_range("far"); }), std::out_of_range);
  CHECK_THROWS_WITH(result_of([]() -> int { throw std::runtime_error("exactly this"); }), "exactly this");
  CHECK_THROWS_AS(result_of([] { throw 0; }), int);
  CHECK_THROWS_AS(result_of([] { throw nullptr; }), std::nullptr_t);
  CHECK_THROWS_AS(result_of([] { throw not_an_exception(); }), not_an_exception);
  CHECK_THROWS_AS(result_of([] { throw std::make_unique<int>(1); }), std::unique_ptr<int>);
  auto f = setup.pool.submit([]() -> std::string { throw 3; });
  CHECK(f.exception() != nullptr);
  CHECK_THROWS_AS(f.result(), int);
  CHECK_THROWS_AS(f.result(), int);
  CHECK_THROWS_AS(std::move(f).result(), int);
}

TEMPLATE_LIST_TEST_CASE("callables and arguments are moved in and never copied", "[conformance]", setups) {
  const heddle_test::deadline limit;
  life_counts callable;
  life_counts argument;
  life_counts result;
  HEDDLE_SET_UP(setup);
  {
    auto f =
        setup.pool.submit([&result, held = tracked(callable)](tracked) { return tracked(result); }, tracked(argument));
    f.wait();
    CHECK(callable.alive == 0);
    CHECK(argument.alive == 0);
    CHECK(result.alive == 1);
    CHECK(result.moves == 0);
  }
  setup.pool
      .submit([held = std::make_unique<int>(1)](std::unique_ptr<int> given) { *given = *held; },
              std::make_unique<int>(2))
      .result();
  CHECK(callable.copies + argument.copies + result.copies == 0);
}

TEMPLATE_LIST_TEST_CASE("what is passed as an lvalue is copied once", "[conformance]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  life_counts callable;
  life_counts argument;
  {
    const auto call = [held = tracked(callable)](const tracked&) {};
    const tracked value(argument);
    setup.pool.submit(call, value).result();
    CHECK(callable.copies == 1);
    CHECK(argument.copies == 1);
  }
  CHECK(callable.alive == 0);
  CHECK(argument.alive == 0);
}

TEMPLATE_LIST_TEST_CASE("a call whose arguments cannot be copied is not submitted", "[conformance]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  life_counts callable;
  life_counts argument;
  argument.copies_allowed = 0;
  bool ran = false;
  {
    const tracked value(argument);
    CHECK_THROWS_AS(setup.pool.submit([&ran, held = tracked(callable)](const tracked&) { ran = true; }, value),
                    heddle_test::copy_refused);
    CHECK(argument.alive == 1);
  }
  CHECK(callable.alive == 0);
  setup.pool.shutdown();
  CHECK_FALSE(ran);
}

TEMPLATE_LIST_TEST_CASE("an over-aligned callable and result are aligned", "[conformance]", setups) {
  const heddle_test::deadline limit;
  struct alignas(256) wide {
    [[nodiscard]] bool aligned() const { return reinterpret_cast<std::uintptr_t>(this) % 256 == 0; }
    bool operator()() const { return aligned(); }
  };
  HEDDLE_SET_UP(setup);
  CHECK(setup.pool.submit(wide()).result());
  auto f = setup.pool.submit([] { return wide(); });
  CHECK(f.result().aligned());
}

TEMPLATE_LIST_TEST_CASE("a callback learns of the call's end, early or late", "[conformance]", setups) {
  const heddle_test::deadline limit;
  heddle::promise<int> seen;  // outlives the worker that is still in set_value() when this thread has the value
  HEDDLE_SET_UP(setup);
  auto early = setup.pool.submit(twice, 4);
  early.add_done_callback([&](const heddle::future<int>& f) { seen.set_value(f.result()); });
  CHECK(seen.get_future().result() == 8);
  int late = 0;
  early.wait();
  early.add_done_callback([&] { ++late; });
  CHECK(late == 1);
}

TEMPLATE_LIST_TEST_CASE("a call may submit calls and wait for them", "[conformance]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  auto& pool = setup.pool;
  const auto sum_of_squares = [&](int n) {
    int sum = 0;
    for (int i = 1; i <= n; ++i) sum += pool.submit([](int x) { return x * x; }, i).result();
    return sum;
  };
  auto outer =
      pool.submit([&] { return pool.submit(sum_of_squares, 10).result() + pool.submit(sum_of_squares, 2).result(); });
  CHECK(outer.result() == 390);
}

TEMPLATE_LIST_TEST_CASE("a posted call runs once and is destroyed", "[conformance]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  life_counts counts;
  std::atomic<int> ran{0};
  {
    const auto by_copy = [&] { ++ran; };
    auto moved = [&ran, held = tracked(counts)]() mutable { ++ran; };
    setup.pool.post(by_copy);
    setup.pool.post(std::move(moved));
    setup.pool.post([&ran, held = std::make_unique<int>(1)] { ran += *held; });
    setup.pool.shutdown();
  }
  CHECK(ran == 3);
  CHECK(counts.copies == 0);
  CHECK(counts.alive == 0);
}

TEMPLATE_LIST_TEST_CASE("nothing is accepted after shutdown and what was stays", "[conformance]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  life_counts counts;
  auto before = setup.pool.submit([] { return 1; });
  setup.pool.shutdown();
  setup.pool.shutdown(heddle::pending_jobs::cancel);
  CHECK_THROWS_AS(setup.pool.submit([held = tracked(counts)] {}), heddle::executor_shutdown_error);
  CHECK_THROWS_AS(setup.pool.post([held = tracked(counts)] {}), heddle::executor_shutdown_error);
  CHECK_THROWS_AS(setup.pool.map(twice, std::vector<int>{1}), heddle::executor_shutdown_error);
  CHECK(setup.pool.map(twice, std::vector<int>()).size() == 0);
  CHECK(counts.alive == 0);
  CHECK(before.result(0s) == 1);
}

TEMPLATE_LIST_TEST_CASE("futures outlive their executor", "[conformance]", setups) {
  const heddle_test::deadline limit;
  heddle::future<std::string> f;
  std::vector<heddle::future<int>> many;
  {
    HEDDLE_SET_UP(setup);
    f = setup.pool.submit([] { return std::string(100, 'x'); });
    for (int i = 0; i < 100; ++i) many.push_back(setup.pool.submit(twice, i));
  }
  CHECK(f.done());
  CHECK(f.result(0s) == std::string(100, 'x'));
  int late = 0;
  f.add_done_callback([&] { ++late; });
  CHECK(late == 1);
  for (int i = 0; i < 100; ++i) CHECK(many[static_cast<std::size_t>(i)].result(0s) == 2 * i);
}

TEMPLATE_LIST_TEST_CASE("a map gives the results in the order of the input", "[conformance][map]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  std::vector<int> input(200);
  std::iota(input.begin(), input.end(), 0);
  std::vector<int> expected;
  std::ranges::transform(input, std::back_inserter(expected), twice);
  CHECK_THAT(all(setup.pool.map(twice, input)), Equals(expected));
  CHECK_THAT(all(heddle::map(setup.pool, twice, input)), Equals(expected));
}

TEMPLATE_LIST_TEST_CASE("a map ends with its shortest range", "[conformance][map]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto join = [](int a, const std::string& b, char c) { return std::to_string(a) + b + c; };
  const std::forward_list<std::string> words{"x", "y", "z"};
  CHECK_THAT(all(setup.pool.map(join, std::views::iota(1), words, "ab")),
             Equals(std::vector<std::string>{"1xa", "2yb", std::string("3z") + '\0'}));
  CHECK_THAT(all(setup.pool.map(join, std::vector<int>{7}, words, std::string("abc"))),
             Equals(std::vector<std::string>{"7xa"}));
}

TEMPLATE_LIST_TEST_CASE("a map over an empty range is empty and calls nothing", "[conformance][map]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  std::atomic<int> calls{0};
  const auto count = [&](int, int) { ++calls; };
  auto results = setup.pool.map(count, std::vector<int>(), std::views::iota(0));
  CHECK(results.size() == 0);
  CHECK(results.begin() == results.end());
  setup.pool.shutdown();
  CHECK(calls == 0);
}

TEMPLATE_LIST_TEST_CASE("a map submits at the call, not when it is read", "[conformance][map]", setups) {
  const heddle_test::deadline limit;
  std::atomic<int> calls{0};
  HEDDLE_SET_UP(setup);
  auto results = setup.pool.map([&](int i) { return ++calls, i; }, std::vector<int>{1, 2, 3});
  setup.pool.shutdown();
  CHECK(calls == 3);
  CHECK(results.size() == 3);
  CHECK_THAT(all(results), Equals(std::vector<int>{1, 2, 3}));
  CHECK(results.size() == 0);
}

TEMPLATE_LIST_TEST_CASE("a map goes on after a call that failed", "[conformance][map]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  auto results = setup.pool.map(
      [](int i) {
        if (i % 3 == 1) throw i;
        return i;
      },
      std::vector<int>{0, 1, 2, 3, 4, 5});
  std::vector<int> seen;
  for (auto at = results.begin(); at != results.end(); ++at) {
    try {
      seen.push_back(*at);
    } catch (int failed) {
      seen.push_back(-failed);
    }
  }
  CHECK_THAT(seen, Equals(std::vector<int>{0, -1, 2, 3, -4, 5}));
}

TEMPLATE_LIST_TEST_CASE("a map takes elements of every kind", "[conformance][map]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  std::vector<std::unique_ptr<int>> owners;
  owners.push_back(std::make_unique<int>(3));
  owners.push_back(std::make_unique<int>(4));
  const auto deref = [](const std::unique_ptr<int>& owner) { return *owner; };
  const std::ranges::subrange moved(std::move_iterator(owners.begin()), std::move_iterator(owners.end()));
  CHECK_THAT(all(setup.pool.map(deref, moved)), Equals(std::vector<int>{3, 4}));
  CHECK(owners[0] == nullptr);

  const auto negated = [](bool bit) { return bit ? 0 : 1; };
  CHECK_THAT(all(setup.pool.map(negated, std::vector<bool>{true, false})), Equals(std::vector<int>{0, 1}));

  std::istringstream numbers("5 6 7");
  CHECK_THAT(all(setup.pool.map(
                 twice, std::ranges::subrange(std::istream_iterator<int>(numbers), std::istream_iterator<int>()))),
             Equals(std::vector<int>{10, 12, 14}));

  std::vector<counter> objects{{1}, {2}};
  CHECK_THAT(all(setup.pool.map(&counter::value, objects)), Equals(std::vector<int>{1, 2}));

  int calls = 0;
  for (auto&& nothing :
       heddle::inline_executor().map([&](int) { ++calls; }, objects | std::views::transform(&counter::value))) {
    static_cast<void>(nothing);
  }
  CHECK(calls == 2);
}

TEMPLATE_LIST_TEST_CASE("a map takes its callable once and elements by one copy", "[conformance][map]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  life_counts callable;
  life_counts element;
  {
    std::vector<tracked> elements;
    elements.reserve(3);
    for (int i = 0; i < 3; ++i) elements.emplace_back(element);
    auto results = setup.pool.map([held = tracked(callable)](const tracked&) { return 1; }, elements);
    CHECK_THAT(all(results), Equals(std::vector<int>{1, 1, 1}));
    setup.pool.shutdown();
    CHECK(callable.alive == 0);
    CHECK(element.alive == 3);
  }
  CHECK(callable.copies == 0);
  CHECK(element.copies == 3);
}

TEMPLATE_LIST_TEST_CASE("a result of a map is gone when the next one is read", "[conformance][map]", setups) {
  const heddle_test::deadline limit;
  life_counts counts;
  HEDDLE_SET_UP(setup);
  auto results = setup.pool.map([&](int) { return tracked(counts); }, std::vector<int>{1, 2});
  auto at = results.begin();
  static_cast<void>(*at);
  setup.pool.shutdown();
  CHECK(counts.alive == 2);
  ++at;
  CHECK(counts.alive == 1);
  static_cast<void>(*at);
  ++at;
  CHECK(counts.alive == 0);
  CHECK(at == results.end());
}

TEMPLATE_LIST_TEST_CASE("a bulk gives the results in the order of the input, and a posted one is all called",
                        "[conformance][bulk]", bulk_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto check = [&setup] {
    int expected = 0;
    for (auto& each : setup.pool.submit_bulk(std::plus<>(), std::views::iota(0, 300), std::views::iota(0))) {
      CHECK(each.result() == expected);
      expected += 2;
    }
    CHECK(expected == 600);
  };
  check();
  setup.pool.submit(check).result();
  std::atomic<int> sum{0};
  setup.pool.post_bulk([&sum](int i) { sum += i; }, std::views::iota(0, 100));
  setup.pool.shutdown();
  CHECK(sum == 99 * 50);
  CHECK_THROWS_AS(setup.pool.post_bulk([](int) {}, std::views::iota(0, 100)), heddle::executor_shutdown_error);
}

TEMPLATE_LIST_TEST_CASE("an executor says how many calls it runs at a time", "[conformance]", setups) {
  HEDDLE_SET_UP(setup);
  CHECK(setup.pool.max_workers() >= 1);
  static_assert(heddle::executor<decltype(setup.pool)>);
}
