// SPDX-License-Identifier: MIT
// future<T>: the result of a call that runs elsewhere. promise<T>: the other end, for results that are not calls.
#pragma once

#include <chrono>
#include <concepts>
#include <coroutine>
#include <exception>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <heddle/completion/callback.hpp>
#include <heddle/completion/continuation.hpp>
#include <heddle/completion/flattened.hpp>
#include <heddle/completion/promised_state.hpp>
#include <heddle/completion/shared_state.hpp>
#include <heddle/errors.hpp>
#include <heddle/launcher.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle {

template <class T>
class promise;
template <class T>
class future;
template <class T>
class shared_future;

/// What a call can return and a future can hold.
template <class T>
inline constexpr bool is_result_type =
    std::is_void_v<T> || std::is_lvalue_reference_v<T> || (std::is_object_v<T> && !std::is_array_v<T>);

/// Whether to block here is misuse, since an event loop runs in this thread.
[[nodiscard]] inline bool would_block_event_loop() noexcept {
  const sync::thread_context* const here = sync::current_context::get();
  return here != nullptr && here->forbids_blocking();
}

/// For the parts of heddle that make futures or wait for them in ways of their own.
struct future_access {
  /// The future that takes over the handle of `state`.
  template <class T>
  [[nodiscard]] static future<T> adopt(completion::shared_state<T>* state) noexcept {
    return future<T>(state);
  }
  template <class T>
  [[nodiscard]] static completion::shared_state<T>& state_of(const future<T>& of) {
    return of.state();
  }
  template <class T>
  [[nodiscard]] static completion::shared_state<T>& state_of(const shared_future<T>& of) {
    return of.common().state();
  }
  /// The state, whose handle the caller has from now on.
  template <class T>
  static completion::shared_state<T>* release(future<T>& of) noexcept {
    return std::exchange(of.state_, nullptr);
  }
  /// Waits as result() does, and leaves what the call threw where it is. False at the deadline.
  template <class T>
  [[nodiscard]] static bool wait_until(const future<T>& awaited, sync::deadline until) {
    return awaited.is_done_by(until);
  }
};

/// The result of a call that may not have run yet. Move-only; destroying it neither blocks nor cancels.
///
/// `T` is an object type, an lvalue reference or void. One thread at a time uses a future object, except that cancel(),
/// request_stop(), done(), running() and cancelled() may be called while another thread waits in it.
///
///     heddle::future<int> answer = pool.submit([] { return 42; });
///     int value = answer.result();
///
/// Every member but valid() throws invalid_state_error on a future without state: default-constructed, moved from, or
/// after `std::move(f).result()`.
template <class T>
class [[nodiscard]] future {
  static_assert(is_result_type<T>,
                "the result of a future is an object, an lvalue reference or void: not a T&&, which "
                "would refer to what is gone, nor an array or a function, which cannot be returned");

 public:
  using value_type = T;

