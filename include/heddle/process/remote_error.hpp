// SPDX-License-Identifier: MIT
// What is known of an exception that was thrown in another process.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace heddle::process {

struct remote_details {
  std::string type;       ///< as the compiler spells it, "unknown" where it does not
  std::string what;       ///< its text; empty if it was not derived from std::exception
  std::int64_t pid = 0;   ///< of the process that threw it
  std::string host;       ///< where that process ran
  std::string backtrace;  ///< empty: C++20 does not tell where an exception was thrown
};

/// An exception of another process whose type cannot be made here, or nested in one that was made: what is known of it.
class remote_error : public std::runtime_error {
 public:
  explicit remote_error(remote_details known) : std::runtime_error(text_of(known)), known_(std::move(known)) {}

  [[nodiscard]] const std::string& type() const noexcept { return known_.type; }
  [[nodiscard]] const std::string& remote_what() const noexcept { return known_.what; }
  [[nodiscard]] std::int64_t pid() const noexcept { return known_.pid; }
  [[nodiscard]] const std::string& host() const noexcept { return known_.host; }
  [[nodiscard]] const std::string& backtrace() const noexcept { return known_.backtrace; }

 private:
  static std::string text_of(const remote_details& known) {
    std::string text = known.type;
    if (!known.what.empty()) text += ": " + known.what;
    text += " (thrown in process " + std::to_string(known.pid);
    if (!known.host.empty()) text += " on " + known.host;
    return text + ")";
  }

  remote_details known_;
};

}  // namespace heddle::process
