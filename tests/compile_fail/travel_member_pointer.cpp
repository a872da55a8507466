// SPDX-License-Identifier: MIT
// Pointers to members do not travel.
// error: write \[\]\(const T& object\)
#include <heddle/callable_kind.hpp>
#include <string>

template <class F>
void send(const F&) {
  static_assert(heddle::callable_must_travel<F>);
}

void call() {
#ifdef CORRECT
  send([](const std::string& text) { return text.size(); });
#else
  send(&std::string::size);
#endif
}
