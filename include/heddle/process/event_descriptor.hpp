// SPDX-License-Identifier: MIT
// A descriptor by which one thread, or process, is told to look.
#pragma once

#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include <heddle/process/descriptor.hpp>

namespace heddle::process {

/// Readable from signal() to clear(). Any thread.
class event_descriptor {
 public:
  explicit event_descriptor(descriptor of) noexcept : of_(std::move(of)) {}

  /// Throws std::system_error.
  static event_descriptor make() {
    return event_descriptor(descriptor::made_by(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"));
  }

  [[nodiscard]] int number() const noexcept { return of_.number(); }

  /// False if there is no such descriptor any more.
  bool signal() const noexcept {
    constexpr std::uint64_t one = 1;
    return retry_interrupted([&] { return ::write(of_.number(), &one, sizeof one); }) >= 0 || errno == EAGAIN;
  }

  /// Does not wait, also where another process that has the descriptor has made it one that reads wait for.
  void clear() const noexcept {
    std::uint64_t count = 0;
    const iovec into{&count, sizeof count};
    const auto got = retry_interrupted([&] { return ::preadv2(of_.number(), &into, 1, -1, RWF_NOWAIT); });
    if (got >= 0 || errno == EAGAIN) return;
    retry_interrupted([&] { return ::read(of_.number(), &count, sizeof count); });  // before Linux 5.8, and in filters
  }

 private:
  descriptor of_;
};

}  // namespace heddle::process
