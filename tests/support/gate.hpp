// SPDX-License-Identifier: MIT
// A task that stays where it is until the test has looked.
#pragma once

#include <latch>
#include <memory>

namespace heddle_test {

/// A task calls pass(): it tells the test that it is there and waits to be let through. The destructor lets it through
/// too, so a test that fails does not hang. Who stands there may leave after the gate is gone.
class gate {
 public:
  gate() = default;
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;
  ~gate() { open(); }

  void pass() {
    const std::shared_ptr<latches> here = latches_;
    here->reached.count_down();
    here->opened.wait();
  }
  void wait_until_reached() { latches_->reached.wait(); }
  void open() {
    if (!latches_->opened.try_wait()) latches_->opened.count_down();
  }

 private:
  struct latches {
    std::latch reached{1};
    std::latch opened{1};
  };

  std::shared_ptr<latches> latches_ = std::make_shared<latches>();
};

/// Keeps a thread of the executor at the gate until the gate opens.
template <class Executor>
void occupy(Executor& executor, gate& until) {
  executor.post([&until] { until.pass(); });
  until.wait_until_reached();
}

}  // namespace heddle_test
