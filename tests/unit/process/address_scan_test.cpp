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

using words = std::array<std::uint64_t, 2>;

address_finding finding(const words& object, std::size_t alignment = 8) {
  return find_addresses(std::as_bytes(std::span(object)), alignment);
}

std::uint64_t address(const void* of) { return std::bit_cast<std::uintptr_t>(of); }

}  // namespace

TEST_CASE("an object of addresses on the stack is certainly one of addresses", "[process][address_scan]") {
  const volatile int here = 1;
  const std::uint64_t on_stack = heddle::sync::stack_position();
  CHECK(finding({on_stack, on_stack + 128}) == address_finding::certain);
  static_cast<void>(here);
}

TEST_CASE("an object with an address and something else is likely one of addresses", "[process][address_scan]") {
  const auto on_heap = std::make_unique<int>(1);
  CHECK(finding({1, heddle::sync::stack_position()}) == address_finding::likely);
  CHECK(finding({1, address(on_heap.get())}) == address_finding::likely);
  CHECK(finding({address(on_heap.get()), address(on_heap.get())}) == address_finding::likely);
}

TEST_CASE("numbers are no addresses", "[process][address_scan]") {
  CHECK(finding({0, 0}) == address_finding::none);
  CHECK(finding({4'194'304, 0xffff'ffff}) == address_finding::none);
  CHECK(finding({~std::uint64_t{0}, std::uint64_t{1} << 63U}) == address_finding::none);
  CHECK(finding({std::bit_cast<std::uint64_t>(1.5), std::bit_cast<std::uint64_t>(-1e-300)}) == address_finding::none);
  CHECK(finding({std::uint64_t{1} << 46U, 0}) == address_finding::none);  // nothing is there
}

TEST_CASE("small numbers are no addresses, even if there is memory", "[process][address_scan]") {
  const std::uint64_t number = 0x1000'0000;
  void* const wanted = std::bit_cast<void*>(static_cast<std::uintptr_t>(number));
  void* const there = ::mmap(wanted, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (there != wanted) SKIP("this process cannot have memory at a small address");
  CHECK(is_mapped(number));
  CHECK(finding({number, 0}) == address_finding::none);
  ::munmap(there, 1);
  CHECK_FALSE(is_mapped(number));
}

TEST_CASE("an object that is not aligned as an address has none", "[process][address_scan]") {
  const std::uint64_t on_stack = heddle::sync::stack_position();
  CHECK(finding({on_stack, on_stack}, 4) == address_finding::none);
  CHECK(find_addresses({}, 8) == address_finding::none);
}
