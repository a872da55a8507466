// SPDX-License-Identifier: MIT
#include <cstddef>
#include <heddle/asyncio.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <support/catch.hpp>
#include <support/scale.hpp>
#include <type_traits>
#include <utility>

namespace asyncio = heddle::asyncio;

static_assert(!std::is_copy_constructible_v<asyncio::task<int>>);
static_assert(std::is_nothrow_move_constructible_v<asyncio::task<int>>);
static_assert(!asyncio::awaitable<asyncio::task<int>&>, "a task is moved into co_await");
static_assert(asyncio::awaitable<asyncio::task<int>>);

namespace {

struct only_from_int {
  explicit only_from_int(int number) : value(number) {}
  only_from_int(only_from_int&&) = default;
  only_from_int& operator=(only_from_int&&) = default;
  int value;
};

asyncio::task<int> increment(int x) { co_return x + 1; }

asyncio::task<void> note(bool& ran) {
  ran = true;
  co_return;
}

template <class T>
asyncio::task<T> give(T value) {
  co_return std::move(value);
}

asyncio::task<int&> refer(int& to) { co_return to; }

asyncio::task<int> throw_int() {
  throw 42;
  co_return 0;
}

asyncio::task<std::size_t> count_down(std::size_t from) {
  if (from == 0) co_return 0;
  const std::size_t rest = co_await count_down(from - 1);
  co_return rest + 1;
}

}  // namespace

TEST_CASE("a task does nothing until it is awaited", "[asyncio][task]") {
  asyncio::run([]() -> asyncio::task<void> {
    bool ran = false;
    asyncio::task<void> lazy = note(ran);
    CHECK_FALSE(ran);
    co_await std::move(lazy);
    CHECK(ran);
  });
}

TEST_CASE("a task that never runs destroys its arguments", "[asyncio][task]") {
  const auto argument = std::make_shared<int>(1);
  {
    const asyncio::task<std::shared_ptr<int>> unused = give(argument);
    CHECK(argument.use_count() == 2);
  }
  CHECK(argument.use_count() == 1);
}

TEST_CASE("awaiting a task gives its value: moved-only, without default constructor, a reference", "[asyncio][task]") {
  asyncio::run([]() -> asyncio::task<void> {
    const int one = co_await increment(0);
    CHECK(one == 1);

    const std::unique_ptr<int> owned = co_await give(std::make_unique<int>(2));
    CHECK(*owned == 2);

    const only_from_int three = co_await give(only_from_int(3));
    CHECK(three.value == 3);

    int number = 4;
    int& same = co_await refer(number);
    CHECK(&same == &number);
  });
}

TEST_CASE("co_return converts to the type of the task", "[asyncio][task]") {
  const std::string text = asyncio::run([]() -> asyncio::task<std::string> { co_return "text"; });
  CHECK(text == "text");
}

TEST_CASE("awaiting a task throws what it threw, whatever its type", "[asyncio][task]") {
  asyncio::run([]() -> asyncio::task<void> {
    int caught = 0;
    try {
      co_await throw_int();
    } catch (int thrown) {
      caught = thrown;
    }
    CHECK(caught == 42);
  });
}

TEST_CASE("what a local destroys in the end is destroyed before the awaiting task goes on", "[asyncio][task]") {
  struct sets_on_destruction {
    explicit sets_on_destruction(bool& its_flag) : flag(its_flag) {}
    ~sets_on_destruction() { flag = true; }
    bool& flag;
  };
  bool destroyed = false;
  auto child = [&]() -> asyncio::task<void> {
    const sets_on_destruction local(destroyed);
    co_return;
  };
  asyncio::run([&]() -> asyncio::task<void> {
    co_await child();
    CHECK(destroyed);
  });
}

TEST_CASE("an exception after co_return replaces the value, which is destroyed", "[asyncio][task]") {
  struct throws_on_destruction {
    ~throws_on_destruction() noexcept(false) { throw std::runtime_error("late"); }
  };
  const auto value = std::make_shared<int>(1);
  auto child = [&]() -> asyncio::task<std::shared_ptr<int>> {
    const throws_on_destruction local;
    co_return value;
  };

  CHECK_THROWS_WITH(asyncio::run(child()), "late");
  CHECK(value.use_count() == 1);
}

TEST_CASE("a task that was awaited or moved from is empty, and awaiting it throws", "[asyncio][task]") {
  asyncio::run([]() -> asyncio::task<void> {
    asyncio::task<int> once = increment(1);
    CHECK(once.valid());
    const int first = co_await std::move(once);
    CHECK(first == 2);
    CHECK_FALSE(once.valid());

    bool refused = false;
    try {
      co_await std::move(once);
    } catch (const heddle::invalid_state_error&) {
      refused = true;
    }
    CHECK(refused);
  });
  CHECK_THROWS_AS(asyncio::run(asyncio::task<int>()), heddle::invalid_state_error);
}

TEST_CASE("a task is moved by assignment", "[asyncio][task]") {
  asyncio::task<int> first = increment(1);
  asyncio::task<int> second = increment(10);
  first = std::move(second);
  CHECK_FALSE(second.valid());
  CHECK(asyncio::run(std::move(first)) == 11);
}

TEST_CASE("a million awaits in a loop do not grow the stack", "[asyncio][task]") {
  const int times = 1'000'000;  // not scaled: sanitizers are what makes calls of jumps
  const int sum = asyncio::run([]() -> asyncio::task<int> {
    int reached = 0;
    for (int i = 0; i < times; ++i) reached = co_await increment(reached);
    co_return reached;
  });
  CHECK(sum == times);
}

TEST_CASE("tasks await each other half a million deep without growing the stack", "[asyncio][task]") {
  const std::size_t depth = 500'000;
  CHECK(asyncio::run(count_down(depth)) == depth);
}

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wreturn-type"
#endif
namespace {
asyncio::task<std::string> text_if(bool wanted) {
  if (wanted) co_return "text";
}
}  // namespace
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

TEST_CASE("a coroutine that ends without co_return gives an error that says so", "[asyncio][task]") {
  const std::string error =
      "this coroutine ended without co_return, so it has no value: co_return one at the end of "
      "every path";
  CHECK(asyncio::run(text_if(true)) == "text");
  CHECK_THROWS_WITH(asyncio::run(text_if(false)), error);
  const auto await = []() -> asyncio::task<std::string> { co_return co_await text_if(false); };
  CHECK_THROWS_WITH(asyncio::run(await), error);
  CHECK_THROWS_AS(asyncio::run(await), heddle::invalid_state_error);
}
