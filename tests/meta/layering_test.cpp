// SPDX-License-Identifier: MIT
// The include tree is the architecture: which folder may include which, and where the seams to the outside are.

#include <array>
#include <optional>
#include <regex>
#include <set>

#include "meta/source_tree.hpp"
#include "support/catch.hpp"

namespace {

using namespace heddle_test;

/// What a header of each machinery folder may include, besides its own folder. `queue/job.hpp` is a single header.
const std::map<std::string, std::set<std::string>, std::less<>> may_include = {
    {"base", {}},
    {"sync", {"base"}},
    {"queue", {"base", "sync/deadline.hpp"}},
    {"completion", {"base", "sync", "queue/job.hpp"}},
    {"scheduling", {"base", "sync", "queue"}},
    {"process", {"base", "sync"}},
    {"coro", {"base", "sync", "queue"}},
    {"mpi", {"base", "process/codec.hpp"}},
};

/// The only headers that know which system, compiler or processor they are compiled for.
const std::set<std::string, std::less<>> seams = {
    "base/available_parallelism.hpp",
    "base/barrier.hpp",
    "base/cgroup_cpu_limit.hpp",
    "base/config.hpp",
    "base/cpu.hpp",
    "base/fork_count.hpp",
    "base/huge_pages.hpp",
    "base/nap.hpp",
    "base/pin_module.hpp",
    "base/poison.hpp",
    "base/type_name.hpp",
    "base/usable_cpus.hpp",
    "process/address_scan.hpp",
    "process/child.hpp",
    "process/coverage.hpp",
    "process/needs_linux.hpp",
    "process/system_call_filter.hpp",
    "scheduling/thread.hpp",
    "sync/park.hpp",
    "sync/stack_bounds.hpp",
};

/// "queue" for "queue/job.hpp"; empty for public headers, in `asyncio/` and `asio/` too.
std::string machinery_folder(std::string_view header) {
  const std::size_t slash = header.find('/');
  if (slash == std::string_view::npos || header.starts_with("asyncio/") || header.starts_with("asio/")) {
    return "";
  }
  return std::string(header.substr(0, slash));
}

struct include_line {
  std::size_t index;
  std::string target;
  bool in_quotes;
};

std::vector<include_line> includes_of(const lines& file) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
  std::vector<include_line> result;
  for (std::size_t i = 0; i < file.size(); ++i) {
    std::smatch match;
    if (std::regex_search(file[i], match, pattern)) result.push_back({i, match[2], match[1] == "\""});
  }
  return result;
}

/// Why `from` may not include `to`; both are relative to include/heddle.
std::optional<std::string> objection(const std::string& from, const std::string& to) {
  const std::string from_folder = machinery_folder(from);
  const std::string to_folder = machinery_folder(to);
  if (from_folder.empty() || from_folder == to_folder) return std::nullopt;
  if (to_folder.empty()) return from_folder + "/ is machinery and must not include the public <heddle/" + to + ">";
  const auto allowed = may_include.find(from_folder);
  if (allowed == may_include.end()) return std::nullopt;  // the folder itself is reported
  if (allowed->second.contains(to_folder) || allowed->second.contains(to)) return std::nullopt;
  return from_folder + "/ must not include <heddle/" + to + ">";
}

complaints check_includes(const source_tree& tree) {
  complaints found;
  for (const auto& [path, file] : tree) {
    if (!path.starts_with(headers_folder)) continue;
    const std::string header = path.substr(headers_folder.size());
    const std::string folder = machinery_folder(header);
    if (!folder.empty() && !may_include.contains(folder))
      found.push_back(complaint(path, 0, "no layer is named " + folder));
    for (const auto& [index, target, in_quotes] : includes_of(file)) {
      if (in_quotes) found.push_back(complaint(path, index, "own headers are included as <heddle/...>"));
      if (target == "atomic" && header != "base/atomic.hpp") {
        found.push_back(complaint(path, index, "<atomic> comes from <heddle/base/atomic.hpp>"));
      }
      if (!target.starts_with("heddle/")) continue;
      const std::string included = target.substr(std::string_view("heddle/").size());
      if (!tree.contains(std::string(headers_folder) + included))
        found.push_back(complaint(path, index, "no such header: " + target));
      if (const auto why = objection(header, included)) found.push_back(complaint(path, index, *why));
    }
  }
  return found;
}

