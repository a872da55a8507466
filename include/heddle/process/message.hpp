// SPDX-License-Identifier: MIT
// What stands before each message of a ring.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heddle::process {

/// Messages begin at multiples of its size, so it lies in one piece.
struct message_head {
  enum class kind : std::uint16_t {
    call,     // to the worker: the function that `module` and `offset` name is called with what follows
    module,   // to the worker: what follows is the record of a module that later calls name
    leave,    // to the worker: it is to end; nothing follows
    value,    // to the program: what the call has returned
    failure,  // to the program: what the call has thrown
  };

  std::uint64_t sequence = 0;
  std::uint64_t size = 0;  // of what follows, in bytes, without padding
  kind what = kind::call;
  std::uint16_t is_streamed = 0;  // 1: it need not be all there yet, and a message_end comes behind it
  std::uint32_t module = 0;       // of a result: 1 if the worker is to be replaced
  std::uint64_t offset = 0;
};

/// Behind a message that was streamed.
struct message_end {
  std::uint64_t is_whole = 0;  // 0: its writer has failed half way, and what it wrote since are zeros
  std::uint64_t unused[3] = {};
};

static_assert(sizeof(message_head) == 32 && sizeof(message_end) == 32);

/// How many bytes a message takes that has so many behind its head, up to the next one or its message_end.
[[nodiscard]] constexpr std::uint64_t padded(std::uint64_t size) noexcept {
  return (size + sizeof(message_head) - 1) & ~std::uint64_t{sizeof(message_head) - 1};
}

}  // namespace heddle::process
