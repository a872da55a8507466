// SPDX-License-Identifier: MIT
// The fork servers that all pools of a process share.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <system_error>
#include <utility>

#include <heddle/base/fork_count.hpp>
#include <heddle/process/child.hpp>
#include <heddle/process/environment.hpp>
#include <heddle/process/order_book.hpp>
#include <heddle/process/program.hpp>
#include <heddle/process/report_box.hpp>
#include <heddle/process/restart_limit.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/server_process.hpp>
#include <heddle/process/start_method.hpp>
#include <heddle/process/time_limit.hpp>
#include <heddle/process/worker_main.hpp>

namespace heddle::process {

/// Whose a process is.
struct rights {
  uid_t user = 0;
  uid_t real_user = 0;
  gid_t group = 0;

  static rights of_this_process() noexcept { return {::geteuid(), ::getuid(), ::getegid()}; }
  bool operator==(const rights&) const = default;
};

/// One for each process and each kind of server. Any thread. Never destroyed: the server ends with the process.
///
/// Orders are given under locks of those who give them, so nothing waits there: what takes longer, as to start a server
/// again, is done in tend(), by the supervisors of those who have ordered. A server that says nothing of its orders for
/// `longest_silence` is killed.
class worker_starter {
 public:
  using clock = std::chrono::steady_clock;

  static constexpr std::chrono::seconds longest_silence{5};

  /// The one that starts workers so. Throws std::system_error, std::errc::operation_not_permitted, if that takes
  /// heddle::init() and this process has not called it.
  static worker_starter& of_this_process(start_method method) {
    const bool has_init = !program::current().arguments.empty();
    if (method == start_method::automatic) return has_init ? *current_.anew : *current_.copy;
    if (method == start_method::fork) return *current_.copy;
    if (!has_init) {
      throw std::system_error(
          std::make_error_code(std::errc::operation_not_permitted),
          "start_method::fork_server and start_method::spawn execute this program once more, which must get to "
          "heddle::init(); call heddle::init(argc, argv) first in main(), or leave the start_method out");
    }
    return *current_.anew;
  }

  worker_starter(const worker_starter&) = delete;
  worker_starter& operator=(const worker_starter&) = delete;

  /// There is a server from now on, which has said so. Waits for that. Throws std::system_error, with
  /// std::errc::operation_not_permitted if this process would have to be forked and has several threads.
  void begin() {
    std::shared_ptr<const server_process> gone;  // is waited for without the lock, as is the next
    std::shared_ptr<const server_process> mine;
    environment now = environment::of_this_process();
    std::unique_lock lock(mutex_);
    is_started_.wait(lock, [&] { return !is_starting_; });
    environment_ = std::move(now);
    if (server_ != nullptr) check_rights();
    if (server_ == nullptr) start(lock);
    mine = server_;
    const auto until = clock::now() + server_process::longest_start;
    refusal_ = 0;
    while (mine != nullptr && server_ == mine && !is_greeted_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
      lock.unlock();
      // Not all the time that is left: meanwhile another thread may have read the hello, after which nothing comes.
      const bool is_there = mine->wait_for_report(std::min(left, longest_look));
      lock.lock();
      if (server_ != mine || is_greeted_ || (!is_there && left > longest_look)) continue;
      if (is_there) {
        take_reports();
      } else {
        lose_server();
      }
      if (server_ == mine) continue;
      gone = std::move(gone_);
      if (refusal_ != 0)
        throw std::system_error(refusal_, std::system_category(), "the fork server of this program cannot start");
      server_process::throw_no_hello(is_there ? std::errc::connection_aborted : std::errc::timed_out);
    }
    if (mine != nullptr && server_ == mine) return;
    gone = std::move(gone_);
    server_process::throw_no_hello(std::errc::connection_aborted);
  }

  /// Orders a worker, of which `box` is told until forget(); so long the descriptors stay the caller's. Does not wait:
  /// whoever reads the box calls tend() next. Throws std::system_error if there is no server and none can be started,
  /// and std::bad_alloc. Returns the worker's number.
  [[nodiscard]] serial_number order(const spawn_order& what, std::span<const int> given, report_box& box) {
    const std::lock_guard lock(mutex_);
    if (server_ == nullptr && !is_starting_) check_whether_to_start();
    const serial_number serial = book_.add(what, given, box);
    send_orders();
    return serial;
  }

