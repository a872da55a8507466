// SPDX-License-Identifier: MIT
// Files in memory, without a name.
#pragma once

#include <sys/mman.h>

#include <cerrno>

#include <heddle/process/descriptor.hpp>

namespace heddle::process {

/// Empty, and may be sealed. Throws std::system_error; `what` it is for.
[[nodiscard]] inline descriptor make_memory_file(const char* what) {
  constexpr unsigned no_exec = 8;  // MFD_NOEXEC_SEAL: systems that know it want to be told that nothing there is run
  constexpr unsigned usual = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int made = ::memfd_create("heddle", usual | no_exec);
  if (made < 0 && errno == EINVAL) made = ::memfd_create("heddle", usual);
  return descriptor::made_by(made, what);
}

}  // namespace heddle::process
