// SPDX-License-Identifier: MIT
// The program's side of the channel to one worker.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/nap.hpp>
#include <heddle/process/channel_memory.hpp>
#include <heddle/process/child.hpp>
#include <heddle/process/empty_wakes.hpp>
#include <heddle/process/event_descriptor.hpp>
#include <heddle/process/exception_codec.hpp>
#include <heddle/process/given_calls.hpp>
#include <heddle/process/message.hpp>
#include <heddle/process/message_reader.hpp>
#include <heddle/process/message_writer.hpp>
#include <heddle/process/module_table.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/segment_sender.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/shared_memory.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/spin_wait.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::process {

/// The worker has ended, or has written what no worker writes, while something was read or written piece by piece.
struct worker_is_lost {};

/// Calls go to the worker, and what becomes of them comes back. One thread at a time sends, another one may receive at
/// the same time. The worker is not trusted.
class worker_link {
 public:
  /// Makes the channel. Throws std::system_error, std::bad_alloc.
  explicit worker_link(const worker_settings& settings)
      : memory_(shared_memory::make(sizeof(channel_memory))),
        bell_(event_descriptor::make()),
        shared_(channel_memory::make_in(memory_.bytes())),
        requests_(shared_.requests, shared_.request_bytes),
        results_(shared_.results, shared_.result_bytes),
        segments_(std::make_shared<segment_sender>(shared_)),
        max_result_(settings.max_result),
        may_spin_(settings.may_spin != 0) {
    shared_.settings = settings;
    expect_supervisor();
  }
  worker_link(const worker_link&) = delete;
  worker_link& operator=(const worker_link&) = delete;
  ~worker_link() { segments_->close(); }

  /// For the worker.
  [[nodiscard]] int memory() const noexcept { return memory_.number(); }
  /// Readable when the supervisor is to receive.
  [[nodiscard]] const event_descriptor& bell() const noexcept { return bell_; }
  /// For the worker, until was_started(). Through it comes the memory that calls name.
  [[nodiscard]] int notices() const noexcept { return segments_->end_of_worker(); }
  void was_started() noexcept { segments_->close_end_of_worker(); }
  /// Notices that there was no room for. Any thread.
  void send_late_notices() noexcept { segments_->send_late(); }

  // ---- who sends

  /// Gives the worker calls, one after the other, as long as there is room, and until encoding one of them throws,
  /// which is `error` then. Returns how many were given: those may be done, and gone.
  [[nodiscard]] std::size_t send(std::span<remote_call* const> calls, std::exception_ptr& error) noexcept {
    std::size_t given = 0;
    try {
      for (std::uint64_t offered = requests_.position(); given != calls.size(); ++given) {
        if (!try_place_call(*calls[given])) break;
        if (requests_.position() - offered < most_held_back) continue;
        offer_placed();
        offered = requests_.position();
      }
    } catch (const no_room&) {
      // As where there is no slot.
    } catch (...) {
      error = std::current_exception();
    }
    offer_placed();
    return given;
  }

  /// What the worker does first: calls that function with these values. Throws std::length_error if they do not fit.
  void send_setup(const callable_id& called, std::span<const std::byte> values) {
    const message_head head = head_for(called);
    if (!try_place(requests_, head, [&](byte_sink& sink) { sink.write(values); })) {
      throw std::length_error(
          "the values of an initializer take more than a megabyte: let the initializer load them instead");
    }
    setup_ = next_;
    note_placed();
    offer_placed();
  }

  /// Gives it to a worker that has nothing else, piece by piece. Throws what encoding it throws: then it is not given,
  /// or not any more. Throws worker_is_lost, if the worker is, or is to be. Calls `note_given()` when it has been
  /// given.
  template <class Given>
  void stream_call(remote_call& call, const Given& note_given) {
    const auto encode = call_encoder{call, *segments_};
    const std::uint64_t size = wait_for_room_for([&] { return measure(encode); });
    message_head head = wait_for_head(call.function());
    head.size = size;
    given_.begin_writing(next_);
    const streaming now{*this};
    give(call, requests_.position() + sizeof head + padded(head.size) + sizeof(message_end));
    offer_given();
    note_given();
    worker peer{*this};
    try {
      process::stream(requests_, head, encode, peer);
    } catch (const worker_is_lost&) {
      throw;
    } catch (...) {
      // The worker answers nothing. If it says it did, the call is not with it any more.
      if (take_given(call)) throw;
    }
  }