complaints check_cycles(const source_tree& tree) {
  complaints found;
  std::set<std::string> finished;
  std::vector<std::string> trail;
  const auto visit = [&](const auto& self, const std::string& path) -> void {
    const auto seen = std::find(trail.begin(), trail.end(), path);
    if (seen != trail.end()) {
      std::string cycle;
      for (auto step = seen; step != trail.end(); ++step) cycle += *step + " -> ";
      found.push_back("include cycle: " + cycle + path);
    }
    const auto file = tree.find(path);
    if (seen != trail.end() || file == tree.end() || finished.contains(path)) return;
    trail.push_back(path);
    for (const auto& include : includes_of(file->second)) self(self, "include/" + include.target);
    trail.pop_back();
    finished.insert(path);
  };
  for (const auto& [path, file] : tree) visit(visit, path);
  return found;
}

complaints check_seams(const source_tree& tree) {
  static const std::regex platform(
      R"(\b(__linux__|__unix__|__APPLE__|__FreeBSD__|_WIN32|_WIN64|_MSC_VER|__x86_64__|__i386__|__aarch64__)\b)"
      R"(|__has_include\s*\(\s*<(linux|sys|unistd|pthread|windows|mach))");
  complaints found;
  for (const auto& [path, file] : tree) {
    if (!path.starts_with(headers_folder) || seams.contains(path.substr(headers_folder.size()))) continue;
    for (std::size_t i = 0; i < file.size(); ++i) {
      const std::string code(code_of(file[i]));
      if (std::regex_search(code, platform))
        found.push_back(complaint(path, i, "only a seam may ask for the platform"));
    }
  }
  return found;
}

/// SPDX line; one sentence in one or more comment lines, which the name of a test file may replace; `#pragma once` in
/// headers.
complaints check_heads(const source_tree& tree) {
  complaints found;
  for (const auto& [path, file] : tree) {
    if (!is_cpp(path)) continue;
    if (file.empty() || file[0] != "// SPDX-License-Identifier: MIT") {
      found.push_back(complaint(path, 0, "does not begin with `// SPDX-License-Identifier: MIT`"));
      continue;
    }
    std::size_t end = 1;
    while (end < file.size() && file[end].starts_with("//")) ++end;
    const bool name_says_it = path.starts_with("tests/") && path.ends_with(".cpp");
    if (end == 1 && !name_says_it) found.push_back(complaint(path, 1, "has no sentence that says what lives here"));
    if (!path.ends_with(".hpp")) continue;
    if (end > 1 && !file[end - 1].ends_with('.'))
      found.push_back(complaint(path, end - 1, "the sentence has no full stop"));
    if (end == file.size() || file[end] != "#pragma once")
      found.push_back(complaint(path, end, "expected #pragma once"));
  }
  return found;
}

}  // namespace

TEST_CASE("headers include downwards only", "[layering]") {
  const complaints found = check_includes(repository({"include"}));
  INFO(join(found));
  CHECK(found.empty());
}

TEST_CASE("headers do not include each other in a circle", "[layering]") {
  const complaints found = check_cycles(repository({"include"}));
  INFO(join(found));
  CHECK(found.empty());
}

TEST_CASE("only the seams know the platform", "[layering]") {
  const complaints found = check_seams(repository({"include"}));
  INFO(join(found));
  CHECK(found.empty());
}

TEST_CASE("every source says in its head what it is", "[layering]") {
  const complaints found = check_heads(repository({"include", "tests", "bench", "examples"}));
  INFO(join(found));
  CHECK(found.empty());
}

