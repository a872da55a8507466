// SPDX-License-Identifier: MIT
// What a map() can be asked for.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <type_traits>

#include <heddle/sync/timeout.hpp>

namespace heddle {

/// Of map(), starmap(), map_unordered() and map_settled(), as their second argument: pool.map(f, {.timeout = 5s}, xs).
struct map_options {
  /// How long all of it may take, from the call of map() on; for ever, if not said. A result that is not done by then
  /// is waited for no longer: reading it throws map_timeout_error, and the map ends. What is done already is given.
  /// While there is a timeout, a worker that waits does not run the awaited call itself: see future::result().
  sync::timeout timeout = sync::no_timeout;
  /// How many elements a task calls one after the other: at least 1; more save time where calls take less than some
  /// microseconds. Each element has its own result or error.
  std::size_t chunksize = 1;
  /// How many tasks may be submitted and not read; 0: all are submitted at the call. With a bound, the next one is
  /// submitted just before a result is given, and inputs may be infinite: the ranges are kept until then, lvalues by
  /// reference, as the executor is, and rvalues moved in.
  std::size_t buffersize = 0;

  /// Throws std::invalid_argument if a number is out of its range.
  void check() const {
    if (chunksize == 0) {
      throw std::invalid_argument(
          "map(): a task of chunksize 0 elements would do nothing: chunksize must be at least 1; leave it out for a "
          "task for each element");
    }
  }
};

/// Whether the first of these types is that of options: then it is no range.
template <class... Rs>
inline constexpr bool begins_with_options = false;
template <class R, class... Rs>
inline constexpr bool begins_with_options<R, Rs...> = std::is_same_v<std::remove_cvref_t<R>, map_options>;

/// Always true; says what is wrong if options are not in their place.
template <class... Rs>
consteval bool options_come_second() {
  static_assert((!begins_with_options<Rs> && ...),
                "the options of a map come second, before the ranges: map(f, {.timeout = 5s}, xs...)");
  return true;
}

}  // namespace heddle
