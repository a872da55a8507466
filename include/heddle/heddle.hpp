// SPDX-License-Identifier: MIT
// Executors of threads, and what takes their calls and futures. Not worker processes (process_pool_executor.hpp,
// shared_array.hpp, serialize.hpp), std_future.hpp, and what needs another library.
#pragma once

#include <heddle/array_split.hpp>
#include <heddle/asyncio.hpp>
#include <heddle/blocking.hpp>
#include <heddle/by_value.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/manual_executor.hpp>
#include <heddle/map.hpp>
#include <heddle/parallel_for.hpp>
#include <heddle/parallel_invoke.hpp>
#include <heddle/parallel_map.hpp>
#include <heddle/parallel_reduce.hpp>
#include <heddle/parallel_scan.hpp>
#include <heddle/partial.hpp>
#include <heddle/shared_future.hpp>
#include <heddle/stop_token.hpp>
#include <heddle/task_group.hpp>
#include <heddle/task_local.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <heddle/version.hpp>
#include <heddle/wait.hpp>
#include <heddle/with_timeout.hpp>
