// SPDX-License-Identifier: MIT
// as_completed() refers to futures, so they must not be made again whenever the range is read.
// error: made as it is read
#include <heddle/as_completed.hpp>
#include <heddle/inline_executor.hpp>
#include <ranges>
#include <vector>

void nothing(heddle::inline_executor& pool) {
  auto calls = std::views::iota(0, 4) | std::views::transform([&](int i) { return pool.submit([i] { return i; }); });
#ifdef CORRECT
  for (auto& each : heddle::as_completed(std::vector(calls.begin(), calls.end()))) {
#else
  for (auto& each : heddle::as_completed(calls)) {
#endif
    each.result();
  }
}
