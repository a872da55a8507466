// SPDX-License-Identifier: MIT
// The body of a loop, without its type: all that runs loops is compiled once, and not once for each of them.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>

#include <heddle/base/sectioning.hpp>
#include <heddle/scheduling/loop_failure.hpp>

namespace heddle::scheduling {

/// Refers to a callable, called as `body(first, last, at)` for the items [first, last): it keeps the index that it
/// works on in `at`, which is `first`, for the case that it throws. A call of it is an indirect one for each grain.
class loop_body {
 public:
  template <class Body>
    requires(!std::is_same_v<Body, loop_body>)
  explicit loop_body(Body& body) noexcept : body_(std::addressof(body)), run_(&run<Body>) {}

  /// Runs a grain unless an item before it has failed, and keeps its own failure.
  void operator()(base::section grain, loop_failure& failure) const noexcept {
    if (!failure.is_before(grain.first)) run_(body_, grain, failure);
  }

 private:
  template <class Body>
  static void run(void* body, base::section grain, loop_failure& failure) noexcept {
    std::uint64_t at = grain.first;
    try {
      (*static_cast<Body*>(body))(grain.first, grain.last, at);
    } catch (...) {
      failure.keep(at, std::current_exception());
    }
  }

  void* body_;
  void (*run_)(void* body, base::section grain, loop_failure& failure) noexcept;
};

}  // namespace heddle::scheduling
