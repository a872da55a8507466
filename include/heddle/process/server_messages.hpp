// SPDX-License-Identifier: MIT
// What a program and its fork server say to each other.
#pragma once

#include <cstdint>

#include <heddle/process/child.hpp>
#include <heddle/process/surroundings.hpp>

namespace heddle::process {

/// The number of a worker: never used twice by one server.
using serial_number = std::uint64_t;

/// From the program. With it come the working folder and what the worker is given.
struct spawn_order {
  serial_number serial = 0;
  surroundings where;
};

/// From the server.
struct server_report {
  enum class kind : std::uint8_t {
    hello,    // `serial` is what it was told to say, `error` the number of its threads if it has others than one
    started,  // with the worker's handle
    failed,   // the worker could not be started: `error`; or the server, where that is its name
    ended,    // and was reaped: `how`
    lost,     // not sent: the server itself is gone, and its workers with it
  };

  kind what = kind::hello;
  serial_number serial = 0;
  int error = 0;
  exit_report how{};
};

}  // namespace heddle::process
