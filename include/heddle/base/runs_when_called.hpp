// SPDX-License-Identifier: MIT
// Whether to call something is to run it.
#pragma once

#include <type_traits>

namespace heddle::base {

/// The result of calling a coroutine that has not begun then: its type says so by a member type of this name.
template <class Result>
concept begins_when_awaited = requires { typename std::remove_cvref_t<Result>::begins_when_awaited; };

/// False for such a result of a call, and the compiler says why.
template <class Result>
inline constexpr bool runs_when_called = [] {
  static_assert(!begins_when_awaited<Result>,
                "calling this coroutine only makes a task, which begins when it is awaited, and nobody would await it "
                "here: give [] { return heddle::asyncio::run(g()); }");
  return true;
}();

}  // namespace heddle::base
