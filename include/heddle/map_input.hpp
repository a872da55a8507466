// SPDX-License-Identifier: MIT
// Where a map takes its calls from: place by place in its ranges, taken together.
#pragma once

#include <cstddef>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/shared_value.hpp>
#include <heddle/bulk.hpp>
#include <heddle/launcher.hpp>
#include <heddle/map_chunk.hpp>

namespace heddle {

/// Makes the calls of `callable` one by one. It goes on in the ranges only when it is asked for what comes next, since
/// that may wait for input or take what others want.
template <class F, class... Rs>
class map_cursor {
 public:
  using result_type = map_result_t<F, Rs...>;
  static constexpr bool is_counted = calls_are_counted<Rs...>;

  map_cursor(base::shared_value<const F> callable, Rs&... ranges)
      : callable_(std::move(callable)), at_(std::pair(std::begin(ranges), std::end(ranges))...) {}

  /// Goes to the next elements; false at the end of the shortest range.
  [[nodiscard]] bool find_next() {
    if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
    if (taken_) {
      std::apply([](auto&... each) { (static_cast<void>(++each.first), ...); }, at_);
      taken_ = false;
    }
    return std::apply([](auto&... each) { return ((each.first != each.second) && ...); }, at_);
  }

  /// The call of the elements that were found.
  [[nodiscard]] auto take_call() {
    return
        [callable = callable_, own = take()]() mutable -> result_type { return std::apply(*callable, std::move(own)); };
  }

  /// Submits it by itself, and the elements as arguments, to an executor that sends both elsewhere.
  template <class E>
  [[nodiscard]] auto submit_elements(E& on) {
    return std::apply([&](auto&&... own) { return on.submit_shared(callable_, std::move(own)...); }, take());
  }

  /// The call of those and the next ones, `size` or up to the end. What reading them throws comes later, if there is
  /// something before it.
  [[nodiscard]] auto take_chunk(std::size_t size) {
    std::vector<elements> own;
    own.reserve(size < reserved_at_most ? size : reserved_at_most);
    own.push_back(take());
    try {
      while (own.size() < size && find_next()) own.push_back(take());
    } catch (...) {
      failure_ = std::current_exception();
    }
    base::shared_value<chunk_results<result_type>> results(std::in_place, own.size());
    return chunk_call<F, elements, result_type>{callable_, std::move(own), std::move(results)};
  }

  /// How many elements were not taken.
  [[nodiscard]] std::size_t remaining() const
    requires is_counted
  {
    std::size_t least = static_cast<std::size_t>(-1);
    const auto note = [&least](std::size_t size) { least = size < least ? size : least; };
    std::apply([&](const auto&... each) { (note(distance_of(each.first, each.second)), ...); }, at_);
    return taken_ ? least - 1 : least;
  }

 private:
  using elements = std::tuple<element_of<Rs>...>;
  static constexpr std::size_t reserved_at_most = 64;

  [[nodiscard]] elements take() {
    return std::apply(
        [this](auto&... each) {
          elements own(*each.first...);
          taken_ = true;
          return own;
        },
        at_);
  }

  base::shared_value<const F> callable_;
  std::tuple<std::pair<iterator_of<Rs>, sentinel_of<Rs>>...> at_;
  bool taken_ = false;
  std::exception_ptr failure_;
};

/// Submits the task of the next `chunksize` elements; false if there is none.
template <class E, class Cursor, class Unread>
[[nodiscard]] bool submit_next(E& on, Cursor& from, std::size_t chunksize, Unread& to) {
  if (!from.find_next()) return false;
  if constexpr (remote_executor<E>) {
    if (chunksize == 1) {
      to.add_call([&] { return from.submit_elements(on); });
    } else {
      auto call = from.take_chunk(chunksize);
      const auto results = call.results;
      to.add_chunk(results, [&] { return on.submit_chunk(std::move(call)); });
    }
  } else if (chunksize == 1) {
    to.add_call([&] { return on.submit(from.take_call()); });
  } else {
    auto call = from.take_chunk(chunksize);
    to.add_chunk(call.results, [&] { return on.submit(std::move(call)); });
  }
  return true;
}

/// What a map with a buffer keeps while it is read. Rvalues were moved in; all others must outlive it.
template <class E, class F, class... Rs>
class map_input {
 public:
  using cursor = map_cursor<F, std::remove_reference_t<Rs>...>;
  using result_type = typename cursor::result_type;
  static constexpr bool is_counted = cursor::is_counted;

  map_input(E&& on, base::shared_value<const F> callable, std::size_t chunksize, Rs&&... ranges)
      : on_(std::forward<E>(on)),
        ranges_(std::forward<Rs>(ranges)...),
        cursor_(std::apply([&](auto&... kept) { return cursor(std::move(callable), kept...); }, ranges_)),
        chunksize_(chunksize) {}
  map_input(const map_input&) = delete;
  map_input& operator=(const map_input&) = delete;
  ~map_input() = default;

  template <class Unread>
  [[nodiscard]] bool submit_next(Unread& to) {
    return heddle::submit_next(on_, cursor_, chunksize_, to);
  }

  [[nodiscard]] std::size_t remaining() const
    requires is_counted
  {
    return cursor_.remaining();
  }

 private:
  std::conditional_t<std::is_move_constructible_v<E>, E, E&> on_;
  std::tuple<Rs...> ranges_;
  cursor cursor_;
  std::size_t chunksize_;
};

}  // namespace heddle
