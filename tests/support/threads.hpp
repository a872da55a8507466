// SPDX-License-Identifier: MIT
// What tests ask about the threads of their process.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>

namespace heddle_test {

/// How many threads this process has now.
inline std::size_t thread_count() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

/// The name of the calling thread.
inline std::string thread_name() {
  char name[32] = {};
  ::pthread_getname_np(::pthread_self(), name, sizeof name);
  return name;
}

}  // namespace heddle_test
