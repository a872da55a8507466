// SPDX-License-Identifier: MIT
// Programs with worker processes, one for each word that it is given: what needs a process that begins and ends. With
// HEDDLE_TEST_FORKED in its environment it does not call heddle::init().
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>

#include <heddle/process_pool_executor.hpp>

using namespace std::chrono_literals;
using heddle::process_pool_executor;

namespace {

int twice(int value) { return 2 * value; }

void hang() {
  for (;;) ::pause();
}

bool is_set(const char* variable) { return std::getenv(variable) != nullptr; }

/// Ends the program with this code, so that a test tells where it went wrong.
void expect(bool what, std::source_location where = std::source_location::current()) {
  if (what) return;
  std::fprintf(stderr, "line %u\n", static_cast<unsigned>(where.line()));
  std::fflush(nullptr);
  std::_Exit(99);
}

// ---- static objects

struct speaking {
  speaking() {
    if (is_set("HEDDLE_TEST_UNSYNCHRONISED")) std::ios::sync_with_stdio(false);
    if (!is_set("HEDDLE_TEST_STATIC_TEXT")) return;
    std::printf("static ");
    std::cout << "object ";
  }
  ~speaking() {
    if (is_set("HEDDLE_TEST_STATIC_TEXT")) std::printf("ended ");
  }
};
const speaking speaks;

struct static_pool {
  std::optional<process_pool_executor> pool;
  heddle::future<int> last;

