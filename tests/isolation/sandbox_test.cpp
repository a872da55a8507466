// SPDX-License-Identifier: MIT
// What goes on working in a sandbox, and what is said where one cannot be had.
#include <heddle/sandbox.hpp>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <heddle/process/message_socket.hpp>
#include <support/catch.hpp>

#include "isolation/sandboxed_child.hpp"

using Catch::Matchers::ContainsSubstring;
using heddle::sandbox_error;
using heddle::sandbox_options;
using heddle::sandbox_support;
using heddle::process::enter_sandbox;
using heddle::process::message_socket;
using heddle_test::child_end;
using heddle_test::done;
using heddle_test::error_of;
using heddle_test::in_a_child;
using heddle_test::in_a_sandbox;
using heddle_test::landlock_create_ruleset;
using heddle_test::take_call;

namespace {

sandbox_options strictest() {
  sandbox_options all = sandbox_options::strict();
  all.require_landlock = heddle::describe_sandbox().landlock != 0;
  all.memory = std::size_t{1} << 30U;
  return all;
}

/// In the strictest sandbox that there is.
template <class Does>
child_end sandboxed(const Does& does) {
  return in_a_sandbox(strictest(), does);
}

struct piece_of_work {
  const char* name;
  int (*does)();  // 0, or what failed
};

int wait_for_a_thread() {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_there = false;
  std::thread thread([&] {
    const std::lock_guard lock(mutex);
    is_there = true;
    changed.notify_one();
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return is_there; });
  lock.unlock();
  thread.join();
  return 0;
}

int use_memory() {
  constexpr std::size_t size = std::size_t{8} << 20U;
  void* const pages = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return errno;
  static_cast<char*>(pages)[size - 1] = 1;
  if (::mprotect(pages, size, PROT_READ) != 0 || ::madvise(pages, size, MADV_DONTNEED) != 0) return errno;
  if (::munmap(pages, size) != 0) return errno;
  return ::sbrk(4096) == reinterpret_cast<void*>(-1) ? errno : 0;
}

int share_memory() {
  const int file = ::memfd_create("shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0 || ::ftruncate(file, 4096) != 0 || ::fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK) != 0) return errno;
  struct flock whole{};
  whole.l_type = F_WRLCK;
  if (::fcntl(file, F_SETFL, O_NONBLOCK) != 0 || ::fcntl(file, F_SETLK, &whole) != 0) return errno;
  if (const int other = ::fcntl(file, F_DUPFD, 0); other < 0 || ::close(other) != 0) return errno;
  void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) return errno;
  *static_cast<char*>(page) = 1;
  return 0;
}

int ring_a_doorbell() {
  const int bell = ::eventfd(0, EFD_CLOEXEC);
  const int events = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  const std::uint64_t one = 1;
  if (::epoll_ctl(events, EPOLL_CTL_ADD, bell, &event) != 0 || ::write(bell, &one, sizeof one) != sizeof one)
    return errno;
  return ::epoll_wait(events, &event, 1, -1) == 1 ? 0 : 1;
}

int tell_the_time() {
  timespec now{};
  const timespec moment{0, 1000};
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  if (timer < 0 || ::clock_gettime(CLOCK_MONOTONIC, &now) != 0) return errno;
  return error_of(::syscall(SYS_clock_gettime, CLOCK_REALTIME, &now)) + error_of(::nanosleep(&moment, nullptr));
}

int read_files() {
  std::ifstream status("/proc/self/status");
  std::ifstream program("/proc/self/exe");
  std::string line;
  return std::getline(status, line) && program.get() == 0x7f ? 0 : 1;
}

int use_another_stack() {
  static char room[1U << 16];
  stack_t stack{};
  stack.ss_sp = room;
  stack.ss_size = sizeof room;
  return error_of(::sigaltstack(&stack, nullptr));
}

volatile std::sig_atomic_t noted = 0;
void note(int) { noted = 1; }

int signal_itself() {
  std::signal(SIGUSR1, note);
  std::signal(SIGUSR2, note);
  if (::raise(SIGUSR1) != 0 || noted == 0) return 1;
  noted = 0;
  if (::kill(::getpid(), SIGUSR1) != 0 || noted == 0) return 2;
  const sigval nothing{};
  return error_of(::sigqueue(::getpid(), SIGUSR2, nothing));
}

int signal_own_thread() {
  const pthread_t first = ::pthread_self();
  int error = 0;
  std::thread([&] { error = ::pthread_kill(first, 0) + ::pthread_kill(::pthread_self(), 0); }).join();
  return error;
}

int look_at_itself() {
  cpu_set_t cpus;
  rlimit limit{};
  if (::sched_getaffinity(0, sizeof cpus, &cpus) != 0 || ::sched_setaffinity(0, sizeof cpus, &cpus) != 0) return errno;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || ::setrlimit(RLIMIT_NOFILE, &limit) != 0) return errno;
  if (::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0)) != 0) return errno;
  int error = ::pthread_setaffinity_np(::pthread_self(), sizeof cpus, &cpus);
  std::thread([&] {  // it asks for its CPUs by its own number
    pthread_attr_t attributes;
    error += ::pthread_getattr_np(::pthread_self(), &attributes);
    ::pthread_attr_destroy(&attributes);
  })
      .join();
  return error;
}

