// SPDX-License-Identifier: MIT
// A file descriptor that somebody owns.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace heddle::process {

/// Throws what the last system call of this thread failed with. `what` was tried.
[[noreturn]] inline void throw_system_error(const char* what) {
  throw std::system_error(errno, std::system_category(), what);
}

/// Calls `call()`, which returns -1 and sets errno where it fails, again as long as signals interrupt it.
template <class Call>
auto retry_interrupted(const Call& call) noexcept(noexcept(call())) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

/// Closes what it holds in the end; holds nothing if made without, or moved from. Every one is closed by exec.
class descriptor {
 public:
  descriptor() noexcept = default;
  explicit descriptor(int owned) noexcept : number_(owned) {}
  descriptor(descriptor&& other) noexcept : number_(other.release()) {}
  descriptor& operator=(descriptor&& other) noexcept {
    descriptor(std::move(other)).swap(*this);
    return *this;
  }
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  /// Takes what a system call has made; throws what that failed with if it is -1. Where the program was started without
  /// one of its streams, the number of that stream is given back: what is written there is not for us.
  static descriptor made_by(int made, const char* what) {
    if (made < 0) throw_system_error(what);
    descriptor result = beside_streams(descriptor(made));
    if (!result.is_open()) throw_system_error(what);
    return result;
  }
  /// The same of one that the system has made in some other way; empty where there are no more descriptors.
  [[nodiscard]] static descriptor beside_streams(descriptor made) noexcept {
    if (!made.is_open() || made.number() > STDERR_FILENO) return made;
    return descriptor(::fcntl(made.number(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  }

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

 private:
  void swap(descriptor& other) noexcept { std::swap(number_, other.number_); }

  int number_ = -1;
};

}  // namespace heddle::process
