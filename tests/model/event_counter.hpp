// SPDX-License-Identifier: MIT
// How often something has happened, for simulated threads that sleep until it has.
#pragma once

#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/park.hpp>

namespace heddle_model {

class event_counter {
 public:
  void add_one() {
    count_.fetch_add(1, heddle::base::release);
    heddle::sync::unpark_all(&count_);
  }
  void wait_for(std::uint32_t wanted) {
    for (;;) {
      const std::uint32_t seen = count_.load(heddle::base::acquire);
      if (seen >= wanted) return;
      heddle::sync::park_until(count_, seen, heddle::sync::no_deadline);
    }
  }

 private:
  heddle::sync::parking_word count_{0};
};

}  // namespace heddle_model
