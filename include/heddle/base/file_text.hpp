// SPDX-License-Identifier: MIT
// The text of a file that tells no size, as those in /proc.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>

namespace heddle::base {

/// The whole text; empty if it cannot be read. Throws std::bad_alloc.
[[nodiscard]] inline std::string text_of_file(const char* path) {
  struct descriptor {
    int number;
    ~descriptor() {
      if (number >= 0) ::close(number);
    }
  };
  const descriptor file{::open(path, O_RDONLY | O_CLOEXEC)};
  std::string text;
  char buffer[4096];
  for (;;) {
    const ::ssize_t count = file.number >= 0 ? ::read(file.number, buffer, sizeof buffer) : 0;
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace heddle::base