  /// Tells the worker to end when it has done what it was given. False if there is no room to say so.
  [[nodiscard]] bool try_send_leave() noexcept {
    if (!has_slot() || !try_place(requests_, {.sequence = next_, .what = message_head::kind::leave}, [](byte_sink&) {}))
      return false;
    note_placed();
    offer_placed();
    return true;
  }

  // ---- any thread

  /// Takes back a call that the worker has not begun. Then, or if somebody reads its result, it is not given any more.
  [[nodiscard]] bool try_revoke(const remote_call& call) noexcept { return shared_.slots.try_revoke(call.sequence); }

  /// The call is not given any more; false if it was not.
  [[nodiscard]] bool take_given(const remote_call& call) noexcept { return given_.try_take(call.sequence, call); }

  /// Whether the worker, which has ended, had begun it.
  [[nodiscard]] bool was_begun(const remote_call& call) const noexcept {
    return shared_.slots.was_claimed(call.sequence);
  }

  /// What the system has refused to the worker, which has ended, before it could begin anything; 0: nothing.
  [[nodiscard]] int obstacle() const noexcept {
    const std::int32_t said = shared_.obstacle.load(base::relaxed);  // relaxed: its end was told by the system
    return said > 0 && said < 4096 ? said : 0;
  }

  /// Whoever waits for the worker here looks again.
  void wake_waiters() noexcept {
    for (doorbell* each : {&shared_.of_receiver, &shared_.of_sender}) {
      const doorbell::caller who = each->ring();
      if (who == channel_memory::supervisor || who == channel_memory::supervisor_later) tell_supervisor();
      each->wake();
    }
  }

  /// The worker has ended, or is to be treated so: nobody waits for it any more.
  void lose() noexcept {
    is_lost_.store(true, base::relaxed);  // relaxed: wake_waiters() orders it before their second look
    wake_waiters();
  }
  [[nodiscard]] bool is_lost() const noexcept { return is_lost_.load(base::relaxed); }  // relaxed: as above

  /// Of a worker that is gone, while nobody sends or receives: calls `take(call)` for each that it has, the oldest
  /// first, which is not given any more. It may have passed one, and have its place free in the ring, and run it still.
  template <class Take>
  void take_all(const Take& take) {
    for (task_slots::sequence each = next_ - std::min(next_ - 1, task_slots::capacity); each != next_; ++each) {
      if (remote_call* const call = given_.take(each)) take(*call);
      given_.end_reading();
    }
  }

  /// Takes back up to `most` calls, the newest first, and calls `take(call)` for each. While nobody sends.
  template <class Take>
  void revoke_newest(std::size_t most, const Take& take) {
    for (task_slots::sequence each = next_; each != first_ && most != 0; --each) {
      remote_call* const call = given_.look(each - 1);
      if (call == nullptr || !shared_.slots.try_revoke(each - 1) || !given_.try_take(each - 1, *call)) continue;
      take(*call);
      --most;
    }
  }

  /// The supervisor looks at the worker.
  void tell_supervisor() const noexcept { bell_.signal(); }

  // ---- who receives

  /// Nobody receives: the supervisor is to be told.
  void expect_supervisor() noexcept { shared_.of_receiver.prepare(channel_memory::supervisor); }
  /// As expect_supervisor(), but as long as the worker has more to do the supervisor is not told: it is to look soon.
  void expect_supervisor_later() noexcept { shared_.of_receiver.prepare(channel_memory::supervisor_later); }
  /// Somebody receives, and looks by itself.
  void expect_nobody() noexcept { shared_.of_receiver.cancel(); }

  /// Whether the worker has said that it is to be replaced.
  [[nodiscard]] bool has_had_enough() const noexcept { return has_had_enough_; }

