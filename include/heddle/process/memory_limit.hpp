// SPDX-License-Identifier: MIT
// A limit to what this process may allocate, for ever.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include <heddle/base/file_text.hpp>
#include <heddle/process/sandbox_error.hpp>

namespace heddle::process {

/// Sanitizers map terabytes for themselves, and end the program where they get no more.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool memory_can_be_limited = false;
#elif defined(__has_feature)
inline constexpr bool memory_can_be_limited = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) &&
                                              !__has_feature(memory_sanitizer) && !__has_feature(hwaddress_sanitizer);
#else
inline constexpr bool memory_can_be_limited = true;
#endif

/// What this process has of memory that it alone may write (heap, globals and stacks of threads), in bytes, whether it
/// was touched or not; 0 if the system does not say. Throws std::bad_alloc.
[[nodiscard]] inline std::size_t private_memory() {
  constexpr std::string_view name = "\nVmData:";
  constexpr std::size_t unit = 1024;
  const std::string status = base::text_of_file("/proc/self/status");
  const std::size_t found = status.find(name);
  if (found == std::string::npos) return 0;
  return static_cast<std::size_t>(std::strtoull(status.c_str() + found + name.size(), nullptr, 10)) * unit;
}

/// Lets this process have `more` bytes of such memory besides what it has, and each that it starts as much as both
/// together. What would be more fails with ENOMEM: std::bad_alloc. Memory that is shared, files and the stack of the
/// first thread do not count. Does nothing under a sanitizer. Throws sandbox_error and std::bad_alloc.
inline void limit_memory(std::size_t more) {
  if (!memory_can_be_limited) return;
  rlimit limit{};
  ::getrlimit(RLIMIT_DATA, &limit);
  const rlim_t has = private_memory();
  const rlim_t most = more < RLIM_INFINITY - has ? has + more : RLIM_INFINITY;
  limit.rlim_max = std::min(limit.rlim_max, most);
  limit.rlim_cur = std::min(limit.rlim_cur, most);
  if (::setrlimit(RLIMIT_DATA, &limit) != 0) sandbox_error::throw_last("the memory of a worker cannot be limited");
}

}  // namespace heddle::process
