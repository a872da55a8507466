// SPDX-License-Identifier: MIT
// Exceptions as they come back from another process: the same type, the same text, and where it was thrown nested
// inside.
#pragma once

#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace heddle::process {

/// An `E`, with the text that it had in another process. Made in the handler of the remote_error that is nested in it.
template <class E>
class returned final : public E, public std::nested_exception {
 public:
  template <class... Arguments>
  explicit returned(std::string what, Arguments&&... arguments)
      : E(std::forward<Arguments>(arguments)...), what_(std::move(what)) {}

  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

/// What `throw_it()` throws while `nested` is being handled. It must throw.
template <class Throw>
[[nodiscard]] std::exception_ptr thrown_while_handling(const std::exception_ptr& nested, Throw&& throw_it) {
  try {
    std::rethrow_exception(nested);
  } catch (...) {
    try {
      throw_it();
    } catch (...) {
      return std::current_exception();
    }
  }
  return nullptr;
}

/// An `E` made of `arguments`, with `nested` nested inside.
template <class E, class... Arguments>
[[nodiscard]] std::exception_ptr return_as(const std::exception_ptr& nested, const std::string& what,
                                           Arguments&&... arguments) {
  return thrown_while_handling(nested, [&] {
    if constexpr (std::is_final_v<E>) {
      throw E(std::forward<Arguments>(arguments)...);
    } else {
      throw returned<E>(what, std::forward<Arguments>(arguments)...);
    }
  });
}

}  // namespace heddle::process
