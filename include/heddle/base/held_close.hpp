// SPDX-License-Identifier: MIT
// What a loop calls again and again, held where nothing else can change it.
#pragma once

#include <type_traits>

namespace heddle::base {

/// Nothing that is empty, which may be a base of the callable that it leads to.
template <class T>
concept few_plain_bytes = std::is_object_v<T> && std::is_trivially_copyable_v<T> && !std::is_empty_v<T> &&
                          std::is_convertible_v<T&, std::remove_cv_t<T>> && sizeof(T) <= 64;

/// A copy of a T where that is a few plain bytes, else a reference to it. What a loop writes through a pointer could be
/// the callable that it calls, for all that a compiler knows, which then reads the callable's members again for each
/// element; it cannot be a copy that only the loop has. As in the standard's algorithms, a copy of a callable must be
/// as good as the callable.
template <class T>
using held_close = std::conditional_t<few_plain_bytes<T>, T, T&>;

}  // namespace heddle::base
