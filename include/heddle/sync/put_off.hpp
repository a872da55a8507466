// SPDX-License-Identifier: MIT
// What a thread does before it sleeps, if it has put that off.
#pragma once

#include <heddle/base/atomic.hpp>

namespace heddle::sync {

/// Work that this thread has put off until it is through with what it is in. Whoever would wake it may wait for that.
class put_off {
 public:
  put_off(const put_off&) = delete;
  put_off& operator=(const put_off&) = delete;

  /// For a thread that is about to sleep: does it now. True if it has done any. What waits inside of that does what is
  /// left, and so on, but not without end: it takes stack.
  static bool run_all() noexcept {
    put_off* const mine = current::get();
    return mine != nullptr && mine->run_(*mine);
  }

  /// Does it now, and leaves alone what else comes to be put off outside: what is put off in the scope is done there.
  class scope {
   public:
    scope() noexcept {
      run_all();
      outer_ = current::get();
      current::set(nullptr);
    }
    ~scope() { current::set(outer_); }
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

   private:
    put_off* outer_ = nullptr;
  };

 protected:
  using current = base::per_thread_pointer<put_off, put_off>;

  explicit put_off(bool (*run)(put_off&) noexcept) noexcept : run_(run) {}
  ~put_off() = default;

 private:
  bool (*run_)(put_off&) noexcept;
};

}  // namespace heddle::sync
