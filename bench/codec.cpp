// SPDX-License-Identifier: MIT
// Values to bytes and back: 64 MiB of numbers through a ring of 256 KiB beside memcpy(), and a million small structs,
// or a hundred thousand strings, beside cereal.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <heddle/base/huge_pages.hpp>
#include <heddle/process/codec.hpp>
#include <heddle/process/span_source.hpp>
#include <heddle/process/vector_sink.hpp>

#include "support/registration.hpp"

#if __has_include(<cereal/archives/binary.hpp>)
#define HEDDLE_BENCH_CEREAL
#include <cereal/archives/binary.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>
#include <sstream>
#endif

namespace {

using namespace heddle_bench;
using namespace heddle::process;

constexpr std::size_t ring_size = std::size_t{256} << 10U;
constexpr std::size_t many = (std::size_t{64} << 20U) / sizeof(double);
constexpr std::size_t million = 1'000'000;

alignas(4096) std::byte ring[ring_size];

/// Writes round and round.
class ring_sink final : public byte_sink {
 public:
  ring_sink() { set_window(ring); }

 private:
  void next_window(std::size_t) override {
    benchmark::ClobberMemory();
    set_window(ring);
  }
};

/// Reads round and round.
class ring_source final : public byte_source {
 public:
  explicit ring_source(std::uint64_t size) : byte_source(size, default_max) { set_window(ring); }

 private:
  void next_window(std::uint64_t) override { set_window(ring); }
};

/// Calls `step(from, size)` for each part that the ring takes at once.
template <class Step>
void step_by_step(std::size_t size, const Step& step) {
  for (std::size_t done = 0; done < size; done += ring_size) step(done, std::min(ring_size, size - done));
}

void encode_64mib_heddle(benchmark::State& state) {
  const std::vector<double> values(many, 1.5);
  for (auto _ : state) {
    ring_sink sink;
    encode(sink, values);
  }
}

void encode_64mib_memcpy(benchmark::State& state) {
  const std::vector<double> values(many, 1.5);
  const auto bytes = std::as_bytes(std::span(values));
  for (auto _ : state) {
    step_by_step(bytes.size(), [&](std::size_t from, std::size_t size) {
      std::memcpy(ring, bytes.data() + from, size);
      benchmark::ClobberMemory();
    });
  }
}

/// The bytes of a vector of doubles begin with their number; the rest of the ring is read again and again.
void decode_64mib_heddle(benchmark::State& state) {
  std::fill(std::begin(ring), std::end(ring), std::byte{0});
  const std::uint64_t count = many;
  std::memcpy(ring, &count, sizeof(count));
  for (auto _ : state) {
    ring_source source(sizeof(count) + many * sizeof(double));
    const auto values = decode<std::vector<double>>(source);
    require(values.size() == many, "the size of a vector");
    benchmark::DoNotOptimize(values.data());
  }
}

void decode_64mib_memcpy(benchmark::State& state) {
  for (auto _ : state) {
    const std::unique_ptr<std::byte[]> fresh(new std::byte[many * sizeof(double)]);
    heddle::base::prefer_huge_pages(fresh.get(), many * sizeof(double));
    step_by_step(many * sizeof(double),
                 [&](std::size_t from, std::size_t size) { std::memcpy(fresh.get() + from, ring, size); });
    benchmark::DoNotOptimize(fresh.get());
  }
}

/// With padding, so not to be copied as it is.
struct small {
  std::int32_t id;
  double weight;
  char kind;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(id, weight, kind);
  }
};

/// The same, but without a function.
struct plain {
  std::int32_t id;
  double weight;
  char kind;
};

template <class T>
const std::vector<T>& a_million() {
  static const std::vector<T> all(million, T{1, 2.5, 'k'});
  return all;
}

const std::vector<std::string>& strings() {
  static const std::vector<std::string> all(million / 10, "a string that is too long to be short");
  return all;
}

template <auto Values>
void encode_heddle(benchmark::State& state) {
  const auto& values = Values();
  for (auto _ : state) {
    ring_sink sink;
    encode(sink, values);
  }
  report_per_item(state, static_cast<double>(values.size()));
}

