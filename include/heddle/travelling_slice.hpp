// SPDX-License-Identifier: MIT
// A part of a parallel_map() that another process does.
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

/// `callable(x, y, ...)` for elements that stay where they are, and are sent from there. What the first call that
/// throws has thrown is the error of all.
template <class F, class R, class... Ts>
class travelling_slice {
 public:
  using result_type = std::vector<R>;
  static_assert(result_must_travel<R>());

  travelling_slice(slices_in_use& all, const F& callable, std::span<const Ts>... elements)
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

  [[nodiscard]] static result_type decode(process::byte_source& source) { return process::decode<result_type>(source); }
  static void forget_result() noexcept {}

 private:
  /// In the worker.
  static void run(process::worker_call& call) {
    const F callable = callable_codec<F, &run>::decode(call.arguments());
    process::received_arguments<std::vector<Ts>...> received(call.arguments());
    if (!call.end_of_arguments()) return;
    const std::vector<R> results = received.apply([&](auto... elements) {
      std::vector<R> made;
      const std::size_t size = std::get<0>(std::tie(elements...)).size();
      made.reserve(size);
      for (std::size_t i = 0; i < size; ++i) made.push_back(callable(std::move(elements[i])...));
      return made;
    });
    call.answer([&](process::byte_sink& sink) { process::encode(sink, results); });
  }

  slices_in_use& all_;
  F callable_;
  std::tuple<std::span<const Ts>...> elements_;
};

}  // namespace heddle
