// SPDX-License-Identifier: MIT
// What a pool of worker processes can be asked for when it starts.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <heddle/base/available_parallelism.hpp>
#include <heddle/base/usable_cpus.hpp>
#include <heddle/callable_kind.hpp>
#include <heddle/errors.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/returned.hpp>
#include <heddle/process/start_method.hpp>
#include <heddle/process/worker_main.hpp>
#include <heddle/process/worker_pool_settings.hpp>
#include <heddle/sandbox.hpp>
#include <heddle/travelling_call.hpp>

namespace heddle {

using process::start_method;

/// What a worker process calls before its first call: a callable that travels, without arguments.
class worker_initializer {
 public:
  worker_initializer() noexcept = default;
  template <class F>
    requires std::invocable<std::decay_t<F>>
  worker_initializer(F&& callable)  // NOLINT(google-explicit-constructor): a callable is one
      : setup_(std::make_shared<travelling_setup<std::decay_t<F>>>(std::forward<F>(callable))) {
    static_assert(callable_must_travel<F>);
  }

  /// For one that takes arguments: says what to write.
  template <class F>
    requires(!std::invocable<std::decay_t<F>> && !std::same_as<std::decay_t<F>, worker_initializer>)
  worker_initializer(F&&) {  // NOLINT(google-explicit-constructor): as above
    static_assert(!std::is_same_v<F, F>,
                  "an initializer is called without arguments: give it what it takes as values, "
                  ".initializer = heddle::partial(function, values...)");
  }

  /// Null if there is none.
  [[nodiscard]] const std::shared_ptr<const process::worker_setup>& setup() const noexcept { return setup_; }

 private:
  template <class F>
  class travelling_setup final : public process::worker_setup {
   public:
    template <class G>
    explicit travelling_setup(G&& callable) : call_(std::forward<G>(callable)) {}
    [[nodiscard]] const process::callable_id& function() const override { return call_.function(); }
    void encode(process::byte_sink& sink) const override { call_.encode(sink); }

   private:
    travelling_call<F> call_;
  };

  std::shared_ptr<const process::worker_setup> setup_;
};

/// Whether what a worker prints goes where the program's does, or nowhere.
enum class worker_stdio { inherit, null };

/// What becomes of the call whose worker has died.
class on_crash {
 public:
  /// It fails with worker_died, and nothing else does.
  static constexpr on_crash fail_task() noexcept { return on_crash(1); }
  /// Another worker begins it anew, up to `again` times; then it fails. For calls that may be run more than once.
  static constexpr on_crash retry(unsigned again) noexcept {
    return on_crash(std::max(again, again + 1));  // not 0
  }

  /// It fails with worker_died, and all others with broken_process_pool, now and later. Python's rule.
  static constexpr on_crash break_pool() noexcept { return on_crash(1, true); }

  /// How many workers may die of a call.
  [[nodiscard]] constexpr unsigned attempts() const noexcept { return attempts_; }
  [[nodiscard]] constexpr bool breaks_pool() const noexcept { return breaks_pool_; }

 private:
  explicit constexpr on_crash(unsigned attempts, bool breaks_pool = false) noexcept
      : attempts_(attempts), breaks_pool_(breaks_pool) {}
  unsigned attempts_;
  bool breaks_pool_;
};

struct process_pool_options {
  /// How many processes: 1 to 4096. They are started when there are calls for them.
  std::size_t max_workers = base::available_parallelism();
  /// How they are started: start_method::automatic, fork_server, fork or spawn. Where that is not possible the pool is
  /// not made: executor_start_error says what to do.
  heddle::start_method start_method = heddle::start_method::automatic;
  heddle::on_crash on_crash = heddle::on_crash::fail_task();
  /// Each worker calls it before its first call. If it throws, the pool is broken: every call fails with
  /// broken_process_pool, with what was thrown nested inside.
  worker_initializer initializer{};  // NOLINT(readability-redundant-member-init): GCC warns of a member without
  /// How long the initializer may take in a worker; zero: as long as it takes. If it takes longer, its worker is
  /// killed, and the pool is broken as if it had thrown a task_timeout. Calls have a limit of their own: timeout.
  std::chrono::nanoseconds initializer_timeout{0};
  /// After so many calls a worker ends and another one takes its place; 0: never. For calls that leak.
  std::uint64_t max_tasks_per_child = 0;
  /// How long a call may run; zero: as long as it takes. The clock begins when a worker that has been started and has
  /// done its initializer has the arguments, or the first of them where they are large; not before they are encoded.
  /// When that is over its worker is killed, the call fails with task_timeout, and another worker takes its place. Each
  /// worker then has one call at a time, so that the time of one is not that of another.
  std::chrono::nanoseconds timeout{0};
  /// How many bytes a result may take, in memory and on its way. What is larger is an error of its call.
  std::uint64_t max_result = std::uint64_t{1} << 30U;
  /// How many bytes of memory a worker may allocate besides what it has after its initializer; 0: as many as there are.
  /// What is more is a std::bad_alloc in the call. Where the sandbox has a limit, too, the smaller one holds. Not where
  /// the program is built with AddressSanitizer or ThreadSanitizer.
  std::uint64_t max_memory = 0;
  /// A worker that has more bytes of memory than this in use when a call ends is replaced; 0: never. For calls that
  /// leak.
  std::uint64_t max_rss = 0;
  /// How many threads libraries are to start in a worker, that ask OMP_NUM_THREADS, OPENBLAS_NUM_THREADS,
  /// MKL_NUM_THREADS or heddle's HEDDLE_NUM_THREADS; those that the program has in its environment stay. 0: the CPUs,
  /// divided among the workers.
  std::uint32_t threads_per_worker = 0;
  heddle::worker_stdio worker_stdio = heddle::worker_stdio::inherit;
  /// What calls may not do, after the initializer: see sandbox_options. Left out, all that this program may. Where the
  /// system cannot give it, the pool is not made: sandbox_error says why. For code that is hostile take
  /// sandbox_options::strict() and worker_stdio::null.
  std::optional<sandbox_options> sandbox = std::nullopt;

