// SPDX-License-Identifier: MIT
// The seam between heddle and what compilers know of types: the name of one as the compiler prints it, known while
// compiling and without run-time type information.
#pragma once

#include <cstddef>
#include <string_view>

namespace heddle::base {

template <class T>
[[nodiscard]] constexpr std::string_view signature_with() noexcept {
#if defined(__GNUC__) || defined(__clang__)
  return __PRETTY_FUNCTION__;
#elif defined(_MSC_VER)
  return __FUNCSIG__;
#else
  return "unknown";
#endif
}

/// "std::vector<int>" or the like: for messages, and for comparing within one build. Compilers and standard libraries
/// spell types differently.
template <class T>
[[nodiscard]] constexpr std::string_view type_name() noexcept {
  constexpr std::string_view probe = signature_with<double>();
  constexpr std::size_t before = probe.find("double");
  if constexpr (before == std::string_view::npos) {
    return "unknown";
  } else {
    // GCC writes the type once more behind: [with T = double; std::string_view = ...]
    constexpr std::size_t after = probe.size() - before - std::string_view("double").size();
    constexpr std::string_view whole = signature_with<T>();
    return whole.substr(before, whole.size() - before - after);
  }
}

}  // namespace heddle::base
