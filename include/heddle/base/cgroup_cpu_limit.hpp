// SPDX-License-Identifier: MIT
// How many CPUs' worth of time the control groups of this process allow it (Linux; elsewhere there are none).
#pragma once

#include <limits>

#if defined(__linux__)
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include <heddle/base/file_text.hpp>
#include <heddle/base/parse_positive.hpp>
#endif

namespace heddle::base {

/// A source of a limit that knows of none says this, so that the smallest of several limits is the one that holds.
inline constexpr unsigned unlimited_cpus = (std::numeric_limits<unsigned>::max)();

#if defined(__linux__)

/// Time `quota` in every `period` as whole CPUs, rounded up: a part of a CPU can still run a thread.
[[nodiscard]] constexpr unsigned whole_cpus(std::uint64_t quota, std::uint64_t period) noexcept {
  if (quota == 0 || period == 0) return unlimited_cpus;
  const std::uint64_t cpus = quota / period + (quota % period != 0 ? 1U : 0U);
  return cpus < unlimited_cpus ? static_cast<unsigned>(cpus) : unlimited_cpus;
}

/// The control groups as the files below a root folder describe them.
///
/// /proc/self/cgroup says which group of each hierarchy this process is in, /proc/self/mountinfo where a hierarchy is
/// mounted and which of its groups is the root of that mount (proc(5), cgroups(7), cgroup_namespaces(7)). What is
/// missing or malformed limits nothing.
class cgroup_tree {
 public:
  explicit cgroup_tree(const char* root)
      : root_(root), groups_(read("/proc/self/cgroup")), mounts_(read("/proc/self/mountinfo")) {}

  /// The smallest quota of the process's groups and of all groups around them that are visible.
  [[nodiscard]] unsigned cpu_limit() const {
    const unsigned v1 = hierarchy_limit(version::v1);
    const unsigned v2 = hierarchy_limit(version::v2);
    return v1 < v2 ? v1 : v2;
  }

 private:
  enum class version { v1, v2 };

  struct mount {
    std::string root;   // the group that the mount point shows
    std::string point;  // the mount point
  };

  /// Takes the text before `separator` off the front of `rest`, and the separator too.
  static std::string_view take_until(std::string_view& rest, std::string_view separator) {
    const std::size_t end = rest.find(separator);
    const std::string_view taken = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + separator.size());
    return taken;
  }

  static bool lists_cpu(std::string_view names) {
    while (!names.empty()) {
      if (take_until(names, ",") == "cpu") return true;
    }
    return false;
  }

  /// The path of the process's group, "/..." in /proc/self/cgroup; empty if it is in none.
  [[nodiscard]] std::string_view group_path(version hierarchy) const {
    std::string_view rest = groups_;
    while (!rest.empty()) {
      std::string_view path = take_until(rest, "\n");
      const std::string_view id = take_until(path, ":");
      const std::string_view controllers = take_until(path, ":");
      const bool wanted = hierarchy == version::v2 ? id == "0" && controllers.empty() : lists_cpu(controllers);
      if (wanted && path.starts_with('/')) return path;
    }
    return {};
  }

  /// The mount that a line of /proc/self/mountinfo describes, if it is one of `hierarchy`.
  static std::optional<mount> parse_mount(std::string_view line, version hierarchy) {
    for (int skipped = 0; skipped < 3; ++skipped) take_until(line, " ");  // mount id, parent id, device
    const std::string_view root = take_until(line, " ");
    const std::string_view point = take_until(line, " ");
    take_until(line, " - ");  // mount options and optional fields
    const std::string_view type = take_until(line, " ");
    take_until(line, " ");  // source
    const bool wanted = hierarchy == version::v2 ? type == "cgroup2" : type == "cgroup" && lists_cpu(line);
    if (!wanted) return std::nullopt;
    return mount{unescaped(root), unescaped(point)};
  }

