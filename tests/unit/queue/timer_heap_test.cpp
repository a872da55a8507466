// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <deque>
#include <heddle/queue/job.hpp>
#include <heddle/queue/timer_heap.hpp>
#include <map>
#include <random>
#include <support/catch.hpp>
#include <utility>
#include <vector>

namespace {

using heddle::queue::timer;
using heddle::queue::timer_heap;
using heddle::sync::deadline;

deadline at(int milliseconds) { return deadline(std::chrono::milliseconds(milliseconds)); }

struct named_job final : heddle::queue::job {
  explicit named_job(int its_name = 0)
      : job([](job&, unsigned, const heddle::queue::refusal*) noexcept {}), name(its_name) {}
  int name;
  timer when;
};

/// The names of what is due at `now`, in the order in which the heap gives it out.
std::vector<int> due(timer_heap& heap, deadline now) {
  std::vector<int> names;
  while (heddle::queue::job* const job = heap.try_pop_due(now)) names.push_back(static_cast<named_job*>(job)->name);
  return names;
}

}  // namespace

TEST_CASE("timers become due in the order of their times, and not before them", "[queue][timer_heap]") {
  timer_heap heap;
  std::deque<named_job> jobs;
  for (const int when : {50, 10, 40, 20, 30}) {
    jobs.emplace_back(when);
    heap.add(jobs.back().when, at(when), jobs.back());
  }

  CHECK(heap.next() == at(10));
  CHECK(due(heap, at(9)).empty());
  CHECK(due(heap, at(30)) == std::vector<int>{10, 20, 30});
  CHECK(heap.next() == at(40));
  CHECK(due(heap, at(1000)) == std::vector<int>{40, 50});
  CHECK(heap.empty());
  CHECK(heap.next() == heddle::sync::no_deadline);
}

TEST_CASE("timers of one time become due in the order in which they were added", "[queue][timer_heap]") {
  timer_heap heap;
  std::vector<int> expected;
  std::deque<named_job> jobs;
  for (int name = 0; name < 50; ++name) {
    jobs.emplace_back(name);
    heap.add(jobs.back().when, at(7), jobs.back());
    expected.push_back(name);
  }

  CHECK(due(heap, at(7)) == expected);
}

TEST_CASE("a timer waits from when it is added until it is due or removed", "[queue][timer_heap]") {
  timer_heap heap;
  named_job first(1);
  named_job second(2);
  CHECK_FALSE(first.when.waits());

  heap.add(first.when, at(1), first);
  heap.add(second.when, at(2), second);
  CHECK(first.when.waits());

  heap.remove(first.when);
  CHECK_FALSE(first.when.waits());
  CHECK(due(heap, at(5)) == std::vector<int>{2});
  CHECK_FALSE(second.when.waits());
}

TEST_CASE("any timer can be removed at any time, as from an ordered map", "[queue][timer_heap]") {
  std::mt19937 random(Catch::getSeed());
  timer_heap heap;
  std::deque<named_job> jobs;
  std::multimap<deadline, named_job*> model;
  for (int step = 0; step < 4000; ++step) {
    if (model.empty() || random() % 5 < 3) {
      jobs.emplace_back(step);
      const deadline when = at(static_cast<int>(random() % 50));
      heap.add(jobs.back().when, when, jobs.back());
      model.emplace(when, &jobs.back());
    } else {
      const auto removed = std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % model.size()));
      heap.remove(removed->second->when);
      model.erase(removed);
    }
    REQUIRE(heap.next() == (model.empty() ? heddle::sync::no_deadline : model.begin()->first));
  }

  std::vector<int> expected;
  for (const auto& left : model) expected.push_back(left.second->name);
  CHECK(due(heap, at(1000)) == expected);
}
