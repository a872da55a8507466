// SPDX-License-Identifier: MIT
// What the only worker of a pool waits for may need that very pool: others run its calls meanwhile, one at a time.
#include <heddle/asyncio.hpp>
#include <heddle/blocking.hpp>
#include <heddle/completion_set.hpp>
#include <heddle/errors.hpp>
#include <heddle/manual_executor.hpp>
#include <heddle/priority.hpp>
#include <heddle/shared_future.hpp>
#include <heddle/stop_token.hpp>
#include <heddle/submit_after.hpp>
#include <heddle/task_group.hpp>
#include <heddle/task_local.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <heddle/wait.hpp>
#include <heddle/when_all.hpp>
#include <heddle/when_any.hpp>
#include <heddle/with_timeout.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/gate.hpp>
#include <support/scale.hpp>
#include <support/threads.hpp>

using namespace std::chrono_literals;
using heddle::future;
using heddle::promise;
using heddle::thread_pool_executor;
using heddle_test::gate;
using heddle_test::scaled;

namespace {

/// A pool of one worker, and another pool whose calls those of the first one wait for.
struct pools {
  thread_pool_executor other{{.max_workers = 1}};
  thread_pool_executor own{{.max_workers = 1}};

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

/// How many calls are between two waits at a time. They share `unguarded`, as calls of a pool of one may.
class counted_calls {
 public:
  void begin() {
    if (++now_ != 1) overlapped_ = true;
    ++unguarded_;
  }
  void end() {
    ++unguarded_;
    --now_;
  }
  template <class Wait>
  void wait(const Wait& wait) {
    end();
    wait();
    begin();
  }
  [[nodiscard]] bool overlapped() const { return overlapped_; }

