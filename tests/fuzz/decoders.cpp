// SPDX-License-Identifier: MIT
// Decodes random bytes, and messages that were changed, as values of many types: each gives a value or a codec_error,
// and no more memory than the limit is asked for. What a sanitizer finds ends the program.
//
//   heddle_decoder_fuzzer [--rounds N | --seconds N] [--seed S]
//
// Without a seed it draws one. Where a round fails, the program says its seed and aborts: that seed with --rounds 1
// makes the same messages again.

#include <heddle/base/type_name.hpp>
#include <heddle/process/exception_codec.hpp>
#include <heddle/process/span_source.hpp>
#include <heddle/process/vector_sink.hpp>
#include <heddle/register_exception.hpp>
#include <heddle/serialize.hpp>

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fuzz/budget.hpp>
#include <support/codec_values.hpp>
#include <support/piecewise_bytes.hpp>
#include <support/replaced_new.hpp>
#include <support/scale.hpp>

using namespace heddle::process;
using namespace heddle_test;

namespace {

struct registered_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
const bool is_registered = heddle::register_exception<registered_error>();

/// The limit for messages, from 1 KiB to 1 MiB.
std::uint64_t max = 0;

thread_local std::uint64_t allocated = 0;
std::uint64_t seed_of_round = 0;
std::string type_of_round;

struct totals {
  std::uint64_t values = 0;
  std::uint64_t malformed = 0;
  std::uint64_t too_large = 0;
};
totals found;

[[noreturn]] void report(const char* finding) {
  std::fprintf(stderr, "%s: %s, --seed %" PRIu64 " --rounds 1\n", finding, type_of_round.c_str(), seed_of_round);
  std::abort();
}

template <class T>
void decode_from(byte_source& source) {
  const std::uint64_t before = allocated;
  try {
    static_cast<void>(decode<T>(source));
    ++found.values;
  } catch (const malformed_message&) {
    ++found.malformed;
  } catch (const message_too_large&) {
    ++found.too_large;
  } catch (...) {
    report("an exception that is no codec_error");
  }
  // Twice the limit, since the memory behind a container is estimated, and something for the text of an exception.
  if (allocated - before > 2 * max + 4096) report("more memory than the limit allows");
}

/// From memory that is exactly as long as the message, and in pieces.
template <class T>
void decode_both_ways(random_values& random, const std::vector<std::byte>& message) {
  const auto exact = std::make_unique<std::byte[]>(message.size());
  std::ranges::copy(message, exact.get());
  span_source whole({exact.get(), message.size()}, max);
  decode_from<T>(whole);
  piecewise_source pieces(message, 1 + random.below(64), max);
  decode_from<T>(pieces);
}

template <class T>
std::vector<std::byte> valid_message(random_values& random) {
  vector_sink sink;
  encode(sink, random.draw<T>());
  return sink.take();
}

std::vector<std::byte> random_bytes(random_values& random, std::size_t size) {
  std::vector<std::byte> bytes(size);
  // Small numbers make sense more often than others.
  const std::uint64_t bound = random.below(2) == 0 ? 256 : 3;
  for (std::byte& each : bytes) each = static_cast<std::byte>(random.below(bound));
  return bytes;
}

/// Puts a number of eight bytes where there may be a count.
void overwrite_number(random_values& random, std::vector<std::byte>& message) {
  if (message.size() < sizeof(std::uint64_t)) return;
  const std::uint64_t numbers[] = {0,
                                   1,
                                   random.below(100),
                                   1000,
                                   message.size(),
                                   message.size() + 1,
                                   std::uint64_t{1} << 32U,
                                   std::uint64_t{1} << 62U,
                                   UINT64_MAX};
  const std::uint64_t number = numbers[random.below(std::size(numbers))];
  std::memcpy(message.data() + random.below(message.size() - sizeof(number) + 1), &number, sizeof(number));
}

void change(random_values& random, std::vector<std::byte>& message) {
  switch (random.below(5)) {
    case 0:
      if (!message.empty()) message[random.below(message.size())] = static_cast<std::byte>(random.below(256));
      break;
    case 1:
      if (!message.empty()) message[random.below(message.size())] ^= static_cast<std::byte>(1U << random.below(8));
      break;
    case 2:
      overwrite_number(random, message);
      break;
    case 3:
      message.resize(random.below(message.size() + 1));
      break;
    default: {
      const auto more = random_bytes(random, random.below(40));
      const auto where = static_cast<std::ptrdiff_t>(random.below(message.size() + 1));
      message.insert(message.begin() + where, more.begin(), more.end());
    }
  }
}

/// Another thread changes the message all the while it is decoded.
template <class T>
void decode_while_it_changes(std::vector<std::byte> message, std::uint64_t seed) {
  std::atomic<bool> done{false};
  std::thread other([&] {
    random_values random(seed);
    while (!done.load(std::memory_order_relaxed)) {
      volatile std::byte& changed = message[random.below(message.size())];
      const std::byte before = changed;
      changed = static_cast<std::byte>(random.below(256));
      changed = before;
    }
  });
  for (int i = 0; i < 20; ++i) {
    span_source source(message, max);
    decode_from<T>(source);
  }
  done.store(true, std::memory_order_relaxed);
  other.join();
}

template <class T>
void run_type(std::uint64_t seed) {
  type_of_round = heddle::base::type_name<T>();
  random_values random(seed);
  max = std::uint64_t{1024} << random.below(11);
  decode_both_ways<T>(random, random_bytes(random, random.below(200)));
  for (int i = 0; i < 4; ++i) {
    auto message = valid_message<T>(random);
    for (std::uint64_t changes = 1 + random.below(4); changes != 0; --changes) change(random, message);
    decode_both_ways<T>(random, message);
  }
  if (under_thread_sanitizer || random.below(100) != 0) return;
  const auto message = valid_message<T>(random);
  if (!message.empty()) decode_while_it_changes<T>(message, random.below(UINT64_MAX));
}

/// An exception of one of several types, in which another one may be nested.
std::exception_ptr random_exception(random_values& random) {
  const std::string text = random.draw<std::string>();
  const auto nested = random.below(3) == 0 ? random_exception(random) : nullptr;
  const auto with_nested = [&nested](const auto& error) {
    if (nested == nullptr) return std::make_exception_ptr(error);
    return thrown_while_handling(nested, [&error] { std::throw_with_nested(error); });
  };
  switch (random.below(6)) {
    case 0:
      return with_nested(std::out_of_range(text));
    case 1:
      return with_nested(std::filesystem::filesystem_error(text, random.draw<std::filesystem::path>(),
                                                           random.draw<std::error_code>()));
    case 2:
      return with_nested(std::bad_alloc());
    case 3:
      return with_nested(registered_error(text));
    case 4:
      return with_nested(std::future_error(std::future_errc::no_state));
    default:
      return std::make_exception_ptr(random.below(100));
  }
}

void decode_exception_from(byte_source& source) {
  const std::uint64_t before = allocated;
  try {
    if (decode_exception(source) == nullptr) report("no exception");
    ++found.values;
  } catch (const malformed_message&) {
    ++found.malformed;
  } catch (const message_too_large&) {
    ++found.too_large;
  } catch (...) {
    report("an exception that is no codec_error");
  }
  if (allocated - before > 16 * max + 65536) report("more memory than the limit allows");
}

void run_exceptions(std::uint64_t seed) {
  type_of_round = "an exception";
  random_values random(seed);
  max = std::uint64_t{1024} << random.below(11);
  for (int i = 0; i < 4; ++i) {
    vector_sink sink;
    encode_exception(sink, random_exception(random), {.pid = 1, .host = "host", .backtrace = "backtrace"});
    auto message = i == 0 ? random_bytes(random, random.below(200)) : sink.take();
    for (std::uint64_t changes = random.below(4); changes != 0; --changes) change(random, message);
    span_source whole(message, max);
    decode_exception_from(whole);
    piecewise_source pieces(message, 1 + random.below(64), max);
    decode_exception_from(pieces);
  }
}

void run_round(std::uint64_t seed) {
  seed_of_round = seed;
  for_each_type(travelling_types(), [seed]<class T>() { run_type<T>(seed); });
  run_exceptions(seed);
}

}  // namespace

void* heddle_test::replaced_new(std::size_t size, std::size_t alignment) noexcept {
  allocated += size;
  if (alignment > alignof(std::max_align_t))
    return std::aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
  return std::malloc(size != 0 ? size : 1);
}

void heddle_test::replaced_delete(void* memory) noexcept { std::free(memory); }

int main(int count, char** arguments) {
  const std::uint64_t done = heddle_fuzz::budget(count, arguments).spend(run_round);
  std::printf("%" PRIu64 " rounds without a finding: %" PRIu64 " values, %" PRIu64 " malformed, %" PRIu64
              " too large\n",
              done, found.values, found.malformed, found.too_large);
}