  [[nodiscard]] bool has_results() noexcept {
    if (has_head_) return true;
    if (results_.readable_bytes() < sizeof(message_head)) results_.look();
    return results_.is_broken() || results_.readable_bytes() >= sizeof(message_head);
  }

  /// Waits for results until `is_over()`, or the link is lost; not awake if the worker had to be woken. Before it
  /// sleeps it asks `is_called_off()`, too; who makes that true calls wake_waiters() afterwards.
  template <class IsOver, class IsCalledOff>
  void wait_for_results(sync::deadline until, const IsOver& is_over, const IsCalledOff& is_called_off) noexcept {
    const auto is_there = [&] { return has_results() || is_lost() || is_over(); };
    // relaxed: a hint of who sends, which is this thread where it matters.
    const bool had_to_wake = has_woken_.exchange(false, base::relaxed);
    const bool spins = !had_to_wake && !std::exchange(was_woken_for_nothing_, false) && may_spin_;
    if (spins && sync::spin_until(is_there)) return;
    const sync::blocking_scope blocked(nullptr);
    shared_.of_receiver.prepare(channel_memory::somebody);
    if (!is_there() && !is_called_off()) {
      shared_.of_receiver.sleep(channel_memory::somebody, until);
      was_woken_for_nothing_ = !is_there();
      if (was_woken_for_nothing_) count_empty_wake();
    }
    expect_nobody();
  }

  enum class received : std::uint8_t {
    nothing,
    result,
    streamed,   // it is not all there, and was left
    premature,  // its call is still being written: it was left, and who writes is to say so
    garbage,
  };

  /// The next result, of a call that was given and is not any more. Tells `owner` `end(call, has_value, error)`, where
  /// the call has taken its value or there is an error. Before one that is streamed it asks `begin(call)`, which says
  /// whether the result is wanted; then there may be `restore(call)` instead of an end, where there will be another
  /// result: the call is given again. Where the result is streamed and `may_wait` is not, it is left.
  template <class Owner>
  [[nodiscard]] received receive(bool may_wait, Owner& owner) {
    if (is_nuisance_) return received::garbage;
    if (!has_head_ && !try_read_head(results_, head_))
      return results_.is_broken() ? received::garbage : received::nothing;
    has_head_ = true;
    if (!is_sound(head_)) return received::garbage;
    if (head_.is_streamed != 0 && !may_wait) return received::streamed;
    if (setup_ != 0 && head_.sequence == setup_) return receive_setup(owner);
    remote_call* const call = given_.take(head_.sequence);
    if (call == nullptr) return given_.end_reading(), received::garbage;
    const bool is_premature = given_.is_being_written(head_.sequence);
    if (is_premature || call->sequence != head_.sequence) {
      given_.put_back(call->sequence, *call);
      return is_premature ? received::premature : received::garbage;
    }
    has_head_ = false;
    const received outcome = read_result(*call, head_.is_streamed == 0 || owner.begin(*call), owner);
    if (outcome == received::result && head_.is_streamed == 0) release_results();
    return outcome;
  }

 private:
  /// Who reads requests, or writes results, piece by piece.
  struct worker {
    worker_link& link;
    void progressed() const noexcept { link.ring_worker(); }
    void wait() const { link.wait_for_room(); }
  };
  /// Writes what a call is made of; the memory that it names is sent before.
  struct call_encoder {
    const remote_call& call;
    segment_sender& segments;
    void operator()(byte_sink& sink) const {
      sink.name_segments_to(&segments);
      call.encode(sink);
    }
  };
  /// A call is being written, and stays meanwhile.
  struct streaming {
    worker_link& link;
    ~streaming() { link.given_.end_writing(); }
  };
  struct result_writer {
    worker_link& link;
    void progressed() const noexcept { link.ring_worker(); }
    void wait() const { link.wait_for_rest(); }
  };

  using clock = empty_wakes::clock;
  static constexpr std::uint64_t most_held_back = 16U << 10U;  // bytes that the worker could begin with
  static constexpr std::uint64_t max_failure = std::uint64_t{64} << 20U;

  // ---- who sends

