// SPDX-License-Identifier: MIT
// A task of an event loop that ends only if it is cancelled.
#pragma once

#include <heddle/asyncio.hpp>

#include <chrono>

namespace heddle_test {

inline heddle::asyncio::task<void> sleep_for_ever() { co_await heddle::asyncio::sleep(std::chrono::hours(1)); }

}  // namespace heddle_test
