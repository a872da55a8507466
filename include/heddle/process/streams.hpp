// SPDX-License-Identifier: MIT
// The standard streams of a process that works for another one.
#pragma once

#include <fcntl.h>
#include <stdio_ext.h>
#include <unistd.h>

#include <cstdio>
#include <ios>
#include <iostream>

#include <heddle/process/descriptor.hpp>

namespace heddle::process {

/// Writes what was printed, also by C++ streams that have buffers of their own (std::ios::sync_with_stdio(false)). Of
/// other files nothing: a thread that reads one may hold its lock for ever.
inline void flush_streams() noexcept {
  std::fflush(stdout);
  std::fflush(stderr);
  const auto flush = [](auto& stream) {
    try {
      stream.flush();
    } catch (...) {
      // Its state says so, too, to whom it matters.
    }
  };
  flush(std::cout);
  flush(std::clog);
  flush(std::wcout);
  flush(std::wclog);
}

/// In a copy of a program, or in the program once more: what has been printed and is not written yet, the program
/// itself writes; and its input is its own. There is something at each stream from now on, so that no other file gets
/// its number. One thread.
inline void begin_streams_anew() noexcept {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing < 0) return;
  int kept[] = {-1, -1};
  for (const int each : {STDOUT_FILENO, STDERR_FILENO}) {
    if (each != nothing) kept[each - STDOUT_FILENO] = ::fcntl(each, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  }
  for (const int each : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // One that is its own copy would be closed by exec.
    static_cast<void>(each == nothing ? ::fcntl(each, F_SETFD, 0) : ::dup2(nothing, each));
  }
  if (nothing > STDERR_FILENO) ::close(nothing);
  flush_streams();
  for (const int each : {STDOUT_FILENO, STDERR_FILENO}) {
    const descriptor real(kept[each - STDOUT_FILENO]);
    if (real.is_open()) static_cast<void>(::dup2(real.number(), each));
  }
  ::__fpurge(stdin);
  for (auto left = std::cin.rdbuf()->in_avail(); left > 0; --left) std::cin.rdbuf()->sbumpc();
}

}  // namespace heddle::process
