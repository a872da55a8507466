// SPDX-License-Identifier: MIT
// The records of outside threads that take part in the work of a pool.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/base/barrier.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/scheduling/participant.hpp>

namespace heddle::scheduling {

/// A guest has one of these seats as long as it is there. The record in the seat is made for the first guest who has
/// it, and stays, since thieves may come late. Any thread.
class guest_seats {
 public:
  static constexpr std::size_t count = 64;

  guest_seats(crew& host, std::size_t stack_slots) noexcept : host_(host), stack_slots_(stack_slots) {}
  guest_seats(const guest_seats&) = delete;
  guest_seats& operator=(const guest_seats&) = delete;
  ~guest_seats() {
    for (auto& seat : guests_) delete seat.load(base::relaxed);  // relaxed: everybody has left
  }

  /// A record for the calling thread until release(); null if all are taken, or memory ends.
  [[nodiscard]] participant* try_lease() noexcept {
    std::uint64_t seen = leased_.load(base::relaxed);  // relaxed: only compared with
    while (~seen != 0) {
      const std::uint64_t seat = ~seen & (seen + 1);  // the lowest bit that is not set
      // [guest_seats.1] acquire: what the previous guest in the seat left behind.
      if (!leased_.compare_exchange_weak(seen, seen | seat, base::acquire, base::relaxed)) continue;
      base::full_barrier();  // as worker::begin_work(): it counts as working from here on
      return seated(seat);
    }
    return nullptr;
  }

  void release(const participant& guest) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      // relaxed: this thread, or the previous guest in the seat, has written it.
      if (guests_[i].load(base::relaxed) != &guest) continue;
      // [guest_seats.1] release: for the next guest in the seat.
      leased_.fetch_and(~(std::uint64_t{1} << i), base::release);
      return;
    }
  }

  void prefetch() const noexcept { base::prefetch(&leased_); }

  // relaxed, both: hints; who must know puts a barrier before.
  [[nodiscard]] bool are_taken() const noexcept { return leased_.load(base::relaxed) != 0; }
  [[nodiscard]] int taken() const noexcept { return std::popcount(leased_.load(base::relaxed)); }

  /// Calls `visit(participant)` for all guests, until it says true.
  template <class Visit>
  bool each(Visit visit) noexcept {
    for (std::uint64_t left = leased_.load(base::relaxed); left != 0; left &= left - 1) {  // relaxed: a hint
      // [guest_seats.2] acquire: the record.
      participant* const guest = guests_[static_cast<std::size_t>(std::countr_zero(left))].load(base::acquire);
      if (guest != nullptr && visit(*guest)) return true;
    }
    return false;
  }

 private:
  participant* seated(std::uint64_t seat) noexcept {
    auto& place = guests_[static_cast<std::size_t>(std::countr_zero(seat))];
    // relaxed: written by the seat's holders only, see try_lease().
    participant* guest = place.load(base::relaxed);
    if (guest != nullptr) return guest;
    try {
      guest = new participant(host_, stack_slots_);
    } catch (...) {
      leased_.fetch_and(~seat, base::release);  // [guest_seats.1] release: as in release()
      return nullptr;
    }
    place.store(guest, base::release);  // [guest_seats.2] release: thieves read the record
    return guest;
  }

  crew& host_;
  const std::size_t stack_slots_;
  base::atomic<participant*> guests_[count]{};
  alignas(base::cache_line) base::atomic<std::uint64_t> leased_{0};
};

}  // namespace heddle::scheduling
