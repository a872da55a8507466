// SPDX-License-Identifier: MIT
// What stands behind the names of segments in messages, on either side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace heddle::process {

class shared_segment;

/// Who reads what is written: gets the segments that it names.
class segment_recipient {
 public:
  segment_recipient(const segment_recipient&) = delete;
  segment_recipient& operator=(const segment_recipient&) = delete;
  /// The reader has it when it gets to its name.
  virtual void send(const std::shared_ptr<shared_segment>& segment) = 0;

 protected:
  segment_recipient() = default;
  ~segment_recipient() = default;
};

/// Where who reads has them.
class segment_finder {
 public:
  segment_finder(const segment_finder&) = delete;
  segment_finder& operator=(const segment_finder&) = delete;
  /// Its bytes. Throws std::system_error if they are not there.
  [[nodiscard]] virtual std::span<std::byte> find(std::uint64_t id) const = 0;

 protected:
  segment_finder() = default;
  ~segment_finder() = default;
};

}  // namespace heddle::process
