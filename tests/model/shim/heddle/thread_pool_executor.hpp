// SPDX-License-Identifier: MIT
// In place of heddle/thread_pool_executor.hpp: a pool that the model makes, and nothing around it.
#pragma once

#include <heddle/priority.hpp>
#include <heddle/queue/lane.hpp>
#include <heddle/scheduling/pool.hpp>

namespace heddle {

struct thread_pool_executor {
  scheduling::pool& pool;
};

struct thread_pool_access {
  [[nodiscard]] static scheduling::pool& pool_of(thread_pool_executor& executor) noexcept { return executor.pool; }
  [[nodiscard]] static queue::lane lane_of(priority level) noexcept { return static_cast<queue::lane>(level); }
  [[noreturn]] static void throw_refusal(const thread_pool_executor&, scheduling::pool::admission why) { throw why; }
};

thread_pool_executor& current_executor();  // models name theirs

}  // namespace heddle
