// SPDX-License-Identifier: MIT
// The calls of a bulk outlive the call that submits them, so they own their elements.
// error: std::move_iterator
#include <heddle/thread_pool_executor.hpp>
#include <iterator>
#include <memory>
#include <ranges>
#include <vector>

void use(heddle::thread_pool_executor& pool, std::vector<std::unique_ptr<int>>& owners) {
  const auto deref = [](const std::unique_ptr<int>& owner) { return *owner; };
#ifdef CORRECT
  const std::ranges::subrange moved(std::move_iterator(owners.begin()), std::move_iterator(owners.end()));
  auto futures = pool.with(heddle::priority::high).submit_bulk(deref, moved);
#else
  auto futures = pool.with(heddle::priority::high).submit_bulk(deref, owners);
#endif
}
