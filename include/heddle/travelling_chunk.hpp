// SPDX-License-Identifier: MIT
// Several elements of a map, to be called one after the other in another process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/map_chunk.hpp>
#include <heddle/process/argument.hpp>
#include <heddle/process/callable_id.hpp>
#include <heddle/process/codec.hpp>
#include <heddle/process/exception_codec.hpp>
#include <heddle/process/worker_call.hpp>
#include <heddle/remote_callable.hpp>
#include <heddle/settled.hpp>
#include <heddle/travelling_call.hpp>

namespace heddle {

/// A chunk_call: the callable goes once, the results come together, each with an error of its own.
template <class F, class Elements, class T>
class travelling_chunk {
 public:
  using result_type = void;
  static_assert(result_must_travel<T>());

  explicit travelling_chunk(chunk_call<F, Elements, T>&& call) : call_(std::move(call)), kept_(keep(call_.elements)) {}

  [[nodiscard]] static const process::callable_id& function() { return process::id_of<&run>(); }

  void encode(process::byte_sink& sink) const {
    callable_codec<F, &run>::encode(sink, *call_.callable);
    if constexpr (has_views) {
      sink.put(static_cast<std::uint64_t>(kept_.size()));
      for (const auto& row : kept_) std::apply([&](const auto&... each) { (process::encode(sink, each), ...); }, row);
    } else {
      process::encode(sink, call_.elements);
    }
  }

  /// Into the results of the map.
  void decode(process::byte_source& source) const {
    try {
      decode_all(source);
    } catch (...) {
      forget_result();
      throw;
    }
  }
  void forget_result() const noexcept {
    for (std::size_t i = 0; i < call_.elements.size(); ++i) call_.results->drop(i);
  }

 private:
  void decode_all(process::byte_source& source) const {
    if (source.get<std::uint64_t>() != call_.elements.size())
      throw process::malformed_message("a chunk has another number of results than of elements");
    for (std::size_t i = 0; i < call_.elements.size(); ++i) {
      if (!process::decode_flag(source)) {
        const std::exception_ptr error = process::decode_exception(source);
        call_.results->make(i, [&]() -> T { std::rethrow_exception(error); });
      } else if constexpr (std::is_void_v<T>) {
        call_.results->make(i, [] {});
      } else {
        T value = process::decode<T>(source);
        call_.results->make(i, [&]() -> T { return std::move(value); });
      }
    }
  }
  /// Elements that are views: what they show is kept here, and in the worker they are of what was received with them,
  /// which stays where it is.
  template <class>
  struct rows_of;
  template <class... Ts>
  struct rows_of<std::tuple<Ts...>> {
    static constexpr bool have_views = (process::is_argument_view<Ts> || ...);
    using with_views = std::deque<process::received_arguments<Ts...>>;
    using kept = std::tuple<typename process::owner_of<Ts>::type...>;

    [[nodiscard]] static kept keep(std::tuple<Ts...>&& row) {
      return std::apply([](auto&&... each) { return kept(kept_argument<Ts>(std::move(each))...); }, std::move(row));
    }
  };
  static constexpr bool has_views = rows_of<Elements>::have_views;
  struct nothing {};
  using kept_rows = std::conditional_t<has_views, std::vector<typename rows_of<Elements>::kept>, nothing>;

  [[nodiscard]] static kept_rows keep(std::vector<Elements>& rows) {
    kept_rows kept;
    if constexpr (has_views) {
      kept.reserve(rows.size());
      for (Elements& row : rows) kept.push_back(rows_of<Elements>::keep(std::move(row)));
    }
    return kept;
  }

  [[nodiscard]] static auto decode_rows(process::byte_source& source) {
    if constexpr (has_views) {
      typename rows_of<Elements>::with_views rows;
      for (auto left = source.get<std::uint64_t>(); left != 0; --left) rows.emplace_back(source);
      return rows;
    } else {
      return process::decode<std::vector<Elements>>(source);
    }
  }

  /// In the worker.
  static void run(process::worker_call& call) {
    const F callable = callable_codec<F, &run>::decode(call.arguments());
    auto rows = decode_rows(call.arguments());
    if (!call.end_of_arguments()) return;
    std::vector<settled<T>> results;
    results.reserve(rows.size());
    for (auto& each : rows) results.push_back(settle(callable, each));
    call.answer([&](process::byte_sink& sink) {
      sink.put(static_cast<std::uint64_t>(results.size()));
      for (const settled<T>& each : results) {
        sink.put(static_cast<std::uint8_t>(each.has_value()));
        if (!each.has_value()) {
          process::encode_exception(sink, each.error(), call.origin());
        } else if constexpr (!std::is_void_v<T>) {
          process::encode(sink, each.value());
        }
      }
    });
  }

  template <class Row>
  [[nodiscard]] static settled<T> settle(const F& callable, Row& row) noexcept {
    try {
      if constexpr (std::is_void_v<T>) {
        apply(callable, row);
        return settled<T>(std::in_place);
      } else {
        return settled<T>(std::in_place, apply(callable, row));
      }
    } catch (...) {
      return settled<T>(std::current_exception());
    }
  }

  static decltype(auto) apply(const F& callable, Elements& row) { return std::apply(callable, std::move(row)); }
  template <class... Ts>
  static decltype(auto) apply(const F& callable, process::received_arguments<Ts...>& row) {
    return row.apply(callable);
  }

  chunk_call<F, Elements, T> call_;
  [[no_unique_address]] kept_rows kept_;
};

}  // namespace heddle
