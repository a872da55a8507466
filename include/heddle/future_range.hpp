// SPDX-License-Identifier: MIT
// What wait() and as_completed() take: ranges of futures, or of what points to futures; and what wait() gives back.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/future.hpp>
#include <heddle/shared_future.hpp>

namespace heddle {

/// Before a wait for several futures.
inline void throw_if_blocking_event_loop() {
  if (!would_block_event_loop()) return;
  throw invalid_state_error(
      "waiting for these futures would block the event loop that runs in this thread: `co_await` them, or what "
      "when_all() or when_any() makes of them, instead");
}

template <class F>
inline constexpr bool is_future = false;
template <class T>
inline constexpr bool is_future<future<T>> = true;
template <class T>
inline constexpr bool is_future<shared_future<T>> = true;

/// Whether an expression of this type is a future, or was one.
template <class Expression>
inline constexpr bool is_future_itself = is_future<std::remove_cvref_t<Expression>>;

/// The address of the future that an element of a range is, if it is an lvalue, points to, or refers to
/// (std::reference_wrapper).
template <class Element>
  requires is_future_itself<Element> && std::is_lvalue_reference_v<Element>
[[nodiscard]] auto* future_of_element(Element&& element) noexcept {
  return std::addressof(element);
}
template <class Element>
  requires requires(Element& element) { requires is_future_itself<decltype(*element)>; }
[[nodiscard]] auto* future_of_element(Element&& element) {
  return std::addressof(*element);
}
template <class Element>
  requires requires(Element& element) { requires is_future_itself<decltype(element.get())>; } &&
           (!requires(Element& element) { *element; })
[[nodiscard]] auto* future_of_element(Element&& element) noexcept {
  return std::addressof(element.get());
}

template <class R>
using element_in = decltype(*std::begin(std::declval<std::remove_reference_t<R>&>()));

template <class R>
using future_pointer_of = decltype(future_of_element(std::declval<element_in<R>>()));

/// A range whose elements are futures, or point or refer to futures; each of the same type.
template <class R>
concept future_range = requires { typename future_pointer_of<R>; };

/// Whether a range is a temporary, with which its futures go: a vector that nobody has a name for, but no view.
template <class R>
concept temporary_futures =
    future_range<R> && !std::is_lvalue_reference_v<R> && is_future_itself<element_in<R>> &&
    !std::ranges::enable_view<std::remove_cv_t<R>> && !std::ranges::enable_borrowed_range<std::remove_cv_t<R>>;

/// Whether reading a range makes the futures that it has.
template <class R>
concept makes_futures_when_read = requires { typename element_in<R>; } && is_future_itself<element_in<R>> &&
                                  !std::is_lvalue_reference_v<element_in<R>>;

/// Says why not, where R is no future_range.
template <class R>
inline constexpr bool has_futures = [] {
  static_assert(!makes_futures_when_read<R>,
                "the futures of this range are made as it is read, and would be gone at once: put them into a vector");
  static_assert(makes_futures_when_read<R> || !is_future_itself<R>,
                "several futures are waited for here, in a range: for one alone call its member, `f.wait()`");
  static_assert(makes_futures_when_read<R> || is_future_itself<R> || future_range<R>,
                "what is waited for here is a range of futures or shared_futures, all of one type, or of pointers or "
                "std::reference_wrappers to such");
  return true;
}();

/// A future as a range has it: const, if the range is.
template <future_range R>
using future_in = std::remove_pointer_t<future_pointer_of<R>>;

/// Futures that are somewhere else, in some order: a random-access range of references. They live as long as those.
template <class F>
class future_refs {
 public:
  class iterator {
   public:
    using difference_type = std::ptrdiff_t;
    using value_type = std::remove_const_t<F>;
    using reference = F&;
    using iterator_category = std::random_access_iterator_tag;

