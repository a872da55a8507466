// SPDX-License-Identifier: MIT
// Which file an address of this process is mapped from: what the dynamic loader calls it may be relative to a folder
// that is no longer the current one, and the file at that path another one by now.
#pragma once

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <heddle/base/file_text.hpp>

namespace heddle::process {

/// A file that is mapped into memory.
struct mapped_file {
  std::string path;  ///< absolute
  std::uint64_t inode = 0;
};

/// Takes the first word of `line` away and returns it.
[[nodiscard]] inline std::string_view take_word(std::string_view& line) noexcept {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  line.remove_prefix((std::min)(line.find_first_not_of(' '), line.size()));
  return word;
}

/// The number that `text` is in this base; nothing if it is none.
[[nodiscard]] inline std::optional<std::uint64_t> number_in(std::string_view text, int base) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// What a line of /proc/self/maps, `BEGIN-END MODE OFFSET DEVICE INODE   PATH`, says if `address` is in it.
[[nodiscard]] inline std::optional<mapped_file> mapping_in(std::string_view line, std::uintptr_t address) {
  const std::string_view range = take_word(line);
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto begin = number_in(range.substr(0, dash), 16);
  const auto end = number_in(range.substr(dash + 1), 16);
  if (!begin || !end || address < *begin || address >= *end) return std::nullopt;
  for (int skipped = 0; skipped < 3; ++skipped) static_cast<void>(take_word(line));
  const auto inode = number_in(take_word(line), 10);
  if (!inode || !line.starts_with('/')) return std::nullopt;
  return mapped_file{std::string(line), *inode};
}

/// The file that is mapped at `address`; nothing if none is, or if the system does not say.
[[nodiscard]] inline std::optional<mapped_file> file_mapped_at(std::uintptr_t address,
                                                               const char* maps = "/proc/self/maps") {
  const std::string all = base::text_of_file(maps);
  for (std::string_view rest = all; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix((std::min)(line.size() + 1, rest.size()));
    if (auto found = mapping_in(line, address)) return found;
  }
  return std::nullopt;
}

/// Device, inode, size and time of modification, which tell files of one machine from each other.
using file_identity = std::array<std::uint64_t, 4>;

/// Of the file at `path`; nothing if there is none.
[[nodiscard]] inline std::optional<file_identity> identity_of_file(const char* path) noexcept {
  struct stat status;
  if (::stat(path, &status) != 0) return std::nullopt;
  constexpr std::uint64_t nanoseconds = 1'000'000'000;
  return file_identity{static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
                       static_cast<std::uint64_t>(status.st_size),
                       static_cast<std::uint64_t>(status.st_mtim.tv_sec) * nanoseconds +
                           static_cast<std::uint64_t>(status.st_mtim.tv_nsec)};
}

}  // namespace heddle::process
