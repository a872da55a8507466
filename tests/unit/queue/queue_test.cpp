// SPDX-License-Identifier: MIT
// The machine queue/: jobs, the list of them, the inbox.
#include <cstddef>
#include <heddle/queue/detached_job.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_list.hpp>
#include <heddle/queue/mpsc_inbox.hpp>
#include <support/catch.hpp>
#include <support/numbered_job.hpp>
#include <support/tracked.hpp>
#include <thread>
#include <utility>
#include <vector>

using heddle::queue::detached_job;
using heddle::queue::job;
using heddle::queue::job_list;
using heddle::queue::mpsc_inbox;
using heddle_test::number_of;
using heddle_test::numbered_job;

namespace {

/// Number of the job that `source` gives, -1 for none.
template <class Source>
int next_of(Source& source) {
  const job* const next = source.try_pop();
  return next == nullptr ? -1 : number_of(next);
}

}  // namespace

TEST_CASE("a job list gives jobs in the order in which it got them", "[job_list]") {
  numbered_job jobs[] = {numbered_job(1), numbered_job(2), numbered_job(3)};
  job_list list;
  CHECK(list.empty());
  CHECK(next_of(list) == -1);
  list.push(jobs[0]);
  list.push(jobs[1]);
  CHECK_FALSE(list.empty());
  CHECK(next_of(list) == 1);
  list.push(jobs[2]);
  CHECK(next_of(list) == 2);
  CHECK(next_of(list) == 3);
  CHECK(next_of(list) == -1);
  list.push(jobs[1]);
  list.push(jobs[0]);
  CHECK(next_of(list) == 2);
  CHECK(next_of(list) == 1);
  CHECK(list.empty());
}

TEST_CASE("an inbox gives everything at once, oldest first, and says when it was empty", "[mpsc_inbox]") {
  numbered_job jobs[] = {numbered_job(1), numbered_job(2), numbered_job(3)};
  mpsc_inbox inbox;
  CHECK(inbox.empty());
  CHECK(inbox.take_all().empty());
  CHECK(inbox.push(jobs[0]));
  CHECK_FALSE(inbox.push(jobs[1]));
  CHECK_FALSE(inbox.push(jobs[2]));
  CHECK_FALSE(inbox.empty());
  job_list taken = inbox.take_all();
  CHECK(inbox.empty());
  CHECK(next_of(taken) == 1);
  CHECK(next_of(taken) == 2);
  CHECK(next_of(taken) == 3);
  CHECK(next_of(taken) == -1);
  CHECK(inbox.push(jobs[0]));
}

TEST_CASE("an inbox loses nothing and keeps each producer's order", "[mpsc_inbox]") {
  constexpr int producers = 3;
  constexpr int each = 2000;
  std::vector<std::vector<numbered_job>> jobs;
  for (int p = 0; p < producers; ++p) {
    std::vector<numbered_job>& own = jobs.emplace_back(each);
    for (int i = 0; i < each; ++i) own[static_cast<std::size_t>(i)].number = p * each + i;
  }
  mpsc_inbox inbox;
  std::vector<std::thread> threads;
  for (auto& own : jobs) {
    threads.emplace_back([&inbox, &own] {
      for (numbered_job& added : own) inbox.push(added);
    });
  }
  std::vector<int> next(producers, 0);
  bool in_order = true;
  for (int got = 0; got < producers * each;) {
    job_list taken = inbox.take_all();
    for (int number = next_of(taken); number != -1; number = next_of(taken), ++got) {
      int& expected = next[static_cast<std::size_t>(number / each)];
      in_order = in_order && number % each == expected++;
    }
  }
  for (std::thread& producer : threads) producer.join();
  CHECK(in_order);
  CHECK(inbox.empty());
}

TEST_CASE("a detached job frees itself when it has run or was refused", "[detached_job]") {
  heddle_test::life_counts counts;
  int calls = 0;
  auto call = [&calls, value = heddle_test::tracked(counts)] {
    static_cast<void>(value);
    ++calls;
  };
  auto* const run = new detached_job<decltype(call)>(std::move(call));
  run->run();
  CHECK(calls == 1);
  CHECK(counts.alive == 1);  // the moved-from original

  heddle_test::life_counts other;
  auto refused = [&calls, value = heddle_test::tracked(other)] {
    static_cast<void>(value);
    ++calls;
  };
  auto* const never = new detached_job<decltype(refused)>(std::move(refused));
  never->refuse({});
  CHECK(calls == 1);
  CHECK(other.alive == 1);
  CHECK(other.copies + counts.copies == 0);
}
