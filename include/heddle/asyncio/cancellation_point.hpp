// SPDX-License-Identifier: MIT
// A point at which a coroutine can be suspended, and where it learns that it was cancelled.
#pragma once

#include <concepts>
#include <coroutine>

#include <heddle/coro/cancellation.hpp>
#include <heddle/coro/promise_base.hpp>
#include <heddle/coro/suspension.hpp>
#include <heddle/errors.hpp>

namespace heddle::asyncio {

/// The handle of a coroutine that runs in an event loop: asyncio::task's.
template <class Promise>
concept loop_promise = std::derived_from<Promise, coro::promise_base>;

/// What a cancelled coroutine throws at the co_await where the request reaches it.
[[nodiscard]] inline cancelled_error cancelled_here() {
  return cancelled_error("cancelled: this asyncio task was asked to end at its co_await; let the exception pass");
}

/// The base of awaiters. An await_suspend() that suspends calls attach(), then does what may fail, then suspend(); an
/// await_resume() begins with throw_if_cancelled().
class cancellation_point : public coro::suspension {
 protected:
  template <loop_promise Promise>
  coro::chain& attach(std::coroutine_handle<Promise> awaiting) noexcept {
    chain_ = &awaiting.promise().its_chain();
    return *chain_;
  }

  void suspend(std::coroutine_handle<> awaiting) noexcept { coro::suspend(*chain_, awaiting, *this); }

  void throw_if_cancelled() const {
    if (chain_ != nullptr && chain_->take_cancellation()) throw cancelled_here();
  }

  /// Null in an awaiter that did not need to suspend.
  [[nodiscard]] coro::chain* attached() const noexcept { return chain_; }

  ~cancellation_point() = default;

 private:
  coro::chain* chain_ = nullptr;
};

}  // namespace heddle::asyncio
