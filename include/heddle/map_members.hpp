// SPDX-License-Identifier: MIT
// map(), starmap(), map_unordered() and map_settled() as members, for every executor to inherit.
#pragma once

#include <type_traits>
#include <utility>

#include <heddle/map.hpp>
#include <heddle/map_options.hpp>

namespace heddle {

/// Gives an executor E that derives from it the functions of map.hpp as members, on itself:
///
///     class my_executor : public heddle::map_members<my_executor> { ... };
///
/// For views, which are copied into what they begin, derive from `map_members<const my_view>`: see there.
template <class E>
class map_members {
  friend E;
  constexpr map_members() noexcept = default;

 public:
  /// heddle::map() on this executor.
  template <class F, class... Rs>
    requires(!begins_with_options<Rs...>)
  [[nodiscard]] auto map(F&& callable, Rs&&... ranges) {
    return heddle::map(self(), std::forward<F>(callable), std::forward<Rs>(ranges)...);
  }

  template <class F, class... Rs>
  [[nodiscard]] auto map(F&& callable, const map_options& options, Rs&&... ranges) {
    return heddle::map(self(), std::forward<F>(callable), options, std::forward<Rs>(ranges)...);
  }

  /// heddle::starmap() on this executor.
  template <class F, class R>
    requires(!begins_with_options<R>)
  [[nodiscard]] auto starmap(F&& callable, R&& tuples) {
    return heddle::starmap(self(), std::forward<F>(callable), std::forward<R>(tuples));
  }

  template <class F, class R>
  [[nodiscard]] auto starmap(F&& callable, const map_options& options, R&& tuples) {
    return heddle::starmap(self(), std::forward<F>(callable), options, std::forward<R>(tuples));
  }

  /// heddle::map_unordered() on this executor.
  template <class F, class... Rs>
    requires(!begins_with_options<Rs...>)
  [[nodiscard]] auto map_unordered(F&& callable, Rs&&... ranges) {
    return heddle::map_unordered(self(), std::forward<F>(callable), std::forward<Rs>(ranges)...);
  }

  template <class F, class... Rs>
  [[nodiscard]] auto map_unordered(F&& callable, const map_options& options, Rs&&... ranges) {
    return heddle::map_unordered(self(), std::forward<F>(callable), options, std::forward<Rs>(ranges)...);
  }

  /// heddle::map_settled() on this executor.
  template <class F, class... Rs>
    requires(!begins_with_options<Rs...>)
  [[nodiscard]] auto map_settled(F&& callable, Rs&&... ranges) {
    return heddle::map_settled(self(), std::forward<F>(callable), std::forward<Rs>(ranges)...);
  }

  template <class F, class... Rs>
  [[nodiscard]] auto map_settled(F&& callable, const map_options& options, Rs&&... ranges) {
    return heddle::map_settled(self(), std::forward<F>(callable), options, std::forward<Rs>(ranges)...);
  }

  // Options in braces that come last: those with a name, map() itself finds.
  template <class F, class R>
  void map(F&&, R&&, const map_options&) {
    static_assert(options_come_second<std::conditional_t<true, map_options, R>>());
  }
  template <class F, class R, class Other>
  void map(F&&, R&&, Other&&, const map_options&) {
    static_assert(options_come_second<std::conditional_t<true, map_options, R>>());
  }

  [[nodiscard]] bool operator==(const map_members&) const noexcept = default;  // for executors that are compared

 private:
  [[nodiscard]] E& self() noexcept { return static_cast<E&>(*this); }
};

/// The same for an executor that is a handle: its members are const, and a map with a buffer keeps a copy of it.
template <class E>
class map_members<const E> {
  friend E;
  constexpr map_members() noexcept = default;

 public:
  template <class F, class... Rs>
    requires(!begins_with_options<Rs...>)
  [[nodiscard]] auto map(F&& callable, Rs&&... ranges) const {
    return heddle::map(self(), std::forward<F>(callable), std::forward<Rs>(ranges)...);
  }

  template <class F, class... Rs>
  [[nodiscard]] auto map(F&& callable, const map_options& options, Rs&&... ranges) const {
    return heddle::map(self(), std::forward<F>(callable), options, std::forward<Rs>(ranges)...);
  }

  template <class F, class R>
    requires(!begins_with_options<R>)
  [[nodiscard]] auto starmap(F&& callable, R&& tuples) const {
    return heddle::starmap(self(), std::forward<F>(callable), std::forward<R>(tuples));
  }

  template <class F, class R>
  [[nodiscard]] auto starmap(F&& callable, const map_options& options, R&& tuples) const {
    return heddle::starmap(self(), std::forward<F>(callable), options, std::forward<R>(tuples));
  }

  template <class F, class... Rs>
    requires(!begins_with_options<Rs...>)
  [[nodiscard]] auto map_unordered(F&& callable, Rs&&... ranges) const {
    return heddle::map_unordered(self(), std::forward<F>(callable), std::forward<Rs>(ranges)...);
  }

  template <class F, class... Rs>
  [[nodiscard]] auto map_unordered(F&& callable, const map_options& options, Rs&&... ranges) const {
    return heddle::map_unordered(self(), std::forward<F>(callable), options, std::forward<Rs>(ranges)...);
  }

  template <class F, class... Rs>
    requires(!begins_with_options<Rs...>)
  [[nodiscard]] auto map_settled(F&& callable, Rs&&... ranges) const {
    return heddle::map_settled(self(), std::forward<F>(callable), std::forward<Rs>(ranges)...);
  }

  template <class F, class... Rs>
  [[nodiscard]] auto map_settled(F&& callable, const map_options& options, Rs&&... ranges) const {
    return heddle::map_settled(self(), std::forward<F>(callable), options, std::forward<Rs>(ranges)...);
  }

  template <class F, class R>
  void map(F&&, R&&, const map_options&) const {
    static_assert(options_come_second<std::conditional_t<true, map_options, R>>());
  }
  template <class F, class R, class Other>
  void map(F&&, R&&, Other&&, const map_options&) const {
    static_assert(options_come_second<std::conditional_t<true, map_options, R>>());
  }

  [[nodiscard]] bool operator==(const map_members&) const noexcept = default;

 private:
  [[nodiscard]] E self() const { return static_cast<const E&>(*this); }
};

}  // namespace heddle
