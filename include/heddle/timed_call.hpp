// SPDX-License-Identifier: MIT
// Calls at a time, once or again and again: what thread_pool_executor::submit_after() and every() make.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/base/revocable.hpp>
#include <heddle/base/task_context.hpp>
#include <heddle/completion/queued_state.hpp>
#include <heddle/completion/state_word.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/queue/job_home.hpp>
#include <heddle/queue/timer_heap.hpp>
#include <heddle/scheduling/timer_thread.hpp>
#include <heddle/sync/deadline.hpp>

namespace heddle {

/// A way to the thread of a pool's timers, which may be gone.
using timer_ticket = base::revocable<scheduling::timer_thread>::ticket;

/// A thread of timers, and the way to it.
struct reachable_timers {
  [[nodiscard]] timer_ticket make_ticket() const noexcept { return way.make_ticket(); }

  /// No time comes any more. Waits for what the thread runs, unless that is who calls.
  void end() noexcept {
    thread.stop();
    if (!thread.runs_this_thread()) thread.join();
  }

  scheduling::timer_thread thread;
  base::revocable<scheduling::timer_thread> way{thread};
};

/// Runs what is due in the thread of the timers, which it must not keep for long.
class timer_launcher {
 public:
  [[nodiscard]] static const queue::job_home* home() noexcept { return nullptr; }
  void operator()(queue::job& due, completion::state_word* waiting) const noexcept {
    static_cast<void>(waiting->make_pending());  // if it was cancelled it leaves its queue
    due.run();
  }
};

/// The job of a timer, whose time is that of a call: `Owner` has `ring()`, and `refuse(why)` as a job.
template <class Owner>
class alarm final : public queue::job {
 public:
  explicit alarm(Owner& its_owner) noexcept : job(&answer), owner_(its_owner) {}

  queue::timer timer;

 private:
  static void answer(queue::job& self, unsigned request, const queue::refusal* why) noexcept {
    auto& rung = static_cast<alarm&>(self);
    if (request == run_request) rung.owner_.ring();
    if (request == refuse_request) rung.owner_.refuse(*why);
  }

  Owner& owner_;
};

/// `callable(args...)`, which `Launch` gets when its time has come. Until then it is in the queue of the timers, and
/// leaves that at once when it is cancelled.
template <class Launch, class Callable, class... Args>
class delayed_call final
    : public completion::queued_state<delayed_call<Launch, Callable, Args...>,
                                      completion::task_result_t<completion::call_result_t<Callable, Args...>>> {
  using base_type =
      completion::queued_state<delayed_call, completion::task_result_t<completion::call_result_t<Callable, Args...>>>;
  friend base_type;
  friend class alarm<delayed_call>;

 public:
  template <class F, class... As>
  delayed_call(timer_ticket timers, Launch launch, F&& callable, As&&... args)
      : base_type(launch.home(), completion::state_word::queued::yes, completion::phase::waiting),
        timers_(timers),
        launch_(launch),
        call_(std::forward<F>(callable), std::forward<As>(args)...) {}

  /// To be called once, when somebody holds the handle. False, and it ends as cancelled, if the timers were stopped;
  /// the same if it throws, as timer_thread::add() does.
  [[nodiscard]] bool start(scheduling::timer_thread& timers, sync::deadline when) {
    try {
      if (timers.add(alarm_.timer, when, alarm_)) return true;
    } catch (...) {
      this->refuse({});
      throw;
    }
    this->refuse({});
    return false;
  }

 private:
  ~delayed_call() = default;

  void ring() noexcept {
    const Launch launch = launch_;
    launch(*this, &this->word_);
  }

  void refuse(queue::refusal why) noexcept {
    if constexpr (std::is_same_v<Launch, timer_launcher>) why.ended = nullptr;  // nobody's call
    base_type::refuse(why);
  }

  void execute() noexcept {
    this->end_with_result_of([this]() -> decltype(auto) {
      const base::task_context::scope inherited(context_);
      return call_();
    });
  }
  void destroy_call() noexcept {
    call_.destroy();
    context_ = {};
  }
  bool stop() noexcept { return call_.stop(); }
  completion::state_base* give_away() noexcept {
    timers_.try_use([this](scheduling::timer_thread& timers) {
      // The handle is left, so this does not free it.
      if (timers.remove(alarm_.timer)) static_cast<void>(this->word_.leave_queue(completion::phase::cancelling));
    });
    return nullptr;
  }

  alarm<delayed_call> alarm_{*this};
  timer_ticket timers_;
  Launch launch_;
  base::task_context context_ = base::task_context::of_this_thread();
  completion::held_call<Callable, Args...> call_;
};

/// `callable()` at times that lie a period apart, each in `Launch`, until it throws or is cancelled. Its state is
/// pending all the while, so that it can be cancelled at any time; who runs it or waits for its time is its queue.
template <class Launch, class Callable>
class periodic_call final : public completion::shared_state<void> {
  using phase = completion::phase;
  friend class alarm<periodic_call>;

