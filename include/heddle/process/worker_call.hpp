// SPDX-License-Identifier: MIT
// One call as the worker process sees it that runs it.
#pragma once

#include <exception>
#include <utility>

#include <heddle/process/byte_sink.hpp>
#include <heddle/process/byte_source.hpp>
#include <heddle/process/exception_codec.hpp>

namespace heddle::process {

/// What a function gets that is called in a worker: reads its arguments, and then answers, once. What it throws
/// instead is the answer, too.
class worker_call {
 public:
  worker_call(const worker_call&) = delete;
  worker_call& operator=(const worker_call&) = delete;

  /// Until end_of_arguments().
  [[nodiscard]] byte_source& arguments() noexcept { return arguments_; }

  /// All arguments are read. False if the program has failed to write them, and wants no answer: then return.
  [[nodiscard]] virtual bool end_of_arguments() = 0;

  /// Where what it throws is thrown.
  [[nodiscard]] const exception_origin& origin() const noexcept { return origin_; }

  /// The call has returned; `encode(sink)` writes what. If that throws, that is the answer.
  template <class Encode>
  void answer(const Encode& encode) {
    struct typed final : encoder {
      explicit typed(const Encode& given) noexcept : encode_(given) {}
      void operator()(byte_sink& sink) const override { encode_(sink); }
      const Encode& encode_;
    };
    send(typed(encode));
  }

 protected:
  struct encoder {
    virtual void operator()(byte_sink&) const = 0;

   protected:
    ~encoder() = default;
  };

  worker_call(byte_source& arguments, const exception_origin& origin) noexcept
      : arguments_(arguments), origin_(origin) {}
  ~worker_call() = default;

  virtual void send(const encoder& encode) = 0;

 private:
  byte_source& arguments_;
  const exception_origin& origin_;
};

/// What the id of a call names.
using worker_function = void (*)(worker_call&);

}  // namespace heddle::process
