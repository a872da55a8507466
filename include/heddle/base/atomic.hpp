// SPDX-License-Identifier: MIT
// The seam between heddle and the memory model: the only header that includes <atomic>. The model checker replaces it.
#pragma once

#include <atomic>

namespace heddle::base {

using std::atomic;

using memory_order = std::memory_order;
inline constexpr memory_order relaxed = std::memory_order_relaxed;
inline constexpr memory_order acquire = std::memory_order_acquire;
inline constexpr memory_order release = std::memory_order_release;
inline constexpr memory_order acq_rel = std::memory_order_acq_rel;
/// For two threads of which each writes one word and then reads the other's, and one of them has to see the other.
/// Where both may write the same word, two acq_rel read-modify-writes of it do that and need no order of the whole
/// program.
inline constexpr memory_order seq_cst = std::memory_order_seq_cst;

/// One pointer for each thread and `Tag`; null in a thread that has not set it.
template <class T, class Tag>
class per_thread_pointer {
 public:
  [[nodiscard]] static T* get() noexcept { return pointer_; }
  static void set(T* pointer) noexcept { pointer_ = pointer; }

 private:
  static inline constinit thread_local T* pointer_ = nullptr;
};

}  // namespace heddle::base
