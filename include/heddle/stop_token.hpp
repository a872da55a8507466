// SPDX-License-Identifier: MIT
// stop_token and its kin: how a call that runs is asked to stop.
#pragma once

#include <heddle/base/stop_token.hpp>

namespace heddle {

/// What a running call hears a request to stop by: a callable that takes a stop_token first is given one by submit(),
/// and future::request_stop() reaches it. It decides itself where it looks, and what it leaves behind; nothing is
/// interrupted.
///
///     auto found = pool.submit([&](heddle::stop_token stop) {
///       for (const page& each : pages) {
///         if (stop.stop_requested()) throw heddle::cancelled_error();
///         if (matches(each)) return each.number;
///       }
///       return none;
///     });
///     found.request_stop();
///
/// A stop_source makes requests for whoever has its tokens, also where no future does. A stop_callback calls its
/// callable when the request is made, in the thread that makes it, or at once if it was made before: to wake what the
/// call waits for. Its destructor waits while another thread runs the callable. A callable that throws terminates.
///
/// These are std::stop_token and its kin, or the same by heddle where the standard library has none, as libc++ before
/// 20. Different threads may use different tokens and sources of one request at the same time.
using base::stop_tokens::nostopstate;
using base::stop_tokens::nostopstate_t;
using base::stop_tokens::stop_callback;
using base::stop_tokens::stop_source;
using base::stop_tokens::stop_token;

}  // namespace heddle
