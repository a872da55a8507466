// SPDX-License-Identifier: MIT
#include <heddle/by_value.hpp>
#include <heddle/callable_kind.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <support/captured_stderr.hpp>
#include <support/catch.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace {

using heddle::by_value;
using heddle::callable_kind;
using heddle::kind_of_callable;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool variables_may_lie_elsewhere = true;
#elif defined(__has_feature)
constexpr bool variables_may_lie_elsewhere = __has_feature(address_sanitizer);
#else
constexpr bool variables_may_lie_elsewhere = false;
#endif

int twice(int x) { return 2 * x; }

template <class F>
constexpr callable_kind kind_of(const F&) {
  return kind_of_callable<F>;
}

/// How many lines a check of the callable writes.
template <class F>
std::string said_of(const F& callable) {
  heddle_test::captured_stderr errors;
  heddle::throw_if_it_holds_addresses(by_value(callable));
  return errors.text();
}

}  // namespace

TEST_CASE("a callable is sent as what it is", "[callable_kind]") {
  int n = 1;
  CHECK(kind_of([](int x) { return x; }) == callable_kind::captureless);
  CHECK(kind_of(std::plus<>{}) == callable_kind::captureless);
  CHECK(kind_of(&twice) == callable_kind::function_pointer);
  CHECK(kind_of(heddle::partial(&twice, 1)) == callable_kind::partial);
  CHECK(kind_of(heddle::partial(std::plus<>{})) == callable_kind::partial);
  CHECK(kind_of(by_value([n](int x) { return n + x; })) == callable_kind::by_value);
  CHECK(kind_of([n](int x) { return n + x; }) == callable_kind::cannot_travel);
  CHECK(kind_of([=](int x) { return x; }) == callable_kind::cannot_travel);
  CHECK(kind_of(std::function<int(int)>(twice)) == callable_kind::cannot_travel);
  CHECK(kind_of(&std::string::empty) == callable_kind::cannot_travel);
  static_assert(heddle::travelling_callable<decltype(twice)&>);
}

TEST_CASE("a callable by value is called as it is", "[by_value]") {
  int n = 40;
  heddle::thread_pool_executor pool{{.max_workers = 1}};
  CHECK(pool.submit(by_value([n](int x) { return n + x; }), 2).result() == 42);
  auto counting = by_value([count = 0]() mutable { return ++count; });
  CHECK(counting() == 1);
  CHECK(counting() == 2);
}

TEST_CASE("a callable by value is made anew of its bytes", "[by_value]") {
  const auto sent = by_value([a = 1, b = 2.5, c = 'c'](double x) { return a + b + x + (c == 'c' ? 1 : 0); });
  const auto bytes = sent.bytes();
  const std::remove_const_t<decltype(sent)> received(bytes);
  CHECK(received(10) == sent(10));
}

TEST_CASE("bytes between members are zeros where the compiler can write them", "[by_value]") {
#if !__has_builtin(__builtin_clear_padding)
  SKIP("this compiler has no __builtin_clear_padding");
#else
  const auto callable = [a = 'a', b = 2.5, c = true] { return a + b + (c ? 1 : 0); };
  const heddle::by_value_call sent(callable);
  const auto clean = sent.bytes();
  auto dirty = clean;
  for (std::size_t at = 0; at < dirty.size(); ++at) {
    const bool is_padding = (at >= 1 && at < 8) || at >= 17;
    if (is_padding) dirty[at] = std::byte{0x7f};
  }
  const std::remove_const_t<decltype(sent)> received(dirty);
  CHECK(received() == sent());
  CHECK(received.bytes() == clean);
#endif
}

TEST_CASE("a callable that holds nothing but addresses of local variables is refused", "[by_value]") {
  int n = 1;
  double d = 2;
  if (variables_may_lie_elsewhere) SKIP("local variables may lie elsewhere under AddressSanitizer");
  CHECK_THROWS_AS(heddle::throw_if_it_holds_addresses(by_value([&n] { return n; })), std::invalid_argument);
  CHECK_THROWS_AS(heddle::throw_if_it_holds_addresses(by_value([&n, &d] { return n + d; })), std::invalid_argument);
}

TEST_CASE("a callable that seems to hold an address is reported once for each type, in builds without NDEBUG",
          "[by_value]") {
  const auto owner = std::make_unique<int>(5);
  const auto suspicious = [pointer = owner.get(), n = 1.0] { return *pointer + n; };
  const std::string said = said_of(suspicious);
#ifdef NDEBUG
  CHECK(said.empty());
#else
  CHECK_THAT(said, Catch::Matchers::ContainsSubstring("seems to hold an address of this one"));
  CHECK(said_of(suspicious).empty());
  CHECK_FALSE(said_of([pointer = owner.get(), n = 2.0] { return *pointer + n; }).empty());
#endif
}

TEST_CASE("a callable that holds numbers is not reported", "[by_value]") {
  CHECK(said_of([a = 1, b = 2.5, c = std::size_t{4'194'304}] { return a + b + static_cast<double>(c); }).empty());
  CHECK(said_of([] { return 1; }).empty());
  CHECK(said_of([a = 0x7fff, b = 0x7fff] { return a + b; }).empty());
}
