// SPDX-License-Identifier: MIT
// The fork server as its program sees it.
#pragma once

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <initializer_list>
#include <random>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <heddle/process/child.hpp>
#include <heddle/process/descriptor.hpp>
#include <heddle/process/fork_server.hpp>
#include <heddle/process/message_socket.hpp>
#include <heddle/process/program.hpp>
#include <heddle/process/server_messages.hpp>

namespace heddle::process {

/// Serves as long as this lives. One thread at a time, but for order(), which any may call beside one that receives.
class server_process {
 public:
  static constexpr std::chrono::seconds longest_start{5};
  static constexpr std::chrono::seconds longest_end{2};

  /// A copy of this process, which must have one thread: with the memory of this moment, and what main() did so far.
  /// Throws std::system_error.
  static server_process fork(worker_body body) {
    auto [ours, theirs] = message_socket::make_pair();
    process_handle program = process_handle::open(::getpid());
    const serial_number name = make_name();
    std::fflush(nullptr);  // else both write it
    const pid_t made = fork_unnoticed();
    if (made < 0) throw_system_error("starting the fork server");
    if (made == 0) {
      release_descriptors({theirs.number(), program.number()});
      fork_server(std::move(theirs), std::move(program), name, body).run();
    }
    theirs = message_socket(descriptor());  // so that its end is seen
    return greet(std::move(ours), made, name);
  }

  /// This program, started once more: it sees its static initialisers and nothing of main() but heddle::init(). Throws
  /// std::system_error.
  static server_process restart() {
    auto [ours, theirs] = message_socket::make_pair();
    const serial_number name = make_name();
    const pid_t made = start_as_server(theirs, {name});
    theirs = message_socket(descriptor());  // so that its end is seen
    return greet(std::move(ours), made, name);
  }

  /// Readable when there is a report. Closed when the server is gone.
  [[nodiscard]] int number() const noexcept { return connection_.number(); }
  [[nodiscard]] const process_handle& handle() const noexcept { return handle_; }
  /// False if it has several threads, so that it must not fork.
  [[nodiscard]] bool may_fork() const noexcept { return may_fork_; }

  /// Orders a worker, which is told of later: the folder that it works in, and what it is given. False if the server is
  /// gone.
  [[nodiscard]] bool order(const spawn_order& what, std::initializer_list<int> given) const noexcept {
    return connection_.send(what, given) == message_socket::outcome::done;
  }

  /// The next report, and the handle of a worker that was started. Does not wait.
  [[nodiscard]] message_socket::outcome receive(server_report& report, process_handle& started) const noexcept {
    message_socket::descriptors with;
    const auto outcome = connection_.receive(report, with, MSG_DONTWAIT);
    started = process_handle(std::move(with[0]));
    return outcome;
  }

  /// In a process that the program has forked: the server is not its own.
  void abandon() noexcept { connection_ = message_socket(descriptor()); }

  server_process(server_process&&) noexcept = default;
  server_process& operator=(server_process&&) = delete;
  /// Ends the server, which kills its workers, and waits for that.
  ~server_process() {
    if (!connection_.is_open()) return;
    connection_ = message_socket(descriptor());
    if (handle_.is_open() && !handle_.wait_for_end(longest_end)) handle_.send_signal(SIGKILL);
    // The program may have waited for all its children itself.
    retry_interrupted([&] { return ::waitpid(made_, nullptr, __WALL); });
  }

 private:
  server_process(message_socket connection, pid_t made) noexcept : connection_(std::move(connection)), made_(made) {}

  static serial_number make_name() { return std::random_device()() | 1U; }

  /// Waits until it has said that it is there. One that says nothing in time is killed.
  static server_process greet(message_socket ours, pid_t made, serial_number name) {
    server_process server(std::move(ours), made);
    try {
      server.handle_ = process_handle::open(made);
      server.wait_for_hello(name);
    } catch (...) {
      ::kill(made, SIGKILL);
      throw;
    }
    return server;
  }

  void wait_for_hello(serial_number name) {
    pollfd asked{connection_.number(), POLLIN, 0};
    const auto most = std::chrono::milliseconds(longest_start);
    const int answer = retry_interrupted([&] { return ::poll(&asked, 1, static_cast<int>(most.count())); });
    server_report report;
    process_handle none;
    if (answer == 1 && receive(report, none) == message_socket::outcome::done && report.serial == name) {
      if (report.what == server_report::kind::failed)
        throw std::system_error(report.error, std::system_category(), "the fork server of this program cannot start");
      may_fork_ = report.error == 0;
      if (report.what == server_report::kind::hello) return;
    }
    throw std::system_error(
        std::make_error_code(answer == 0 ? std::errc::timed_out : std::errc::connection_aborted),
        "the fork server of this program did not start: it is this program, started once more, which must get to "
        "heddle::init(argc, argv) at once; call that first in main()");
  }

  message_socket connection_;
  process_handle handle_;
  pid_t made_;
  bool may_fork_ = false;
};

}  // namespace heddle::process
