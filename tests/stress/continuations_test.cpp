// SPDX-License-Identifier: MIT
// Continuations, joined futures, calls after others and timers: their ends racing with cancellation, with requests to
// stop, with being dropped and with the end of the pool.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <heddle/errors.hpp>
#include <heddle/stop_token.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <heddle/when_all.hpp>
#include <heddle/when_any.hpp>
#include <memory>
#include <optional>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/race.hpp>
#include <support/scale.hpp>
#include <support/tracked.hpp>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using heddle::future;
using heddle::promise;
using heddle::thread_pool_executor;
using heddle_test::life_counts;
using heddle_test::race;
using heddle_test::scaled;
using heddle_test::tracked;

namespace {

/// Three promises, which three threads keep, and their futures.
struct inputs {
  std::vector<promise<int>> promises{3};
  std::vector<future<int>> futures;

  void renew() {
    promises = std::vector<promise<int>>(3);
    futures.clear();
    for (auto& each : promises) futures.push_back(each.get_future());
  }

  /// By value, failure, or a broken promise.
  void end(std::size_t index, std::size_t how) {
    promise<int> ends = std::move(promises[index]);
    if (!ends.set_running_or_notify_cancel()) return;
    if (how % 3 == 0) ends.set_value(1);
    if (how % 3 == 1) ends.set_exception(std::make_exception_ptr(1));
  }
};

/// Three threads end the inputs; meanwhile a fourth one does something with what `join(futures)` made of them.
template <class Join>
void race_joined(Join join) {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  using joined = decltype(join(std::declval<std::vector<future<int>>&>()));
  inputs some;
  std::optional<joined> all;
  std::size_t round = 0;
  const auto end = [&](std::size_t index) { return [&, index] { some.end(index, round / (index + 1)); }; };
  race(
      scaled(20'000),
      [&] {
        some.renew();
        all.emplace(join(some.futures));
        ++round;
      },
      [&] {
        if (all.has_value() && !all->done()) FAIL("the joined future has not ended, but all others have");
        all.reset();
      },
      end(0), end(1), end(2),
      [&] {
        if (round % 4 == 0) all->cancel();
        if (round % 4 == 1) all.reset();
        if (round % 4 == 2) all->request_stop();
        if (round % 4 == 3) all->wait();
      });
}

}  // namespace

TEST_CASE("cancel of the last of a chain races with the end of the first", "[stress][then]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  life_counts counts;
  thread_pool_executor pool{{.max_workers = 1}};
  std::optional<promise<int>> source;
  future<int> last;
  std::size_t round = 0;
  std::size_t cancelled = 0;
  race(
      scaled(100'000),
      [&] {
        source.emplace();
        last = source->get_future();
        for (int i = 0; i < 5; ++i) last = std::move(last).then([t = tracked(counts)](int v) { return v + 1; });
        if (++round % 8 == 0) last = std::move(last).then(pool, [t = tracked(counts)](int v) { return v; });
      },
      [&] {
        if (round % 3 != 0) {
          last.wait();
          if (!last.cancelled() && last.result() != 5) FAIL("a chain gave " << last.result());
          cancelled += last.cancelled() ? 1 : 0;
        }
        last = {};
        source.reset();
        if (round % 8 == 0) pool.submit([] {}).wait();
        if (counts.alive != 0) FAIL("a callable is left");
      },
      [&] {
        if (source->set_running_or_notify_cancel()) source->set_value(0);
      },
      [&] {
        if (round % 3 == 0) {
          last = {};
        } else {
          last.cancel();
        }
      });
  CAPTURE(cancelled);
  CHECK(counts.alive == 0);
}

TEST_CASE("then races with the end of its call, and with the cancellation of it", "[stress][then]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  life_counts counts;
  std::optional<promise<int>> source;
  std::optional<heddle::shared_future<int>> shared;
  std::vector<future<int>> made(2);
  race(
      scaled(50'000),
      [&] {
        source.emplace();
        shared.emplace(source->get_future().share());
      },
      [&] {
        for (auto& each : made) {
          if (!each.done()) FAIL("a continuation has not run");
        }
        made[0] = {};
        made[1] = {};
        if (counts.alive != 0) FAIL("a callable is left");
      },
      [&] {
        if (source->set_running_or_notify_cancel()) source->set_value(1);
      },
      [&] { made[0] = shared->then([t = tracked(counts)](int v) { return v; }); },
      [&] {
        auto mine = *shared;
        made[1] = mine.then([t = tracked(counts)](int v) { return v; }).then([](int v) { return v; });
        mine.cancel();
      });
}

TEST_CASE("request_stop of a flattened future races with the end of the inner one", "[stress][then]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  std::optional<promise<void>> outer;
  std::optional<promise<int>> inner;
  std::optional<heddle::shared_future<int>> flat;
  race(
      scaled(50'000),
      [&] {
        outer.emplace();
        inner.emplace();
        auto from = outer->get_future();
        flat.emplace(std::move(from)
                         .then([&] { return inner->get_future(); })
                         .then([](int v) {
                           promise<int> done;
                           done.set_value(v);
                           return done.get_future();
                         })
                         .share());
      },
      [&] {
        if (!flat->done()) FAIL("the flattened future has not ended");
        flat.reset();
      },
      [&] {
        if (outer->set_running_or_notify_cancel()) outer->set_value();
      },
      [&] {
        if (inner->set_running_or_notify_cancel()) inner->set_value(1);
      },
      [&] {
        auto mine = *flat;
        static_cast<void>(mine.request_stop());
      },
      [&] {
        auto mine = *flat;
        static_cast<void>(mine.request_stop());
        static_cast<void>(mine.request_stop());
      });
}

TEST_CASE("the futures of when_all end while it is cancelled, dropped or waited for", "[stress][when]") {
  race_joined([](std::vector<future<int>>& some) { return heddle::when_all(std::move(some)); });
}

TEST_CASE("the futures of collect end while it is cancelled, dropped or waited for", "[stress][when]") {
  race_joined([](std::vector<future<int>>& some) { return heddle::collect(std::move(some)); });
}

TEST_CASE("the futures of when_any end while it is cancelled, dropped or waited for", "[stress][when]") {
  race_joined([](std::vector<future<int>>& some) { return heddle::when_any(std::move(some)); });
}

TEST_CASE("the futures of nested joined futures end while all are cancelled", "[stress][when]") {
  race_joined([](std::vector<future<int>>& some) {
    return heddle::when_all(heddle::when_any(std::move(some[0]), std::move(some[1])), std::move(some[2]));
  });
}

TEST_CASE("what a call waits for ends while the call is cancelled, dropped or waited for", "[stress][submit_after]") {
  thread_pool_executor pool{{.max_workers = 1}};
  race_joined([&](std::vector<future<int>>& some) {
    return std::optional(pool.submit_after(some[0], std::move(some[1]), some[2], [](int v) { return v; }))
        .value()
        .then([](int v) { return v; });
  });
}

TEST_CASE("joined futures are made while their futures end", "[stress][when]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  thread_pool_executor pool{{.max_workers = 1}};
  inputs some;
  std::size_t round = 0;
  std::optional<future<void>> made;
  const auto end = [&](std::size_t index) { return [&, index] { some.end(index, round / (index + 1)); }; };
  race(
      scaled(50'000),
      [&] {
        some.renew();
        ++round;
      },
      [&] {
        made->wait();
        made.reset();
      },
      end(0), end(1), end(2),
      [&] {
        auto& mine = some.futures;
        if (round % 4 == 0) made = heddle::when_all(std::move(mine)).then([](auto&&) {});
        if (round % 4 == 1) made = heddle::collect(std::move(mine)).then([](auto&&) {});
        if (round % 4 == 2) made = heddle::when_any(std::move(mine)).then([](auto&&) {});
        if (round % 4 == 3) made = pool.submit_after(mine[0], std::move(mine[1]), mine, [](int) {});
      });
}

TEST_CASE("pools are destroyed while continuations become due for them", "[stress][then]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  life_counts counts;
  inputs some;
  std::unique_ptr<thread_pool_executor> pool;
  std::vector<future<int>> due(4);
  std::atomic<std::size_t> ran{0};
  race(
      scaled(2'000),
      [&] {
        some.renew();
        pool = std::make_unique<thread_pool_executor>(heddle::thread_pool_options{.max_workers = 1});
        const auto call = [&ran](auto held) {
          return [&ran, h = std::move(held)](int v) {
            ++ran;
            return v;
          };
        };
        due[0] = std::move(some.futures[0]).then(*pool, call(tracked(counts)));
        due[1] = std::move(some.futures[1]).then(*pool, call(tracked(counts))).then(*pool, call(tracked(counts)));
        due[2] = pool->submit_after(std::move(some.futures[2]), call(tracked(counts)));
        due[3] = pool->submit([] { return 1; }).then(*pool, call(tracked(counts)));
      },
      [&] {
        for (auto& each : due) {
          if (!each.done()) FAIL("a continuation got lost");
          if (!each.cancelled() && each.exception() != nullptr) {
            CHECK_THROWS_AS(each.result(), heddle::executor_shutdown_error);
          }
          each = {};
        }
        if (counts.alive != 0) FAIL("a callable is left");
      },
      [&] { some.end(0, 0); }, [&] { some.end(1, 0); }, [&] { some.end(2, 0); },
      [&] { static_cast<void>(due[2].cancel()); }, [&] { pool.reset(); });
  CAPTURE(ran.load());
}

TEST_CASE("timers are cancelled while they ring, and while their pool ends", "[stress][timed_call]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  life_counts counts;
  std::unique_ptr<thread_pool_executor> pool;
  std::vector<future<void>> calls(6);
  std::size_t round = 0;
  race(
      scaled(2'000),
      [&] {
        ++round;
        pool = std::make_unique<thread_pool_executor>(heddle::thread_pool_options{.max_workers = 1});
        for (std::size_t i = 0; i < 4; ++i) {
          calls[i] = pool->submit_after(std::chrono::microseconds(20 * i), [t = tracked(counts)] {});
        }
        calls[4] = pool->every(10us, [t = tracked(counts)] {});
        calls[5] = pool->every(30us, [t = tracked(counts)] {});
      },
      [&] {
        pool.reset();
        for (auto& each : calls) {
          if (!each.done()) FAIL("a timed call got lost");
          each = {};
        }
        if (counts.alive != 0) FAIL("a callable is left");
      },
      [&] {
        for (std::size_t i = 0; i < 3; ++i) static_cast<void>(calls[i].cancel());
      },
      [&] { static_cast<void>(calls[4].cancel()); },
      [&] {
        if (round % 2 == 0) pool->shutdown();
        if (round % 4 == 1) pool.reset();
      });
}

TEST_CASE("calls that run are asked to stop while they end", "[stress][stop]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  thread_pool_executor pool{{.max_workers = 2}};
  std::size_t seen = 0;
  for (std::size_t round = 0; round < scaled(20'000); ++round) {
    auto call = pool.submit([](heddle::stop_token stop) { return stop.stop_requested(); });
    for (std::size_t spin = 0; spin < round % 300; ++spin) std::atomic_signal_fence(std::memory_order_seq_cst);
    call.request_stop();
    call.wait();
    if (!call.cancelled() && call.result()) ++seen;
  }
  CAPTURE(seen);
}

TEST_CASE("calls are cancelled while their pool ends", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  std::unique_ptr<thread_pool_executor> pool;
  std::vector<future<void>> calls(4);
  race(
      scaled(2'000),
      [&] {
        pool = std::make_unique<thread_pool_executor>(heddle::thread_pool_options{.max_workers = 1});
        for (auto& each : calls) each = pool->submit([] {});
      },
      [&] {
        for (auto& each : calls) {
          if (!each.done()) FAIL("a call got lost");
        }
      },
      [&] {
        for (auto& each : calls) each.cancel();
      },
      [&] { pool.reset(); });
}
