// SPDX-License-Identifier: MIT
// A tree of calls that follows from a number, and what it comes to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <support/mixed.hpp>

namespace heddle_fuzz {

/// How a call calls others and waits for them.
enum class kind : std::uint8_t {
  leaf,
  // Needs nobody else, so that mutexes may be held meanwhile:
  futures,
  bulk,
  lazy_map,
  invoke,
  loop,
  for_each,
  map,
  reduce,
  group,
  locked,
  // Somebody else has to run what is awaited, so who waits for a mutex has to say so:
  timed_waits,
  posts,
  callbacks,
  cancelled,
  coroutines,
  other_pool,
  guest_of_other_pool,
  blocking,
};

/// The value of a call; if it threw, that of the exception.
struct outcome {
  std::uint64_t value = 0;
  bool threw = false;

  friend bool operator==(const outcome&, const outcome&) = default;
};

/// Which kinds there are in a tree.
struct mode {
  kind last = kind::blocking;
  unsigned failing_in_64 = 2;  // leaves
};

/// One call of a tree. Copied freely; its children are made as they are needed.
class call {
 public:
  call(std::uint64_t seed, unsigned depth, const mode& how) noexcept
      : how_(how), seed_(heddle_test::mixed(seed)), depth_(depth), what_(kind_of(seed_, depth, how)) {
    if (what_ != kind::leaf) children_ = number_of_children();
  }

  [[nodiscard]] kind what() const noexcept { return what_; }
  /// Its children have one less.
  [[nodiscard]] unsigned depth() const noexcept { return depth_; }
  [[nodiscard]] std::size_t children() const noexcept { return children_; }
  [[nodiscard]] call child(std::size_t i) const noexcept { return {seed_ + i + 1, depth_ - 1, how_}; }

  /// Some number below `bound` that is its own: the same one for the same question.
  [[nodiscard]] std::uint64_t choose(std::uint64_t question, std::uint64_t bound) const noexcept {
    return heddle_test::mixed(seed_ ^ (question << 48U)) % bound;
  }

  /// What a leaf comes to.
  [[nodiscard]] outcome own() const noexcept { return {seed_, choose(1, 64) < how_.failing_in_64}; }

  /// What it comes to if its children come to this.
  [[nodiscard]] outcome combined(std::span<const outcome> of) const noexcept {
    switch (what_) {
      case kind::cancelled:
        return {seed_, false};
      case kind::group:  // which of its calls is the first to throw is a matter of time
        for (const outcome& each : of) {
          if (each.threw) return {seed_, true};
        }
        return {sum(of), false};
      case kind::futures:
      case kind::timed_waits:
      case kind::bulk:
      case kind::lazy_map:
      case kind::posts:
      case kind::callbacks:
      case kind::coroutines:
        return {sum(of), false};
      default:
        for (const outcome& each : of) {
          if (each.threw) return each;
        }
        return {sum(of), false};
    }
  }

  /// What it comes to, found by one thread.
  [[nodiscard]] outcome expected() const {
    if (what_ == kind::leaf) return own();
    std::vector<outcome> parts;
    for (std::size_t i = 0; i < children_; ++i) parts.push_back(child(i).expected());
    return combined(parts);
  }

  /// How many calls there are in its tree.
  [[nodiscard]] std::uint64_t size() const {
    std::uint64_t all = 1;
    for (std::size_t i = 0; i < children_; ++i) all += child(i).size();
    return all;
  }

 private:
  static kind kind_of(std::uint64_t seed, unsigned depth, const mode& how) noexcept {
    if (depth == 0) return kind::leaf;
    return static_cast<kind>(heddle_test::mixed(seed + 77) % (static_cast<std::uint64_t>(how.last) + 1));
  }

  [[nodiscard]] std::size_t number_of_children() const noexcept {
    switch (what_) {
      case kind::locked:
      case kind::other_pool:
      case kind::blocking:
        return 1;
      case kind::loop:
      case kind::for_each:
      case kind::map:
      case kind::reduce:
        return choose(2, depth_ == 1 ? 200 : 7);
      default:
        return 2 + choose(2, 3);
    }
  }

  /// Of the children's values, in their order.
  static std::uint64_t sum(std::span<const outcome> of) noexcept {
    std::uint64_t total = 0;
    for (const outcome& each : of) total = total * 3 + each.value + (each.threw ? 1 : 0);
    return total;
  }

  mode how_;
  std::uint64_t seed_;
  unsigned depth_;
  kind what_;
  std::size_t children_ = 0;
};

}  // namespace heddle_fuzz
