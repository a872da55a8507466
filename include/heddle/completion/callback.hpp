// SPDX-License-Identifier: MIT
// A callable in the list of waiters: called once when the state turns terminal.
#pragma once

#include <exception>
#include <utility>

#include <heddle/base/block_allocated.hpp>
#include <heddle/base/report.hpp>
#include <heddle/completion/waiter.hpp>

namespace heddle::completion {

/// Calls `callable`; what it throws is reported and swallowed: its caller is a worker that has other work to do.
template <class Callable>
void call_reporting(Callable& callable) noexcept {
  try {
    callable();
  } catch (...) {
    base::report_exception("a done callback threw, and was ignored", std::current_exception());
  }
}

/// Made by new, frees itself after the call.
template <class Callable>
class callback final : public waiter, public base::block_allocated {
 public:
  explicit callback(Callable&& callable)
      : waiter(kind::continuation,
               [](waiter& self) noexcept {
                 auto* const told = static_cast<callback*>(&self);
                 call_reporting(told->callable_);
                 delete told;
               }),
        callable_(std::move(callable)) {}

  [[nodiscard]] Callable& callable() noexcept { return callable_; }

 private:
  Callable callable_;
};

}  // namespace heddle::completion