  static constexpr std::size_t most_workers = 4096;
  static constexpr std::uint32_t most_nested = 8;

  /// Throws std::invalid_argument if a number is out of its range, and sandbox_error where there is no such sandbox.
  void check() const {
    if (max_workers < 1 || max_workers > most_workers) {
      throw std::invalid_argument("max_workers must be 1 to " + std::to_string(most_workers) + ", and is " +
                                  std::to_string(max_workers) + "; leave it out for one process per available CPU");
    }
    if (timeout < timeout.zero() || initializer_timeout < timeout.zero()) {
      throw std::invalid_argument(
          "the timeout of calls, or of the initializer, must not be negative; leave it out for calls that take as long "
          "as they take");
    }
    if (sandbox.has_value()) describe_sandbox().check(*sandbox);
    if (process::pool_depth >= most_nested) {
      throw std::invalid_argument(
          "a worker process makes a pool, whose workers are inside of " + std::to_string(most_nested) +
          " pools already, as many as may be: this looks like a program whose calls make pools for ever");
    }
    if (max_result == 0)
      throw std::invalid_argument("max_result must not be 0: it is what a result may take, in bytes");
  }

  /// What the system said, as an executor says it.
  static executor_start_error start_error(const std::system_error& refused) {
    std::string text = refused.what();
    const std::string reason = ": " + refused.code().message();
    if (text.ends_with(reason)) text.resize(text.size() - reason.size());
    return {refused.code(), "worker processes cannot be started: " + text};
  }

  [[nodiscard]] process::worker_pool_settings settings() const {
    return {.max_workers = max_workers,
            .max_calls = max_tasks_per_child == 0 ? UINT64_MAX : max_tasks_per_child,
            .attempts = on_crash.attempts(),
            .breaks = on_crash.breaks_pool(),
            .start_method = start_method,
            .threads = threads(),
            .setup = setup(),
            .setup_limit = initializer_timeout,
            .make_start_error = &make_start_error,
            .make_broken = &make_broken,
            .make_setup_timeout = &make_setup_timeout,
            .worker = {.max_result = max_result,
                       .max_memory = max_memory,
                       .max_resident = max_rss,
                       .depth = process::pool_depth + 1,
                       .may_spin = static_cast<std::uint8_t>(max_workers <= base::usable_cpus::count()),
                       .is_silent = static_cast<std::uint8_t>(worker_stdio == heddle::worker_stdio::null),
                       .has_setup = static_cast<std::uint8_t>(setup() != nullptr),
                       .is_sandboxed = static_cast<std::uint8_t>(sandbox.has_value()),
                       .sandbox = sandbox.value_or(sandbox_options())}};
  }

 private:
  /// Who enters a sandbox says how that went, as an initializer does.
  [[nodiscard]] std::shared_ptr<const process::worker_setup> setup() const {
    if (initializer.setup() != nullptr || !sandbox.has_value()) return initializer.setup();
    return worker_initializer([] {}).setup();
  }

  [[nodiscard]] std::uint32_t threads() const noexcept {
    if (threads_per_worker != 0) return threads_per_worker;
    return std::max(1U, static_cast<std::uint32_t>(base::available_parallelism() / max_workers));
  }

  /// What the system said, as an executor says it; another error as it is.
  static std::exception_ptr make_start_error(const std::exception_ptr& error) noexcept {
    try {
      std::rethrow_exception(error);
    } catch (const std::system_error& refused) {
      try {
        return std::make_exception_ptr(start_error(refused));
      } catch (...) {
        return error;  // there is no memory to say more
      }
    } catch (...) {
      return error;
    }
  }

  static std::exception_ptr make_setup_timeout() noexcept try {
    return make_broken(
        "an initializer of this pool of processes was not done within initializer_timeout, so the pool takes no work: "
        "give it longer, or see why it hangs",
        std::make_exception_ptr(
            task_timeout("timed out: an initializer was not done in time, so its worker process was killed")));
  } catch (...) {
    return std::current_exception();  // there is no memory to say it
  }

  static std::exception_ptr make_broken(const char* why, const std::exception_ptr& inside) noexcept {
    return process::thrown_while_handling(inside, [why] { std::throw_with_nested(broken_process_pool(why)); });
  }
};

}  // namespace heddle
