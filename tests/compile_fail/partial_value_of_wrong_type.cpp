// SPDX-License-Identifier: MIT
// The values of a partial are checked where it is made, not where it is called.
// error: one that its value does not convert to
#include <heddle/partial.hpp>
#include <string>

void call() {
#ifdef CORRECT
  static_cast<void>(heddle::partial([](const std::string& text, int n) { return text.size() + n; }, "text"));
#else
  static_cast<void>(heddle::partial([](const std::string& text, int n) { return text.size() + n; }, 1));
#endif
}