  static_pool() {
    if (is_set("HEDDLE_TEST_STATIC_POOL")) pool.emplace(heddle::process_pool_options{.max_workers = 2});
  }
  ~static_pool() {
    if (!pool.has_value()) return;
    expect(pool->submit(twice, 4).result() == 8);
    if (last.valid()) expect(last.result() == 10);
    pool.reset();
    std::printf("destroyed\n");
  }
};
static_pool of_the_program;

// ---- what it prints and reads

void print() {
  std::printf("before ");
  std::cout << "workers ";
  {
    process_pool_executor procs{{.max_workers = 1}};
    procs
        .submit([] {
          std::printf("call ");
          std::cout << "stream ";
        })
        .result();
    auto exits = procs.submit([] {
      std::printf("exit ");
      std::cout << "code ";
      std::exit(5);
    });
    exits.wait();
    procs.submit([] { std::printf("last "), std::cout << "words "; }).result();
  }
  std::printf("after ");
  std::cout << "all ";
}

void read() {
  std::string line;
  std::getline(std::cin, line);
  process_pool_executor procs{{.max_workers = 1}};
  const bool is_end =
      procs
          .submit([] {
            char byte = 0;
            return ::read(STDIN_FILENO, &byte, 1) == 0 && std::getchar() == EOF && std::cin.get() == EOF;
          })
          .result();
  std::printf("%s %s", line.c_str(), is_end ? "end" : "input");
  while (std::getline(std::cin, line)) std::printf(" %s", line.c_str());
}

void read_late() {
  process_pool_executor procs{{.max_workers = 1}};
  std::printf("%s\n", procs.submit([] { return std::getchar() == EOF; }).result() ? "end" : "input");
  std::fflush(stdout);
  std::string line;
  std::getline(std::cin, line);
  std::printf("%s\n", line.c_str());
}

void without_streams() {
  process_pool_executor procs{{.max_workers = 2}};
  const auto print_much = [](int value) {
    for (int i = 0; i < 2'000; ++i) {
      std::printf("%d\n", i);
      std::fprintf(stderr, "%d\n", i);
    }
    std::fflush(nullptr);
    return 2 * value;
  };
  for (int i = 0; i < 10; ++i) expect(procs.submit(print_much, i).result() == 2 * i);
  expect(procs.submit([] { return std::getchar(); }).result() == EOF);
  for (int i = 0; i < 10; ++i) {
    static_cast<void>(print_much(1));
    expect(procs.submit(print_much, i).result() == 2 * i);
  }
  for (int each = 0; each <= STDERR_FILENO; ++each) expect(::fcntl(each, F_GETFD) == -1);
}

// ---- how it ends

/// Has a call that never ends, which has started a process, and many behind it. Prints who they are.
process_pool_executor& make_busy_pool() {
  static auto& procs = *new process_pool_executor({.max_workers = 1});
  const auto [worker, started, server] = procs
                                             .submit([] {
                                               const pid_t child = ::fork();
                                               if (child == 0) hang();
                                               return std::tuple(::getpid(), child, ::getppid());
                                             })
                                             .result();
  std::printf("%d %d %d\n", worker, started, server);
  std::fflush(stdout);
  static_cast<void>(procs.submit(hang));
  for (int i = 0; i < 100; ++i) static_cast<void>(procs.submit(twice, i));
  while (procs.stats().with_workers == 0) std::this_thread::yield();
  return procs;
}

void end(std::string_view how) {
  static const struct speaking_in_the_end {
    ~speaking_in_the_end() { std::printf("static destructors\n"); }
  } speaks_last;
  std::atexit([] { std::printf("atexit\n"); });
  std::at_quick_exit([] { std::printf("at_quick_exit\n"), std::fflush(stdout); });
  auto& procs = make_busy_pool();
  if (how == "killed") hang();
  if (how == "exit") std::exit(3);
  if (how == "quick_exit") std::quick_exit(4);
  if (how == "abort") std::abort();
  if (how == "exit_in_thread") std::thread([] { std::exit(6); }).detach(), procs.submit(hang).result();
  if (how == "leave_a_child") {
    if (::fork() == 0) {
      ::close(0), ::close(1), ::close(2);
      ::alarm(5);
      hang();
    }
    ::_exit(0);
  }
}

void destroy_in_callback() {
  auto procs = std::make_unique<process_pool_executor>(heddle::process_pool_options{.max_workers = 1});
  const pid_t worker = procs->submit([] { return ::getpid(); }).result();
  auto f = procs->submit([] { ::raise(SIGSTOP); });
  f.add_done_callback([&] { procs.reset(); });
  for (;;) ::kill(worker, SIGCONT), ::usleep(1000);
}

void use_static_pool() {
  expect(of_the_program.pool->submit(twice, 1).result() == 2);
  of_the_program.last = of_the_program.pool->submit([](int value) { return ::usleep(10'000), value * 2; }, 5);
  auto exits = of_the_program.pool->submit([] { std::exit(7); });
  try {
    exits.result();
    expect(false);
  } catch (const heddle::worker_died& died) {
    expect(died.exit_code() == 7);
  }
  static process_pool_executor in_function{{.max_workers = 1}};
  expect(in_function.submit(twice, 3).result() == 6);
  std::printf("used\n");
}

// ---- what it does besides

void become_daemon() {
  process_pool_executor before{{.max_workers = 1}};
  expect(before.submit(twice, 1).result() == 2);
  expect(::daemon(1, 1) == 0);
  try {
    static_cast<void>(before.submit(twice, 1));
    expect(false);
  } catch (const heddle::broken_process_pool&) {
  }
  process_pool_executor after{{.max_workers = 1}};
  expect(after.submit(twice, 2).result() == 4);
  std::printf("daemon\n");
  std::fflush(stdout);
  ::_exit(0);  // what was left behind by the fork is not freed
}

void wait_for_all() {
  process_pool_executor procs{{.max_workers = 2}};
  expect(procs.submit(twice, 1).result() == 2);
  for (int i = 0; i < 3; ++i) {
    if (::fork() == 0) ::_exit(0);
  }
  int count = 0;
  while (::wait(nullptr) > 0) ++count;
  expect(count == 3 && errno == ECHILD);
  procs.submit([] { ::raise(SIGKILL); }).wait();
  expect(procs.submit(twice, 1).result() == 2);
}

void ignore_children() {
  struct sigaction ignores{};
  ignores.sa_handler = SIG_DFL;
  ignores.sa_flags = SA_NOCLDWAIT;
  expect(::sigaction(SIGCHLD, &ignores, nullptr) == 0);
  for (int round = 0; round < 2; ++round) {
    process_pool_executor procs{{.max_workers = 2}};
    expect(procs.submit(twice, 1).result() == 2);
    auto dies = procs.submit([] { ::raise(SIGKILL); });
    try {
      dies.result();
      expect(false);
    } catch (const heddle::worker_died& died) {
      expect(died.signal() == SIGKILL);
    }
    expect(procs.submit([] { return std::system("exit 3"); }).result() == 3 << 8);
    ::signal(SIGCHLD, SIG_IGN);
  }
}

void use_deleted_file(const char* path) {
  const bool may_restart = !is_set("HEDDLE_TEST_FORKED");
  process_pool_executor early{{.max_workers = 1}};
  expect(early.submit([](const std::string& file) { return ::unlink(file.c_str()); }, path).result() == 0);
  expect(early.submit(twice, 1).result() == 2);
  const pid_t server = early.submit([] { return ::getppid(); }).result();
  process_pool_executor late{{.max_workers = 1}};
  expect(late.submit(twice, 2).result() == 4);
  if (may_restart) {
    ::kill(server, SIGKILL);
    while (::kill(server, 0) == 0) {
      try {
        if (late.submit([] { return ::getppid(); }).result() != server) break;
      } catch (const heddle::worker_died&) {
      }
    }
    expect(late.submit(twice, 3).result() == 6);
  }
  std::printf("deleted\n");
}

// ---- what others do to it

/// Prints the worker of a call that waits for a byte, and what comes of it.
void serve_late_call() {
  process_pool_executor procs{{.max_workers = 1, .timeout = 3s}};
  const pid_t worker = procs.submit([] { return ::getpid(); }).result();
  int ends[2];
  expect(::pipe(ends) == 0);
  const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(ends[0]);
  auto call = procs.submit(
      [](const std::string& file) {
        const int from = ::open(file.c_str(), O_RDONLY);
        char byte = 0;
        expect(::read(from, &byte, 1) == 1);  // a stream of libc++ would wait for more
        ::close(from);
        return byte;
      },
      path);
  while (procs.stats().with_workers == 0) std::this_thread::yield();
  std::this_thread::sleep_for(100ms);  // until its clock runs
  std::printf("%d\n", worker);
  std::fflush(stdout);
  std::string word;
  std::cin >> word;
  expect(::write(ends[1], "y", 1) == 1);
  try {
    std::printf("%c\n", call.result());
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
  }
}

void run_some() {
  process_pool_executor procs{{.max_workers = 2}};
  for (int i = 0; i < 100; ++i) expect(procs.submit(twice, i).result() == 2 * i);
  auto dies = procs.submit([] { ::raise(SIGKILL); });
  dies.wait();
  expect(procs.submit(twice, 1).result() == 2);
  std::printf("all is well\n");
}

void run_elsewhere() {
  expect(::chdir("/") == 0);
  run_some();
}

void run_with_threads() {
  std::atomic<bool> is_over{false};
  std::thread other([&] {
    while (!is_over) std::this_thread::sleep_for(1ms);
  });
  run_some();
  is_over = true;
  other.join();
}

void run(const std::string& what, const char* argument) {
  if (what == "some") return run_some();
  if (what == "with_threads") return run_with_threads();
  if (what == "print") return print();
  if (what == "elsewhere") return run_elsewhere();
  if (what == "read") return read();
  if (what == "read_late") return read_late();
  if (what == "without_streams") return without_streams();
  if (what == "end") return end(argument);
  if (what == "destroy_in_callback") return destroy_in_callback();
  if (what == "static_pool") return use_static_pool();
  if (what == "daemon") return become_daemon();
  if (what == "wait_for_all") return wait_for_all();
  if (what == "ignore_children") return ignore_children();
  if (what == "deleted_file") return use_deleted_file(argument);
  if (what == "late_call") return serve_late_call();
  expect(false);
}

}  // namespace

int main(int argc, char** argv) {
  if (is_set("HEDDLE_TEST_NO_PARAMETERS")) {
    heddle::init(0, nullptr);
  } else if (!is_set("HEDDLE_TEST_FORKED")) {
    heddle::init(argc, argv);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // with the test that has started it
  try {
    run(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 98;
  }
  return 0;
}
