// SPDX-License-Identifier: MIT
// How often a thread has allocated. Counted in the unit tests' program only: unit/support/allocation_count_test.cpp
// replaces operator new there.
#pragma once

#include <cstddef>

namespace heddle_test {

/// The calls of operator new in the calling thread so far.
std::size_t allocation_count() noexcept;

/// The calls of operator new in the calling thread while `call()` ran.
template <class Call>
std::size_t allocations_in(Call&& call) {
  const std::size_t before = allocation_count();
  call();
  return allocation_count() - before;
}

}  // namespace heddle_test
