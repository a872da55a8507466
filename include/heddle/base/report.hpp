// SPDX-License-Identifier: MIT
// The last resort for an exception that nobody is there to catch but that must not end the program.
#pragma once

#include <cstdio>
#include <exception>

namespace heddle::base {

/// Writes one line to the standard error stream: `heddle: <what happened>: <what the exception says>`.
inline void report_exception(const char* what_happened, const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    std::fprintf(stderr, "heddle: %s: %s\n", what_happened, known.what());
  } catch (...) {
    std::fprintf(stderr, "heddle: %s: an exception that is not derived from std::exception\n", what_happened);
  }
}

}  // namespace heddle::base
