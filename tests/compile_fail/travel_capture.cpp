// SPDX-License-Identifier: MIT
// What a callable has captured does not travel: the message shows the same line with partial().
// error: heddle::partial\(\[\]\(int n, int x\)
#include <heddle/callable_kind.hpp>

template <class F>
void send(const F&) {
  static_assert(heddle::callable_must_travel<F>);
}

void call(int n) {
#ifdef CORRECT
  send(heddle::partial([](int its_n, int x) { return its_n + x; }, n));
#else
  send([n](int x) { return n + x; });
#endif
}
