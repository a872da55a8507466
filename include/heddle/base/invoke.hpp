// SPDX-License-Identifier: MIT
// `std::invoke` without <functional>, which is a fifth of what including the thread pool would cost.
#pragma once

#include <tuple>
#include <utility>

namespace heddle::base {

/// Calls anything callable: functions, function objects, pointers to members.
template <class Callable, class... Args>
constexpr decltype(auto) invoke(Callable&& callable, Args&&... args) {
  return std::apply(std::forward<Callable>(callable), std::forward_as_tuple(std::forward<Args>(args)...));
}

}  // namespace heddle::base
