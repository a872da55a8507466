// SPDX-License-Identifier: MIT
#include <heddle/parallel_invoke.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <exception>
#include <heddle/parallel_for.hpp>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/fork_fib.hpp>
#include <support/gate.hpp>
#include <support/scale.hpp>
#include <support/threads.hpp>

using heddle::parallel_invoke;
using heddle::thread_pool_executor;
using heddle_test::fib;
using heddle_test::scaled;
using heddle_test::wait_for;

namespace {

struct numbered : std::runtime_error {
  explicit numbered(int its_number) : std::runtime_error("call " + std::to_string(its_number)), number(its_number) {}
  int number;
};

// ---- exceptions of any type

struct plain {  // no std::exception
  int number;
};

struct move_only {
  std::unique_ptr<int> number;
};

enum class thrown { integer, plain, move_only, nested };

[[noreturn]] void throw_a(thrown type) {
  switch (type) {
    case thrown::integer:
      throw 1;
    case thrown::plain:
      throw plain{2};
    case thrown::move_only:
      throw move_only{std::make_unique<int>(3)};
    default:
      try {
        throw plain{4};
      } catch (...) {
        std::throw_with_nested(std::logic_error("outer"));
      }
  }
}

std::string in_words(const std::exception_ptr& caught) {
  try {
    std::rethrow_exception(caught);
  } catch (int number) {
    return "int " + std::to_string(number);
  } catch (const plain& error) {
    return "plain " + std::to_string(error.number);
  } catch (const move_only& error) {
    return "move_only " + std::to_string(*error.number);
  } catch (const std::logic_error& error) {
    return error.what() + (" of " + in_words(dynamic_cast<const std::nested_exception&>(error).nested_ptr()));
  }
}

template <class Call>
std::string text_thrown_by(Call call) {
  try {
    call();
    return "nothing";
  } catch (...) {
    return in_words(std::current_exception());
  }
}

// ---- deep recursion

enum class deeper { in_first, in_second };

/// Forks `levels` deep, on the pool whose worker calls.
template <deeper Where>
std::size_t recurse(std::size_t levels) {
  if (levels == 0) return 0;
  std::size_t below = 0;
  std::size_t beside = 0;
  const auto deep = [&] { below = recurse<Where>(levels - 1); };
  const auto flat = [&] { ++beside; };
  if constexpr (Where == deeper::in_first) {
    parallel_invoke(deep, flat);
  } else {
    parallel_invoke(flat, deep);
  }
  return below + beside;
}

}  // namespace

TEST_CASE("parallel_invoke calls each of its arguments once, however many there are", "[parallel_invoke]") {
  thread_pool_executor pool{{.max_workers = 3}};
  std::array<int, 9> calls{};
  const auto call = [&](std::size_t i) { return [&calls, i] { ++calls[i]; }; };
  parallel_invoke(pool);
  parallel_invoke(pool, call(0));
  CHECK(calls == std::array<int, 9>{1});
  parallel_invoke(pool, call(0), call(1));
  CHECK(calls == std::array<int, 9>{2, 1});
  parallel_invoke(pool, call(0), call(1), call(2));
  CHECK(calls == std::array<int, 9>{3, 2, 1});
  parallel_invoke(pool, call(0), call(1), call(2), call(3), call(4), call(5), call(6), call(7), call(8));
  CHECK(calls == std::array<int, 9>{4, 3, 2, 1, 1, 1, 1, 1, 1});
}

TEST_CASE("calls may return something, be called by name and be mutable", "[parallel_invoke]") {
  int called = 0;
  auto counting = [&called, own = std::make_unique<int>(0)]() mutable { return called += ++*own; };
  static std::atomic<int> by_name;
  by_name = 0;
  struct named {
    static int call() { return ++by_name; }
  };
  parallel_invoke(counting, named::call);
  CHECK(called == 1);
  CHECK(by_name == 1);
}

TEST_CASE("two calls run at the same time", "[parallel_invoke]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  std::atomic<bool> first{false};
  std::atomic<bool> second{false};
  parallel_invoke(
      pool,
      [&] {
        first = true;
        wait_for(second);
      },
      [&] {
        second = true;
        wait_for(first);
      });
  CHECK((first && second));
}

