// SPDX-License-Identifier: MIT
// A part of a parallel loop that another process does.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/process/argument.hpp>
#include <heddle/process/bulk.hpp>
#include <heddle/process/callable_id.hpp>
#include <heddle/process/codec.hpp>
#include <heddle/process/worker_call.hpp>
#include <heddle/remote_callable.hpp>
#include <heddle/sync/this_thread.hpp>
#include <heddle/travelling_call.hpp>

namespace heddle {

/// Counts slices, whose elements somebody else has, and who waits until nobody reads them any more.
class slices_in_use {
 public:
  slices_in_use() = default;
  slices_in_use(const slices_in_use&) = delete;
  slices_in_use& operator=(const slices_in_use&) = delete;

  void add() noexcept {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void remove() noexcept {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) none_.notify_all();
  }
  void wait_for_none() noexcept {
    const sync::blocking_scope blocked(nullptr);
    std::unique_lock lock(mutex_);
    none_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
};

/// How a slice's elements are there in a worker: a span of bulk ones, which is of a shared array or of copies, or what
/// the elements were decoded to.
template <class T>
using slice_elements =
    std::conditional_t<process::is_bulk<std::remove_const_t<T>>, std::span<T>, std::vector<std::remove_const_t<T>>>;

/// `callable(x, y, ...)` for elements that stay where they are, and are sent from there; or that both processes have in
/// shared memory, where those that are not const are written. What the first call that throws has thrown is the error
/// of all. `R` is what a call returns; if that is nothing, so is the slice's result.
template <class F, class R, class... Ts>
class travelling_slice {
 public:
  using result_type =
      std::conditional_t<std::is_void_v<R>, void, std::vector<std::conditional_t<std::is_void_v<R>, int, R>>>;
  static_assert(result_must_travel<R>());

  travelling_slice(slices_in_use& all, const F& callable, std::span<Ts>... elements)
      : all_(all), callable_(callable), elements_(elements...) {
    all_.add();
  }
  travelling_slice(const travelling_slice&) = delete;
  travelling_slice& operator=(const travelling_slice&) = delete;
  ~travelling_slice() { all_.remove(); }

  [[nodiscard]] static const process::callable_id& function() { return process::id_of<&run>(); }

  void encode(process::byte_sink& sink) const {
    callable_codec<F, &run>::encode(sink, callable_);
    std::apply([&](const auto&... each) { (process::encode_argument(sink, each), ...); }, elements_);
  }

  [[nodiscard]] static result_type decode(process::byte_source& source) {
    if constexpr (!std::is_void_v<R>) return process::decode<result_type>(source);
  }
  static void forget_result() noexcept {}

 private:
  /// In the worker.
  static void run(process::worker_call& call) {
    const F callable = callable_codec<F, &run>::decode(call.arguments());
    process::received_arguments<slice_elements<Ts>...> received(call.arguments());
    if (!call.end_of_arguments()) return;
    received.apply([&](auto... elements) {
      const std::size_t size = std::get<0>(std::tie(elements...)).size();
      if constexpr (std::is_void_v<R>) {
        for (std::size_t i = 0; i < size; ++i) callable(element<Ts>(elements[i])...);
        call.answer([](process::byte_sink&) {});
      } else {
        std::vector<R> results;
        results.reserve(size);
        for (std::size_t i = 0; i < size; ++i) results.push_back(callable(element<Ts>(elements[i])...));
        call.answer([&](process::byte_sink& sink) { process::encode(sink, results); });
      }
    });
  }

  /// One that is const here is the call's own.
  template <class T, class There>
  [[nodiscard]] static std::conditional_t<std::is_const_v<T>, std::remove_const_t<T>, T&> element(There& there) {
    if constexpr (std::is_const_v<T>) {
      return std::move(there);
    } else {
      return there;
    }
  }

  slices_in_use& all_;
  F callable_;
  std::tuple<std::span<Ts>...> elements_;
};

}  // namespace heddle
