// SPDX-License-Identifier: MIT
// use_future: operations of Asio's give futures of heddle's.
#pragma once

#include <exception>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/asio/library.hpp>
#include <heddle/future.hpp>

namespace heddle {

/// The type of use_future.
struct use_future_t {};

/// A completion token: the operation returns a heddle::future of its result, for callbacks, asyncio and loops.
///
///     heddle::future<std::size_t> got = socket.async_read_some(buffer, heddle::use_future);
///
/// Of an operation that gives an error code and nothing else it is a future<void>, and of several results one of
/// a std::tuple. An error code becomes std::system_error, an exception_ptr what it holds, and an operation that Asio
/// destroys without an end broken_promise. The operation has begun, so that cancel() fails: cancel it in Asio's ways.
inline constexpr use_future_t use_future{};

template <class T>
inline constexpr bool is_asio_error = std::is_same_v<T, asio_error_code> || std::is_same_v<T, std::exception_ptr>;

/// What the future of an operation holds whose handler takes Results, without a leading error.
template <class... Results>
struct operation_result {
  using type = std::tuple<Results...>;
};
template <>
struct operation_result<> {
  using type = void;
};
template <class Result>
  requires(!is_asio_error<Result>)
struct operation_result<Result> {
  using type = Result;
};
template <class First, class... Results>
  requires is_asio_error<First>
struct operation_result<First, Results...> : operation_result<Results...> {};

/// The handler of an operation with use_future.
template <class T>
class future_handler {
 public:
  explicit future_handler(promise<T> made) noexcept : promise_(std::move(made)) {}

  template <class... Results>
  void operator()(Results&&... results) {
    succeed(std::forward<Results>(results)...);
  }
  template <class Error, class... Results>
    requires is_asio_error<std::remove_cvref_t<Error>>
  void operator()(Error&& error, Results&&... results) {
    if (!error) return succeed(std::forward<Results>(results)...);
    promise_.set_exception(as_exception(error));
  }

 private:
  static std::exception_ptr as_exception(std::exception_ptr error) { return error; }
  static std::exception_ptr as_exception(const asio_error_code& error) {
    return std::make_exception_ptr(std::system_error(error));
  }

  template <class... Results>
  void succeed(Results&&... results) {
    try {
      promise_.set_value(std::forward<Results>(results)...);
    } catch (...) {
      promise_.set_exception(std::current_exception());
    }
  }

  promise<T> promise_;
};

}  // namespace heddle

/// How Asio's operations begin with heddle::use_future.
template <class Return, class... Results>
class heddle::asio_library::async_result<heddle::use_future_t, Return(Results...)> {
 public:
  using result_type = typename heddle::operation_result<std::decay_t<Results>...>::type;
  using return_type = heddle::future<result_type>;

  template <class Initiation, class... Args>
  static return_type initiate(Initiation&& initiation, heddle::use_future_t, Args&&... args) {
    heddle::promise<result_type> promise;
    return_type result = promise.get_future();
    static_cast<void>(promise.set_running_or_notify_cancel());  // nobody can have cancelled it yet
    std::forward<Initiation>(initiation)(heddle::future_handler<result_type>(std::move(promise)),
                                         std::forward<Args>(args)...);
    return result;
  }
};
