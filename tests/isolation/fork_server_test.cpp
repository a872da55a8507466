// SPDX-License-Identifier: MIT
// How workers are started and how their ends are known, whichever way the fork server was started.
#include <heddle/process/server_process.hpp>

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/process/descriptor.hpp>
#include <heddle/process/environment.hpp>
#include <heddle/process/program.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>
#include <support/temporary_tree.hpp>
#include <support/threads.hpp>

#include "isolation/obedient_worker.hpp"

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using heddle::process::assignment;
using heddle::process::environment;
using heddle::process::message_socket;
using heddle::process::process_handle;
using heddle::process::server_process;
using heddle::process::server_report;
using heddle::process::spawn_order;
using heddle_test::command;
using heddle_test::commanded_worker;
using heddle_test::facts;
using heddle_test::next_report;
using heddle_test::scaled;
using heddle_test::start_worker;

namespace {

server_process greeted(server_process server) {
  const int threads = heddle_test::greet(server);
  CHECK(threads == 0);
  return server;
}
server_process forked() { return greeted(server_process::fork(&heddle_test::obey)); }
server_process restarted() { return greeted(server_process::restart(environment::of_this_process())); }

/// A server in which a static object has started a thread: it does not fork.
server_process threaded() {
  ::setenv("HEDDLE_TEST_STATIC_THREAD", "1", 1);
  server_process started = server_process::restart(environment::of_this_process());
  const int threads = heddle_test::greet(started);
  ::unsetenv("HEDDLE_TEST_STATIC_THREAD");
  CHECK(threads > 1);
  return started;
}

struct way_to_start {
  const char* name;
  server_process (*start)();
  spawn_order::way how = spawn_order::way::fork;
};
constexpr way_to_start ways[] = {{"forked", forked},
                                 {"started once more", restarted},
                                 {"executed, each", restarted, spawn_order::way::execute},
                                 {"executed, since the server has threads", threaded}};

way_to_start any_way() {
  // ThreadSanitizer's own thread is there when a program that was started once more forks, and knows of it.
  return GENERATE(
      filter([](const way_to_start& way) { return !heddle_test::under_thread_sanitizer || way.start != forked; },
             from_range(std::begin(ways), std::end(ways))));
}

server_report end_of(const server_process& server, heddle::process::serial_number serial) {
  process_handle none;
  const server_report report = next_report(server, none);
  CHECK(report.what == server_report::kind::ended);
  CHECK(report.serial == serial);
  return report;
}

/// Whether it runs: whoever inherits an orphan may let its zombie stay for a while.
bool runs(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  std::getline(stat, line);
  const std::size_t name_end = line.rfind(") ");
  return name_end != std::string::npos && line[name_end + 2] != 'Z' && line[name_end + 2] != 'X';
}

/// Waits until the process has ended; false after 2 s.
bool ends(pid_t process) {
  for (int tries = 0; tries < 2000 && runs(process); ++tries) ::usleep(1000);
  return !runs(process);
}

int descriptors_of(const process_handle& of) {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(of.number()));
  std::string line;
  std::string process;
  while (std::getline(info, line)) {
    if (line.starts_with("Pid:")) process = line.substr(line.find_first_of("0123456789"));
  }
  return heddle_test::count_descriptors(process);
}

/// Starts a program, which starts a server and a worker, and kills it when it has said `tell(worker)`.
template <class Tell>
facts facts_of_a_killed_program(const way_to_start& way, const Tell& tell) {
  auto [ours, theirs] = message_socket::make_pair();
  const pid_t program = ::fork();
  if (program == 0) {
    const server_process server = way.start();
    static_cast<void>(theirs.send(tell(start_worker(server, 1, way.how))));
    for (;;) ::pause();
  }
  facts found;
  message_socket::descriptors none;
  CHECK(ours.receive(found, none) == message_socket::outcome::done);
  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  return found;
}

/// Where as many descriptors are under way, from this program to itself, as its server may have. 0 if all is well.
int order_while_nothing_can_be_told() {
  // To whom the limit applies, as to root of a user namespace, who may not know it; and who has no other descriptors.
  const auto nobody = 100'000 + static_cast<uid_t>(::getpid());
  [[maybe_unused]] const bool is_nobody = ::geteuid() == 0 && (::setuid(nobody) == 0 || ::setuid(65534) == 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 1);
  const server_process server = server_process::fork(&heddle_test::obey);
  heddle_test::greet(server);
  const rlimit few{20, 20};
  const pid_t number = start_worker(server, 1).ask().parent;  // which ends at once
  if (::prlimit(number, RLIMIT_NOFILE, &few, nullptr) != 0) return 2;
  auto [ours, theirs] = message_socket::make_pair();
  for (int i = 0; i < 12; ++i) static_cast<void>(ours.send(i, {0, 1, 2}, MSG_DONTWAIT));
  auto [commands, given] = message_socket::make_pair();
  heddle_test::order_worker(server, 2, spawn_order::way::fork, given);
  process_handle worker;
  if (next_report(server, worker).what != server_report::kind::ended) return 3;
  if (server.wait_for_report(300ms)) return 4;
  message_socket::descriptors with;
  for (int i = 0; i < 12; ++i) static_cast<void>(theirs.receive(i, with, MSG_DONTWAIT));
  const server_report report = next_report(server, worker);
  return report.what == server_report::kind::started && report.serial == 2 && worker.is_open() ? 0 : 5;
}

}  // namespace