    iterator() noexcept = default;
    explicit iterator(F* const* at) noexcept : at_(at) {}
    [[nodiscard]] F& operator*() const noexcept { return **at_; }
    [[nodiscard]] F* operator->() const noexcept { return *at_; }
    [[nodiscard]] F& operator[](difference_type offset) const noexcept { return *at_[offset]; }
    iterator& operator++() noexcept { return ++at_, *this; }
    iterator operator++(int) noexcept { return iterator(at_++); }
    iterator& operator--() noexcept { return --at_, *this; }
    iterator operator--(int) noexcept { return iterator(at_--); }
    iterator& operator+=(difference_type by) noexcept { return at_ += by, *this; }
    iterator& operator-=(difference_type by) noexcept { return at_ -= by, *this; }
    [[nodiscard]] friend iterator operator+(iterator from, difference_type by) noexcept { return from += by; }
    [[nodiscard]] friend iterator operator+(difference_type by, iterator from) noexcept { return from += by; }
    [[nodiscard]] friend iterator operator-(iterator from, difference_type by) noexcept { return from -= by; }
    [[nodiscard]] friend difference_type operator-(iterator to, iterator from) noexcept { return to.at_ - from.at_; }
    [[nodiscard]] auto operator<=>(const iterator&) const noexcept = default;

   private:
    F* const* at_ = nullptr;
  };

  future_refs() noexcept = default;
  explicit future_refs(const std::vector<F*>& futures) : future_refs(futures.size()) {
    for (F* each : futures) push_back(*each);
  }
  future_refs(const future_refs& other) : future_refs(other.size_) {
    for (F& each : other) push_back(each);
  }
  future_refs(future_refs&& other) noexcept
      : futures_(std::move(other.futures_)), size_(std::exchange(other.size_, 0)) {}
  future_refs& operator=(future_refs other) noexcept {
    futures_.swap(other.futures_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~future_refs() = default;

  /// Takes over an array of which the first `size` are filled.
  future_refs(std::unique_ptr<F*[]> futures, std::size_t size) noexcept : futures_(std::move(futures)), size_(size) {}

  /// Without futures, and with room for some.
  explicit future_refs(std::size_t room) : futures_(new F*[room]) {}
  void push_back(F& added) noexcept { futures_[size_++] = std::addressof(added); }

  [[nodiscard]] iterator begin() const noexcept { return iterator(futures_.get()); }
  [[nodiscard]] iterator end() const noexcept { return iterator(futures_.get() + size_); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] F& operator[](std::size_t index) const noexcept { return *futures_[index]; }
  [[nodiscard]] bool contains(const F& sought) const noexcept {
    return std::find(futures_.get(), futures_.get() + size_, std::addressof(sought)) != futures_.get() + size_;
  }

 private:
  std::unique_ptr<F*[]> futures_;
  std::size_t size_ = 0;
};

/// Leaves the first of those that share a result.
template <class F>
void remove_repeated(std::vector<F*>& futures) {
  struct place {
    const void* state;
    std::size_t index;
  };
  std::vector<place> places;
  places.reserve(futures.size());
  for (F* const each : futures) places.push_back({&future_access::state_of(*each), places.size()});
  const auto by_state = [](const place& a, const place& b) {
    return a.state != b.state ? std::less<>()(a.state, b.state) : a.index < b.index;
  };
  std::sort(places.begin(), places.end(), by_state);
  for (std::size_t i = 1; i < places.size(); ++i) {
    if (places[i].state == places[i - 1].state) futures[places[i].index] = nullptr;
  }
  futures.erase(std::remove(futures.begin(), futures.end(), nullptr), futures.end());
}

/// Whether a range is an array of unshared futures, of which no two can have the same result.
template <class R>
inline constexpr bool has_array_of_futures =
    std::contiguous_iterator<decltype(std::begin(std::declval<R&>()))> &&
    std::sized_sentinel_for<decltype(std::end(std::declval<R&>())), decltype(std::begin(std::declval<R&>()))> &&
    std::is_same_v<std::iter_value_t<decltype(std::begin(std::declval<R&>()))>,
                   future<typename future_in<R>::value_type>>;

/// The futures of a range, each result once: where several share one, the first of them stays. Throws
/// invalid_state_error if one has no state.
template <future_range R>
[[nodiscard]] std::vector<future_in<R>*> distinct_futures(R& range) {
  using F = future_in<R>;
  std::vector<F*> futures;
  if constexpr (std::sized_sentinel_for<decltype(std::end(range)), decltype(std::begin(range))>) {
    futures.reserve(static_cast<std::size_t>(std::end(range) - std::begin(range)));
  }
  for (auto at = std::begin(range); at != std::end(range); ++at) futures.push_back(future_of_element(*at));
  if constexpr (has_array_of_futures<R>) {
    for (F* const each : futures) static_cast<void>(future_access::state_of(*each));
  } else {
    remove_repeated(futures);
  }
  return futures;
}

}  // namespace heddle
