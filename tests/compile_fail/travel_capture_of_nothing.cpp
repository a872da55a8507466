// SPDX-License-Identifier: MIT
// A callable that may capture counts as one that does.
// error: write \[\] where nothing is captured
#include <heddle/callable_kind.hpp>

template <class F>
void send(const F&) {
  static_assert(heddle::callable_must_travel<F>);
}

void call() {
#ifdef CORRECT
  send([](int x) { return x; });
#else
  send([&](int x) { return x; });
#endif
}
