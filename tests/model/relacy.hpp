// SPDX-License-Identifier: MIT
// Relacy without its macros for `new`, `delete`, `assert` and `memory_order_acquire`: it checks heddle's headers
// as they are, which know nothing of it.
#pragma once

#include <ostream>
#include <type_traits>

namespace rl {

/// Relacy writes the values of atomics into its histories: those of scoped enumerations as numbers.
template <class Enum>
  requires(std::is_enum_v<Enum> && !std::is_convertible_v<Enum, int>)
std::ostream& operator<<(std::ostream& out, Enum value) {
  return out << static_cast<long long>(value);
}

}  // namespace rl

#include <relacy/base.hpp>
// Before all that includes relacy/thread.hpp, in whose place it is, see CMakeLists.txt.
#include <relacy/thread_local_ctx.hpp>
#include <relacy_thread.hpp>
// After base.hpp, which they need.
#include <relacy/atomic.hpp>
#include <relacy/atomic_fence.hpp>
#include <relacy/context.hpp>
#include <relacy/context_base_impl.hpp>
#include <relacy/stdlib/condition_variable.hpp>
#include <relacy/stdlib/event.hpp>
#include <relacy/stdlib/mutex.hpp>
#include <relacy/stdlib/semaphore.hpp>
#include <relacy/test_suite.hpp>
#include <relacy/var.hpp>

#include <cstddef>
#include <cstdint>
#include <source_location>

// Relacy replaces the operators without size, and as inline functions. Those with size must go the same way, also where
// the standard library calls them, so all of them have to exist as symbols. Not inline: a model is a program of one
// file.
void operator delete(void* freed, std::size_t) noexcept { ::operator delete(freed); }
void operator delete[](void* freed, std::size_t) noexcept { ::operator delete[](freed); }

namespace heddle_model {

struct allocation_functions {
  void* (*make)(std::size_t);
  void* (*make_array)(std::size_t);
  void (*end)(void*) noexcept;
  void (*end_array)(void*) noexcept;
  void (*end_sized)(void*, std::size_t) noexcept;
  void (*end_array_sized)(void*, std::size_t) noexcept;
};
[[gnu::used]] inline const allocation_functions replaced{&::operator new, &::operator new[], &::operator delete,
                                                         &::operator delete[], &::operator delete,
                                                         &::operator delete[] };

/// Where in the sources Relacy says that something happened.
inline rl::debug_info place(const std::source_location& where) {
  return {where.function_name(), where.file_name(), where.line()};
}

/// A member that knows whether the object around it is alive. (Relacy's own mark is a write in a destructor, which an
/// optimizer removes because nobody may read it.)
class life {
 public:
  life() = default;
  life(const life&) = delete;
  life& operator=(const life&) = delete;
  ~life() {
    mark_ = 0;
    asm volatile("" : : "r"(&mark_) : "memory");  // the write stays
  }

  void check(const std::source_location& where) const {
    const auto address = reinterpret_cast<std::uintptr_t>(this);
    if (address < 4096 || address % alignof(life) != 0 || mark_ != alive) {
      rl::ctx().fail_test("access to freed memory", rl::test_result_access_to_freed_memory, place(where));
    }
  }

 private:
  static constexpr std::uint64_t alive = 0x6865'6464'6c65;
  std::uint64_t mark_ = alive;
};

}  // namespace heddle_model
