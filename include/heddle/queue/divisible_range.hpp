// SPDX-License-Identifier: MIT
// An interval whose owner takes items from the front while somebody else may cut off the back half.
#pragma once

#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/base/barrier.hpp>
#include <heddle/base/sectioning.hpp>

namespace heddle::queue {

/// Who cuts: the thread that also takes, or another one, which has to make its cut known first.
enum class cutter { owner, other };

/// The owner takes with a store and a load: it moves `next_` over what it wants, and then sees whether `last_` still is
/// beyond. Whoever cuts holds a lock, moves `last_` down, and then sees how far `next_` has come. Between the two steps
/// of each stands one half of an asymmetric barrier, so that at least one of them sees the other's: the owner then asks
/// under the lock, the cutter leaves to the owner what it has taken. A cutter whose barrier fails moves `last_` up
/// again, so what the owner sees there without the lock may be too little, and never means that nothing is left.
class divisible_range {
 public:
  divisible_range(std::uint64_t first, std::uint64_t last) noexcept
      : next_(first), last_(last), end_(last), owners_end_(last) {}

  /// The owner: takes some of the next items, at most `most` (1 or more), or none if none are left. `lock` is the
  /// cutters'.
  template <class Lock>
  [[nodiscard]] base::section take(std::uint64_t most, Lock& lock) noexcept {
    const std::uint64_t first = next_.load(base::relaxed);  // relaxed: written by the owner only
    if (first == owners_end_) return {first, first};
    const std::uint64_t seen = last_.load(base::relaxed);  // relaxed: a first guess, looked at again below
    if (first < seen) [[likely]] {
      const std::uint64_t wanted = seen - first > most ? first + most : seen;
      next_.store(wanted, base::relaxed);  // relaxed: the barrier orders it before the load, see the class
      base::light_barrier();
      if (wanted <= last_.load(base::relaxed)) [[likely]]
        return {first, wanted};  // relaxed: as above
    }
    return take_under(lock, first, most);
  }

  /// Cuts off about half of what is not taken yet, of few items half rounded up, and returns it; empty if nothing is
  /// left or the cut could not be made known. The caller holds the lock.
  [[nodiscard]] base::section cut(cutter who) noexcept {
    // relaxed: next_ is a first guess, looked at again below; last_ is written under the lock.
    const std::uint64_t first = next_.load(base::relaxed);
    const std::uint64_t last = last_.load(base::relaxed);
    if (first >= last) return {};
    std::uint64_t middle = middle_of(first, last);
    last_.store(middle, base::relaxed);  // relaxed: the barrier orders it before the load, see the class
    if (who == cutter::owner) {
      owners_end_ = middle;
    } else {
      if (!base::heavy_barrier()) {
        last_.store(last, base::relaxed);  // relaxed: nobody was told anything
        return {};
      }
      const std::uint64_t taken = next_.load(base::relaxed);  // relaxed: ordered by the barrier
      if (taken > middle) {
        middle = taken < last ? middle_of(taken, last) : last;
        last_.store(middle, base::relaxed);  // relaxed: grows, so it takes nothing from the owner
      }
    }
    return {middle, last};
  }

  /// How much is left, about. Relaxed: a guess.
  [[nodiscard]] std::uint64_t size_hint() const noexcept {
    const std::uint64_t first = next_.load(base::relaxed);
    const std::uint64_t last = last_.load(base::relaxed);
    return last > first ? last - first : 0;
  }

  /// The owner: whether anything was ever cut off. Relaxed: who needs what follows from it asks under the lock.
  [[nodiscard]] bool was_cut() const noexcept { return last_.load(base::relaxed) != end_; }

 private:
  /// What a long interval is cut to is whole lines of elements on either side.
  [[nodiscard]] static std::uint64_t middle_of(std::uint64_t first, std::uint64_t last) noexcept {
    constexpr std::uint64_t few = 1024;
    const std::uint64_t middle = first + (last - first) / 2;
    return last - first < few ? middle : base::whole_lines(middle);
  }

  template <class Lock>
  [[gnu::noinline]] base::section take_under(Lock& lock, std::uint64_t first, std::uint64_t most) noexcept {
    lock.lock();
    const std::uint64_t last = last_.load(base::relaxed);  // relaxed: the cutters' writes are ordered by the lock
    const std::uint64_t wanted = first >= last ? first : last - first > most ? first + most : last;
    next_.store(wanted, base::relaxed);  // relaxed: for cutters, by the lock
    lock.unlock();
    return {first, wanted};
  }

  base::atomic<std::uint64_t> next_;
  base::atomic<std::uint64_t> last_;
  const std::uint64_t end_;
  std::uint64_t owners_end_;  // without the cuts of others
};

}  // namespace heddle::queue
