// SPDX-License-Identifier: MIT
// What every executor promises. Maps have a file of their own.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <conformance/set_ups.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <heddle/as_completed.hpp>
#include <heddle/by_value.hpp>
#include <heddle/completion_set.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/manual_executor.hpp>
#include <heddle/partial.hpp>
#include <heddle/register_exception.hpp>
#include <heddle/stop_token.hpp>
#include <heddle/submit_after.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <heddle/wait.hpp>
#include <iterator>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <support/call_count.hpp>
#include <support/captured_stderr.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/pumped_executor.hpp>
#include <support/tracked.hpp>
#include <support/travelling.hpp>
#include <tuple>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using heddle_test::bulk_setups;
using heddle_test::call_count;
using heddle_test::count_call;
using heddle_test::life_counts;
using heddle_test::local_bulk_setups;
using heddle_test::local_setups;
using heddle_test::moved_at_most;
using heddle_test::setups;
using heddle_test::tracked;
using heddle_test::travelling;
using heddle_test::travelling_at_most;

namespace {

struct counter {
  int value = 0;
  int add(int more) { return value += more; }
};

struct called_once {
  called_once() = default;
  called_once(called_once&&) = default;
  int operator()() && { return 4; }
};

int twice(int value) { return 2 * value; }

struct not_an_exception {
  int code = 8;
};

// So that they come back from other processes as what they are.
const bool are_registered = heddle::register_exception<int>() && heddle::register_exception<not_an_exception>();

template <class Pool>
void check_bulk(Pool& pool) {
  int expected = 0;
  for (auto& each : pool.submit_bulk(std::plus<>(), std::views::iota(0, 300), std::views::iota(0))) {
    CHECK(each.result() == expected);
    expected += 2;
  }
  CHECK(expected == 600);
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

TEMPLATE_LIST_TEST_CASE("functions, lambdas without captures, partial and by_value can be submitted", "[conformance]",
                        setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto by_copy = [] { return 2; };
  CHECK(setup.pool.submit(twice, 1).result() == 2);
  CHECK(setup.pool.submit(&twice, 2).result() == 4);
  CHECK(setup.pool.submit(by_copy).result() == 2);
  CHECK(setup.pool.submit(called_once()).result() == 4);
  CHECK(setup.pool.submit(heddle::partial([](int a, int b) { return a - b; }, 7), 4).result() == 3);
  CHECK(setup.pool.submit(heddle::by_value([added = 5](int v) { return added + v; }), 1).result() == 6);
}

TEMPLATE_LIST_TEST_CASE("anything that can be called can be submitted and posted", "[conformance]", local_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  counter object;
  const auto by_copy = [] { return 2; };
  CHECK(setup.pool.submit([calls = 0]() mutable { return ++calls; }).result() == 1);
  CHECK(setup.pool.submit(&counter::add, &object, 5).result() == 5);
  CHECK(setup.pool.submit(&counter::add, std::ref(object), 5).result() == 10);
  CHECK(setup.pool.submit(&counter::value, &object).result() == 10);
  CHECK(setup.pool.submit(std::function<int()>(by_copy)).result() == 2);
  CHECK(setup.pool.submit(std::bind_front(std::plus<>(), 1), 2).result() == 3);
  setup.pool.post([&object, calls = 0]() mutable { object.add(++calls); });
  setup.pool.shutdown();
  CHECK(object.value == 11);
}

TEMPLATE_LIST_TEST_CASE("results may be void or move-only or const", "[conformance]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  setup.pool.submit([] {}).result();
  auto owner = setup.pool.submit([] { return std::make_unique<int>(4); });
  CHECK(*std::move(owner).result() == 4);
  auto constant = setup.pool.submit([]() -> const std::string { return "fixed"; });
  CHECK(constant.result() == "fixed");
}

TEMPLATE_LIST_TEST_CASE("results may be references or what cannot be moved", "[conformance]", local_setups) {
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
  auto in_place = setup.pool.submit([] { return heddle_test::immovable_number(6); });
  CHECK(in_place.result().value == 6);
}

TEMPLATE_LIST_TEST_CASE("a failure arrives as it was thrown, as often as it is asked for", "[conformance]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto result_of = [&](auto call) { return setup.pool.submit(call).result(); };
  CHECK_THROWS_AS(result_of([] { throw std::out_of_range("far"); }), std::out_of_range);
  CHECK_THROWS_WITH(result_of([]() -> int { throw std::runtime_error("exactly this"); }), "exactly this");
  CHECK_THROWS_AS(result_of([] { throw not_an_exception(); }), not_an_exception);
  auto f = setup.pool.submit([]() -> std::string { throw 3; });
  CHECK(f.exception() != nullptr);
  CHECK_THROWS_AS(f.result(), int);
  CHECK_THROWS_AS(f.result(), int);
  CHECK_THROWS_AS(std::move(f).result(), int);
}

TEMPLATE_LIST_TEST_CASE("a failure of any type arrives as it was thrown", "[conformance]", local_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto result_of = [&](auto call) { return setup.pool.submit(call).result(); };
  CHECK_THROWS_AS(result_of([] { throw 0; }), int);
  CHECK_THROWS_AS(result_of([] { throw nullptr; }), std::nullptr_t);
  CHECK_THROWS_AS(result_of([] { throw std::make_unique<int>(1); }), std::unique_ptr<int>);
}

TEMPLATE_LIST_TEST_CASE("callables and arguments are moved in and never copied", "[conformance]", setups) {
  const heddle_test::deadline limit;
  life_counts callable;
  life_counts argument;
  HEDDLE_SET_UP(setup);
  const auto call = [](const travelling&, std::unique_ptr<int> held, const travelling&, std::unique_ptr<int> given) {
    return *held + *given;
  };
  auto f = setup.pool.submit(heddle::partial(call, travelling(callable), std::make_unique<int>(1)),
                             travelling(argument), std::make_unique<int>(2));
  CHECK(f.result() == 3);
  CHECK(callable.alive == 0);
  CHECK(argument.alive == 0);
  CHECK(callable.copies + argument.copies == 0);
}

TEMPLATE_LIST_TEST_CASE("captures are moved in and never copied, and a result is not moved", "[conformance]",
                        local_setups) {
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
    const auto call = heddle::partial([](const travelling&, const travelling&) {}, travelling(callable));
    const travelling value(argument);
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
  const call_count ran;
  {
    const travelling value(argument);
    const auto submit = [&] {
      const auto call = [](const std::string& place, const travelling&, const travelling&) { count_call(place); };
      return setup.pool.submit(heddle::partial(call, ran.place(), travelling(callable)), value);
    };
    CHECK_THROWS_AS(submit(), heddle_test::copy_refused);
    CHECK(argument.alive == 1);
  }
  CHECK(callable.alive == 0);
  setup.pool.shutdown();
  CHECK(ran.value() == 0);
}

TEMPLATE_LIST_TEST_CASE("a call whose argument cannot be moved in is not submitted", "[conformance]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  life_counts callable;
  life_counts argument;
  const call_count ran;
  const auto submit_moving = [&](int times) {
    const auto call = [](const std::string& place, const travelling&, const travelling_at_most&) { count_call(place); };
    return setup.pool.submit(heddle::partial(call, ran.place(), travelling(callable)),
                             travelling_at_most(times, argument));
  };
  CHECK_THROWS_AS(submit_moving(0), heddle_test::move_refused);
  CHECK(callable.alive == 0);
  CHECK(argument.alive == 0);
  submit_moving(2).result();
  setup.pool.shutdown();
  CHECK(ran.value() == 1);
  CHECK(callable.alive == 0);
  CHECK(argument.alive == 0);
}

TEMPLATE_LIST_TEST_CASE(
    "what a move throws is thrown by submit, or is in the future where it is the move into the call", "[conformance]",
    local_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  life_counts counts;
  std::atomic<int> ran{0};
  const auto submit_moving = [&](int times) {
    return setup.pool.submit([&ran](const moved_at_most&, moved_at_most) { return ++ran; },
                             moved_at_most(times, counts), moved_at_most(times, counts));
  };
  CHECK_THROWS_AS(submit_moving(0), heddle_test::move_refused);
  CHECK(counts.alive == 0);
  auto failed = submit_moving(1);
  CHECK_THROWS_AS(failed.result(), heddle_test::move_refused);
  CHECK(counts.alive == 0);
  CHECK(ran == 0);
  CHECK(submit_moving(2).result() == 1);
  CHECK(counts.alive == 0);

  CHECK_THROWS_AS(setup.pool.submit([&ran, held = moved_at_most(0, counts)] { ++ran; }), heddle_test::move_refused);
  CHECK_THROWS_AS(setup.pool.post([&ran, held = moved_at_most(0, counts)] { ++ran; }), heddle_test::move_refused);
  setup.pool.shutdown();
  CHECK(counts.alive == 0);
  CHECK(ran == 1);
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

TEMPLATE_LIST_TEST_CASE("calls are waited for together, and read as they are done", "[conformance][wait]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto submit_some = [&] {
    std::vector<heddle::future<int>> calls;
    for (int i = 0; i < 20; ++i) {
      calls.push_back(setup.pool.submit([](int value) { return value == 7 ? throw value : value; }, i));
    }
    return calls;
  };
  auto calls = submit_some();
  CHECK(heddle::wait(calls, {.return_when = heddle::first_exception}).done.contains(calls[7]));
  CHECK_FALSE(heddle::wait(calls, {.return_when = heddle::first_completed}).done.empty());
  CHECK(heddle::wait(calls).not_done.empty());

  int sum = 0;
  std::size_t failed = 0;
  for (auto& each : heddle::as_completed(submit_some(), 1h)) {
    if (each.exception() != nullptr) {
      ++failed;
    } else {
      sum += each.result();
    }
  }
  CHECK(sum == 190 - 7);
  CHECK(failed == 1);

  heddle::completion_set<int> set;
  for (auto& each : submit_some()) set.add(std::move(each));
  std::vector<bool> seen(20);
  while (!set.empty()) seen[set.wait_any().index] = true;
  CHECK(std::count(seen.begin(), seen.end(), true) == 20);
}

TEMPLATE_LIST_TEST_CASE("a call may wait for calls of its executor in all ways", "[conformance][wait]", local_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const auto wait_inside = [&] {
    std::vector<heddle::future<int>> calls;
    for (int i = 0; i < 5; ++i) calls.push_back(setup.pool.submit([i] { return i; }));
    std::size_t done = heddle::wait(calls, {.return_when = heddle::first_completed}).done.empty() ? 0 : 1;
    for (auto& each : heddle::as_completed(calls)) done += each.done() ? 1 : 0;
    heddle::completion_set<int> set;
    for (int i = 0; i < 5; ++i) set.add(setup.pool.submit([i] { return i; }));
    while (!set.empty()) done += set.wait_any().future.done() ? 1 : 0;
    std::vector<heddle::future<int>> others;
    for (int i = 0; i < 5; ++i) others.push_back(setup.pool.submit([i] { return i; }));
    return done + heddle::wait(others).done.size();
  };
  std::vector<heddle::future<std::size_t>> waiting;
  for (int i = 0; i < 10; ++i) waiting.push_back(setup.pool.submit(wait_inside));
  for (auto& each : waiting) CHECK(each.result() == 16);
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

TEMPLATE_LIST_TEST_CASE("a callback that throws stops neither the others nor the executor", "[conformance]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  std::atomic<int> called{0};
  std::string reported;
  {
    const heddle_test::captured_stderr captured;
    for (int i = 0; i < 20; ++i) {
      auto call = setup.pool.submit(twice, i);
      call.add_done_callback([] { throw std::runtime_error("from a callback"); });
      call.add_done_callback([&] { ++called; });
      call.add_done_callback([] { throw 1; });
    }
    CHECK(setup.pool.submit(twice, 20).result() == 40);
    setup.pool.shutdown();
    reported = captured.text();
  }
  CHECK(called == 20);
  CHECK(reported.find("from a callback") != std::string::npos);
}

TEMPLATE_LIST_TEST_CASE("a callback may submit calls and wait for them", "[conformance][wait]", setups) {
  const heddle_test::deadline limit;
  heddle::promise<int> sum;
  HEDDLE_SET_UP(setup);
  const auto submit_and_wait = [&](const heddle::future<int>& done) {
    std::vector<heddle::future<int>> more;
    for (int i = 0; i < 5; ++i) more.push_back(setup.pool.submit(twice, i));
    int total = done.result();
    for (auto& each : more) total += each.result();
    sum.set_value(total + setup.pool.submit(twice, 50).result());
  };
  auto call = setup.pool.submit(twice, 1);
  call.add_done_callback(submit_and_wait);
  CHECK(sum.get_future().result() == 122);
}

TEMPLATE_LIST_TEST_CASE("a call may submit calls and wait for them", "[conformance]", local_setups) {
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
  const call_count ran;
  {
    const auto by_copy = heddle::partial(count_call, ran.place());
    const auto call = [](const std::string& place, const travelling&, const std::unique_ptr<int>&) {
      count_call(place);
    };
    setup.pool.post(by_copy);
    setup.pool.post(heddle::partial(call, ran.place(), travelling(counts), std::make_unique<int>(1)));
    setup.pool.shutdown();
  }
  CHECK(ran.value() == 2);
  CHECK(counts.copies == 0);
  CHECK(counts.alive == 0);
}

TEMPLATE_LIST_TEST_CASE("nothing is accepted after shutdown and what was stays", "[conformance]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  life_counts counts;
  auto before = setup.pool.submit(twice, 1);
  setup.pool.shutdown();
  setup.pool.shutdown(heddle::pending_jobs::cancel);
  CHECK_THROWS_AS(setup.pool.submit(heddle::partial([](const travelling&) {}, travelling(counts))),
                  heddle::executor_shutdown_error);
  CHECK_THROWS_AS(setup.pool.post(heddle::partial([](const travelling&) {}, travelling(counts))),
                  heddle::executor_shutdown_error);
  CHECK_THROWS_AS(setup.pool.map(twice, std::vector<int>{1}), heddle::executor_shutdown_error);
  CHECK(setup.pool.map(twice, std::vector<int>()).size() == 0);
  CHECK(counts.alive == 0);
  CHECK(before.result(0s) == 2);
}

TEMPLATE_LIST_TEST_CASE("calls that are cancelled never run", "[conformance][cancel]", local_setups) {
  const heddle_test::deadline limit;
  std::atomic<int> ran{0};
  HEDDLE_SET_UP(setup);
  int cancelled = 0;
  for (int i = 0; i < 50; ++i) {
    auto call = setup.pool.submit([&ran] { ++ran; });
    if (i % 2 == 0 && call.cancel()) ++cancelled;
  }
  setup.pool.shutdown();
  CHECK(ran == 50 - cancelled);
}

TEMPLATE_LIST_TEST_CASE("calls that are cancelled are done for all who wait, and keep no executor from ending",
                        "[conformance][cancel]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  std::vector<heddle::future<int>> calls;
  int cancelled = 0;
  for (int i = 0; i < 50; ++i) {
    calls.push_back(setup.pool.submit(twice, i));
    if (i % 2 == 0 && calls.back().cancel()) ++cancelled;
  }
  CHECK(heddle::wait(calls).not_done.empty());
  int seen = 0;
  for (auto& each : heddle::as_completed(calls)) {
    CHECK(each.done());
    if (each.cancelled()) CHECK_THROWS_AS(each.result(), heddle::cancelled_error);
    if (each.cancelled()) ++seen;
  }
  CHECK(seen == cancelled);
  setup.pool.shutdown();
  for (int i = 0; i < 50; ++i) {
    auto& each = calls[static_cast<std::size_t>(i)];
    if (!each.cancelled()) CHECK(each.result() == 2 * i);
  }
}

// In Python (gh-109934) such calls are done, and wait() and as_completed() wait for them all the same.
TEMPLATE_LIST_TEST_CASE("after a shutdown with cancel each call has run or is cancelled, and nobody waits for it",
                        "[conformance][cancel]", setups) {
  const heddle_test::deadline limit;
  const call_count ran;
  std::atomic<int> told{0};
  HEDDLE_SET_UP(setup);
  std::vector<heddle::future<void>> calls;
  for (int i = 0; i < 50; ++i) {
    calls.push_back(setup.pool.submit(count_call, ran.place()));
    calls.back().add_done_callback([&told] { ++told; });
  }
  setup.pool.shutdown(heddle::pending_jobs::cancel);
  int cancelled = 0;
  for (const auto& each : calls) {
    CHECK(each.done());
    if (each.cancelled()) ++cancelled;
  }
  CHECK(ran.value() == 50 - cancelled);
  CHECK(told == 50);
  CHECK(heddle::wait(calls).not_done.empty());
  int seen = 0;
  for (auto& each : heddle::as_completed(calls)) seen += each.done() ? 1 : 0;
  CHECK(seen == 50);
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

TEMPLATE_LIST_TEST_CASE("a bulk gives the results in the order of the input", "[conformance][bulk]", bulk_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  check_bulk(setup.pool);
}

TEMPLATE_LIST_TEST_CASE("a call may submit a bulk, and a posted one is all called", "[conformance][bulk]",
                        local_bulk_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  setup.pool.submit([&setup] { check_bulk(setup.pool); }).result();
  std::atomic<int> sum{0};
  setup.pool.post_bulk([&sum](int i) { sum += i; }, std::views::iota(0, 100));
  setup.pool.shutdown();
  CHECK(sum == 99 * 50);
  CHECK_THROWS_AS(setup.pool.post_bulk([](int) {}, std::views::iota(0, 100)), heddle::executor_shutdown_error);
}

TEMPLATE_LIST_TEST_CASE("a bulk holds results that are void or move-only", "[conformance][bulk]", bulk_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const std::vector<int> input{0, 1, 2};
  for (auto& each : setup.pool.submit_bulk([](int) {}, input)) each.result();
  int expected = 0;
  for (auto& each : setup.pool.submit_bulk([](int i) { return std::make_unique<int>(i); }, input)) {
    CHECK(*std::move(each).result() == expected++);
  }
  CHECK(expected == 3);
}

TEMPLATE_LIST_TEST_CASE("a bulk takes its callable once and elements by one copy", "[conformance][bulk]", bulk_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  life_counts callable;
  life_counts element;
  {
    const auto call = [](const travelling&, const travelling&) { return 1; };
    const std::array<travelling, 2> elements{travelling(element), travelling(element)};
    for (auto& each : setup.pool.submit_bulk(heddle::partial(call, travelling(callable)), elements)) each.wait();
    CHECK(callable.copies == 0);
    CHECK(element.copies == 2);
  }
  setup.pool.shutdown();
  CHECK(callable.alive == 0);
  CHECK(element.alive == 0);
}

TEMPLATE_LIST_TEST_CASE("a bulk holds results of every kind", "[conformance][bulk]", local_bulk_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  const std::vector<std::size_t> input{0, 1, 2};
  std::array<int, 3> targets{};
  for (auto& each : setup.pool.submit_bulk([&](std::size_t i) { targets[i] = 1; }, input)) each.result();
  CHECK(targets == std::array<int, 3>{1, 1, 1});
  std::size_t next = 0;
  for (auto& each : setup.pool.submit_bulk([&](std::size_t i) -> int& { return targets[i]; }, input)) {
    CHECK(&each.result() == &targets[next++]);
  }
  int expected = 3;
  for (auto& each : setup.pool.submit_bulk(
           [](std::size_t i) { return heddle_test::immovable_number(static_cast<int>(i) + 3); }, input)) {
    CHECK(each.result().value == expected++);
  }
  CHECK(expected == 6);
}

TEMPLATE_LIST_TEST_CASE("a call may take a stop_token before its arguments", "[conformance][stop]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  auto given = setup.pool.submit([](heddle::stop_token stop, bool b) { return b && !stop.stop_requested(); }, true);
  CHECK(given.result());
  CHECK_FALSE(given.request_stop());
}

TEMPLATE_LIST_TEST_CASE("a call that takes a stop_token may be asked to stop", "[conformance][stop]", local_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  CHECK(setup.pool.submit([](heddle::stop_token stop) { return stop.stop_possible(); }).result());
}

TEMPLATE_LIST_TEST_CASE("continuations run on an executor, which refuses them after its shutdown",
                        "[conformance][then]", setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  life_counts counts;
  heddle::promise<int> source;
  const auto next = [](const travelling&, int v) { return v + 1; };
  auto text = source.get_future().then(setup.pool, heddle::partial(next, travelling(counts))).then([](int v) {
    return std::to_string(v);
  });
  source.set_value(1);
  CHECK(text.result() == "2");
  CHECK(counts.copies == 0);
  CHECK(counts.alive == 0);
  heddle::promise<int> late;
  auto refused = late.get_future().then(setup.pool, [](int v) { return v; });
  setup.pool.shutdown();
  late.set_value(1);
  CHECK_THROWS_AS(refused.result(), heddle::executor_shutdown_error);
}

TEMPLATE_LIST_TEST_CASE("a continuation may give the future of another call of its executor", "[conformance][then]",
                        local_setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  auto flat =
      setup.pool.submit(twice, 1).then(setup.pool, [&](int v) { return setup.pool.submit([v] { return v + 1; }); });
  CHECK(flat.result() == 3);
}

TEMPLATE_LIST_TEST_CASE("calls begin after those that they wait for, and fail with them", "[conformance][submit_after]",
                        setups) {
  const heddle_test::deadline limit;
  HEDDLE_SET_UP(setup);
  auto top = setup.pool.submit([] { return 2; }).share();
  auto left = heddle::submit_after(setup.pool, top, [](const int& v) { return v + 1; });
  auto right = heddle::submit_after(setup.pool, top, left, [](const int& v) { return v + 2; });
  auto bottom = heddle::submit_after(setup.pool, std::move(left), std::move(right), [](int a, int b) { return a * b; });
  CHECK(bottom.result() == 12);
  auto failing = setup.pool.submit([] { throw std::range_error("no"); });
  auto after = heddle::submit_after(setup.pool, failing, top, [](const int&) { return 1; });
  CHECK_THROWS_AS(after.result(), std::range_error);
  heddle::promise<int> never;
  auto waits = heddle::submit_after(setup.pool, never.get_future(), [](int v) { return v; });
  CHECK(waits.cancel());
}

TEMPLATE_LIST_TEST_CASE("an executor says how many calls it runs at a time", "[conformance]", setups) {
  HEDDLE_SET_UP(setup);
  CHECK(setup.pool.max_workers() >= 1);
  static_assert(heddle::executor<decltype(setup.pool)>);
}
