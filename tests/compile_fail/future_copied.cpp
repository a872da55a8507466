// SPDX-License-Identifier: MIT
// A future is the only handle of its result.
// error: (use of deleted function|call to deleted constructor|call to implicitly-deleted copy constructor)
#include <heddle/future.hpp>
#include <utility>

heddle::future<int> second(heddle::future<int>& first) {
#ifdef CORRECT
  return std::move(first);
#else
  return first;
#endif
}