TEST_CASE("a worker is a process that the fork server starts, in a group of its own", "[fork_server]") {
  const heddle_test::deadline limit;
  const way_to_start way = any_way();
  CAPTURE(way.name);
  const server_process server = way.start();
  const commanded_worker worker = start_worker(server, 7, way.how);
  const facts found = worker.ask();
  CHECK(found.process != ::getpid());
  CHECK(found.parent != ::getpid());
  CHECK(found.group == found.process);
  CHECK(found.descriptors == 1);  // its connection with the test
  CHECK_FALSE(worker.handle.has_ended());
}

TEST_CASE("the end of a worker is known, and how it came", "[fork_server]") {
  const heddle_test::deadline limit;
  const way_to_start way = any_way();
  CAPTURE(way.name);
  const server_process server = way.start();
  const commanded_worker first = start_worker(server, 1, way.how);
  const commanded_worker second = start_worker(server, 2, way.how);
  const commanded_worker third = start_worker(server, 3, way.how);
  first.tell(command::what::exit, 5);
  CHECK(first.handle.wait_for_end(5s));
  server_report end = end_of(server, 1);
  CHECK((end.how.code == CLD_EXITED && end.how.status == 5));
  second.tell(command::what::raise, SIGABRT);  // which AddressSanitizer leaves alone
  end = end_of(server, 2);
  CHECK((end.how.code == CLD_KILLED || end.how.code == CLD_DUMPED));
  CHECK(end.how.status == SIGABRT);
  third.handle.send_signal(SIGKILL);
  end = end_of(server, 3);
  CHECK((end.how.code == CLD_KILLED && end.how.status == SIGKILL));
  CHECK(end.how.used.ru_maxrss > 0);
}

TEST_CASE("a worker has none of the signal handlers of its program", "[fork_server]") {
  const heddle_test::deadline limit;
  const way_to_start way = any_way();
  CAPTURE(way.name);
  const auto before = std::signal(SIGALRM, [](int) { ::_exit(1); });
  const server_process server = way.start();
  const commanded_worker worker = start_worker(server, 1, way.how);
  std::signal(SIGALRM, before);
  worker.tell(command::what::raise, SIGALRM);
  server_report end = end_of(server, 1);
  CHECK((end.how.code == CLD_KILLED && end.how.status == SIGALRM));
  // Nor what the server ignores.
  const commanded_worker next = start_worker(server, 2, way.how);
  next.tell(command::what::raise, SIGTERM);
  end = end_of(server, 2);
  CHECK((end.how.code == CLD_KILLED && end.how.status == SIGTERM));
}

TEST_CASE("a worker has the environment that came with its order", "[fork_server]") {
  const heddle_test::deadline limit;
  const way_to_start way = any_way();
  CAPTURE(way.name);
  const server_process server = way.start();
  ::setenv("HEDDLE_TEST_VARIABLE", "of the order", 1);
  const commanded_worker worker = start_worker(server, 1, way.how);
  ::unsetenv("HEDDLE_TEST_VARIABLE");
  CHECK(std::string(worker.ask().variable.data()) == "of the order");
  CHECK(std::string(start_worker(server, 2, way.how).ask().variable.data()) == "none");
}

TEST_CASE("a server that cannot tell of a worker for a while goes on, and does so later", "[fork_server]") {
  if (heddle_test::under_thread_sanitizer) SKIP("a process with ThreadSanitizer cannot be forked twice");
  const heddle_test::deadline limit;
  const pid_t program = ::fork();
  if (program == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      ::_exit(order_while_nothing_can_be_told());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(6);
    }
  }
  int status = -1;
  heddle::process::retry_interrupted([&] { return ::waitpid(program, &status, 0); });
  CHECK(status == 0);
}