  void forget(serial_number serial) noexcept {
    const std::lock_guard lock(mutex_);
    book_.forget(serial);
  }

  /// Whom to watch for reports; null if there is no server. Another one has another generation.
  struct watched {
    std::shared_ptr<const server_process> server;
    std::uint64_t generation = 0;
  };
  [[nodiscard]] watched what_to_watch() const noexcept {
    const std::lock_guard lock(mutex_);
    return {server_, generation_};
  }

  /// Hands on the reports that are there.
  void hand_on() noexcept {
    const std::lock_guard lock(mutex_);
    take_reports();
  }

  /// When tend() has something to do, if nothing happens before.
  [[nodiscard]] clock::time_point next_time() const noexcept {
    const std::lock_guard lock(mutex_);
    if (gone_ != nullptr) return {};  // now
    if (server_ != nullptr) return std::min(patience_.end(), send_again_);
    return book_.has_unsent() && !is_starting_ ? limit_.next() : clock::time_point::max();
  }

  /// Does what is due: sends orders, kills a server that hangs, starts another one if there are orders for it. May take
  /// as long as that takes.
  void tend() noexcept {
    std::shared_ptr<const server_process> gone;  // is waited for without the lock
    std::unique_lock lock(mutex_);
    const auto now = clock::now();
    if (server_ != nullptr && patience_.is_over(now)) lose_patience(now);
    if (server_ != nullptr && now >= send_again_) send_orders();
    gone = std::move(gone_);
    if (server_ != nullptr || is_starting_ || !book_.has_unsent() || now < limit_.next()) return;
    try {
      start(lock);
    } catch (const std::system_error& refused) {
      book_.drop_unsent({.what = server_report::kind::failed, .error = refused.code().value()});
    } catch (...) {
      book_.drop_unsent({.what = server_report::kind::failed, .error = ENOMEM});
    }
  }

 private:
  static constexpr std::chrono::milliseconds longest_look{10};

  /// What the server is.
  enum class kind : std::uint8_t { anew, copy };
  struct both {
    worker_starter* anew;
    worker_starter* copy;
  };

  explicit worker_starter(kind of) noexcept : kind_(of) {}

  static both make_both() { return {new worker_starter(kind::anew), new worker_starter(kind::copy)}; }

  /// In the child of a fork what there is belongs to the parent, and a lock may be taken for ever.
  static both make_first() {
    base::watch_forks([] {
      for (const worker_starter* const each : {current_.anew, current_.copy}) {
        if (each->server_ != nullptr) each->server_->abandon();
      }
      current_ = make_both();
    });
    return make_both();
  }

  /// Workers have the rights of their server.
  void check_rights() const {
    if (rights::of_this_process() == rights_) return;
    throw std::system_error(std::make_error_code(std::errc::operation_not_permitted),
                            "the user or group of this process is another one than when its first pool was made, whose "
                            "rights workers would have; make the first pool afterwards");
  }

  void check_whether_to_start() const {
    if (kind_ == kind::copy && has_greeted_) {
      throw std::system_error(
          std::make_error_code(std::errc::operation_not_permitted),
          "the copy of this process that starts workers was killed, and cannot be made again; call "
          "heddle::init(argc, argv) first in main(), and this program is started once more to start workers");
    }
    if (kind_ == kind::anew && limit_.has_failed_too_often() && clock::now() < limit_.next()) {
      throw std::system_error(std::make_error_code(std::errc::connection_aborted),
                              "the fork server of this program, which is this program started once more, ends again "
                              "and again before it has started a worker; look who kills it");
    }
  }

