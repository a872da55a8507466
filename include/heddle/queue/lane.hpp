// SPDX-License-Identifier: MIT
// Priorities of jobs that wait in several lists: which lists have jobs, in one word, and which of them is next.
#pragma once

#include <bit>
#include <cstdint>

namespace heddle::queue {

/// A priority, the most urgent first.
enum class lane : std::uint8_t { high, normal, background };
inline constexpr unsigned lane_count = 3;

/// One of the lists: each lane has one in each shard.
struct list_place {
  queue::lane lane;
  unsigned shard;

  friend bool operator==(const list_place&, const list_place&) = default;
};

/// The lists that have jobs, a bit for each; the lanes from the lowest bit on, so that the most urgent come first:
///
/// | bits   | lists                  |
/// |--------|------------------------|
/// | 0-15   | high, by shard         |
/// | 16-31  | normal                 |
/// | 32-47  | background             |
class list_set {
 public:
  static constexpr unsigned most_shards = 16;
  static constexpr std::uint64_t all = (std::uint64_t{1} << (most_shards * lane_count)) - 1;

  constexpr explicit list_set(std::uint64_t word) noexcept : bits_(word & all) {}
  constexpr list_set(list_place one) noexcept : bits_(std::uint64_t{1} << one.shard << first_bit(one.lane)) {}

  [[nodiscard]] constexpr std::uint64_t word() const noexcept { return bits_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }

  /// The shards that have jobs in a lane, a bit for each.
  [[nodiscard]] constexpr std::uint16_t shards(lane of) const noexcept {
    return static_cast<std::uint16_t>(bits_ >> first_bit(of));
  }

  /// Those of a lane and of the more urgent ones.
  [[nodiscard]] static constexpr std::uint64_t down_to(lane least_urgent) noexcept {
    return all >> (first_bit(lane::background) - first_bit(least_urgent));
  }

  /// The most urgent lane that has jobs. Not for an empty set.
  [[nodiscard]] constexpr lane most_urgent() const noexcept {
    return static_cast<lane>(static_cast<unsigned>(std::countr_zero(bits_)) / most_shards);
  }

  /// A list; then the set without it. Not for an empty set.
  [[nodiscard]] constexpr list_place take_first() noexcept {
    const lane of = most_urgent();
    const auto shard = static_cast<unsigned>(std::countr_zero(shards(of)));
    bits_ &= bits_ - 1;
    return {of, shard};
  }

 private:
  static constexpr unsigned first_bit(lane of) noexcept { return static_cast<unsigned>(of) * most_shards; }

  std::uint64_t bits_;
};

/// Chooses lists for one consumer. The most urgent lane is first, except that normal and background each are first in
/// one of 64 turns; in a lane each turn begins with another shard, so that in the end every list is the first.
class consumer_turns {
 public:
  /// Consumers with different numbers begin with different shards.
  constexpr explicit consumer_turns(std::uint32_t number = 0) noexcept : turn_(number) {}

  /// The list whose turn it is. `occupied` must not be empty.
  [[nodiscard]] constexpr list_place choose(list_set occupied) const noexcept {
    const lane chosen = choose_lane(occupied);
    // Every 64 turns one shard further, or a lane that only gets every 64th turn would always begin with the same one.
    const unsigned first = (turn_ + turn_ / period) % list_set::most_shards;
    const std::uint16_t from_first_on = std::rotr(occupied.shards(chosen), static_cast<int>(first));
    return {chosen, (first + static_cast<unsigned>(std::countr_zero(from_first_on))) % list_set::most_shards};
  }

  /// Ends a turn in which there were jobs.
  constexpr void end_turn() noexcept { ++turn_; }

 private:
  static constexpr std::uint32_t period = 64;

  [[nodiscard]] constexpr lane choose_lane(list_set occupied) const noexcept {
    const std::uint32_t turn = turn_ % period;
    if (turn == period / 2 && occupied.shards(lane::normal) != 0) return lane::normal;
    if (turn == period - 1 && occupied.shards(lane::background) != 0) return lane::background;
    return occupied.most_urgent();
  }

  std::uint32_t turn_;
};

}  // namespace heddle::queue
