// SPDX-License-Identifier: MIT
// The first line of a program that has worker processes.
#pragma once

#include <heddle/process/needs_linux.hpp>

#include <heddle/process/entry.hpp>
#include <heddle/process/worker_main.hpp>

namespace heddle {

/// To be called first in main(), by a program that uses process_pool_executor: then its workers are started by this
/// program, started once more, which gets here and goes no further. So they cost the same however much memory the
/// program has filled, threads that it has started do not matter, and the workers can be started again if somebody
/// kills what starts them.
///
///     int main(int argc, char** argv) {
///       heddle::init(argc, argv);
///       heddle::process_pool_executor procs;
///       ...
///
/// Workers then see what static initialisers do, and nothing of what main() does: what a call needs besides, it is
/// given as arguments. What main() does before init(), the program started once more does, too, each worker if they are
/// spawned; if it does not get to init() within 5 seconds the pool is not made. A main() without parameters calls
/// init(0, nullptr). Without init(), workers are started by a copy of the program as it is when its first pool is
/// made, which must have one thread then. start_method says how else they can be started. In a worker init() does not
/// return, either.
///
/// Throws std::bad_alloc.
inline void init(int count, const char* const* arguments) {
  process::enter_program(count, arguments, &process::worker_main);
}

}  // namespace heddle