  future() noexcept = default;
  future(future&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  future& operator=(future&& other) noexcept {
    future(std::move(other)).swap(*this);
    return *this;
  }
  ~future() {
    if (state_ != nullptr) state_->drop_handle();
  }

  void swap(future& other) noexcept { std::swap(state_, other.state_); }

  /// True unless default-constructed, moved from, or after `std::move(f).result()`.
  [[nodiscard]] bool valid() const noexcept { return state_ != nullptr; }

  /// True once there is a result, an exception or a cancellation. Never blocks, as the next two.
  [[nodiscard]] bool done() const { return state().done(); }

  /// True while the call runs, in this process.
  [[nodiscard]] bool running() const { return state().current() == completion::phase::running; }

  /// True if the call was cancelled, before it ran or, in a worker process, while it did.
  [[nodiscard]] bool cancelled() const { return state().current() == completion::phase::cancelled; }

  /// Cancels the call if it has not begun: it will never run, its callable is destroyed here, and who waits is told
  /// here. Returns true if the call is cancelled, by this or an earlier call; false if it runs or has run. One that
  /// runs in a worker process is cancelled, too: that kills the worker. Of what then() or submit_after() has made of
  /// calls there, only what has not begun; for more take request_stop().
  bool cancel() { return state().cancel(); }

  /// Asks the call to end early: one that has not begun is cancelled; one that runs sees it in its stop_token, if its
  /// callable takes one as first parameter, and decides itself; in a worker process it is cancelled. True if either was
  /// done, or it was cancelled before.
  bool request_stop() { return state().request_stop(); }

  /// The result, as often as wanted: a reference to it, or what a reference result refers to.
  ///
  /// Blocks until the call is done. On a worker of the executor that holds the call in its queue, runs it here instead.
  /// Rethrows what the call threw; throws cancelled_error if it was cancelled, and invalid_state_error where it would
  /// block an event loop.
  std::add_lvalue_reference_t<T> result() & {
    wait_for_result();
    return state_->value();
  }

  /// As above, to a const result.
  std::add_lvalue_reference_t<std::add_const_t<T>> result() const& {
    wait_for_result();
    return state_->value();
  }

  /// Moves the result out and leaves the future without state. Otherwise as above.
  T result() && {
    wait_for_result();
    return take_value();
  }

  /// As result(), but throws timeout_error after `timeout`; zero or less only looks. Never runs the call here: it could
  /// outlast the timeout. A worker may wait some 0.1 ms longer, so that its pool runs other calls meanwhile.
  template <class Rep, class Period>
  std::add_lvalue_reference_t<T> result(const std::chrono::duration<Rep, Period>& timeout) & {
    wait_for_result(sync::deadline_after(timeout));
    return state_->value();
  }

  template <class Rep, class Period>
  std::add_lvalue_reference_t<std::add_const_t<T>> result(const std::chrono::duration<Rep, Period>& timeout) const& {
    wait_for_result(sync::deadline_after(timeout));
    return state_->value();
  }

  template <class Rep, class Period>
  T result(const std::chrono::duration<Rep, Period>& timeout) && {
    wait_for_result(sync::deadline_after(timeout));
    return take_value();
  }

  /// What the call threw, or null if it returned. Blocks and throws as result() does, except for that exception.
  [[nodiscard]] std::exception_ptr exception() const { return wait_for_exception(sync::no_deadline); }

  template <class Rep, class Period>
  [[nodiscard]] std::exception_ptr exception(const std::chrono::duration<Rep, Period>& timeout) const {
    return wait_for_exception(sync::deadline_after(timeout));
  }

  /// Blocks until the call is done, however it ended; any thread, an event loop's too. As result(), runs it here where
  /// this thread is a worker of its executor.
  void wait() const { state().wait_until(sync::no_deadline); }

  /// As wait(), for at most `timeout`, as result() takes it. Returns done().
  template <class Rep, class Period>
  bool wait(const std::chrono::duration<Rep, Period>& timeout) const {
    return state().wait_until(sync::deadline_after(timeout));
  }

  /// Calls `callback(f)`, with this future as a const lvalue, or `callback()`, once the call is done: in the thread
  /// that completes or cancels it, after blocked threads were woken, in the order of addition; or here and now if it is
  /// done. What the callback throws is reported on the standard error stream and ignored.
  ///
  /// The callback may destroy the future, unless another thread is in a call of that object meanwhile. A callback that
  /// completes another promise runs that one's callbacks inside, so a long chain of them takes stack.
  template <class Callback>
    requires std::invocable<std::decay_t<Callback>&, const future<T>&> || std::invocable<std::decay_t<Callback>&>
  void add_done_callback(Callback&& callback) {
    auto* const told = &state();
    const auto add = [told](auto call) {
      auto* const node = new completion::callback<decltype(call)>(std::move(call));
      if (!told->try_add(*node)) node->notify(*node);
    };
    if constexpr (std::invocable<std::decay_t<Callback>&, const future<T>&>) {
      add([told, callable = std::forward<Callback>(callback)]() mutable {
        borrowed view(told);
        callable(std::as_const(view.lent));
      });
    } else {
      add(std::decay_t<Callback>(std::forward<Callback>(callback)));
    }
  }

  /// The future of what `f` makes of the result: of `f(value)`, which moves it in, or `f()` where that is void. `f`
  /// runs in the thread that completes this call, or here if it is done; what becomes due inside of another
  /// continuation runs when that has returned, or waits for something of heddle's, or says that it blocks (blocking). A
  /// failure passes by `f`, and so does a cancellation. Where `f` returns a future, this gives the future of its
  /// result.
  ///
  /// This future is left without state: write `std::move(f).then(g)`. Chains may be long: they take no stack.
  /// Cancelling the last future of one also cancels what it waits for, as far as that has not begun. If this throws, as
  /// memory ends or `f` cannot be moved, the future keeps its state.
  ///
  ///     heddle::future<image> shown = pool.submit(download, address).then(decode).then(scale);
  template <class F>
  auto then(F&& f) && {
    using step = completion::value_step<std::decay_t<F>, parent>;
    result_of<step> result;
    return result.take(continued<step>(std::forward<F>(f), completion::run_here()));
  }

  /// The same with `f` on an executor, to which it goes when this call is done and has a value. If that refuses it, the
  /// exception is in the future. What passes by `f` does not go there.
  template <class E, class F>
  auto then(E&& executor, F&& f) && {
    if constexpr (remote_executor<E>) {
      static_assert(
          std::is_lvalue_reference_v<E>,
          "then(executor, f) needs the executor later, and this one ends with the expression: give it a name");
      using submission = submission_of_values<std::remove_reference_t<E>, std::decay_t<F>>;
      return std::move(*this).then(submission{executor.make_ticket(), std::forward<F>(f)});
    } else {
      return then_on(std::forward<E>(executor), std::forward<F>(f));
    }
  }

  /// The future of this result, or of what `handler` makes of a failure: of `handler(exception_ptr)`, or with a type of
  /// exceptions `handler(E&)`, in whose place others pass by. A cancellation is no failure. Otherwise as then().
  ///
  ///     auto shown = pool.submit(load, name).catch_error<std::system_error>([](auto&) { return image(); });
  template <class E = std::exception_ptr, class F>
  future<T> catch_error(F&& handler) && {
    return continued<completion::error_step<E, std::decay_t<F>, parent>>(std::forward<F>(handler),
                                                                         completion::run_here());
  }

  template <class... Args>
  void then(Args&&...) & {
    static_assert(sizeof...(Args) == 0 && sizeof...(Args) != 0,
                  "then() takes the result out of this future: write std::move(f).then(g), or f.share() first");
  }
  template <class E = std::exception_ptr, class F>
  void catch_error(F&&) & {
    static_assert(!std::is_same_v<F, F>,
                  "catch_error() takes the result out of this future: write "
                  "std::move(f).catch_error(g)");
  }

  /// Hands the result to a shared_future, which can be copied (shared_future.hpp). This future is left without state.
  template <class Shared = shared_future<T>>
  [[nodiscard]] Shared share() && {
    return Shared(std::move(*this));
  }

  /// In a coroutine: waits for the call without blocking the thread, and gives what result() gives. The coroutine goes
  /// on in the thread that completes the call, unless its own kind of coroutine says otherwise: an asyncio::task goes
  /// on in its event loop.
  auto operator co_await() & { return awaiter<future&>(*this); }
  auto operator co_await() && { return awaiter<future&&>(*this); }

 private:
  friend struct future_access;
  friend class promise<T>;
  template <class>
  friend class future;
  template <class>
  friend class shared_future;

  /// A future that leaves the handle alone, for a callback. The completer keeps the state alive meanwhile; where the
  /// callback runs at once, because the call is done, the future itself does.
  struct borrowed {
    explicit borrowed(completion::shared_state<T>* state) noexcept : lent(state) {}
    ~borrowed() { lent.state_ = nullptr; }
    future lent;
  };

  /// `Reference` is future& or future&&: whether the result stays in the future or moves out.
  template <class Reference>
  class awaiter : completion::waiter {
   public:
    explicit awaiter(future& awaited) noexcept : waiter(kind::continuation, &resume), awaited_(awaited) {}
    ~awaiter() {
      // A coroutine that is destroyed while it waits; whoever does that must not do it while the call ends.
      if (waits_) static_cast<void>(awaited_.state().try_remove(*this));
    }

    [[nodiscard]] bool await_ready() const { return awaited_.done(); }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> suspended) {
      suspended_ = suspended;
      waits_ = true;  // before the node is in the list: the coroutine may go on, and end, in another thread at once
      if (awaited_.state().try_add(*this)) return true;
      waits_ = false;
      return false;
    }
    decltype(auto) await_resume() { return static_cast<Reference>(awaited_).result(); }

   private:
    static void resume(waiter& self) noexcept {
      auto& told = static_cast<awaiter&>(self);
      told.waits_ = false;
      told.suspended_.resume();
    }

    future& awaited_;
    std::coroutine_handle<> suspended_;
    bool waits_ = false;
  };

