// SPDX-License-Identifier: MIT
// What a program and one of its workers share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/process/byte_ring.hpp>
#include <heddle/process/doorbell.hpp>
#include <heddle/process/sandbox_options.hpp>
#include <heddle/process/task_slots.hpp>

namespace heddle::process {

/// What the program tells a worker before it starts. The worker believes it, and copies it first. Sizes are in bytes,
/// and 0 for none.
struct worker_settings {
  std::uint64_t max_result = std::uint64_t{1} << 30U;
  std::uint64_t max_memory = 0;    // that it may allocate; more is a std::bad_alloc
  std::uint64_t max_resident = 0;  // after a call; with more it is replaced
  std::uint32_t depth = 1;         // how many pools are around it
  std::uint8_t may_spin = 1;       // there is a CPU for each who spins
  std::uint8_t is_silent = 0;      // what it prints goes nowhere
  std::uint8_t has_setup = 0;      // it begins no other call if its first one fails
  std::uint8_t is_sandboxed = 0;   // from its first call on
  sandbox_options sandbox;
};

/// At the beginning of the memory that both have mapped. Messages (message.hpp) go through the rings; each message to
/// the worker has a slot, in the same order.
struct channel_memory {
  static constexpr std::size_t ring_size = std::size_t{1} << 20U;

  /// Who reads a ring tells who writes it when so many bytes were read. Who waits for room has found less than half of
  /// the ring free, so that he is told before all of it is read.
  static constexpr std::size_t often = ring_size / 4;

  /// Who waits at a doorbell.
  static constexpr doorbell::caller somebody = 1;  // asleep there
  // Of results only: the thread that waits for the eventfd. Later it looks by itself, soon, and is told only when the
  // worker has nothing more to do.
  static constexpr doorbell::caller supervisor = 2;
  static constexpr doorbell::caller supervisor_later = 3;

  worker_settings settings;
  base::atomic<std::uint64_t> notices{0};           // how many the program has sent of memory that calls name
  base::atomic<std::uint32_t> has_late_notices{0};  // it has more, and is to be told when there is room
  base::atomic<std::int32_t> obstacle{0};           // what the system has refused to a worker that cannot begin
  ring_positions requests;
  ring_positions results;
  alignas(base::cache_line) doorbell of_worker;    // for requests, and for room for results
  alignas(base::cache_line) doorbell of_receiver;  // for results
  alignas(base::cache_line) doorbell of_sender;    // for room for requests
  alignas(base::cache_line) task_slots slots;
  alignas(4096) std::byte request_bytes[ring_size];
  std::byte result_bytes[ring_size];

  /// In zeros.
  static channel_memory& make_in(std::span<std::byte> memory) noexcept { return *new (memory.data()) channel_memory; }
  /// In what the other side has made.
  static channel_memory& find_in(std::span<std::byte> memory) noexcept {
    return *std::launder(reinterpret_cast<channel_memory*>(memory.data()));
  }

 private:
  // Not initialised: the bytes of the rings are zeros already.
  channel_memory() noexcept {}  // NOLINT(modernize-use-equals-default)
};

}  // namespace heddle::process
