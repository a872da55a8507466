// SPDX-License-Identifier: MIT
// Calls the callbacks of calls that have ended.
#pragma once

#include <mutex>
#include <utility>

#include <heddle/process/pool_state.hpp>
#include <heddle/process/relay.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::process {

/// One thread at a time, of a relay that has set out; but where a callback waits by heddle's means, maybe for another
/// one, another thread calls these meanwhile. Not under the lock.
class callback_teller {
 public:
  callback_teller(pool_state& pool, relay& threads) noexcept : pool_(pool), threads_(threads) {}

  /// Does it until nobody is to be told, or another thread does it.
  void tell() {
    std::unique_lock lock(pool_.mutex);
    if (std::exchange(somebody_tells_, true)) return;
    while (remote_call* const call = pool_.to_tell.try_pop_front()) {
      lock.unlock();
      telling here(*this);
      call->tell();
      lock.lock();
      pool_.note_finished(1);
      if (here.is_over()) return;
    }
    somebody_tells_ = false;
  }

 private:
  /// What the thread is to a callback that is about to sleep in it.
  class telling final : public sync::thread_context {
   public:
    explicit telling(callback_teller& of) noexcept : thread_context(nullptr), of_(of), here_(*this) {}
    [[nodiscard]] bool is_over() const noexcept { return is_over_; }

   private:
    void about_to_block(const queue::job*) noexcept override {
      if (!std::exchange(is_over_, true)) of_.let_others_tell();
    }
    void resumed() noexcept override {}

    callback_teller& of_;
    bool is_over_ = false;
    sync::scoped_context here_;
  };

  void let_others_tell() noexcept {
    {
      const std::lock_guard lock(pool_.mutex);
      somebody_tells_ = false;
    }
    threads_.give_up();
    pool_.box.kick();  // who has the turn already is to do that, too
  }

  pool_state& pool_;
  relay& threads_;
  bool somebody_tells_ = false;  // under the pool's lock
};

}  // namespace heddle::process
