// SPDX-License-Identifier: MIT
// Random values of every kind to bytes and back. A failure prints its seed; `--rng-seed SEED` starts with that one.

#include <heddle/base/type_name.hpp>
#include <heddle/process/counting_sink.hpp>
#include <heddle/process/span_source.hpp>

#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/codec_values.hpp>
#include <support/piecewise_bytes.hpp>
#include <support/scale.hpp>

using namespace heddle::process;
using namespace heddle_test;

namespace {

template <class T>
std::vector<std::byte> kept(const T& value) {
  vector_sink sink;
  encode(sink, value);
  return sink.take();
}

/// Calls `check.operator()<T>(random)` for every type and many seeds.
template <class Check>
void for_many_values(std::size_t rounds, const Check& check) {
  unsigned seed = Catch::getSeed() != 0 ? Catch::getSeed() : std::random_device{}();
  for (std::size_t round = 0; round < scaled(rounds); ++round, ++seed) {
    for_each_type(travelling_types(), [&]<class T>() {
      CAPTURE(seed, std::string(heddle::base::type_name<T>()));
      random_values random(seed);
      check.template operator()<T>(random);
    });
  }
}

}  // namespace

TEST_CASE("every value arrives as it was sent", "[codec]") {
  for_many_values(300, []<class T>(random_values& random) {
    const T value = random.draw<T>();
    const auto message = kept(value);
    span_source source(message);
    const T arrived = decode<T>(source);
    REQUIRE(are_same(arrived, value));
    REQUIRE(source.left() == 0);
    REQUIRE(message.size() >= codec<T>::min_size());
  });
}

TEST_CASE("values arrive through windows of any size, and nothing refers to a window afterwards", "[codec]") {
  for_many_values(100, []<class T>(random_values& random) {
    const T value = random.draw<T>();
    const auto message = kept(value);
    piecewise_sink sink(1 + random.below(40));
    encode(sink, value);
    REQUIRE(sink.take() == message);
    counting_sink counted;
    encode(counted, value);
    REQUIRE(counted.size() == message.size());
    piecewise_source source(message, 1 + random.below(40));
    REQUIRE(are_same(decode<T>(source), value));
    REQUIRE(source.left() == 0);
  });
}

TEST_CASE("a message that ends early is malformed, wherever it ends", "[codec]") {
  for_many_values(100, []<class T>(random_values& random) {
    const auto message = kept(random.draw<T>());
    if (message.empty()) return;
    span_source source(std::span<const std::byte>(message).first(random.below(message.size())));
    REQUIRE_THROWS_AS(decode<T>(source), malformed_message);
  });
}
