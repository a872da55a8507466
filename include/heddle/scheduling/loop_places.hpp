// SPDX-License-Identifier: MIT
// How many workers take tasks off stacks while guests stand in for some of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/base/barrier.hpp>
#include <heddle/scheduling/guest_seats.hpp>
#include <heddle/scheduling/worker.hpp>

namespace heddle::scheduling {

/// With g guests inside, at most `workers` - g workers take tasks off stacks (`helpers_` counts them while there are
/// guests), but for one task more of who has looked just before a guest came. A pool of one has no place, so that it
/// never runs a loop on two threads. Who has something for a worker and finds no place for it sets `wanted_`, and who
/// leaves a place then looks for it. Any thread.
class loop_places {
 public:
  loop_places(std::size_t workers, const guest_seats& guests) noexcept
      : workers_(places_of(workers)), guests_(guests) {}

  void resize(std::size_t workers) noexcept { workers_.store(places_of(workers), base::relaxed); }  // relaxed: a hint

  /// Whether the worker has a place from here on, or had one. It keeps it until leave().
  [[nodiscard]] bool take(worker& asking) noexcept {
    if (asking.helps_loops) return true;  // without a look at the guests, who come and go with each loop
    const std::int64_t most = places();
    // relaxed, all: the count orders nothing.
    std::int64_t seen = helpers_.load(base::relaxed);
    while (seen < most && !asking.helps_loops) {
      asking.helps_loops = helpers_.compare_exchange_weak(seen, seen + 1, base::relaxed, base::relaxed);
    }
    return asking.helps_loops;
  }

  /// True if the worker had a place.
  [[nodiscard]] bool leave(worker& leaving) noexcept {
    if (!leaving.helps_loops) return false;
    leaving.helps_loops = false;
    helpers_.fetch_sub(1, base::relaxed);  // relaxed: as above
    return true;
  }

  // relaxed, all: hints; a late answer runs one task more.
  /// Whether all workers may, without a place.
  [[nodiscard]] bool are_not_needed() const noexcept { return all() != 0 && !guests_.are_taken(); }
  /// Whether one more worker may.
  [[nodiscard]] bool has_one() const noexcept { return are_not_needed() || helpers_.load(base::relaxed) < places(); }
  /// Whether more workers have places than may, since a guest has come.
  [[nodiscard]] bool are_overfull() const noexcept { return helpers_.load(base::relaxed) > places(); }

  /// There is something for one more worker: whether it may take it. If not, who leaves a place calls one.
  [[nodiscard]] bool ask() noexcept {
    if (has_one()) return true;
    wanted_.exchange(true, base::release);  // [loop_places.1] release: what there is
    base::full_barrier();                   // see take_wish()
    return has_one();
  }

  /// There is a place, a guest's or a worker's: whether one was asked for in vain. The caller looks what for.
  [[nodiscard]] bool take_wish() noexcept {
    base::full_barrier();  // who asks from now on sees the place
    // relaxed: seldom set. [loop_places.1] acquire: what others had when they asked before.
    return wanted_.load(base::relaxed) && wanted_.exchange(false, base::acquire);
  }

 private:
  static constexpr std::int64_t places_of(std::size_t workers) noexcept {
    return workers == 1 ? 0 : static_cast<std::int64_t>(workers);
  }
  [[nodiscard]] std::int64_t all() const noexcept { return workers_.load(base::relaxed); }  // relaxed: a hint
  [[nodiscard]] std::int64_t places() const noexcept { return all() - guests_.taken(); }

  base::atomic<std::int64_t> workers_;
  const guest_seats& guests_;
  base::atomic<bool> wanted_{false};
  base::atomic<std::int64_t> helpers_{0};
};

}  // namespace heddle::scheduling
