// SPDX-License-Identifier: MIT
// The machine sync/: deadlines, parking, the event count, and what a thread is.
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <heddle/base/atomic.hpp>
#include <heddle/queue/job_home.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/event_count.hpp>
#include <heddle/sync/park.hpp>
#include <heddle/sync/spin_wait.hpp>
#include <heddle/sync/this_thread.hpp>
#include <limits>
#include <ratio>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/threads.hpp>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using heddle::sync::deadline_after;
using heddle::sync::no_deadline;
using heddle::sync::no_wait;
using std::chrono::steady_clock;

namespace {

struct recording_context final : heddle::queue::job_home, heddle::sync::thread_context {
  recording_context() : thread_context(this) {}
  void about_to_block(const heddle::queue::job* job) noexcept override {
    ++blocked;
    awaited = job;
  }
  void resumed() noexcept override { ++woken; }

  int blocked = 0;
  int woken = 0;
  const heddle::queue::job* awaited = nullptr;
};

}  // namespace

TEST_CASE("a timeout of zero or less or of no number at all is a look", "[deadline]") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(deadline_after(0s) == no_wait);
  CHECK(deadline_after(-1ns) == no_wait);
  CHECK(deadline_after(std::chrono::hours::min()) == no_wait);
  CHECK(deadline_after(std::chrono::nanoseconds::min()) == no_wait);
  CHECK(deadline_after(std::chrono::duration<double>(nan)) == no_wait);
  CHECK(deadline_after(std::chrono::duration<float>(-0.0F)) == no_wait);
  CHECK(deadline_after(std::chrono::duration<double>(-infinity)) == no_wait);
}

TEST_CASE("a timeout that the clock cannot represent is for ever", "[deadline]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(deadline_after(std::chrono::hours::max()) == no_deadline);
  CHECK(deadline_after(std::chrono::nanoseconds::max()) == no_deadline);
  CHECK(deadline_after(std::chrono::duration<double>(infinity)) == no_deadline);
  CHECK(deadline_after(std::chrono::duration<std::uint64_t>(std::numeric_limits<std::uint64_t>::max())) == no_deadline);
  CHECK(deadline_after(std::chrono::duration<float>(std::numeric_limits<float>::max())) == no_deadline);
}

TEMPLATE_TEST_CASE("no timeout overflows the clock", "[deadline][regression]", std::nano, std::milli, std::ratio<1>,
                   std::ratio<60>, std::ratio<3600>, std::ratio<86400>) {
  // In float, the limit of the clock and the sum that reaches it round differently, by minutes.
  using timeout = std::chrono::duration<float, TestType>;
  const auto now = steady_clock::now();
  float count = timeout(std::chrono::duration<float>(9.2e9F)).count();
  for (bool later = true; later && timeout(count) < std::chrono::duration<float>(9.3e9F);) {
    later = deadline_after(timeout(count)) > now;
    if (!later) FAIL("the deadline of " << count << " units is in the past");
    count = std::nextafter(count, std::numeric_limits<float>::max());
  }
}

TEST_CASE("a timeout counts from the call", "[deadline]") {
  const auto before = steady_clock::now();
  CHECK(deadline_after(1h) >= before + 1h);
  CHECK(deadline_after(std::chrono::duration<float>(1.5F)) >= before + 1500ms);
  const auto in_an_hour = deadline_after(1h);
  CHECK(in_an_hour <= steady_clock::now() + 1h);
}

TEST_CASE("parking on a word that holds something else returns at once", "[park]") {
  const heddle_test::deadline limit;
  const heddle::sync::parking_word word{1};
  heddle::sync::park_until(word, 0, no_deadline);
}

TEST_CASE("parking ends at its deadline", "[park]") {
  const heddle_test::deadline limit;
  const heddle::sync::parking_word word{1};
  const auto until = steady_clock::now() + 2ms;
  while (steady_clock::now() < until) heddle::sync::park_until(word, 1, until);
  heddle::sync::park_until(word, 1, until);  // a deadline that has passed
}

TEST_CASE("a parked thread is unparked by the address of its word", "[park]") {
  const heddle_test::deadline limit;
  heddle::sync::parking_word word{0};
  heddle::base::atomic<pid_t> number{0};
  std::thread sleeper([&] {
    number.store(::gettid());
    while (word.load(heddle::base::acquire) == 0) heddle::sync::park_until(word, 0, no_deadline);
  });
  while (number.load() == 0 || !heddle_test::is_asleep(number.load())) std::this_thread::yield();
  word.store(1, heddle::base::release);
  heddle::sync::unpark_one(&word);
  sleeper.join();
}

