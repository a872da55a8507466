// SPDX-License-Identifier: MIT
// task_local<T>: a value that follows the work, from who submits a call into the call. Python: contextvars.
#pragma once

#include <utility>

#include <heddle/base/task_context.hpp>

namespace heddle {

/// A variable whose value is bound for a scope, in the thread of the scope, and in the calls that are submitted to a
/// pool in it, wherever they run: a request's number for the log, a deadline, a user. Elsewhere it has no value. Not
/// bound in a thread, it costs a load to submit.
///
/// Inherited by submit(), post(), map(), submit_bulk(), post_bulk(), submit_after(delay, ...) and every() of a
/// thread_pool_executor; what a map() with a buffer submits later has what its reader has. The others run as what they
/// are part of: loops and groups in the thread that helps, then() and callbacks in who completes.
///
///     heddle::task_local<std::string> request;
///
///     const auto bound = request.bind("GET /");
///     pool.submit([] { log(request.value_or("none")); });  // "GET /", in a worker
///
/// It must outlive the scopes; values are destroyed when the last scope and the last call that has them are gone.
template <class T>
class task_local {
 public:
  task_local() noexcept = default;
  task_local(const task_local&) = delete;
  task_local& operator=(const task_local&) = delete;

  /// The value in this thread; null where none is bound.
  [[nodiscard]] const T* get() const noexcept { return static_cast<const T*>(base::task_context::find(this)); }

  [[nodiscard]] T value_or(T otherwise) const {
    const T* const bound = get();
    return bound != nullptr ? *bound : std::move(otherwise);
  }

  /// Binds a value in this thread until the end of the object that it returns. Scopes end in the opposite order of
  /// their beginning, in their threads.
  class [[nodiscard]] binding {
   public:
    binding(const binding&) = delete;
    binding& operator=(const binding&) = delete;

   private:
    friend class task_local;
    binding(const task_local& of, T value)
        : bound_(&of, new T(std::move(value)), [](void* gone) { delete static_cast<T*>(gone); }), scope_(bound_) {}
    base::task_context bound_;
    base::task_context::scope scope_;
  };
  binding bind(T value) const { return binding(*this, std::move(value)); }
};

}  // namespace heddle
