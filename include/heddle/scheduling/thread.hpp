// SPDX-License-Identifier: MIT
// The seam between heddle and the system's threads: start one, name it, join it.
#pragma once

#include <cstddef>
#include <string>
#include <system_error>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#else
#include <thread>
#endif

namespace heddle::scheduling {

/// A started thread, to be joined exactly once. Smaller than std::thread to include, and with a stack of any size.
class thread {
 public:
  using entry = void* (*)(void*);

#if defined(__unix__) || defined(__APPLE__)
  /// Runs `run(argument)` in a new thread with a stack of `stack_size` bytes (0: what the system gives). Throws
  /// std::system_error if the system cannot start one.
  thread(entry run, void* argument, std::size_t stack_size = 0) {
    pthread_attr_t attributes;
    int error = ::pthread_attr_init(&attributes);
    if (error == 0 && stack_size != 0) error = ::pthread_attr_setstacksize(&attributes, whole_pages(stack_size));
    if (error == 0) error = ::pthread_create(&handle_, &attributes, run, argument);
    ::pthread_attr_destroy(&attributes);
    if (error != 0) throw std::system_error(error, std::generic_category(), "pthread_create");
  }
  void join() noexcept { ::pthread_join(handle_, nullptr); }

 private:
  static std::size_t whole_pages(std::size_t bytes) noexcept {
    constexpr std::size_t page = 65536;  // the largest there are
    return (bytes + page - 1) / page * page;
  }

  pthread_t handle_{};
#else
  thread(entry run, void* argument, std::size_t = 0) : handle_([run, argument] { run(argument); }) {}
  void join() noexcept { handle_.join(); }

 private:
  std::thread handle_;
#endif
};

/// Names the calling thread for debuggers and `top`. Linux keeps 15 characters: a longer `prefix` is cut, never the
/// number behind it.
inline void name_this_thread(const std::string& prefix, std::size_t index) {
  const std::string number = std::to_string(index);
#if defined(__linux__)
  constexpr std::size_t longest = 15;
  std::string name = prefix.substr(0, longest - 1 - number.size());
#else
  std::string name = prefix;
#endif
  name.append("_").append(number);
#if defined(__linux__)
  ::pthread_setname_np(::pthread_self(), name.c_str());
#elif defined(__APPLE__)
  ::pthread_setname_np(name.c_str());
#endif
}

}  // namespace heddle::scheduling
