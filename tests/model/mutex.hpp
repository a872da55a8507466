// SPDX-License-Identifier: MIT
// In place of std::mutex: who waits for it lets the other simulated threads go on.
#pragma once

#include <source_location>

#include "model/relacy.hpp"

namespace heddle_model {

class mutex {
 public:
  void lock(std::source_location where = std::source_location::current()) { lock_.lock(place(where)); }
  void unlock(std::source_location where = std::source_location::current()) { lock_.unlock(place(where)); }

 private:
  rl::mutex lock_;
};

}  // namespace heddle_model
