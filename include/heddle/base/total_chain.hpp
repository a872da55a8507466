// SPDX-License-Identifier: MIT
// The totals of chunks, brought by many threads in any order, and with them the total of all before each chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include <heddle/base/accumulator.hpp>
#include <heddle/base/atomic.hpp>
#include <heddle/base/spin_lock.hpp>

namespace heddle::base {

/// What is before chunk `known_` and all chunks up to there is known. Whoever brings or asks goes on from there, as far
/// as totals are there without a gap; one thread at a time does, and nobody waits for it.
///
/// The total of a chunk is written by the first who brings it, which makes `state` `written` and then `there`. What is
/// before a chunk is written by the holder of `lock_`, before `known_`.
template <class T>
class total_chain {
 public:
  /// `init` is what is before the first of `chunks` chunks, of which there is one at least; it may be empty.
  total_chain(std::uint64_t chunks, accumulator<T>& init) : links_(static_cast<std::size_t>(chunks)) {
    if (!init.is_empty()) links_.front().before.begin(std::move(init.value()));
  }

  /// Any thread. If several bring the total of a chunk, it is the same one, and the first counts.
  void bring(std::uint64_t chunk, T&& total) {
    link& its = links_[static_cast<std::size_t>(chunk)];
    presence missing = presence::missing;
    // relaxed: only who is first counts; what that writes is published below.
    if (!its.state.compare_exchange_strong(missing, presence::written, relaxed, relaxed)) return;
    its.total.begin(std::move(total));
    // [total_chain.1] release: the total is for who holds the lock, see has_total().
    its.state.store(presence::there, release);
  }

  [[nodiscard]] bool has_total(std::uint64_t chunk) const noexcept {
    // [total_chain.1] acquire: the total was written before, see bring().
    return links_[static_cast<std::size_t>(chunk)].state.load(acquire) == presence::there;
  }

  /// Whether before(chunk) can be asked for.
  [[nodiscard]] bool is_known(std::uint64_t chunk) const noexcept {
    // [total_chain.2] acquire: what is before the chunk was written before, see go_on().
    return known_.load(acquire) >= chunk;
  }

  /// The last chunk of which that is so.
  [[nodiscard]] std::uint64_t known() const noexcept { return known_.load(relaxed); }  // relaxed: only a number

  /// The total of all before the chunk, which is known: init and the totals combined from left to right. Empty only
  /// before the first one.
  [[nodiscard]] accumulator<T>& before(std::uint64_t chunk) noexcept {
    return links_[static_cast<std::size_t>(chunk)].before;
  }

  /// Finds out as much as can be known now, unless another thread is at it. If `op` throws, nothing beyond will ever be
  /// known.
  template <class Op>
  void go_on(const Op& op) {
    if (!has_total(known_.load(relaxed)) || !lock_.try_lock()) return;  // relaxed: a guess, to spare the lock
    const std::lock_guard held(lock_, std::adopt_lock);
    // relaxed: known_ is written under the lock only.
    for (std::size_t at = known_.load(relaxed); at + 1 < links_.size() && has_total(at); ++at) {
      accumulator<T>& before = links_[at].before;
      const T& total = links_[at].total.value();
      links_[at + 1].before.begin(before.is_empty() ? T(total) : combined<T>(op, T(before.value()), T(total)));
      known_.store(at + 1, release);  // [total_chain.2] release: see is_known()
    }
  }

 private:
  enum class presence : std::uint8_t { missing, written, there };

  struct link {
    accumulator<T> before;
    accumulator<T> total;
    atomic<presence> state{presence::missing};
  };

  std::vector<link> links_;
  atomic<std::size_t> known_{0};
  spin_lock lock_;
};

}  // namespace heddle::base
