// SPDX-License-Identifier: MIT
// Several elements of a map that one task calls one after the other, each with a result of its own.
#pragma once

#include <cstddef>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/base/outcome.hpp>
#include <heddle/base/shared_value.hpp>

namespace heddle {

/// Room for the results of a chunk, shared by its task, which makes them in order, and its reader, which touches them
/// when the task's future is done and drops each when it was read. A map that ends earlier abandons its chunks: then
/// the task makes no more, and nobody reads.
template <class T>
class chunk_results {
  enum class content : unsigned char { nothing, value, error };

  struct slot {
    base::outcome<T> outcome;
    content holds = content::nothing;

    void clear() noexcept {
      if (holds == content::value) outcome.destroy_value();
      if (holds == content::error) outcome.destroy_error();
      holds = content::nothing;
    }
    ~slot() { clear(); }
  };

 public:
  explicit chunk_results(std::size_t size) : slots_(size) {}

  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }

  /// Keeps what `call()` returns or throws.
  template <class Call>
  void make(std::size_t index, const Call& call) noexcept {
    slot& made = slots_[index];
    try {
      made.outcome.emplace_result_of(call);
      made.holds = content::value;
    } catch (...) {
      made.outcome.emplace_error(std::current_exception());
      made.holds = content::error;
    }
  }

  /// Returns or throws it.
  [[nodiscard]] std::add_lvalue_reference_t<T> result(std::size_t index) {
    slot& read = slots_[index];
    if (read.holds == content::error) std::rethrow_exception(read.outcome.error());
    return read.outcome.value();
  }

  void drop(std::size_t index) noexcept { slots_[index].clear(); }

  // relaxed, both: it orders nothing; a call that begins meanwhile is one that had begun.
  void abandon() noexcept { abandoned_.store(true, base::relaxed); }
  [[nodiscard]] bool is_abandoned() const noexcept { return abandoned_.load(base::relaxed); }

 private:
  std::vector<slot> slots_;
  base::atomic<bool> abandoned_{false};
};

/// What the task of a chunk runs. It owns the elements.
template <class F, class Elements, class T>
struct chunk_call {
  base::shared_value<const F> callable;
  std::vector<Elements> elements;
  base::shared_value<chunk_results<T>> results;

  void operator()() {
    for (std::size_t i = 0; i < elements.size() && !results->is_abandoned(); ++i) {
      results->make(i, [&]() -> T { return std::apply(*callable, std::move(elements[i])); });
    }
  }
};

}  // namespace heddle
