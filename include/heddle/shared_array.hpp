// SPDX-License-Identifier: MIT
// An array that worker processes read and write where it is.
#pragma once

#include <heddle/process/needs_linux.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <memory>
#include <new>
#include <ranges>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>

#include <heddle/process/bulk.hpp>
#include <heddle/process/shared_segment.hpp>

namespace heddle {

/// An array of a fixed size in memory that the program shares with its worker processes. A std::span of its elements is
/// an argument like others, but nothing is copied: the call reads, and writes, what the program does. Python:
/// multiprocessing.Array, multiprocessing.shared_memory. For Linux.
///
///     heddle::shared_array<double> xs(1'000'000);
///     std::iota(xs.begin(), xs.end(), 0.0);
///     for (auto part : heddle::array_split(xs, 8))
///       futures.push_back(procs.submit([](std::span<double> part) { for (double& x : part) x *= 2; }, part));
///
/// Elements are numbers other than bool and long double, enums, or structs and arrays of them without padding: any
/// process may write any bytes there, at any time. What one writes and another reads at the same time needs a
/// std::atomic_ref; a call sees what was written before it was submitted, and its future's result() comes after what it
/// has written.
///
/// Calls keep the memory, also when the array is gone; when neither is there it is given back at once. It is not in
/// core dumps. Children that the program forks share it.
///
/// `shared_array<const T>` can be read only, by its maker and by workers, and is made from the elements that it has: a
/// call that writes there crashes. (Before Linux 5.1 that is not enforced.)
template <class T>
class shared_array {
  using element = std::remove_const_t<T>;
  static_assert(process::is_bulk<element>,
                "heddle: elements of a shared_array are numbers other than bool and long double, enums, or structs of "
                "up to 16 of them and std::arrays of them without padding, since any process may write any bytes there "
                "at any time; send other values as arguments");

 public:
  using element_type = T;
  using value_type = element;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = T&;
  using iterator = T*;
  using travels_as = std::span<T>;  // what a call in another process gets for it; of const elements if it is const

  shared_array() noexcept = default;

  /// Zeros. Throws std::bad_alloc where there is not so much memory, and std::system_error.
  explicit shared_array(std::size_t size)
    requires(!std::is_const_v<T>)
      : shared_array(unsealed(), size) {
    seal();
  }

  /// Copies of a value. Throws as the one of zeros, and so do the others.
  shared_array(std::size_t size, const element& value) : shared_array(unsealed(), size) {
    std::ranges::fill(writable(), value);
    seal();
  }

  /// Copies of the elements of a range.
  template <std::ranges::input_range R>
    requires(!std::same_as<std::remove_cvref_t<R>, shared_array> && std::ranges::sized_range<R> &&
             std::convertible_to<std::ranges::range_reference_t<R>, element>)
  explicit shared_array(R&& range) : shared_array(unsealed(), static_cast<std::size_t>(std::ranges::size(range))) {
    std::ranges::copy(range, writable().begin());
    seal();
  }

  shared_array(std::initializer_list<element> elements) : shared_array(std::span(elements.begin(), elements.size())) {}

  shared_array(shared_array&& other) noexcept
      : segment_(std::move(other.segment_)), shown_(std::exchange(other.shown_, std::span<T>())) {}
  shared_array& operator=(shared_array&& other) noexcept {
    segment_ = std::move(other.segment_);
    shown_ = std::exchange(other.shown_, std::span<T>());
    return *this;
  }
  ~shared_array() = default;

  // The array of whoever has it may be changed where a std::vector's may.
  [[nodiscard]] T* data() noexcept { return shown_.data(); }
  [[nodiscard]] const T* data() const noexcept { return shown_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return shown_.size(); }
  [[nodiscard]] bool empty() const noexcept { return shown_.empty(); }
  [[nodiscard]] T* begin() noexcept { return data(); }
  [[nodiscard]] const T* begin() const noexcept { return data(); }
  [[nodiscard]] T* end() noexcept { return data() + size(); }
  [[nodiscard]] const T* end() const noexcept { return data() + size(); }
  [[nodiscard]] T& operator[](std::size_t index) noexcept { return shown_[index]; }
  [[nodiscard]] const T& operator[](std::size_t index) const noexcept { return shown_[index]; }

 private:
  struct unsealed {};

  shared_array(unsealed, std::size_t size) {
    if (size == 0) return;
    if (size > std::numeric_limits<std::ptrdiff_t>::max() / sizeof(element)) throw std::bad_alloc();
    try {
      segment_ = process::shared_segment::make(size * sizeof(element));
    } catch (const std::system_error& refused) {
      if (refused.code() == std::errc::not_enough_memory || refused.code() == std::errc::no_space_on_device)
        throw std::bad_alloc();
      throw;
    }
    shown_ = writable();
  }

  [[nodiscard]] std::span<element> writable() const noexcept {
    if (segment_ == nullptr) return {};
    const std::span<std::byte> bytes = segment_->bytes();
    return {reinterpret_cast<element*>(bytes.data()), bytes.size() / sizeof(element)};
  }

  void seal() {
    if (segment_ == nullptr) return;
    if constexpr (std::is_const_v<T>) {
      segment_->seal_constant();
    } else {
      segment_->seal();
    }
  }

  std::shared_ptr<process::shared_segment> segment_;
  std::span<T> shown_;
};

template <std::ranges::input_range R>
shared_array(R&&) -> shared_array<std::ranges::range_value_t<R>>;
template <class T>
shared_array(std::initializer_list<T>) -> shared_array<T>;

}  // namespace heddle
