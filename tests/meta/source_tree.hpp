// SPDX-License-Identifier: MIT
// The text files of this repository, or of a made-up one, as the checks in this folder read them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle_test {

using lines = std::vector<std::string>;

/// Path from the root, with slashes -> the lines of the file.
using source_tree = std::map<std::string, lines, std::less<>>;

/// Where the headers are in this tree.
inline constexpr std::string_view headers_folder = "include/heddle/";

/// One line each, `path:line: what is wrong`; empty when all is well.
using complaints = std::vector<std::string>;

inline lines split_lines(const std::string& text) {
  lines result;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) result.push_back(line);
  return result;
}

inline source_tree made_up_tree(std::initializer_list<std::pair<const char*, const char*>> files) {
  source_tree tree;
  for (const auto& [path, text] : files) tree[path] = split_lines(text);
  return tree;
}

/// The files and folders at `paths`, without tests/meta/fixtures; what is missing is left out.
inline source_tree repository(std::initializer_list<const char*> paths) {
  const std::filesystem::path root = HEDDLE_SOURCE_DIR;
  source_tree tree;
  const auto add = [&](const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    tree[file.lexically_relative(root).generic_string()] = split_lines(text);
  };
  for (const char* path : paths) {
    if (std::filesystem::is_regular_file(root / path)) add(root / path);
    if (!std::filesystem::is_directory(root / path)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / path)) {
      if (entry.is_regular_file() && entry.path().string().find("fixtures") == std::string::npos) add(entry.path());
    }
  }
  return tree;
}

inline std::string complaint(std::string_view path, std::size_t line_index, std::string_view what) {
  return std::string(path) + ":" + std::to_string(line_index + 1) + ": " + std::string(what);
}

/// A line up to its `//` comment.
inline std::string_view code_of(std::string_view line) { return line.substr(0, line.find("//")); }

inline bool is_cpp(std::string_view path) { return path.ends_with(".hpp") || path.ends_with(".cpp"); }

inline std::string join(const complaints& all) {
  std::string text;
  for (const std::string& one : all) text += one + "\n";
  return text;
}

}  // namespace heddle_test