// The second worker was called, and nobody called the third one: what the first one forked meanwhile stayed private.
TEST_CASE("as many calls run at the same time as there are workers", "[parallel_invoke][regression]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(3U, 5U);
  const bool by_guest = GENERATE(false, true);
  const bool pauses = GENERATE(false, true);
  CAPTURE(workers, by_guest, pauses);
  thread_pool_executor pool{{.max_workers = workers}};
  for (int round = 0; round < 50; ++round) {
    std::latch begun(static_cast<std::ptrdiff_t>(workers));
    const auto call = [&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // a guest wakes nobody for calls known to be short
      begun.arrive_and_wait();
    };
    const auto invoke = [&] {
      if (workers == 3) return parallel_invoke(pool, call, call, call);
      parallel_invoke(pool, call, call, call, call, call);
    };
    by_guest ? invoke() : pool.submit(invoke).result();
    if (pauses) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // so that all workers sleep
  }
}

TEST_CASE("a second worker that comes late still gets its share", "[parallel_invoke]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  std::atomic<bool> release{false};
  std::atomic<bool> occupied{false};
  std::atomic<bool> stolen{false};
  auto blocker = pool.submit([&] {
    occupied = true;
    wait_for(release);
  });
  auto blocker2 = pool.submit([&] { wait_for(release); });
  wait_for(occupied);
  parallel_invoke(
      pool,
      [&] {
        // All workers are busy when this begins, and its thread reads no flag before it has ended.
        release = true;
        wait_for(stolen);
      },
      [&] { stolen = true; });
  blocker.result();
  blocker2.result();
  CHECK(stolen);
}

TEST_CASE("forks nest, from outside and from workers", "[parallel_invoke]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 3}};
  std::uint64_t outside = 0;
  parallel_invoke(pool, [&] { outside = fib(20); });
  CHECK(outside == 6765);
  CHECK(pool.submit(fib, 20U).result() == 6765);
  CHECK(fib(16) == 987);  // on the default executor
}

TEST_CASE("what the first of several throwing calls threw is rethrown, by position", "[parallel_invoke]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 3}};
  const auto thrown_by = [&pool](auto... calls) {
    try {
      parallel_invoke(pool, calls...);
    } catch (const numbered& error) {
      return error.number;
    }
    return -1;
  };
  const auto fails = [](int number) { return [number] { throw numbered(number); }; };
  const auto works = [] {};
  for (int round = 0; round < 200; ++round) {
    REQUIRE(thrown_by(fails(0), works) == 0);
    REQUIRE(thrown_by(works, fails(1)) == 1);
    REQUIRE(thrown_by(fails(0), fails(1)) == 0);
    REQUIRE(thrown_by(works, fails(1), fails(2), works, fails(4)) == 1);
  }
}

namespace {

/// Three calls, of which the one in `place` throws; returns what arrives. `Together`: each waits in a thread of its own
/// for the others to begin. (A template, so that what the engine learns of the cost of the ones is not said of the
/// others.)
template <bool Together, class InPool>
std::string throw_in_place(thread_pool_executor& pool, const InPool& in_pool, int place, thrown type) {
  std::latch begun(3);
  std::atomic<int> running{0};
  const auto call = [&](int number) {
    return [&, number] {
      if constexpr (Together) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));  // a guest wakes nobody for calls known to be short
        ++running;
        begun.arrive_and_wait();
      }
      if (number == place) throw_a(type);
      if constexpr (Together) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));  // the others must be waited for
        --running;
      }
    };
  };
  const std::string found = text_thrown_by([&] { in_pool([&] { parallel_invoke(pool, call(0), call(1), call(2)); }); });
  CHECK(running == (Together ? 1 : 0));  // the one that threw
  return found;
}

}  // namespace

TEST_CASE("what a call throws arrives as it is, of any type, from any place, whoever ran it", "[parallel_invoke]") {
  const heddle_test::deadline limit;
  const bool together = GENERATE(false, true);
  const bool by_guest = GENERATE(false, true);
  const int place = GENERATE(0, 1, 2);
  CAPTURE(together, by_guest, place);
  thread_pool_executor pool{{.max_workers = together ? 3U : 1U}};
  const auto in_pool = [&](auto call) { by_guest ? call() : pool.submit(call).result(); };
  const auto arrives = [&](thrown type) {
    return together ? throw_in_place<true>(pool, in_pool, place, type)
                    : throw_in_place<false>(pool, in_pool, place, type);
  };
  for (int round = 0; round < 10; ++round) {
    CHECK(arrives(thrown::integer) == "int 1");
    CHECK(arrives(thrown::plain) == "plain 2");
    CHECK(arrives(thrown::move_only) == "move_only 3");
    CHECK(arrives(thrown::nested) == "outer of plain 4");
  }
}

