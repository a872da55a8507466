// SPDX-License-Identifier: MIT
// held_close: what is copied, and what is referred to.

#include <heddle/base/held_close.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>

#include <support/catch.hpp>

namespace {

template <class T>
constexpr bool is_copied = std::is_same_v<heddle::base::held_close<T>, T>;

template <class T>
constexpr bool is_referred_to = std::is_same_v<heddle::base::held_close<T>, T&>;

struct pinned {
  pinned() = default;
  pinned(const pinned&) = delete;
  pinned& operator=(const pinned&) = delete;
};

struct movable {
  movable(movable&&) = default;
  movable& operator=(movable&&) = default;
};

struct copied_by_name {
  copied_by_name() = default;
  explicit copied_by_name(const copied_by_name&) = default;
  int plain = 0;
};

template <class Derived>
struct base_without_members {
  void operator()(int i) const { static_cast<const Derived&>(*this).call(i); }
};

}  // namespace

TEST_CASE("a few plain bytes are held as a copy, all else by reference", "[held_close]") {
  const double factor = 2;
  const auto by_value = [factor](double x) { return factor * x; };
  const auto by_reference = [&factor](double x) { return factor * x; };
  STATIC_REQUIRE(is_copied<decltype(by_value)>);
  STATIC_REQUIRE(is_copied<decltype(by_reference)>);
  STATIC_REQUIRE(is_copied<const int*>);
  STATIC_REQUIRE(is_copied<std::size_t (std::string::*)() const>);
  STATIC_REQUIRE(is_copied<const std::array<char, 64>>);

  STATIC_REQUIRE(is_referred_to<const std::array<char, 65>>);
  STATIC_REQUIRE(is_referred_to<std::string>);
  STATIC_REQUIRE(is_referred_to<pinned>);
  STATIC_REQUIRE(is_referred_to<movable>);
  STATIC_REQUIRE(is_referred_to<void(int)>);
  STATIC_REQUIRE(is_referred_to<const copied_by_name>);
  STATIC_REQUIRE(is_referred_to<const base_without_members<pinned>>);
}
