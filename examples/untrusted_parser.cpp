// SPDX-License-Identifier: MIT
// Parses files with a parser that is not fit for them: some make it crash, some hang, some eat all memory. Each is an
// error of its file, and all others are parsed.
//
//   untrusted_parser [directory]    default: 1,000 files that it makes, of which ten are killers
//
// expected output: ^crash-[0-9]+\.txt: the worker process [0-9]+ that ran this call died of signal 11
// expected output: ^hang-[0-9]+\.txt: timed out
// expected output: ^1000 files: 990 parsed, [0-9]+ words; 10 failed$
// expected output: ^nothing is lost$

#include <heddle/process_pool_executor.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

// ---- the parser, which nobody trusts

struct document {
  std::uint64_t words = 0;
  std::uint64_t depth = 0;  // of its brackets
};

/// Counts words and brackets. It has the bugs that such parsers have.
class fragile_parser {
 public:
  explicit fragile_parser(std::string text) : text_(std::move(text)) {}

  document parse() {
    document found;
    std::uint64_t open = 0;
    for (std::size_t at = 0; at < text_.size();) {
      const char c = text_[at];
      if (c == '\\') {
        at = escape(at);
      } else if (c == '#') {
        reserve(at++);
      } else {
        if (c == '(') found.depth = std::max(found.depth, ++open);
        if (c == ')' && open != 0) --open;
        if (c == ' ') ++found.words;
        ++at;
      }
    }
    return found;
  }

 private:
  /// "\0" is a null pointer here, and "\r" goes back.
  std::size_t escape(std::size_t at) const {
    const char what = at + 1 < text_.size() ? text_[at + 1] : ' ';
    if (what == '0') std::raise(SIGSEGV);
    if (what == 'r') return at;
    return at + 2;
  }

  /// "#9" makes room for a billion of something, and once more.
  void reserve(std::size_t at) {
    if (at + 1 < text_.size() && text_[at + 1] == '9') {
      for (;;) rooms_.emplace_back(std::size_t{64} << 20U, ' ');
    }
  }

  std::string text_;
  std::vector<std::string> rooms_;
};

document parse_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) throw std::runtime_error("cannot be read");
  return fragile_parser(std::string(std::istreambuf_iterator<char>(file), {})).parse();
}

// ---- the files

class corpus {
 public:
  corpus() : folder_(fs::temp_directory_path() / ("heddle_untrusted_parser_" + std::to_string(::getpid()))) {
    fs::create_directory(folder_);
    for (int i = 0; i < 1000; ++i) write(i);
  }
  corpus(const corpus&) = delete;
  corpus& operator=(const corpus&) = delete;
  ~corpus() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  [[nodiscard]] const fs::path& folder() const { return folder_; }

 private:
  /// One of a hundred is a killer.
  void write(int i) const {
    std::string name = "file";
    std::string text;
    for (int word = 0; word < 50 + i % 70; ++word) text += "(word" + std::to_string(word) + ") ";
    if (i % 100 == 37) {
      constexpr std::pair<const char*, const char*> killers[] = {{"crash", "\\0"}, {"hang", "\\r"}, {"hog", "#9"}};
      const auto& [kind, bytes] = killers[i / 100 % 3];
      name = kind;
      text += bytes;
    }
    std::ofstream(folder_ / (name + '-' + std::to_string(i) + ".txt")) << text;
  }

  fs::path folder_;
};

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& each : fs::directory_iterator(folder)) {
    if (each.is_regular_file()) names.push_back(each.path().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// ---- the job

int parse_all(const fs::path& folder) {
  // Besides accidents, what a file could talk the parser into. sandbox_options::strict() also insists on Landlock,
  // which not every kernel has.
  heddle::process_pool_executor procs{
      {.timeout = 2s,
       .max_memory = std::uint64_t{128} << 20U,
       .worker_stdio = heddle::worker_stdio::null,
       .sandbox = heddle::sandbox_options{.no_network = true, .read_only_filesystem = true}}};
  const std::vector<std::string> names = files_in(folder);
  std::size_t parsed = 0;
  std::size_t failed = 0;
  std::uint64_t words = 0;
  std::size_t i = 0;
  for (auto& each : procs.map_settled(parse_file, names)) {
    const std::string name = fs::path(names[i++]).filename().string();
    try {
      words += each.value().words;
      ++parsed;
    } catch (const std::bad_alloc&) {
      std::printf("%s: took more memory than it may have\n", name.c_str());
      ++failed;
    } catch (const std::exception& error) {
      std::printf("%s: %s\n", name.c_str(), error.what());
      ++failed;
    }
  }
  std::printf("%zu files: %zu parsed, %llu words; %zu failed\n", names.size(), parsed,
              static_cast<unsigned long long>(words), failed);
  if (parsed + failed != names.size()) return 1;
  std::printf("nothing is lost\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  heddle::init(argc, argv);
  try {
    if (argc > 1) return parse_all(argv[1]);
    const corpus made;
    return parse_all(made.folder());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "untrusted_parser: %s\n", error.what());
    return 1;
  }
}
