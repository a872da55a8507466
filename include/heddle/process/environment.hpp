// SPDX-License-Identifier: MIT
// The variables of a process's environment, on their way to another one.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <heddle/process/descriptor.hpp>
#include <heddle/process/memory_file.hpp>

namespace heddle::process {

/// A copy. They may be many, so they are sent as a file.
class environment {
 public:
  environment() noexcept = default;

  /// Those of this process, which no other thread may change meanwhile. Throws std::bad_alloc.
  static environment of_this_process() {
    environment found;
    for (char** each = environ; each != nullptr && *each != nullptr; ++each) found.add(*each);
    return found;
  }

  /// Sets a variable that is not there. Throws std::bad_alloc.
  void set_default(std::string_view name, std::string_view value) {
    for (const char* const each : pointers()) {
      const std::string_view variable = each == nullptr ? std::string_view() : each;
      if (variable.starts_with(name) && variable.substr(name.size()).starts_with('=')) return;
    }
    text_.insert(text_.end(), name.begin(), name.end());
    text_.push_back('=');
    add(value);
  }

  /// A file that has them, and that nobody can change. Throws std::system_error.
  [[nodiscard]] descriptor as_file() const {
    constexpr const char* what = "the environment of workers";
    descriptor made = make_memory_file(what);
    for (std::size_t done = 0; done < text_.size();) {
      const auto count =
          retry_interrupted([&] { return ::write(made.number(), text_.data() + done, text_.size() - done); });
      if (count < 0) throw_system_error(what);
      done += static_cast<std::size_t>(count);
    }
    if (::fcntl(made.number(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
      throw_system_error(what);
    return made;
  }

  /// What is in such a file, which others may read at the same time. Throws std::system_error and std::bad_alloc.
  static environment in_file(const descriptor& file) {
    constexpr const char* what = "the environment of a worker";
    struct stat status{};
    if (::fstat(file.number(), &status) != 0) throw_system_error(what);
    environment found;
    found.text_.resize(static_cast<std::size_t>(status.st_size));
    for (std::size_t done = 0; done < found.text_.size();) {
      const auto count = retry_interrupted([&] {
        return ::pread(file.number(), found.text_.data() + done, found.text_.size() - done, static_cast<off_t>(done));
      });
      if (count < 0) throw_system_error(what);
      if (count == 0) throw std::system_error(std::make_error_code(std::errc::io_error), what);
      done += static_cast<std::size_t>(count);
    }
    if (!found.text_.empty()) found.text_.back() = '\0';
    return found;
  }

  /// As exec takes them, with null at the end, as long as this lives and is not changed. Throws std::bad_alloc.
  [[nodiscard]] std::vector<char*> pointers() {
    std::vector<char*> all;
    for (std::size_t begin = 0; begin < text_.size(); begin += std::strlen(text_.data() + begin) + 1)
      all.push_back(text_.data() + begin);
    all.push_back(nullptr);
    return all;
  }

  /// Makes them those of this process, which has one thread. Throws std::bad_alloc.
  void become_that_of_this_process() && {
    // For ever, as what was before: somebody may have kept what getenv() gave.
    auto* const kept = new environment(std::move(*this));
    environ = (new std::vector<char*>(kept->pointers()))->data();
  }

 private:
  void add(std::string_view variable) {
    text_.insert(text_.end(), variable.begin(), variable.end());
    text_.push_back('\0');
  }

  std::vector<char> text_;  // each one ends with a zero
};

}  // namespace heddle::process
