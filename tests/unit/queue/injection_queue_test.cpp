// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstddef>
#include <deque>
#include <heddle/queue/injection_queue.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/queue/segment.hpp>
#include <random>
#include <span>
#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/numbered_job.hpp>
#include <thread>
#include <vector>

using heddle::queue::consumer_turns;
using heddle::queue::injection_queue;
using heddle::queue::job;
using heddle::queue::lane;
using heddle_test::number_of;
using heddle_test::numbered_job;

namespace {

constexpr std::size_t segment_size = heddle::queue::segment::capacity;

/// Jobs with the numbers 0, 1, 2, ...
std::vector<numbered_job> make_jobs(std::size_t count) {
  std::vector<numbered_job> made(count);
  for (std::size_t i = 0; i < count; ++i) made[i].number = static_cast<int>(i);
  return made;
}

/// Pops with a buffer of `most`; the numbers of the jobs.
std::vector<int> pop(injection_queue& queue, consumer_turns& turns, std::size_t most = 32) {
  std::vector<job*> buffer(most);
  buffer.resize(queue.try_pop(buffer, turns));
  std::vector<int> numbers;
  for (const job* one : buffer) numbers.push_back(number_of(one));
  return numbers;
}

std::vector<int> pop_all(injection_queue& queue) {
  consumer_turns turns;
  std::vector<int> all;
  for (;;) {
    const std::vector<int> more = pop(queue, turns);
    if (more.empty()) return all;
    all.insert(all.end(), more.begin(), more.end());
  }
}

std::vector<int> sequence(int first, int last) {
  std::vector<int> numbers;
  for (int i = first; i < last; ++i) numbers.push_back(i);
  return numbers;
}

bool push_numbers(injection_queue& queue, std::vector<numbered_job>& jobs, std::size_t first, std::size_t last) {
  std::vector<job*> added;
  for (std::size_t i = first; i < last; ++i) added.push_back(&jobs[i]);
  return queue.try_push(added);
}

}  // namespace

TEST_CASE("an injection queue gives jobs in the order in which it got them", "[injection_queue]") {
  auto jobs = make_jobs(3 * segment_size);
  injection_queue queue(1, 2);
  CHECK_FALSE(queue.has_jobs());
  CHECK(pop_all(queue).empty());
  for (numbered_job& added : jobs) REQUIRE(queue.try_push(added));
  CHECK(queue.has_jobs());
  CHECK(queue.size_hint() == jobs.size());
  CHECK(pop_all(queue) == sequence(0, static_cast<int>(jobs.size())));
  CHECK_FALSE(queue.has_jobs());
  CHECK(queue.size_hint() == 0);
}

TEST_CASE("an injection queue with one shard keeps the order of submission of all threads", "[injection_queue]") {
  auto jobs = make_jobs(20);
  injection_queue queue(1, 1);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    std::thread([&] { CHECK(queue.try_push(jobs[i])); }).join();
  }
  CHECK(pop_all(queue) == sequence(0, 20));
}

TEST_CASE("an injection queue with shards spreads threads and keeps the order of each", "[injection_queue]") {
  constexpr int threads = 8;
  constexpr int each = 100;
  auto jobs = make_jobs(std::size_t{threads} * each);
  injection_queue queue(4, 1);
  for (int t = 0; t < threads; ++t) {
    std::thread([&, t] {
      for (int i = 0; i < each; ++i) CHECK(queue.try_push(jobs[static_cast<std::size_t>(t * each + i)]));
    }).join();
  }
  const std::vector<int> all = pop_all(queue);
  CHECK(all.size() == jobs.size());
  CHECK(all != sequence(0, threads * each));  // with one list it would be
  std::vector<int> next(threads, 0);
  for (const int number : all) CHECK(number % each == next[static_cast<std::size_t>(number / each)]++);
}