TEST_CASE("a throwing call waits for a stolen one, and what that throws too is dropped", "[parallel_invoke]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  std::atomic<bool> second_began{false};
  std::atomic<bool> second_ended{false};
  const auto first = [&] {
    wait_for(second_began);
    throw numbered(0);
  };
  const auto second = [&] {
    second_began = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    second_ended = true;
    throw numbered(1);
  };
  try {
    parallel_invoke(pool, first, second);
    FAIL("nothing was thrown");
  } catch (const numbered& error) {
    CHECK(error.number == 0);
  }
  CHECK(second_ended);
}

TEST_CASE("a call that nobody has begun when the one before it throws is not called", "[parallel_invoke]") {
  thread_pool_executor alone{{.max_workers = 1}};
  bool called = false;
  CHECK_THROWS_AS(parallel_invoke(alone, [] { throw 42; }, [&] { called = true; }), int);
  CHECK_FALSE(called);
}

TEST_CASE("with one worker all calls run in the calling thread, in order", "[parallel_invoke]") {
  thread_pool_executor alone{{.max_workers = 1}};
  std::vector<std::thread::id> threads;
  std::vector<int> order;
  const auto call = [&](int number) {
    return [&threads, &order, number] {
      threads.push_back(std::this_thread::get_id());
      order.push_back(number);
    };
  };
  parallel_invoke(alone, call(0), call(1), call(2), call(3));
  CHECK(order == std::vector<int>{0, 1, 2, 3});
  CHECK(threads == std::vector<std::thread::id>(4, std::this_thread::get_id()));
}

TEST_CASE("a fork allocates nothing", "[parallel_invoke]") {
  thread_pool_executor alone{{.max_workers = 1}};
  parallel_invoke(alone, [] {}, [] {});  // the record of the guest
  CHECK(heddle_test::allocations_in([&] { parallel_invoke(alone, [] {}, [] {}, [] {}); }) == 0);
}

TEST_CASE("several outside threads are guests of one pool", "[parallel_invoke]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 2}};
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        parallel_invoke(pool, [&] { right += fib(12) == 144 ? 1 : 0; }, [&] { right += fib(11) == 89 ? 1 : 0; });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 160);
}

TEST_CASE("a worker is a guest of another pool, and itself again", "[parallel_invoke]") {
  const heddle_test::deadline limit;
  thread_pool_executor outer{{.max_workers = 2}};
  thread_pool_executor inner{{.max_workers = 2}};
  const std::uint64_t sum = outer
                                .submit([&] {
                                  std::uint64_t a = 0, b = 0;
                                  parallel_invoke(inner, [&] { a = fib(12); }, [&] { b = fib(12); });
                                  return a + b + fib(10);
                                })
                                .result();
  CHECK(sum == 144 + 144 + 55);
}

TEST_CASE("a recursion deeper than the task stack runs on without forking", "[parallel_invoke]") {
  thread_pool_executor pool{{.max_workers = 2}};
  struct counter {
    static int depth(int levels) {
      if (levels == 0) return 0;
      int below = 0;
      parallel_invoke([&] { below = depth(levels - 1); }, [] {});
      return below + 1;
    }
  };
  int reached = 0;
  parallel_invoke(pool, [&] { reached = counter::depth(5000); });
  CHECK(reached == 5000);
}

TEST_CASE("a recursion of a million levels needs a large stack and nothing else", "[parallel_invoke][stack]") {
  const heddle_test::deadline limit;
  // The frames of a sanitizer are several times as large, and ThreadSanitizer remembers 65,536 open calls at most.
  const std::size_t levels = heddle_test::under_thread_sanitizer ? 5'000 : scaled(1'000'000);
  for (const std::size_t workers : {1U, 2U}) {
    CAPTURE(workers);
    thread_pool_executor pool{{.max_workers = workers, .stack_size = std::size_t{1} << 30U}};
    CHECK(pool.submit(recurse<deeper::in_first>, levels).result() == levels);
    CHECK(pool.submit(recurse<deeper::in_second>, levels).result() == levels);
  }
}

