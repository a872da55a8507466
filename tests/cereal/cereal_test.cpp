// SPDX-License-Identifier: MIT

#include <heddle/cereal.hpp>

#include <cereal/types/memory.hpp>
#include <cereal/types/polymorphic.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/round_trip.hpp>

namespace cereal_test {

struct shape {
  virtual ~shape() = default;
  [[nodiscard]] virtual int corners() const = 0;
};

struct polygon : shape {
  int count = 0;
  [[nodiscard]] int corners() const override { return count; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(count));
  }
};

/// Two owners of one shape.
struct drawing {
  std::string name;
  std::vector<double> scale;
  std::shared_ptr<shape> front;
  std::shared_ptr<shape> back;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("name", name), scale, front, back);
  }
};

struct link {
  std::unique_ptr<link> next;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(next);
  }
};

}  // namespace cereal_test

CEREAL_REGISTER_TYPE(cereal_test::polygon)
CEREAL_REGISTER_POLYMORPHIC_RELATION(cereal_test::shape, cereal_test::polygon)
HEDDLE_TRAVELS_BY_CEREAL(cereal_test::drawing);
HEDDLE_TRAVELS_BY_CEREAL(cereal_test::link);

using namespace heddle_test;

static_assert(heddle::can_travel<cereal_test::drawing> && !heddle::can_travel<std::shared_ptr<cereal_test::shape>>);

namespace {

cereal_test::drawing a_drawing() {
  const auto triangle = std::make_shared<cereal_test::polygon>();
  triangle->count = 3;
  return {"triangle", {1.5, 2.5}, triangle, triangle};
}

}  // namespace

TEST_CASE("a class travels by its functions for cereal", "[cereal]") {
  const cereal_test::drawing arrived = round_trip(a_drawing());
  CHECK(arrived.name == "triangle");
  CHECK(arrived.scale == std::vector{1.5, 2.5});
  CHECK(arrived.front->corners() == 3);
  CHECK(arrived.front == arrived.back);
  CHECK(round_trip(std::vector<cereal_test::drawing>(2, a_drawing())).back().name == "triangle");
}

TEST_CASE("a message for cereal that ends early, or announces too much, is malformed", "[cereal]") {
  auto message = encoded(a_drawing());
  for (std::size_t size = 0; size < message.size(); ++size) {
    const std::vector<std::byte> begin(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_THROWS_AS(decoded<cereal_test::drawing>(begin), heddle::malformed_message);
  }
  const std::uint64_t huge = std::uint64_t{1} << 62U;
  std::memcpy(message.data(), &huge, sizeof(huge));
  CHECK_THROWS_AS(decoded<cereal_test::drawing>(message), heddle::malformed_message);
}

TEST_CASE("a message for cereal that goes deeper and deeper is malformed", "[cereal]") {
  CHECK_THROWS_AS(decoded<cereal_test::link>(std::vector<std::byte>(1'000'000, std::byte{1})),
                  heddle::malformed_message);
}
