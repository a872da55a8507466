// SPDX-License-Identifier: MIT
// Stop tokens: heddle's own, and those of the standard library where it has them, which must do the same.
#include <heddle/base/stop_state.hpp>
#include <heddle/stop_token.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>

#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/child_process.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/threads.hpp>

namespace {

struct heddles_own {
  using token = heddle::base::stop_token;
  using source = heddle::base::stop_source;
  template <class F>
  using callback = heddle::base::stop_callback<F>;
  static constexpr auto no_state = heddle::base::nostopstate;
  static constexpr bool ends_what_is_moved_over = true;
};

/// The standard library's where it has them.
struct public_ones {
  using token = heddle::stop_token;
  using source = heddle::stop_source;
  template <class F>
  using callback = heddle::stop_callback<F>;
  [[maybe_unused]] static constexpr auto no_state = heddle::nostopstate;
  // Neither those of GCC 12 nor those of Clang 19 end a source that is moved over.
  [[maybe_unused]] static constexpr bool ends_what_is_moved_over = false;
};

using libraries = std::conditional_t<std::is_same_v<heddles_own::token, public_ones::token>, std::tuple<heddles_own>,
                                     std::tuple<heddles_own, public_ones>>;

/// A callable of one type, whatever it does.
struct function {
  void (*call)(const void*);
  const void* argument;
  void operator()() const { call(argument); }
};

template <class F>
function reference_to(const F& f) {
  return {[](const void* called) { (*static_cast<const F*>(called))(); }, &f};
}

template <class Token, class Source, class Callback>
constexpr bool has_the_traits_of_the_standard =
    std::is_nothrow_default_constructible_v<Token> && std::is_nothrow_copy_constructible_v<Token> &&
    std::is_nothrow_copy_assignable_v<Token> && std::is_nothrow_move_constructible_v<Token> &&
    std::is_nothrow_move_assignable_v<Token> && std::is_nothrow_swappable_v<Token> &&
    std::is_default_constructible_v<Source> && !std::is_nothrow_default_constructible_v<Source> &&
    std::is_nothrow_copy_constructible_v<Source> && std::is_nothrow_copy_assignable_v<Source> &&
    std::is_nothrow_move_constructible_v<Source> && std::is_nothrow_move_assignable_v<Source> &&
    std::is_nothrow_swappable_v<Source> && !std::is_copy_constructible_v<Callback> &&
    !std::is_copy_assignable_v<Callback> && std::is_same_v<typename Callback::callback_type, function> &&
    std::is_nothrow_constructible_v<Callback, const Token&, function> &&
    std::is_nothrow_constructible_v<Callback, Token, const function&> &&
    !std::is_constructible_v<Callback, Token, int> && !std::is_convertible_v<Token, Source>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("stop tokens copy, move and construct as the standard says", "[stop_token]", libraries) {
  using callback = typename TestType::template callback<function>;
  STATIC_REQUIRE(has_the_traits_of_the_standard<typename TestType::token, typename TestType::source, callback>);
  STATIC_REQUIRE(std::is_constructible_v<typename TestType::source, decltype(TestType::no_state)>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<decltype(TestType::no_state), typename TestType::source>);
  struct throws_when_copied {
    throws_when_copied() = default;
    throws_when_copied(const throws_when_copied&) {}  // NOLINT(modernize-use-equals-default): may throw
    void operator()() const {}
  };
  STATIC_REQUIRE_FALSE(std::is_nothrow_constructible_v<typename TestType::template callback<throws_when_copied>,
                                                       typename TestType::token, const throws_when_copied&>);
}

TEMPLATE_LIST_TEST_CASE("a token without source can never be stopped", "[stop_token]", libraries) {
  const typename TestType::token token;
  CHECK_FALSE(token.stop_possible());
  CHECK_FALSE(token.stop_requested());
  typename TestType::source source(TestType::no_state);
  CHECK_FALSE(source.stop_possible());
  CHECK_FALSE(source.stop_requested());
  CHECK_FALSE(source.request_stop());
  CHECK(source.get_token() == token);
  bool called = false;
  const auto call = [&] { called = true; };
  {
    const typename TestType::template callback<function> callback(token, reference_to(call));
  }
  CHECK_FALSE(called);
}

TEMPLATE_LIST_TEST_CASE("a request is made once, and all sources and tokens see it", "[stop_token]", libraries) {
  typename TestType::source source;
  auto other_source = source;
  const auto token = source.get_token();
  CHECK(source.stop_possible());
  CHECK(token.stop_possible());
  CHECK_FALSE(token.stop_requested());
  CHECK_FALSE(source.stop_requested());
  CHECK(source.request_stop());
  CHECK_FALSE(source.request_stop());
  CHECK_FALSE(other_source.request_stop());
  CHECK(other_source.stop_requested());
  CHECK(token.stop_requested());
  CHECK(source.get_token().stop_requested());
  CHECK(token.stop_possible());
}

TEMPLATE_LIST_TEST_CASE("stop is possible as long as there is a source, or once it was requested", "[stop_token]",
                        libraries) {
  using source = typename TestType::source;
  std::optional<source> first(std::in_place);
  const auto token = first->get_token();
  {
    const source second = *first;
    first.reset();
    CHECK(token.stop_possible());
    CHECK(token == second.get_token());
  }
  CHECK_FALSE(token.stop_possible());
  CHECK_FALSE(token.stop_requested());

  first.emplace();
  const auto requested = first->get_token();
  first->request_stop();
  first.reset();
  CHECK(requested.stop_possible());
  CHECK(requested.stop_requested());
}

TEMPLATE_LIST_TEST_CASE("a source that is copied or moved over another one ends that", "[stop_token]", libraries) {
  using source = typename TestType::source;
  source first;
  source second;
  const auto token_of_first = first.get_token();
  const auto token_of_second = second.get_token();
  first = second;
  CHECK_FALSE(token_of_first.stop_possible());
  CHECK(first == second);
  CHECK(first.get_token() == token_of_second);

  source third;
  const auto token_of_third = third.get_token();
  first = std::move(third);
  CHECK_FALSE(third.stop_possible());  // NOLINT(bugprone-use-after-move): it has no state now
  CHECK_FALSE(third.request_stop());
  CHECK(first.get_token() == token_of_third);
  second = source(TestType::no_state);
  if (TestType::ends_what_is_moved_over) CHECK_FALSE(token_of_second.stop_possible());
  CHECK(first.request_stop());
  CHECK(token_of_third.stop_requested());
}

TEMPLATE_LIST_TEST_CASE("sources and tokens are assigned to themselves and swapped", "[stop_token]", libraries) {
  typename TestType::source a;
  typename TestType::source b;
  auto token_of_a = a.get_token();
  auto token_of_b = b.get_token();
  auto& same = a;
  a = same;
  CHECK(a.get_token() == token_of_a);
  CHECK(token_of_a.stop_possible());
  CHECK_FALSE(token_of_a == token_of_b);
  CHECK(a != b);

  swap(a, b);
  CHECK(a.get_token() == token_of_b);
  CHECK(b.get_token() == token_of_a);
  swap(token_of_a, token_of_b);
  CHECK(a.get_token() == token_of_a);
  b.request_stop();
  CHECK(token_of_b.stop_requested());
  CHECK_FALSE(token_of_a.stop_requested());

  const auto moved = std::move(token_of_a);
  CHECK_FALSE(token_of_a.stop_possible());  // NOLINT(bugprone-use-after-move): it has no state now
  CHECK(moved.stop_possible());
  token_of_a = moved;
  CHECK(token_of_a == moved);
}

TEMPLATE_LIST_TEST_CASE("who requests stop calls the callbacks that are there", "[stop_token]", libraries) {
  typename TestType::source source;
  int calls = 0;
  std::thread::id caller;
  const auto call = [&] {
    ++calls;
    caller = std::this_thread::get_id();
    CHECK(source.stop_requested());
  };
  const typename TestType::template callback<function> first(source.get_token(), reference_to(call));
  const auto token = source.get_token();
  const typename TestType::template callback<function> second(token, reference_to(call));
  std::optional<typename TestType::template callback<function>> ended(std::in_place, token, reference_to(call));
  ended.reset();
  CHECK(calls == 0);
  std::thread::id requester;
  std::thread([&] {
    requester = std::this_thread::get_id();
    source.request_stop();
  }).join();
  CHECK(calls == 2);
  CHECK(caller == requester);
  source.request_stop();
  CHECK(calls == 2);
}

TEMPLATE_LIST_TEST_CASE("callbacks leave the list in any order", "[stop_token]", libraries) {
  using callback = typename TestType::template callback<function>;
  for (int first = 0; first != 3; ++first) {
    for (int second = 0; second != 3; ++second) {
      typename TestType::source source;
      int calls[3] = {};
      std::optional<callback> callbacks[3];
      const auto count = [&](int of) { return [&calls, of] { ++calls[of]; }; };
      const decltype(count(0)) counts[] = {count(0), count(1), count(2)};
      for (int i = 0; i != 3; ++i) callbacks[i].emplace(source.get_token(), reference_to(counts[i]));
      callbacks[first].reset();
      callbacks[second].reset();
      source.request_stop();
      for (int i = 0; i != 3; ++i) CHECK(calls[i] == (i == first || i == second ? 0 : 1));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("a callback that comes after the request is called in its constructor", "[stop_token]",
                        libraries) {
  typename TestType::source source;
  source.request_stop();
  std::thread::id caller;
  const auto call = [&] { caller = std::this_thread::get_id(); };
  {
    const typename TestType::template callback<function> callback(source.get_token(), reference_to(call));
    CHECK(caller == std::this_thread::get_id());
    caller = {};
  }
  CHECK(caller == std::thread::id{});
}

TEMPLATE_LIST_TEST_CASE("a callback that comes when all sources are gone is never called", "[stop_token]", libraries) {
  std::optional<typename TestType::source> source(std::in_place);
  const auto token = source->get_token();
  source.reset();
  bool called = false;
  const auto call = [&] { called = true; };
  {
    const typename TestType::template callback<function> callback(token, reference_to(call));
  }
  CHECK_FALSE(called);
}

TEMPLATE_LIST_TEST_CASE("a callback may outlive sources and tokens", "[stop_token]", libraries) {
  using callback = typename TestType::template callback<function>;
  std::optional<callback> left;
  int calls = 0;
  const auto call = [&] { ++calls; };
  {
    typename TestType::source source;
    left.emplace(source.get_token(), reference_to(call));
  }
  left.reset();
  {
    typename TestType::source source;
    left.emplace(source.get_token(), reference_to(call));
    source.request_stop();
  }
  left.reset();
  CHECK(calls == 1);
}

TEMPLATE_LIST_TEST_CASE("a callback deduces, refers to and moves its callable", "[stop_token]", libraries) {
  typename TestType::source source;
  int calls = 0;
  auto call = [&] { ++calls; };
  const typename TestType::template callback<decltype(call)&> refers(source.get_token(), call);
  const typename TestType::template callback<std::add_const_t<decltype(call)>> constant(source.get_token(), call);
  auto owner = [owned = std::make_unique<int>(1), &calls]() mutable { calls += *owned; };
  const typename TestType::template callback<decltype(owner)> owns(source.get_token(), std::move(owner));
  struct once {
    int* calls;
    void operator()() && { ++*calls; }
  };
  const typename TestType::template callback<once> called_once(source.get_token(), once{&calls});
  source.request_stop();
  CHECK(calls == 4);
}

TEST_CASE("the type of a callable need not be written", "[stop_token]") {
  bool own_called = false;
  bool public_called = false;
  heddle::base::stop_source own_source;
  heddle::stop_source public_source;
  const heddle::base::stop_callback own(own_source.get_token(), [&] { own_called = true; });
  const heddle::stop_callback by_public_name(public_source.get_token(), [&] { public_called = true; });
  own_source.request_stop();
  CHECK(own_called);
  public_source.request_stop();
  CHECK(public_called);
}

TEMPLATE_LIST_TEST_CASE("a callable that cannot be copied leaves no callback behind", "[stop_token]", libraries) {
  struct fails_when_copied {
    bool* called;
    explicit fails_when_copied(bool& flag) : called(&flag) {}
    fails_when_copied(const fails_when_copied&) : called(nullptr) { throw std::runtime_error("copied"); }
    void operator()() const { *called = true; }
  };
  bool called = false;
  typename TestType::source source;
  const fails_when_copied callable(called);
  using callback = typename TestType::template callback<fails_when_copied>;
  CHECK_THROWS_AS(callback(source.get_token(), callable), std::runtime_error);
  CHECK(source.request_stop());
  CHECK_FALSE(called);
}

TEMPLATE_LIST_TEST_CASE("a callback may request stop and register others", "[stop_token]", libraries) {
  typename TestType::source source;
  int calls = 0;
  const auto inner = [&] { ++calls; };
  const auto outer = [&] {
    CHECK_FALSE(source.request_stop());
    const typename TestType::template callback<function> callback(source.get_token(), reference_to(inner));
    CHECK(calls == 1);
  };
  const typename TestType::template callback<function> callback(source.get_token(), reference_to(outer));
  CHECK(source.request_stop());
  CHECK(calls == 1);
}

TEMPLATE_LIST_TEST_CASE("a callback may destroy itself, and others", "[stop_token]", libraries) {
  const heddle_test::deadline limit;
  using callback = typename TestType::template callback<function>;
  typename TestType::source source;
  std::unique_ptr<callback> callbacks[3];
  int calls = 0;
  const auto destroy_all = [&] {
    ++calls;
    for (auto& each : callbacks) each.reset();
  };
  for (auto& each : callbacks) each = std::make_unique<callback>(source.get_token(), reference_to(destroy_all));
  CHECK(source.request_stop());
  CHECK(calls == 1);
}

TEMPLATE_LIST_TEST_CASE("a callback may be destroyed by one that is called later", "[stop_token]", libraries) {
  const heddle_test::deadline limit;
  using callback = typename TestType::template callback<function>;
  typename TestType::source source;
  std::unique_ptr<callback> callbacks[2];
  int calls = 0;
  const auto destroy_both_at_last = [&] {
    if (++calls < 2) return;
    for (auto& each : callbacks) each.reset();
  };
  for (auto& each : callbacks) {
    each = std::make_unique<callback>(source.get_token(), reference_to(destroy_both_at_last));
  }
  CHECK(source.request_stop());
  CHECK(calls == 2);
}

TEST_CASE("a callback may destroy the source by which stop is requested", "[stop_token]") {
  using heddle::base::stop_callback;
  auto source = std::make_unique<heddle::base::stop_source>();
  std::unique_ptr<stop_callback<function>> callbacks[2];
  const auto destroy_all = [&] {
    source.reset();
    for (auto& each : callbacks) each.reset();
  };
  for (auto& each : callbacks) {
    each = std::make_unique<stop_callback<function>>(source->get_token(), reference_to(destroy_all));
  }
  CHECK(source->request_stop());
  CHECK(source == nullptr);
}

TEMPLATE_LIST_TEST_CASE("who destroys a callback that another thread calls waits for its end", "[stop_token]",
                        libraries) {
  const heddle_test::deadline limit;
  using callback = typename TestType::template callback<function>;
  typename TestType::source source;
  heddle_test::gate in_callback;
  bool called = false;
  const auto call = [&] {
    in_callback.pass();
    called = true;
  };
  auto running = std::make_unique<callback>(source.get_token(), reference_to(call));
  std::thread requester([&] { source.request_stop(); });
  in_callback.wait_until_reached();

  std::atomic<pid_t> destroyer_id{0};
  std::atomic<bool> destroyed{false};
  std::thread destroyer([&] {
    destroyer_id = ::gettid();
    running.reset();
    destroyed = true;
  });
  while (!destroyed && (destroyer_id == 0 || !heddle_test::is_asleep(destroyer_id))) std::this_thread::yield();
  CHECK_FALSE(destroyed);
  in_callback.open();
  destroyer.join();
  CHECK(called);
  requester.join();
}

TEMPLATE_LIST_TEST_CASE("while a callback runs others come, go and are called", "[stop_token]", libraries) {
  const heddle_test::deadline limit;
  using callback = typename TestType::template callback<function>;
  typename TestType::source source;
  heddle_test::gate in_callback;
  const auto pass = [&] { in_callback.pass(); };
  int calls = 0;
  const auto call = [&] { ++calls; };
  // The newest is called first: the others are in the list meanwhile.
  std::optional<callback> waiting(std::in_place, source.get_token(), reference_to(call));
  std::optional<callback> leaving(std::in_place, source.get_token(), reference_to(call));
  const callback blocked(source.get_token(), reference_to(pass));
  std::thread requester([&] { source.request_stop(); });
  in_callback.wait_until_reached();

  leaving.reset();
  CHECK_FALSE(source.request_stop());
  const auto calls_before = calls;
  const callback late(source.get_token(), reference_to(call));
  CHECK(calls == calls_before + 1);
  in_callback.open();
  requester.join();
  CHECK(calls == 2);
}

TEMPLATE_LIST_TEST_CASE("a callback that throws terminates the program", "[stop_token]", libraries) {
  if (heddle_test::in_the_child()) {
    typename TestType::source source;
    const auto fail = [] { throw std::runtime_error("of a callback"); };
    const typename TestType::template callback<function> callback(source.get_token(), reference_to(fail));
    try {
      source.request_stop();
    } catch (...) {
      std::_Exit(0);
    }
  } else {
    CHECK(heddle_test::run_this_test_in_a_child().aborted);
  }
}

TEST_CASE("a source allocates once, its tokens and callbacks never", "[stop_token]") {
  CHECK(heddle_test::allocations_in([] {
          heddle::base::stop_source source;
          const heddle::base::stop_source copy = source;
          const heddle::base::stop_token token = copy.get_token();
          const heddle::base::stop_callback callback(token, [] {});
          source.request_stop();
        }) == 1);
}
