// SPDX-License-Identifier: MIT
// The process that starts the workers of a program and waits for their ends.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <new>
#include <system_error>
#include <unordered_map>
#include <utility>

#include <heddle/base/nap.hpp>
#include <heddle/process/child.hpp>
#include <heddle/process/coverage.hpp>
#include <heddle/process/descriptor.hpp>
#include <heddle/process/environment.hpp>
#include <heddle/process/message_socket.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/starting_signal.hpp>
#include <heddle/process/streams.hpp>
#include <heddle/process/worker_birth.hpp>

namespace heddle::process {

/// What a worker's process does, with the descriptors that came with its order, from sent_for_worker on. It never
/// returns.
using worker_body = void (*)(serial_number, message_socket::descriptors& given) noexcept;

/// A process with one thread for ever, so that it may fork at any time, and little memory, so that it does so fast. Its
/// workers are its children: each is a process group of its own, which is killed when the worker has ended, and all of
/// them are when the program has ended, or wants no more of them. It knows nothing of what they do. Where static
/// initialisers have started threads it does not fork, and executes the program for each worker.
class fork_server {
 public:
  /// Only for a process that is to be nothing else: run() ends it. It says `name` in its hello.
  fork_server(message_socket connection, process_handle program, serial_number name, worker_body body) noexcept
      : connection_(std::move(connection)), program_(std::move(program)), name_(name), body_(body) {}

  /// Serves until the program is gone, or says so by closing the connection.
  [[noreturn]] void run() noexcept {
    become_nobody_s_child();
    begin_streams_anew();
    // Else each worker writes what static initialisers have left. A thread of theirs that reads a file may have its
    // lock.
    if (has_one_thread()) std::fflush(nullptr);
    reset_coverage();
    try {
      serve();
    } catch (const std::system_error& refused) {
      say_why_not(connection_, name_, refused);
    } catch (...) {
      // No memory: the connection's end says so.
    }
    end_all();
    write_coverage();
    ::_exit(0);
  }

  /// A server that does not come to its hello says what the system has refused to it.
  static void say_why_not(const message_socket& connection, serial_number name,
                          const std::system_error& refused) noexcept {
    const server_report report{
        .what = server_report::kind::failed, .serial = name, .error = refused.code().value(), .how = {}};
    static_cast<void>(connection.send(report));
  }

 private:
  struct worker {
    process_handle handle;
    pid_t process = 0;
    bool is_untold = false;  // the program has not been told that it was started
  };

  static constexpr std::uint64_t of_connection = 0;  // no worker has these numbers
  static constexpr std::uint64_t of_program = UINT64_MAX;
  static constexpr int milliseconds_until_again = 10;

  /// Nobody's handlers are called here, and signals of the program's terminal are for the program. One that asks a
  /// worker to end that has not begun is not lost: it is blocked.
  static void become_nobody_s_child() noexcept {
    for (int each = 1; each < NSIG; ++each) ::signal(each, SIG_DFL);
    for (const int ignored : ignored_by_server) ::signal(ignored, SIG_IGN);
    sigset_t blocked;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
  }

  void serve() {
    events_ = descriptor::made_by(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    watch(connection_.number(), of_connection);
    watch(program_.number(), of_program);
    if (!has_one_thread()) threads_ = static_cast<int>(count_threads());
    if (!tell({.what = server_report::kind::hello, .serial = name_, .error = threads_})) return;
    for (;;) {
      epoll_event found[64];
      const int count = ::epoll_wait(events_.number(), found, 64, has_untold_ ? milliseconds_until_again : -1);
      for (int i = 0; i < count; ++i) {
        const std::uint64_t whose = found[i].data.u64;
        if (whose == of_program) return;
        if (whose == of_connection ? !take_order() : !report_end(whose)) return;
      }
      if (has_untold_ && !tell_of_untold()) return;
    }
  }

  void watch(int number, std::uint64_t whose) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = whose;
    if (::epoll_ctl(events_.number(), EPOLL_CTL_ADD, number, &event) != 0) throw_system_error("epoll_ctl");
  }

  /// False if the program is gone.
  [[nodiscard]] bool tell(const server_report& report) const noexcept {
    for (;;) {
      const auto outcome = connection_.send(report);
      if (outcome != message_socket::outcome::not_now) return outcome == message_socket::outcome::done;
      base::nap(1000);
    }
  }

  /// With its handle; later, if there are too many descriptors under way, some of which may be those of further orders.
  /// False if the program is gone.
  [[nodiscard]] bool tell_of_start(serial_number serial, worker& started) noexcept {
    const server_report report{
        .what = server_report::kind::started, .serial = serial, .how = {.process = started.process}};
    const auto outcome = connection_.send(report, {started.handle.number()});
    started.is_untold = outcome == message_socket::outcome::not_now;
    has_untold_ = has_untold_ || started.is_untold;
    return started.is_untold || outcome == message_socket::outcome::done;
  }

