// SPDX-License-Identifier: MIT
// Every exception that heddle throws of its own, besides std::invalid_argument for bad arguments.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <system_error>

#include <heddle/process/callable_not_found.hpp>
#include <heddle/process/codec_error.hpp>
#include <heddle/process/remote_error.hpp>
#include <heddle/process/sandbox_error.hpp>
#include <heddle/process/worker_died.hpp>

namespace heddle {

/// A wait with a timeout ended before what it waited for. Python: TimeoutError.
class timeout_error : public std::runtime_error {
 public:
  timeout_error() : std::runtime_error("timed out: what was waited for was not done in time; wait again, or longer") {}
  using std::runtime_error::runtime_error;
};

/// The timeout of a map() passed while one of its results was waited for: not the timeout_error that one of its calls
/// threw. The map has ended then.
class map_timeout_error : public timeout_error {
 public:
  using timeout_error::timeout_error;
};

/// A call was given a time limit, and it is over: see with_timeout(). Not a timeout_error that the call threw.
class task_timeout : public timeout_error {
 public:
  task_timeout()
      : timeout_error("timed out: the call was not done within its time limit, so it was cancelled or asked to stop") {}
  using timeout_error::timeout_error;
};

/// The result of a future that was cancelled was asked for. Python: CancelledError.
class cancelled_error : public std::runtime_error {
 public:
  cancelled_error() : std::runtime_error("cancelled: the task was cancelled, so it has no result") {}
  using std::runtime_error::runtime_error;
};

/// A call that the object's state does not allow. Python: InvalidStateError.
class invalid_state_error : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// A promise was destroyed without a result. Found in its future. std: future_errc::broken_promise.
class broken_promise : public std::logic_error {
 public:
  broken_promise()
      : std::logic_error("broken promise: the promise was destroyed before set_value() or set_exception() was called") {
  }
};

/// Work was given to an executor that was shut down. Python: RuntimeError "cannot schedule new futures after shutdown".
class executor_shutdown_error : public std::runtime_error {
 public:
  executor_shutdown_error()
      : std::runtime_error(
            "cannot schedule new futures after shutdown: submit before shutdown(), or use a new executor") {}
};

/// As many calls wait in an executor as its max_pending allows, and its policy is to reject one more.
class executor_full_error : public std::runtime_error {
 public:
  explicit executor_full_error(std::size_t most)
      : std::runtime_error("rejected: " + std::to_string(most) +
                           " calls wait already, as many as max_pending allows; submit later, or choose "
                           "when_full::block or when_full::caller_runs") {}
};

/// The executor cannot run anything any more. Python: BrokenExecutor.
class broken_executor : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A pool of threads takes no work: its initializer threw, which is nested inside (std::rethrow_if_nested), or this is
/// the child of a fork, where its threads are not. Python: BrokenThreadPool.
class broken_thread_pool : public broken_executor {
 public:
  using broken_executor::broken_executor;
};

/// A pool of processes takes no work. Python: BrokenProcessPool.
class broken_process_pool : public broken_executor {
 public:
  using broken_executor::broken_executor;
};

/// A call reached a process that does not have the program or shared object of its callable, or not in the same
/// version; module() names it. Only that call fails.
using process::callable_not_found;

/// The system could not start a worker. A pool of threads is not made then, and those already started have ended. Calls
/// of a pool of processes fail with it, while those that have workers go on.
class executor_start_error : public std::system_error {
 public:
  using std::system_error::system_error;
};

/// The worker process that ran a call has ended under it. See its members.
using process::death_cause;
using process::worker_died;

/// A sandbox cannot be had here; says what is missing.
using process::sandbox_error;

/// A value cannot be sent to another process although its type can, or what came from one is no value of the type.
using process::codec_error;
/// What came from another process is not what encoding a value gives. A codec_error.
using process::malformed_message;
/// What came from another process would take more memory than the limit for it. A codec_error.
using process::message_too_large;

/// What is known of an exception that was thrown in another process: its type, its text, and where it was thrown. It is
/// nested in the exceptions that come back as what they were, and stands for those that cannot.
using process::remote_error;

}  // namespace heddle
