// SPDX-License-Identifier: MIT
// Random trees of calls in a pool of one, which wait for each other in all ways: they end, one at a time.
#include <heddle/thread_pool_executor.hpp>
#include <heddle/wait.hpp>
#include <heddle/when_all.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

using namespace std::chrono_literals;
using heddle::future;
using heddle::thread_pool_executor;

namespace {

/// Each call makes two more and waits for both; its result is how many calls there are below it, with it.
class call_tree {
 public:
  call_tree(thread_pool_executor& own, thread_pool_executor& other) : own_(own), other_(other) {}

  [[nodiscard]] future<int> grow(std::uint64_t seed, int levels) {
    return own_.submit([this, seed, levels] { return call(seed, levels); });
  }
  [[nodiscard]] bool overlapped() const { return overlapped_; }

 private:
  int call(std::uint64_t seed, int levels) {
    begin();
    int sum = 1;
    if (levels != 0) {
      future<int> one = changed(seed, grow(seed * 6364136223846793005U + 1, levels - 1));
      future<int> two = changed(seed >> 8U, grow(seed * 6364136223846793005U + 3, levels - 1));
      --now_;
      sum += wait((seed >> 16U) % 4, one, two);
      begin();
    }
    --now_;
    return sum;
  }

  future<int> changed(std::uint64_t how, future<int> made) {
    const auto same = [](int value) { return value; };
    switch (how % 7) {
      case 0:
        return std::move(made).then(own_, same);
      case 1:
        return std::move(made).then(other_, same);
      case 2:
        return std::move(made).then(same);
      case 3:
        return other_.submit([] {}).then([moved = std::move(made)]() mutable { return std::move(moved); });
      case 4:
        return own_.submit_after(std::move(made), same);
      case 5:
        return own_.submit_after(own_.submit_after(50us, [] {}), std::move(made), same);
      default:
        return made;
    }
  }

  static int wait(std::uint64_t how, future<int>& one, future<int>& two) {
    future<int>* both[] = {&one, &two};
    int sum = 0;
    switch (how) {
      case 0:
        return one.result() + two.result();
      case 1:
        heddle::wait(both);
        return one.result() + two.result();
      case 2:
        for (future<int>& each : heddle::as_completed(both)) sum += each.result();
        return sum;
      default:
        const auto [first, second] = heddle::collect(std::move(one), std::move(two)).result();
        return first + second;
    }
  }

  void begin() {
    if (++now_ != 1) overlapped_ = true;
  }

  thread_pool_executor& own_;
  thread_pool_executor& other_;
  std::atomic<int> now_{0};
  std::atomic<bool> overlapped_{false};
};

}  // namespace

TEST_CASE("random trees of calls that wait for each other in a pool of one end", "[stress][only_worker]") {
  thread_pool_executor own{{.max_workers = 1}};
  thread_pool_executor other{{.max_workers = 1}};
  for (std::size_t round = 0; round < heddle_test::scaled(1000); ++round) {
    const heddle_test::deadline limit;
    call_tree grown(own, other);
    future<int> some[] = {grown.grow(round * 0x9e3779b97f4a7c15U, 3), grown.grow(round * 0xbf58476d1ce4e5b9U + 7, 2)};
    CHECK(some[0].result() == 15);
    CHECK(some[1].result() == 7);
    CHECK_FALSE(grown.overlapped());
  }
}
