// SPDX-License-Identifier: MIT
// The fork server as its program sees it.
#pragma once

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <random>
#include <span>
#include <system_error>
#include <utility>

#include <heddle/process/child.hpp>
#include <heddle/process/descriptor.hpp>
#include <heddle/process/entry.hpp>
#include <heddle/process/fork_server.hpp>
#include <heddle/process/message_socket.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/streams.hpp>

namespace heddle::process {

/// Serves as long as this lives. One thread at a time, but for wait_for_report(), which any may call.
class server_process {
 public:
  static constexpr std::chrono::seconds longest_start{5};
  static constexpr std::chrono::seconds longest_end{2};

  /// A copy of this process, which must have one thread: with the memory of this moment, and what main() did so far.
  /// Does not wait for its hello. Throws std::system_error.
  static server_process fork(worker_body body) {
    auto [ours, theirs] = message_socket::make_pair();
    process_handle program = process_handle::open(::getpid());
    const serial_number name = make_name();
    flush_streams();
    std::fflush(nullptr);  // else both write it
    const pid_t made = fork_unnoticed();
    if (made < 0) throw_system_error("starting the fork server");
    if (made == 0) {
      release_descriptors({theirs.number(), program.number()});
      fork_server(std::move(theirs), std::move(program), name, body).run();
    }
    return {std::move(ours), made, name};
  }

  /// This program, started once more in that environment: it sees its static initialisers and nothing of main() but
  /// heddle::init(). Does not wait for its hello. Throws std::system_error and std::bad_alloc.
  static server_process restart(environment variables) {
    auto [ours, theirs] = message_socket::make_pair();
    const serial_number name = make_name();
    const pid_t made = start_as_server(theirs, name, std::move(variables));
    return {std::move(ours), made, name};
  }

  /// Readable when there is a report. Closed when the server is gone.
  [[nodiscard]] int number() const noexcept { return connection_.number(); }
  [[nodiscard]] const process_handle& handle() const noexcept { return handle_; }

  /// False if none comes in time. One that says that the server is gone is a report, too.
  [[nodiscard]] bool wait_for_report(std::chrono::milliseconds longest) const noexcept {
    return is_readable(connection_.number(), longest);
  }

  /// Whether it is the first one, by which a server says that it is this one, and serves.
  [[nodiscard]] bool is_hello(const server_report& report) const noexcept {
    return report.what == server_report::kind::hello && report.serial == name_;
  }

  /// Whether it says, instead of that, what the system has refused to it.
  [[nodiscard]] bool is_refusal(const server_report& report) const noexcept {
    return report.what == server_report::kind::failed && report.serial == name_;
  }

  /// That it has not come.
  [[noreturn]] static void throw_no_hello(std::errc why) {
    throw std::system_error(
        std::make_error_code(why),
        "the fork server of this program did not start: it ended, or said nothing for 5 seconds; where it is this "
        "program, started once more, that must get to heddle::init(argc, argv) at once: call that first in main()");
  }

  /// Orders a worker, which is told of later: with the folder that it works in, its environment, and what it is given.
  /// Does not wait; `closed` if the server is gone, `not_now` if it is slow to take orders.
  [[nodiscard]] message_socket::outcome order(const spawn_order& what, std::span<const int> given) const noexcept {
    return connection_.send(what, given, MSG_DONTWAIT);
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
  /// Ends the server, which kills its workers, and waits for that. A server that the system does not let end stays.
  ~server_process() {
    if (!connection_.is_open()) return;
    connection_ = message_socket(descriptor());
    const auto type = static_cast<idtype_t>(P_PIDFD);
    const auto number = static_cast<id_t>(handle_.number());
    if (!handle_.wait_for_end(longest_end)) {
      handle_.send_signal(SIGKILL);
      if (!handle_.wait_for_end(longest_end)) return;
    }
    // The program may have waited for all its children itself, and have another one of that number.
    retry_interrupted([&] { return ::waitid(type, number, nullptr, WEXITED | WNOHANG | __WALL); });
  }

 private:
  /// Throws std::system_error; then the process is gone.
  server_process(message_socket connection, pid_t made, serial_number name)
      : connection_(std::move(connection)), name_(name) {
    try {
      handle_ = process_handle::open(made);
    } catch (...) {
      ::kill(made, SIGKILL);
      retry_interrupted([&] { return ::waitpid(made, nullptr, __WALL); });
      connection_ = message_socket(descriptor());
      throw;
    }
  }

  static serial_number make_name() { return std::random_device()() | 1U; }

  message_socket connection_;
  process_handle handle_;
  serial_number name_;
};

}  // namespace heddle::process