// Guests stand in for workers: with two of them in a pool of two nobody may help, and all workers sleep. What has been
// forked is not forgotten over a loop that is too short to share.
TEST_CASE("when a guest leaves, a worker helps the other one with what it has forked",
          "[parallel_invoke][regression]") {
  const heddle_test::deadline limit;
  const bool loops_meanwhile = GENERATE(false, true);
  CAPTURE(loops_meanwhile);
  thread_pool_executor pool{{.max_workers = 2}};
  const auto loop = [&] {
    heddle::parallel_for(pool, 0, 100, [](int) {
      volatile int work = 0;
      for (int i = 0; i < 40; ++i) work = work + i;
    });
  };
  for (int i = 0; i < 300; ++i) loop();  // so that its cost is known
  heddle_test::gate stays;
  std::thread leaver([&] { parallel_invoke(pool, [&] { stays.pass(); }, [] {}); });
  stays.wait_until_reached();
  std::atomic<bool> first{false};
  std::atomic<bool> sleepers_have_begged{false};
  std::atomic<bool> has_looped{false};
  std::atomic<bool> second{false};
  std::thread other([&] {
    parallel_invoke(
        pool,
        [&] {
          first = true;
          wait_for(sleepers_have_begged);
          if (loops_meanwhile) loop();
          has_looped = true;
          wait_for(second);
        },
        [&] { second = true; });
  });
  wait_for(first);
  pool.submit([] {}).result();
  std::this_thread::sleep_for(std::chrono::milliseconds(10));  // so that the workers sleep
  sleepers_have_begged = true;
  wait_for(has_looped);
  CHECK(!second);
  stays.open();
  leaver.join();
  other.join();
  CHECK(second);
}

// The guest sleeps until the end of the call that a worker has stolen from it, and no other worker may help.
TEST_CASE("who waits for a stolen call helps with what is forked there", "[parallel_invoke][regression]") {
  const heddle_test::deadline limit;
  const bool joiner_sleeps = GENERATE(true, false);
  const bool forks_before = GENERATE(true, false);
  CAPTURE(joiner_sleeps, forks_before);
  thread_pool_executor pool{{.max_workers = 2}};
  std::atomic<bool> stolen{false};
  std::atomic<bool> joining{false};
  std::atomic<bool> helped{false};
  const auto wait_for_joiner = [&] {
    wait_for(joining);
    if (joiner_sleeps) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  };
  parallel_invoke(
      pool,
      [&] {
        wait_for(stolen);
        joining = true;
      },
      [&] {
        stolen = true;
        if (!forks_before) wait_for_joiner();
        parallel_invoke(
            pool,
            [&] {
              if (forks_before) wait_for_joiner();
              wait_for(helped);
            },
            [&] { helped = true; });
      });
  CHECK(helped);
}

// Of three that take part each is in a call that needs what the last one has forked; the first is done with its own.
TEST_CASE("who waits for a stolen call helps who has stolen a part of it", "[parallel_invoke][regression]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 3}};
  std::atomic<bool> stolen{false};
  std::atomic<bool> part_is_stolen{false};
  std::atomic<bool> helped{false};
  parallel_invoke(
      pool, [&] { wait_for(part_is_stolen); },
      [&] {
        stolen = true;
        parallel_invoke(
            pool, [&] { wait_for(helped); },
            [&] {
              parallel_invoke(
                  pool,
                  [&] {
                    part_is_stolen = true;
                    wait_for(helped);
                  },
                  [&] { helped = true; });
            });
      });
  CHECK(stolen);
  CHECK(helped);
}

TEST_CASE("a worker that may not help a guest sleeps meanwhile", "[parallel_invoke]") {
  const heddle_test::deadline limit;
  thread_pool_executor alone{{.max_workers = 1}};
  const auto cpu_time_of_process = [] { return std::clock(); };
  std::clock_t begin = 0;
  std::clock_t end = 0;
  parallel_invoke(
      alone,
      [&] {
        alone.submit([] {}).result();  // the worker is awake, and looks around
        begin = cpu_time_of_process();
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        end = cpu_time_of_process();
      },
      [] {});
  CHECK(static_cast<double>(end - begin) / CLOCKS_PER_SEC < 0.02);
}
