// SPDX-License-Identifier: MIT
#include <sys/mman.h>
#include <heddle/process/address_scan.hpp>
#include <support/catch.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <memory>

namespace {

using namespace heddle::process;

using two_words = std::array<std::uint64_t, 2>;

bool is_certain(const two_words& object, std::size_t alignment = 8) {
  return holds_only_stack_addresses(std::as_bytes(std::span(object)), alignment);
}
bool is_likely(const two_words& object, std::size_t alignment = 8) {
  return seems_to_hold_address(std::as_bytes(std::span(object)), alignment);
}

std::uint64_t address(const void* of) { return std::bit_cast<std::uintptr_t>(of); }

}  // namespace

TEST_CASE("an object of addresses on the stack is certainly one of addresses", "[process][address_scan]") {
  const std::uint64_t on_stack = heddle::sync::stack_position();
  CHECK(is_certain({on_stack, on_stack + 128}));
  CHECK(is_likely({on_stack, on_stack + 128}));
}

TEST_CASE("an object with an address and something else is likely one of addresses", "[process][address_scan]") {
  const auto on_heap = std::make_unique<int>(1);
  for (const two_words& object :
       {two_words{1, heddle::sync::stack_position()}, two_words{heddle::sync::stack_position(), 1},
        two_words{1, address(on_heap.get())}, two_words{address(on_heap.get()), address(on_heap.get())}}) {
    CHECK_FALSE(is_certain(object));
    CHECK(is_likely(object));
  }
}

TEST_CASE("numbers are no addresses", "[process][address_scan]") {
  std::uint64_t nothing_is_there = std::uint64_t{1} << 46U;
  while (is_mapped(nothing_is_there)) nothing_is_there += std::uint64_t{1} << 40U;  // by a sanitizer
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{4'194'304}, std::uint64_t{0x4'0000'0002},
                                     ~std::uint64_t{0}, std::uint64_t{1} << 63U, std::bit_cast<std::uint64_t>(1.5),
                                     std::bit_cast<std::uint64_t>(-1e-300), nothing_is_there}) {
    CHECK_FALSE(is_certain({number, number}));
    CHECK_FALSE(is_likely({number, number}));
  }
}

TEST_CASE("small numbers are no addresses, even if there is memory", "[process][address_scan]") {
  const std::uint64_t number = 0x1000'0000;
  void* const wanted = std::bit_cast<void*>(static_cast<std::uintptr_t>(number));
  void* const there = ::mmap(wanted, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (there != wanted) SKIP("this process cannot have memory at a small address");
  CHECK(is_mapped(number));
  CHECK_FALSE(is_likely({number, 0}));
  ::munmap(there, 1);
  CHECK_FALSE(is_mapped(number));
}

TEST_CASE("an object that is not aligned as an address has none", "[process][address_scan]") {
  const std::uint64_t on_stack = heddle::sync::stack_position();
  CHECK_FALSE(is_certain({on_stack, on_stack}, 4));
  CHECK_FALSE(is_likely({on_stack, on_stack}, 4));
  CHECK_FALSE(holds_only_stack_addresses({}, 8));
  CHECK_FALSE(seems_to_hold_address({}, 8));
}