TEST_CASE("a consumer takes its share of a long list and one job of a short one", "[injection_queue]") {
  struct expectation {
    std::size_t consumers;
    std::size_t there;
    std::size_t taken;
  };
  const auto [consumers, there, taken] =
      GENERATE(expectation{1, 1, 1}, expectation{1, 7, 1}, expectation{1, 8, 4}, expectation{1, 63, 31},
               expectation{1, 64, 32}, expectation{1, 1000, 32}, expectation{2, 8, 2}, expectation{2, 100, 25},
               expectation{2, 1000, 32}, expectation{16, 8, 1}, expectation{16, 100, 3}, expectation{16, 1000, 31});
  CAPTURE(consumers, there);
  auto jobs = make_jobs(there);
  injection_queue queue(1, consumers);
  REQUIRE(push_numbers(queue, jobs, 0, there));
  consumer_turns turns;
  CHECK(pop(queue, turns) == sequence(0, static_cast<int>(taken)));
}

TEST_CASE("a batch is no longer than the caller's buffer", "[injection_queue]") {
  auto jobs = make_jobs(100);
  injection_queue queue(1, 1);
  REQUIRE(push_numbers(queue, jobs, 0, 100));
  consumer_turns turns;
  CHECK(pop(queue, turns, 0).empty());
  CHECK(pop(queue, turns, 1) == sequence(0, 1));
  CHECK(pop(queue, turns, 5) == sequence(1, 6));
  CHECK(queue.size_hint() == 94);
}

TEST_CASE("many jobs are pushed in a row or not at all", "[injection_queue]") {
  const std::size_t many = 5 * segment_size + 3;
  auto jobs = make_jobs(many + 2);
  injection_queue queue(1, 1);
  REQUIRE(queue.try_push(std::span<job* const>()));
  CHECK_FALSE(queue.has_jobs());
  REQUIRE(push_numbers(queue, jobs, 0, 1));
  REQUIRE(push_numbers(queue, jobs, 1, segment_size));  // up to the end of a segment
  REQUIRE(push_numbers(queue, jobs, segment_size, many));
  REQUIRE(queue.try_push(jobs[many]));
  CHECK(pop_all(queue) == sequence(0, static_cast<int>(many) + 1));
  queue.close();
  CHECK_FALSE(push_numbers(queue, jobs, 0, many));
  CHECK_FALSE(queue.try_push(std::span<job* const>()));
  CHECK(queue.size_hint() == 0);
}

TEST_CASE("the most urgent lane is popped first", "[injection_queue]") {
  auto jobs = make_jobs(5);
  injection_queue queue(4, 1);
  REQUIRE(queue.try_push(jobs[3], lane::background));
  REQUIRE(queue.try_push(jobs[2]));
  REQUIRE(queue.try_push(jobs[0], lane::high));
  REQUIRE(queue.try_push(jobs[4], lane::background));
  REQUIRE(queue.try_push(jobs[1], lane::high));
  CHECK(pop_all(queue) == sequence(0, 5));
}

TEST_CASE("a job is popped only if one is there that is as urgent as was asked for", "[injection_queue]") {
  auto jobs = make_jobs(3);
  injection_queue queue(1, 1);
  consumer_turns turns;
  job* popped = nullptr;
  const auto pop_one = [&](lane least_urgent) {
    return queue.try_pop({&popped, 1}, turns, least_urgent) == 0 ? -1 : number_of(popped);
  };
  for (std::size_t i = 0; i < 3; ++i) REQUIRE(queue.try_push(jobs[i], static_cast<lane>(i)));
  CHECK(queue.size_hint(lane::high) != 0);
  CHECK(pop_one(lane::high) == 0);
  CHECK(pop_one(lane::high) == -1);  // although the list is still marked, and others have jobs
  CHECK(queue.size_hint(lane::high) == 0);
  CHECK(queue.size_hint(lane::normal) != 0);
  CHECK(pop_one(lane::normal) == 1);
  CHECK(pop_one(lane::normal) == -1);
  CHECK(queue.size_hint(lane::normal) == 0);
  CHECK(queue.size_hint(lane::background) != 0);
  CHECK(pop_one(lane::background) == 2);
  CHECK(pop_one(lane::background) == -1);
  CHECK_FALSE(queue.has_jobs());
}

TEST_CASE("less urgent jobs have their turns also with who asks for urgent ones", "[injection_queue]") {
  auto jobs = make_jobs(3);
  injection_queue queue(1, 1);
  consumer_turns turns;
  for (std::size_t i = 0; i < 3; ++i) REQUIRE(queue.try_push(jobs[i], static_cast<lane>(i)));
  std::vector<int> times(3);
  for (int turn = 0; turn < 640; ++turn) {
    job* popped = nullptr;
    REQUIRE(queue.try_pop({&popped, 1}, turns, lane::high) == 1);
    const auto number = static_cast<std::size_t>(number_of(popped));
    ++times[number];
    REQUIRE(queue.try_push(jobs[number], static_cast<lane>(number)));
  }
  CHECK(times == std::vector{620, 10, 10});
}

