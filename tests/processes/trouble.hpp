// SPDX-License-Identifier: MIT
// What can go wrong in a worker process, and where.
#pragma once

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <heddle/serialize.hpp>

namespace heddle_test {

enum class trouble { none, error, exit, abort, segfault, stack_overflow, kill, hang };
constexpr trouble troubles[] = {trouble::error,          trouble::exit, trouble::abort, trouble::segfault,
                                trouble::stack_overflow, trouble::kill, trouble::hang};

constexpr const char* name_of(trouble what) {
  constexpr const char* names[] = {"none", "error", "exit", "abort", "segfault", "stack overflow", "kill", "hang"};
  return names[static_cast<int>(what)];
}

// NOLINTNEXTLINE(misc-no-recursion): that is the point.
inline int use_all_stack(volatile char* before) {
  volatile char more[4096];
  more[0] = before == nullptr ? '\0' : before[0];
  return (more[0] == 'x' ? 0 : use_all_stack(more)) + more[0];
}

/// A crash that sanitizers and core dumps do not stop at.
inline void die_of(int signal) {
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

inline void make(trouble what) {
  switch (what) {
    case trouble::none:
      return;
    case trouble::error:
      throw std::domain_error("trouble");
    case trouble::exit:
      std::exit(7);
    case trouble::abort:
      ::signal(SIGABRT, SIG_DFL);
      std::abort();
    case trouble::segfault:
      return die_of(SIGSEGV);
    case trouble::stack_overflow:
      ::signal(SIGSEGV, SIG_DFL);
      static_cast<void>(use_all_stack(nullptr));
      return;
    case trouble::kill:
      ::kill(::getpid(), SIGKILL);
      return;
    case trouble::hang:
      for (;;) ::pause();
  }
}

/// Makes trouble when it is encoded, or decoded, in a process that is not `spared`.
struct carrier {
  trouble when_saved = trouble::none;
  trouble when_loaded = trouble::none;
  long spared = 0;

  template <class Archive>
  void save(Archive& archive) const {
    if (::getpid() != spared) make(when_saved);
    archive(when_saved, when_loaded, spared);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(when_saved, when_loaded, spared);
    if (::getpid() != spared) make(when_loaded);
  }
};

}  // namespace heddle_test
