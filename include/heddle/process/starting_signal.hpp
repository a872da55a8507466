// SPDX-License-Identifier: MIT
// What a child waits for before it does anything that others could see.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <heddle/process/descriptor.hpp>

namespace heddle::process {

/// Made before the fork. A child whose parent goes, or drops this without having given it, ends. Signal handlers may
/// do what this does.
class starting_signal {
 public:
  /// Throws std::system_error.
  starting_signal() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw_system_error("pipe");
    waits_ = descriptor(ends[0]);
    gives_ = descriptor(ends[1]);
  }

  /// In the parent: the child goes on.
  void give() const noexcept {
    retry_interrupted([&] { return ::write(gives_.number(), "", 1); });
  }

  /// In the child.
  void wait() noexcept {
    gives_ = descriptor();
    char given = 0;
    if (retry_interrupted([&] { return ::read(waits_.number(), &given, 1); }) != 1) ::_exit(0);
    waits_ = descriptor();
  }

 private:
  descriptor waits_;
  descriptor gives_;
};

}  // namespace heddle::process