template <auto Values>
void decode_heddle(benchmark::State& state) {
  const auto& values = Values();
  vector_sink sink;
  encode(sink, values);
  const std::vector<std::byte> message = sink.take();
  for (auto _ : state) {
    span_source source(message);
    const auto arrived = decode<std::remove_cvref_t<decltype(values)>>(source);
    require(arrived.size() == values.size(), "the size of a vector");
    benchmark::DoNotOptimize(arrived.data());
  }
  report_per_item(state, static_cast<double>(values.size()));
}

void encode_small_memcpy(benchmark::State& state) {
  const auto bytes = std::as_bytes(std::span(a_million<plain>()));
  for (auto _ : state) {
    step_by_step(bytes.size(), [&](std::size_t from, std::size_t size) {
      std::memcpy(ring, bytes.data() + from, size);
      benchmark::ClobberMemory();
    });
  }
  report_per_item(state, million);
}

void decode_small_memcpy(benchmark::State& state) {
  const auto& values = a_million<plain>();
  for (auto _ : state) {
    const std::vector<plain> copy(values.begin(), values.end());
    benchmark::DoNotOptimize(copy.data());
  }
  report_per_item(state, million);
}

#ifdef HEDDLE_BENCH_CEREAL

/// A stream buffer over memory that is there: cereal at its best.
class memory_buffer : public std::streambuf {
 public:
  explicit memory_buffer(std::span<char> memory) {
    setp(memory.data(), memory.data() + memory.size());
    setg(memory.data(), memory.data(), memory.data() + memory.size());
  }
};

template <class T>
std::size_t encoded_by_cereal(std::span<char> memory, const T& value) {
  memory_buffer buffer(memory);
  std::ostream stream(&buffer);
  cereal::BinaryOutputArchive archive(stream);
  archive(value);
  return memory.size();
}

template <auto Values>
void encode_cereal(benchmark::State& state) {
  const auto& values = Values();
  std::vector<char> memory(std::size_t{32} << 20U);
  for (auto _ : state) encoded_by_cereal(memory, values);
  report_per_item(state, static_cast<double>(values.size()));
}

template <auto Values>
void decode_cereal(benchmark::State& state) {
  const auto& values = Values();
  std::vector<char> memory(std::size_t{32} << 20U);
  encoded_by_cereal(memory, values);
  for (auto _ : state) {
    memory_buffer buffer(memory);
    std::istream stream(&buffer);
    cereal::BinaryInputArchive archive(stream);
    std::remove_cvref_t<decltype(values)> arrived;
    archive(arrived);
    require(arrived.size() == values.size(), "the size of a vector");
    benchmark::DoNotOptimize(arrived.data());
  }
  report_per_item(state, static_cast<double>(values.size()));
}

#endif

const bool added = [] {
  add("encode_64mib", "heddle", encode_64mib_heddle, {1});
  add("encode_64mib", "memcpy", encode_64mib_memcpy, {1});
  add("decode_64mib", "heddle", decode_64mib_heddle, {1});
  add("decode_64mib", "memcpy", decode_64mib_memcpy, {1});
  add("encode_1e6_structs", "heddle", encode_heddle<&a_million<plain>>, {1});
  add("encode_1e6_structs", "memcpy", encode_small_memcpy, {1});
  add("decode_1e6_structs", "heddle", decode_heddle<&a_million<plain>>, {1});
  add("decode_1e6_structs", "memcpy", decode_small_memcpy, {1});
  add("encode_1e6_classes", "heddle", encode_heddle<&a_million<small>>, {1});
  add("decode_1e6_classes", "heddle", decode_heddle<&a_million<small>>, {1});
  add("encode_1e5_strings", "heddle", encode_heddle<&strings>, {1});
  add("decode_1e5_strings", "heddle", decode_heddle<&strings>, {1});
#ifdef HEDDLE_BENCH_CEREAL
  add("encode_1e6_classes", "cereal", encode_cereal<&a_million<small>>, {1});
  add("decode_1e6_classes", "cereal", decode_cereal<&a_million<small>>, {1});
  add("encode_1e5_strings", "cereal", encode_cereal<&strings>, {1});
  add("decode_1e5_strings", "cereal", decode_cereal<&strings>, {1});
#endif
  return true;
}();

}  // namespace
