// SPDX-License-Identifier: MIT
// The state word in one thread: who wins, who is told in which order, who frees. The interleavings are the model's.
#include <algorithm>
#include <array>
#include <chrono>
#include <heddle/completion/callback.hpp>
#include <heddle/completion/state_word.hpp>
#include <heddle/completion/waiter.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <support/captured_stderr.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <thread>
#include <utility>
#include <vector>

using Catch::Matchers::Equals;
using heddle::completion::blocked_thread;
using heddle::completion::blocked_waiter;
using heddle::completion::phase;
using heddle::completion::state_word;
using heddle::completion::waiter;
using last_owner = state_word::last_owner;
using dequeue_result = state_word::dequeue_result;

namespace {

/// Writes its number into a list when it is told.
struct numbered_waiter final : waiter {
  numbered_waiter(kind its_kind, int its_number, std::vector<int>& list)
      : waiter(its_kind,
               [](waiter& self) noexcept {
                 auto& own = static_cast<numbered_waiter&>(self);
                 own.told.push_back(own.number);
               }),
        number(its_number),
        told(list) {}
  int number;
  std::vector<int>& told;
};

constexpr waiter::kind thread_kind = waiter::kind::blocked_thread;
constexpr waiter::kind continuation_kind = waiter::kind::continuation;

}  // namespace

TEST_CASE("a pending task is claimed once", "[state_word]") {
  const phase taken_as = GENERATE(phase::running, phase::cancelling);
  state_word word(state_word::queued::yes);
  CHECK(word.current() == phase::pending);
  CHECK(word.try_claim(taken_as) == phase::pending);
  CHECK(word.current() == taken_as);
  CHECK(word.try_claim(phase::running) == taken_as);
  CHECK(word.try_claim(phase::cancelling) == taken_as);
  CHECK(word.leave_queue(phase::running) == dequeue_result::taken);
  CHECK(word.current() == taken_as);
}

TEST_CASE("a task that has ended stays as it ended", "[state_word]") {
  const phase ended = GENERATE(phase::value, phase::error, phase::cancelled);
  state_word word(state_word::queued::yes);
  REQUIRE(word.try_claim(phase::running) == phase::pending);
  CHECK(word.complete(ended) == last_owner::no);
  CHECK(word.try_claim(phase::running) == ended);
  CHECK(word.leave_queue(phase::cancelling) == dequeue_result::taken);
  CHECK(word.current() == ended);
}

TEST_CASE("the queue claims a pending task in the step in which it lets go of it", "[state_word]") {
  state_word word(state_word::queued::yes);
  CHECK(word.leave_queue(phase::running) == dequeue_result::claimed);
  CHECK(word.current() == phase::running);
  CHECK(word.complete(phase::value) == last_owner::no);
  CHECK(word.drop_handle() == last_owner::yes);
}

