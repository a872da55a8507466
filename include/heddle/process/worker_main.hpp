// SPDX-License-Identifier: MIT
// What a worker process does: runs the calls that its program writes, until it is told to leave.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include <heddle/base/cpu.hpp>
#include <heddle/base/file_text.hpp>
#include <heddle/process/channel_memory.hpp>
#include <heddle/process/coverage.hpp>
#include <heddle/process/descriptor.hpp>
#include <heddle/process/event_descriptor.hpp>
#include <heddle/process/exception_codec.hpp>
#include <heddle/process/memory_limit.hpp>
#include <heddle/process/message.hpp>
#include <heddle/process/message_reader.hpp>
#include <heddle/process/message_socket.hpp>
#include <heddle/process/message_writer.hpp>
#include <heddle/process/module_table.hpp>
#include <heddle/process/received_segments.hpp>
#include <heddle/process/sandbox.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/shared_memory.hpp>
#include <heddle/process/streams.hpp>
#include <heddle/process/worker_call.hpp>
#include <heddle/sync/patience.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::process {

/// What a worker is given, by its place among the descriptors.
enum given_to_worker : std::size_t { given_memory = sent_for_worker, given_bell, given_notices };

/// How much memory this process has in use, in bytes; 0 if the system does not say.
[[nodiscard]] inline std::uint64_t resident_memory() {
  const std::string text = base::text_of_file("/proc/self/statm");
  const std::size_t second = text.find(' ');
  if (second == std::string::npos) return 0;
  return std::strtoull(text.c_str() + second, nullptr, 10) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// The worker's side of its channel. One thread.
class worker_loop {
 public:
  worker_loop(channel_memory& shared, descriptor bell, descriptor notices)
      : shared_(shared),
        settings_(shared.settings),
        bell_(out_of_the_way(std::move(bell))),
        requests_(shared.requests, shared.request_bytes),
        results_(shared.results, shared.result_bytes),
        modules_(missing_module::open),
        segments_(message_socket(out_of_the_way(std::move(notices)))) {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) == 0) host_ = name;
    origin_ = {.pid = ::getpid(), .host = host_, .backtrace = {}};
  }

  [[nodiscard]] const worker_settings& settings() const noexcept { return settings_; }

  /// Returns when the program says so, or if it is of no use.
  void run() {
    if (settings_.has_setup == 0) restrict_process();
    while (!is_useless_) {
      task_slots::taken taken;
      while ((taken = shared_.slots.take(next_)) == task_slots::taken::nothing) wait_for_offer();
      ++next_;
      take_notices();
      message_head head;
      while (!try_read_head(requests_, head)) wait_for_requests();
      if (head.what == message_head::kind::leave) return;
      handle(head, taken == task_slots::taken::claimed);
    }
  }

 private:
  /// With a high number, which no file gets that a call opens after it has closed all that there is.
  static descriptor out_of_the_way(descriptor given) noexcept {
    rlimit most{};
    ::getrlimit(RLIMIT_NOFILE, &most);
    if (most.rlim_cur < 256) return given;
    const int last = static_cast<int>(std::min<rlim_t>(most.rlim_cur, 65'536));
    descriptor moved(::fcntl(given.number(), F_DUPFD_CLOEXEC, last - 64));
    return moved.is_open() ? std::move(moved) : std::move(given);
  }

  /// Who writes requests piece by piece.
  struct sender {
    worker_loop& loop;
    void progressed() const noexcept { loop.tell_sender(); }
    void wait() const { loop.wait_for_requests(); }
  };
  /// Who reads results piece by piece.
  struct receiver {
    worker_loop& loop;
    void progressed() const noexcept { loop.tell_receiver(); }
    void wait() const { loop.wait_for_room(); }
  };
  using request_source = message_source<sender>;

  class running_call final : public worker_call {
   public:
    running_call(worker_loop& loop, request_source& source, std::uint64_t sequence) noexcept
        : worker_call(source, loop.origin_), loop_(loop), source_(source), sequence_(sequence) {}

    bool end_of_arguments() override {
      is_read_ = true;
      is_wanted_ = source_.finish();
      loop_.release_requests();
      return is_wanted_;
    }
    /// After the call, whatever it has read.
    void end_reading() {
      if (!is_read_) static_cast<void>(end_of_arguments());
    }
    [[nodiscard]] bool is_wanted() const noexcept { return is_wanted_; }

   private:
    void send(const encoder& encode) override {
      if (loop_.is_in_setup()) loop_.restrict_process();
      loop_.send({.sequence = sequence_, .what = message_head::kind::value}, encode, loop_.settings_.max_result);
    }

    worker_loop& loop_;
    request_source& source_;
    const std::uint64_t sequence_;
    bool is_read_ = false;
    bool is_wanted_ = true;
  };

  [[nodiscard]] bool is_in_setup() const noexcept { return settings_.has_setup != 0 && !has_run_; }

  /// From now on. Throws what says why that cannot be had.
  void restrict_process() const {
    if (settings_.max_memory != 0) limit_memory(settings_.max_memory);
    if (settings_.is_sandboxed != 0) enter_sandbox(settings_.sandbox);
  }

  void handle(const message_head& head, bool is_mine) {
    sender peer{*this};
    request_source source(requests_, head, UINT64_MAX, peer);
    source.find_segments_in(&segments_);
    if (!is_mine) {
      source.finish();
      return release_requests();
    }
    if (head.what == message_head::kind::module) return add_module(source);
    running_call call(*this, source, head.sequence);
    std::exception_ptr failure;
    try {
      run(call, head);
    } catch (...) {
      failure = std::current_exception();
    }
    call.end_reading();
    if (failure != nullptr && call.is_wanted()) send_failure(head.sequence, failure);
    is_useless_ = failure != nullptr && is_in_setup();
    has_run_ = true;
  }

  void run(running_call& call, const message_head& head) {
    const void* const function = modules_.decode({head.module, head.offset});
    reinterpret_cast<worker_function>(const_cast<void*>(function))(call);
  }

  void add_module(request_source& source) {
    module_record record;
    source.read(std::as_writable_bytes(std::span(&record, 1)));
    source.finish();
    release_requests();
    modules_.add(record);
  }

  void send_failure(std::uint64_t sequence, const std::exception_ptr& failure) {
    send(
        {.sequence = sequence, .what = message_head::kind::failure},
        [&](byte_sink& sink) { encode_exception(sink, failure, origin_); }, UINT64_MAX);
  }

  /// Whether it is to be replaced.
  [[nodiscard]] bool is_used_up() const {
    return segments_.is_incomplete() || (settings_.max_resident != 0 && resident_memory() > settings_.max_resident);
  }

  template <class Encode>
  void send(message_head head, const Encode& encode, std::uint64_t most) {
    if (is_used_up()) head.module = 1;
    if (!try_place(results_, head, encode)) {
      head.size = measure(encode);
      if (head.size > most) {
        throw message_too_large("the result of a call takes " + std::to_string(head.size) + " bytes, and may take " +
                                std::to_string(most) + ": raise the option max_result, or return less");
      }
      if (padded(head.size) + sizeof head <= channel_memory::ring_size / 2) {
        while (!try_place(results_, head, encode)) wait_for_room();
      } else {
        receiver peer{*this};
        return stream(results_, head, encode, peer);
      }
    }
    results_.publish();
    tell_receiver();
  }

  /// Whoever is to read results. What costs a system call is a reason to sleep soon. Who has submitted a call may be
  /// about to wait for it, and need not be told then: so the supervisor is told a moment later.
  void tell_receiver() noexcept {
    for (unsigned polls = 0; polls < longest_courtesy; ++polls) {
      if (shared_.of_receiver.look() != channel_memory::supervisor) break;
      base::pause();
    }
    if (shared_.slots.was_offered(next_)) {
      is_owing_ = true;
      tell(shared_.of_receiver.ring_others_than(channel_memory::supervisor_later));
    } else {
      tell_of_all();
    }
  }

  /// Nobody is left who is to be told later.
  void tell_of_all() noexcept {
    is_owing_ = false;
    tell(shared_.of_receiver.ring());
  }

  void tell(doorbell::caller whom) noexcept {
    switch (whom) {
      case channel_memory::somebody:
        shared_.of_receiver.wake();
        has_woken_ = true;
        return;
      case channel_memory::supervisor:
      case channel_memory::supervisor_later:
        has_woken_ = true;
        if (!bell_.signal()) std::abort();  // whoever has closed its descriptors has ended this worker
        return;
      default:
        return;
    }
  }

  /// What was read of the requests may be written over; the sender may wait for that.
  void release_requests() noexcept {
    requests_.release();
    if (requests_.position() - rung_ < channel_memory::often) return;
    rung_ = requests_.position();
    tell_sender();
  }

  void tell_sender() noexcept {
    if (shared_.of_sender.ring() == channel_memory::somebody) shared_.of_sender.wake();
  }

  void wait_for_offer() {
    wait([&] { return shared_.slots.was_offered(next_) || segments_.is_behind(count_notices()); });
    take_notices();
  }

  // relaxed: who counts one offers a call afterwards, or rings.
  [[nodiscard]] std::uint64_t count_notices() const noexcept { return shared_.notices.load(base::relaxed); }
  /// Those that were sent before the call that was taken, at least.
  void take_notices() {
    const std::uint64_t sent = count_notices();
    if (!segments_.is_behind(sent)) return;
    if (!segments_.take(sent)) std::abort();  // whoever has closed its descriptors has ended this worker
    // relaxed: the socket orders it.
    if (shared_.has_late_notices.exchange(0, base::relaxed) != 0) bell_.signal();
  }

  void wait_for_requests() {
    wait([&] { return requests_.look(), requests_.readable_bytes() != 0; });
  }
  void wait_for_room() {
    const std::size_t before = results_.free_bytes();
    wait([&] { return results_.look(), results_.free_bytes() > before; });
  }

  /// Looks for as long as it takes who was woken to come back with the next call.
  template <class IsThere>
  [[nodiscard]] bool comes_soon(const IsThere& is_there) noexcept {
    sync::patience left;
    if (std::exchange(has_woken_, false)) left.be_polite();
    for (; !left.is_over(); left.pause()) {
      if (is_there()) return true;
    }
    return false;
  }

  template <class IsThere>
  void wait(const IsThere& is_there) {
    if (is_owing_) tell_of_all();
    if (settings_.may_spin != 0 && comes_soon(is_there)) return;
    flush_streams();  // while it sleeps somebody may look at what it has printed
    shared_.of_worker.wait(channel_memory::somebody, is_there);
  }

  static constexpr unsigned longest_courtesy = 32;  // pauses: one or two microseconds

  channel_memory& shared_;
  const worker_settings settings_;
  const event_descriptor bell_;
  ring_reader requests_;
  ring_writer results_;
  received_modules modules_;
  received_segments segments_;
  std::string host_;
  exception_origin origin_;
  task_slots::sequence next_ = 1;
  std::uint64_t rung_ = 0;  // where it was when the sender was told of room last
  bool is_owing_ = false;   // maybe there is a result that the receiver was not told of
  bool has_woken_ = false;
  bool has_run_ = false;     // a call
  bool is_useless_ = false;  // its setup has failed
};

/// How many pools are around this process: 0 in a program that somebody has started.
inline std::uint32_t pool_depth = 0;

/// Makes this process what the settings say, at its start.
inline void apply(const worker_settings& settings) noexcept {
  pool_depth = settings.depth;
  if (settings.is_silent != 0) {
    const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    static_cast<void>(::dup2(nothing, STDOUT_FILENO));
    static_cast<void>(::dup2(nothing, STDERR_FILENO));
    ::close(nothing);
  }
}

/// What this worker shares with its program. Where that cannot be, the program is told why, and this does not return.
[[nodiscard]] inline shared_memory map_channel(descriptor sent) noexcept {
  const descriptor again(::fcntl(sent.number(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  try {
    return shared_memory::map(std::move(sent), sizeof(channel_memory));
  } catch (const std::system_error& refused) {
    const std::int32_t error = refused.code().value();
    static_cast<void>(::pwrite(again.number(), &error, sizeof error, offsetof(channel_memory, obstacle)));
    ::_exit(1);
  }
}

/// Nothing of the program that this is a copy of is destroyed.
[[noreturn]] inline void end_worker(int code) noexcept {
  flush_streams();
  std::fflush(nullptr);
  write_coverage();
  ::_exit(code);
}

/// The body of a worker process. Never returns from a call of exit() in a task either: nothing of the program that this
/// is a copy of is destroyed here.
inline void worker_main(serial_number, message_socket::descriptors& given) noexcept {
  reset_coverage();
  ::signal(SIGPIPE, [](int) {});  // not ignored: programs that a call starts would have that, too
  ::on_exit([](int code, void*) { end_worker(code); }, nullptr);
  sync::current_context::set(nullptr);  // of a thread of the program that this is a copy of
  const shared_memory memory = map_channel(std::move(given[given_memory]));
  worker_loop loop(channel_memory::find_in(memory.bytes()), std::move(given[given_bell]),
                   std::move(given[given_notices]));
  apply(loop.settings());
  loop.run();
  end_worker(0);
}

}  // namespace heddle::process
