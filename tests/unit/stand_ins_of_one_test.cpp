// SPDX-License-Identifier: MIT
// A pool of one worker that has stand-ins: its calls may wait for whatever needs that very pool.
#include <heddle/asyncio.hpp>
#include <heddle/blocking.hpp>
#include <heddle/completion_set.hpp>
#include <heddle/manual_executor.hpp>
#include <heddle/priority.hpp>
#include <heddle/shared_future.hpp>
#include <heddle/submit_after.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <heddle/wait.hpp>
#include <heddle/when_all.hpp>
#include <heddle/when_any.hpp>
#include <heddle/with_timeout.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <ostream>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/child_process.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>

using namespace std::chrono_literals;
using heddle::future;
using heddle::promise;
using heddle::thread_pool_executor;
using heddle::thread_pool_options;
using heddle_test::gate;

namespace {

/// A pool of one worker that is replaced, and another pool whose calls those of the first one wait for.
struct pools {
  thread_pool_executor other{{.max_workers = 1}};
  thread_pool_executor own{{.max_workers = 1, .max_stand_ins = thread_pool_options::usual_stand_ins}};

  future<int> queued(int value) {
    return own.submit([value] { return value; });
  }
  future<int> elsewhere(int value) {
    return other.submit([value] { return value; });
  }
};

int add_one(int value) { return value + 1; }

/// A future that gives 2, and needs calls of the pool that are still queued.
struct dependent {
  const char* name;
  future<int> (*make)(pools& of);
};

const dependent dependents[] = {
    {"then() in the pool", [](pools& of) { return of.queued(1).then(of.own, add_one); }},
    {"then() where it becomes due", [](pools& of) { return of.queued(1).then(add_one); }},
    {"then() elsewhere", [](pools& of) { return of.queued(1).then(of.other, add_one); }},
    {"then() of a priority",
     [](pools& of) { return of.queued(1).then(heddle::prioritized(of.own, heddle::priority::high), add_one); }},
    {"then() in the pool after a call elsewhere", [](pools& of) { return of.elsewhere(1).then(of.own, add_one); }},
    {"a chain of all",
     [](pools& of) { return of.queued(-2).then(add_one).then(of.own, add_one).then(of.other, add_one).then(add_one); }},
    {"a call that gives a call",
     [](pools& of) { return of.queued(1).then(of.own, [&of](int) { return of.queued(2); }); }},
    {"a call elsewhere that gives a call",
     [](pools& of) { return of.elsewhere(1).then([&of](int) { return of.queued(2); }); }},
    {"a call elsewhere that gives what depends on one",
     [](pools& of) {
       return of.elsewhere(1).then([&of](int) { return of.queued(1).then(add_one); }).then([](int two) { return two; });
     }},
    {"catch_error()",
     [](pools& of) {
       return of.own.submit([]() -> int { throw std::runtime_error("1"); }).catch_error([](std::exception_ptr) {
         return 2;
       });
     }},
    {"submit_after() a call", [](pools& of) { return of.own.submit_after(of.queued(1), add_one); }},
    {"submit_after() elsewhere", [](pools& of) { return of.other.submit_after(of.queued(1), add_one); }},
    {"submit_after() a call elsewhere", [](pools& of) { return of.own.submit_after(of.elsewhere(1), add_one); }},
    {"submit_after() some time", [](pools& of) { return of.own.submit_after(1ms, [] { return 2; }); }},
    {"then() after some time",
     [](pools& of) { return of.other.submit_after(1ms, [] { return 1; }).then(of.own, add_one); }},
    {"when_all()",
     [](pools& of) {
       return heddle::when_all(of.elsewhere(1), of.queued(1)).then([](std::tuple<future<int>, future<int>> both) {
         return std::get<0>(both).result() + std::get<1>(both).result();
       });
     }},
    {"when_any()",
     [](pools& of) {
       return heddle::when_any(of.queued(2), of.queued(2)).then([](auto any) {
         return any.index == 0 ? std::get<0>(any.futures).result() : std::get<1>(any.futures).result();
       });
     }},
    {"collect()",
     [](pools& of) {
       return heddle::collect(of.queued(1).then(of.own, add_one), of.queued(0)).then([](std::tuple<int, int> both) {
         return std::get<0>(both) + std::get<1>(both);
       });
     }},
    {"with_timeout()", [](pools& of) { return heddle::with_timeout(of.other, of.queued(2), 60s); }},
    {"a shared future",
     [](pools& of) {
       auto shared = of.queued(1).share();
       return shared.then(of.own, [](const int& value) { return value + 1; });
     }},
};

std::ostream& operator<<(std::ostream& out, const dependent& shown) { return out << shown.name; }

/// One of the ways to wait for a future.
struct way {
  const char* name;
  void (*wait)(future<int>& awaited);
};

constexpr way ways[] = {
    {"result", [](future<int>& awaited) { static_cast<void>(awaited.result()); }},
    {"wait", [](future<int>& awaited) { awaited.wait(); }},
    {"wait for all", [](future<int>& awaited) { heddle::wait(std::array{&awaited}); }},
    {"wait for the first",
     [](future<int>& awaited) { heddle::wait(std::array{&awaited}, {.return_when = heddle::first_completed}); }},
    {"as_completed",
     [](future<int>& awaited) {
       for (future<int>& each : heddle::as_completed(std::array{&awaited})) each.wait();
     }},
    {"completion_set",
     [](future<int>& awaited) {
       heddle::completion_set<int> set;
       set.add(std::move(awaited));
       awaited = std::move(set.wait_any().future);
     }},
    {"an event loop",
     [](future<int>& awaited) {
       heddle::asyncio::run([](future<int>& inner) -> heddle::asyncio::task<void> { co_await inner; }(awaited));
     }},
    {"a call of a manual executor",
     [](future<int>& awaited) {
       heddle::manual_executor manual;
       manual.post([&] { awaited.wait(); });
       manual.run_one();
     }},
    {"in a blocking scope",
     [](future<int>& awaited) {
       const heddle::blocking scope;
       awaited.wait();
     }},
};

std::ostream& operator<<(std::ostream& out, const way& shown) { return out << shown.name; }

}  // namespace

