// SPDX-License-Identifier: MIT
// In place of heddle/base/atomic.hpp: atomics whose every operation Relacy may interleave and reorder.
#pragma once

#include <cstdint>
#include <source_location>
#include <type_traits>

#include "model/model.hpp"
#include "model/orders.hpp"
#include "model/plain.hpp"
#include "model/relacy.hpp"

namespace heddle::base {

using memory_order = rl::memory_order;
inline constexpr memory_order relaxed = rl::mo_relaxed;
inline constexpr memory_order acquire = rl::mo_acquire;
inline constexpr memory_order release = rl::mo_release;
inline constexpr memory_order acq_rel = rl::mo_acq_rel;
inline constexpr memory_order seq_cst = rl::mo_seq_cst;

template <class T>
class atomic {
  using source = std::source_location;

 public:
  atomic(T value)
      : atomic(value, rl::preemption_disabler(rl::ctx())) {}  // as in std, making one is no atomic operation
  atomic() : atomic(T{}) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  T load(memory_order order, source where = source::current()) const {
    return in_one_step(where, [&](auto place) {
      return static_cast<T>(word_.load(heddle_model::effective_order(order, rl::mo_acquire, where), place));
    });
  }
  void store(T value, memory_order order, source where = source::current()) {
    in_one_step(where, [&](auto place) {
      word_.store(const_cast<const kept&>(value), heddle_model::effective_order(order, rl::mo_release, where), place);
    });
  }
  T exchange(T value, memory_order order, source where = source::current()) {
    return in_one_step(where, [&](auto place) {
      return word_.exchange(value, heddle_model::effective_order(order, rl::mo_acq_rel, where), place);
    });
  }
  T fetch_add(T value, memory_order order, source where = source::current()) {
    return in_one_step(where, [&](auto place) {
      return word_.fetch_add(value, heddle_model::effective_order(order, rl::mo_acq_rel, where), place);
    });
  }
  T fetch_sub(T value, memory_order order, source where = source::current()) {
    return in_one_step(where, [&](auto place) {
      return word_.fetch_sub(value, heddle_model::effective_order(order, rl::mo_acq_rel, where), place);
    });
  }
  T fetch_and(T value, memory_order order, source where = source::current()) {
    return in_one_step(where, [&](auto place) {
      return word_.fetch_and(value, heddle_model::effective_order(order, rl::mo_acq_rel, where), place);
    });
  }
  T fetch_or(T value, memory_order order, source where = source::current()) {
    return in_one_step(where, [&](auto place) {
      return word_.fetch_or(value, heddle_model::effective_order(order, rl::mo_acq_rel, where), place);
    });
  }

  bool compare_exchange_weak(T& expected, T desired, memory_order success, memory_order failure,
                             source where = source::current()) {
    return compare_exchange(expected, success, failure, where, [&](auto order, auto place) {
      return word_.compare_exchange_weak(expected, desired, order, place, rl::mo_relaxed, place);
    });
  }
  bool compare_exchange_strong(T& expected, T desired, memory_order success, memory_order failure,
                               source where = source::current()) {
    return compare_exchange(expected, success, failure, where, [&](auto order, auto place) {
      return word_.compare_exchange_strong(expected, desired, order, place, rl::mo_relaxed, place);
    });
  }

  /// What a futex call compares: the newest value. No atomic operation.
  [[nodiscard]] T newest(source where = source::current()) const {
    life_.check(where);
    return word_.debug_value();
  }

 private:
  // Relacy knows no pointers to const.
  using kept = std::conditional_t<std::is_pointer_v<T>, std::remove_const_t<std::remove_pointer_t<T>>*, T>;

  atomic(T value, const rl::preemption_disabler&) : word_(const_cast<const kept&>(value)) {}

  /// Other threads may run before the operation, and the object may be gone then.
  template <class Operation>
  auto in_one_step(const source& where, Operation operation) const {
    rl::ctx().sched();
    life_.check(where);
    const rl::preemption_disabler one_step(rl::ctx());
    return operation(heddle_model::place(where));
  }

  template <class Operation>
  bool compare_exchange(T& expected, memory_order success, memory_order failure, const source& where,
                        Operation operation) {
    return in_one_step(where, [&](auto place) {
      const auto order = heddle_model::effective_order(success, rl::mo_acq_rel, where);
      const bool acquires_on_failure = heddle_model::acquires_on_failure(failure, where);
      if (operation(order, place)) return true;
      // Relacy knows no failure that is stronger than success. As loads of one thread never go back, this one reads
      // what the CAS has read.
      if (acquires_on_failure) expected = word_.load(rl::mo_acquire, place);
      return false;
    });
  }

  rl::atomic<kept> word_;
  heddle_model::life life_;
};

/// Simulated threads share the real one, so `thread_local` would not tell them apart.
template <class T, class Tag>
class per_thread_pointer {
 public:
  [[nodiscard]] static T* get() noexcept {
    return mine().run == heddle_model::current_run.number ? mine().pointer : nullptr;
  }
  static void set(T* pointer) noexcept { mine() = {heddle_model::current_run.number, pointer}; }

 private:
  struct slot {
    std::uint64_t run = 0;
    T* pointer = nullptr;
  };
  static slot& mine() noexcept { return slots_[rl::thread_index()]; }

  static inline slot slots_[heddle_model::run_state::most_threads];
};

/// For the fields of the instrumented headers, see instrumented.cmake.
template <class T>
using plain = heddle_model::plain<T>;

}  // namespace heddle::base