TEST_CASE("urgent jobs and those of the background are taken one by one", "[injection_queue]") {
  const lane of = GENERATE(lane::high, lane::background);
  auto jobs = make_jobs(100);
  injection_queue queue(1, 1);
  for (numbered_job& each : jobs) REQUIRE(queue.try_push(each, of));
  consumer_turns turns;
  for (int i = 0; i < 100; ++i) REQUIRE(pop(queue, turns) == sequence(i, i + 1));
}

TEST_CASE("a flood of urgent jobs leaves normal and background a turn in 64 each", "[injection_queue]") {
  auto jobs = make_jobs(3);
  injection_queue queue(1, 1);
  consumer_turns turns;
  std::size_t normal = 0;
  std::size_t background = 0;
  REQUIRE(queue.try_push(jobs[0], lane::high));
  for (int turn = 0; turn < 640; ++turn) {
    if (queue.size_hint() < 3) {
      // One of each all the time: what was popped is pushed again.
      for (std::size_t i = 1; turn == 0 && i < 3; ++i) REQUIRE(queue.try_push(jobs[i], static_cast<lane>(i)));
    }
    const std::vector<int> popped = pop(queue, turns);
    REQUIRE(popped.size() == 1);
    normal += popped.front() == 1 ? 1U : 0U;
    background += popped.front() == 2 ? 1U : 0U;
    const auto again = static_cast<std::size_t>(popped.front());
    REQUIRE(queue.try_push(jobs[again], static_cast<lane>(again)));
  }
  CHECK(normal == 10);
  CHECK(background == 10);
}

TEST_CASE("a closed injection queue takes no job and finishes with its last one", "[injection_queue]") {
  auto jobs = make_jobs(3);
  injection_queue queue(2, 1);
  REQUIRE(queue.try_push(jobs[0]));
  REQUIRE(queue.try_push(jobs[1], lane::background));
  CHECK_FALSE(queue.finished());
  queue.close();
  CHECK_FALSE(queue.try_push(jobs[2]));
  std::thread([&] { CHECK_FALSE(queue.try_push(jobs[2])); }).join();  // into the other shard
  CHECK_FALSE(queue.finished());
  consumer_turns turns;
  CHECK(pop(queue, turns) == sequence(0, 1));
  CHECK_FALSE(queue.finished());
  CHECK(pop(queue, turns) == sequence(1, 2));
  CHECK(queue.finished());
  queue.close();
  CHECK(queue.finished());
  CHECK_FALSE(queue.try_push(jobs[2]));
  CHECK(pop_all(queue).empty());
  CHECK_FALSE(queue.has_jobs());
}

TEST_CASE("an open injection queue is not finished when it is empty", "[injection_queue]") {
  auto jobs = make_jobs(1);
  injection_queue queue(1, 1);
  CHECK_FALSE(queue.finished());
  REQUIRE(queue.try_push(jobs[0]));
  CHECK(pop_all(queue).size() == 1);
  CHECK_FALSE(queue.finished());
  queue.close();
  CHECK(queue.finished());
}

TEST_CASE("steady traffic through an injection queue does not allocate", "[injection_queue]") {
  auto jobs = make_jobs(segment_size + 10);
  injection_queue queue(1, 1);
  consumer_turns turns;
  std::size_t popped = 0;
  const auto there_and_back = [&] {
    for (numbered_job& added : jobs) static_cast<void>(queue.try_push(added));
    job* next = nullptr;
    while (queue.try_pop({&next, 1}, turns) != 0) ++popped;
  };
  for (int i = 0; i < 3; ++i) there_and_back();  // three segments, and the one that is kept
  CHECK(heddle_test::allocations_in([&] {
          for (int i = 0; i < 50; ++i) {
            for (std::size_t j = 0; j < segment_size / 2; ++j) static_cast<void>(queue.try_push(jobs[j]));
            job* next = nullptr;
            while (queue.try_pop({&next, 1}, turns) != 0) ++popped;
          }
        }) == 0);
  CHECK(popped == 3 * jobs.size() + 50 * (segment_size / 2));
}

