// SPDX-License-Identifier: MIT
// The name of the type of the exception that is being handled: from the run-time library of the language, which knows
// it without run-time type information too.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>

#if __has_include(<cxxabi.h>)
#include <cxxabi.h>
#define HEDDLE_KNOWS_THROWN_TYPE 1
#else
#define HEDDLE_KNOWS_THROWN_TYPE 0
#endif

namespace heddle::process {

/// As a programmer would write it.
[[nodiscard]] inline std::string demangled(const char* name) {
#if HEDDLE_KNOWS_THROWN_TYPE
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                         &std::free);
  if (status == 0 && text != nullptr) return text.get();
#endif
  return name;
}

/// "E" for what std::throw_with_nested() makes of an E, and for what came from another process as one.
[[nodiscard]] inline std::string_view without_nesting(std::string_view type) noexcept {
  for (const std::string_view wrapper :
       {"std::_Nested_exception<", "std::__nested<", "std::__1::__nested<", "heddle::process::returned<"}) {
    if (type.starts_with(wrapper) && type.ends_with('>')) {
      type = type.substr(wrapper.size(), type.size() - wrapper.size() - 1);
      while (type.ends_with(' ')) type.remove_suffix(1);
    }
  }
  return type;
}

/// To be called in a handler. "unknown" where the library does not tell.
[[nodiscard]] inline std::string type_of_current_exception() {
#if HEDDLE_KNOWS_THROWN_TYPE
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (type != nullptr) return std::string(without_nesting(demangled(type->name())));
#endif
  return "unknown";
}

}  // namespace heddle::process