 private:
  std::atomic<int> now_{0};
  std::atomic<bool> overlapped_{false};
  long unguarded_ = 0;
};

}  // namespace

TEST_CASE("the only worker gets what depends on queued calls of its pool, whichever way it waits", "[only_worker]") {
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

TEST_CASE("such waits nest", "[only_worker]") {
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

TEST_CASE("as_completed in the only worker gets also what becomes due while it sleeps", "[only_worker]") {
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

TEST_CASE("when_all, when_any and collect themselves are awaited in the only worker", "[only_worker]") {
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

// ---- others run one at a time, and are not in the way

TEST_CASE("of calls in a pool of one never more than one runs between two waits", "[only_worker]") {
  const heddle_test::deadline limit;
  pools of;
  counted_calls calls;
  const auto call = [&](int depth) {
    calls.begin();
    if (depth != 0) {
      future<int> awaited = of.elsewhere(1).then(of.own, [&](int) {
        calls.begin();
        std::this_thread::yield();
        calls.end();
        return 1;
      });
      calls.wait([&] { awaited.wait(); });
    }
    calls.end();
  };
  std::vector<future<void>> all;
  for (int i = 0; i < static_cast<int>(scaled(300)); ++i) all.push_back(of.own.submit(call, i % 3));
  for (future<void>& each : all) each.result();
  CHECK_FALSE(calls.overlapped());
}

TEST_CASE("a call that waits for one that waits is not in the way of that one", "[only_worker]") {
  const heddle_test::deadline limit;
  pools of;
  gate both_queued;
  auto first = of.own.submit([&] {
    both_queued.pass();
    return of.queued(1).then(of.own, add_one).result();
  });
  // It begins before what the first one waits for.
  auto second = of.own.submit([first = std::move(first)]() mutable { return first.result() + 1; });
  both_queued.open();
  CHECK(second.result() == 3);
}

TEST_CASE("a call that waits for what a call does which waits is not in the way of that one", "[only_worker]") {
  const heddle_test::deadline limit;
  const bool in_time_only = GENERATE(false, true);
  CAPTURE(in_time_only);
  pools of;
  gate both_queued;
  promise<int> word;
  future<int> kept = word.get_future();
  auto first = of.own.submit([&] {
    both_queued.pass();
    const int two = of.queued(1).then(of.own, add_one).result();
    word.set_value(two);
  });
  auto second = of.own.submit([&] { return in_time_only ? kept.wait(60s) : kept.result() == 2; });
  both_queued.open();
  first.result();
  CHECK(second.result());
}

TEST_CASE("a call that waits for what its pool need not run keeps its turn", "[only_worker]") {
  const heddle_test::deadline limit;
  pools of;
  promise<int> word;
  future<int> kept = word.get_future();
  gate at_work;
  std::atomic<int> begun{0};
  const int way = GENERATE(0, 1, 2, 3);
  CAPTURE(way);
  auto waiting = of.own.submit([&] {
    of.own.post([&] { ++begun; });
    if (way == 0) return kept.result();
    if (way == 1) return std::move(kept).then(add_one).result() - 1;
    if (way == 2)
      return heddle::collect(std::move(kept), of.elsewhere(1))
          .then(of.other, [](std::tuple<int, int> both) { return std::get<0>(both); })
          .result();
    auto in_time = of.queued(0).then(of.own, add_one);
    CHECK_FALSE(in_time.wait(5ms));
    return kept.result();
  });
  std::this_thread::sleep_for(10ms);
  CHECK(begun == 0);
  word.set_value(1);
  CHECK(waiting.result() == 1);
  CHECK(of.own.submit([&] { return begun.load(); }).result() == 1);
}

TEST_CASE("calls begin in their order also while others wait", "[only_worker]") {
  const heddle_test::deadline limit;
  pools of;
  std::vector<int> order;
  gate all_queued;
  auto waiting = of.own.submit([&] {
    all_queued.pass();
    order.push_back(0);
    of.queued(1).then(of.own, [&](int) { order.push_back(100); }).result();
    order.push_back(101);
  });
  for (int i = 1; i <= 5; ++i) of.own.post([&order, i] { order.push_back(i); });
  all_queued.open();
  waiting.result();
  of.own.shutdown();
  CHECK(order == std::vector{0, 1, 2, 3, 4, 5, 100, 101});
}

TEST_CASE("when nobody waits any more the only worker runs all itself again", "[only_worker]") {
  const heddle_test::deadline limit;
  pools of;
  const auto where = [&] { return of.own.submit([] { return std::this_thread::get_id(); }).result(); };
  const auto worker = where();
  for (int i = 0; i < 20; ++i) {
    const auto waited_in = of.own.submit([&] {
      static_cast<void>(of.elsewhere(1).then(of.own, add_one).result());
      return std::this_thread::get_id();
    });
    CHECK(waited_in.wait(60s));
  }
  while (of.own.stats().stand_ins != 0) std::this_thread::yield();
  for (int i = 0; i < 20; ++i) CHECK(where() == worker);
  CHECK(of.own.wait_idle(60s));
  CHECK(of.own.stats().stand_ins_started <= 2);
}

TEST_CASE("what runs while a call waits does not see the values that are bound in that one", "[only_worker]") {
  const heddle_test::deadline limit;
  static const heddle::task_local<int> bound;
  pools of;
  gate queued;
  auto waiting = of.own.submit([&] {
    queued.pass();
    const auto scope = bound.bind(7);
    static_cast<void>(of.elsewhere(1).then(of.own, add_one).result());
    return bound.value_or(0);
  });
  auto meanwhile = of.own.submit([&] { return bound.value_or(0); });
  queued.open();
  CHECK(waiting.result() == 7);
  CHECK(meanwhile.result() == 0);
}

// ---- ends, and more workers

TEST_CASE("what the only worker waits for can be cancelled from outside", "[only_worker]") {
  const heddle_test::deadline limit;
  pools of;
  for (std::size_t i = 0; i < scaled(200); ++i) {
    promise<int> never;
    std::atomic<future<int>*> shown{nullptr};
    auto waiting = of.own.submit([&, due = never.get_future()]() mutable {
      future<int> awaited = std::move(due).then(of.own, add_one);
      shown = &awaited;
      awaited.wait();
      return awaited.cancelled();
    });
    while (shown == nullptr) std::this_thread::yield();
    if (i % 2 == 0) std::this_thread::yield();
    CHECK(shown.load()->cancel());
    CHECK(waiting.result());
  }
}

TEST_CASE("a pool of one ends while its only worker waits for what it has to run", "[only_worker]") {
  const heddle_test::deadline limit;
  const auto pending = GENERATE(heddle::pending_jobs::finish, heddle::pending_jobs::cancel);
  const bool is_due = GENERATE(false, true);
  for (std::size_t i = 0; i < scaled(200); ++i) {
    thread_pool_executor other{{.max_workers = 1}};
    thread_pool_executor own{{.max_workers = 1}};
    gate waits;
    gate due;
    auto parent = other.submit([&] { return due.pass(), 1; });
    if (is_due) due.open();
    auto waiting = own.submit([&] {
      auto awaited = std::move(parent).then(own, add_one);
      waits.pass();
      awaited.wait();
    });
    waits.wait_until_reached();
    waits.open();
    auto left = own.submit([] {});
    if (i % 2 == 0) std::this_thread::yield();
    own.shutdown(pending, heddle::join_workers::no);
    due.open();
    own.shutdown();
    CHECK(waiting.done());
    CHECK(left.done());
  }
}

TEST_CASE("a pool of one grows and shrinks while its calls wait", "[only_worker][resize]") {
  const heddle_test::deadline limit;
  pools of;
  for (std::size_t i = 0; i < scaled(100); ++i) {
    std::vector<future<int>> all;
    for (int j = 0; j < 4; ++j) {
      all.push_back(of.own.submit([&] { return of.elsewhere(1).then(of.own, add_one).result(); }));
    }
    of.own.resize(3);
    for (int j = 0; j < 4; ++j) {
      all.push_back(of.own.submit([&] { return of.queued(1).then(of.own, add_one).result(); }));
    }
    if (i % 2 == 0) std::this_thread::yield();
    of.own.resize(1);
    for (future<int>& each : all) CHECK(each.result() == 2);
  }
  counted_calls calls;
  CHECK(of.own.wait_idle(60s));
  std::vector<future<void>> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(of.own.submit([&] {
      calls.begin();
      calls.end();
    }));
  }
  for (future<void>& each : all) each.result();
  CHECK_FALSE(calls.overlapped());
}

TEST_CASE("threads are lent to a pool of one while its calls wait", "[only_worker][resize]") {
  const heddle_test::deadline limit;
  pools of;
  std::atomic<bool> over{false};
  std::thread lends([&] {
    while (!over) {
      heddle::stop_source until;
      std::thread ends([&until] { until.request_stop(); });
      of.own.run_on_this_thread(until.get_token());
      ends.join();
    }
  });
  for (std::size_t i = 0; i < scaled(200); ++i) {
    std::vector<future<int>> all;
    for (int j = 0; j < 4; ++j) {
      all.push_back(of.own.submit([&] { return of.elsewhere(1).then(of.own, add_one).result(); }));
      all.push_back(of.own.submit([&] { return of.queued(1).then(add_one).result(); }));
    }
    for (future<int>& each : all) CHECK(each.result() == 2);
  }
  over = true;
  lends.join();
}

TEST_CASE("the lent thread and the only worker wait for what their pool has to run", "[only_worker][resize]") {
  const heddle_test::deadline limit;
  pools of;
  heddle::stop_source until;
  std::thread lent([&] { of.own.run_on_this_thread(until.get_token()); });
  std::array<gate, 2> inside;
  std::array<future<int>, 2> all;
  for (std::size_t i = 0; i < 2; ++i) {
    all[i] = of.own.submit([&, i] {
      inside[i].pass();
      return of.queued(1).then(of.own, add_one).result();
    });
  }
  for (gate& each : inside) each.wait_until_reached();
  until.request_stop();
  for (gate& each : inside) each.open();
  for (future<int>& each : all) CHECK(each.result() == 2);
  lent.join();
}

TEST_CASE("waits for what the pool has to run go on where the stack is nearly used up", "[only_worker]") {
  const heddle_test::deadline limit;
  thread_pool_executor pool{{.max_workers = 1, .stack_size = 128U << 10U}};
  const std::function<int(int)> nest = [&](int left) -> int {
    volatile char frame[1024] = {};
    if (left == 0) return pool.submit([] { return 1; }).then(pool, add_one).result();
    frame[0] = 1;
    return pool.submit(nest, left - 1).result() + frame[1];
  };
  for (int levels = 0; levels < 150; levels += 7) CHECK(pool.submit(nest, levels).result() == 2);
}

TEST_CASE("as many calls wait at a time as there may be stand-ins, and others begin as they return", "[only_worker]") {
  const heddle_test::deadline limit;
  thread_pool_executor other{{.max_workers = 1}};
  thread_pool_executor pool{{.max_workers = 1, .max_stand_ins = 3}};
  gate due;
  auto parent = other.submit([&] { return due.pass(), 1; }).share();
  std::atomic<int> begun{0};
  std::vector<future<int>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(pool.submit([&] {
      ++begun;
      return parent.then(pool, [](const int& value) { return value + 1; }).result();
    }));
  }
  auto last = pool.submit([] { return 3; });
  while (begun < 3) std::this_thread::yield();
  std::this_thread::sleep_for(5ms);
  CHECK(begun == 3);  // one more thread is kept for what they wait for
  due.open();
  for (future<int>& each : all) CHECK(each.result() == 2);
  CHECK(last.result() == 3);
}

TEST_CASE("many calls that were queued together wait each for what it queues, by few threads", "[only_worker]") {
  const heddle_test::deadline limit;
  pools of;
  std::vector<future<int>> all;
  gate all_queued;
  of.own.post([&] { all_queued.pass(); });
  for (std::size_t i = 0; i < 1000; ++i) {
    all.push_back(of.own.submit([&] { return of.queued(1).then(of.own, add_one).result(); }));
  }
  all_queued.open();
  for (future<int>& each : all) CHECK(each.result() == 2);
  CHECK(of.own.stats().stand_ins_started <= 10);
}

TEST_CASE("groups and loops in calls that wait in a pool of one end", "[only_worker]") {
  const heddle_test::deadline limit;
  pools of;
  std::vector<future<int>> all;
  for (std::size_t i = 0; i < scaled(100); ++i) {
    all.push_back(of.own.submit([&] {
      std::atomic<int> sum{0};
      heddle::task_group group(of.own);
      for (int j = 0; j < 3; ++j) {
        group.run([&] { sum += of.elsewhere(1).then(of.own, add_one).result(); });
      }
      group.wait();
      return sum.load();
    }));
  }
  for (future<int>& each : all) CHECK(each.result() == 6);
}
