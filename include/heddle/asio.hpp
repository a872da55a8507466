// SPDX-License-Identifier: MIT
// Together with Asio: pools that run its handlers, its contexts as executors, and futures of its operations.
#pragma once

#include <heddle/asio/as_asio_executor.hpp>
#include <heddle/asio/as_executor.hpp>
#include <heddle/asio/use_future.hpp>