 public:
  template <class F>
  periodic_call(timer_ticket timers, Launch launch, sync::deadline first, std::chrono::steady_clock::duration period,
                F&& callable)
      : shared_state<void>(&answer, nullptr, completion::state_word::queued::yes),
        timers_(timers),
        launch_(launch),
        next_(first),
        period_(period),
        callable_(std::in_place, std::forward<F>(callable)) {}

  /// As delayed_call::start().
  [[nodiscard]] bool start(scheduling::timer_thread& timers) {
    try {
      if (timers.add(alarm_.timer, next_, alarm_)) return true;
    } catch (...) {
      leave(phase::cancelled, nullptr);
      throw;
    }
    leave(phase::cancelled, nullptr);
    return false;
  }

 private:
  ~periodic_call() = default;

  static void answer(queue::job& self, unsigned request, const queue::refusal* why) noexcept {
    auto& asked = static_cast<periodic_call&>(self);
    switch (request) {
      case queue::job::run_request:
        return asked.run_once();
      case queue::job::refuse_request:
        return asked.leave(why->error == nullptr ? phase::cancelled : phase::error, why->error, why);
      case queue::job::inquiry_request:
        if (asked.current() != phase::pending) queue::job::answer_inquiry(why);
        return;
      case state_base::discard_request:
        return asked.end_cancelled();
      case state_base::failure_request:
        return asked.answer_failure(why);
      case state_base::dispose_request:
        delete &asked;
        return;
      default:
        return;  // it cannot be asked to stop, nor run out of turn
    }
  }

  void ring() noexcept {
    const Launch launch = launch_;
    launch(*this);
  }

  void run_once() noexcept {
    if (current() != phase::pending) return leave(phase::cancelled, nullptr);
    try {
      const base::task_context::scope inherited(context_);
      (*callable_)();
    } catch (...) {
      return leave(phase::error, std::current_exception());
    }
    wait_for_next();
  }

  /// Times that have passed meanwhile are left out, so that calls never crowd.
  void wait_for_next() noexcept {
    const sync::deadline now = std::chrono::steady_clock::now();
    next_ += period_;
    if (next_ <= now) next_ += ((now - next_) / period_ + 1) * period_;
    bool waits = false;
    queue::refusal refusal;
    std::exception_ptr error;
    const timer_ticket timers = timers_;
    timers.try_use([&](scheduling::timer_thread& found) {
      try {
        // Who cancels it takes it out of the timers, but may have come before it was in.
        waits = found.add_if([this] { return current() == phase::pending; }, alarm_.timer, next_, alarm_);
        if (!waits) refusal = found.refusal();
      } catch (...) {
        error = std::current_exception();
      }
    });
    if (!waits) leave(error == nullptr ? phase::cancelled : phase::error, std::move(error), &refusal);
  }

  /// It leaves its queue for ever.
  void leave(phase ended, std::exception_ptr error, const queue::refusal* why = nullptr) noexcept {
    callable_.reset();
    switch (word_.leave_queue(ended == phase::cancelled ? phase::cancelling : phase::running)) {
      case completion::state_word::dequeue_result::claimed:
        if (why != nullptr) why->note_end();
        if (ended == phase::error) outcome_.emplace_error(std::move(error));
        return end(ended);
      case completion::state_word::dequeue_result::taken:
        return;
      case completion::state_word::dequeue_result::free:
        delete this;
    }
  }

  void end_cancelled() noexcept {
    bool waited = false;
    timers_.try_use([&](scheduling::timer_thread& timers) { waited = timers.remove(alarm_.timer); });
    if (waited) {
      callable_.reset();
      static_cast<void>(word_.leave_queue(phase::cancelling));  // the handle is left, so this does not free it
    }
    end(phase::cancelled);
  }

  void end(phase ended) noexcept {
    if (word_.complete(ended) == completion::state_word::last_owner::yes) delete this;
  }

  alarm<periodic_call> alarm_{*this};
  const timer_ticket timers_;
  const Launch launch_;
  sync::deadline next_;
  const std::chrono::steady_clock::duration period_;
  const base::task_context context_ = base::task_context::of_this_thread();
  std::optional<Callable> callable_;  // of its queue
};

}  // namespace heddle
