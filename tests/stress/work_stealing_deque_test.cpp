// SPDX-License-Identifier: MIT
// The work-stealing deque with its owner and thieves at full speed: every element is taken once.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <heddle/base/cpu.hpp>
#include <heddle/queue/work_stealing_deque.hpp>
#include <latch>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using heddle::queue::steal_result;
using heddle::queue::work_stealing_deque;
using heddle_test::scaled;

namespace {

/// Neither field is atomic: a sanitizer sees whether pushing and taking an element are in order.
struct element {
  std::size_t content = 0;
  int taken = 0;
};

/// Who takes an element twice, or before it was written, adds to `wrong`.
class counted_elements {
 public:
  explicit counted_elements(std::size_t count) : all_(count) {}

  element& write(std::size_t i) {
    all_[i].content = i + 1;
    return all_[i];
  }
  void take(element& one) {
    if (one.content != static_cast<std::size_t>(&one - all_.data()) + 1 || ++one.taken != 1) ++wrong_;
  }
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  /// To be asked when all threads have ended.
  [[nodiscard]] bool each_taken_once() const {
    for (const element& one : all_) {
      if (one.taken != 1) return false;
    }
    return wrong_ == 0;
  }

 private:
  std::vector<element> all_;
  std::atomic<int> wrong_{0};
};

/// Runs `own(deque)` beside thieves, which go on until it has ended and the deque is empty.
template <class Deque, class Own>
void against_thieves(int thieves, counted_elements& elements, Own own) {
  Deque deque;
  std::atomic<bool> ended{false};
  std::latch together(thieves + 1);
  std::vector<std::thread> threads;
  for (int t = 0; t < thieves; ++t) {
    threads.emplace_back([&] {
      together.arrive_and_wait();
      for (;;) {
        const bool last_look = ended;
        const steal_result<element> stolen = deque.try_steal();
        if (stolen.element != nullptr) {
          elements.take(*stolen.element);
        } else if (last_look && !stolen.lost_race) {
          return;
        } else {
          heddle::base::pause();
        }
      }
    });
  }
  together.arrive_and_wait();
  own(deque);
  ended = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("an owner pushes and pops beside thieves and every element is taken once", "[stress]") {
  const heddle_test::deadline limit(250s);
  const int thieves = GENERATE(1, 2, 3);
  const std::size_t most_at_once = GENERATE(1U, 2U, 7U, 300U);
  CAPTURE(thieves, most_at_once);
  counted_elements elements(scaled(200'000));
  against_thieves<work_stealing_deque<element>>(thieves, elements, [&](auto& deque) {
    for (std::size_t next = 0; next < elements.size();) {
      for (std::size_t i = 0; i <= next % most_at_once && next < elements.size(); ++i) {
        deque.push(elements.write(next++));
      }
      while (element* const newest = deque.try_pop()) elements.take(*newest);
    }
  });
  CHECK(elements.each_taken_once());
}

TEST_CASE("a deque grows from one slot under its thieves and every element is taken once", "[stress]") {
  const heddle_test::deadline limit(250s);
  for (std::size_t round = 0; round < scaled(300); ++round) {
    counted_elements elements(2000);
    against_thieves<work_stealing_deque<element, 1>>(2, elements, [&](auto& deque) {
      std::vector<element*> batch;
      for (std::size_t next = 0; next < elements.size(); next += batch.size()) {
        batch.clear();
        for (std::size_t i = 0; i <= next % 13 && next + i < elements.size(); ++i) {
          batch.push_back(&elements.write(next + i));
        }
        if (batch.size() == 1) {
          deque.push(*batch.front());
        } else {
          deque.push_batch(batch.data(), batch.size());
        }
      }
    });
    REQUIRE(elements.each_taken_once());
  }
}

TEST_CASE("an owner that takes its oldest and its newest loses nothing to thieves", "[stress]") {
  const heddle_test::deadline limit(250s);
  counted_elements elements(scaled(500'000));
  against_thieves<work_stealing_deque<element, 2>>(2, elements, [&](auto& deque) {
    for (std::size_t next = 0; next < elements.size();) {
      for (int i = 0; i < 3 && next < elements.size(); ++i) deque.push(elements.write(next++));
      const steal_result<element> oldest = deque.try_steal();
      if (oldest.element != nullptr) elements.take(*oldest.element);
      if (element* const newest = deque.try_pop()) elements.take(*newest);
    }
  });
  CHECK(elements.each_taken_once());
}
