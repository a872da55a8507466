// SPDX-License-Identifier: MIT
// The reader's side of a chunk of a map: its results, and the future of the task that makes them.
#pragma once

#include <cstddef>
#include <type_traits>

#include <heddle/base/shared_value.hpp>
#include <heddle/future.hpp>
#include <heddle/map_chunk.hpp>

namespace heddle {

template <class T>
struct unread_chunk {
  base::shared_value<chunk_results<T>> results;
  future<void> task;
  std::size_t next = 0;

  /// The next element's result, which stays until pop(), or throws its error. Waits for the task.
  [[nodiscard]] std::add_lvalue_reference_t<T> front() {
    task.result();  // throws if the task was cancelled, for each of its elements
    return results->result(next);
  }

  /// Drops the next element. True if it was the last one.
  bool pop() noexcept {
    if (task.done()) results->drop(next);  // else it was skipped, and goes with the chunk
    return ++next == results->size();
  }

  void cancel() noexcept {
    results->abandon();
    task.cancel();
  }
};

}  // namespace heddle
