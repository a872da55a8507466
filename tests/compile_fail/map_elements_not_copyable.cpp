// SPDX-License-Identifier: MIT
// map() copies the elements of an lvalue range into its calls, which outlive the range's loop.
// error: map over pointers or indices
#include <heddle/thread_pool_executor.hpp>
#include <memory>
#include <vector>

void read(heddle::thread_pool_executor& pool, std::vector<std::unique_ptr<int>>& owners) {
#ifdef CORRECT
  std::vector<const int*> items;
  for (const auto& owner : owners) items.push_back(owner.get());
  auto results = pool.map([](const int* item) { return *item; }, items);
#else
  auto results = pool.map([](const std::unique_ptr<int>& item) { return *item; }, owners);
#endif
}
