// SPDX-License-Identifier: MIT
// Ids of functions that mean the same in every process of a program, wherever its modules are loaded.
#pragma once

#include <cstdint>
#include <type_traits>

#include <heddle/process/module_list.hpp>

namespace heddle::process {

/// The id of a function that is known only at run time: some 30 ns. Throws callable_not_found for one that is in no
/// module.
template <class R, class... Args>
[[nodiscard]] callable_id id_of(R (*function)(Args...)) {
  return module_list::of_this_process().find(reinterpret_cast<const void*>(function));
}

/// The id of this function, which is looked for once; a nanosecond after that.
///
/// Its address cannot come to mean anything else: the code that calls this is in the module of the function, or in one
/// that needs it.
template <auto Function>
[[nodiscard]] const callable_id& id_of() {
  static_assert(std::is_function_v<std::remove_pointer_t<decltype(Function)>>, "give the name of a function");
  static const callable_id id = id_of(Function);
  return id;
}

}  // namespace heddle::process
