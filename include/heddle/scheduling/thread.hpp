// SPDX-License-Identifier: MIT
// The seam between heddle and the system's threads: start one, name it, keep it on a CPU, join it.
#pragma once

#include <cstddef>
#include <string>
#include <system_error>

#if defined(__unix__) || defined(__APPLE__)
#include <limits.h>
#include <pthread.h>
#include <unistd.h>
#else
#include <thread>
#endif
#if defined(__linux__)
#include <sched.h>

#include <cerrno>
#include <vector>
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

  /// In bytes; below it no thread is started.
  static std::size_t smallest_stack() noexcept {
#if defined(_SC_THREAD_STACK_MIN)
    const long known = ::sysconf(_SC_THREAD_STACK_MIN);
    if (known > 0) return static_cast<std::size_t>(known);
#endif
    return static_cast<std::size_t>(PTHREAD_STACK_MIN);
  }

 private:
  static std::size_t whole_pages(std::size_t bytes) noexcept {
    constexpr std::size_t page = 65536;       // the largest there are
    return (bytes + page - 1) / page * page;  // 0, which the system refuses, if that is too much to count
  }

  pthread_t handle_{};
#else
  thread(entry run, void* argument, std::size_t = 0) : handle_([run, argument] { run(argument); }) {}
  void join() noexcept { handle_.join(); }
  static std::size_t smallest_stack() noexcept { return 0; }

 private:
  std::thread handle_;
#endif
};

/// CPUs to keep threads on. Empty, and then all threads are left as they are, where the system does not say which there
/// are.
class cpu_list {
 public:
#if defined(__linux__)
  /// Those that the calling thread may run on, and with it the threads that it starts. Throws std::bad_alloc.
  [[nodiscard]] static cpu_list of_this_thread() {
    constexpr std::size_t most = 1024;                        // masks, each for 1024 CPUs
    for (std::size_t masks = 1; masks <= most; masks *= 2) {  // as long as the kernel's is larger
      cpu_list found;
      found.masks_.resize(masks);
      if (::sched_getaffinity(0, found.bytes(), found.masks_.data()) == 0) return found;
      if (errno != EINVAL) break;
    }
    return {};
  }

  /// From now on the calling thread runs on one of them only, for each index another one as far as they go.
  void keep_this_thread_on(std::size_t index) const noexcept {
    const auto count = masks_.empty() ? 0 : static_cast<std::size_t>(CPU_COUNT_S(bytes(), masks_.data()));
    if (count == 0) return;
    std::size_t cpu = 0;
    for (std::size_t before = index % count;; ++cpu) {
      if (CPU_ISSET_S(cpu, bytes(), masks_.data()) && before-- == 0) break;
    }
    cpu_set_t* const one = CPU_ALLOC(cpu + 1);
    if (one == nullptr) return;
    CPU_ZERO_S(CPU_ALLOC_SIZE(cpu + 1), one);
    CPU_SET_S(cpu, CPU_ALLOC_SIZE(cpu + 1), one);
    ::sched_setaffinity(0, CPU_ALLOC_SIZE(cpu + 1), one);
    CPU_FREE(one);
  }

  /// From now on the calling thread may run on all of them.
  void free_this_thread() const noexcept {
    if (!masks_.empty()) ::sched_setaffinity(0, bytes(), masks_.data());
  }

 private:
  [[nodiscard]] std::size_t bytes() const noexcept { return masks_.size() * sizeof(cpu_set_t); }

  std::vector<cpu_set_t> masks_;
#else
  [[nodiscard]] static cpu_list of_this_thread() { return {}; }
  void keep_this_thread_on(std::size_t) const noexcept {}
  void free_this_thread() const noexcept {}
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
