// SPDX-License-Identifier: MIT
// version.hpp holds the version; everything else that must repeat it agrees, and the changelog awaits the next one.

#include <heddle/version.hpp>
#include <regex>

#include "meta/source_tree.hpp"
#include "support/catch.hpp"

namespace {

using namespace heddle_test;

std::string first_match(const source_tree& tree, const char* path, const char* pattern) {
  const auto file = tree.find(path);
  if (file == tree.end()) return std::string(path) + " is missing";
  std::smatch match;
  for (const std::string& line : file->second) {
    if (std::regex_search(line, match, std::regex(pattern))) return match[1];
  }
  return std::string(path) + " has no line that matches " + pattern;
}

complaints check_version(const source_tree& tree, const std::string& version) {
  complaints found;
  const std::string port = first_match(tree, "ports/heddle/vcpkg.json", R"re("version[a-z-]*": *"([^"]*)")re");
  if (port != version) found.push_back("ports/heddle/vcpkg.json: " + port + " instead of " + version);
  const std::string next = first_match(tree, "CHANGELOG.md", "^## (Unreleased)$");
  if (next != "Unreleased") found.push_back(next);
  return found;
}

}  // namespace

TEST_CASE("the version is the same wherever it is written", "[version]") {
  const std::string version = std::to_string(HEDDLE_VERSION_MAJOR) + "." + std::to_string(HEDDLE_VERSION_MINOR) + "." +
                              std::to_string(HEDDLE_VERSION_PATCH);
  CHECK(version == HEDDLE_CMAKE_VERSION);
  const complaints found = check_version(repository({"ports", "CHANGELOG.md"}), version);
  INFO(join(found));
  CHECK(found.empty());
}

TEST_CASE("a version that disagrees is reported", "[version]") {
  const auto tree = made_up_tree({{"ports/heddle/vcpkg.json", R"({"name": "heddle", "version": "1.2.3"})"},
                                  {"CHANGELOG.md", "# Changelog\n\n## Unreleased"}});
  CHECK(check_version(tree, "1.2.3").empty());
  CHECK(check_version(tree, "1.2.4") == complaints{"ports/heddle/vcpkg.json: 1.2.3 instead of 1.2.4"});
  CHECK(check_version({}, "1.2.3").size() == 2);
}
