// SPDX-License-Identifier: MIT
// How many jobs of a group have not ended, and who sleeps until there are none.
#pragma once

#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/sync/park.hpp>

namespace heddle::scheduling {

/// Jobs are counted in two places, of which the sum counts: `begun_by_owner_` holds those that one thread, the owner,
/// has begun, and only grows; `others_` holds those that other threads have begun, less all that have ended. So the
/// owner begins a job with a load and a store of a line of its own. Both are modulo 2^31.
///
///     others_: bit 0: somebody sleeps until the sum is 0; bits 1-31: the count
///
/// Reading `others_` before `begun_by_owner_` gives a sum that is never below the true one at the first reading:
/// whoever sees that a job has ended sees that it had begun, and all that it began. So a sum of 0 is true.
///
/// Who ends jobs does so by a CAS from a value for which it has seen the sum. Once `others_` says that nothing is left
/// it touches nothing but its address: who waited may have freed it.
class unfinished_count {
 public:
  /// One more, before anybody else sees the job. The owner only.
  void begin_one_as_owner() noexcept {
    // relaxed: whoever ends the job got it from this thread.
    begun_by_owner_.store(begun_by_owner_.load(base::relaxed) + 1, base::relaxed);
  }

  /// The same, of any thread. Who sleeps, or is about to, is woken to see it.
  void begin_one() noexcept {
    // [unfinished_count.2] release: who is woken, or announces itself later, sees what was done before.
    if ((others_.fetch_add(one, base::release) & sleeper_bit) != 0) [[unlikely]]
      wake_for_more();
  }

  /// Some have ended, one at least. The object may be gone afterwards.
  void end(std::uint32_t ended) noexcept {
    const sync::parking_word* const address = &others_;
    // [unfinished_count.1] acquire: who ended before us ended what begun_by_owner_ says below.
    std::uint32_t seen = others_.load(base::acquire);
    for (;;) {
      std::uint32_t next = seen - ended * one;
      const bool wakes = (seen & sleeper_bit) != 0 && sum(next) == 0;
      if (wakes) next &= ~sleeper_bit;
      // [unfinished_count.1] release: who finds that nothing is left sees what the jobs did.
      if (others_.compare_exchange_weak(seen, next, base::acq_rel, base::acquire)) {
        if (wakes) sync::unpark_all(address);
        return;
      }
    }
  }

  /// True if nothing is left besides `uncounted` jobs, which the caller has ended and not counted yet. Any thread.
  [[nodiscard]] bool is_zero(std::uint32_t uncounted = 0) const noexcept {
    // [unfinished_count.1] acquire: what the jobs did that have ended.
    return sum(others_.load(base::acquire) - uncounted * one) == 0;
  }

  /// The caller is about to sleep: begin_one() tells it of more from here on, and it looks once more for what there is.
  /// The answer is for sleep().
  [[nodiscard]] std::uint32_t announce_sleeper() noexcept {
    // [unfinished_count.1] acquire: as in is_zero(). [unfinished_count.2] acquire: what begin_one() tells of.
    std::uint32_t seen = others_.load(base::acquire);
    while ((seen & sleeper_bit) == 0 && sum(seen) != 0) {
      // [unfinished_count.1], [unfinished_count.2] acquire: as above.
      if (others_.compare_exchange_weak(seen, seen | sleeper_bit, base::acquire, base::acquire)) seen |= sleeper_bit;
    }
    return seen;
  }

  /// Sleeps until nothing is left, or until one more has begun since announce_sleeper() returned `seen`. May return for
  /// no reason.
  void sleep(std::uint32_t seen) noexcept {
    if (sum(seen) != 0) sync::park_until(others_, seen, sync::no_deadline);
  }

 private:
  static constexpr std::uint32_t sleeper_bit = 1;
  static constexpr std::uint32_t one = 2;

  /// Who has announced itself and does not sleep yet sees by the bit that there is more, even if the count is as
  /// before.
  [[gnu::noinline]] void wake_for_more() noexcept {
    others_.fetch_and(~sleeper_bit, base::relaxed);  // relaxed: as a read-modify-write it keeps what was released
    sync::unpark_all(&others_);
  }

  /// After the load that gave `others`.
  [[nodiscard]] std::uint32_t sum(std::uint32_t others) const noexcept {
    // relaxed: all that `others` tells of is seen already.
    return (others / one + begun_by_owner_.load(base::relaxed)) & (UINT32_MAX / one);
  }

  alignas(base::cache_line) base::atomic<std::uint32_t> begun_by_owner_{0};
  alignas(base::cache_line) sync::parking_word others_{0};
};

}  // namespace heddle::scheduling
