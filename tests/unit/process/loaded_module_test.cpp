// SPDX-License-Identifier: MIT
#include <heddle/process/loaded_module.hpp>
#include <heddle/process/mapped_file.hpp>
#include <support/catch.hpp>
#include <support/scale.hpp>
#include <support/temporary_tree.hpp>

#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace heddle::process;

using bytes = std::vector<std::uint8_t>;

/// A note as linkers write it.
bytes note(std::string_view name, std::uint32_t type, const bytes& content, std::size_t alignment = 4) {
  bytes result;
  const auto add = [&](const void* from, std::size_t size) {
    const auto* const first = static_cast<const std::uint8_t*>(from);
    result.insert(result.end(), first, first + size);
  };
  const auto align = [&] {
    while (result.size() % alignment != 0) result.push_back(0);
  };
  const auto name_size = static_cast<std::uint32_t>(name.size() + 1);
  const auto content_size = static_cast<std::uint32_t>(content.size());
  add(&name_size, sizeof name_size);
  add(&content_size, sizeof content_size);
  add(&type, sizeof type);
  add(std::string(name).c_str(), name_size);
  align();
  add(content.data(), content.size());
  align();
  return result;
}

bytes build_id_of(const bytes& notes, std::uint64_t alignment = 4) {
  const auto exact = std::make_unique<std::uint8_t[]>(notes.size());  // so that reading further is noticed
  if (!notes.empty()) std::memcpy(exact.get(), notes.data(), notes.size());
  const auto id = build_id_in({exact.get(), notes.size()}, alignment);
  return {id.begin(), id.end()};
}

bytes operator+(bytes left, const bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::uint64_t hash_of(std::string_view text) {
  return fnv1a({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace

TEST_CASE("a build id is found among other notes, whatever its length", "[process][loaded_module]") {
  const bytes id{1, 2, 3, 4, 5, 6, 7};
  CHECK(build_id_of(note("GNU", NT_GNU_BUILD_ID, id)) == id);
  CHECK(build_id_of(note("stapsdt", 3, {9}) + note("GNU", 1, {8, 8}) + note("GNU", NT_GNU_BUILD_ID, id)) == id);
  CHECK(build_id_of(note("GNU", 5, bytes(13), 8) + note("GNU", NT_GNU_BUILD_ID, id, 8), 8) == id);
  CHECK(build_id_of(note("GNU", NT_GNU_BUILD_ID, bytes(64, 7))).size() == 64);
}

TEST_CASE("what is no build id is not taken for one", "[process][loaded_module]") {
  CHECK(build_id_of({}).empty());
  CHECK(build_id_of(note("GNU", NT_GNU_BUILD_ID, {})).empty());
  CHECK(build_id_of(note("GNU", NT_GNU_BUILD_ID, bytes(65))).empty());
  CHECK(build_id_of(note("GNV", NT_GNU_BUILD_ID, bytes(20))).empty());
  CHECK(build_id_of(note("Go", 4, bytes(20))).empty());
  CHECK(build_id_of(note(std::string_view("GNU\0S", 5), NT_GNU_BUILD_ID, bytes(20))).empty());
}

TEST_CASE("notes that lie about their lengths are not read beyond their end", "[process][loaded_module]") {
  const bytes whole = note("GNU", 1, bytes(16)) + note("GNU", NT_GNU_BUILD_ID, bytes(20, 5));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK(build_id_of(bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))).empty());
  }
  std::mt19937 random(Catch::getSeed());
  for (std::size_t round = 0; round < heddle_test::scaled(50'000); ++round) {
    bytes damaged = whole;
    for (int changes = 0; changes < 3; ++changes) damaged[random() % 32] = static_cast<std::uint8_t>(random());
    CHECK(build_id_of(damaged).size() <= 64);
  }
}

TEST_CASE("the hash of code is FNV-1a", "[process][loaded_module]") {
  CHECK(hash_of("") == 0xcbf29ce484222325);
  CHECK(hash_of("a") == 0xaf63dc4c8601ec8c);
  CHECK(hash_of("foobar") == 0x85944171f73967e8);
}

TEST_CASE("the file that an address is mapped from is found, and its path is all of the line's rest",
          "[process][mapped_file]") {
  heddle_test::temporary_tree tree;
  tree.write("/maps",
             "00400000-00401000 r--p 00000000 08:01 17                                 /bin/a program\n"
             "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"
             "7f0000002000-7f0000003000 r-xp 00000000 08:01 4000000000                 /lib/b.so (deleted)\n"
             "7fff00000000-7fff00001000 r-xp 00000000 00:00 0                          [vdso]\n"
             "no mapping at all\n"
             "7fff00002000-zzz r-xp 0 0 0 /\n"
             "7fff00003000-7fff00004000");
  const std::string maps = std::string(tree.root()) + "/maps";
  const auto at = [&](std::uintptr_t address) { return file_mapped_at(address, maps.c_str()); };

  REQUIRE(at(0x400fff));
  CHECK(at(0x400000)->path == "/bin/a program");
  CHECK(at(0x400000)->inode == 17);
  REQUIRE(at(0x7f0000002000));
  CHECK(at(0x7f0000002000)->path == "/lib/b.so (deleted)");
  CHECK(at(0x7f0000002000)->inode == 4'000'000'000);
  for (const std::uintptr_t address :
       {0x3fffffUL, 0x401000UL, 0x7f0000000000UL, 0x7fff00000000UL, 0x7fff00002000UL, 0x7fff00003000UL}) {
    CHECK_FALSE(at(address));
  }
  CHECK_FALSE(file_mapped_at(0x400000, "/nowhere/maps"));
}

TEST_CASE("files are told from each other by their identity", "[process][mapped_file]") {
  heddle_test::temporary_tree tree;
  tree.write("/a", "1");
  tree.write("/b", "1");
  const std::string a = std::string(tree.root()) + "/a";
  const std::string b = std::string(tree.root()) + "/b";
  REQUIRE(identity_of_file(a.c_str()));
  CHECK(identity_of_file(a.c_str()) == identity_of_file(a.c_str()));
  CHECK(identity_of_file(a.c_str()) != identity_of_file(b.c_str()));
  std::filesystem::last_write_time(b, std::filesystem::last_write_time(a));
  CHECK(identity_of_file(a.c_str()) != identity_of_file(b.c_str()));
  const auto before = identity_of_file(a.c_str());
  tree.write("/a", "12");
  CHECK(identity_of_file(a.c_str()) != before);
  CHECK_FALSE(identity_of_file("/nowhere/a"));
}
