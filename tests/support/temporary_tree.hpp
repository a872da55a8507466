// SPDX-License-Identifier: MIT
// A folder of made-up files that is gone after the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace heddle_test {

class temporary_tree {
 public:
  temporary_tree() {
    std::string name = (std::filesystem::temp_directory_path() / "heddle_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder at " + name);
    root_ = name;
  }
  ~temporary_tree() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  temporary_tree(const temporary_tree&) = delete;
  temporary_tree& operator=(const temporary_tree&) = delete;

  /// Writes `text` to the file at `path`, "/..." below the root, and makes the folders on the way.
  void write(const std::string& path, const std::string& text) const {
    const std::string file = root_ + path;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << text;
    if (std::filesystem::file_size(file) != text.size()) throw std::runtime_error("could not write " + file);
  }

  [[nodiscard]] const char* root() const { return root_.c_str(); }

 private:
  std::string root_;
};

}  // namespace heddle_test