  explicit future(completion::shared_state<T>* state) noexcept : state_(state) {}

  using parent = completion::owned_state<T>;

  template <class E, class F>
  auto then_on(E&& executor, F&& f) {
    using step = completion::value_step<std::decay_t<F>, parent>;
    result_of<step> result;
    return result.take(continued<step>(std::forward<F>(f), make_launcher(std::forward<E>(executor))));
  }

  /// The future of a continuation, which takes the state over.
  template <class Step, class F, class Launch>
  auto continued(F&& f, Launch launch) {
    using continuation = completion::continuation<Step, parent, Launch>;
    parent taken(&state());
    continuation* made = nullptr;
    try {
      made = new continuation(std::move(taken), Step{std::forward<F>(f)}, launch);
    } catch (...) {
      static_cast<void>(taken.give_away());
      throw;
    }
    state_ = nullptr;
    auto result = future_access::adopt(made);
    made->start();
    return result;
  }

  /// What then() makes of the future of its call: that; or if the call gives a future, the future of its result, for
  /// which there is memory before the call is made.
  template <class U>
  struct flattening {
    static future<U> take(future<U>&& plain) noexcept { return std::move(plain); }
  };
  template <class U>
  struct flattening<future<U>> {
    struct take_inner {
      completion::owned_state<U> operator()(future<U>& inner) const {
        static_cast<void>(inner.state());  // throws where there is none
        return completion::owned_state<U>(std::exchange(inner.state_, nullptr));
      }
    };
    using state_type = completion::flattened<U, future<U>, take_inner>;

