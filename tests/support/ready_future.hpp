// SPDX-License-Identifier: MIT
// A future that is done when it is made.
#pragma once

#include <heddle/future.hpp>
#include <type_traits>
#include <utility>

namespace heddle_test {

template <class T>
heddle::future<std::decay_t<T>> ready(T&& value) {
  heddle::promise<std::decay_t<T>> p;
  p.set_value(std::forward<T>(value));
  return p.get_future();
}

}  // namespace heddle_test
