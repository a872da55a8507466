// SPDX-License-Identifier: MIT
// A callable and its arguments, to be called in another process.
#pragma once

#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/completion/task.hpp>
#include <heddle/process/argument.hpp>
#include <heddle/process/callable_id.hpp>
#include <heddle/process/codec.hpp>
#include <heddle/process/worker_call.hpp>
#include <heddle/remote_callable.hpp>
#include <heddle/stop_token.hpp>

namespace heddle {

/// As what an argument is passed to a call in another process: a string literal as a std::string, a shared_array as a
/// std::span of it, of const elements if the array is const.
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
  requires requires { typename std::remove_cvref_t<Arg>::travels_as; }
struct remote_argument<Arg> {
  using type = decltype(std::span(std::declval<Arg&>()));
};
template <class Arg>
using remote_argument_t = typename remote_argument<Arg>::type;

/// What is kept of an argument: what a view shows, and others as they are.
template <class T, class Given>
[[nodiscard]] decltype(auto) kept_argument(Given&& given) {
  using owner = typename process::owner_of<T>::type;
  if constexpr (std::is_constructible_v<owner, T> && process::is_argument_view<T>) {
    return owner(T(given));
  } else if constexpr (process::is_argument_view<T>) {
    return owner(given.begin(), given.end());
  } else {
    return std::forward<Given>(given);
  }
}

/// Whether what a call returns can come back; the compiler says why if it cannot.
template <class Result>
consteval bool result_must_travel() {
  static_assert(!std::is_reference_v<Result>,
                "a call in another process returns a value: a reference to something there means nothing here; let the "
                "callable return by value, [](const T& x) -> T { ... }");
  if constexpr (std::is_void_v<Result> || std::is_reference_v<Result>) {
    return true;
  } else {
    return process::must_travel<Result>;
  }
}

/// `callable(args...)`. Both are kept, and written as often as it takes.
template <class F, class... Args>
class travelling_call {
 public:
  using result_type = completion::task_result_t<completion::call_result_t<F, Args...>>;
  static_assert(result_must_travel<result_type>());

  template <class G, class... Given>
  explicit travelling_call(G&& callable, Given&&... given)
      : callable_(std::forward<G>(callable)), arguments_(kept_argument<Args>(std::forward<Given>(given))...) {}

  [[nodiscard]] static const process::callable_id& function() { return process::id_of<&run>(); }

  void encode(process::byte_sink& sink) const {
    callable_codec<F, &run>::encode(sink, callable_);
    std::apply([&](const auto&... each) { (process::encode(sink, each), ...); }, arguments_);
  }

  [[nodiscard]] static result_type decode(process::byte_source& source) {
    if constexpr (!std::is_void_v<result_type>) return process::decode<result_type>(source);
  }
  static void forget_result() noexcept {}

 private:
  /// In the worker.
  static void run(process::worker_call& call) {
    F callable = callable_codec<F, &run>::decode(call.arguments());
    process::received_arguments<Args...> arguments(call.arguments());
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
    if constexpr (std::is_void_v<result_type>) {
      invoke();
      call.answer([](process::byte_sink&) {});
    } else {
      const result_type value = invoke();
      call.answer([&](process::byte_sink& sink) { process::encode(sink, value); });
    }
  }

  [[no_unique_address]] F callable_;
  [[no_unique_address]] std::tuple<typename process::owner_of<Args>::type...> arguments_;
};

}  // namespace heddle