  /// Starts a server, without the lock. Throws what that throws.
  void start(std::unique_lock<std::mutex>& lock) {
    check_that_it_may_start();
    is_starting_ = true;
    lock.unlock();
    std::shared_ptr<server_process> made;
    std::exception_ptr error;
    try {
      made = std::make_shared<server_process>(kind_ == kind::anew ? server_process::restart(environment_)
                                                                  : server_process::fork(&worker_main));
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    is_starting_ = false;
    is_started_.notify_all();
    limit_.note_start(clock::now());
    if (error != nullptr) {
      limit_.note_failure();
      book_.kick_all();  // who has ordered tries again
      std::rethrow_exception(error);
    }
    server_ = std::move(made);
    rights_ = rights::of_this_process();
    ++generation_;
    is_greeted_ = has_served_ = false;
    hope_again();
    book_.kick_all();
    send_orders();  // which others have given meanwhile
  }

  void check_that_it_may_start() const {
    if (kind_ == kind::anew) return;
    check_whether_to_start();
    if (has_one_thread()) return;
    throw std::system_error(std::make_error_code(std::errc::operation_not_permitted),
                            "this process has several threads already, and only one that has one thread can be "
                            "forked; call heddle::init(argc, argv) first in main(), and this program is started once "
                            "more to start workers, or make the first pool before there are threads");
  }

  void send_orders() noexcept {
    if (server_ == nullptr) return;
    send_again_ = clock::time_point::max();
    const bool was_idle = !is_waited_for();
    const auto outcome =
        book_.send([&](const spawn_order& what, std::span<const int> given) { return server_->order(what, given); });
    if (outcome == message_socket::outcome::closed) return lose_server();
    if (outcome == message_socket::outcome::not_now) send_again_ = clock::now() + std::chrono::milliseconds(10);
    if (was_idle) hope_again();
  }

  /// Whether the server is to say something.
  [[nodiscard]] bool is_waited_for() const noexcept {
    return !is_greeted_ || book_.has_unanswered() || send_again_ != clock::time_point::max();
  }
  /// It has just said something, or been asked.
  void hope_again() noexcept {
    is_forgiven_ = false;
    is_waited_for() ? patience_.start(longest_silence) : patience_.stop();
  }

  void take_reports() noexcept {
    while (server_ != nullptr) {
      server_report report;
      process_handle started;
      switch (server_->receive(report, started)) {
        case message_socket::outcome::not_now:
          return;
        case message_socket::outcome::done:
          note(report, std::move(started));
          break;
        case message_socket::outcome::incomplete:
          // There is no descriptor for the handle of a worker that was started.
          report.what = server_report::kind::failed;
          report.error = EMFILE;
          note(report, {});
          break;
        case message_socket::outcome::garbage:
        case message_socket::outcome::closed:
          return lose_server();
      }
    }
  }

  void note(const server_report& report, process_handle started) noexcept {
    if (!is_greeted_ && server_->is_refusal(report)) {
      refusal_ = report.error;
      return lose_server();
    }
    if (report.what == server_report::kind::hello) {
      if (!server_->is_hello(report)) return lose_server();
      is_greeted_ = has_greeted_ = true;
    } else {
      has_served_ = true;
      limit_.note_success();
      book_.deliver(report, std::move(started));
    }
    hope_again();
    if (send_again_ != clock::time_point::max()) send_orders();
  }

  /// Nobody has read its reports for a while, maybe, or this program was stopped, and the server with it.
  void lose_patience(clock::time_point now) noexcept {
    take_reports();
    if (server_ == nullptr || !patience_.is_over(now)) return;
    if (!is_waited_for()) return hope_again();
    if (patience_.was_missed(now) && !is_forgiven_) {
      hope_again();
      is_forgiven_ = true;
      return;
    }
    lose_server();
  }

  /// It is gone, or is to go. Its workers end with it.
  void lose_server() noexcept {
    server_->handle().send_signal(SIGKILL);
    if (!has_served_) limit_.note_failure();
    gone_ = std::move(server_);
    book_.lose_sent();
    if (kind_ == kind::copy || limit_.has_failed_too_often()) book_.drop_unsent({.what = server_report::kind::lost});
    book_.kick_all();
  }

  static both current_;

  const kind kind_;
  mutable std::mutex mutex_;
  std::condition_variable is_started_;
  std::shared_ptr<server_process> server_;
  std::shared_ptr<const server_process> gone_;  // whose end nobody has waited for
  environment environment_;  // when the last pool was made: the program may change its own when a server is started
  rights rights_;            // that the server has
  std::uint64_t generation_ = 0;
  order_book book_;
  restart_limit limit_;
  time_limit patience_;
  clock::time_point send_again_ = clock::time_point::max();
  int refusal_ = 0;  // what the system has said to the last server that could not start
  bool is_starting_ = false;
  bool is_greeted_ = false;   // it has said that it serves
  bool has_greeted_ = false;  // one has
  bool has_served_ = false;   // it has said something of a worker
  bool is_forgiven_ = false;  // it has said nothing for longer than it may, once
};

/// Made before main(), so that no fork finds it half made.
inline worker_starter::both worker_starter::current_ = make_first();

}  // namespace heddle::process
