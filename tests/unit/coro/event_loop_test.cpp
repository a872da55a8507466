// SPDX-License-Identifier: MIT
#include <chrono>
#include <heddle/coro/event_loop.hpp>
#include <heddle/queue/job_home.hpp>
#include <heddle/sync/this_thread.hpp>
#include <support/catch.hpp>
#include <support/scale.hpp>
#include <support/threads.hpp>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

using heddle::coro::event_loop;

template <class Call>
class call_job final : public heddle::queue::job {
 public:
  explicit call_job(Call its_call) : job(&answer), call_(std::move(its_call)) {}

 private:
  static void answer(job& self, unsigned, const heddle::queue::refusal*) noexcept {
    static_cast<call_job&>(self).call_();
  }
  Call call_;
};

struct worker final : heddle::sync::thread_context {
  using thread_context::thread_context;
  void about_to_block(const heddle::queue::job*) noexcept override {}
  void resumed() noexcept override {}
};

struct counted_work final : heddle::coro::idle_work {
  explicit counted_work(bool its_answer) : answer(its_answer) {}
  bool try_run() noexcept override {
    ++tried;
    return answer;
  }
  bool answer;
  int tried = 0;
};

}  // namespace

TEST_CASE("a turn runs what is ready at its start, what becomes ready meanwhile runs in the next",
          "[coro][event_loop]") {
  event_loop loop;
  std::vector<int> order;
  call_job late([&] { order.push_back(3); });
  call_job first([&] {
    order.push_back(1);
    loop.make_ready(late);
  });
  call_job second([&] { order.push_back(2); });
  loop.make_ready(first);
  loop.make_ready(second);

  loop.run_until([&] { return !order.empty(); });
  CHECK(order == std::vector<int>{1, 2});

  loop.run_until([&] { return order.size() == 3; });
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("the loop sleeps until its next timer, not less", "[coro][event_loop]") {
  event_loop loop;
  bool rung = false;
  call_job ring([&] { rung = true; });
  heddle::queue::timer timer;
  const auto begin = std::chrono::steady_clock::now();
  loop.timers().add(timer, begin + 20ms, ring);

  loop.run_until([&] { return rung; });

  CHECK(std::chrono::steady_clock::now() - begin >= 20ms);
}

TEST_CASE("what other threads post wakes the loop, and runs once each in the loop's thread", "[coro][event_loop]") {
  event_loop loop;
  const std::size_t each = heddle_test::scaled(20'000);
  std::size_t ran = 0;
  const auto here = std::this_thread::get_id();
  bool elsewhere = false;
  auto count = [&] {
    ++ran;
    elsewhere = elsewhere || std::this_thread::get_id() != here;
  };
  std::vector<std::vector<call_job<decltype(count)>*>> jobs(2);
  for (auto& list : jobs) {
    for (std::size_t i = 0; i < each; ++i) list.push_back(new call_job(count));
  }

  std::vector<std::thread> threads;
  for (auto& list : jobs) {
    threads.emplace_back([&loop, &list] {
      for (auto* job : list) loop.post(*job);
    });
  }
  loop.run_until([&] { return ran == 2 * each; });
  for (auto& thread : threads) thread.join();

  CHECK_FALSE(elsewhere);
  for (auto& list : jobs) {
    for (auto* job : list) delete job;
  }
}

TEST_CASE("a loop may go while the thread that posted its last job is still in post()", "[coro][event_loop]") {
  for (std::size_t round = 0; round < heddle_test::scaled(500); ++round) {
    std::thread poster;
    {
      event_loop loop;
      bool ran = false;
      call_job last([&] { ran = true; });
      poster = std::thread([&] { loop.post(last); });
      loop.run_until([&] { return ran; });
    }
    poster.join();
  }
}

TEST_CASE("an idle loop uses no processor", "[coro][event_loop][timing]") {
  event_loop loop;
  bool rung = false;
  call_job ring([&] { rung = true; });
  heddle::queue::timer timer;
  loop.timers().add(timer, std::chrono::steady_clock::now() + 300ms, ring);

  const auto before = heddle_test::cpu_time_of_this_thread();
  loop.run_until([&] { return rung; });

  CHECK(heddle_test::cpu_time_of_this_thread() - before < 15ms);
}

TEST_CASE("the loop is the thread's current one, and forbids it to block, while it exists", "[coro][event_loop]") {
  CHECK(event_loop::current() == nullptr);
  {
    const event_loop loop;
    CHECK(event_loop::current() == &loop);
    REQUIRE(heddle::sync::current_context::get() != nullptr);
    CHECK(heddle::sync::current_context::get()->forbids_blocking());
    std::thread([] { CHECK(event_loop::current() == nullptr); }).join();
  }
  CHECK(event_loop::current() == nullptr);
  CHECK(heddle::sync::current_context::get() == nullptr);
}

TEST_CASE("a loop that sleeps in a worker tells the worker", "[coro][event_loop]") {
  struct worker final : heddle::sync::thread_context {
    worker() : thread_context(nullptr) {}
    void about_to_block(const heddle::queue::job*) noexcept override { ++blocked; }
    void resumed() noexcept override { ++went_on; }
    int blocked = 0;
    int went_on = 0;
  } outer;
  const heddle::sync::scoped_context installed(outer);
  for (auto length = 2ms; outer.blocked == 0; length *= 2) {  // so long that it is not over when the loop looks first
    event_loop loop;
    bool rung = false;
    call_job ring([&] { rung = true; });
    heddle::queue::timer timer;
    loop.timers().add(timer, std::chrono::steady_clock::now() + length, ring);
    loop.run_until([&] { return rung; });
  }

  CHECK(outer.blocked > 0);
  CHECK(outer.went_on == outer.blocked);
  CHECK(heddle::sync::current_context::get() == &outer);
}

TEST_CASE("a loop over a worker tries what it was offered, once, before it sleeps", "[coro][event_loop]") {
  const struct : heddle::queue::job_home {
  } pool;
  worker under(&pool);
  const heddle::sync::scoped_context installed(under);
  event_loop loop;
  CHECK(heddle::sync::current_context::get()->home() == &pool);
  counted_work left(true);
  counted_work impossible(false);
  counted_work possible(true);
  counted_work next(true);
  for (counted_work* offered : {&left, &impossible, &possible, &next}) loop.offer(*offered);
  left.leave();

  bool ran = false;
  call_job ready([&] { ran = true; });
  loop.make_ready(ready);
  loop.run_until([&] { return ran; });
  CHECK(impossible.tried == 0);  // something was ready

  loop.run_until([&] { return possible.tried != 0; });
  CHECK(left.tried == 0);
  CHECK(impossible.tried == 1);
  CHECK(next.tried == 0);
  loop.run_until([&] { return next.tried != 0; });
  CHECK(impossible.tried == 1);
  CHECK(possible.tried == 1);
}

TEST_CASE("a loop over no worker keeps nothing that it is offered", "[coro][event_loop]") {
  event_loop loop;
  counted_work offered(true);
  loop.offer(offered);
  CHECK(offered.alone());
}

TEST_CASE("a job in the thread of a loop is no coroutine of it", "[coro][event_loop]") {
  event_loop loop;
  const auto& here = *heddle::sync::current_context::get();
  CHECK(event_loop::current() == &loop);
  {
    const heddle::sync::blocking_allowed job;
    CHECK(event_loop::current() == nullptr);
    CHECK_FALSE(here.forbids_blocking());
    {
      event_loop inner;
      CHECK(event_loop::current() == &inner);
      CHECK(heddle::sync::current_context::get()->forbids_blocking());
      const heddle::sync::blocking_allowed inner_job;
      CHECK(event_loop::current() == nullptr);
    }
    CHECK(event_loop::current() == nullptr);
  }
  CHECK(event_loop::current() == &loop);
  CHECK(here.forbids_blocking());
}
