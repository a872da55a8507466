// SPDX-License-Identifier: MIT
// Whether to call something is to run it.
#pragma once

#include <type_traits>

namespace heddle::base {

/// False, and the compiler says why, for the Result of a coroutine that begins only when it is awaited: its type says
/// so by a member type `begins_when_awaited`.
template <class Result>
inline constexpr bool runs_when_called = [] {
  static_assert(
      !requires { typename std::remove_cvref_t<Result>::begins_when_awaited; },
      "calling this coroutine only makes a task, which begins when it is awaited, and nobody would await it "
      "here: give [] { return heddle::asyncio::run(g()); }");
  return true;
}();

}  // namespace heddle::base
