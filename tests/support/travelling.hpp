// SPDX-License-Identifier: MIT
// Values that count what happens to them here, and can be sent to other processes, where that counts for nothing.
#pragma once

#include <support/tracked.hpp>

namespace heddle_test {

/// One that is made without counts, as one that arrives is, has those of its process.
class travelling : public tracked {
 public:
  travelling() noexcept : tracked(of_this_process()) {}
  explicit travelling(life_counts& counts) noexcept : tracked(counts) {}

  template <class Archive>
  void serialize(Archive&) {}

  static life_counts& of_this_process() {
    static life_counts counts;
    return counts;
  }
};

/// One that can be moved some number of times here: see moved_at_most.
class travelling_at_most : public moved_at_most {
 public:
  travelling_at_most() noexcept : moved_at_most(1'000'000'000, travelling::of_this_process()) {}
  using moved_at_most::moved_at_most;

  template <class Archive>
  void serialize(Archive&) {}
};

}  // namespace heddle_test
