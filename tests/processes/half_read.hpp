// SPDX-License-Identifier: MIT
// An argument whose worker does something else half way through reading it.
#pragma once

#include <unistd.h>

#include <vector>

#include <heddle/serialize.hpp>

namespace heddle_test {

/// Large enough to be sent piece by piece. In its worker, which calls `Do`, it is never read to its end.
template <void (*Do)()>
struct half_read {
  std::vector<char> first = std::vector<char>(3'000'000);
  std::vector<char> last = std::vector<char>(3'000'000);
  pid_t spared = ::getpid();

  template <class Archive>
  void save(Archive& archive) const {
    archive(spared, first, last);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(spared, first);
    if (spared != ::getpid()) Do();
    archive(last);
  }
};

}  // namespace heddle_test