TEST_CASE("a sweep takes dead jobs out and leaves the others in order", "[injection_queue]") {
  const std::size_t many = 10 * segment_size;
  auto jobs = make_jobs(many);
  injection_queue queue(1, 1);
  REQUIRE(push_numbers(queue, jobs, 0, many));
  consumer_turns turns;
  REQUIRE(pop(queue, turns, 3) == sequence(0, 3));
  std::vector<int> asked;
  const std::size_t removed = queue.sweep([&](job& one) noexcept {
    asked.push_back(number_of(&one));
    return number_of(&one) % 3 != 0;
  });
  const auto asked_end = static_cast<int>(9 * segment_size);  // the last segment is left alone
  CHECK(asked == sequence(3, asked_end));
  std::vector<int> expected;
  for (int number : sequence(3, static_cast<int>(many))) {
    if (number >= asked_end || number % 3 == 0) expected.push_back(number);
  }
  CHECK(removed == many - 3 - expected.size());
  CHECK(queue.size_hint() == expected.size());
  CHECK(pop_all(queue) == expected);
}

TEST_CASE("a sweep of an empty queue or of a single segment asks nothing", "[injection_queue]") {
  auto jobs = make_jobs(segment_size);
  injection_queue queue(2, 1);
  const auto all_are_dead = [](job&) noexcept { return true; };
  CHECK(queue.sweep(all_are_dead) == 0);
  REQUIRE(push_numbers(queue, jobs, 0, segment_size));
  CHECK(queue.sweep(all_are_dead) == 0);
  CHECK(pop_all(queue) == sequence(0, static_cast<int>(segment_size)));
  CHECK(queue.sweep(all_are_dead) == 0);
}

TEST_CASE("a closed queue that a sweep leaves empty is finished", "[injection_queue]") {
  auto jobs = make_jobs(segment_size + 1);
  injection_queue queue(1, 1);
  REQUIRE(push_numbers(queue, jobs, 0, segment_size + 1));
  queue.close();
  CHECK(queue.sweep([](job&) noexcept { return true; }) == segment_size);
  CHECK_FALSE(queue.finished());
  CHECK(pop_all(queue) == sequence(static_cast<int>(segment_size), static_cast<int>(segment_size) + 1));
  CHECK(queue.finished());
}

TEST_CASE("pushes, pops and sweeps in any order do to an injection queue what they do to a deque",
          "[injection_queue]") {
  const auto seed = Catch::getSeed();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto up_to = [&](std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random); };
  for (int round = 0; round < 50; ++round) {
    auto jobs = make_jobs(3000);
    std::vector<char> dead(jobs.size(), 0);
    std::deque<int> expected;
    std::size_t pushed = 0;
    injection_queue queue(1, 1 + up_to(2));
    consumer_turns turns;
    while (pushed < jobs.size()) {
      const std::size_t last = std::min(jobs.size(), pushed + up_to(400));
      if (up_to(1) == 0) {
        REQUIRE(push_numbers(queue, jobs, pushed, last));
      } else {
        for (std::size_t i = pushed; i < last; ++i) REQUIRE(queue.try_push(jobs[i]));
      }
      for (; pushed < last; ++pushed) expected.push_back(static_cast<int>(pushed));
      for (std::size_t pops = up_to(30); pops > 0; --pops) {
        for (const int number : pop(queue, turns)) {
          REQUIRE(!expected.empty());
          REQUIRE(number == expected.front());
          expected.pop_front();
        }
      }
      for (const int number : expected) {
        if (up_to(2) == 0) dead[static_cast<std::size_t>(number)] = 1;
      }
      const std::size_t before = expected.size();
      const std::size_t removed = queue.sweep([&](job& one) noexcept {
        const int number = number_of(&one);
        if (dead[static_cast<std::size_t>(number)] == 0) return false;
        expected.erase(std::lower_bound(expected.begin(), expected.end(), number));
        return true;
      });
      REQUIRE(removed == before - expected.size());
      REQUIRE(queue.size_hint() == expected.size());
    }
    REQUIRE(pop_all(queue) == std::vector<int>(expected.begin(), expected.end()));
  }
}
