// SPDX-License-Identifier: MIT
// shared_future<T>: the result of a call, for several owners.
#pragma once

#include <chrono>
#include <exception>
#include <type_traits>
#include <utility>

#include <heddle/base/shared_value.hpp>
#include <heddle/future.hpp>

namespace heddle {

template <class T>
class shared_parent;

/// One result for many: copies share it, and the last one lets go of it. What `std::move(f).share()` returns; one
/// allocation. Different threads may use different copies at the same time, and const members of one.
///
///     heddle::shared_future<config> settings = pool.submit(read_config, path).share();
///     for (server& each : servers) pool.post([&each, settings] { each.start(settings.result()); });
///
/// Members do what those of future do, but give a const T&, and throw invalid_state_error on one without state.
template <class T>
class [[nodiscard]] shared_future {
 public:
  using value_type = T;

  shared_future() noexcept = default;

  /// Takes the state of `owned` over, if it has one.
  shared_future(future<T>&& owned)  // NOLINT(google-explicit-constructor): as std::shared_future
      : future_(owned.valid() ? shared(std::in_place, std::move(owned)) : shared()) {}

  [[nodiscard]] bool valid() const noexcept { return future_.has_value(); }
  [[nodiscard]] bool done() const { return common().done(); }
  [[nodiscard]] bool running() const { return common().running(); }
  [[nodiscard]] bool cancelled() const { return common().cancelled(); }

  /// Cancels the call for all owners, if it has not begun.
  bool cancel() { return common().cancel(); }

  /// Asks the call to end early, for all owners.
  bool request_stop() { return common().request_stop(); }

  std::add_lvalue_reference_t<std::add_const_t<T>> result() const { return std::as_const(common()).result(); }

  template <class Rep, class Period>
  std::add_lvalue_reference_t<std::add_const_t<T>> result(const std::chrono::duration<Rep, Period>& timeout) const {
    return std::as_const(common()).result(timeout);
  }

  [[nodiscard]] std::exception_ptr exception() const { return common().exception(); }

  template <class Rep, class Period>
  [[nodiscard]] std::exception_ptr exception(const std::chrono::duration<Rep, Period>& timeout) const {
    return common().exception(timeout);
  }

  void wait() const { common().wait(); }

  template <class Rep, class Period>
  bool wait(const std::chrono::duration<Rep, Period>& timeout) const {
    return common().wait(timeout);
  }

  /// The callback gets the `const future<T>&` that all owners share, or nothing.
  template <class Callback>
    requires std::invocable<std::decay_t<Callback>&, const future<T>&> || std::invocable<std::decay_t<Callback>&>
  void add_done_callback(Callback&& callback) {
    common().add_done_callback(std::forward<Callback>(callback));
  }

  /// As future::then(), but f gets a const T&, and this future keeps its result for others.
  template <class F>
  auto then(F&& f) const {
    typename future<T>::template result_of<step<F>> result;
    return result.take(continued(std::forward<F>(f), completion::run_here()));
  }

  template <class E, class F>
  auto then(E&& executor, F&& f) const {
    typename future<T>::template result_of<step<F>> result;
    return result.take(continued(std::forward<F>(f), make_launcher(std::forward<E>(executor))));
  }

  /// In a coroutine: gives what result() gives.
  auto operator co_await() const { return awaiter(*this); }

 private:
  friend struct future_access;
  using shared = base::shared_value<future<T>>;

  /// Keeps the result while the coroutine waits, and gives it as const.
  struct awaiter {
    explicit awaiter(const shared_future& of) : owner(of), waits_for(owner.common().operator co_await()) {}
    [[nodiscard]] bool await_ready() const { return waits_for.await_ready(); }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> suspended) { return waits_for.await_suspend(suspended); }
    std::add_lvalue_reference_t<std::add_const_t<T>> await_resume() { return owner.result(); }

    shared_future owner;
    decltype(std::declval<future<T>&>().operator co_await()) waits_for;
  };

  template <class F>
  using step = completion::value_step<std::decay_t<F>, shared_parent<T>>;

  template <class F, class Launch>
  auto continued(F&& f, Launch launch) const {
    static_cast<void>(common());
    auto* const made = new completion::continuation<step<F>, shared_parent<T>, Launch>(
        shared_parent<T>(*this), step<F>{std::forward<F>(f)}, launch);
    auto result = future_access::adopt(made);
    made->start();
    return result;
  }

  [[nodiscard]] future<T>& common() const {
    if (!valid()) {
      throw invalid_state_error(
          "this shared_future has no state: it was default-constructed or moved from; check valid()");
    }
    return *future_;
  }

  shared future_;
};

/// The handle of a continuation of a shared_future.
template <class T>
class shared_parent {
 public:
  using value_type = T;
  explicit shared_parent(shared_future<T> of) noexcept : kept_(std::move(of)) {}
  [[nodiscard]] completion::shared_state<T>& state() const { return future_access::state_of(kept_); }
  [[nodiscard]] static completion::state_base* give_away() noexcept { return nullptr; }  // others may want the result
  std::add_lvalue_reference_t<std::add_const_t<T>> take() const { return kept_.result(); }

 private:
  shared_future<T> kept_;
};

}  // namespace heddle
