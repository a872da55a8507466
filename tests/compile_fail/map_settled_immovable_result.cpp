// SPDX-License-Identifier: MIT
// A settled<T> owns its result.
// error: return a std::unique_ptr
#include <heddle/inline_executor.hpp>
#include <memory>
#include <vector>

struct immovable {
  immovable() = default;
  immovable(immovable&&) = delete;
};

void make(heddle::inline_executor& pool, const std::vector<int>& items) {
#ifdef CORRECT
  auto results = pool.map_settled([](int) { return std::make_unique<immovable>(); }, items);
#else
  auto results = pool.map_settled([](int) { return immovable(); }, items);
#endif
}
