// SPDX-License-Identifier: MIT
// Arguments are moved into the call: a parameter that is a reference to non-const needs std::ref.
// error: pass std::ref\(x\) for an x that it is to change
#include <functional>
#include <heddle/thread_pool_executor.hpp>

void increment(heddle::thread_pool_executor& pool, int& counter) {
#ifdef CORRECT
  auto done = pool.submit([](int& value) { ++value; }, std::ref(counter));
#else
  auto done = pool.submit([](int& value) { ++value; }, counter);
#endif
}
