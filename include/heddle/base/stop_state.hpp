// SPDX-License-Identifier: MIT
// What <stop_token> has, for standard libraries without it: a request to stop, those who may make it and those who hear
// of it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <type_traits>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/nap.hpp>
#include <heddle/base/shared_value.hpp>
#include <heddle/base/spin_lock.hpp>
#include <heddle/base/thread_number.hpp>

namespace heddle::base {

/// One callback in the list of a stop_state, whose lock guards the fields.
class stop_listener {
 public:
  using function = void (*)(stop_listener&) noexcept;

  explicit stop_listener(function call) noexcept : call_(call) {}
  stop_listener(const stop_listener&) = delete;
  stop_listener& operator=(const stop_listener&) = delete;

 protected:
  ~stop_listener() = default;

 private:
  friend class stop_state;

  function call_;
  bool is_listed_ = false;
  stop_listener* next_ = nullptr;
  stop_listener* previous_ = nullptr;
};

/// What the sources, tokens and callbacks of one request share. Whoever calls a member keeps it alive meanwhile.
///
/// The request is made under the lock, so a listener that comes finds it made, or is in the list when it is. The thread
/// that made it takes one listener after the other out of the list and calls it without the lock; afterwards it does
/// not touch it. Who removes a listener therefore finds it in the list, or waits until `running_` is another one, or is
/// that thread itself: then it is removed by its own callback, or by a later one.
class stop_state {
 public:
  [[nodiscard]] bool stop_requested() const noexcept {
    // [stop_state.1] acquire: what was written before the request is seen, see request_stop().
    return (word_.load(acquire) & requested_bit) != 0;
  }

  [[nodiscard]] bool stop_possible() const noexcept { return word_.load(relaxed) != 0; }  // relaxed: nothing follows

  void add_source() noexcept { word_.fetch_add(one_source, relaxed); }     // relaxed: another source is there
  void remove_source() noexcept { word_.fetch_sub(one_source, relaxed); }  // relaxed: a number

  /// Calls the listeners; false if that was done before, or another thread is about it.
  bool request_stop() noexcept {
    std::unique_lock lock(lock_);
    if (is_requested()) return false;
    requester_ = thread_number();
    // [stop_state.1] release: who sees the request sees what was written before it, see stop_requested().
    word_.fetch_or(requested_bit, release);
    while (stop_listener* const next = take_first()) {
      lock.unlock();
      next->call_(*next);
      lock.lock();
    }
    return true;
  }

  /// True if `added` is in the list now, and must be removed before its end. If stop was requested it is called here;
  /// if nobody can request it any more, never.
  [[nodiscard]] bool try_add(stop_listener& added) noexcept {
    {
      const std::lock_guard lock(lock_);
      if (!is_requested()) {
        if (!stop_possible()) return false;
        put_first(added);
        return true;
      }
    }
    added.call_(added);
    return false;
  }

  /// Afterwards nobody touches `removed`. Waits while another thread calls it.
  void remove(const stop_listener& removed) noexcept {
    {
      const std::lock_guard lock(lock_);
      if (removed.is_listed_) return take_out(removed);
      if (requester_ == thread_number()) return;
    }
    wait_while_running(removed);
  }

 private:
  static constexpr std::size_t requested_bit = 1;
  static constexpr std::size_t one_source = 2;

  // relaxed: under the lock, where the bit is set
  [[nodiscard]] bool is_requested() const noexcept { return (word_.load(relaxed) & requested_bit) != 0; }

  void put_first(stop_listener& added) noexcept {
    added.is_listed_ = true;
    added.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &added;
    first_ = &added;
  }

  void take_out(const stop_listener& removed) noexcept {
    if (removed.next_ != nullptr) removed.next_->previous_ = removed.previous_;
    (removed.previous_ != nullptr ? removed.previous_->next_ : first_) = removed.next_;
  }

  /// Null if there is none; the one before has run then.
  stop_listener* take_first() noexcept {
    stop_listener* const first = first_;
    if (first != nullptr) {
      take_out(*first);
      first->is_listed_ = false;
    }
    // [stop_state.2] release: the callback before this one has ended, see wait_while_running().
    running_.store(first, release);
    return first;
  }

