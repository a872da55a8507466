// SPDX-License-Identifier: MIT
// What becomes of a call whose worker process has ended under it.
#pragma once

#include <csignal>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>

namespace heddle::process {

/// Why a worker process has ended.
enum class death_cause : std::uint8_t {
  crashed,              ///< by a signal that it was sent, or that it has caused: signal()
  exited,               ///< by exit() or the like: exit_code()
  killed_by_pool,       ///< for what it wrote is not what workers write; who calls kill_workers() has it crash
  maybe_out_of_memory,  ///< by SIGKILL, and not by its pool: by somebody, or by the system for want of memory
  server_lost,          ///< with the fork server, which somebody has killed
  unknown,              ///< nobody could say
};

/// What is known of the end of a worker process.
struct worker_end {
  std::int64_t pid = 0;
  death_cause cause = death_cause::unknown;
  int number = 0;          // the signal, or the exit code
  bool is_unused = false;  // it had begun no call
};

/// The worker process that ran a call has ended, by a crash, by exit(), or because somebody has killed it. Nothing else
/// is lost: other calls go on, and another worker takes its place. Python: BrokenProcessPool, for all calls of a pool.
/// Also what calls fail with whose workers end again and again before they begin one, as in the initializer.
class worker_died : public std::runtime_error {
 public:
  explicit worker_died(const worker_end& of, unsigned attempts = 1)
      : std::runtime_error(text_of(of, attempts)), of_(of), attempts_(attempts) {}

  /// The process number of the worker; 0 if it was not known yet.
  [[nodiscard]] std::int64_t pid() const noexcept { return of_.pid; }
  [[nodiscard]] death_cause cause() const noexcept { return of_.cause; }
  /// The signal that it died of, if that is known.
  [[nodiscard]] std::optional<int> signal() const noexcept {
    const bool is_by_signal = of_.cause == death_cause::crashed || of_.cause == death_cause::maybe_out_of_memory;
    return is_by_signal ? std::optional(of_.number) : std::nullopt;
  }
  /// What it gave exit(), if it ended so.
  [[nodiscard]] std::optional<int> exit_code() const noexcept {
    return of_.cause == death_cause::exited ? std::optional(of_.number) : std::nullopt;
  }
  /// How many workers have died of this call; 0 if the worker ran another one, or none.
  [[nodiscard]] unsigned attempts() const noexcept { return attempts_; }

 private:
  static std::string text_of(const worker_end& of, unsigned attempts) {
    std::string text = "the worker process " + std::to_string(of.pid) + (attempts != 0 ? " that ran this call " : " ");
    switch (of.cause) {
      case death_cause::crashed:
        text += "died of signal " + std::to_string(of.number) + name_of_signal(of.number);
        break;
      case death_cause::exited:
        text += "has exited with code " + std::to_string(of.number);
        break;
      case death_cause::killed_by_pool:
        text += "was killed, because it wrote what no worker writes: the call has damaged it";
        break;
      case death_cause::maybe_out_of_memory:
        text +=
            "was killed (signal 9): by somebody, or by the system because memory ran out; the option max_memory makes "
            "that an error of the call that takes too much";
        break;
      case death_cause::server_lost:
        text += "ended with the fork server of this program, which somebody has killed";
        break;
      case death_cause::unknown:
        text += "has ended, and the system does not say how";
        break;
    }
    if (of.is_unused) {
      text +=
          " before it had begun a call, as others did before it: see what the initializer of the pool does, and what "
          "static objects do";
    }
    if (attempts > 1) text += "; it was the last of " + std::to_string(attempts) + " that tried";
    return text;
  }

  static const char* name_of_signal(int number) noexcept {
    switch (number) {
      case SIGSEGV:
        return " (segmentation fault)";
      case SIGABRT:
        return " (abort)";
      case SIGBUS:
        return " (bus error)";
      case SIGFPE:
        return " (arithmetic)";
      case SIGILL:
        return " (illegal instruction)";
      case SIGTERM:
        return " (terminated)";
      case 9:
        return " (killed)";
      default:
        return "";
    }
  }

  worker_end of_;
  unsigned attempts_;
};

/// std::bad_alloc where there is no memory for its text.
[[nodiscard]] inline std::exception_ptr make_worker_died(const worker_end& of, unsigned attempts) noexcept {
  try {
    return std::make_exception_ptr(worker_died(of, attempts));
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace heddle::process
