// SPDX-License-Identifier: MIT
// The C++ code of the README and of docs/processes.md is cut from programs that are compiled and run, so that it cannot
// rot.

#include <algorithm>

#include "meta/source_tree.hpp"
#include "support/catch.hpp"

namespace {

using namespace heddle_test;

struct snippet {
  std::size_t first_line;
  lines code;
};

std::vector<snippet> cpp_blocks(const lines& markdown) {
  std::vector<snippet> blocks;
  bool inside = false;
  for (std::size_t i = 0; i < markdown.size(); ++i) {
    const bool fence = markdown[i].starts_with("```");
    if (fence && !inside && markdown[i] == "```cpp") {
      blocks.push_back({i + 1, {}});
      inside = true;
    } else if (fence) {
      inside = false;
    } else if (inside) {
      blocks.back().code.push_back(markdown[i]);
    }
  }
  return blocks;
}

std::size_t indentation(const std::string& line) { return std::min(line.find_first_not_of(' '), line.size()); }

/// Whether `code` stands at `file[at]`, all of it shifted to the right by the same number of spaces.
bool stands_at(const lines& file, std::size_t at, const lines& code) {
  if (file.size() - at < code.size()) return false;
  const std::size_t shift = indentation(file[at]) - std::min(indentation(file[at]), indentation(code.front()));
  for (std::size_t i = 0; i < code.size(); ++i) {
    const std::string expected = code[i].empty() ? "" : std::string(shift, ' ') + code[i];
    if (file[at + i] != expected) return false;
  }
  return true;
}

bool stands_in(const lines& file, const lines& code) {
  for (std::size_t at = 0; at < file.size(); ++at) {
    if (stands_at(file, at, code)) return true;
  }
  return false;
}

complaints check_document(const source_tree& tree, const std::string& name) {
  const auto document = tree.find(name);
  if (document == tree.end()) return {name + " is missing"};
  complaints found;
  for (const snippet& block : cpp_blocks(document->second)) {
    const bool known = !block.code.empty() && std::any_of(tree.begin(), tree.end(), [&](const auto& file) {
      return is_cpp(file.first) && stands_in(file.second, block.code);
    });
    if (known) continue;
    found.push_back(complaint(name, block.first_line, "this code is in no file of examples/ or tests/packaging/"));
  }
  return found;
}

}  // namespace

TEST_CASE("the code in the README and the pages is cut from programs that are tested", "[readme]") {
  const std::string document = GENERATE("README.md", "docs/processes.md");
  const complaints found = check_document(repository({document.c_str(), "examples", "tests/packaging"}), document);
  INFO(join(found));
  CHECK(found.empty());
}

TEST_CASE("code in the README that no program has is reported", "[readme]") {
  const auto readme = [](const char* text) {
    return check_document(
        made_up_tree({{"README.md", text}, {"examples/a.cpp", "int main() {\n  one();\n\n  two();\n}"}}), "README.md");
  };
  CHECK(readme("```cpp\none();\n\ntwo();\n```\nand\n```cpp\nint main() {\n  one();\n```\n```sh\nthree\n```").empty());
  CHECK(readme("text\n```cpp\none();\ntwo();\n```") ==
        complaints{"README.md:3: this code is in no file of examples/ or tests/packaging/"});
  CHECK(readme("```cpp\none();\n```\n```cpp\n  two();\n}\nmore\n```") ==
        complaints{"README.md:5: this code is in no file of examples/ or tests/packaging/"});
  CHECK(readme("```cpp\n```").size() == 1);
  CHECK(check_document({}, "README.md") == complaints{"README.md is missing"});
}
