// SPDX-License-Identifier: MIT
#include <dlfcn.h>
#include <heddle/errors.hpp>
#include <heddle/process/module_table.hpp>
#include <support/catch.hpp>
#include <support/scale.hpp>

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace heddle::process;

int increment(int x) { return x + 1; }
int add_two(int x) { return x + 2; }

/// A function of the C library, and not what a sanitizer or the linker puts into this program for it.
const void* other_function() { return ::dlsym(RTLD_DEFAULT, "gnu_get_libc_version"); }
callable_id of_other_module() { return module_list::of_this_process().find(other_function()); }

/// A sender and a receiver, and what went over the channel between them.
struct channel {
  sent_id send(const callable_id& id) {
    return sent.encode(id, [this](const module_record& record) {
      received.add(record);
      ++records;
    });
  }
  sent_modules sent;
  received_modules received{missing_module::refuse};
  int records = 0;
};

}  // namespace

TEST_CASE("the record of a module is sent before its first id, and once", "[process][module_table]") {
  channel one;
  const sent_id first = one.send(id_of<&increment>());
  CHECK(one.records == 1);
  CHECK(first.module == 0);
  const sent_id second = one.send(id_of<&add_two>());
  CHECK(one.records == 1);
  CHECK(second.module == 0);
  const sent_id of_library = one.send(of_other_module());
  CHECK(of_library.module == 1);
  CHECK(one.records == 2);

  CHECK(one.received.decode(second) == reinterpret_cast<const void*>(&add_two));
  CHECK(one.received.decode(of_library) == other_function());
  CHECK(one.received.decode(first) == reinterpret_cast<const void*>(&increment));
}

TEST_CASE("each channel has its own numbers", "[process][module_table]") {
  channel one;
  channel other;
  static_cast<void>(one.send(id_of<&increment>()));
  CHECK(one.send(of_other_module()).module == 1);
  CHECK(other.send(of_other_module()).module == 0);
  CHECK(other.send(id_of<&increment>()).module == 1);
}

TEST_CASE("a record that could not be sent is sent the next time", "[process][module_table]") {
  channel one;
  CHECK_THROWS_AS(one.sent.encode(id_of<&increment>(), [](const module_record&) { throw std::runtime_error("full"); }),
                  std::runtime_error);
  const sent_id id = one.send(id_of<&increment>());
  CHECK(one.records == 1);
  CHECK(id.module == 0);
  CHECK(one.received.decode(id) == reinterpret_cast<const void*>(&increment));
}

TEST_CASE("an id that names no code of a module that was sent is refused", "[process][module_table]") {
  using Catch::Matchers::ContainsSubstring;
  channel one;
  CHECK_THROWS_WITH(one.received.decode({0, 0}), ContainsSubstring("was not named before"));
  const sent_id good = one.send(id_of<&increment>());
  CHECK_THROWS_WITH(one.received.decode({1, good.offset}), ContainsSubstring("was not named before"));
  CHECK_THROWS_WITH(one.received.decode({~std::uint64_t{0}, good.offset}), ContainsSubstring("was not named before"));
  CHECK_THROWS_WITH(one.received.decode({0, ~std::uint64_t{0}}), ContainsSubstring("has no code"));
  const auto code_end = id_of<&increment>().module->code().back().end;
  CHECK_THROWS_WITH(one.received.decode({0, code_end}), ContainsSubstring("has no code"));
  CHECK(one.received.decode(good) == reinterpret_cast<const void*>(&increment));
}

TEST_CASE("a module that is not here fails each callable in it, and no other", "[process][module_table]") {
  channel one;
  module_record missing = module_list::of_this_process().record_of(*id_of<&increment>().module);
  missing.id_bytes[0] ^= 1U;
  one.received.add(missing);
  for (int again = 0; again < 2; ++again) {
    CHECK_THROWS_AS(one.received.decode({0, id_of<&increment>().offset}), heddle::callable_not_found);
  }
  missing.id_bytes[0] ^= 1U;
  one.received.add(missing);
  CHECK(one.received.decode({1, id_of<&increment>().offset}) == reinterpret_cast<const void*>(&increment));
}

TEST_CASE("a damaged record is refused and takes no number", "[process][module_table]") {
  channel one;
  CHECK_THROWS_AS(one.received.add(module_record{}), heddle::callable_not_found);
  CHECK(one.received.decode(one.send(id_of<&increment>())) == reinterpret_cast<const void*>(&increment));
}

TEST_CASE("a sender that names modules without end is refused", "[process][module_table]") {
  received_modules received(missing_module::refuse);
  const module_record record = module_list::of_this_process().record_of(*id_of<&increment>().module);
  for (std::size_t count = 0; count < most_sent_modules; ++count) received.add(record);
  CHECK_THROWS_WITH(received.add(record), Catch::Matchers::ContainsSubstring("one too many"));
}

TEST_CASE("random ids and records are answered by an exception or by an address in the code",
          "[process][module_table]") {
  std::mt19937_64 random(Catch::getSeed());
  const module_record good = module_list::of_this_process().record_of(*id_of<&increment>().module);
  const auto& code = id_of<&increment>().module->code();
  received_modules received(missing_module::refuse);
  received.add(good);
  std::size_t found = 0;
  for (std::size_t round = 0; round < heddle_test::scaled(20'000); ++round) {
    if (round % 16 == 0) {
      module_record damaged = good;
      auto* const bytes = reinterpret_cast<unsigned char*>(&damaged);
      bytes[random() % 64] = static_cast<unsigned char>(random());
      try {
        received.add(damaged);
      } catch (const heddle::callable_not_found&) {
      }
    }
    const sent_id id{random() % 4, code.front().begin + random() % (3 * (code.back().end - code.front().begin))};
    try {
      const void* const address = received.decode(id);
      REQUIRE(address == id_of<&increment>().module->address_of(id.offset));
      REQUIRE(address != nullptr);
      ++found;
    } catch (const heddle::callable_not_found&) {
    }
  }
  CHECK(found > 0);
}
