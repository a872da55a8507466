// SPDX-License-Identifier: MIT
// A scope in which a task blocks on something that heddle cannot see.
#pragma once

#include <heddle/sync/put_off.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle {

/// Tells the pool whose worker is calling that this thread sleeps until the end of the scope: on a condition variable,
/// a socket, another process. If the pool has work, another thread stands in for it meanwhile, as far as max_stand_ins
/// allows. Waiting for futures, loops and other things of heddle's says so by itself. In other threads it does nothing.
///
///     const heddle::blocking scope;
///     socket.read(buffer);
class blocking {
 public:
  blocking() noexcept : scope_(nullptr) { sync::put_off::run_all(); }

 private:
  sync::blocking_scope scope_;
};

}  // namespace heddle
