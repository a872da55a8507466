// SPDX-License-Identifier: MIT
// The seam between heddle and the system's processes: start one, watch it, kill it, reap it.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <heddle/base/file_text.hpp>
#include <heddle/process/descriptor.hpp>

namespace heddle::process {

/// Waits until a descriptor is readable; false if it is not in time.
[[nodiscard]] inline bool is_readable(int number, std::chrono::milliseconds longest) noexcept {
  const auto until = std::chrono::steady_clock::now() + longest;
  for (;;) {
    pollfd asked{number, POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const int answer = ::poll(&asked, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (answer == 1) return true;
    if (answer == 0 || errno != EINTR) return false;
  }
}

/// A process, by a descriptor that no other process can take over, as a process number can be.
class process_handle {
 public:
  process_handle() noexcept = default;
  explicit process_handle(descriptor of) noexcept : of_(std::move(of)) {}

  /// Of a process that cannot be reaped meanwhile: a child, or the caller. Throws std::system_error.
  static process_handle open(pid_t process) {
    return process_handle(descriptor::made_by(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)),
                                              "pidfd_open, which Linux has from 5.3 on"));
  }

  /// Readable once all its threads have ended.
  [[nodiscard]] int number() const noexcept { return of_.number(); }
  [[nodiscard]] bool is_open() const noexcept { return of_.is_open(); }

  [[nodiscard]] bool has_ended() const noexcept { return wait_for_end(std::chrono::milliseconds(0)); }

  /// Waits for its end; false if that does not come in time.
  [[nodiscard]] bool wait_for_end(std::chrono::milliseconds longest) const noexcept {
    return is_readable(of_.number(), longest);
  }

  /// Nothing happens if it has ended.
  void send_signal(int signal) const noexcept { ::syscall(SYS_pidfd_send_signal, of_.number(), signal, nullptr, 0); }
  /// To the process group that it leads, also when it has ended, from Linux 6.9 on; before, nothing happens.
  void send_signal_to_group(int signal) const noexcept {
    constexpr unsigned to_group = 4;  // PIDFD_SIGNAL_PROCESS_GROUP
    ::syscall(SYS_pidfd_send_signal, of_.number(), signal, nullptr, to_group);
  }

 private:
  descriptor of_;
};

/// How a process has ended, as its parent is told.
struct exit_report {
  pid_t process = 0;
  int code = 0;    // CLD_EXITED, CLD_KILLED or CLD_DUMPED
  int status = 0;  // its exit status, or the signal
  rusage used{};   // by it, and by those that it has waited for
};

/// Of a child that has ended. It stays a zombie, so that its number is no other process's.
[[nodiscard]] inline bool peek_at_end(const process_handle& child, exit_report& report) noexcept {
  siginfo_t found{};
  const auto type = static_cast<idtype_t>(P_PIDFD);
  const auto number = static_cast<id_t>(child.number());
  if (retry_interrupted([&] { return ::waitid(type, number, &found, WEXITED | WNOWAIT | WNOHANG); }) != 0) return false;
  if (found.si_pid == 0) return false;
  report.process = found.si_pid;
  report.code = found.si_code;
  report.status = found.si_status;
  return true;
}

/// Of one of those: from now on its number may be another process's.
inline void reap(exit_report& ended) noexcept {
  int status = 0;
  retry_interrupted([&] { return ::wait4(ended.process, &status, WNOHANG, &ended.used); });
}

/// The numbers that are the names in a folder of /proc; none if the system does not say.
[[nodiscard]] inline std::vector<int> numbers_in(const char* folder) {
  std::vector<int> found;
  DIR* const names = ::opendir(folder);
  if (names == nullptr) return found;
  while (const dirent* const entry = ::readdir(names)) {
    if (entry->d_name[0] != '.') found.push_back(std::atoi(entry->d_name));
  }
  ::closedir(names);
  return found;
}

/// Whether somebody has attached a debugger to it.
[[nodiscard]] inline bool is_traced(pid_t process) noexcept {
  constexpr std::string_view name = "\nTracerPid:\t";
  try {
    const std::string status = base::text_of_file(("/proc/" + std::to_string(process) + "/status").c_str());
    const std::size_t found = status.find(name);
    return found != std::string::npos && found + name.size() < status.size() && status[found + name.size()] != '0';
  } catch (const std::bad_alloc&) {
    return false;
  }
}

/// How many threads this process has; 0 if the system does not say.
[[nodiscard]] inline std::size_t count_threads() noexcept { return numbers_in("/proc/self/task").size(); }

/// How many a process has that has started none: ThreadSanitizer has one for itself, which a fork does without.
#if defined(__SANITIZE_THREAD__)
inline constexpr std::size_t threads_from_start = 2;
#elif defined(__has_feature)
inline constexpr std::size_t threads_from_start = __has_feature(thread_sanitizer) ? 2 : 1;
#else
inline constexpr std::size_t threads_from_start = 1;
#endif

/// As far as the C library knows; false if it does not.
[[nodiscard]] inline bool has_never_had_two() noexcept {
#if __has_include(<sys/single_threaded.h>)
  return __libc_single_threaded != 0;
#else
  return false;
#endif
}

/// Whether this process has started no thread that is still there. One that was joined may linger for a moment.
[[nodiscard]] inline bool has_one_thread() noexcept {
  for (int tries = 0; tries < 20; ++tries) {
    const std::size_t threads = count_threads();
    if (threads == 0) return has_never_had_two();
    if (threads <= threads_from_start) return true;
    constexpr timespec moment{0, 50'000};
    ::nanosleep(&moment, nullptr);
  }
  return false;
}

/// fork() of a process that has one thread, but the parent is sent no signal when the child ends and the child is not
/// among those that wait() finds. What pthread_atfork() was given does not run. As fork(): 0 in the child, -1 where it
/// fails.
[[nodiscard]] inline pid_t fork_unnoticed() noexcept {
  return static_cast<pid_t>(::syscall(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr));
}

/// Starts this program anew, whatever has become of its file: with `given` as its descriptor 3, the streams 0 to 2, and
/// no other descriptor. `arguments` and `variables` end with null. Throws std::system_error.
inline pid_t start_this_program(int given, char* const arguments[], char* const variables[]) {
  posix_spawn_file_actions_t actions;
  if (const int error = ::posix_spawn_file_actions_init(&actions); error != 0)
    throw std::system_error(error, std::system_category(), "posix_spawn");
  pid_t started = 0;
  int error = ::posix_spawn_file_actions_adddup2(&actions, given, 3);
  if (error == 0) error = ::posix_spawn_file_actions_addclosefrom_np(&actions, 4);
  if (error == 0) error = ::posix_spawn(&started, "/proc/self/exe", &actions, nullptr, arguments, variables);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::system_category(), "posix_spawn");
  return started;
}

/// fork() of a process that may have several threads, for a child that does nothing but to prepare itself and execute a
/// program: whatever lock there is may be taken for ever, so it calls what signal handlers may call. What
/// pthread_atfork() was given does not run. As fork(): 0 in the child, -1 where it fails.
[[nodiscard]] inline pid_t fork_to_execute() noexcept {
  return static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

/// What such a child ends with: it becomes this program, executed anew, with `given` as its descriptor 3, the streams 0
/// to 2, and no other descriptor. Where that fails it writes what the system said, an int, to `tells`, and ends.
[[noreturn]] inline void become_this_program(int given, int tells, char* const arguments[],
                                             char* const variables[]) noexcept {
  constexpr int kept = 5;  // first those from there on, so that neither is written over
  const int given_above = ::fcntl(given, F_DUPFD_CLOEXEC, kept);
  const int tells_above = given_above < 0 ? -1 : ::fcntl(tells, F_DUPFD_CLOEXEC, kept);
  const auto fail = [](int to) {
    const int error = errno;
    static_cast<void>(::write(to, &error, sizeof error));
    ::_exit(127);
  };
  if (tells_above < 0) fail(tells);
  constexpr int told = kept - 1;
  ::dup2(given_above, kept - 2);
  ::dup3(tells_above, told, O_CLOEXEC);
  if (::close_range(kept, ~0U, 0) != 0) {
    rlimit most{};
    ::getrlimit(RLIMIT_NOFILE, &most);
    for (int each = kept; each < static_cast<int>(most.rlim_cur < 65'536 ? most.rlim_cur : 65'536); ++each)
      ::close(each);
  }
  ::execve("/proc/self/exe", arguments, variables);
  fail(told);
  ::_exit(127);
}

/// Points every descriptor from 3 on at /dev/null, but those in `kept`: their numbers stay taken, so that nobody
/// mistakes another file for them, and what they held is let go.
inline void release_descriptors(const std::vector<int>& kept) noexcept {
  const descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!nothing.is_open()) return;
  const auto release = [&](int number) {
    if (number <= STDERR_FILENO || number == nothing.number() || ::fcntl(number, F_GETFD) < 0) return;
    for (const int each : kept) {
      if (each == number) return;
    }
    ::dup3(nothing.number(), number, O_CLOEXEC);
  };
  std::vector<int> numbers = numbers_in("/proc/self/fd");
  if (numbers.empty()) {
    rlimit most{};
    ::getrlimit(RLIMIT_NOFILE, &most);
    for (int each = 0; each < static_cast<int>(most.rlim_cur < 65'536 ? most.rlim_cur : 65'536); ++each)
      numbers.push_back(each);
  }
  for (const int each : numbers) release(each);
}

}  // namespace heddle::process
