// SPDX-License-Identifier: MIT
// Thread pools as Asio knows executors.
#pragma once

#include <type_traits>
#include <utility>

#include <heddle/asio/library.hpp>
#include <heddle/base/atomic.hpp>
#include <heddle/base/block_allocated.hpp>
#include <heddle/base/pin_module.hpp>
#include <heddle/base/spin_lock.hpp>
#include <heddle/priority.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_list.hpp>
#include <heddle/scheduling/pool.hpp>
#include <heddle/thread_pool_executor.hpp>

namespace heddle {

/// A context of Asio's that never ends, for executors that were given none. It has no threads; where something needs
/// a reactor, such as a timer, Asio starts one thread for all of these.
[[nodiscard]] inline asio_library::execution_context& shared_asio_context() {
  static asio_library::execution_context* const never_destroyed = [] {
    base::pin_this_module();
    return new asio_library::execution_context;
  }();
  return *never_destroyed;
}

/// What a handler posted to its own pool when that took nothing any more, which the worker runs after the handler.
///
/// A strand has one handler on the pool, which runs those that wait by then and posts itself again for the rest. They
/// were all submitted before the pool was shut down, so all of them run.
class last_handlers {
 public:
  explicit last_handlers(scheduling::pool& of) noexcept : pool_(of), outer_(current::get()) { current::set(this); }
  last_handlers(const last_handlers&) = delete;
  last_handlers& operator=(const last_handlers&) = delete;
  ~last_handlers() {
    while (queue::job* const next = kept_.try_pop()) next->run();
    current::set(outer_);
  }

  /// False if no handler of that pool runs in this thread.
  [[nodiscard]] static bool try_keep(const scheduling::pool& of, queue::job& refused) noexcept {
    last_handlers* const here = current::get();
    if (here == nullptr || &here->pool_ != &of) return false;
    here->kept_.push(refused);
    return true;
  }

 private:
  struct tag;
  using current = base::per_thread_pointer<last_handlers, tag>;

  scheduling::pool& pool_;
  last_handlers* outer_;
  queue::job_list kept_;
};

/// A handler of Asio's on its way through a pool. Made by new; frees itself when it ran or was refused.
///
/// It is posted by threads of Asio's that nobody can wait for, and who knows that it ran may destroy the pool. So it
/// runs when the thread that posts it has left the pool.
template <class Handler>
class pool_handler final : public queue::job, public base::block_allocated {
 public:
  template <class Given>
  pool_handler(Given&& handler, scheduling::pool& on)
      : job(&answer), handler_(std::forward<Given>(handler)), pool_(on) {
    posting_.lock();
  }

  /// The thread that posts it does nothing with it afterwards, if the pool took it.
  void end_posting() noexcept { posting_.unlock(); }

 private:
  static void answer(job& self, unsigned request, const queue::refusal* why) noexcept {
    if (request == inquiry_request) return;
    auto* const asked = static_cast<pool_handler*>(&self);
    asked->posting_.lock();
    if (request == run_request) return asked->run_here();
    why->note_end();
    delete asked;
  }

  void run_here() noexcept {
    const last_handlers after_it(pool_);
    static_cast<void>(std::move(handler_)());
    delete this;
  }

  Handler handler_;
  scheduling::pool& pool_;
  base::spin_lock posting_;
};

/// A thread pool, at a priority, as Asio knows executors: what as_asio_executor() returns. To be copied as Asio likes.
class asio_executor {
 public:
  asio_executor(prioritized<thread_pool_executor> on, asio_library::execution_context* context) noexcept
      : on_(on), context_(context) {}

  /// Posts the handler. Throws what thread_pool_executor::post() throws.
  template <class Handler>
  void execute(Handler&& handler) const {
    scheduling::pool& pool = thread_pool_access::pool_of(on_.pool());
    auto* const job = new pool_handler<std::decay_t<Handler>>(std::forward<Handler>(handler), pool);
    scheduling::pool::admission answer{};
    try {
      answer = pool.try_push(*job, thread_pool_access::lane_of(on_.level()));
    } catch (...) {
      job->end_posting();
      job->refuse({});
      throw;
    }
    job->end_posting();
    if (answer == scheduling::pool::admission::accepted) return;
    if (answer == scheduling::pool::admission::closed && last_handlers::try_keep(pool, *job)) return;
    job->refuse({});
    thread_pool_access::throw_refusal(on_.pool(), answer);
  }

  [[nodiscard]] asio_library::execution_context& query(asio_library::execution::context_t) const {
    return context_ != nullptr ? *context_ : shared_asio_context();
  }
  [[nodiscard]] static constexpr asio_library::execution::blocking_t query(
      asio_library::execution::blocking_t) noexcept {
    return asio_library::execution::blocking.never;
  }
  [[nodiscard]] static constexpr asio_library::execution::mapping_t query(asio_library::execution::mapping_t) noexcept {
    return asio_library::execution::mapping.thread;
  }
  [[nodiscard]] asio_executor require(asio_library::execution::blocking_t::never_t) const noexcept { return *this; }

  [[nodiscard]] bool operator==(const asio_executor&) const noexcept = default;

 private:
  prioritized<thread_pool_executor> on_;
  asio_library::execution_context* context_;
};

/// `pool` as Asio knows executors: for asio::post(), strands, bind_executor(), any_io_executor, timers and sockets.
///
/// Handlers are posted, never run at once, and may be move-only. One that throws ends the program, as a posted call
/// does. When the pool is shut down or destroyed, it runs the handlers that it has and those which they post, but knows
/// nothing of operations that have not completed: where Asio posts the handler of one later it gets
/// executor_shutdown_error, which ends a thread of Asio's and the program with it, or finds no pool. So let timers and
/// sockets end first.
///
///     asio::post(heddle::as_asio_executor(pool), [] { crunch(); });
///     auto strand = asio::make_strand(heddle::as_asio_executor(pool));
[[nodiscard]] inline asio_executor as_asio_executor(thread_pool_executor& pool) noexcept {
  return {pool.with(priority::normal), nullptr};
}

/// The same, handlers having that priority: `as_asio_executor(pool.with(heddle::priority::high))`.
[[nodiscard]] inline asio_executor as_asio_executor(prioritized<thread_pool_executor> pool) noexcept {
  return {pool, nullptr};
}

/// The same, where timers, sockets and strands that are made with the executor are those of `context`, an io_context
/// that somebody runs, say. It must outlive them and their handlers, so destroy it after the pool. Without it they
/// belong to a context that is never destroyed.
///
///     asio::steady_timer timer(heddle::as_asio_executor(pool, io), 1s);    // io waits, the pool runs the handler
[[nodiscard]] inline asio_executor as_asio_executor(thread_pool_executor& pool,
                                                    asio_library::execution_context& context) noexcept {
  return {pool.with(priority::normal), &context};
}

[[nodiscard]] inline asio_executor as_asio_executor(prioritized<thread_pool_executor> pool,
                                                    asio_library::execution_context& context) noexcept {
  return {pool, &context};
}

}  // namespace heddle
