// SPDX-License-Identifier: MIT
// In place of heddle/scheduling/thread.hpp: who is started is a simulated thread.
#pragma once

#include <cstddef>
#include <source_location>

#include "model/model.hpp"
#include "model/relacy.hpp"

namespace heddle::scheduling {

/// A model has as many as its `dynamic_thread_count` says.
class thread {
 public:
  using entry = void* (*)(void*);

  thread(entry run, void* argument, std::size_t /*stack_size*/ = 0) {
    auto& all = heddle_model::current_run;
    HEDDLE_MODEL_CHECK(all.started_threads != all.startable_threads);
    rl::ctx().sched();
    number_ = all.started_threads++;
    handle_ = rl::ctx().create_thread(run, argument);
  }

  void join(std::source_location where = std::source_location::current()) noexcept {
    bool& is_joined = heddle_model::current_run.is_joined[number_];
    HEDDLE_MODEL_CHECK(!is_joined);
    is_joined = true;
    handle_->wait(false, false, heddle_model::place(where));
  }

 private:
  std::size_t number_;
  rl::win_waitable_object* handle_;
};

struct cpu_list {
  [[nodiscard]] static cpu_list of_this_thread() noexcept { return {}; }
  void keep_this_thread_on(std::size_t) const noexcept {}
  void free_this_thread() const noexcept {}
};

}  // namespace heddle::scheduling
