// SPDX-License-Identifier: MIT
// completion_set<T>: futures of which one asks again and again for the next that is done.
#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include <heddle/awaited_items.hpp>
#include <heddle/errors.hpp>
#include <heddle/future.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/timeout.hpp>

namespace heddle {

/// A future that is done, and what completion_set::add() returned for it.
template <class T>
struct completed {
  std::size_t index;
  heddle::future<T> future;
};

/// Futures of which the next that is done is wanted, while more are added: each is registered once, and a wait costs
/// what happened since the last one, however many are in the set. It owns the futures until they are done. One thread
/// at a time. Destroying it drops those that are left, which neither blocks nor cancels.
///
///     heddle::completion_set<page> downloads;
///     for (const auto& address : start) downloads.add(pool.submit(download, address));
///     while (!downloads.empty()) {
///       auto [index, done] = downloads.wait_any();
///       for (const auto& link : done.result().links) downloads.add(pool.submit(download, link));
///     }
template <class T>
class completion_set {
 public:
  completion_set() noexcept = default;
  completion_set(const completion_set&) = delete;
  completion_set& operator=(const completion_set&) = delete;

  /// Takes the future in; returns how many were added before. If this throws, as invalid_state_error where it has no
  /// state, the future stays where it was.
  std::size_t add(future<T>&& added) {
    completion::state_base& state = future_access::state_of(added);
    items_.make_room();
    items_.add({added_, std::move(added)}, state);
    return added_++;
  }

  template <class Future>
    requires std::is_same_v<std::remove_const_t<Future>, future<T>>
  std::size_t add(Future&) {
    static_assert(!std::is_same_v<std::remove_const_t<Future>, future<T>>,
                  "a completion_set owns its futures until they are done: hand this one over, `add(std::move(f))`");
    return added_;
  }

  /// How many futures are in the set.
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }

  /// Waits for the next future that is done, and hands it out. Throws invalid_state_error if the set is empty, or where
  /// it would block an event loop. A worker runs what is queued in its own pool meanwhile, as as_completed() does.
  [[nodiscard]] completed<T> wait_any() {
    if (empty()) throw invalid_state_error("nothing is in this completion_set, so nothing will be done: ask empty()");
    static_cast<void>(items_.wait_until(sync::no_deadline));
    return items_.take();
  }

  /// The same for at most `timeout`, and without running anything here; nothing if none is done by then, or the set is
  /// empty.
  [[nodiscard]] std::optional<completed<T>> wait_any(sync::timeout timeout) {
    if (empty() || !items_.wait_until(timeout.deadline())) return std::nullopt;
    return items_.take();
  }

 private:
  awaited_items<completed<T>> items_;
  std::size_t added_ = 0;
};

}  // namespace heddle
