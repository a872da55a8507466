// SPDX-License-Identifier: MIT
// A variable that is no atomic, under watch: accesses that race, come before it has a value or after its end are found.
#pragma once

#include <cstdint>
#include <source_location>
#include <type_traits>

#include "model.hpp"
#include "relacy.hpp"

namespace heddle_model {

/// Stands for a T. Its end counts as a write: it races with whatever does not happen before.
template <class T>
class plain {
 public:
  plain() = default;
  plain(T value) : value_(value), watch_(shown(value)) {}  // NOLINT(google-explicit-constructor): it stands for a T
  plain(const plain& other) : plain(other.read()) {}
  ~plain() { watch_(rl::debug_info("the end of a variable")).store(0); }
  plain& operator=(const plain& other) {
    write(other.read());
    return *this;
  }
  plain& operator=(T value) {
    write(value);
    return *this;
  }

  T operator++(int) {
    const T before = read();
    write(before + 1);
    return before;
  }
  plain& operator++() {
    write(read() + 1);
    return *this;
  }
  plain& operator--() {
    write(read() - 1);
    return *this;
  }

  operator T() const { return read(); }  // NOLINT(google-explicit-constructor)
  /// static_cast from a pointer.
  template <class U>
    requires std::is_pointer_v<T>
  explicit operator U*() const {
    return static_cast<U*>(read());
  }
  T operator->() const
    requires std::is_pointer_v<T>
  {
    return read();
  }

  [[nodiscard]] T read(std::source_location where = std::source_location::current()) const {
    life_.check(where);
    expect_an_end();
    static_cast<void>(watch_(place(where)).load());
    return value_;
  }

  void write(T value, std::source_location where = std::source_location::current()) {
    life_.check(where);
    expect_an_end();
    watch_(place(where)).store(shown(value));
    value_ = value;
  }

 private:
  /// A loop over plain variables gives Relacy no chance to see that it has no end.
  static void expect_an_end() {
    if (++current_run.plain_accesses > 10'000) {
      rl::ctx().fail_test("a loop without end", rl::test_result_livelock, rl::debug_info("plain"));
    }
  }

  static std::uint64_t shown([[maybe_unused]] T value) {
    if constexpr (std::is_pointer_v<T>) {
      return reinterpret_cast<std::uintptr_t>(value);
    } else if constexpr (std::is_class_v<T>) {
      return 0;
    } else {
      return static_cast<std::uint64_t>(value);
    }
  }

  T value_{};
  rl::var<std::uint64_t> watch_;
  life life_;
};

}  // namespace heddle_model
