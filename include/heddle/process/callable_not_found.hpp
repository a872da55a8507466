// SPDX-License-Identifier: MIT
// What is thrown where the name of a callable, made in one process, means nothing in another.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace heddle::process {

/// A callable is in a program or shared object that this process does not have, or not in the same version; or the id
/// of the callable is damaged.
class callable_not_found : public std::runtime_error {
 public:
  /// `why` continues a sentence that begins with the module, and says what to do.
  callable_not_found(std::string_view module, std::string_view why)
      : std::runtime_error(std::string(beginning).append(module).append("' ").append(why)),
        length_of_module_(module.size()) {}

  /// The path of the module, or what is known of it.
  [[nodiscard]] std::string_view module() const noexcept {
    return std::string_view(what()).substr(beginning.size(), length_of_module_);
  }

 private:
  static constexpr std::string_view beginning = "callable not found: the module '";

  std::size_t length_of_module_;
};

}  // namespace heddle::process
