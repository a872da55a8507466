// SPDX-License-Identifier: MIT
// A coroutine that nobody waits for.
#pragma once

#include <coroutine>
#include <exception>

namespace heddle_test {

/// A coroutine that runs until its first suspension and frees itself at its end.
struct fire_and_forget {
  struct promise_type {
    fire_and_forget get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

}  // namespace heddle_test