TEST_CASE("a replaced only worker gets what depends on queued calls of its pool, whichever way it waits",
          "[stand_ins_of_one]") {
  const heddle_test::deadline limit;
  const way how = GENERATE(from_range(std::begin(ways), std::end(ways)));
  const dependent what = GENERATE(from_range(std::begin(dependents), std::end(dependents)));
  CAPTURE(how, what);
  pools of;
  auto waiting = of.own.submit([&] {
    future<int> awaited = what.make(of);
    how.wait(awaited);
    return awaited.result();
  });
  CHECK(waiting.result() == 2);
}

TEST_CASE("waits of a replaced only worker nest", "[stand_ins_of_one]") {
  const heddle_test::deadline limit;
  const dependent what = GENERATE(from_range(std::begin(dependents), std::end(dependents)));
  const int levels = GENERATE(3, 40);
  CAPTURE(what, levels);
  pools of;
  const std::function<int(int)> nest = [&](int left) -> int {
    if (left == 0) return what.make(of).result();
    return of.own.submit(nest, left - 1).then(of.own, [](int value) { return value; }).result();
  };
  CHECK(of.own.submit(nest, levels).result() == 2);
}

TEST_CASE("as_completed in a replaced only worker gets also what becomes due while it sleeps", "[stand_ins_of_one]") {
  const heddle_test::deadline limit;
  pools of;
  auto waiting = of.own.submit([&] {
    std::vector<future<int>> all;
    for (const dependent& each : dependents) all.push_back(each.make(of));
    all.push_back(of.own.submit_after(5ms, [] { return 2; }));
    int sum = 0;
    for (future<int>& each : heddle::as_completed(all)) sum += each.result();
    return sum;
  });
  CHECK(waiting.result() == 2 * static_cast<int>(std::size(dependents) + 1));
}

TEST_CASE("when_all, when_any and collect themselves are awaited in a replaced only worker", "[stand_ins_of_one]") {
  const heddle_test::deadline limit;
  pools of;
  of.own
      .submit([&] {
        auto all = heddle::when_all(of.queued(1), of.queued(2)).result();
        CHECK(std::get<1>(all).result() == 2);
        std::vector<future<int>> several;
        several.push_back(of.queued(1));
        several.push_back(of.queued(2));
        CHECK(heddle::collect(std::move(several)).result() == std::vector{1, 2});
        CHECK(heddle::when_any(of.queued(1), of.queued(2)).result().index < 2);
      })
      .result();
}

TEST_CASE("a call that only a later one lets go on ends in a pool of one that has a stand-in", "[stand_ins_of_one]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1, .max_stand_ins = 1}};
  promise<int> word;
  auto waits = pool.submit([kept = word.get_future()]() mutable { return kept.result(); });
  auto keeps = pool.submit([&] { word.set_value(2); });
  CHECK(waits.result() == 2);
  keeps.result();
}

TEST_CASE("the calls of a pool of one run one after the other, also while one blocks, unless it is told else",
          "[stand_ins_of_one]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1}};
  gate blocks;
  auto blocked = pool.submit([&] {
    const heddle::blocking scope;
    blocks.pass();
  });
  blocks.wait_until_reached();
  auto later = pool.submit([] {});
  CHECK_FALSE(later.wait(5ms));
  CHECK(pool.stats().stand_ins == 0);
  blocks.open();
  blocked.result();
  later.result();
}

TEST_CASE("the default pool replaces its worker also where there is one CPU", "[stand_ins_of_one]") {
  if (heddle_test::in_the_child()) {
    ::setenv("HEDDLE_NUM_THREADS", "1", 1);
    auto& pool = heddle::default_executor();
    auto nested = pool.submit([&] { return pool.submit([] { return 1; }).then(pool, add_one).result(); });
    std::printf("%zu worker, %d", pool.max_workers(), nested.result());
    std::fflush(stdout);
    std::_Exit(0);
  }
  const heddle_test::deadline limit;
  CHECK_THAT(heddle_test::run_this_test_in_a_child().output, Catch::Matchers::ContainsSubstring("1 worker, 2"));
}
