// SPDX-License-Identifier: MIT
// How a process that waits for another one to write something is woken.
#pragma once

#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/park.hpp>

namespace heddle::process {

/// In memory that both sides share. Who waits says so and looks once more; who writes something rings, which tells who
/// waits, if anybody does: nobody is woken twice, and who is awake costs no system call.
///
///     waits:   bell.prepare(who);  if (there is something) bell.cancel(); else bell.sleep(who);   // and looks again
///     writes:  makes something visible;  who = bell.ring();  if (who != nobody) wakes that one
///
/// `word_` says who waits: 0 is nobody, other values are those who wait in different ways. Everybody writes it, with
/// read-modify-writes only, so that either the ring finds who waits or the second look finds what was written.
class doorbell {
 public:
  using caller = std::uint32_t;
  static constexpr caller nobody = 0;

  void prepare(caller who) noexcept {
    word_.exchange(who, base::acq_rel);  // [doorbell.1] acq_rel: whose comes first is seen by the other
  }
  void cancel() noexcept { word_.exchange(nobody, base::relaxed); }  // relaxed: at worst one ring more finds somebody

  /// Sleeps until somebody rings, or until the deadline; may return for no reason.
  void sleep(caller who, sync::deadline until) noexcept { sync::park_shared_until(word_, who, until); }

  /// All of it: sleeps until `is_there()`.
  template <class IsThere>
  void wait(caller who, const IsThere& is_there) noexcept {
    prepare(who);
    while (!is_there()) {
      sleep(who, sync::no_deadline);
      prepare(who);
    }
    cancel();
  }

  /// Who seems to wait, at this moment.
  [[nodiscard]] caller look() const noexcept { return word_.load(base::relaxed); }  // relaxed: a hint

  /// Who waits, and does not any more.
  [[nodiscard]] caller ring() noexcept {
    return word_.exchange(nobody, base::acq_rel);  // [doorbell.1] acq_rel: see prepare()
  }

  /// As ring(), but `who` goes on waiting, and is none that is to be woken: it looks by itself, soon.
  [[nodiscard]] caller ring_others_than(caller who) noexcept {
    caller seen = who;
    // [doorbell.1] release: who is not patient any more finds in prepare() what was written. relaxed: else ring()
    // counts.
    if (word_.compare_exchange_strong(seen, who, base::release, base::relaxed)) return nobody;
    return ring();
  }

  /// One that sleeps here.
  void wake() const noexcept { sync::unpark_shared(&word_); }

 private:
  sync::parking_word word_{nobody};
};

}  // namespace heddle::process
