// SPDX-License-Identifier: MIT
// A worker that does what a test tells it, and the server that starts such workers.
#pragma once

#include <poll.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <heddle/process/child.hpp>
#include <heddle/process/descriptor.hpp>
#include <heddle/process/environment.hpp>
#include <heddle/process/message_socket.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/server_process.hpp>
#include <heddle/process/surroundings.hpp>

namespace heddle_test {

namespace process = heddle::process;

/// What a worker finds out about itself.
struct facts {
  pid_t process = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t child = 0;
  mode_t mask = 0;
  int priority = 0;
  int cpus = 0;
  int descriptors = 0;
  std::uint64_t mark = 0;  // of the program that was executed
  std::size_t most_open = 0;
  std::array<char, 256> folder{};
  std::array<char, 64> variable{};  // HEDDLE_TEST_VARIABLE
};

struct command {
  enum class what : unsigned char { tell, exit, raise, fork } does = what::tell;
  int number = 0;
};

/// Those that lead somewhere, besides the streams.
inline int count_descriptors(const std::string& process = "self") {
  int count = 0;
  for (const auto& each : std::filesystem::directory_iterator("/proc/" + process + "/fd")) {
    std::error_code gone;  // that of the iterator, of this process
    const auto leads_to = std::filesystem::read_symlink(each.path(), gone);
    const bool is_stream = each.path().filename().string().size() == 1 && each.path().filename().string() < "3";
    if (!is_stream && !leads_to.empty() && leads_to != "/dev/null" && !leads_to.string().ends_with("/fd")) ++count;
  }
  return count;
}

inline facts facts_of_this_process() {
  facts found;
  found.process = ::getpid();
  found.parent = ::getppid();
  found.group = ::getpgrp();
  found.mask = ::umask(0);
  ::umask(found.mask);
  found.priority = ::getpriority(PRIO_PROCESS, 0);
  cpu_set_t cpus;
  if (::sched_getaffinity(0, sizeof cpus, &cpus) == 0) found.cpus = CPU_COUNT(&cpus);
  found.descriptors = count_descriptors();
  std::memcpy(&found.mark, reinterpret_cast<const void*>(::getauxval(AT_RANDOM)), sizeof found.mark);
  rlimit most{};
  ::getrlimit(RLIMIT_NOFILE, &most);
  found.most_open = most.rlim_cur;
  if (::getcwd(found.folder.data(), found.folder.size()) == nullptr) found.folder = {};
  const char* const variable = std::getenv("HEDDLE_TEST_VARIABLE");
  std::strncpy(found.variable.data(), variable == nullptr ? "none" : variable, found.variable.size() - 1);
  return found;
}

/// The worker: its descriptor is where its commands come from.
inline void obey(process::serial_number, process::message_socket::descriptors& given) noexcept {
  const process::message_socket commands(std::move(given[process::sent_for_worker]));
  command received;
  process::message_socket::descriptors none;
  while (commands.receive(received, none) == process::message_socket::outcome::done) {
    facts found = facts_of_this_process();
    switch (received.does) {
      case command::what::exit:
        ::_exit(received.number);
      case command::what::raise:
        ::raise(received.number);
        break;
      case command::what::fork:
        found.child = ::fork();
        if (found.child == 0) {
          for (;;) ::pause();
        }
        break;
      case command::what::tell:
        break;
    }
    static_cast<void>(commands.send(found));
  }
}

/// A worker and the test's end of its connection.
struct commanded_worker {
  process::serial_number serial = 0;
  process::process_handle handle;
  process::message_socket commands{process::descriptor()};

  [[nodiscard]] facts ask(command::what does = command::what::tell) const {
    facts answer;
    process::message_socket::descriptors none;
    if (commands.send(command{does, 0}) != process::message_socket::outcome::done ||
        commands.receive(answer, none) != process::message_socket::outcome::done)
      throw std::runtime_error("a worker does not answer");
    return answer;
  }
  void tell(command::what does, int number) const { static_cast<void>(commands.send(command{does, number})); }
};

/// Waits for the server's hello. Returns how many threads it has said that it has; 0: one.
inline int greet(const process::server_process& server) {
  process::server_report report;
  process::process_handle none;
  if (!server.wait_for_report(process::server_process::longest_start) ||
      server.receive(report, none) != process::message_socket::outcome::done || !server.is_hello(report))
    process::server_process::throw_no_hello(std::errc::connection_aborted);
  return report.error;
}

/// Waits for the server's next report; throws if there is none within 10 s.
inline process::server_report next_report(const process::server_process& server, process::process_handle& started) {
  pollfd asked{server.number(), POLLIN, 0};
  if (::poll(&asked, 1, 10'000) != 1) throw std::runtime_error("the server reports nothing");
  process::server_report report;
  if (server.receive(report, started) != process::message_socket::outcome::done)
    throw std::runtime_error("the server is gone");
  return report;
}

/// Throws if the server is gone.
inline void order_worker(const process::server_process& server, process::serial_number serial,
                         process::spawn_order::way how, const process::message_socket& commands) {
  const process::descriptor folder = process::surroundings::working_folder();
  const process::descriptor variables = process::environment::of_this_process().as_file();
  const process::spawn_order order{.serial = serial, .how = how, .where = process::surroundings::of_this_process()};
  const std::array given = {folder.number(), variables.number(), commands.number()};
  if (server.order(order, given) != process::message_socket::outcome::done)
    throw std::runtime_error("the server is gone");
}

inline commanded_worker start_worker(const process::server_process& server, process::serial_number serial,
                                     process::spawn_order::way how = process::spawn_order::way::fork) {
  auto [ours, theirs] = process::message_socket::make_pair();
  order_worker(server, serial, how, theirs);
  commanded_worker worker{.serial = serial, .handle = {}, .commands = std::move(ours)};
  const auto report = next_report(server, worker.handle);
  if (report.what != process::server_report::kind::started || report.serial != serial)
    throw std::runtime_error("the worker was not started");
  return worker;
}

}  // namespace heddle_test
