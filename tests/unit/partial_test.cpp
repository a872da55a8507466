// SPDX-License-Identifier: MIT
#include <heddle/parallel_map.hpp>
#include <heddle/partial.hpp>
#include <heddle/stop_token.hpp>
#include <support/catch.hpp>
#include <support/every_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace {

using heddle::partial;

constexpr int subtract(int a, int b) { return a - b; }
constexpr int subtract_quietly(int a, int b) noexcept { return a - b; }

constexpr auto joined = [](const std::string& a, const std::string& b, const std::string& c) { return a + b + c; };

/// Its operator() is not const, which says nothing: it holds nothing.
struct appends_mark {
  std::string operator()(const std::string& s) { return s + "!"; }
};

static_assert(partial(subtract, 5)(3) == 2);
static_assert(partial(&subtract_quietly, 5)(3) == 2);
static_assert(partial(subtract)(5, 3) == 2);
static_assert(partial(subtract, 5, 3)() == 2);
static_assert(partial(std::minus<>{}, 5)(3) == 2);
static_assert(sizeof(partial(std::minus<>{}, 5)) == sizeof(int));
static_assert(!std::is_invocable_v<decltype(partial(subtract, 5)), int, int>);
static_assert(!std::is_invocable_v<decltype(partial(subtract, 5)), const char*>);

template <class F>
constexpr bool is_taken = heddle::captureless<F> || heddle::function_pointer<F>;
static_assert(is_taken<int (*)(int)> && is_taken<std::plus<>> && is_taken<decltype([](auto x) { return x; })>);
static_assert(!is_taken<std::function<int()>> && !is_taken<int (std::string::*)()> && !is_taken<int*>);

}  // namespace

TEST_CASE("a partial calls its function with its values and then the arguments", "[partial]") {
  CHECK(partial(joined, "a", std::string("b"))("c") == "abc");
  CHECK(partial(joined, std::string("a"))("b", "c") == "abc");
  const auto generic = partial([](auto a, auto b) { return a + b; }, std::string("x"));
  CHECK(generic("y") == "xy");
}

TEST_CASE("a partial of a partial has the values of both", "[partial]") {
  const auto inner = partial(joined, std::string("a"));
  const auto outer = partial(inner, std::string("b"));
  static_assert(
      std::is_same_v<decltype(outer),
                     const heddle::partial_call<std::remove_const_t<decltype(joined)>, std::string, std::string>>);
  CHECK(outer("c") == "abc");
  CHECK(inner("x", "y") == "axy");
  CHECK(partial(partial(inner), std::string("b"))("d") == "abd");
  CHECK(*partial(partial([](std::unique_ptr<int> n, int) { return n; }, std::make_unique<int>(7)), 1)() == 7);
}

TEST_CASE("the values of a partial are its own, and a call does not change them", "[partial]") {
  std::string value = "a";
  const auto call = partial([](std::string s) { return s += "!"; }, value);
  value = "b";
  CHECK(call() == "a!");
  CHECK(call() == "a!");
  const auto not_const = partial(appends_mark(), value);
  CHECK(not_const() == "b!");
}

TEST_CASE("the last call of a partial moves its values", "[partial]") {
  auto call = partial([](std::unique_ptr<int> number, int x) { return *number + x; }, std::make_unique<int>(40));
  static_assert(!std::is_invocable_v<decltype(call)&, int>);
  CHECK(std::move(call)(2) == 42);
}

TEST_CASE("the values of a partial can be looked at in order, and it can be made of them", "[partial]") {
  const auto call = partial([](int n, const std::string& s) { return s + std::to_string(n); }, 1, std::string("s"));
  CHECK(call.values() == std::tuple(1, std::string("s")));
  std::vector<std::string> seen;
  call.for_each_value([&](const auto& value) {
    if constexpr (std::is_same_v<decltype(value), const int&>) {
      seen.push_back(std::to_string(value));
    } else {
      seen.push_back(value);
    }
  });
  CHECK(seen == std::vector<std::string>{"1", "s"});

  const std::remove_const_t<decltype(call)> same(call.function(), std::tuple(2, std::string("t")));
  CHECK(same() == "t2");
}

TEST_CASE("a partial is a callable for every executor", "[partial]") {
  const auto scaled = partial([](int factor, int x) { return factor * x; }, 3);
  const std::vector<int> numbers{1, 2, 3, 4};
  heddle::inline_executor here;
  heddle_test::pumped_executor manual({.order = heddle::manual_order::random});
  heddle::thread_pool_executor pool{{.max_workers = 2}};
  const auto check = [&](auto& executor) {
    CHECK(executor.submit(scaled, 5).result() == 15);
    CHECK(executor.submit(partial(subtract, 5, 3)).result() == 2);
    std::vector<int> results;
    for (const int result : executor.map(scaled, numbers)) results.push_back(result);
    CHECK(results == std::vector<int>{3, 6, 9, 12});
    CHECK(executor.submit(partial([](std::unique_ptr<int> n) { return *n; }, std::make_unique<int>(7))).result() == 7);
  };
  check(here);
  check(manual);
  check(pool);
  heddle_test::on_every_executor(
      [&](auto& executor) { CHECK(heddle::parallel_map(executor, scaled, numbers) == std::vector<int>{3, 6, 9, 12}); });
}

TEST_CASE("a partial whose function takes a stop_token gets one after its values", "[partial]") {
  heddle::inline_executor here;
  const auto asked =
      partial([](int n, const heddle::stop_token& stop, int x) { return stop.stop_possible() ? n + x : 0; }, 40);
  CHECK(here.submit(asked, 2).result() == 42);
}