TEST_CASE("a notification between prepare_wait and wait is not missed", "[event_count]") {
  const heddle_test::deadline limit;
  heddle::sync::event_count event;
  const auto key = event.prepare_wait();
  event.notify_one();
  event.wait(key);

  const auto other = event.prepare_wait();
  event.notify_all();
  event.wait(other);
}

TEST_CASE("a wait on an event count ends at its deadline", "[event_count]") {
  const heddle_test::deadline limit;
  heddle::sync::event_count event;
  const auto key = event.prepare_wait();
  event.wait(key, steady_clock::now() + 1ms);
}

TEST_CASE("threads that wait for each other through an event count never miss a turn", "[event_count]") {
  const heddle_test::deadline limit;
  constexpr int turns = 2000;
  heddle::sync::event_count event;
  heddle::base::atomic<int> turn{0};
  const auto play = [&](int mine) {
    for (int expected = mine; expected < turns; expected += 3) {
      while (turn.load(heddle::base::relaxed) != expected) {
        const auto key = event.prepare_wait();
        if (turn.load(heddle::base::relaxed) == expected) {
          event.cancel_wait();
        } else {
          event.wait(key);
        }
      }
      turn.store(expected + 1, heddle::base::relaxed);
      event.notify_all();
    }
  };
  std::thread second(play, 1);
  std::thread third(play, 2);
  play(0);
  second.join();
  third.join();
  CHECK(turn.load() == turns);
}

TEST_CASE("one notification wakes one sleeper for each job", "[event_count]") {
  const heddle_test::deadline limit;
  constexpr int jobs = 2000;
  heddle::sync::event_count event;
  heddle::base::atomic<int> available{0};
  heddle::base::atomic<int> taken{0};
  const auto take = [&] {
    for (;;) {
      int seen = available.load(heddle::base::relaxed);
      while (seen > 0 && !available.compare_exchange_weak(seen, seen - 1, heddle::base::relaxed)) {
      }
      if (seen > 0) {
        if (taken.fetch_add(1, heddle::base::relaxed) + 1 == jobs) event.notify_all();
        continue;
      }
      const auto key = event.prepare_wait();
      if (taken.load(heddle::base::relaxed) == jobs) return event.cancel_wait();
      if (available.load(heddle::base::relaxed) > 0) {
        event.cancel_wait();
      } else {
        event.wait(key);
      }
    }
  };
  std::thread first(take);
  std::thread second(take);
  for (int i = 0; i < jobs; ++i) {
    available.fetch_add(1, heddle::base::relaxed);
    event.notify_one();
  }
  first.join();
  second.join();
  CHECK(taken.load() == jobs);
}

TEST_CASE("spinning returns what the condition says, and ends", "[spin_wait]") {
  int looked = 0;
  CHECK(heddle::sync::spin_until([&] { return ++looked > 0; }));
  CHECK(looked == 1);
  const heddle_test::deadline limit;
  CHECK_FALSE(heddle::sync::spin_until([] { return false; }));
}

TEST_CASE("a context is the thread's own for its scope, and no other thread's", "[this_thread]") {
  using heddle::sync::current_context;
  recording_context outer;
  recording_context inner;
  CHECK(current_context::get() == nullptr);
  {
    const heddle::sync::scoped_context first(outer);
    {
      const heddle::sync::scoped_context second(inner);
      CHECK(current_context::get() == &inner);
    }
    CHECK(current_context::get() == &outer);
    std::thread([] { CHECK(current_context::get() == nullptr); }).join();
  }
  CHECK(current_context::get() == nullptr);
}

TEST_CASE("a context hears when its thread sleeps and wakes", "[this_thread]") {
  recording_context context;
  {
    const heddle::sync::blocking_scope unheard(nullptr);
  }
  const heddle::sync::scoped_context installed(context);
  {
    const heddle::sync::blocking_scope heard(nullptr);
    CHECK(context.blocked == 1);
    CHECK(context.woken == 0);
  }
  CHECK(context.woken == 1);
  CHECK(context.home() == &context);
  CHECK_FALSE(context.forbids_blocking());
}

TEST_CASE("a context hears of a scope in a scope once, and that its thread works in them", "[this_thread]") {
  recording_context context;
  const heddle::sync::scoped_context installed(context);
  {
    const heddle::sync::blocking_scope outer(nullptr);
    {
      const heddle::sync::blocking_scope inner(nullptr);
      CHECK(context.blocked == 1);
    }
    CHECK(context.woken == 0);
    {
      const heddle::sync::blocking_allowed in_job;
      CHECK(context.woken == 1);
      {
        const heddle::sync::blocking_scope of_job(nullptr);
        CHECK(context.blocked == 2);
      }
      CHECK(context.woken == 2);
    }
    CHECK(context.blocked == 3);
    CHECK(context.woken == 2);
  }
  CHECK(context.woken == 3);
}
