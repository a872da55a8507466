// SPDX-License-Identifier: MIT
// What is thrown where a sandbox cannot be had.
#pragma once

#include <cerrno>
#include <system_error>

namespace heddle::process {

/// A part of the sandbox that was asked for cannot be had: on this kernel, in this container, or in this state of the
/// process. The text says which, and what to do where something can be done. Nothing weaker takes its place.
class sandbox_error : public std::system_error {
 public:
  /// `what` says what is missing and what to do; `error` is what the system said.
  sandbox_error(int error, const char* what) : std::system_error(error, std::system_category(), what) {}

  /// With what the last system call of this thread failed with.
  [[noreturn]] static void throw_last(const char* what) { throw sandbox_error(errno, what); }
};

}  // namespace heddle::process
