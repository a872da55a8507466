// SPDX-License-Identifier: MIT
// What every coroutine of a chain knows: its chain, and who awaits it.
#pragma once

#include <concepts>
#include <coroutine>

#include <heddle/coro/chain.hpp>
#include <heddle/coro/transfer.hpp>

namespace heddle::coro {

/// The base of promises. A coroutine starts lazily, as the root of a chain or awaited by another one of that chain, and
/// ends by handing the thread back.
class promise_base {
 public:
  [[nodiscard]] chain& its_chain() const noexcept { return *chain_; }

  void become_root_of(chain& its_chain) noexcept { chain_ = &its_chain; }

  /// Joins the chain of the coroutine that awaits this one.
  template <std::derived_from<promise_base> Promise>
  void become_awaited_by(std::coroutine_handle<Promise> awaiting) noexcept {
    chain_ = &awaiting.promise().its_chain();
    awaited_by_ = awaiting;
  }

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }

  [[nodiscard]] auto final_suspend() const noexcept { return hand_back{}; }

 private:
  struct hand_back {
    [[nodiscard]] bool await_ready() const noexcept { return false; }

    template <std::derived_from<promise_base> Promise>
    transfer await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      const promise_base& promise = ended.promise();
      return promise.awaited_by_ ? promise.chain_->transfer_to(promise.awaited_by_) : promise.chain_->end();
    }
    void await_resume() const noexcept {}
  };

  chain* chain_ = nullptr;
  std::coroutine_handle<> awaited_by_;
};

}  // namespace heddle::coro
