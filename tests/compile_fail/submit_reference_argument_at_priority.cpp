// SPDX-License-Identifier: MIT
// A view of a pool says so, too.
// error: pass std::ref\(x\) for an x that it is to change
#include <functional>
#include <heddle/thread_pool_executor.hpp>
#include <string>

void append(std::string& to, int number);

void use(heddle::thread_pool_executor& pool, std::string& text) {
#ifdef CORRECT
  auto done = pool.with(heddle::priority::high).submit(append, std::ref(text), 3);
#else
  auto done = pool.with(heddle::priority::high).submit(append, text, 3);
#endif
}
