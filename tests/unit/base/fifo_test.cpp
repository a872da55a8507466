// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstddef>
#include <heddle/base/boxed.hpp>
#include <heddle/base/fifo.hpp>
#include <memory>
#include <support/catch.hpp>
#include <support/tracked.hpp>
#include <utility>
#include <vector>

using heddle::base::boxed;
using heddle::base::fifo;
using heddle_test::life_counts;
using heddle_test::tracked;

namespace {

void push(fifo<std::unique_ptr<int>>& to, int value) {
  to.make_room();
  to.push(std::make_unique<int>(value));
}

}  // namespace

TEST_CASE("what goes into a fifo first comes out first, however they mix", "[fifo]") {
  fifo<std::unique_ptr<int>> queue;
  int pushed = 0;
  int popped = 0;
  for (const int length : {1, 5, 2, 40, 3, 0, 7}) {
    for (int round = 0; round < 50; ++round) {
      while (pushed - popped < length) push(queue, pushed++);
      while (pushed - popped > length) CHECK(*queue.pop() == popped++);
      CHECK(queue.size() == static_cast<std::size_t>(length));
      CHECK(queue.empty() == (length == 0));
      if (length == 0) continue;
      CHECK(*queue.front() == popped);
      CHECK(*queue.pop() == popped++);
    }
  }
}

TEST_CASE("a fifo of constant length needs constant room", "[fifo]") {
  fifo<std::unique_ptr<int>> queue;
  for (int i = 0; i < 10; ++i) push(queue, i);
  std::unique_ptr<int>* lowest = &queue.front();
  std::unique_ptr<int>* highest = &queue.front();
  for (int i = 0; i < 10'000; ++i) {
    push(queue, i);
    static_cast<void>(queue.pop());
    if (i < 100) {
      lowest = std::min(lowest, &queue.front());
      highest = std::max(highest, &queue.front());
    }
  }
  for (int i = 0; i < 1'000; ++i) {
    push(queue, i);
    static_cast<void>(queue.pop());
    CHECK(&queue.front() - highest < 100);
    CHECK(lowest - &queue.front() < 100);
  }
}

TEST_CASE("a fifo begins with what it is given and is empty when it was moved from", "[fifo]") {
  fifo<int> queue(std::vector<int>{1, 2, 3});
  CHECK(queue.pop() == 1);
  fifo<int> other = std::move(queue);
  CHECK(queue.empty());
  CHECK(other.size() == 2);
  queue = std::move(other);
  CHECK(other.empty());
  CHECK(queue.pop() == 2);
}

TEST_CASE("a boxed value stays in its place and goes with its owner", "[boxed]") {
  life_counts counts;
  boxed<tracked> first(std::in_place, counts);
  const tracked* const place = &*first;
  boxed<tracked> second = std::move(first);
  CHECK_FALSE(first);
  CHECK(&*second == place);
  boxed<tracked> third;
  third = std::move(second);
  CHECK(counts.alive == 1);
  CHECK(counts.moves + counts.copies == 0);
  third = boxed<tracked>(std::in_place, counts);
  CHECK(counts.alive == 1);
  third.reset();
  CHECK_FALSE(third);
  CHECK(counts.alive == 0);
}