int run_a_program() {
  char name[] = "true";
  char* const arguments[] = {name, nullptr};
  pid_t made = 0;
  if (const int error = ::posix_spawn(&made, "/bin/true", nullptr, nullptr, arguments, environ); error != 0)
    return error;
  return heddle_test::wait_for_child(made).returned;
}

int fork_a_child() {
  return in_a_child([] { return 0; }).returned;
}

int talk_through_pipes() {
  int ends[2];
  char byte = 'x';
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
  return ::write(ends[1], &byte, 1) == 1 && ::read(ends[0], &byte, 1) == 1 ? 0 : 1;
}

int write_to_nothing() { return ::open("/dev/null", O_WRONLY) < 0 && errno == EROFS ? 0 : 1; }

constexpr piece_of_work what_goes_on[] = {
    {"threads and futexes", wait_for_a_thread},
    {"mmap, munmap and brk", use_memory},
    {"memory that is shared", share_memory},
    {"eventfd and epoll", ring_a_doorbell},
    {"clocks", tell_the_time},
    {"reading files", read_files},
    {"alternate stacks", use_another_stack},
    {"signals to itself", signal_itself},
    {"signals to its threads", signal_own_thread},
    {"its own CPUs, limits and priority", look_at_itself},
    {"programs", run_a_program},
    {"children", fork_a_child},
    {"pipes", talk_through_pipes},
    {"what the page says of /dev/null", write_to_nothing},
};

/// What an attempt to enter says; empty if it succeeds.
std::string entering(const sandbox_options& options) {
  try {
    enter_sandbox(options);
    return "";
  } catch (const sandbox_error& refused) {
    return refused.what();
  }
}

}  // namespace

TEST_CASE("what a worker needs goes on working in the strictest sandbox", "[sandbox]") {
  for (const piece_of_work& each : what_goes_on) {
    INFO(each.name);
    CHECK(sandboxed(each.does) == done);
  }
}

TEST_CASE("a worker in a sandbox ends as it would without", "[sandbox]") {
  CHECK(sandboxed([] {
          std::abort();
          return 0;
        }) == child_end{-1, SIGABRT});
  CHECK(sandboxed([] {
          std::thread([] { std::abort(); }).join();
          return 0;
        }) == child_end{-1, SIGABRT});
  CHECK(sandboxed([] { return ::raise(SIGTERM); }) == child_end{-1, SIGTERM});
  CHECK(sandboxed([] { return 7; }) == child_end{7, 0});
}

