// SPDX-License-Identifier: MIT
// when_all() and collect(): one future that is done when several are.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/outcome.hpp>
#include <heddle/future.hpp>
#include <heddle/future_range.hpp>
#include <heddle/joined_futures.hpp>

namespace heddle {

/// The futures themselves, when all are done.
struct when_all_rule {
  template <class Futures>
  using result_type = Futures;
  static constexpr bool passes_failures = false;
  static constexpr bool ends_early(std::size_t, completion::phase) noexcept { return false; }

  template <class Futures>
  static Futures result(Futures& futures, std::size_t) noexcept {
    return std::move(futures);
  }
};

/// Their values, when all are done; or the first failure.
struct collect_rule {
  template <class T>
  using kept = std::conditional_t<std::is_void_v<T>, base::nothing, T>;

  template <class Futures>
  struct result_of;
  template <class F>
  struct result_of<std::vector<F>> {
    using value = typename F::value_type;
    static_assert(!std::is_reference_v<value>,
                  "collect() makes a vector of the values, and these are references: use when_all(), or let the calls "
                  "return pointers");
    using type = std::conditional_t<std::is_void_v<value>, void, std::vector<kept<value>>>;
  };
  template <class... Fs>
  struct result_of<std::tuple<Fs...>> {
    using type = std::tuple<kept<typename Fs::value_type>...>;
  };
  template <class Futures>
  using result_type = typename result_of<Futures>::type;

  static constexpr bool passes_failures = true;
  static constexpr bool ends_early(std::size_t, completion::phase ended) noexcept {
    return ended != completion::phase::value;
  }

  template <class F>
  static result_type<std::vector<F>> result(std::vector<F>& futures, std::size_t) {
    if constexpr (!std::is_void_v<typename F::value_type>) {
      std::vector<typename F::value_type> values;
      values.reserve(futures.size());
      for (F& each : futures) values.push_back(value_of(each));
      return values;
    }
  }
  template <class... Fs>
  static result_type<std::tuple<Fs...>> result(std::tuple<Fs...>& futures, std::size_t) {
    return std::apply([](auto&... each) { return result_type<std::tuple<Fs...>>(value_of(each)...); }, futures);
  }

 private:
  template <class T>
  static kept<T> value_of(future<T>& from) {
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return std::move(from).result();
    }
  }
  template <class T>
  static kept<T> value_of(shared_future<T>& from) {
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return from.result();
    }
  }
};

/// The future of all: done when the last of them is, however each of them ended; its result are the futures, in the
/// order given. Never blocks. Takes a range of futures, which gives a vector, or some futures of any types, which gives
/// a tuple; shared_futures may be copied. Cancelling it asks all of them to stop (future::request_stop).
///
///     auto [text, picture] = heddle::when_all(std::move(a), std::move(b)).result();
template <future_range R>
[[nodiscard]] auto when_all(R&& futures) {
  return join_futures<when_all_rule>(take_futures(std::forward<R>(futures)));
}

template <class... Fs>
  requires(is_future<std::remove_cvref_t<Fs>> && ...)
[[nodiscard]] auto when_all(Fs&&... futures) {
  return join_futures<when_all_rule>(take_future_pack(std::forward<Fs>(futures)...));
}

/// The future of all values, in the order given: a vector for a range, and nothing for a range of void; a tuple for
/// some futures of any types. It is done when the last of them is; or as soon as one fails or is cancelled: it ends as
/// that one did, and the others are asked to stop. Never blocks. Otherwise as when_all().
///
///     std::vector<image> images = heddle::collect(pool.submit_bulk(decode, files)).result();
template <future_range R>
[[nodiscard]] auto collect(R&& futures) {
  return join_futures<collect_rule>(take_futures(std::forward<R>(futures)));
}

template <class... Fs>
  requires(is_future<std::remove_cvref_t<Fs>> && ...)
[[nodiscard]] auto collect(Fs&&... futures) {
  return join_futures<collect_rule>(take_future_pack(std::forward<Fs>(futures)...));
}

}  // namespace heddle
