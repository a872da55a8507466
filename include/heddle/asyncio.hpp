// SPDX-License-Identifier: MIT
// All of heddle::asyncio: coroutines in an event loop, after the Python module of that name.
#pragma once

#include <heddle/asyncio/create_task.hpp>
#include <heddle/asyncio/gather.hpp>
#include <heddle/asyncio/run.hpp>
#include <heddle/asyncio/sleep.hpp>
#include <heddle/asyncio/task.hpp>
#include <heddle/asyncio/task_handle.hpp>
#include <heddle/asyncio/to_thread.hpp>