TEST_CASE("a worker is this program executed anew where that was ordered, else a copy", "[fork_server]") {
  const heddle_test::deadline limit;
  const way_to_start way = any_way();
  CAPTURE(way.name);
  const server_process server = way.start();
  const commanded_worker first = start_worker(server, 1, way.how);
  const commanded_worker second = start_worker(server, 2, way.how);
  const bool is_executed = way.how == spawn_order::way::execute || way.start == threaded;
  CHECK((first.ask().mark != second.ask().mark) == is_executed);
}

TEST_CASE("a worker that cannot be executed is told of, and the server goes on", "[fork_server]") {
  const heddle_test::deadline limit;
  const server_process server = restarted();
  process_handle none;
  {
    const std::string too_long(200'000, 'x');  // longer than exec takes
    ::setenv("HEDDLE_TEST_VARIABLE", too_long.c_str(), 1);
    auto [ours, theirs] = message_socket::make_pair();
    heddle_test::order_worker(server, 1, spawn_order::way::execute, theirs);
    ::unsetenv("HEDDLE_TEST_VARIABLE");
  }
  const server_report report = next_report(server, none);
  CHECK(report.what == server_report::kind::failed);
  CHECK(report.serial == 1);
  CHECK(report.error == E2BIG);
  const commanded_worker worker = start_worker(server, 2, spawn_order::way::execute);
  CHECK(worker.ask().process != 0);
}

TEST_CASE("a program that was executed for a server that is gone is not the program", "[fork_server]") {
  const heddle_test::deadline limit;
  auto [ours, theirs] = message_socket::make_pair();
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    // Its parent made the connection, and is said to be another process.
    const std::string assigned = assignment{.name = 5, .parent = ::getppid()}.as_variable();
    const pid_t orphan = ::fork();
    if (orphan != 0) ::_exit(0);
    std::string name = "tests";
    std::string list = "--list-tests";
    std::string variable = assigned;
    char* const arguments[] = {name.data(), list.data(), nullptr};
    char* const variables[] = {variable.data(), nullptr};
    ::dup2(ends[1], STDOUT_FILENO);
    heddle::process::become_this_program(theirs.number(), ends[1], arguments, variables);
  }
  ::waitpid(child, nullptr, 0);
  ::close(ends[1]);
  char byte = 0;
  CHECK(::read(ends[0], &byte, 1) == 0);  // it prints no list
  ::close(ends[0]);
}

TEST_CASE("what a worker has started ends with it", "[fork_server]") {
  const heddle_test::deadline limit;
  const way_to_start way = any_way();
  CAPTURE(way.name);
  const server_process server = way.start();
  const commanded_worker worker = start_worker(server, 1, way.how);
  const pid_t child = worker.ask(command::what::fork).child;
  CHECK(runs(child));
  worker.handle.send_signal(SIGKILL);
  end_of(server, 1);
  CHECK(ends(child));
}

