// SPDX-License-Identifier: MIT
// docs/python.md says what is shown by which test: it cites tests by their names, which must exist.

#include <regex>
#include <set>

#include "meta/source_tree.hpp"
#include "support/catch.hpp"

namespace {

using namespace heddle_test;

constexpr const char* page = "docs/python.md";

/// `[name]: ../path`, as paths from the root by their names.
std::map<std::string, std::string> files_of(const lines& markdown) {
  static const std::regex pattern(R"(^\[([^\]]+)\]: \.\./(\S+)$)");
  std::map<std::string, std::string> files;
  for (const std::string& line : markdown) {
    std::smatch match;
    if (std::regex_match(line, match, pattern)) files[match[1]] = match[2];
  }
  return files;
}

std::set<std::string> test_names(const lines& file) {
  static const std::regex pattern(R"re(TEST_CASE\(\s*"([^"]*)")re");
  std::string text;
  for (const std::string& line : file) text += line + "\n";
  std::set<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) names.insert((*at)[1]);
  return names;
}

/// Whether a line is a row of a table, neither its head nor the line below that.
bool is_row(const lines& markdown, std::size_t at) {
  if (!markdown[at].starts_with("|") || markdown[at].starts_with("|-")) return false;
  return at + 1 == markdown.size() || !markdown[at + 1].starts_with("|-");
}

/// Of a line of the page: what it cites that is not there, or that it is a row which cites nothing.
complaints check_line(const source_tree& tree, const std::map<std::string, std::string>& files, const lines& markdown,
                      std::size_t at) {
  static const std::regex test(R"(\[([^\]]+)\]\[([^\]]+)\])");
  static const std::regex link(R"(\]\(\.\./([^)#]+)[^)]*\))");
  const std::string& line = markdown[at];
  complaints found;
  bool cites = false;
  for (std::sregex_iterator cited(line.begin(), line.end(), test), end; cited != end; ++cited) {
    cites = true;
    const auto file = files.find((*cited)[2]);
    if (file == files.end()) {
      found.push_back(complaint(page, at, "[" + (*cited)[2].str() + "] is no file: say which below"));
    } else if (const auto source = tree.find(file->second); source == tree.end()) {
      found.push_back(complaint(page, at, "no such file: " + file->second));
    } else if (!test_names(source->second).contains((*cited)[1])) {
      found.push_back(complaint(page, at, "no test of " + file->second + " is named: " + (*cited)[1].str()));
    }
  }
  for (std::sregex_iterator cited(line.begin(), line.end(), link), end; cited != end; ++cited) {
    cites = true;
    if (!tree.contains((*cited)[1])) found.push_back(complaint(page, at, "no such file: " + (*cited)[1].str()));
  }
  if (is_row(markdown, at) && !cites && !line.ends_with("| - |")) {
    found.push_back(complaint(page, at, "a row that cites no test: end it with `| - |` if there is nothing to test"));
  }
  return found;
}

complaints check_page(const source_tree& tree) {
  const auto markdown = tree.find(page);
  if (markdown == tree.end()) return {std::string(page) + " is missing"};
  const auto files = files_of(markdown->second);
  complaints found;
  for (std::size_t i = 0; i < markdown->second.size(); ++i) {
    const complaints of_line = check_line(tree, files, markdown->second, i);
    found.insert(found.end(), of_line.begin(), of_line.end());
  }
  return found;
}

}  // namespace

TEST_CASE("the tests that the page about Python cites exist", "[python_page]") {
  const complaints found = check_page(repository({page, "README.md", "tests"}));
  INFO(join(found));
  CHECK(found.empty());
}

TEST_CASE("a test that the page about Python cites and that does not exist is reported", "[python_page]") {
  const auto with = [](const std::string& text) {
    return check_page(made_up_tree({{page, (text + "\n[a]: ../tests/a_test.cpp\n[b]: ../tests/b_test.cpp").c_str()},
                                    {"tests/a_test.cpp",
                                     "TEST_CASE(\"one\", \"[a]\") {}\n"
                                     "TEMPLATE_LIST_TEST_CASE(\n    \"another one\", \"[a]\", int) {}"}}));
  };
  CHECK(with("[one][a], [another one][a], `x[1]`, [a link](../tests/a_test.cpp#L1)").empty());
  CHECK(with("\n[on][a]") == complaints{"docs/python.md:2: no test of tests/a_test.cpp is named: on"});
  CHECK(with("[one][b]") == complaints{"docs/python.md:1: no such file: tests/b_test.cpp"});
  CHECK(with("[one][c]") == complaints{"docs/python.md:1: [c] is no file: say which below"});
  CHECK(with("[one](../tests/c.cpp)") == complaints{"docs/python.md:1: no such file: tests/c.cpp"});
  CHECK(with("| head |\n|---|\n| [one][a] |\n| none | - |").empty());
  CHECK(with("| head |\n|---|\n| nothing |").size() == 1);
  CHECK(check_page({}) == complaints{"docs/python.md is missing"});
}
