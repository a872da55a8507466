// SPDX-License-Identifier: MIT
// The work-stealing deque with one thread: which end gives what, growth, memory.
#include <array>
#include <cstddef>
#include <heddle/base/cpu.hpp>
#include <heddle/queue/work_stealing_deque.hpp>
#include <numeric>
#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <vector>

using heddle::queue::steal_result;
using heddle::queue::work_stealing_deque;

namespace {

/// Numbers in a row, which deques hold pointers to.
template <int Count>
struct numbered_values {
  numbered_values() { std::iota(values.begin(), values.end(), 0); }
  int& operator[](int i) { return values[static_cast<std::size_t>(i)]; }
  std::array<int, Count> values{};
};

/// What the deque gives, -1 for nothing.
template <class Deque>
int popped(Deque& deque) {
  const int* const newest = deque.try_pop();
  return newest == nullptr ? -1 : *newest;
}
template <class Deque>
int stolen(Deque& deque) {
  const steal_result<int> oldest = deque.try_steal();
  CHECK_FALSE(oldest.lost_race);
  return oldest.element == nullptr ? -1 : *oldest.element;
}

}  // namespace

TEST_CASE("an element is taken out where it is the newest, and left where it is not", "[work_stealing_deque]") {
  work_stealing_deque<int> deque;
  int elements[3]{};
  CHECK_FALSE(deque.try_take_out(elements[0]));
  for (int& each : elements) deque.push(each);
  CHECK_FALSE(deque.try_take_out(elements[1]));
  CHECK(deque.try_take_out(elements[2]));
  CHECK_FALSE(deque.try_take_out(elements[2]));
  CHECK(deque.try_take_out(elements[1]));
  CHECK(deque.try_steal().element == &elements[0]);
  CHECK_FALSE(deque.try_take_out(elements[0]));
  CHECK(deque.try_pop() == nullptr);
}

TEST_CASE("an empty deque gives nothing at either end, however often it is asked", "[work_stealing_deque]") {
  work_stealing_deque<int> deque;
  int one = 1;
  for (int round = 0; round < 3; ++round) {
    CHECK(deque.empty_hint());
    CHECK(deque.size_hint() == 0);
    CHECK(stolen(deque) == -1);
    CHECK(popped(deque) == -1);
    CHECK(popped(deque) == -1);
    deque.push(one);
    CHECK_FALSE(deque.empty_hint());
    CHECK((round == 1 ? stolen(deque) : popped(deque)) == 1);
  }
  CHECK(popped(deque) == -1);
}

TEST_CASE("the owner pops the newest and a thief steals the oldest", "[work_stealing_deque]") {
  numbered_values<6> all;
  work_stealing_deque<int> deque;
  for (int i = 0; i < 5; ++i) deque.push(all[i]);
  CHECK(deque.size_hint() == 5);
  CHECK(popped(deque) == 4);
  CHECK(stolen(deque) == 0);
  CHECK(stolen(deque) == 1);
  CHECK(deque.size_hint() == 2);
  deque.push(all[5]);
  CHECK(popped(deque) == 5);
  CHECK(popped(deque) == 3);
  CHECK(stolen(deque) == 2);
  CHECK(deque.empty_hint());
  CHECK(popped(deque) == -1);
  CHECK(stolen(deque) == -1);
}

TEST_CASE("a deque that grows keeps every element in its place", "[work_stealing_deque]") {
  // Growth begins with the elements anywhere in the ring.
  const int stolen_before = GENERATE(0, 1, 3, 4);
  CAPTURE(stolen_before);
  numbered_values<100> all;
  work_stealing_deque<int, 4> deque;
  int oldest = 0;
  int next = 0;
  while (next < 4) deque.push(all[next++]);
  while (oldest < stolen_before) CHECK(stolen(deque) == oldest++);
  while (next < 50) deque.push(all[next++]);
  CHECK(deque.size_hint() == static_cast<std::size_t>(next - oldest));
  CHECK(stolen(deque) == oldest++);
  while (next < 100) deque.push(all[next++]);
  while (oldest < 70) CHECK(stolen(deque) == oldest++);
  while (next > oldest) CHECK(popped(deque) == --next);
  CHECK(popped(deque) == -1);
}

TEST_CASE("a batch is pushed in its order, into any ring", "[work_stealing_deque]") {
  const int count = GENERATE(0, 1, 2, 3, 5, 30);
  const int already_there = GENERATE(0, 1, 2);
  CAPTURE(count, already_there);
  numbered_values<40> all;
  work_stealing_deque<int, 2> deque;
  for (int i = 0; i < already_there; ++i) deque.push(all[i]);
  std::vector<int*> batch;
  for (int i = 0; i < count; ++i) batch.push_back(&all[already_there + i]);
  deque.push_batch(batch.data(), batch.size());
  int end = already_there + count;
  CHECK(deque.size_hint() == static_cast<std::size_t>(end));
  int oldest = 0;
  if (end > 0) CHECK(stolen(deque) == oldest++);
  while (end > oldest) CHECK(popped(deque) == --end);
  CHECK(popped(deque) == -1);
  CHECK(stolen(deque) == -1);
}

TEST_CASE("a deque takes no memory before the first push, and none while it does not grow", "[work_stealing_deque]") {
  using heddle_test::allocations_in;
  numbered_values<8> all;
  std::array<int*, 8> batch{};
  for (int i = 0; i < 8; ++i) batch[static_cast<std::size_t>(i)] = &all[i];
  CHECK(allocations_in([] {
          work_stealing_deque<int> unused;
          static_cast<void>(unused.try_pop());
          static_cast<void>(unused.try_steal());
        }) == 0);
  work_stealing_deque<int, 8> deque;
  CHECK(allocations_in([&] { deque.push(all[0]); }) > 0);
  CHECK(popped(deque) == 0);
  // All slots are used, at every place of the ring.
  CHECK(allocations_in([&] {
          for (int round = 0; round < 20; ++round) {
            deque.push_batch(batch.data(), batch.size());
            for (int i = 0; i < 5; ++i) static_cast<void>(deque.try_steal());
            for (int i = 0; i < 5; ++i) deque.push(all[i]);
            while (deque.try_pop() != nullptr) {
            }
          }
        }) == 0);
  deque.push_batch(batch.data(), batch.size());
  CHECK(allocations_in([&] { deque.push(all[0]); }) > 0);
}

TEST_CASE("owner and thieves write to different cache lines, of this deque alone", "[work_stealing_deque]") {
  using deque = work_stealing_deque<int>;
  STATIC_REQUIRE(alignof(deque) == heddle::base::cache_line);
  STATIC_REQUIRE(sizeof(deque) == 2 * heddle::base::cache_line);
}
