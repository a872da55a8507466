// SPDX-License-Identifier: MIT
// run(): the door from ordinary code into coroutines.
#pragma once

#include <utility>

#include <heddle/asyncio/as_task.hpp>
#include <heddle/asyncio/task_handle.hpp>
#include <heddle/coro/cancellation.hpp>
#include <heddle/coro/event_loop.hpp>
#include <heddle/errors.hpp>

namespace heddle::asyncio {

/// Runs a coroutine to its end in this thread, in a new event loop, and returns what it returns or throws what it
/// throws. Python: asyncio.run.
///
/// Tasks that are left then are cancelled, in the order of their creation, and run until they have ended; what they
/// throw is reported. Takes what create_task() takes; a worker of a pool may call it. Throws invalid_state_error in a
/// thread whose event loop runs already: await there instead.
///
///     int answer = asyncio::run(fetch_answer());
///     asyncio::run([&]() -> asyncio::task<void> { co_await serve(socket); });
template <class A>
typename as_task_t<A>::value_type run(A&& coroutine) {
  if (coro::event_loop::current() != nullptr) {
    throw invalid_state_error(
        "asyncio::run() was called inside a coroutine, whose event loop it would block: co_await the task instead");
  }
  coro::event_loop loop;
  auto main = task_access::start(loop, as_task(std::forward<A>(coroutine)));
  loop.run_until([&main] { return main.done(); });
  coro::cancel_all(loop);
  return std::move(main).result();
}

}  // namespace heddle::asyncio
