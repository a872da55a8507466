// SPDX-License-Identifier: MIT
// A task that stays where it is until the test has looked.
#pragma once

#include <latch>

namespace heddle_test {

/// A task calls pass(): it tells the test that it is there and waits to be let through. The destructor lets it through
/// too, so a test that fails does not hang.
class gate {
 public:
  gate() = default;
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;
  ~gate() { open(); }

  void pass() {
    reached_.count_down();
    opened_.wait();
  }
  void wait_until_reached() { reached_.wait(); }
  void open() {
    if (!opened_.try_wait()) opened_.count_down();
  }

 private:
  std::latch reached_{1};
  std::latch opened_{1};
};

/// Keeps a thread of the executor at the gate until the gate opens.
template <class Executor>
void occupy(Executor& executor, gate& until) {
  executor.post([&until] { until.pass(); });
  until.wait_until_reached();
}

}  // namespace heddle_test
