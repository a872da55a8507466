// SPDX-License-Identifier: MIT
// What kind of class it is that cannot travel, told by its name: only to choose the sentence of an error.
#pragma once

#include <cstddef>
#include <string_view>

#include <heddle/base/type_name.hpp>
#include <heddle/process/obstacle.hpp>

namespace heddle::process {

/// "function" for std::function<...> of any standard library; empty for what is not directly in std.
[[nodiscard]] constexpr std::string_view name_in_std(std::string_view type) noexcept {
  for (const std::string_view keyword : {"class ", "struct "}) {
    if (type.starts_with(keyword)) type.remove_prefix(keyword.size());
  }
  if (!type.starts_with("std::")) return {};
  type.remove_prefix(5);
  const std::size_t inner = type.find("::");
  if (type.starts_with("__") && inner < type.find('<')) type.remove_prefix(inner + 2);
  return type.substr(0, type.find('<'));
}

[[nodiscard]] constexpr bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) noexcept {
  for (const std::string_view each : names) {
    if (name == each) return true;
  }
  return false;
}

template <class T>
[[nodiscard]] constexpr obstacle obstacle_of_unknown_class() noexcept {
  constexpr std::string_view type = base::type_name<T>();
  constexpr std::string_view name = name_in_std(type);
  if (type.ends_with("lambda>") || type.find("<lambda(") != type.npos || type.find("(lambda at") != type.npos) {
    return obstacle::closure;
  }
  if (name.empty()) return obstacle::unknown_class;
  if (is_one_of(name, {"function", "move_only_function", "copyable_function", "function_ref", "_Bind"})) {
    return obstacle::callable;
  }
  if (is_one_of(name, {"shared_ptr", "weak_ptr", "reference_wrapper"})) return obstacle::shared_ownership;
  if (is_one_of(name, {"mutex",
                       "recursive_mutex",
                       "timed_mutex",
                       "recursive_timed_mutex",
                       "shared_mutex",
                       "shared_timed_mutex",
                       "condition_variable",
                       "condition_variable_any",
                       "atomic",
                       "atomic_flag",
                       "atomic_ref",
                       "thread",
                       "jthread",
                       "future",
                       "shared_future",
                       "promise",
                       "packaged_task",
                       "unique_lock",
                       "lock_guard",
                       "scoped_lock",
                       "shared_lock",
                       "latch",
                       "barrier",
                       "counting_semaphore",
                       "once_flag",
                       "stop_token",
                       "stop_source",
                       "coroutine_handle"})) {
    return obstacle::synchronisation;
  }
  if (is_one_of(name, {"any", "exception_ptr", "type_index"})) return obstacle::erased;
  if (name == "span" || name.ends_with("string_view")) return obstacle::view;
  if (name == "unique_ptr") return obstacle::array_pointer;
  return obstacle::of_standard_library;
}

}  // namespace heddle::process
