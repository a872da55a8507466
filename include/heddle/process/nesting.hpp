// SPDX-License-Identifier: MIT
// How deep values may lie in one another, so that no value overflows the stack of who encodes or decodes it.
#pragma once

#include <string>

#include <heddle/process/codec_error.hpp>

namespace heddle::process {

inline constexpr unsigned max_nesting = 1000;

/// One more level, for as long as it lives. Only what can contain its own type needs one: containers, pointers, and
/// classes with a serialize of their own.
template <class Stream>
class nesting_level {
 public:
  explicit nesting_level(Stream& stream) : stream_(stream) {
    if (stream.depth_ >= max_nesting) refuse();
    ++stream.depth_;
  }
  nesting_level(const nesting_level&) = delete;
  nesting_level& operator=(const nesting_level&) = delete;
  ~nesting_level() { --stream_.depth_; }

 private:
  [[noreturn, gnu::cold, gnu::noinline]] static void refuse() { Stream::refuse_nesting(); }

  Stream& stream_;
};

}  // namespace heddle::process
