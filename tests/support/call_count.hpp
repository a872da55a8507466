// SPDX-License-Identifier: MIT
// How many calls have run, in whatever processes: a call that is counted captures nothing.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

#include <support/temporary_tree.hpp>

namespace heddle_test {

/// Calls get `place()` and count themselves by count_call(place).
class call_count {
 public:
  [[nodiscard]] const std::string& place() const noexcept { return file_; }
  [[nodiscard]] int value() const {
    std::error_code none_yet;
    const auto size = std::filesystem::file_size(file_, none_yet);
    return none_yet ? 0 : static_cast<int>(size);
  }

 private:
  temporary_tree folder_;
  std::string file_ = std::string(folder_.root()) + "/calls";
};

/// Counts one more.
inline void count_call(const std::string& place) {
  const int file = ::open(place.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const bool is_counted = ::write(file, "x", 1) == 1;
  ::close(file);
  if (!is_counted) throw std::runtime_error("a call could not be counted in " + place);
}

}  // namespace heddle_test
