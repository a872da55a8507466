// SPDX-License-Identifier: MIT
// Sends calls to one worker.
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

#include <heddle/base/nap.hpp>
#include <heddle/process/channel_memory.hpp>
#include <heddle/process/empty_wakes.hpp>
#include <heddle/process/given_calls.hpp>
#include <heddle/process/message.hpp>
#include <heddle/process/message_writer.hpp>
#include <heddle/process/module_table.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/segment_sender.hpp>
#include <heddle/process/task_slots.hpp>
#include <heddle/process/worker_channel.hpp>

namespace heddle::process {

/// One thread at a time.
class request_sender {
 public:
  explicit request_sender(worker_channel& channel)
      : channel_(channel),
        shared_(channel.shared()),
        given_(channel.given()),
        requests_(shared_.requests, shared_.request_bytes),
        segments_(std::make_shared<segment_sender>(shared_)) {}
  request_sender(const request_sender&) = delete;
  request_sender& operator=(const request_sender&) = delete;
  ~request_sender() { segments_->close(); }

  /// For the worker, until was_started(). Through it comes the memory that calls name.
  [[nodiscard]] int notices() const noexcept { return segments_->end_of_worker(); }
  void was_started() noexcept { segments_->close_end_of_worker(); }
  /// Notices that there was no room for. Any thread.
  void send_late_notices() noexcept { segments_->send_late(); }

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
    } catch (const worker_is_lost&) {
      // Who streams a call finds out, too, and has the worker replaced.
    } catch (...) {
      error = std::current_exception();
    }
    offer_placed();
    return given;
  }

  /// What the worker does first: calls that function with these values. Returns the number of that. Throws
  /// std::length_error if they do not fit.
  task_slots::sequence send_setup(const callable_id& called, std::span<const std::byte> values) {
    const message_head head = head_for(called);
    if (!try_place(requests_, head, [&](byte_sink& sink) { sink.write(values); })) {
      throw std::length_error(
          "the values of an initializer take more than a megabyte: let the initializer load them instead");
    }
    note_placed();
    offer_placed();
    return head.sequence;
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
    const streaming now{given_};
    give(call, requests_.position() + sizeof head + padded(head.size) + sizeof(message_end));
    offer_given();
    note_given();
    reading_worker peer{*this};
    try {
      process::stream(requests_, head, encode, peer);
    } catch (const worker_is_lost&) {
      throw;
    } catch (...) {
      // The worker answers nothing. If it says it did, the call is not with it any more.
      if (channel_.take_given(call)) throw;
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

 private:
  /// Who reads requests piece by piece.
  struct reading_worker {
    request_sender& by;
    void progressed() const noexcept { by.channel_.ring_worker(); }
    void wait() const { by.wait_for_room(); }
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
    given_calls<remote_call>& given;
    ~streaming() { given.end_writing(); }
  };

  using clock = empty_wakes::clock;
  static constexpr std::uint64_t most_held_back = 16U << 10U;  // bytes that the worker could begin with

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
    channel_.ring_worker();
  }

  /// What `make()` returns, when there is room for what it sends. The worker passes what was taken back from it when it
  /// gets there, and says nothing then: so this tries again and again.
  template <class Make>
  std::invoke_result_t<const Make&> wait_for_room_for(const Make& make) {
    for (;;) {
      try {
        return make();
      } catch (const no_room&) {
        if (channel_.is_lost() || requests_.is_broken()) throw worker_is_lost();
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
      return requests_.look(), requests_.free_bytes() > before || channel_.is_lost() || requests_.is_broken();
    };
    const auto is_enough = [&] { return wakes_.is_one_too_many(requests_.read_position(), clock::now()); };
    channel_.wait(shared_.of_sender, is_there, is_enough);
    if (channel_.is_lost() || requests_.is_broken() || requests_.free_bytes() <= before) throw worker_is_lost();
  }

  worker_channel& channel_;
  channel_memory& shared_;
  given_calls<remote_call>& given_;
  ring_writer requests_;
  sent_modules modules_;
  const std::shared_ptr<segment_sender> segments_;
  task_slots::sequence next_ = 1;
  task_slots::sequence offered_ = 1;                        // as far as the worker knows
  task_slots::sequence first_ = 1;                          // the worker may not have passed it yet
  std::array<std::uint64_t, task_slots::capacity> ends_{};  // where the messages of the slots end
  empty_wakes wakes_;
};

}  // namespace heddle::process