TEST_CASE("a wrong include is reported", "[layering]") {
  const auto one_header = [](const char* path, const char* text) {
    return check_includes(made_up_tree({{path, text},
                                        {"include/heddle/future.hpp", ""},
                                        {"include/heddle/sync/park.hpp", ""},
                                        {"include/heddle/queue/job.hpp", ""},
                                        {"include/heddle/queue/inbox.hpp", ""}}));
  };
  const auto good = [&](const char* path, const char* text) { return one_header(path, text).empty(); };

  CHECK(one_header("include/heddle/base/x.hpp", "#include <vector>\n#include <heddle/sync/park.hpp>") ==
        complaints{"include/heddle/base/x.hpp:2: base/ must not include <heddle/sync/park.hpp>"});
  CHECK(one_header("include/heddle/scheduling/x.hpp", "#include <heddle/future.hpp>") ==
        complaints{"include/heddle/scheduling/x.hpp:1: scheduling/ is machinery and must not include the public "
                   "<heddle/future.hpp>"});
  CHECK(one_header("include/heddle/completion/x.hpp", "#include <heddle/queue/inbox.hpp>") ==
        complaints{"include/heddle/completion/x.hpp:1: completion/ must not include <heddle/queue/inbox.hpp>"});
  CHECK(good("include/heddle/completion/x.hpp", "#include <heddle/queue/job.hpp>"));
  CHECK(good("include/heddle/wait.hpp", "#include <heddle/future.hpp>\n#include <heddle/queue/inbox.hpp>"));
  CHECK(good("include/heddle/asyncio/x.hpp", "#include <heddle/future.hpp>"));

  CHECK(one_header("include/heddle/detail/x.hpp", "") ==
        complaints{"include/heddle/detail/x.hpp:1: no layer is named detail"});
  CHECK(one_header("include/heddle/x.hpp", "#include \"future.hpp\"") ==
        complaints{"include/heddle/x.hpp:1: own headers are included as <heddle/...>"});
  CHECK(one_header("include/heddle/x.hpp", "#include <heddle/gone.hpp>") ==
        complaints{"include/heddle/x.hpp:1: no such header: heddle/gone.hpp"});
  CHECK(one_header("include/heddle/queue/x.hpp", "# include <atomic>") ==
        complaints{"include/heddle/queue/x.hpp:1: <atomic> comes from <heddle/base/atomic.hpp>"});
  CHECK(good("include/heddle/base/atomic.hpp", "#include <atomic>"));
}

TEST_CASE("an include cycle is reported once, with its way round", "[layering]") {
  const complaints found = check_cycles(made_up_tree({{"include/heddle/base/a.hpp", "#include <heddle/base/b.hpp>"},
                                                      {"include/heddle/base/b.hpp", "#include <heddle/base/c.hpp>"},
                                                      {"include/heddle/base/c.hpp", "#include <heddle/base/b.hpp>"}}));
  CHECK(found == complaints{"include cycle: include/heddle/base/b.hpp -> include/heddle/base/c.hpp -> "
                            "include/heddle/base/b.hpp"});
}

TEST_CASE("a platform macro outside the seams is reported", "[layering]") {
  const complaints found =
      check_seams(made_up_tree({{"include/heddle/wait.hpp", "#if defined(_WIN32)\n// not __linux__"},
                                {"include/heddle/base/x.hpp", "#if __has_include(<linux/futex.h>)"},
                                {"include/heddle/sync/park.hpp", "#ifdef __linux__"}}));
  CHECK(found == complaints{"include/heddle/base/x.hpp:1: only a seam may ask for the platform",
                            "include/heddle/wait.hpp:1: only a seam may ask for the platform"});
}

TEST_CASE("a head that is not in order is reported", "[layering]") {
  const auto head = [](const char* path, const char* text) { return check_heads(made_up_tree({{path, text}})); };
  CHECK(head("a.hpp", "// SPDX-License-Identifier: MIT\n// What\n// it is.\n#pragma once").empty());
  CHECK(head("a.hpp", "// SPDX-License-Identifier: MIT\n// What it is\n#pragma once") ==
        complaints{"a.hpp:2: the sentence has no full stop"});
  CHECK(head("a.hpp", "// SPDX-License-Identifier: MIT\n// What it is.\n#include <map>") ==
        complaints{"a.hpp:3: expected #pragma once"});
  CHECK(head("a.cpp", "// SPDX-License-Identifier: MIT\n#include <map>") ==
        complaints{"a.cpp:2: has no sentence that says what lives here"});
  CHECK(head("tests/unit/a_test.cpp", "// SPDX-License-Identifier: MIT\n#include <map>").empty());
  CHECK(head("a.cpp", "// What it is.") ==
        complaints{"a.cpp:1: does not begin with `// SPDX-License-Identifier: MIT`"});
}
