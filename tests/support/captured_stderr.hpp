// SPDX-License-Identifier: MIT
// What is written to the standard error stream during a test.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>

namespace heddle_test {

class captured_stderr {
 public:
  captured_stderr() : file_(std::tmpfile()), outer_(::dup(STDERR_FILENO)) {
    if (file_ == nullptr || outer_ < 0) throw std::runtime_error("no temporary file for the standard error stream");
    std::fflush(stderr);
    ::dup2(::fileno(file_), STDERR_FILENO);
  }
  ~captured_stderr() {
    std::fflush(stderr);
    ::dup2(outer_, STDERR_FILENO);
    ::close(outer_);
    std::fclose(file_);
  }
  captured_stderr(const captured_stderr&) = delete;
  captured_stderr& operator=(const captured_stderr&) = delete;

  [[nodiscard]] std::string text() const {
    std::fflush(stderr);
    std::string all;
    char part[256];
    for (off_t at = 0;;) {
      const ssize_t got = ::pread(::fileno(file_), part, sizeof part, at);
      if (got <= 0) return all;
      all.append(part, static_cast<std::size_t>(got));
      at += got;
    }
  }

 private:
  std::FILE* file_;
  int outer_;
};

}  // namespace heddle_test
