// SPDX-License-Identifier: MIT
// The seam between heddle and the compiler: how one coroutine hands the thread to another without a deeper stack.
#pragma once

#include <coroutine>

namespace heddle::coro {

/// What the await_suspend() of a hand-over returns.
///
/// A coroutine handle where the compiler makes the hand-over a jump at every level of optimization. GCC makes it a call
/// below -O2 and under sanitizers, so that a loop of awaits would overflow the stack; there the coroutine returns to
/// its chain, which resumes the next one.
#if defined(__GNUC__) && !defined(__clang__)
using transfer = void;
#else
using transfer = std::coroutine_handle<>;
#endif

}  // namespace heddle::coro
