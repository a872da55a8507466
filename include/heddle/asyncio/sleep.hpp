// SPDX-License-Identifier: MIT
// sleep(): waits without holding the thread.
#pragma once

#include <chrono>
#include <coroutine>
#include <stdexcept>

#include <heddle/asyncio/cancellation_point.hpp>
#include <heddle/coro/event_loop.hpp>
#include <heddle/queue/timer_heap.hpp>
#include <heddle/sync/deadline.hpp>

namespace heddle::asyncio {

class sleep_awaiter final : public cancellation_point {
 public:
  explicit sleep_awaiter(sync::deadline::duration length) noexcept : length_(length) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }

  template <loop_promise Promise>
  void await_suspend(std::coroutine_handle<Promise> awaiting) {
    coro::chain& sleeper = attach(awaiting);
    if (length_ > length_.zero()) {
      sleeper.loop().timers().add(timer_, sync::deadline_after(length_), sleeper);
    } else {
      sleeper.loop().make_ready(sleeper);
    }
    suspend(awaiting);
  }

  void await_resume() const { throw_if_cancelled(); }

 private:
  [[nodiscard]] bool try_leave() noexcept override {
    if (!timer_.waits()) return false;
    attached()->loop().timers().remove(timer_);
    return true;
  }

  sync::deadline::duration length_;
  queue::timer timer_;
};

/// What sleep() returns.
class [[nodiscard]] sleep_awaitable {
 public:
  explicit sleep_awaitable(sync::deadline::duration length) noexcept : length_(length) {}
  auto operator co_await() const noexcept { return sleep_awaiter(length_); }

 private:
  sync::deadline::duration length_;
};

/// `co_await sleep(d)` goes on after `d`, counted from the co_await, in a later turn of the loop; for zero or less, in
/// the next one: everything else that is ready runs before. What the clock cannot represent is for ever, until
/// cancelled. Throws std::invalid_argument for NaN.
///
///     co_await asyncio::sleep(100ms);
template <class Rep, class Period>
[[nodiscard]] sleep_awaitable sleep(const std::chrono::duration<Rep, Period>& length) {
  using clock_duration = sync::deadline::duration;
  if (length != length) throw std::invalid_argument("sleep() needs a number: this duration is NaN (not a number)");
  if (length <= length.zero()) return sleep_awaitable(clock_duration::zero());
  using seconds = std::chrono::duration<double>;
  if (seconds(length) >= seconds((clock_duration::max)())) return sleep_awaitable((clock_duration::max)());
  return sleep_awaitable(std::chrono::ceil<clock_duration>(length));
}

}  // namespace heddle::asyncio
