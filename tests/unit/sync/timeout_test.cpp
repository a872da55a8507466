// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdint>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/timeout.hpp>
#include <limits>
#include <ratio>
#include <support/catch.hpp>
#include <type_traits>

using namespace std::chrono_literals;
using heddle::sync::no_deadline;
using heddle::sync::no_wait;
using heddle::sync::timeout;
using clock_type = std::chrono::steady_clock;

namespace {

using seconds_as_double = std::chrono::duration<double>;
using seconds_as_float = std::chrono::duration<float>;
using years = std::chrono::duration<std::int64_t, std::ratio<31556952>>;
using attoseconds = std::chrono::duration<std::int64_t, std::atto>;
using hours_of_a_byte = std::chrono::duration<std::uint8_t, std::ratio<3600>>;

struct options {
  timeout limit = {};
  int other = 0;
};

/// Whether the deadline is that far from now.
bool is_in(const timeout& checked, clock_type::duration length) {
  const auto before = clock_type::now();
  const auto deadline = checked.deadline();
  const auto after = clock_type::now();
  return deadline >= before + length && deadline <= after + length;
}

}  // namespace

static_assert(std::is_convertible_v<std::chrono::nanoseconds, timeout>);
static_assert(std::is_convertible_v<seconds_as_float, timeout> && std::is_convertible_v<years, timeout>);
static_assert(!std::is_convertible_v<int, timeout> && !std::is_convertible_v<double, timeout>);
static_assert(timeout().is_never() && timeout(years(100)).is_never() && !timeout(years(99)).is_never());
static_assert(timeout(0s).only_looks() && timeout(-1ns).only_looks() && !timeout(1ns).only_looks());
static_assert(options{.limit = 5s}.limit.is_never() == false && options{.other = 1}.limit.is_never());
static_assert(std::is_trivially_copyable_v<timeout> && sizeof(timeout) == sizeof(clock_type::duration));

TEST_CASE("a timeout is as long as the duration it was made of, from its wait on", "[timeout]") {
  CHECK(is_in(5s, 5s));
  CHECK(is_in(1ns, 1ns));
  CHECK(is_in(seconds_as_double(0.5), 500ms));
  CHECK(is_in(seconds_as_float(0.5F), 500ms));
  CHECK(is_in(hours_of_a_byte(255), 255h));
  CHECK(is_in(years(99), years(99)));
  const options given{.limit = 2min};
  CHECK(is_in(given.limit, 120s));
  CHECK(is_in(given.limit, 120s));
}

TEST_CASE("a timeout rounds up to what the clock can tell", "[timeout]") {
  CHECK(is_in(attoseconds(1), 1ns));
  CHECK(is_in(seconds_as_double(1e-300), 1ns));
  CHECK(is_in(seconds_as_double(1.5e-9), 2ns));
}

TEST_CASE("a timeout of zero, less, or no number only looks", "[timeout]") {
  CHECK(timeout(0s).deadline() == no_wait);
  CHECK(timeout(-5s).deadline() == no_wait);
  CHECK(timeout((std::chrono::hours::min)()).deadline() == no_wait);
  CHECK(timeout(seconds_as_double(-0.0)).deadline() == no_wait);
  CHECK(timeout(seconds_as_double(std::numeric_limits<double>::quiet_NaN())).deadline() == no_wait);
  CHECK(timeout(seconds_as_float(-std::numeric_limits<float>::infinity())).deadline() == no_wait);
}

TEST_CASE("a timeout of a century, more, or of nothing is for ever", "[timeout]") {
  CHECK(timeout().deadline() == no_deadline);
  CHECK(timeout(years(100)).deadline() == no_deadline);
  CHECK(timeout((std::chrono::hours::max)()).deadline() == no_deadline);
  CHECK(timeout((years::max)()).deadline() == no_deadline);
  CHECK(timeout((seconds_as_double::max)()).deadline() == no_deadline);
  CHECK(timeout(seconds_as_double(std::numeric_limits<double>::infinity())).deadline() == no_deadline);
}
