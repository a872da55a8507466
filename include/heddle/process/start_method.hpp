// SPDX-License-Identifier: MIT
// Which process the workers of a pool begin as.
#pragma once

#include <cstdint>

namespace heddle::process {

/// How the worker processes of a pool are started. Python: the start methods of multiprocessing. In each, a process
/// that does nothing else, the fork server, is their parent, so that threads of the program do not matter to them.
enum class start_method : std::uint8_t {
  /// `fork_server` in a program that has called heddle::init(), else `fork`.
  automatic,
  /// This program is executed once more, up to heddle::init(), and workers are forked from there: they see what static
  /// initialisers do, and nothing of main(). If static initialisers start threads, workers are started as by `spawn`.
  /// Needs heddle::init(). Python: forkserver.
  fork_server,
  /// This process is forked when it makes its first such pool, and workers are forked from that copy: they see what
  /// main() has done before. Possible only while the process has one thread, and once: where somebody kills the copy,
  /// there are no workers any more. Python: fork, but that forks again and again, threads or not.
  fork,
  /// This program is executed anew for each worker, up to heddle::init(), which takes milliseconds: for libraries that
  /// do not work in a forked process, and those that read the environment when they are loaded. Needs heddle::init().
  /// Python: spawn.
  spawn,
};

}  // namespace heddle::process
