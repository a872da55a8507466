// SPDX-License-Identifier: MIT
// The function of a partial cannot change its values.
// error: let it take values or references to const
#include <heddle/partial.hpp>
#include <string>

void call(const std::string& text) {
#ifdef CORRECT
  static_cast<void>(heddle::partial([](const std::string& own) { return own + "!"; }, text));
#else
  static_cast<void>(heddle::partial([](std::string& own) { own += "!"; }, text));
#endif
}