  [[nodiscard]] bool tell_of_untold() noexcept {
    has_untold_ = false;
    return std::all_of(workers_.begin(), workers_.end(),
                       [this](auto& each) { return !each.second.is_untold || tell_of_start(each.first, each.second); });
  }

  /// False if there will be no more.
  [[nodiscard]] bool take_order() {
    spawn_order order;
    message_socket::descriptors given;
    switch (connection_.receive(order, given, MSG_DONTWAIT)) {
      case message_socket::outcome::not_now:
        return true;
      case message_socket::outcome::done:
        return start(order, given);
      case message_socket::outcome::incomplete:
        // There are no descriptors for what came with it.
        return tell({.what = server_report::kind::failed, .serial = order.serial, .error = EMFILE});
      default:
        return false;
    }
  }

  [[nodiscard]] bool start(const spawn_order& order, message_socket::descriptors& given) {
    worker& started = workers_[order.serial];
    const int error = try_start(started, order, given);
    if (error == 0) return tell_of_start(order.serial, started);
    workers_.erase(order.serial);
    return tell({.what = server_report::kind::failed, .serial = order.serial, .error = error});
  }

  /// 0, or what the system said.
  [[nodiscard]] int try_start(worker& started, const spawn_order& order, message_socket::descriptors& given) {
    const bool executes = order.how == spawn_order::way::execute || threads_ != 0;
    const auto note = [&](pid_t made) { note_child(started, order.serial, made); };
    try {
      executes ? execute_worker(order, given, note) : fork_worker(order, given, note);
    } catch (const std::system_error& refused) {
      return refused.code().value();
    } catch (const std::bad_alloc&) {
      return ENOMEM;
    }
    return 0;
  }

  /// A child that has not begun anything. Throws std::system_error; then there is none.
  void note_child(worker& started, serial_number serial, pid_t made) {
    started.process = made;
    ::setpgid(made, made);  // both do it, whoever is first
    try {
      started.handle = process_handle::open(made);
      watch(started.handle.number(), serial);
    } catch (const std::system_error&) {
      end(started);
      throw;
    }
  }

  template <class Note>
  void fork_worker(const spawn_order& order, message_socket::descriptors& given, const Note& note) {
    const pid_t server = ::getpid();
    starting_signal start;
    const pid_t made = ::fork();
    if (made < 0) throw_system_error("fork");
    if (made != 0) {
      note(made);
      return start.give();
    }
    start.wait();
    leave_server();
    enter_surroundings(server, order, given);
    become_worker(order, given);
  }

  [[noreturn]] void become_worker(const spawn_order& order, message_socket::descriptors& given) noexcept {
    environment::in_file(given[sent_environment]).become_that_of_this_process();
    given[sent_folder] = descriptor();
    given[sent_environment] = descriptor();
    body_(order.serial, given);
    ::_exit(0);
  }

  /// A worker holds nothing of the server.
  void leave_server() noexcept {
    events_ = descriptor();
    connection_ = message_socket(descriptor());
    program_ = process_handle();
    for (auto& [serial, each] : workers_) each.handle = process_handle();
  }

  /// False if the program is gone.
  [[nodiscard]] bool report_end(serial_number serial) noexcept {
    const auto found = workers_.find(serial);
    if (found == workers_.end()) return true;
    server_report report{.what = server_report::kind::ended, .serial = serial};
    if (!peek_at_end(found->second.handle, report.how)) return true;
    // As long as it is a zombie nobody else's group can have its number.
    ::kill(-found->second.process, SIGKILL);
    reap(report.how);
    // The program has the same handle, so it would stay among the events when it is closed here.
    ::epoll_ctl(events_.number(), EPOLL_CTL_DEL, found->second.handle.number(), nullptr);
    workers_.erase(found);
    return tell(report);
  }

  static void end(const worker& ended) noexcept {
    ::kill(ended.process, SIGKILL);
    ::kill(-ended.process, SIGKILL);
    retry_interrupted([&] { return ::waitpid(ended.process, nullptr, 0); });
  }

  void end_all() noexcept {
    for (const auto& [serial, each] : workers_) ::kill(-each.process, SIGKILL);
    for (const auto& [serial, each] : workers_) end(each);
  }

  message_socket connection_;
  process_handle program_;
  const serial_number name_;
  const worker_body body_;
  int threads_ = 0;  // how many, if these are several
  descriptor events_;
  bool has_untold_ = false;
  std::unordered_map<serial_number, worker> workers_;
};

}  // namespace heddle::process
