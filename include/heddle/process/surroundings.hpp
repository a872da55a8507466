// SPDX-License-Identifier: MIT
// What a process inherits from the one that starts it, to be handed to one that somebody else starts.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include <heddle/base/file_text.hpp>
#include <heddle/process/descriptor.hpp>

namespace heddle::process {

/// CPUs, priority, limits and file mode mask of a process. The working folder goes as a descriptor. Trivially copyable.
class surroundings {
 public:
  /// Those of this process; the CPUs are those of its first thread, whichever thread asks. What the system does not say
  /// is left as it is where it is applied. Throws std::bad_alloc.
  static surroundings of_this_process() {
    surroundings found;
    found.has_cpus_ = ::sched_getaffinity(::getpid(), sizeof found.cpus_, &found.cpus_) == 0;
    errno = 0;
    found.priority_ = ::getpriority(PRIO_PROCESS, 0);
    found.has_priority_ = errno == 0;
    for (std::size_t i = 0; i < limits_count; ++i) {
      found.has_limit_[i] = ::getrlimit(static_cast<limit>(i), &found.limits_[i]) == 0;
    }
    found.mask_ = mask_of_this_process();
    return found;
  }

  /// For a process with one thread. What it may not do it leaves: no one has more than who started it.
  void apply() const noexcept {
    if (has_cpus_) static_cast<void>(::sched_setaffinity(0, sizeof cpus_, &cpus_));
    if (has_priority_) static_cast<void>(::setpriority(PRIO_PROCESS, 0, priority_));
    for (std::size_t i = 0; i < limits_count; ++i) {
      if (has_limit_[i]) static_cast<void>(::setrlimit(static_cast<limit>(i), &limits_[i]));
    }
    if (mask_ >= 0) ::umask(static_cast<mode_t>(mask_));
  }

  /// The folder that this process works in; throws std::system_error if it cannot be opened.
  static descriptor working_folder() {
    return descriptor::made_by(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), "the working folder");
  }

 private:
#if defined(__GLIBC__) && defined(__cplusplus)
  using limit = __rlimit_resource;
#else
  using limit = int;
#endif
  static constexpr std::size_t limits_count = RLIM_NLIMITS;

  /// -1 if the system does not say. Not by umask(), which would change it for a moment.
  static int mask_of_this_process() {
    constexpr std::string_view name = "\nUmask:";
    const std::string status = base::text_of_file("/proc/self/status");
    const std::size_t found = status.find(name);
    if (found == std::string::npos) return -1;
    return static_cast<int>(std::strtol(status.c_str() + found + name.size(), nullptr, 8));
  }

  cpu_set_t cpus_{};
  std::array<rlimit, limits_count> limits_{};
  std::array<bool, limits_count> has_limit_{};
  int priority_ = 0;
  int mask_ = -1;
  bool has_cpus_ = false;
  bool has_priority_ = false;
};

}  // namespace heddle::process