    flattening() : made(new state_type) {}
    flattening(const flattening&) = delete;
    flattening& operator=(const flattening&) = delete;
    ~flattening() {
      if (made != nullptr) made->discard_unused();
    }

    future<U> take(future<future<U>>&& nested) noexcept {
      state_type& started = *std::exchange(made, nullptr);
      future<U> result(&started);
      started.start(completion::owned_state<future<U>>(std::exchange(nested.state_, nullptr)));
      return result;
    }

    state_type* made;
  };
  template <class Step>
  using result_of = flattening<completion::task_result_t<typename Step::result_type>>;

  [[nodiscard]] completion::shared_state<T>& state() const {
    if (state_ == nullptr) {
      throw invalid_state_error(
          "this future has no state: it was default-constructed, moved from, or its result was moved out; "
          "check valid(), or keep the future and use `f.result()` instead of `std::move(f).result()`");
    }
    return *state_;
  }

  [[nodiscard]] bool is_done_by(sync::deadline until) const {
    if (state().done()) return true;
    if (would_block_event_loop() && std::chrono::steady_clock::now() < until) {
      throw invalid_state_error(
          "waiting for this future would block the event loop that runs in this thread: `co_await` the future instead");
    }
    return state_->wait_until(until);
  }

  void wait_until_done(sync::deadline until) const {
    if (!is_done_by(until)) throw timeout_error();
  }

  void wait_for_result(sync::deadline until = sync::no_deadline) const {
    wait_until_done(until);
    if (state_->current() != completion::phase::value) [[unlikely]]
      std::rethrow_exception(error());
  }

  std::exception_ptr wait_for_exception(sync::deadline until) const {
    wait_until_done(until);
    return state_->current() == completion::phase::value ? nullptr : error();
  }

  /// Of a call that is done and has no value.
  [[nodiscard]] std::exception_ptr error() const {
    if (state_->current() == completion::phase::cancelled) throw cancelled_error();
    return state_->error();
  }

  T take_value()
    requires std::is_void_v<T> || std::is_reference_v<T>
  {
    const future taken(std::move(*this));
    return taken.state_->value();
  }

  T take_value() {  // not one function with the above: GCC 12 moves a value once more that is returned from a block
    T value(std::move(state_->value()));  // if that throws, the future still has it
    *this = future();
    return value;
  }

  completion::shared_state<T>* state_ = nullptr;
};

/// Sets the result of a future by hand: for callbacks of other libraries, and for executors of your own.
///
/// Move-only; one thread at a time. A promise that goes without a result leaves broken_promise in its future.
///
///     heddle::promise<int> p;
///     auto f = p.get_future();
///     some_c_api([&p](int r) { p.set_value(r); });
///     int r = f.result();
template <class T>
class promise {
  static_assert(is_result_type<T>,
                "the result of a promise is an object, an lvalue reference or void: not a T&&, which "
                "would refer to what is gone, nor an array or a function, which cannot be returned");

