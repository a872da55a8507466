// SPDX-License-Identifier: MIT
// A call that carries more than its callable: its place among those that wait, the context of who submitted it, and who
// hears of what it throws.
#pragma once

#include <exception>
#include <type_traits>
#include <utility>

#include <heddle/base/invoke.hpp>
#include <heddle/base/task_context.hpp>
#include <heddle/base/unique_function.hpp>
#include <heddle/pending_room.hpp>

namespace heddle {

/// Called as `F` is. Only pools with such options, or threads in such a scope, make these.
template <class F>
class decorated_call {
 public:
  template <class G>
  decorated_call(G&& callable, pending_place place)
      : callable_(std::forward<G>(callable)),
        place_(std::move(place)),
        context_(base::task_context::of_this_thread()) {}

  template <class... Args>
    requires std::is_invocable_v<F, Args...>
  std::invoke_result_t<F, Args...> operator()(Args&&... args) && {
    place_.leave();
    const base::task_context::scope inherited(context_);
    return base::invoke(std::move(callable_), std::forward<Args>(args)...);
  }

 private:
  F callable_;
  pending_place place_;
  base::task_context context_;
};

/// A call without a future, of which `handler` hears; null: what it throws ends the program.
template <class F>
class handled_call {
 public:
  template <class G>
  handled_call(G&& callable, base::unique_function<void(const std::exception_ptr&)>* handler)
      : callable_(std::forward<G>(callable)), handler_(handler) {}

  void operator()() && {
    if (handler_ == nullptr) return static_cast<void>(std::move(callable_)());
    try {
      static_cast<void>(std::move(callable_)());
    } catch (...) {
      (*handler_)(std::current_exception());
    }
  }

 private:
  F callable_;
  base::unique_function<void(const std::exception_ptr&)>* handler_;
};

}  // namespace heddle