  void wait_while_running(const stop_listener& removed) const noexcept {
    constexpr unsigned longest_spin = 64;
    unsigned nap_length = 50;
    // [stop_state.2] acquire: what the callback did is seen, and it is over, see take_first().
    for (unsigned polls = 0; running_.load(acquire) == &removed; ++polls) {
      if (polls < longest_spin) {
        pause();
      } else {
        nap(nap_length);
        if (nap_length < 800) nap_length *= 2;  // microseconds
      }
    }
  }

  atomic<std::size_t> word_{one_source};  // the number of sources, and whether stop was requested
  atomic<stop_listener*> running_{nullptr};
  spin_lock lock_;
  std::uint32_t requester_ = 0;  // once stop was requested
  stop_listener* first_ = nullptr;
};

class stop_source;

/// As std::stop_token.
class stop_token {
 public:
  stop_token() noexcept = default;

  [[nodiscard]] bool stop_requested() const noexcept { return state_.has_value() && state_->stop_requested(); }
  [[nodiscard]] bool stop_possible() const noexcept { return state_.has_value() && state_->stop_possible(); }

  void swap(stop_token& other) noexcept { std::swap(state_, other.state_); }
  friend void swap(stop_token& a, stop_token& b) noexcept { a.swap(b); }
  [[nodiscard]] friend bool operator==(const stop_token&, const stop_token&) noexcept = default;

 private:
  friend class stop_source;
  template <class Callback>
  friend class stop_callback;

  explicit stop_token(shared_value<stop_state> state) noexcept : state_(std::move(state)) {}

  shared_value<stop_state> state_;
};

struct nostopstate_t {
  explicit nostopstate_t() = default;
};
inline constexpr nostopstate_t nostopstate{};

/// As std::stop_source.
class stop_source {
 public:
  stop_source() : state_(std::in_place) {}
  explicit stop_source(nostopstate_t) noexcept {}

  stop_source(const stop_source& other) noexcept : state_(other.state_) {
    if (state_.has_value()) state_->add_source();
  }
  stop_source(stop_source&&) noexcept = default;
  stop_source& operator=(const stop_source& other) noexcept {
    stop_source(other).swap(*this);
    return *this;
  }
  stop_source& operator=(stop_source&& other) noexcept {
    stop_source(std::move(other)).swap(*this);
    return *this;
  }
  ~stop_source() {
    if (state_.has_value()) state_->remove_source();
  }

  [[nodiscard]] stop_token get_token() const noexcept { return stop_token(state_); }
  [[nodiscard]] bool stop_requested() const noexcept { return state_.has_value() && state_->stop_requested(); }
  [[nodiscard]] bool stop_possible() const noexcept { return state_.has_value(); }

  bool request_stop() noexcept {
    if (!state_.has_value()) return false;
    return shared_value<stop_state>(state_)->request_stop();  // its own: a callback may destroy this source
  }

  void swap(stop_source& other) noexcept { std::swap(state_, other.state_); }
  friend void swap(stop_source& a, stop_source& b) noexcept { a.swap(b); }
  [[nodiscard]] friend bool operator==(const stop_source&, const stop_source&) noexcept = default;

 private:
  shared_value<stop_state> state_;
};

/// As std::stop_callback.
template <class Callback>
class [[nodiscard]] stop_callback : private stop_listener {
  static_assert(std::invocable<Callback> && std::destructible<Callback>,
                "a stop_callback calls its callable without arguments, and destroys it");

 public:
  using callback_type = Callback;

  template <class C>
    requires std::constructible_from<Callback, C>
  explicit stop_callback(const stop_token& token, C&& callback) noexcept(std::is_nothrow_constructible_v<Callback, C>)
      : stop_callback(stop_token(token), std::forward<C>(callback)) {}

  template <class C>
    requires std::constructible_from<Callback, C>
  explicit stop_callback(stop_token&& token, C&& callback) noexcept(std::is_nothrow_constructible_v<Callback, C>)
      : stop_listener(&call), callback_(std::forward<C>(callback)) {
    shared_value<stop_state> state = std::move(token.state_);
    if (state.has_value() && state->try_add(*this)) state_ = std::move(state);
  }

  ~stop_callback() {
    if (state_.has_value()) state_->remove(*this);
  }

 private:
  static void call(stop_listener& self) noexcept {
    std::forward<Callback>(static_cast<stop_callback&>(self).callback_)();
  }

  Callback callback_;
  shared_value<stop_state> state_;  // if the callback is in its list, or was
};

template <class Callback>
stop_callback(stop_token, Callback) -> stop_callback<Callback>;

}  // namespace heddle::base