  /// Whether there is a slot for one more message.
  [[nodiscard]] bool has_slot() noexcept {
    if (next_ - first_ < task_slots::capacity && given_.has_place(next_)) return true;
    requests_.look();
    while (first_ != next_ && requests_.read_position() >= ends_[first_ % task_slots::capacity]) ++first_;
    return next_ - first_ < task_slots::capacity && given_.has_place(next_);
  }

  /// Of the next message, which calls that function; sends the module that it is in, if the worker does not know it.
  /// Throws no_room.
  [[nodiscard]] message_head head_for(const callable_id& called) {
    const sent_id id = modules_.encode(called, [this](const module_record& record) { send_module(record); });
    return {.sequence = next_, .module = static_cast<std::uint32_t>(id.module), .offset = id.offset};
  }

  void send_module(const module_record& record) {
    const auto encode = [&](byte_sink& sink) { sink.write(std::as_bytes(std::span(&record, 1))); };
    const message_head head{.sequence = next_, .what = message_head::kind::module};
    if (!has_slot() || !try_place(requests_, head, encode)) throw no_room();
    note_placed();
  }

  [[nodiscard]] bool try_place_call(remote_call& call) {
    const message_head head = head_for(call.function());
    if (!has_slot() || !try_place(requests_, head, call_encoder{call, *segments_})) return false;
    give(call, requests_.position());
    return true;
  }

  /// The next message is that call, and ends there.
  void give(remote_call& call, std::uint64_t end) noexcept {
    call.sequence = next_;
    given_.put(next_, call);
    note_next(end);
  }
  /// The next message was placed, and is no call.
  void note_placed() noexcept { note_next(requests_.position()); }
  void note_next(std::uint64_t end) noexcept { ends_[next_++ % task_slots::capacity] = end; }

  void offer_placed() noexcept {
    if (offered_ == next_) return;
    requests_.publish();
    offer_given();
  }
  void offer_given() noexcept {
    while (offered_ != next_) shared_.slots.offer(offered_++);
    ring_worker();
  }

  void ring_worker() noexcept {
    if (shared_.of_worker.ring() != channel_memory::somebody) return;
    shared_.of_worker.wake();
    has_woken_.store(true, base::relaxed);  // relaxed: a hint
  }

  /// What `make()` returns, when there is room for what it sends. The worker passes what was taken back from it when it
  /// gets there, and says nothing then: so this tries again and again.
  template <class Make>
  std::invoke_result_t<const Make&> wait_for_room_for(const Make& make) {
    for (;;) {
      try {
        return make();
      } catch (const no_room&) {
        if (is_lost() || requests_.is_broken()) throw worker_is_lost();
        base::nap(100);
      }
    }
  }

  /// As head_for(), with a slot.
  [[nodiscard]] message_head wait_for_head(const callable_id& called) {
    return wait_for_room_for([&] {
      const message_head head = head_for(called);
      offer_placed();
      if (!has_slot()) throw no_room();
      return head;
    });
  }

  void wait_for_room() {
    const std::size_t before = requests_.free_bytes();
    const auto is_there = [&] {
      return requests_.look(), requests_.free_bytes() > before || is_lost() || requests_.is_broken();
    };
    const auto is_enough = [&] { return wakes_of_sender_.is_one_too_many(requests_.read_position(), clock::now()); };
    wait(shared_.of_sender, is_there, is_enough);
    if (is_lost() || requests_.is_broken() || requests_.free_bytes() <= before) throw worker_is_lost();
  }

  // ---- who receives

  void wait_for_rest() {
    const auto is_there = [&] { return results_.look(), results_.readable_bytes() != 0 || results_.is_broken(); };
    wait(shared_.of_receiver, [&] { return is_there() || is_lost(); }, [&] { return count_empty_wake(); });
    if (results_.is_broken() || results_.readable_bytes() == 0) throw worker_is_lost();
  }

  /// `is_enough()` is asked before it sleeps, and each time that it was woken for nothing.
  template <class IsThere, class IsEnough>
  void wait(doorbell& at, const IsThere& is_there, const IsEnough& is_enough) {
    if (may_spin_ && sync::spin_until(is_there)) return;
    const sync::blocking_scope blocked(nullptr);
    at.wait(channel_memory::somebody, [&] { return is_there() || is_enough(); });
  }

