// SPDX-License-Identifier: MIT
// Who of a pool's workers looks for work, who sleeps, and who is woken when there is some.
#pragma once

#include <cstdint>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/barrier.hpp>
#include <heddle/base/cpu.hpp>

namespace heddle::scheduling {

/// The link of a worker in the list of the parked ones; workers are known by a number from 1.
struct parked_link {
  base::atomic<std::uint32_t> next{0};
};

/// One word says how many search and which worker was parked last; the others follow by their links (Treiber's stack).
///
///     bits    content
///     0-15    how many workers search: they look for work, or were just woken to do so
///     16-31   the number of the worker that was parked last; 0: nobody is parked
///     32      whether a worker was parked while others searched, and nobody has looked around for it since
///     33-63   grows with every change of the list, so that a CAS does not mistake one for another
///
/// Who adds work asks for somebody to be woken. Nobody is while as many search as the caller thinks enough: whoever was
/// the last to search, and finds work or parks, looks for more and asks again, so work is never left while workers
/// sleep. The search is handed to a named worker in the same step that takes it off the list, so no more wake-ups are
/// under way than were thought enough.
///
/// Who added work, and a worker that parks or ends its search and then looks once more, each put a full barrier between
/// what they wrote and what they read: so either the one sees the work, or the other sees that nobody searches.
///
/// A worker that adds work to what it has itself puts no barrier there, and asks only if it sees somebody parked. So
/// for each worker that parks somebody looks around behind a heavy barrier: who is the last to search, as it parks or,
/// told by take_unwatched(), as it ends its search.
class idle_policy {
 public:
  /// A worker begins to search, if fewer than `most` do.
  [[nodiscard]] bool try_begin_search(std::uint32_t most) noexcept {
    std::uint64_t seen = word_.load(base::relaxed);  // relaxed: only compared with
    while (searching_in(seen) < most) {
      // relaxed: the count orders nothing by itself, see the class.
      if (word_.compare_exchange_weak(seen, seen + 1, base::relaxed, base::relaxed)) return true;
    }
    return false;
  }

  /// The search has found something. True if nobody searches now: then the caller looks whether there is more, and
  /// calls somebody for it.
  [[nodiscard]] bool end_search() noexcept {
    const std::uint64_t before = word_.fetch_sub(1, base::relaxed);  // relaxed: the barrier is what orders
    base::full_barrier();
    return searching_in(before) == 1;
  }

  /// After end_search() has said that nobody searches: whether a worker was parked meanwhile for which nobody has
  /// looked around behind a heavy barrier. The caller does that then.
  [[nodiscard]] bool take_unwatched() noexcept {
    // relaxed, both: the caller's barriers come later, and who parks after this says so again.
    if ((word_.load(base::relaxed) & unwatched) == 0) return false;
    word_.fetch_and(~unwatched, base::relaxed);
    return true;
  }

  /// The worker goes to sleep; it was searching or not. True if nobody searches now: then it looks once more, and calls
  /// somebody if it finds something; who is called may be itself.
  [[nodiscard]] bool park(std::uint32_t number, parked_link& link, bool was_searching) noexcept {
    std::uint64_t seen = word_.load(base::relaxed);  // relaxed: only compared with
    std::uint64_t next = 0;
    do {
      link.next.store(parked_in(seen), base::relaxed);  // relaxed: released with the word
      next = changed(seen - (was_searching ? 1 : 0), number);
      next = searching_in(next) != 0 ? next | unwatched : next & ~unwatched;
      // [idle_policy.1] release: the link.
    } while (!word_.compare_exchange_weak(seen, next, base::release, base::relaxed));
    base::full_barrier();
    return searching_in(next) == 0;
  }

  /// After work was added: the number of the worker that the caller is to wake, and that searches from now on; 0 if
  /// nobody is parked, or `enough` search already. `link_of(number)` finds the link of a parked worker.
  template <class LinkOf>
  [[nodiscard]] std::uint32_t take_one_to_wake(LinkOf link_of, std::uint32_t enough = 1) noexcept {
    base::full_barrier();
    // [idle_policy.1] acquire: the link.
    std::uint64_t seen = word_.load(base::acquire);
    while (parked_in(seen) != 0 && searching_in(seen) < enough) {
      const std::uint32_t taken = parked_in(seen);
      // relaxed: if the worker was taken and parked again meanwhile, the CAS fails.
      const std::uint32_t below = link_of(taken).next.load(base::relaxed);
      // [idle_policy.1] acquire: the link, in the next round. As a read-modify-write it keeps the links below
      // published.
      if (word_.compare_exchange_weak(seen, changed(seen + 1, below), base::acquire, base::acquire)) return taken;
    }
    return 0;
  }

  /// Takes everybody off the list, to wake them all: the number of the first; the links lead to the others. None of
  /// them counts as searching.
  [[nodiscard]] std::uint32_t take_all() noexcept {
    base::full_barrier();
    std::uint64_t seen = word_.load(base::relaxed);  // relaxed: only compared with
    // [idle_policy.1] acquire: the links.
    while (!word_.compare_exchange_weak(seen, changed(seen, 0), base::acquire, base::relaxed)) {
    }
    return parked_in(seen);
  }

  // May be stale. Relaxed: hints.
  [[nodiscard]] bool somebody_searches() const noexcept { return searching_in(word_.load(base::relaxed)) != 0; }
  [[nodiscard]] bool somebody_is_parked() const noexcept { return parked_in(word_.load(base::relaxed)) != 0; }

 private:
  static constexpr std::uint64_t unwatched = std::uint64_t{1} << 32U;

  static std::uint32_t searching_in(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word & 0xffffU); }
  static std::uint32_t parked_in(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>((word >> 16U) & 0xffffU);
  }
  static std::uint64_t changed(std::uint64_t word, std::uint32_t parked) noexcept {
    constexpr std::uint64_t one_change = std::uint64_t{1} << 33U;
    return (((word >> 32U) << 32U) + one_change) | (static_cast<std::uint64_t>(parked) << 16U) | (word & 0xffffU);
  }

  alignas(base::cache_line) base::atomic<std::uint64_t> word_{0};
};

}  // namespace heddle::scheduling
