// SPDX-License-Identifier: MIT
// How a process names a program or shared object to another process.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include <heddle/process/callable_not_found.hpp>

namespace heddle::process {

/// What two processes know a module by.
enum class module_identity : std::uint8_t {
  build_id = 1,  ///< what the linker made of its contents
  file = 2,      ///< device, inode, size and time of modification of its file: on one machine
  content = 3,   ///< the FNV-1a hash of its executable segments
};

/// Bytes that may be sent as they are: without padding and without pointers. The process that gets them copies them
/// first and trusts none of them: see throw_if_malformed().
struct module_record {
  static constexpr std::size_t longest_id = 64;
  static constexpr std::size_t longest_path = 936;

  module_identity identity;
  std::uint8_t id_length;
  std::uint16_t path_length;  ///< 0: the path is not known, or too long; the module is found only where it is loaded
  std::uint32_t reserved;
  std::uint64_t code_begin;  ///< relative to where the module is loaded, as code_end
  std::uint64_t code_end;
  std::array<std::uint8_t, longest_id> id_bytes;
  std::array<char, longest_path> path_characters;

  [[nodiscard]] std::span<const std::uint8_t> id() const noexcept {
    return std::span(id_bytes).first((std::min<std::size_t>)(id_length, longest_id));
  }
  [[nodiscard]] std::string_view path() const noexcept {
    return {path_characters.data(), (std::min<std::size_t>)(path_length, longest_path)};
  }

  void set_id(module_identity kind, std::span<const std::uint8_t> bytes) noexcept {
    identity = kind;
    id_length = static_cast<std::uint8_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), id_bytes.begin());
  }
  void set_path(std::string_view path) noexcept {
    if (path.size() > longest_path) return;
    path_length = static_cast<std::uint16_t>(path.size());
    std::copy(path.begin(), path.end(), path_characters.begin());
  }

  friend bool operator==(const module_record&, const module_record&) = default;
};

static_assert(sizeof(module_record) == 1024 && std::is_trivially_copyable_v<module_record> &&
              std::has_unique_object_representations_v<module_record>);

/// How long an id of this kind is; 0: of any length but 0, or for what is no kind.
[[nodiscard]] constexpr std::size_t length_of_id(module_identity kind) noexcept {
  if (kind == module_identity::file) return 4 * sizeof(std::uint64_t);
  return kind == module_identity::content ? sizeof(std::uint64_t) : 0;
}

/// Throws callable_not_found for a record that no correct process writes, whatever its bytes are.
inline void throw_if_malformed(const module_record& record) {
  const auto check = [&](bool holds, std::string_view why) {
    if (!holds) throw callable_not_found("?", why);
  };
  check(record.identity >= module_identity::build_id && record.identity <= module_identity::content,
        "is named by a record of an unknown kind: the other process is of another version, or damaged");
  const std::size_t length = length_of_id(record.identity);
  check(record.id_length != 0 && record.id_length <= module_record::longest_id &&
            (length == 0 || record.id_length == length),
        "is named by an id of a wrong length: the other process is of another version, or damaged");
  check(record.path_length <= module_record::longest_path,
        "is named by a path longer than its record: the other process is of another version, or damaged");
  check(record.path().empty() || (record.path().front() == '/' && record.path().find('\0') == std::string_view::npos),
        "is named by a path that does not begin at the root: the other process is of another version, or damaged");
  check(record.code_begin < record.code_end,
        "is named by a record without code: the other process is of another version, or damaged");
}

}  // namespace heddle::process
