// SPDX-License-Identifier: MIT
// Two calls that may run at the same time, on the task stack of whoever takes part in a pool's work.
#pragma once

#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include <heddle/base/barrier.hpp>
#include <heddle/queue/task_stack.hpp>
#include <heddle/scheduling/join.hpp>
#include <heddle/scheduling/participant.hpp>

namespace heddle::scheduling {

/// The address of a callable of any type, functions and const ones too, as a slot keeps it.
template <class Call>
[[nodiscard]] void* address_of(Call& call) noexcept {
  if constexpr (std::is_function_v<Call>) {
    return reinterpret_cast<void*>(&call);
  } else {
    return const_cast<void*>(static_cast<const volatile void*>(std::addressof(call)));
  }
}

/// What runs a forked call for its thief.
template <class Call>
bool run_forked(queue::stack_slot& slot) noexcept {
  void* const task = slot.task;
  auto& call = *reinterpret_cast<Call*>(task);
  try {
    static_cast<void>(call());
    return false;
  } catch (...) {
    ::new (static_cast<void*>(&slot.error)) std::exception_ptr(std::current_exception());
    return true;
  }
}

/// How a forked call that is not private any more ends: false if it is the caller's to run; else it has run, and what
/// it threw is thrown here.
[[gnu::noinline]] inline bool join_and_rethrow(participant& here, queue::stack_slot* slot) {
  std::exception_ptr error;
  if (join(here, slot, error) == joined::taken_back) return false;
  if (error != nullptr) std::rethrow_exception(std::move(error));
  return true;
}

/// The first of two calls threw: the second is forgotten, or its end awaited, whatever it is.
[[gnu::noinline]] inline void join_after_throw(participant& here, queue::stack_slot* slot) noexcept {
  std::exception_ptr ignored;
  if (!here.stack.try_pop(slot)) static_cast<void>(join(here, slot, ignored));
}

/// Runs `first()` here, and `second()` here or by whoever steals it meanwhile; returns when both have ended. If both
/// throw, what `first` threw is rethrown; if `first` throws before `second` began, `second` is not called.
///
/// Nothing is allocated, and while nobody looks for work there is no fence and no read-modify-write: five stores, four
/// loads and three branches. Source: Faxén, "Wool"; van Dijk and van de Pol, "Lace".
template <class First, class Second>
[[gnu::always_inline]] inline void fork_join(participant& here, First& first, Second& second) {
  queue::stack_slot* const slot = here.stack.push(&run_forked<Second>, address_of(second));
  if (slot == nullptr) [[unlikely]] {
    static_cast<void>(first());
    static_cast<void>(second());
    return;
  }
  // Who begs and is not seen here sees the fork, see crew::beg_of_everybody().
  base::light_barrier();
  if (here.stack.is_begged()) [[unlikely]]
    answer_beggar(here);
  try {
    static_cast<void>(first());
  } catch (...) {
    join_after_throw(here, slot);
    throw;
  }
  if (here.stack.try_pop(slot) || !join_and_rethrow(here, slot)) [[likely]]
    static_cast<void>(second());
}

}  // namespace heddle::scheduling
