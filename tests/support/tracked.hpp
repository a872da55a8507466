// SPDX-License-Identifier: MIT
// A value that counts what happens to it, and can refuse to be copied.
#pragma once

#include <atomic>
#include <stdexcept>
#include <utility>

namespace heddle_test {

/// What happened to all tracked objects that share it. Any thread.
struct life_counts {
  std::atomic<int> copies{0};
  std::atomic<int> moves{0};
  std::atomic<int> alive{0};
  std::atomic<int> copies_allowed{1'000'000'000};
};

struct copy_refused : std::runtime_error {
  copy_refused() : std::runtime_error("this object may not be copied now") {}
};

/// Use it as a member, a capture, an argument or a result. A copy beyond `copies_allowed` throws copy_refused.
class tracked {
 public:
  explicit tracked(life_counts& counts) noexcept : counts_(&counts) { ++counts.alive; }
  tracked(const tracked& other) : counts_(other.counts_) {
    if (counts_->copies_allowed.fetch_sub(1) <= 0) throw copy_refused();
    ++counts_->copies;
    ++counts_->alive;
  }
  tracked(tracked&& other) noexcept : counts_(other.counts_) {
    ++counts_->moves;
    ++counts_->alive;
  }
  tracked& operator=(const tracked&) = delete;
  tracked& operator=(tracked&&) = delete;
  ~tracked() { --counts_->alive; }

 private:
  life_counts* counts_;
};

struct move_refused : std::runtime_error {
  move_refused() : std::runtime_error("this object may not be moved again") {}
};

/// A value that can be moved some number of times in a row; the next move throws move_refused. Not copyable.
class moved_at_most {
 public:
  moved_at_most(int times, life_counts& counts) noexcept : left_(times), life_(counts) {}
  moved_at_most(moved_at_most&& other) : left_(other.left_ - 1), life_(std::move(other.life_)) {
    if (left_ < 0) throw move_refused();
  }
  moved_at_most& operator=(moved_at_most&&) = delete;
  ~moved_at_most() = default;

 private:
  int left_;
  tracked life_;
};

/// Calls a function when it is destroyed, unless it was moved from.
template <class F>
class at_destruction {
 public:
  explicit at_destruction(F call) : call_(call) {}
  at_destruction(at_destruction&& other) noexcept : call_(other.call_), armed_(other.armed_) { other.armed_ = false; }
  at_destruction& operator=(at_destruction&&) = delete;
  ~at_destruction() {
    if (armed_) call_();
  }

 private:
  F call_;
  bool armed_ = true;
};

/// A result that can only be made where it stays.
struct immovable_number {
  explicit immovable_number(int number) : value(number) {}
  immovable_number(immovable_number&&) = delete;
  int value;
};

}  // namespace heddle_test