  /// mountinfo writes a space, a tab, a newline and a backslash as a backslash and three octal digits.
  static std::string unescaped(std::string_view text) {
    const auto octal = [](char c) { return c >= '0' && c <= '7'; };
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) && octal(text[i + 3])) {
        plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
        i += 3;
      } else {
        plain += text[i];
      }
    }
    return plain;
  }

  /// Where `group` lies below `root`: "" or "/...". Nothing if it lies elsewhere, or above what its namespace can name.
  static std::optional<std::string_view> below(std::string_view group, std::string_view root) {
    if (root != "/") {
      if (!group.starts_with(root)) return std::nullopt;
      group.remove_prefix(root.size());
      if (!group.empty() && group.front() != '/') return std::nullopt;
    }
    for (std::string_view rest = group; !rest.empty();) {
      if (take_until(rest, "/") == "..") return std::nullopt;
    }
    return group;
  }

  /// The smallest limit over all mounts of a hierarchy that show the process's group. If none does, the root of its
  /// first mount is the best guess: that is the container's own group where the two files speak of different
  /// namespaces.
  [[nodiscard]] unsigned hierarchy_limit(version hierarchy) const {
    const std::string_view group = group_path(hierarchy);
    if (group.empty()) return unlimited_cpus;
    std::optional<unsigned> shown;
    std::optional<unsigned> guessed;
    for (std::string_view rest = mounts_; !rest.empty();) {
      const std::optional<mount> found = parse_mount(take_until(rest, "\n"), hierarchy);
      if (!found) continue;
      if (const std::optional<std::string_view> path = below(group, found->root)) {
        const unsigned limit = limit_up_to_mount(hierarchy, *found, *path);
        shown = shown && *shown < limit ? *shown : limit;
      } else if (!guessed) {
        guessed = limit_up_to_mount(hierarchy, *found, "");
      }
    }
    return shown.value_or(guessed.value_or(unlimited_cpus));
  }

  /// The smallest limit of the group at `path` below the mount and of each group above it, the mount's root included.
  [[nodiscard]] unsigned limit_up_to_mount(version hierarchy, const mount& where, std::string_view path) const {
    std::string folder = where.point;
    folder += path;
    unsigned smallest = unlimited_cpus;
    for (;;) {
      const unsigned limit = group_limit(hierarchy, folder);
      if (limit < smallest) smallest = limit;
      if (folder.size() <= where.point.size()) return smallest;
      folder.erase(folder.rfind('/'));
    }
  }

  [[nodiscard]] unsigned group_limit(version hierarchy, const std::string& folder) const {
    if (hierarchy == version::v1) {
      return whole_cpus(read_number(folder + "/cpu.cfs_quota_us"), read_number(folder + "/cpu.cfs_period_us"));
    }
    const std::string text = read(folder + "/cpu.max");
    std::string_view rest = text;
    std::string_view period = take_until(rest, "\n");
    const std::string_view quota = take_until(period, " ");
    return whole_cpus(parse_positive(quota), parse_positive(period));
  }

  [[nodiscard]] std::uint64_t read_number(const std::string& path) const {
    const std::string text = read(path);
    std::string_view rest = text;
    return parse_positive(take_until(rest, "\n"));
  }

  /// The whole text of a file below the root folder; empty if it cannot be read.
  [[nodiscard]] std::string read(const std::string& path) const { return text_of_file((root_ + path).c_str()); }

  std::string root_;
  std::string groups_;
  std::string mounts_;
};

/// How many CPUs' worth of time the CPU quotas of this process's control groups (version 1 and 2, nested) allow it,
/// rounded up; `unlimited_cpus` if they do not say.
///
/// Reads /proc and the mounted control groups below the folder `root` anew at each call; it never throws.
[[nodiscard]] inline unsigned cgroup_cpu_limit(const char* root = "") noexcept {
  try {
    return cgroup_tree(root).cpu_limit();
  } catch (const std::exception&) {  // no memory for the text of a file
    return unlimited_cpus;
  }
}

#else

[[nodiscard]] inline unsigned cgroup_cpu_limit(const char* = "") noexcept { return unlimited_cpus; }

#endif

}  // namespace heddle::base
