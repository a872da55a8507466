// SPDX-License-Identifier: MIT
// What a worker is told of memory that calls name: it comes through its socket, with the descriptor.
#pragma once

#include <cstdint>

namespace heddle::process {

struct segment_notice {
  enum class kind : std::uint32_t {
    shared,    // the worker may write there
    constant,  // it may not
    gone,      // no call names it any more
  };

  std::uint64_t id = 0;
  std::uint64_t size = 0;  // in bytes
  kind what = kind::shared;
  std::uint32_t unused = 0;
};

}  // namespace heddle::process