  /// Whether too often.
  bool count_empty_wake() noexcept {
    is_nuisance_ = is_nuisance_ || wakes_of_receiver_.is_one_too_many(results_.position(), clock::now());
    return is_nuisance_;
  }

  [[nodiscard]] bool is_sound(const message_head& head) noexcept {
    if (head.sequence <= last_result_ || head.is_streamed > 1) return false;
    if (head.what != message_head::kind::value && head.what != message_head::kind::failure) return false;
    if (head.is_streamed == 0) return is_whole(results_, head);
    return head.size <= (head.what == message_head::kind::value ? max_result_ : max_failure);
  }

  /// The first answer, once.
  template <class Owner>
  received receive_setup(Owner& owner) {
    has_head_ = false;
    result_writer peer{*this};
    message_source<result_writer> source(results_, head_, max_result_, peer);
    std::exception_ptr error;
    try {
      if (head_.what == message_head::kind::failure) error = decode_exception(source);
      if (!source.finish()) return received::garbage;
    } catch (...) {
      return received::garbage;
    }
    last_result_ = head_.sequence;
    release_results();
    owner.note_setup(error);
    return received::result;
  }

  template <class Owner>
  received read_result(remote_call& call, bool is_wanted, Owner& owner) {
    result_writer peer{*this};
    message_source<result_writer> source(results_, head_, max_result_, peer);
    bool has_value = false;
    bool is_garbage = false;
    std::exception_ptr error;
    try {
      if (is_wanted && head_.what == message_head::kind::value) call.take_value(source), has_value = true;
      if (is_wanted && head_.what == message_head::kind::failure) error = decode_exception(source);
    } catch (const worker_is_lost&) {
      return give_back(call, owner), received::garbage;
    } catch (const malformed_message&) {
      error = std::current_exception();
      is_garbage = true;
    } catch (...) {
      error = std::current_exception();
    }
    try {
      if (!source.finish()) {
        // What comes instead is the error that its writer had.
        if (has_value) call.drop_value();
        return give_back(call, owner), received::result;
      }
    } catch (const worker_is_lost&) {
      if (has_value) call.drop_value();
      return give_back(call, owner), received::garbage;
    }
    last_result_ = head_.sequence;
    has_had_enough_ = has_had_enough_ || head_.module != 0;
    given_.end_reading();
    owner.end(call, has_value, error);
    return is_garbage ? received::garbage : received::result;
  }

  template <class Owner>
  void give_back(remote_call& call, Owner& owner) noexcept {
    owner.restore(call);
    given_.put_back(call.sequence, call);
  }

  /// The worker may wait for room: then the ring was half full, at least.
  void release_results() noexcept {
    results_.release();
    if (results_.position() - rung_ < channel_memory::often) return;
    rung_ = results_.position();
    ring_worker();
  }

  const shared_memory memory_;
  const event_descriptor bell_;
  channel_memory& shared_;
  ring_writer requests_;
  ring_reader results_;
  sent_modules modules_;
  const std::shared_ptr<segment_sender> segments_;
  const std::uint64_t max_result_;
  const bool may_spin_;

  task_slots::sequence setup_ = 0;  // before any other thread has the link

  // Who sends.
  task_slots::sequence next_ = 1;
  task_slots::sequence offered_ = 1;                        // as far as the worker knows
  task_slots::sequence first_ = 1;                          // the worker may not have passed it yet
  std::array<std::uint64_t, task_slots::capacity> ends_{};  // where the messages of the slots end
  empty_wakes wakes_of_sender_;

  // Who receives.
  message_head head_;
  bool has_head_ = false;
  bool has_had_enough_ = false;
  bool is_nuisance_ = false;  // it wakes who waits for nothing, all the time
  bool was_woken_for_nothing_ = false;
  empty_wakes wakes_of_receiver_;
  task_slots::sequence last_result_ = 0;
  std::uint64_t rung_ = 0;  // where it was when the worker was told of room last

  given_calls<remote_call> given_;
  base::atomic<bool> is_lost_{false};
  base::atomic<bool> has_woken_{false};
};

}  // namespace heddle::process
