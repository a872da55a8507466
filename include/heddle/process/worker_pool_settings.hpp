// SPDX-License-Identifier: MIT
// What a pool of workers is asked to be.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>

#include <heddle/process/channel_memory.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/start_method.hpp>

namespace heddle::process {

struct worker_pool_settings {
  std::size_t max_workers = 1;
  std::uint64_t max_calls = UINT64_MAX;  // of one worker, which ends then
  unsigned attempts = 1;                 // how many workers may die of a call
  bool breaks = false;                   // it takes no more calls when a worker has died
  process::start_method start_method = process::start_method::automatic;
  std::uint32_t threads = 1;  // that libraries are to start in a worker
  std::shared_ptr<const worker_setup> setup;
  std::chrono::nanoseconds setup_limit{0};  // zero: none
  // What the users of the pool know these as.
  std::exception_ptr (*make_start_error)(const std::exception_ptr& error) noexcept = nullptr;
  std::exception_ptr (*make_broken)(const char* why, const std::exception_ptr& inside) noexcept = nullptr;
  std::exception_ptr (*make_setup_timeout)() noexcept = nullptr;
  worker_settings worker;
};

}  // namespace heddle::process
