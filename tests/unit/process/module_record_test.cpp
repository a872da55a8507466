// SPDX-License-Identifier: MIT
#include <heddle/errors.hpp>
#include <heddle/process/module_record.hpp>
#include <support/catch.hpp>
#include <support/scale.hpp>

#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <string>

namespace {

using namespace heddle::process;

module_record good_record() {
  module_record record{};
  record.set_id(module_identity::build_id, std::array<std::uint8_t, 20>{1, 2, 3});
  record.set_path("/usr/lib/libloom.so");
  record.code_begin = 0x1000;
  record.code_end = 0x2000;
  return record;
}

template <class Damage>
std::string complaint_about(Damage damage) {
  module_record record = good_record();
  damage(record);
  try {
    throw_if_malformed(record);
  } catch (const heddle::callable_not_found& error) {
    return error.what();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("a callable that is not found says in which module, why, and what to do", "[process][module_record]") {
  const heddle::callable_not_found error("/lib/x.so", "is not loaded here: load it");
  CHECK(error.module() == "/lib/x.so");
  CHECK(std::string(error.what()) == "callable not found: the module '/lib/x.so' is not loaded here: load it");
  const heddle::callable_not_found copy(error);
  CHECK(copy.module() == "/lib/x.so");
}

TEST_CASE("a record is taken as it was written", "[process][module_record]") {
  const module_record record = good_record();
  CHECK_NOTHROW(throw_if_malformed(record));
  CHECK(record.path() == "/usr/lib/libloom.so");
  CHECK(record.id().size() == 20);
  CHECK(record.id()[2] == 3);
}

TEST_CASE("a record that no correct process writes is refused", "[process][module_record]") {
  using Catch::Matchers::ContainsSubstring;
  CHECK(complaint_about([](auto&) {}) == "nothing");
  CHECK_THAT(complaint_about([](auto& r) { r.identity = module_identity{0}; }), ContainsSubstring("unknown kind"));
  CHECK_THAT(complaint_about([](auto& r) { r.identity = module_identity{4}; }), ContainsSubstring("unknown kind"));
  CHECK_THAT(complaint_about([](auto& r) { r.id_length = 0; }), ContainsSubstring("wrong length"));
  CHECK_THAT(complaint_about([](auto& r) { r.id_length = 65; }), ContainsSubstring("wrong length"));
  CHECK_THAT(complaint_about([](auto& r) { r.identity = module_identity::file; }), ContainsSubstring("wrong length"));
  CHECK_THAT(complaint_about([](auto& r) { r.identity = module_identity::content; }),
             ContainsSubstring("wrong length"));
  CHECK_THAT(complaint_about([](auto& r) { r.path_length = 937; }), ContainsSubstring("longer than its record"));
  CHECK_THAT(complaint_about([](auto& r) { r.path_characters[0] = 'u'; }), ContainsSubstring("begin at the root"));
  CHECK_THAT(complaint_about([](auto& r) { r.path_characters[4] = '\0'; }), ContainsSubstring("begin at the root"));
  CHECK_THAT(complaint_about([](auto& r) { r.code_end = r.code_begin; }), ContainsSubstring("without code"));
}

TEST_CASE("a path that is too long for a record is left out of it", "[process][module_record]") {
  module_record record = good_record();
  record.path_length = 0;
  record.set_path("/" + std::string(module_record::longest_path, 'x'));
  CHECK(record.path().empty());
  record.set_path("/" + std::string(module_record::longest_path - 1, 'x'));
  CHECK(record.path().size() == module_record::longest_path);
  CHECK_NOTHROW(throw_if_malformed(record));
}

TEST_CASE("whatever bytes a record consists of, nothing outside of it is read", "[process][module_record]") {
  std::mt19937 random(Catch::getSeed());
  for (std::size_t round = 0; round < heddle_test::scaled(20'000); ++round) {
    std::array<std::uint8_t, sizeof(module_record)> bytes;
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    const auto record = std::make_unique<module_record>();
    std::memcpy(record.get(), bytes.data(), sizeof bytes);
    CHECK(record->id().size() <= module_record::longest_id);
    CHECK(record->path().size() <= module_record::longest_path);
    try {
      throw_if_malformed(*record);
    } catch (const heddle::callable_not_found&) {
    }
  }
}
