// SPDX-License-Identifier: MIT
// A value that cannot be copied is moved into the partial.
// error: write std::move\(x\)
#include <heddle/partial.hpp>
#include <memory>
#include <utility>

void call(std::unique_ptr<int>& number) {
  const auto take = [](const std::unique_ptr<int>& own) { return *own; };
#ifdef CORRECT
  static_cast<void>(heddle::partial(take, std::move(number)));
#else
  static_cast<void>(heddle::partial(take, number));
#endif
}
