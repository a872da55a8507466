// SPDX-License-Identifier: MIT
// A call that a worker process runs, and its result here.
#pragma once

#include <chrono>
#include <exception>
#include <type_traits>
#include <utility>

#include <heddle/base/revocable.hpp>
#include <heddle/completion/queued_state.hpp>
#include <heddle/errors.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/worker_pool.hpp>
#include <heddle/sync/deadline.hpp>

namespace heddle {

/// Made by new. `Call` is a travelling_call, or the like; it stays here until it has ended: another worker may need it.
template <class Call>
class remote_task final : public completion::queued_state<remote_task<Call>, typename Call::result_type>,
                          public process::remote_call {
  using result = typename Call::result_type;
  using base_type = completion::queued_state<remote_task, result>;
  friend base_type;

 public:
  using pool_ticket = base::revocable<process::worker_pool>::ticket;

  template <class... Given>
  remote_task(pool_ticket pool, std::chrono::nanoseconds limit, Given&&... given)
      : base_type(nullptr, completion::state_word::queued::yes),
        remote_call(limit),
        pool_(pool),
        call_(std::forward<Given>(given)...) {}

 private:
  ~remote_task() {}

  // ---- for queued_state. It is in no queue that runs it, and nobody claims it but the pool.

  static void execute() noexcept {}
  static void destroy_call() noexcept {}
  static bool stop() noexcept { return false; }

  /// Somebody has cancelled it.
  completion::state_base* give_away() noexcept {
    static_cast<void>(pool_.try_use([this](process::worker_pool& pool) { pool.cancelled(*this); }));
    return nullptr;
  }

  void fetch(sync::deadline until) {
    static_cast<void>(
        pool_.try_use([&](process::worker_pool& pool) { pool.bring(*this, until, [this] { return this->done(); }); }));
  }

  // ---- for the pool

  [[nodiscard]] const process::callable_id& function() const override { return call_.function(); }

  void encode(process::byte_sink& sink) const override { call_.encode(sink); }

  [[nodiscard]] bool try_claim() noexcept override {
    return this->word_.try_claim(completion::phase::running) == completion::phase::pending;
  }

  void take_value(process::byte_source& source) override {
    this->outcome_.emplace_result_of([&]() -> result { return call_.decode(source); });
  }
  void drop_value() noexcept override {
    this->outcome_.destroy_value();
    call_.forget_result();
  }

  [[nodiscard]] bool end_with_value() noexcept override { return end_as(completion::phase::value); }
  [[nodiscard]] bool end_with(std::exception_ptr error) noexcept override {
    this->outcome_.emplace_error(std::move(error));
    return end_as(completion::phase::error);
  }
  [[nodiscard]] bool end_cancelled() noexcept override { return end_as(completion::phase::cancelled); }

  void tell() noexcept override {
    if (this->word_.tell_and_leave(continuations_) == completion::state_word::last_owner::yes) delete this;
  }

  [[nodiscard]] std::exception_ptr make_timeout() const noexcept override try {
    return std::make_exception_ptr(task_timeout(
        "timed out: the call was not done within the timeout of its pool, so its worker process was killed"));
  } catch (...) {
    return std::current_exception();  // there is no memory to say it
  }

  void drop() noexcept override {
    call_.~Call();
    if (this->word_.leave_queue(completion::phase::cancelling) == completion::state_word::dequeue_result::free)
      delete this;
  }

  [[nodiscard]] bool end_as(completion::phase ended) noexcept {
    call_.~Call();
    static_cast<void>(this->word_.leave_queue(completion::phase::running));  // not the last: it has not ended
    completion::waiter* left = nullptr;
    const auto last = this->word_.complete_apart(ended, left);
    if (left != nullptr) {
      continuations_ = left;
      return true;
    }
    if (last == completion::state_word::last_owner::yes) delete this;
    return false;
  }

  pool_ticket pool_;
  completion::waiter* continuations_ = nullptr;
  union {  // a union, so that its destruction is ours to time
    Call call_;
  };
};

}  // namespace heddle
