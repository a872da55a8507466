// SPDX-License-Identifier: MIT
// when_any(): one future that is done when the first of several is.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <heddle/future_range.hpp>
#include <heddle/joined_futures.hpp>

namespace heddle {

/// All the futures, and which of them was done first.
template <class Futures>
struct when_any_result {
  std::size_t index;
  Futures futures;
};

struct when_any_rule {
  template <class Futures>
  using result_type = when_any_result<Futures>;
  static constexpr bool passes_failures = false;
  static constexpr bool ends_early(std::size_t, completion::phase) noexcept { return true; }

  template <class Futures>
  static when_any_result<Futures> result(Futures& futures, std::size_t index) noexcept {
    return {index, std::move(futures)};
  }
};

/// The future of the first of several that is done, however it ended: its result says which, and has all of them. The
/// others are asked to stop (future::request_stop): those that have not begun are cancelled, shared ones for all their
/// owners. Never blocks. Takes what when_all() takes, but at least one future, else std::invalid_argument. Cancelling
/// it asks all of them to stop.
///
///     auto [index, answers] = heddle::when_any(std::move(mirrors)).result();
///     use(answers[index].result());
template <future_range R>
[[nodiscard]] auto when_any(R&& futures) {
  auto taken = take_futures(std::forward<R>(futures));
  if (taken.empty()) {
    throw std::invalid_argument("when_any() of no futures would never be done: give it one at least");
  }
  return join_futures<when_any_rule>(std::move(taken));
}

template <class... Fs>
  requires(is_future<std::remove_cvref_t<Fs>> && ...)
[[nodiscard]] auto when_any(Fs&&... futures) {
  static_assert(sizeof...(Fs) > 0, "when_any() of no futures would never be done: give it one at least");
  return join_futures<when_any_rule>(take_future_pack(std::forward<Fs>(futures)...));
}

}  // namespace heddle