TEST_CASE("a worker works where its order was given, and not where the server was started", "[fork_server]") {
  const heddle_test::deadline limit;
  const way_to_start way = any_way();
  CAPTURE(way.name);
  const server_process server = way.start();
  const std::filesystem::path before = std::filesystem::current_path();
  const heddle_test::temporary_tree folder;
  const mode_t mask = ::umask(027);
  std::filesystem::current_path(folder.root());
  rlimit usual{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  const rlimit fewer{300, usual.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &fewer) == 0);
  cpu_set_t cpus;
  REQUIRE(::sched_getaffinity(::getpid(), sizeof cpus, &cpus) == 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(*heddle_test::cpus_of_this_thread().begin(), &one);
  REQUIRE(::sched_setaffinity(::getpid(), sizeof one, &one) == 0);
  commanded_worker worker;
  // On Linux a thread has its own priority, and cannot have it back.
  const int priority = ::getpriority(PRIO_PROCESS, 0) + 1;
  std::thread([&] {
    ::setpriority(PRIO_PROCESS, 0, priority);
    worker = start_worker(server, 1, way.how);
  }).join();
  REQUIRE(::sched_setaffinity(::getpid(), sizeof cpus, &cpus) == 0);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  std::filesystem::current_path(before);
  ::umask(mask);
  const facts found = worker.ask();
  CHECK(std::filesystem::equivalent(found.folder.data(), folder.root()));
  CHECK(found.mask == 027);
  CHECK(found.priority == std::min(priority, 19));
  CHECK(found.cpus == 1);
  CHECK(found.most_open == 300);
}

TEST_CASE("workers end when nobody wants them any more", "[fork_server]") {
  const heddle_test::deadline limit;
  const way_to_start way = any_way();
  CAPTURE(way.name);
  facts found;
  process_handle handle;
  process_handle server_handle;
  pid_t child = 0;
  {
    server_process server = way.start();
    commanded_worker worker = start_worker(server, 1, way.how);
    found = worker.ask(command::what::fork);
    child = found.child;
    handle = std::move(worker.handle);
    server_handle = process_handle::open(found.parent);
  }
  CHECK(handle.wait_for_end(5s));
  CHECK(server_handle.wait_for_end(5s));
  CHECK(ends(child));
}

TEST_CASE("workers end with their server", "[fork_server]") {
  const heddle_test::deadline limit;
  const way_to_start way = any_way();
  CAPTURE(way.name);
  const server_process server = way.start();
  const commanded_worker worker = start_worker(server, 1, way.how);
  server.handle().send_signal(SIGKILL);
  CHECK(worker.handle.wait_for_end(5s));
  CHECK(server.handle().wait_for_end(5s));  // each of its threads may be its last
  server_report report;
  process_handle none;
  CHECK(server.receive(report, none) == message_socket::outcome::closed);
}

TEST_CASE("nothing is left of a program that was killed", "[fork_server]") {
  const heddle_test::deadline limit;
  const way_to_start way = any_way();
  CAPTURE(way.name);
  const facts found =
      facts_of_a_killed_program(way, [](const commanded_worker& worker) { return worker.ask(command::what::fork); });
  CHECK(ends(found.child));
  CHECK(ends(found.process));
  CHECK(ends(found.parent));
}

TEST_CASE("workers end with their program also where a child of that lives on", "[fork_server]") {
  const heddle_test::deadline limit;
  const way_to_start way = any_way();
  CAPTURE(way.name);
  const facts found = facts_of_a_killed_program(way, [](const commanded_worker& worker) {
    facts answer = worker.ask();
    answer.child = ::fork();  // it holds the connection with the server, too
    while (answer.child == 0) ::pause();
    return answer;
  });
  CHECK(ends(found.process));
  CHECK(ends(found.parent));
  CHECK(runs(found.child));
  ::kill(found.child, SIGKILL);
}

TEST_CASE("a thousand workers leave no descriptor and no process", "[fork_server]") {
  const heddle_test::deadline limit(120s);
  const way_to_start way = any_way();
  CAPTURE(way.name);
  const server_process server = way.start();
  const int ours = heddle_test::count_descriptors();
  int servers = 0;
  pid_t last = 0;
  for (std::size_t i = 1; i <= scaled(1000); ++i) {
    const commanded_worker worker = start_worker(server, i, way.how);
    last = worker.ask().process;
    if (i % 2 == 0) worker.tell(command::what::exit, 0);
    if (i % 2 == 1) worker.handle.send_signal(SIGKILL);
    end_of(server, i);
    if (i == 1) servers = descriptors_of(server.handle());
  }
  CHECK(heddle_test::count_descriptors() == ours);
  CHECK(descriptors_of(server.handle()) == servers);
  CHECK_FALSE(runs(last));
}

TEST_CASE("a forked server is none of the children that a program waits for", "[fork_server]") {
  if (heddle_test::under_thread_sanitizer) SKIP("it cannot fork a process that has threads");
  const heddle_test::deadline limit;
  {
    const server_process server = forked();
    errno = 0;
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
    server.handle().send_signal(SIGKILL);
    CHECK(server.handle().wait_for_end(5s));
  }
  CHECK(::waitpid(-1, nullptr, WNOHANG | __WALL) == -1);
}

TEST_CASE("the server holds nothing open of what its program had", "[fork_server]") {
  const heddle_test::deadline limit;
  const way_to_start way = any_way();
  CAPTURE(way.name);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);  // not closed by exec
  const server_process server = way.start();
  const commanded_worker worker = start_worker(server, 1, way.how);
  ::close(ends[1]);
  char byte = 0;
  CHECK(::read(ends[0], &byte, 1) == 0);
  ::close(ends[0]);
}

TEST_CASE("a program that does not get to its entry is told what to do", "[fork_server]") {
  const heddle_test::deadline limit;
  auto& program = heddle::process::program::current();
  const auto arguments = std::exchange(program.arguments, {"tests", "--never-enter"});
  const auto begin = std::chrono::steady_clock::now();
  CHECK_THROWS_WITH(restarted(), ContainsSubstring("call that first in main()"));
  CHECK(std::chrono::steady_clock::now() - begin < server_process::longest_start);  // it has ended, which is seen
  program.arguments = arguments;
  CHECK(::waitpid(-1, nullptr, WNOHANG | __WALL) == -1);
}

TEST_CASE("a variable that somebody else has set makes no server of a program", "[fork_server]") {
  for (const char* text : {"", "5", "s5", "s5,", "s,5", "x5,5", "w5,5,5", "s5,1", "w5,1"}) {
    CAPTURE(text);
    ::setenv(assignment::variable, text, 1);
    CHECK_FALSE(assignment::take().has_value());
    CHECK(std::getenv(assignment::variable) == nullptr);
  }
}
