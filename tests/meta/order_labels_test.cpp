// SPDX-License-Identifier: MIT
// Every memory order that is not relaxed says which edge it makes, `// [event_count.1] release: ...`, at both ends.

#include <cctype>
#include <regex>

#include "meta/source_tree.hpp"
#include "support/catch.hpp"

namespace {

using namespace heddle_test;

const std::regex label(R"(\[[a-z_]+\.[0-9]+\])");

bool is_comment(const std::string& line) {
  const std::size_t start = line.find_first_not_of(' ');
  return start != std::string::npos && line.compare(start, 2, "//") == 0;
}

bool ends_statement(std::string_view line) {
  const std::string_view code = code_of(line);
  const std::size_t last = code.find_last_not_of(' ');
  return last == std::string_view::npos || std::string_view(";{}:").find(code[last]) != std::string_view::npos;
}

/// Whether the statement of line `at` has a label: in a comment on one of its lines, or in the comment right above it.
bool is_labelled(const lines& file, std::size_t at) {
  const auto has_label = [](std::string_view line) {
    const std::string comment(line.substr(code_of(line).size()));
    return std::regex_search(comment, label);
  };
  if (has_label(file[at])) return true;
  while (at > 0 && !is_comment(file[at - 1]) && !ends_statement(file[at - 1])) {
    if (has_label(file[--at])) return true;
  }
  for (; at > 0 && is_comment(file[at - 1]); --at) {
    if (has_label(file[at - 1])) return true;
  }
  return false;
}

complaints check_orders_are_labelled(const source_tree& tree) {
  static const std::regex order(
      R"((^|[(,?:])\s*(base::|std::memory_order_|std::memory_order::)?(acquire|release|acq_rel|seq_cst|consume)\s*([,):?]|$))");
  complaints found;
  for (const auto& [path, file] : tree) {
    for (std::size_t i = 0; i < file.size(); ++i) {
      const std::string code(code_of(file[i]));
      if (std::regex_search(code, order) && !is_labelled(file, i)) {
        found.push_back(complaint(path, i, "this memory order has no label [name.N] in the comment above it"));
      }
    }
  }
  return found;
}

/// The text between the parenthesis that opens at `column` and the one that closes it, over several lines if need be.
std::string arguments_from(const lines& file, std::size_t at, std::size_t column) {
  std::string text;
  int depth = 0;
  for (; at < file.size(); ++at, column = 0) {
    for (const char c : code_of(file[at]).substr(column)) {
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      text += c;
      if (depth == 0) return text;
    }
  }
  return text;
}

complaints check_operations_name_their_order(const source_tree& tree) {
  static const std::regex operation(
      R"((\.|->)(load|store|exchange|compare_exchange_weak|compare_exchange_strong|fetch_(add|sub|or|and|xor))\()");
  // What is loaded from an archive is no atomic variable.
  static const std::regex order(R"(\b(\w*relaxed|\w*acquire|\w*release|\w*acq_rel|\w*seq_cst|order|archive)\b)");
  complaints found;
  for (const auto& [path, file] : tree) {
    for (std::size_t i = 0; i < file.size(); ++i) {
      const std::string code(code_of(file[i]));
      for (auto match = std::sregex_iterator(code.begin(), code.end(), operation); match != std::sregex_iterator();
           ++match) {
        const auto open = static_cast<std::size_t>(match->position() + match->length() - 1);
        if (std::regex_search(arguments_from(file, i, open), order)) continue;
        found.push_back(complaint(path, i, (*match)[2].str() + "() names no memory order"));
      }
    }
  }
  return found;
}

complaints check_labels_have_two_ends(const source_tree& tree) {
  std::map<std::string, lines> places;
  for (const auto& [path, file] : tree) {
    for (std::size_t i = 0; i < file.size(); ++i) {
      const std::string comment = file[i].substr(code_of(file[i]).size());
      for (auto match = std::sregex_iterator(comment.begin(), comment.end(), label); match != std::sregex_iterator();
           ++match) {
        places[match->str()].push_back(complaint(path, i, match->str() + " has one end only"));
      }
    }
  }
  complaints found;
  for (const auto& [name, where] : places) {
    if (where.size() == 1) found.push_back(where.front());
  }
  return found;
}

}  // namespace

TEST_CASE("every memory order that is not relaxed has a label", "[order_labels]") {
  const complaints found = check_orders_are_labelled(repository({"include"}));
  INFO(join(found));
  CHECK(found.empty());
}

TEST_CASE("every atomic operation names its memory order", "[order_labels]") {
  const complaints found = check_operations_name_their_order(repository({"include"}));
  INFO(join(found));
  CHECK(found.empty());
}

TEST_CASE("every label of a memory order has two ends", "[order_labels]") {
  const complaints found = check_labels_have_two_ends(repository({"include"}));
  INFO(join(found));
  CHECK(found.empty());
}

TEST_CASE("a memory order without a label is reported", "[order_labels]") {
  const auto lines_of = [](const char* text) { return check_orders_are_labelled(made_up_tree({{"a.hpp", text}})); };
  const auto at = [](int line) {
    return complaints{"a.hpp:" + std::to_string(line) +
                      ": this memory order has no label [name.N] in the comment above it"};
  };
  CHECK(lines_of("word_.load(base::acquire);") == at(1));
  CHECK(lines_of("word_.store(1, release);") == at(1));
  CHECK(lines_of("word_.store(1, std::memory_order_release);") == at(1));
  CHECK(lines_of("// acquire: no label\nword_.load(acquire);") == at(2));
  CHECK(lines_of("// [a.1] for the first\nword_.load(acquire);\nword_.load(acquire);") == at(3));
  CHECK(lines_of("if (word_.compare_exchange_weak(seen, next,\n    base::acq_rel,\n    base::relaxed)) {") == at(2));

  CHECK(lines_of("// [a.1] release: why\nword_.store(1, release);").empty());
  CHECK(lines_of("// [a.1] release: why\n//   and more\nword_.store(1,\n            release);").empty());
  CHECK(lines_of("word_.store(1, release);  // [a.1] release: why").empty());
  CHECK(lines_of("word_.load(base::relaxed);\nlock.acquire();\nvoid release();").empty());
}

TEST_CASE("an atomic operation without a memory order is reported", "[order_labels]") {
  const auto tree = made_up_tree({{"a.hpp",
                                   "word_.load();\n"
                                   "word_.fetch_add(f(1), relaxed);\n"
                                   "p->store(g(2),\n  3);\n"
                                   "word_.exchange(h(),\n  base::acq_rel);\n"
                                   "value.load(archive);\n"
                                   "std::exchange(a, b);"}});
  CHECK(check_operations_name_their_order(tree) ==
        complaints{"a.hpp:1: load() names no memory order", "a.hpp:3: store() names no memory order"});
}

TEST_CASE("a label with one end is reported", "[order_labels]") {
  const auto tree = made_up_tree(
      {{"a.hpp", "// [x.1] release\n// [x.2] release\nvalues[x.1];"}, {"b.hpp", "f();  // [x.1] acquire"}});
  CHECK(check_labels_have_two_ends(tree) == complaints{"a.hpp:2: [x.2] has one end only"});
}
