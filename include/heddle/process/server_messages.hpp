// SPDX-License-Identifier: MIT
// What a program and its fork server say to each other.
#pragma once

#include <cstddef>
#include <cstdint>

#include <heddle/process/child.hpp>
#include <heddle/process/surroundings.hpp>

namespace heddle::process {

/// The number of a worker: never used twice by one server.
using serial_number = std::uint64_t;

/// What comes with an order, by its place among the descriptors. The worker finds the places before its own empty.
enum sent_with_order : std::size_t { sent_folder, sent_environment, sent_for_worker };

/// From the program, and from the server to a worker that it has executed.
struct spawn_order {
  enum class way : std::uint8_t {
    fork,     // the server
    execute,  // this program anew
  };

  serial_number serial = 0;
  way how = way::fork;
  surroundings where;
};

/// From the server.
struct server_report {
  enum class kind : std::uint8_t {
    hello,    // `serial` is what it was told to say, `error` the number of its threads if it has several
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
