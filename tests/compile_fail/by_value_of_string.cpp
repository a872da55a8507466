// SPDX-License-Identifier: MIT
// A callable with a string is more than its bytes.
// error: send it as a value
#include <heddle/by_value.hpp>
#include <heddle/partial.hpp>
#include <string>

void call(const std::string& text) {
#ifdef CORRECT
  static_cast<void>(heddle::partial([](const std::string& own, int x) { return own.size() + x; }, text));
#else
  static_cast<void>(heddle::by_value([text](int x) { return text.size() + x; }));
#endif
}
