// SPDX-License-Identifier: MIT
// Exceptions of one's own that come back from another process as what they were.
#pragma once

#include <heddle/errors.hpp>
#include <heddle/process/exception_registry.hpp>

namespace heddle {

/// From now on an `E` that a call in another process throws comes back as an `E`, with a remote_error nested inside
/// (std::rethrow_if_nested). What is not registered, and not of the standard library, comes back as a remote_error; so
/// do the exceptions of <regex>, <format> and <chrono>. Those of heddle that are made of nothing but a text are
/// registered.
///
/// `E` has a serialize function, as serialize.hpp describes it, or is derived from std::exception and can be made from
/// a std::string: its text. Other members are then what that constructor makes them; a class whose members matter needs
/// a serialize function. Call it where every process of the program does, at best at namespace scope:
///
///     const bool registered = heddle::register_exception<my::parse_error>();
///
/// Any thread may call it, before any process is started; a type may be registered more than once.
template <class E>
bool register_exception() {
  process::exception_registry::registered().add<E>();
  return true;
}

template <class... Es>
bool register_exceptions() {
  return (register_exception<Es>() && ...);
}

/// heddle's own, which a worker throws, or a call that uses futures and executors of its own. Each before its base
/// classes.
inline const bool own_exceptions_are_registered =
    register_exceptions<message_too_large, malformed_message, codec_error, map_timeout_error, task_timeout,
                        timeout_error, cancelled_error, invalid_state_error, broken_thread_pool, broken_process_pool,
                        broken_executor>();

}  // namespace heddle
