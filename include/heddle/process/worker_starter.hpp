// SPDX-License-Identifier: MIT
// The fork server that all pools of a process share.
#pragma once

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>

#include <heddle/base/fork_count.hpp>
#include <heddle/process/child.hpp>
#include <heddle/process/program.hpp>
#include <heddle/process/report_box.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/server_process.hpp>
#include <heddle/process/worker_main.hpp>

namespace heddle::process {

/// One for each process. Any thread. Never destroyed: the server ends with the process.
class worker_starter {
 public:
  static worker_starter& of_this_process() noexcept { return *current_; }

  /// There is a server from now on. Throws std::system_error; std::errc::operation_not_permitted if none can be
  /// started, because this process has several threads and has not called heddle::init().
  void begin() {
    const std::lock_guard lock(mutex_);
    ensure_server();
  }

  /// Orders a worker, of which `box` is told until forget(). Starts the server again if it is gone. Throws as begin(),
  /// and std::bad_alloc. Returns the worker's number.
  [[nodiscard]] serial_number order(const surroundings& where, std::initializer_list<int> given, report_box& box) {
    const std::lock_guard lock(mutex_);
    const server_process& server = ensure_server();
    const serial_number serial = ++last_serial_;
    told_.emplace(serial, &box);
    if (server.order({.serial = serial, .where = where}, given)) return serial;
    told_.erase(serial);
    lose_server();
    throw std::system_error(std::make_error_code(std::errc::connection_aborted), "the fork server is gone");
  }

  void forget(serial_number serial) noexcept {
    const std::lock_guard lock(mutex_);
    told_.erase(serial);
  }

  /// Whom to watch for reports; -1 if there is no server. Another one has another generation.
  struct watched {
    int number = -1;
    std::uint64_t generation = 0;
  };
  [[nodiscard]] watched what_to_watch() {
    const std::lock_guard lock(mutex_);
    return {server_.has_value() ? server_->number() : -1, generation_};
  }

  /// Hands on the reports that are there.
  void hand_on() noexcept {
    const std::lock_guard lock(mutex_);
    while (server_.has_value()) {
      server_report report;
      process_handle started;
      switch (server_->receive(report, started)) {
        case message_socket::outcome::not_now:
          return;
        case message_socket::outcome::done:
          if (const auto to = told_.find(report.serial); to != told_.end()) to->second->put(report, std::move(started));
          break;
        case message_socket::outcome::incomplete:
          // There is no descriptor for the handle of a worker that was started.
          report.what = server_report::kind::failed;
          report.error = EMFILE;
          if (const auto to = told_.find(report.serial); to != told_.end()) to->second->put(report, {});
          break;
        case message_socket::outcome::garbage:
        case message_socket::outcome::closed:
          lose_server();
      }
    }
  }

 private:
  worker_starter() = default;

  /// In the child of a fork what there is belongs to the parent, and a lock may be taken for ever.
  static worker_starter* make_first() {
    base::watch_forks([] {
      if (current_->server_.has_value()) current_->server_->abandon();
      current_ = new worker_starter;
    });
    return new worker_starter;
  }

  const server_process& ensure_server() {
    if (server_.has_value()) return *server_;
    if (!program::current().arguments.empty()) {
      server_process started = server_process::restart();
      if (!started.may_fork()) {
        throw std::system_error(std::make_error_code(std::errc::operation_not_permitted),
                                "this program, started once more to start workers, has several threads before it gets "
                                "to heddle::init(): let no static object start one");
      }
      server_.emplace(std::move(started));
    } else if (has_one_thread() && generation_ == 0) {
      server_.emplace(server_process::fork(&worker_main));
    } else {
      throw std::system_error(std::make_error_code(std::errc::operation_not_permitted),
                              "this process has several threads already, or its fork server was killed; call "
                              "heddle::init(argc, argv) first in main(), and this program "
                              "is started once more to start workers");
    }
    ++generation_;
    return *server_;
  }

  /// Its workers end with it.
  void lose_server() noexcept {
    server_.reset();
    for (const auto& [serial, box] : told_) box->put({.what = server_report::kind::lost, .serial = serial}, {});
  }

  static worker_starter* current_;

  std::mutex mutex_;
  std::optional<server_process> server_;
  std::uint64_t generation_ = 0;
  serial_number last_serial_ = 0;
  std::unordered_map<serial_number, report_box*> told_;
};

/// Made before main(), so that no fork finds it half made.
inline worker_starter* worker_starter::current_ = make_first();

}  // namespace heddle::process
