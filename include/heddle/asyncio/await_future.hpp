// SPDX-License-Identifier: MIT
// How a coroutine in an event loop awaits a heddle::future, which some other thread completes.
#pragma once

#include <coroutine>
#include <utility>

#include <heddle/asyncio/cancellation_point.hpp>
#include <heddle/completion/waiter.hpp>
#include <heddle/coro/event_loop.hpp>
#include <heddle/coro/idle_work.hpp>
#include <heddle/future.hpp>

namespace heddle::asyncio {

/// Gives what `future.result()` gives; `Future` is `future<T>&` or `future<T>&&`.
///
/// The node for the future's list of waiters is this awaiter itself. Whoever completes the future posts the chain to
/// its loop; so as long as the node is in that list, or its chain on the way, the frame stays: a cancellation either
/// takes the node back or waits for the post.
template <class Future>
class future_awaiter final : public cancellation_point, completion::waiter, coro::idle_work {
 public:
  explicit future_awaiter(Future awaited) noexcept
      : waiter(kind::continuation, &post), awaited_(std::forward<Future>(awaited)) {}

  [[nodiscard]] bool await_ready() const { return awaited_.done(); }

  template <loop_promise Promise>
  [[nodiscard]] bool await_suspend(std::coroutine_handle<Promise> awaiting) {
    attach(awaiting);
    if (!future_access::state_of(awaited_).try_add(*this)) return false;
    attached()->loop().offer(*this);
    suspend(awaiting);
    return true;
  }

  decltype(auto) await_resume() {
    idle_work::leave();
    throw_if_cancelled();
    return std::forward<Future>(awaited_).result();
  }

 private:
  // In the completer's thread. The chain may be gone as soon as it is posted, and the loop with it.
  static void post(waiter& self) noexcept {
    coro::chain& told = *static_cast<future_awaiter&>(self).attached();
    told.loop().post(told);
  }

  [[nodiscard]] bool try_leave() noexcept override {
    idle_work::leave();
    return future_access::state_of(awaited_).try_remove(*this);
  }

  // Its completion posts the chain, as from any thread.
  [[nodiscard]] bool try_run() noexcept override { return future_access::state_of(awaited_).try_run_here(); }

  Future awaited_;
};

}  // namespace heddle::asyncio
