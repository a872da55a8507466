// SPDX-License-Identifier: MIT
// A move-only callable of any type, with room for small ones inside.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include <heddle/base/invoke.hpp>

namespace heddle::base {

/// Like C++23's `std::move_only_function`: owns one callable, never copies it.
///
/// Callables of up to 48 bytes whose move cannot throw are kept inside; larger ones take one allocation. Calling an
/// empty one is undefined: test it with `operator bool`.
template <class Signature>
class unique_function;

template <class Result, class... Args>
class unique_function<Result(Args...)> {
 public:
  unique_function() noexcept = default;
  unique_function(std::nullptr_t) noexcept {}

  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, unique_function> &&
             std::is_invocable_r_v<Result, std::decay_t<F>&, Args...>)
  unique_function(F&& callable) {
    using Callable = std::decay_t<F>;
    if constexpr (std::is_pointer_v<std::remove_reference_t<F>> || std::is_member_pointer_v<Callable>) {
      if (callable == nullptr) return;
    }
    if constexpr (fits_inside<Callable>) {
      ::new (static_cast<void*>(buffer_)) Callable(std::forward<F>(callable));
      operations_ = &inside<Callable>;
    } else {
      ::new (static_cast<void*>(buffer_)) Callable*(new Callable(std::forward<F>(callable)));
      operations_ = &outside<Callable>;
    }
  }

  unique_function(unique_function&& other) noexcept : operations_(std::exchange(other.operations_, nullptr)) {
    if (operations_ != nullptr) operations_->relocate(buffer_, other.buffer_);
  }

  unique_function& operator=(unique_function&& other) noexcept {
    if (this != &other) {
      reset();
      operations_ = std::exchange(other.operations_, nullptr);
      if (operations_ != nullptr) operations_->relocate(buffer_, other.buffer_);
    }
    return *this;
  }

  ~unique_function() { reset(); }

  [[nodiscard]] explicit operator bool() const noexcept { return operations_ != nullptr; }

  Result operator()(Args... args) { return operations_->call(buffer_, std::forward<Args>(args)...); }

 private:
  static constexpr std::size_t capacity = 48;

  struct operations {
    Result (*call)(void*, Args&&...);
    void (*relocate)(void* to, void* from) noexcept;
    void (*destroy)(void*) noexcept;
  };

  template <class Callable>
  static constexpr bool fits_inside = sizeof(Callable) <= capacity && alignof(Callable) <= alignof(std::max_align_t) &&
                                      std::is_nothrow_move_constructible_v<Callable>;

  template <class Callable>
  static Callable& target(void* buffer) noexcept {
    if constexpr (fits_inside<Callable>) {
      return *std::launder(static_cast<Callable*>(buffer));
    } else {
      return **std::launder(static_cast<Callable**>(buffer));
    }
  }

  template <class Callable>
  static Result invoke(void* buffer, Args&&... args) {
    if constexpr (std::is_void_v<Result>) {
      static_cast<void>(base::invoke(target<Callable>(buffer), std::forward<Args>(args)...));
    } else {
      return base::invoke(target<Callable>(buffer), std::forward<Args>(args)...);
    }
  }

  template <class Callable>
  static constexpr operations inside{&invoke<Callable>,
                                     [](void* to, void* from) noexcept {
                                       ::new (to) Callable(std::move(target<Callable>(from)));
                                       target<Callable>(from).~Callable();
                                     },
                                     [](void* buffer) noexcept { target<Callable>(buffer).~Callable(); }};

  template <class Callable>
  static constexpr operations outside{
      &invoke<Callable>,
      [](void* to, void* from) noexcept { ::new (to) Callable*(__builtin_addressof(target<Callable>(from))); },
      [](void* buffer) noexcept { delete __builtin_addressof(target<Callable>(buffer)); }};

  void reset() noexcept {
    if (operations_ != nullptr) std::exchange(operations_, nullptr)->destroy(buffer_);
  }

  const operations* operations_ = nullptr;
  alignas(std::max_align_t) std::byte buffer_[capacity];
};

}  // namespace heddle::base
