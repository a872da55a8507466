// SPDX-License-Identifier: MIT
// How a call that is due later gets into an executor.
#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <heddle/base/shared_value.hpp>
#include <heddle/completion/state_word.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/errors.hpp>
#include <heddle/queue/job.hpp>

namespace heddle {

/// An executor whose calls run in other processes: callables and values are sent there, so that it is given them one by
/// one, and nothing that refers to what is here.
template <class E>
concept remote_executor = requires { typename std::remove_cvref_t<E>::runs_elsewhere; };

/// Submits a call to a remote_executor, with the values that it waited for.
template <class E, class F>
struct submission_of_values {
  typename E::ticket to;
  F callable;

  template <class... Values>
    requires completion::callable_with<F, std::decay_t<Values>...>
  auto operator()(Values&&... values) {
    std::optional<decltype(std::declval<E&>().submit(std::move(callable), std::forward<Values>(values)...))> submitted;
    const bool is_there = to.try_use(
        [&](E& pool) { submitted.emplace(pool.submit(std::move(callable), std::forward<Values>(values)...)); });
    if (!is_there) throw executor_shutdown_error();
    return std::move(*submitted);
  }
};

/// A job as a callable that can be copied: the first copy that is called runs it, and if none was called the last one
/// to go refuses it, so that it ends as cancelled.
class posted_job {
 public:
  explicit posted_job(queue::job& due) : shared_(std::in_place, due) {}

  void operator()() const noexcept {
    if (queue::job* const due = take()) due->run();
  }

  /// The executor does not run it.
  void refuse(const queue::refusal& why) const noexcept {
    if (queue::job* const due = take()) due->refuse(why);
  }

  /// The job, if no copy has been called.
  [[nodiscard]] queue::job* take() const noexcept { return std::exchange(shared_->due, nullptr); }

 private:
  struct last_copy {
    explicit last_copy(queue::job& job) noexcept : due(&job) {}
    last_copy(const last_copy&) = delete;
    last_copy& operator=(const last_copy&) = delete;
    ~last_copy() {
      if (due != nullptr) due->refuse({});
    }
    queue::job* due;
  };

  base::shared_value<last_copy> shared_;
};

/// Puts jobs into an executor of type E when they are due; what that throws becomes the job's error. The executor must
/// be there then. Specialized for executors that queue jobs themselves.
template <class E>
class launcher {
 public:
  static constexpr bool keeps_no_reference = false;
  explicit launcher(E& on) noexcept : on_(&on) {
    static_assert(
        requires { on.post([] {}); },
        "then(executor, f) and submit_after() run f on an executor, and this is none: an executor has "
        "submit(f), post(f) and max_workers()");
  }

  static const queue::job_home* home() noexcept { return nullptr; }

  /// `waiting` is the word of the job's state, which is pending from now on, or was cancelled.
  void operator()(queue::job& due, completion::state_word* waiting) const noexcept {
    if (!waiting->make_pending()) return due.run();  // it leaves its queue
    try {
      const posted_job call(due);
      try {
        on_->post(call);
      } catch (...) {
        if (call.take() != nullptr) due.refuse({std::current_exception()});
      }
    } catch (...) {
      due.refuse({std::current_exception()});  // no memory for the call
    }
  }

 private:
  E* on_;
};

/// The launcher of an executor that is given as an lvalue, or as a view of one.
template <class E>
[[nodiscard]] auto make_launcher(E&& on) {
  using made = launcher<std::remove_cvref_t<E>>;
  if constexpr (!std::is_lvalue_reference_v<E>) {
    static_assert(made::keeps_no_reference,
                  "then(executor, f) and submit_after() need the executor later, and this one ends with the "
                  "expression: give it a name");
  }
  return made(on);
}

}  // namespace heddle
