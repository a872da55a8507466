// SPDX-License-Identifier: MIT
// What can be asked of a sandbox for worker processes, and what it gives.
#pragma once

#include <cstddef>

namespace heddle::process {

/// What the tasks of a worker may not do. Without any option, a sandbox guards other processes: a worker cannot send
/// them signals, read or write their memory, take their descriptors, or change how they are scheduled or limited; it
/// gains no privileges, and is refused namespaces, mounts, io_uring, bpf, userfaultfd, perf, keys and System V IPC.
/// That alone is against accidents: code that may write files or connect to a service of its user can have others act
/// for it. Against code that is hostile, use strict().
///
/// What a worker, with what its tasks have started, can do in any sandbox:
/// - waste the time of its CPUs, and memory that its limit does not count;
/// - read what file permissions let its user read, and run programs, which are in the same sandbox;
/// - use what was open before the sandbox: its standard streams, and what its initializer has opened;
/// - whatever a user with privileges can do with them (run workers as an ordinary user), or with a fault of the kernel.
///
/// What it can no longer do, which may surprise: signals go from a worker to itself alone, not to what it has started,
/// and that cannot send any; it cannot make process groups or sessions; pthread_setaffinity_np() and
/// pthread_setschedparam() work only for its first thread, but each thread can do that for itself, as number 0.
struct sandbox_options {
  /// Every call that makes a socket, or connects, binds or accepts one, fails with EPERM, of any kind: those to
  /// services of this machine, too. Connections that the initializer has made stay usable.
  bool no_network = false;
  /// Opening a file to write, and all that makes, removes, renames, truncates or changes files, fails with EROFS,
  /// /dev/null too. Files that the initializer has opened for writing, and the streams, stay writable; so does memory
  /// that memfd_create() makes. bind() is refused, since it can make a file.
  bool read_only_filesystem = false;
  /// To have no sandbox rather than one without Landlock: a kernel without it (see sandbox_support) lets a worker open
  /// the memory of other processes of its user, through /proc, to read, and without read_only_filesystem to write.
  bool require_landlock = false;
  /// How many bytes of memory a worker may allocate besides what it has after its initializer; more is a std::bad_alloc
  /// in the task. Counted is what is mapped, touched or not: heap and stacks of threads. Not counted: shared_array,
  /// memory shared otherwise, files, and the stack of the first thread. Each process that a task starts has a limit of
  /// its own, as high. So it stops programs that need too much, not those that want to fill the machine: a control
  /// group does. 0: no limit. It does nothing under AddressSanitizer, ThreadSanitizer and the like.
  std::size_t memory = 0;

  /// For code that may be hostile: it then cannot reach the memory, signals or descriptors of other processes, nor have
  /// others act for it.
  [[nodiscard]] static constexpr sandbox_options strict() noexcept {
    return {.no_network = true, .read_only_filesystem = true, .require_landlock = true};
  }
};

}  // namespace heddle::process
