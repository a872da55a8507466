// SPDX-License-Identifier: MIT
// Values by which one sees in which order they were combined, and failures by which one sees which came first.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace heddle_test {

/// Numbers of very different sizes, whose sum depends on the order.
inline std::vector<double> uneven_numbers(std::size_t size) {
  std::mt19937_64 random(size);
  std::uniform_real_distribution<double> exponent(-30, 30);
  std::vector<double> numbers(size);
  for (double& each : numbers) each = std::exp2(exponent(random)) * (random() % 2 == 0 ? 1 : -1);
  return numbers;
}

inline std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }

/// 2 x 2 matrices modulo a prime: an associative product that is not commutative.
struct matrix {
  std::array<std::uint64_t, 4> at;
  friend matrix operator*(const matrix& a, const matrix& b) {
    constexpr std::uint64_t prime = 1'000'003;
    const auto entry = [&](std::size_t row, std::size_t column) {
      return (a.at[row] * b.at[column] + a.at[row + 1] * b.at[column + 2]) % prime;
    };
    return {{entry(0, 0), entry(0, 1), entry(2, 0), entry(2, 1)}};
  }
  friend bool operator==(const matrix&, const matrix&) = default;
};

/// What `call()` throws, as a number; -1 if it does not.
template <class Call>
int number_thrown_by(const Call& call) {
  try {
    call();
  } catch (int number) {
    return number;
  }
  return -1;
}

}  // namespace heddle_test
