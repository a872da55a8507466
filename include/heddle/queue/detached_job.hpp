// SPDX-License-Identifier: MIT
// A job that runs a callable and that nobody waits for.
#pragma once

#include <type_traits>
#include <utility>

#include <heddle/base/block_allocated.hpp>
#include <heddle/base/runs_when_called.hpp>
#include <heddle/queue/job.hpp>

namespace heddle::queue {

/// Made by new; frees itself when it ran or was refused, which it tells its callable, if that wants to know: it has
/// `refuse(why)` then. What the callable throws ends the program by `std::terminate`, at the throw: nobody is there to
/// take it.
template <class Callable>
class detached_job final : public job, public base::block_allocated {
  static_assert(base::runs_when_called<std::invoke_result_t<Callable>>);

 public:
  template <class F>
  explicit detached_job(F&& callable) : job(&answer), callable_(std::forward<F>(callable)) {}

 private:
  static void answer(job& self, unsigned request, const refusal* why) noexcept {
    if (request == inquiry_request) return;
    auto* job = static_cast<detached_job*>(&self);
    if (request == run_request) {
      std::move(job->callable_)();
    } else if constexpr (requires { job->callable_.refuse(*why); }) {
      if (why->ended != nullptr) job->callable_.refuse(*why);  // else no queue had it yet, and it is its caller's
    } else {
      why->note_end();
    }
    delete job;
  }

  Callable callable_;
};

}  // namespace heddle::queue
