// SPDX-License-Identifier: MIT
// A call that a worker process runs, and its result here.
#pragma once

#include <chrono>
#include <exception>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/base/revocable.hpp>
#include <heddle/completion/queued_state.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/errors.hpp>
#include <heddle/process/argument.hpp>
#include <heddle/process/codec.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/worker_call.hpp>
#include <heddle/process/worker_pool.hpp>
#include <heddle/remote_callable.hpp>
#include <heddle/stop_token.hpp>
#include <heddle/sync/deadline.hpp>

namespace heddle {

/// As what an argument is passed to a call in another process: a string literal as a std::string.
template <class Arg>
struct remote_argument {
  using type = std::decay_t<Arg>;
};
template <class Arg>
  requires std::is_convertible_v<Arg, const char*> && std::is_pointer_v<std::decay_t<Arg>>
struct remote_argument<Arg> {
  using type = std::string;
};
template <class Arg>
using remote_argument_t = typename remote_argument<Arg>::type;

/// What a call in another process returns.
template <class F, class... Args>
using remote_result_t = completion::task_result_t<completion::call_result_t<F, Args...>>;

/// Runs in the worker: makes the callable and the arguments anew, calls, and answers.
template <class F, class... Args>
void run_remote_task(process::worker_call& call) {
  using result = remote_result_t<F, Args...>;
  process::byte_source& source = call.arguments();
  F callable = callable_codec<F, &run_remote_task<F, Args...>>::decode(source);
  process::received_arguments<Args...> arguments(source);
  if (!call.end_of_arguments()) return;
  const auto invoke = [&]() -> decltype(auto) {
    return arguments.apply([&](auto&&... each) -> decltype(auto) {
      if constexpr (completion::takes_stop_token<F, Args...>) {
        return std::move(callable)(stop_token(), std::forward<decltype(each)>(each)...);
      } else {
        return std::move(callable)(std::forward<decltype(each)>(each)...);
      }
    });
  };
  if constexpr (std::is_void_v<result>) {
    invoke();
    call.answer([](process::byte_sink&) {});
  } else {
    const result value = invoke();
    call.answer([&](process::byte_sink& sink) { process::encode(sink, value); });
  }
}

/// Made by new. The callable and the arguments stay here until the call has ended: another worker may need them.
template <class F, class... Args>
class remote_task final : public completion::queued_state<remote_task<F, Args...>, remote_result_t<F, Args...>>,
                          public process::remote_call {
  using result = remote_result_t<F, Args...>;
  using base_type = completion::queued_state<remote_task, result>;
  friend base_type;

 public:
  using pool_ticket = base::revocable<process::worker_pool>::ticket;

  template <class G, class... Given>
  remote_task(pool_ticket pool, std::chrono::nanoseconds limit, G&& callable, Given&&... given)
      : base_type(nullptr, completion::state_word::queued::yes),
        remote_call(limit),
        pool_(pool),
        held_(std::forward<G>(callable), std::forward<Given>(given)...) {}

 private:
  struct held {
    template <class G, class... Given>
    explicit held(G&& f, Given&&... given) : callable(std::forward<G>(f)), arguments(std::forward<Given>(given)...) {}
    [[no_unique_address]] F callable;
    [[no_unique_address]] std::tuple<typename process::owner_of<Args>::type...> arguments;
  };

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
    static_cast<void>(pool_.try_use(
        [&](process::worker_pool& pool) { pool.bring(*this, until, [this] { return this->done(); }); }));
  }

  // ---- for the pool

  [[nodiscard]] const process::callable_id& function() const override {
    return process::id_of<&run_remote_task<F, Args...>>();
  }

  void encode(process::byte_sink& sink) const override {
    callable_codec<F, &run_remote_task<F, Args...>>::encode(sink, held_.callable);
    std::apply([&](const auto&... each) { (process::encode(sink, each), ...); }, held_.arguments);
  }

  [[nodiscard]] bool try_claim() noexcept override {
    return this->word_.try_claim(completion::phase::running) == completion::phase::pending;
  }

  void take_value(process::byte_source& source) override {
    if constexpr (!std::is_void_v<result>) {
      this->outcome_.emplace_result_of([&] { return process::decode<std::remove_const_t<result>>(source); });
    }
  }
  void drop_value() noexcept override { this->outcome_.destroy_value(); }

  [[nodiscard]] bool end_with_value() noexcept override { return end_as(completion::phase::value); }
  [[nodiscard]] bool end_with(std::exception_ptr error) noexcept override {
    this->outcome_.emplace_error(std::move(error));
    return end_as(completion::phase::error);
  }
  [[nodiscard]] bool end_cancelled() noexcept override { return end_as(completion::phase::cancelled); }

  void tell() noexcept override {
    if (this->word_.tell_and_leave(continuations_) == completion::state_word::last_owner::yes) delete this;
  }

  [[nodiscard]] std::exception_ptr make_timeout() const noexcept override {
    return std::make_exception_ptr(task_timeout(
        "timed out: the call was not done within its time limit, so its worker process was killed"));
  }

  void drop() noexcept override {
    held_.~held();
    if (this->word_.leave_queue(completion::phase::cancelling) == completion::state_word::dequeue_result::free)
      delete this;
  }

  [[nodiscard]] bool end_as(completion::phase ended) noexcept {
    held_.~held();
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
    held held_;
  };
};

}  // namespace heddle
