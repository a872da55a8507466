// SPDX-License-Identifier: MIT
// A sandbox that a worker goes into and never leaves.
#pragma once

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include <heddle/process/child.hpp>
#include <heddle/process/landlock.hpp>
#include <heddle/process/memory_limit.hpp>
#include <heddle/process/refused_system_calls.hpp>
#include <heddle/process/sandbox_error.hpp>
#include <heddle/process/sandbox_options.hpp>
#include <heddle/process/system_call_filter.hpp>

namespace heddle::process {

/// What there is to make sandboxes of.
struct sandbox_support {
  /// Linux with seccomp, on x86-64 or 64-bit ARM. Without it there is no sandbox.
  bool system_call_filter = false;
  /// The version of Landlock (1: Linux 5.13; 3: 6.2; 6: 6.12), or 0: an older kernel, or one that was started without.
  int landlock = 0;
  /// False under sanitizers.
  bool memory_limit = false;

  /// Throws sandbox_error if a sandbox with these options cannot be had.
  void check(const sandbox_options& options) const {
    if (!system_call_filter) {
      throw sandbox_error(ENOSYS,
                          "a sandbox needs Linux with seccomp on x86-64 or 64-bit ARM, and whatever this program runs "
                          "in gives none; allow seccomp there, or leave the sandbox out");
    }
    if (options.require_landlock && landlock == 0) {
      throw sandbox_error(ENOSYS,
                          "require_landlock, but this kernel has no Landlock; use Linux 5.13 or newer, started with "
                          "landlock among its security modules (lsm=), or do without require_landlock");
    }
  }

  /// What a sandbox with these options does not give here, in sentences; empty where it gives all.
  [[nodiscard]] std::string what_is_weaker(const sandbox_options& options) const {
    std::string said;
    if (landlock == 0) {
      said += "Without Landlock, a worker can read ";
      said += options.read_only_filesystem ? "" : "and write ";
      said += "the memory of other processes of its user through /proc. ";
    }
    if (options.memory != 0 && !memory_limit) said += "Under a sanitizer, memory is not limited. ";
    if (!said.empty()) said.pop_back();
    return said;
  }
};

/// Asks the kernel, and changes nothing. Any thread, any process: what a worker finds is what its program finds.
[[nodiscard]] inline sandbox_support describe_sandbox() noexcept {
  return {.system_call_filter = system_call_filter::is_available(),
          .landlock = landlock::version(),
          .memory_limit = memory_can_be_limited};
}

/// The system calls that a worker with these options is refused. Throws std::bad_alloc.
[[nodiscard]] inline system_call_filter make_filter(const sandbox_options& options, pid_t own) {
  system_call_filter filter(newer_calls::newest);
  refuse_others_memory(filter);
  refuse_signals_to_others(filter, own);
  refuse_changing_others(filter, own);
  refuse_the_system(filter);
  refuse_clone_flags(filter);
  if (options.no_network) refuse_network(filter);
  if (options.read_only_filesystem) {
    refuse_changing_files(filter);
    refuse_opening_to_write(filter);
  }
  return filter;
}

/// From now on the calling process, which must have one thread, is in a sandbox, with all that it starts. For a worker
/// between its initializer and its first task.
///
/// Throws sandbox_error and std::bad_alloc; the process may be in a part of the sandbox then, and should end.
inline void enter_sandbox(const sandbox_options& options) {
  const sandbox_support has = describe_sandbox();
  has.check(options);
  if (!has_one_thread()) {
    throw sandbox_error(EBUSY,
                        "a sandbox holds only what has one thread, and needs /proc to count them; start threads in a "
                        "task and not in the initializer");
  }
  if (options.memory != 0) limit_memory(options.memory);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    sandbox_error::throw_last(
        "a sandbox needs PR_SET_NO_NEW_PRIVS, which the system refuses: take a kernel or a container that lets it");
  if (has.landlock != 0) {
    landlock::enter({.no_network = options.no_network, .read_only_filesystem = options.read_only_filesystem},
                    has.landlock);
  }
  make_filter(options, ::getpid()).apply();  // last, for it refuses what comes before
}

}  // namespace heddle::process