TEST_CASE("exactly the last of queue, handle and completer frees the task", "[state_word]") {
  enum party { queue, handle, completer };
  std::array<party, 3> order{queue, handle, completer};
  do {
    CAPTURE(order[0], order[1], order[2]);
    state_word word(state_word::queued::yes);
    REQUIRE(word.try_claim(phase::running) == phase::pending);
    for (const party leaving : order) {
      bool frees = false;
      if (leaving == queue) frees = word.leave_queue(phase::running) == dequeue_result::free;
      if (leaving == handle) frees = word.drop_handle() == last_owner::yes;
      if (leaving == completer) frees = word.complete(phase::value) == last_owner::yes;
      CHECK(frees == (leaving == order[2]));
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("a task that never was in a queue waits for handle and completer only", "[state_word]") {
  state_word one(state_word::queued::no);
  REQUIRE(one.try_claim(phase::running) == phase::pending);
  CHECK(one.complete(phase::value) == last_owner::no);
  CHECK(one.drop_handle() == last_owner::yes);

  state_word other(state_word::queued::no);
  REQUIRE(other.try_claim(phase::running) == phase::pending);
  CHECK(other.drop_handle() == last_owner::no);
  CHECK(other.complete(phase::value) == last_owner::yes);
}

TEST_CASE("blocked threads are told first, then continuations, each in the order of addition", "[state_word]") {
  std::vector<int> told;
  numbered_waiter callback_1(continuation_kind, 1, told);
  numbered_waiter thread_2(thread_kind, 2, told);
  numbered_waiter callback_3(continuation_kind, 3, told);
  numbered_waiter thread_4(thread_kind, 4, told);
  state_word word(state_word::queued::no);
  for (waiter* added : std::initializer_list<waiter*>{&callback_1, &thread_2, &callback_3, &thread_4}) {
    REQUIRE(word.try_add(*added));
  }
  REQUIRE(word.try_claim(phase::running) == phase::pending);
  CHECK(told.empty());
  CHECK(word.complete(phase::value) == last_owner::no);
  CHECK_THAT(told, Equals(std::vector<int>{2, 4, 1, 3}));
}

TEST_CASE("a waiter that comes after the end is not added", "[state_word]") {
  std::vector<int> told;
  numbered_waiter late(continuation_kind, 1, told);
  state_word word(state_word::queued::no);
  REQUIRE(word.try_claim(phase::running) == phase::pending);
  CHECK(word.complete(phase::error) == last_owner::no);
  CHECK_FALSE(word.try_add(late));
  CHECK_FALSE(word.try_remove(late));
  CHECK(told.empty());
}

TEST_CASE("a removed waiter is not told, wherever it was in the list", "[state_word]") {
  const int removed = GENERATE(0, 1, 2, 3);
  CAPTURE(removed);
  std::vector<int> told;
  std::vector<std::unique_ptr<numbered_waiter>> waiters;
  state_word word(state_word::queued::no);
  for (int i = 0; i < 4; ++i) {
    waiters.push_back(std::make_unique<numbered_waiter>(continuation_kind, i, told));
    REQUIRE(word.try_add(*waiters.back()));
  }
  CHECK(word.try_remove(*waiters[static_cast<std::size_t>(removed)]));
  waiters[static_cast<std::size_t>(removed)].reset();
  REQUIRE(word.try_claim(phase::running) == phase::pending);
  CHECK(word.complete(phase::value) == last_owner::no);
  std::vector<int> expected{0, 1, 2, 3};
  expected.erase(expected.begin() + removed);
  CHECK_THAT(told, Equals(expected));
}

TEST_CASE("the last waiter can be removed and others added", "[state_word]") {
  std::vector<int> told;
  numbered_waiter first(continuation_kind, 1, told);
  numbered_waiter second(continuation_kind, 2, told);
  state_word word(state_word::queued::no);
  REQUIRE(word.try_add(first));
  CHECK(word.try_remove(first));
  CHECK(word.current() == phase::pending);
  REQUIRE(word.try_add(second));
  REQUIRE(word.try_add(first));
  REQUIRE(word.try_claim(phase::running) == phase::pending);
  CHECK(word.complete(phase::value) == last_owner::no);
  CHECK_THAT(told, Equals(std::vector<int>{2, 1}));
}

TEST_CASE("the task outlives its waiters being told, also when its handle goes meanwhile", "[state_word]") {
  struct dropping_waiter final : waiter {
    explicit dropping_waiter(state_word& its_word)
        : waiter(continuation_kind,
                 [](waiter& self) noexcept {
                   auto& told = static_cast<dropping_waiter&>(self);
                   told.dropped_last = told.word.drop_handle() == last_owner::yes;
                 }),
          word(its_word) {}
    state_word& word;
    bool dropped_last = true;
  };
  state_word word(state_word::queued::no);
  dropping_waiter dropping(word);
  REQUIRE(word.try_add(dropping));
  REQUIRE(word.try_claim(phase::running) == phase::pending);
  CHECK(word.complete(phase::value) == last_owner::yes);
  CHECK_FALSE(dropping.dropped_last);
}

TEST_CASE("a blocked thread wakes when its last node was told", "[waiter]") {
  const heddle_test::deadline limit;
  blocked_thread sleeper(2);
  blocked_waiter first(sleeper);
  blocked_waiter second(sleeper);
  first.notify(first);
  CHECK_FALSE(sleeper.wait_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(1)));
  std::thread other([&] { second.notify(second); });
  CHECK(sleeper.wait_until(heddle::sync::no_deadline));
  other.join();
  CHECK(sleeper.wait_until(std::chrono::steady_clock::time_point::min()));
}

TEST_CASE("what a callback throws is reported and goes no further", "[callback]") {
  const heddle_test::captured_stderr captured;
  auto throwing = [] { throw std::runtime_error("no more"); };
  heddle::completion::call_reporting(throwing);
  CHECK_THAT(captured.text(), Equals("heddle: a done callback threw, and was ignored: no more\n"));
}
