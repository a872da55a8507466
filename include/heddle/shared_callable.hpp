// SPDX-License-Identifier: MIT
// A callable that several calls in other processes have in common here.
#pragma once

#include <type_traits>
#include <utility>

#include <heddle/base/shared_value.hpp>
#include <heddle/callable_kind.hpp>
#include <heddle/remote_callable.hpp>

namespace heddle {

/// Called as const. It is sent with each call, and what arrives is shared by nobody.
template <class F>
class shared_callable {
 public:
  explicit shared_callable(base::shared_value<const F> callable) noexcept : callable_(std::move(callable)) {}

  template <class... Args>
    requires std::is_invocable_v<const F&, Args...>
  decltype(auto) operator()(Args&&... args) const {
    return (*callable_)(std::forward<Args>(args)...);
  }

  [[nodiscard]] const F& callable() const noexcept { return *callable_; }

 private:
  base::shared_value<const F> callable_;
};

template <class F>
inline constexpr callable_kind kind_of_callable<shared_callable<F>> = kind_of_callable<F>;

template <class F, auto Here>
struct callable_codec<shared_callable<F>, Here> {
  static void encode(process::byte_sink& sink, const shared_callable<F>& callable) {
    callable_codec<F, Here>::encode(sink, callable.callable());
  }
  [[nodiscard]] static shared_callable<F> decode(process::byte_source& source) {
    return shared_callable<F>(base::shared_value<const F>(std::in_place, callable_codec<F, Here>::decode(source)));
  }
};

}  // namespace heddle
