// SPDX-License-Identifier: MIT
// What waits for a completion: blocked threads, callbacks and coroutines, all nodes of one list.
#pragma once

#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/park.hpp>
#include <heddle/sync/wake_mark.hpp>

namespace heddle::completion {

/// A node in the list of a state word, told once when the word turns terminal. Aligned so that its address leaves room
/// for the word's flags. notify() may free the node.
struct alignas(16) waiter {
  using function = void (*)(waiter&) noexcept;
  enum class kind : std::uint8_t { blocked_thread = 0, continuation = 1 };

  /// The next node, and in the lowest bit, which alignment leaves free, what kind of node this one is.
  class link {
   public:
    explicit link(kind its_kind) noexcept : word_(static_cast<std::uintptr_t>(its_kind)) {}
    link& operator=(waiter* to) noexcept {
      word_ = reinterpret_cast<std::uintptr_t>(to) | (word_ & 1U);
      return *this;
    }
    operator waiter*() const noexcept {  // NOLINT(google-explicit-constructor): it is one
      return reinterpret_cast<waiter*>(word_ & ~std::uintptr_t{1});
    }
    [[nodiscard]] kind what() const noexcept { return static_cast<kind>(word_ & 1U); }

   private:
    std::uintptr_t word_;
  };

  waiter(kind its_kind, function its_notify) noexcept : next(its_kind), notify(its_notify) {}
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  link next;
  function notify;
};

/// A thread that sleeps until a number of waiter nodes were told. Lives on that thread's stack: whoever tells the last
/// node touches nothing of it afterwards but its address.
class blocked_thread {
 public:
  explicit blocked_thread(std::uint32_t nodes) noexcept : remaining_(nodes) {}

  void count_down() noexcept {
    const sync::parking_word* const address = &remaining_;
    // [blocked_thread.1] release: the sleeper acquires what was done before the last node was told. Its stack frame may
    //   be gone right after this line.
    if (remaining_.fetch_sub(1, base::release) != 1) return;
    sync::unpark_all(address);
    sync::wake_mark::leave();
  }

  /// For the sleeper: `nodes` of them will not be told.
  void forget(std::uint32_t nodes) noexcept {
    remaining_.fetch_sub(nodes, base::relaxed);  // relaxed: it publishes nothing, and nobody else sleeps
  }

  /// Whether every node was told.
  [[nodiscard]] bool was_told() const noexcept {
    return remaining_.load(base::acquire) == 0;  // [blocked_thread.1] acquire: see count_down()
  }

  /// True when every node was told; false at the deadline.
  bool wait_until(sync::deadline until) noexcept {
    for (;;) {
      // [blocked_thread.1] acquire: see count_down(); the other decrements are in the same release sequence.
      const std::uint32_t remaining = remaining_.load(base::acquire);
      if (remaining == 0) return true;
      if (until != sync::no_deadline && std::chrono::steady_clock::now() >= until) return false;
      sync::park_until(remaining_, remaining, until);
    }
  }

 private:
  sync::parking_word remaining_;
};

/// The node through which one future tells a blocked thread.
class blocked_waiter final : public waiter {
 public:
  explicit blocked_waiter(blocked_thread& sleeper) noexcept
      : waiter(kind::blocked_thread,
               [](waiter& self) noexcept { static_cast<blocked_waiter&>(self).sleeper_.count_down(); }),
        sleeper_(sleeper) {}

 private:
  blocked_thread& sleeper_;
};

/// Tells the nodes of a list, from its front.
inline void notify_in_order(waiter* list) noexcept {
  while (list != nullptr) {
    waiter* const told = list;
    list = told->next;
    told->notify(*told);
  }
}

/// Of a list that was built by pushing at the front: tells its blocked threads, in the order in which they were added,
/// and returns its continuations in that order.
[[nodiscard]] inline waiter* notify_threads(waiter* newest) noexcept {
  waiter* threads = nullptr;
  waiter* continuations = nullptr;
  while (newest != nullptr) {
    waiter* const older = newest->next;
    waiter*& list = newest->next.what() == waiter::kind::blocked_thread ? threads : continuations;
    newest->next = list;
    list = newest;
    newest = older;
  }
  notify_in_order(threads);
  return continuations;
}

/// Tells every node of such a list: blocked threads first.
inline void notify_all(waiter* newest) noexcept { notify_in_order(notify_threads(newest)); }

}  // namespace heddle::completion
