// SPDX-License-Identifier: MIT
#include <exception>
#include <heddle/base/outcome.hpp>
#include <heddle/base/report.hpp>
#include <heddle/base/shared_value.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <support/captured_stderr.hpp>
#include <support/catch.hpp>
#include <support/tracked.hpp>
#include <type_traits>
#include <utility>

using Catch::Matchers::Equals;
using heddle::base::outcome;
using heddle::base::shared_value;
using heddle_test::life_counts;
using heddle_test::tracked;

namespace {

struct immovable {
  explicit immovable(int its_value) : value(its_value) {}
  immovable(immovable&&) = delete;
  immovable& operator=(immovable&&) = delete;
  ~immovable() = default;
  int value;
};

std::string reported(const std::exception_ptr& error) {
  const heddle_test::captured_stderr captured;
  heddle::base::report_exception("it happened", error);
  return captured.text();
}

}  // namespace

TEST_CASE("an outcome keeps what a call returns without moving it", "[outcome]") {
  outcome<immovable> kept;
  kept.emplace_result_of([] { return immovable(4); });
  CHECK(kept.value().value == 4);
  kept.destroy_value();
}

TEST_CASE("an outcome of a reference refers to the same object", "[outcome]") {
  int target = 1;
  outcome<int&> kept;
  kept.emplace_result_of([&]() -> int& { return target; });
  CHECK(&kept.value() == &target);
  kept.destroy_value();
}

TEST_CASE("an outcome of nothing runs the call", "[outcome]") {
  bool ran = false;
  outcome<void> kept;
  kept.emplace_result_of([&] { ran = true; });
  kept.value();
  CHECK(ran);
}

TEST_CASE("an outcome keeps one exception and destroys what it keeps", "[outcome]") {
  life_counts counts;
  outcome<tracked> value;
  value.emplace_result_of([&] { return tracked(counts); });
  CHECK(counts.alive == 1);
  value.destroy_value();
  CHECK(counts.alive == 0);

  auto shared = std::make_shared<int>(0);
  outcome<int> error;
  error.emplace_error(std::make_exception_ptr(shared));
  CHECK(shared.use_count() == 2);
  CHECK_THROWS_AS(std::rethrow_exception(error.error()), std::shared_ptr<int>);
  error.destroy_error();
  CHECK(shared.use_count() == 1);
}

TEST_CASE("copies of a shared_value share it, and the last one destroys it", "[shared_value]") {
  life_counts counts;
  shared_value<tracked> first(std::in_place, counts);
  {
    shared_value<tracked> copy(first);
    shared_value<tracked> moved(std::move(first));
    CHECK(&*copy == &*moved);
    first = copy;
    CHECK(counts.alive == 1);
  }
  CHECK(counts.alive == 1);
  first = shared_value<tracked>(std::in_place, counts);
  CHECK(counts.alive == 1);
  {
    const shared_value<tracked> taken(std::move(first));
  }
  CHECK(counts.alive == 0);
  CHECK(counts.copies == 0);
}

TEST_CASE("a reported exception is one line that says what happened and what it says", "[report]") {
  CHECK_THAT(reported(std::make_exception_ptr(std::runtime_error("the reason"))),
             Equals("heddle: it happened: the reason\n"));
  CHECK_THAT(reported(std::make_exception_ptr(3)),
             Equals("heddle: it happened: an exception that is not derived from std::exception\n"));
}
