// SPDX-License-Identifier: MIT
// create_task(): lets a coroutine run beside the one that calls it.
#pragma once

#include <utility>

#include <heddle/asyncio/as_task.hpp>
#include <heddle/asyncio/task_handle.hpp>
#include <heddle/coro/event_loop.hpp>
#include <heddle/errors.hpp>

namespace heddle::asyncio {

/// The loop that runs in this thread. Throws invalid_state_error if there is none.
[[nodiscard]] inline coro::event_loop& running_loop() {
  if (coro::event_loop* const here = coro::event_loop::current()) return *here;
  throw invalid_state_error(
      "no event loop runs in this thread: call this from a coroutine, and start the first one by asyncio::run()");
}

/// Starts `coroutine` at the loop's next turn, and returns its handle. The loop keeps the task alive, also if the
/// handle is dropped, and run() cancels it at the end if it has not ended.
///
/// Takes a task; or a function object that returns one, which is kept as long as it runs; or anything else that can be
/// awaited. Throws invalid_state_error if no loop runs in this thread, or if the task is empty.
///
///     auto ticking = asyncio::create_task([&]() -> asyncio::task<void> { for (;;) { tick(); co_await
///     asyncio::sleep(1s); } });
template <class A>
[[nodiscard]] auto create_task(A&& coroutine) {
  coro::event_loop& here = running_loop();
  return task_access::start(here, as_task(std::forward<A>(coroutine)));
}

}  // namespace heddle::asyncio