 public:
  promise() : state_(new completion::promised_state<T>) {}
  promise(promise&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)), future_taken_(std::exchange(other.future_taken_, true)) {}
  promise& operator=(promise&& other) noexcept {
    promise(std::move(other)).swap(*this);
    return *this;
  }
  ~promise() {
    if (state_ == nullptr) return;
    if (!future_taken_) state_->drop_handle();
    state_->abandon(broken);
  }

  void swap(promise& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(future_taken_, other.future_taken_);
  }

  /// The future of this promise, once; a second call throws invalid_state_error.
  [[nodiscard]] future<T> get_future() {
    if (std::exchange(future_taken_, true)) {
      throw invalid_state_error("get_future() was called before, or this promise was moved from: it has one future");
    }
    return future<T>(state_);
  }

  /// Marks the future as running, so that it cannot be cancelled any more: call it when work on the result begins.
  /// False if the future was cancelled: then do not begin.
  [[nodiscard]] bool set_running_or_notify_cancel() {
    const completion::phase found = state().try_start();
    if (found == completion::phase::pending) return true;
    if (completion::is_cancelled(found)) return false;
    throw invalid_state_error(
        "set_running_or_notify_cancel() was called before, or the promise already has its result");
  }

  /// Makes the future's value from `args`: T for an object, an lvalue for a reference, nothing for void. Wakes who
  /// waits and calls the done callbacks here. Throws invalid_state_error if the future has its result or was cancelled.
  template <class... Args>
  void set_value(Args&&... args) {
    if constexpr (std::is_void_v<T>) {
      static_assert(sizeof...(Args) == 0,
                    "the value of a promise<void> is nothing: call set_value() without arguments");
      complete_with_result_of([] {});
    } else {
      static_assert(
          std::is_reference_v<T> ? (refers_to<Args> && ...) && sizeof...(Args) == 1
                                 : std::is_constructible_v<T, Args...>,
          "the value of a promise<T> is made from what set_value() is given, and a T cannot be made from this: "
          "pass a T, or what its constructor takes; for a promise<T&> an lvalue of type T");
      if constexpr (std::is_reference_v<T>) {
        complete_with_result_of([&]() -> T { return (static_cast<T>(args), ...); });
      } else {
        complete_with_result_of([&]() -> T { return T(std::forward<Args>(args)...); });
      }
    }
  }

  /// Makes result() throw what `error` holds. Throws std::invalid_argument if that is null, and as set_value().
  void set_exception(std::exception_ptr error) {
    if (error == nullptr) {
      throw std::invalid_argument("set_exception() needs an exception: this exception_ptr is null; use set_value()");
    }
    if (!without_result().try_complete_with(std::move(error))) throw_cancelled();
  }

 private:
  /// Whether a T& can refer to what is passed as an Arg&& itself: to an lvalue, and not to a copy of another type.
  template <class Arg>
  static constexpr bool refers_to = std::is_lvalue_reference_v<Arg> &&
                                    std::is_convertible_v<std::remove_reference_t<Arg>*, std::remove_reference_t<T>*>;

  /// Made only where it is needed, and where there is no memory for it, that is the error.
  [[nodiscard]] static std::exception_ptr broken() noexcept {
    try {
      throw broken_promise();
    } catch (...) {
      return std::current_exception();
    }
  }

  [[nodiscard]] completion::promised_state<T>& state() const {
    if (state_ == nullptr) throw invalid_state_error("this promise was moved from: use the one it was moved to");
    return *state_;
  }

  template <class Call>
  void complete_with_result_of(Call call) {
    if (!without_result().try_complete_with_result_of(call)) throw_cancelled();
  }

  /// The state, if it may get its result now.
  [[nodiscard]] completion::promised_state<T>& without_result() const {
    const completion::phase found = state().current();
    if (completion::is_cancelled(found)) throw_cancelled();
    if (completion::is_terminal(found)) throw invalid_state_error("the promise already has its result, which stays");
    return *state_;
  }

  [[noreturn]] static void throw_cancelled() {
    throw invalid_state_error(
        "the future was cancelled, so it takes no result: ask set_running_or_notify_cancel() first");
  }

  completion::promised_state<T>* state_;
  bool future_taken_ = false;
};

}  // namespace heddle
