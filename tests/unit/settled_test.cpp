// SPDX-License-Identifier: MIT
#include <exception>
#include <heddle/settled.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <support/catch.hpp>
#include <type_traits>
#include <utility>

using heddle::settled;

namespace {

std::exception_ptr error_of(int code) { return std::make_exception_ptr(code); }

}  // namespace

static_assert(std::is_copy_constructible_v<settled<int>> && std::is_nothrow_move_constructible_v<settled<std::string>>);
static_assert(!std::is_copy_constructible_v<settled<std::unique_ptr<int>>>);
static_assert(!std::is_convertible_v<settled<int>, bool> && !std::is_convertible_v<int, settled<int>>);
static_assert(std::is_same_v<decltype(std::declval<settled<int>&>().value()), int&>);
static_assert(std::is_same_v<decltype(std::declval<const settled<int>&>().value()), const int&>);
static_assert(std::is_same_v<decltype(std::declval<settled<int>>().value()), int>);
static_assert(std::is_same_v<decltype(std::declval<const settled<int&>&>().value()), int&>);
static_assert(std::is_void_v<decltype(std::declval<settled<void>&>().value())>);

TEST_CASE("a settled value has a value and no error", "[settled]") {
  settled<std::string> text(std::in_place, 3U, 'x');
  CHECK(text.has_value());
  CHECK(text);
  CHECK(text.error() == nullptr);
  text.value() += 'y';
  const settled<std::string> copy = text;
  CHECK(copy.value() == "xxxy");
  CHECK(std::move(text).value() == "xxxy");
  int target = 1;
  const settled<int&> reference(std::in_place, target);
  CHECK(&reference.value() == &target);
  const settled<void> nothing{std::in_place};
  CHECK(nothing);
  nothing.value();
  settled<std::unique_ptr<int>> owner(std::in_place, std::make_unique<int>(2));
  CHECK(*std::move(owner).value() == 2);
}

TEST_CASE("a settled error is told and thrown as it was, as often as wanted", "[settled]") {
  const settled<int> failed(error_of(7));
  CHECK_FALSE(failed.has_value());
  CHECK_FALSE(failed);
  CHECK(failed.error() != nullptr);
  CHECK_THROWS_AS(failed.value(), int);
  settled<int> copy = failed;
  CHECK(copy.error() == failed.error());
  CHECK_THROWS_AS(copy.value(), int);
  CHECK_THROWS_AS(std::move(copy).value(), int);
  CHECK_THROWS_AS(settled<void>(error_of(1)).value(), int);
  CHECK_THROWS_AS(settled<int&>(error_of(1)).value(), int);
}
