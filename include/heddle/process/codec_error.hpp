// SPDX-License-Identifier: MIT
// What goes wrong between a value and its bytes.
#pragma once

#include <stdexcept>
#include <string>

namespace heddle::process {

/// A value cannot be turned into bytes, or bytes cannot be turned into a value.
class codec_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Bytes that are not what encoding a value of the expected type gives: whoever wrote them is broken, or hostile.
class malformed_message : public codec_error {
 public:
  explicit malformed_message(const std::string& why)
      : codec_error("malformed message: " + why +
                    "; the process that wrote it is broken, or runs another program: trust nothing else it wrote") {}
};

/// Decoding would take more memory than its limit allows.
class message_too_large : public codec_error {
 public:
  using codec_error::codec_error;
};

}  // namespace heddle::process