TEST_CASE("a worker in a sandbox receives messages and descriptors on the socket that it has", "[sandbox]") {
  auto [ours, theirs] = message_socket::make_pair();
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  REQUIRE(ours.send(5, {ends[1]}) == message_socket::outcome::done);
  CHECK(sandboxed([&] {
          int record = 0;
          message_socket::descriptors with;
          if (theirs.receive(record, with) != message_socket::outcome::done) return 1;
          if (theirs.send(record + 1) != message_socket::outcome::done) return 2;
          return ::write(with[0].number(), "x", 1) == 1 ? 0 : 3;
        }) == done);
  int answer = 0;
  message_socket::descriptors none;
  CHECK(ours.receive(answer, none) == message_socket::outcome::done);
  CHECK(answer == 6);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("a worker in a sandbox gains no privileges, and still ends with its server", "[sandbox]") {
  const auto privileges = [] { return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); };
  CHECK(in_a_child(privileges) == child_end{0, 0});
  CHECK(in_a_sandbox(sandbox_options{}, privileges) == child_end{1, 0});
  CHECK(in_a_child([] {
          ::prctl(PR_SET_PDEATHSIG, SIGKILL);
          enter_sandbox(strictest());
          int signal = 0;
          ::prctl(PR_GET_PDEATHSIG, &signal);
          return signal;
        }) == child_end{SIGKILL, 0});
}

TEST_CASE("what a task starts is in the sandbox, too", "[sandbox]") {
  CHECK(sandboxed([] { return in_a_child([] { return error_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }).returned; }) ==
        child_end{EPERM, 0});
  CHECK(sandboxed([] {
          int error = 0;
          std::thread([&] { error = error_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }).join();
          return error;
        }) == child_end{EPERM, 0});
}

TEST_CASE("a process with threads is refused a sandbox", "[sandbox]") {
  CHECK(in_a_child([] {
          std::mutex mutex;
          std::unique_lock lock(mutex);
          std::thread thread([&] { const std::lock_guard waits(mutex); });
          const std::string said = entering({});
          lock.unlock();
          thread.join();
          return said.find("in a task and not in the initializer") != std::string::npos ? 0 : 1;
        }) == done);
}

TEST_CASE("a kernel without Landlock is refused where it is required, and does else", "[sandbox]") {
  const auto entering_without = [](int call, const sandbox_options& options, const char* says) {
    return in_a_child([&] {
      take_call(call);
      const std::string said = entering(options);
      if (said.empty()) return ::prctl(PR_GET_SECCOMP) == 2 ? 0 : 1;
      return said.find(says) != std::string::npos ? 2 : 3;
    });
  };
  CHECK(entering_without(landlock_create_ruleset, {}, "") == done);
  CHECK(entering_without(landlock_create_ruleset, {.require_landlock = true}, "has no Landlock") == child_end{2, 0});
  CHECK(entering_without(landlock_create_ruleset, sandbox_options::strict(), "has no Landlock") == child_end{2, 0});
  CHECK(entering_without(SYS_seccomp, {}, "needs Linux with seccomp") == child_end{2, 0});
}

TEST_CASE("what a sandbox can be made of is known before there is a worker", "[sandbox]") {
  const sandbox_support has = heddle::describe_sandbox();
  CHECK(has.system_call_filter);
  CHECK_NOTHROW(has.check({.no_network = true, .read_only_filesystem = true}));
  CHECK(in_a_child([] {
          take_call(landlock_create_ruleset);
          return heddle::describe_sandbox().landlock;
        }) == done);
  CHECK(in_a_child([] {
          take_call(SYS_seccomp);
          return heddle::describe_sandbox().system_call_filter ? 1 : 0;
        }) == done);
  const sandbox_support no_landlock{.system_call_filter = true, .landlock = 0, .memory_limit = true};
  CHECK_NOTHROW(no_landlock.check({}));
  CHECK_THROWS_WITH(no_landlock.check({.require_landlock = true}), ContainsSubstring("Linux 5.13 or newer"));
  CHECK_THROWS_AS(sandbox_support{}.check({}), sandbox_error);
}

TEST_CASE("what a sandbox does not give is said", "[sandbox]") {
  const sandbox_support all{.system_call_filter = true, .landlock = 1, .memory_limit = true};
  CHECK(all.what_is_weaker({.memory = 1}).empty());
  const sandbox_support some{.system_call_filter = true, .landlock = 0, .memory_limit = false};
  CHECK(some.what_is_weaker({}) ==
        "Without Landlock, a worker can read and write the memory of other processes of its user through /proc.");
  CHECK(some.what_is_weaker({.read_only_filesystem = true, .memory = 1}) ==
        "Without Landlock, a worker can read the memory of other processes of its user through /proc. Under a "
        "sanitizer, memory is not limited.");
}
