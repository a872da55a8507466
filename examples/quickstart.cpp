// SPDX-License-Identifier: MIT
// The main job: counts the words of all files below a directory in three ways, and checks them against a plain loop.
//
//   quickstart [directory]          default: /usr/include
//   quickstart --processes [directory]   counts in worker processes, too
//
// run with: --processes @SOURCE_DIR@/include
// expected output: [0-9]+ files, [0-9,.]+ MB, [0-9]+ words
// expected output: pool.map
// expected output: asyncio.gather
// expected output: parallel_map over array_split
// expected output: array_split to processes
// expected output: all counts agree

#include <heddle/heddle.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <heddle/process_pool_executor.hpp>
#endif

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace asyncio = heddle::asyncio;
namespace fs = std::filesystem;

namespace {

// ---- the job: what one worker does

struct string_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

/// How often each word occurs. A word is a run of bytes without white space, as `wc -w` for text. `Word` is
/// std::string, or std::string_view where the text stays. A word's hash says in which shard it is, so that tables can
/// be added up shard by shard, in parallel.
template <class Word>
class word_table {
 public:
  void add(std::string_view word) {
    auto& shard = shards_[shard_of(word)];
    auto found = shard.find(word);
    if (found == shard.end()) found = shard.emplace(Word(word), 0).first;
    ++found->second;
  }

  /// All the tables in one.
  static word_table sum(heddle::thread_pool_executor& pool, std::vector<word_table> tables) {
    if (tables.empty()) return {};
    heddle::parallel_for(pool, std::size_t{0}, shard_count, [&](std::size_t s) {
      for (std::size_t i = 1; i < tables.size(); ++i) absorb(tables[0].shards_[s], std::move(tables[i].shards_[s]));
    });
    return std::move(tables[0]);
  }

  std::vector<std::pair<std::string_view, std::uint64_t>> most_frequent(std::size_t count) const {
    std::vector<std::pair<std::string_view, std::uint64_t>> all;
    for (const auto& shard : shards_) all.insert(all.end(), shard.begin(), shard.end());
    const auto order = [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    };
    count = std::min(count, all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(), order);
    all.resize(count);
    return all;
  }

  /// Tables of strings travel to other processes, and back.
  template <class Archive>
  void serialize(Archive& archive) {
    archive(shards_);
  }

  template <class Other>
  bool operator==(const word_table<Other>& other) const {
    return std::equal(shards_.begin(), shards_.end(), other.shards_.begin(), [](const auto& mine, const auto& theirs) {
      return mine.size() == theirs.size() && std::all_of(mine.begin(), mine.end(), [&](const auto& counted) {
               const auto found = theirs.find(std::string_view(counted.first));
               return found != theirs.end() && found->second == counted.second;
             });
    });
  }

 private:
  template <class Other>
  friend class word_table;

  using table = std::unordered_map<Word, std::uint64_t, string_hash, std::equal_to<>>;

  static constexpr unsigned shard_bits = 4;
  static constexpr std::size_t shard_count = std::size_t{1} << shard_bits;

  /// By the upper bits: the lower ones choose the bucket.
  static std::size_t shard_of(std::string_view word) noexcept {
    return string_hash{}(word) >> (std::numeric_limits<std::size_t>::digits - shard_bits);
  }

  static void absorb(table& mine, table theirs) {
    mine.merge(theirs);  // moves what is new; what both know is left
    for (const auto& [word, times] : theirs) mine.find(word)->second += times;
  }

  std::array<table, shard_count> shards_;
};

/// For when only the number of words matters.
struct no_table {
  void add(std::string_view) const noexcept {}
};

constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Counts the words that begin in [begin, end); the last of them may go on up to `limit`. Returns how many there were.
template <class Table>
std::uint64_t count_words(const char* begin, const char* end, const char* limit, Table& into) {
  std::uint64_t words = 0;
  for (const char* at = begin; at < end;) {
    while (at < end && is_space(*at)) ++at;
    if (at == end) break;
    const char* const first = at;
    while (at < limit && !is_space(*at)) ++at;
    into.add({first, at});
    ++words;
  }
  return words;
}

struct file_count {
  std::uint64_t bytes = 0;
  std::uint64_t words = 0;
  std::uint64_t hash = 0;  // of the contents, so that a file that changed without changing its size is noticed
  std::string error;       // empty if the file was read
  bool operator==(const file_count&) const = default;
};

/// The contents of a file; what went wrong is in `error`.
std::string read_file(const fs::path& path, std::string& error) {
  std::string text;
  errno = 0;
  if (std::FILE* const file = std::fopen(path.c_str(), "rb")) {
    char buffer[1 << 16];
    while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, file)) text.append(buffer, got);
    if (std::ferror(file) == 0) errno = 0;
    std::fclose(file);
  }
  if (errno != 0) error = std::generic_category().message(errno);
  return text;
}

/// FNV-1a, 64 bits.
std::uint64_t hash_of(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

template <class Table>
file_count count_text(std::string_view text, Table& into) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  return {text.size(), count_words(begin, end, end, into), hash_of(text), {}};
}

/// Tables for calls that run at the same time: each borrows one that nobody else has, so there are no more tables than
/// calls at a time, and in the end they are added up.
class table_store {
 public:
  using table = word_table<std::string>;

  [[nodiscard]] table borrow() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return {};
    table borrowed = std::move(idle_.back());
    idle_.pop_back();
    return borrowed;
  }
  void give_back(table borrowed) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(borrowed));
  }

  /// For when no call runs any more.
  [[nodiscard]] table sum(heddle::thread_pool_executor& pool) { return table::sum(pool, std::move(idle_)); }

 private:
  std::mutex mutex_;
  std::vector<table> idle_;
};

/// The worker function: reads one file and counts its words. What cannot be read is a result too.
file_count read_and_count(const fs::path& path, table_store& tables) {
  std::string error;
  const std::string text = read_file(path, error);
  if (!error.empty()) return {0, 0, 0, error};
  table_store::table table = tables.borrow();
  const file_count counted = count_text(text, table);
  tables.give_back(std::move(table));
  return counted;
}

// ---- the strategies

/// What every strategy over files comes to.
struct total {
  std::vector<file_count> files;
  word_table<std::string> table;
};

/// One line on the terminal that is written over and over; nothing where the output goes to a file.
class progress_line {
 public:
  explicit progress_line(std::size_t goal) : goal_(goal) {}
  ~progress_line() {
    if (visible_ && goal_ > 0) std::fprintf(stderr, "\r%40s\r", "");
  }
  void advance() {
    ++done_;
    if (visible_ && (done_ * 100 / goal_ != (done_ - 1) * 100 / goal_)) {
      std::fprintf(stderr, "\r  %zu of %zu files (%zu %%)", done_, goal_, done_ * 100 / goal_);
    }
  }

 private:
#if __has_include(<unistd.h>)
  const bool visible_ = ::isatty(2) != 0;
#else
  const bool visible_ = false;
#endif
  std::size_t goal_;
  std::size_t done_ = 0;
};

total count_in_a_loop(const std::vector<fs::path>& paths) {
  total sum;
  for (const fs::path& path : paths) {
    file_count count;
    const std::string text = read_file(path, count.error);
    if (count.error.empty()) count = count_text(text, sum.table);
    sum.files.push_back(std::move(count));
  }
  return sum;
}

/// concurrent.futures: the pool maps the worker function over the files; results come in order, as they are ready.
total count_with_pool_map(heddle::thread_pool_executor& pool, const std::vector<fs::path>& paths) {
  table_store tables;
  total sum;
  progress_line progress(paths.size());
  for (file_count& counted : pool.map([&](const fs::path& path) { return read_and_count(path, tables); }, paths)) {
    sum.files.push_back(std::move(counted));
    progress.advance();
  }
  sum.table = tables.sum(pool);
  return sum;
}

/// asyncio: a coroutine for each file, which hands the blocking part to a thread; gather() awaits them all.
asyncio::task<file_count> count_one(heddle::thread_pool_executor& pool, const fs::path& path, table_store& tables) {
  co_return co_await asyncio::to_thread(pool, read_and_count, path, std::ref(tables));
}

asyncio::task<total> count_with_coroutines(heddle::thread_pool_executor& pool, const std::vector<fs::path>& paths) {
  table_store tables;
  std::vector<asyncio::task<file_count>> tasks;
  tasks.reserve(paths.size());
  for (const fs::path& path : paths) tasks.push_back(count_one(pool, path, tables));
  total sum;
  sum.files = co_await asyncio::gather(std::move(tasks));
  sum.table = tables.sum(pool);
  co_return sum;
}

/// NumPy: array_split cuts one large array into views, and a worker counts the words that begin in its view. A word
/// that straddles a border belongs to the view that it begins in.
word_table<std::string_view> count_in_chunks(heddle::thread_pool_executor& pool, const std::string& text) {
  const char* const text_begin = text.data();
  const char* const text_end = text_begin + text.size();
  const auto count_chunk = [=](std::span<const char> chunk) {
    const char* begin = chunk.data();
    const char* const end = begin + chunk.size();
    if (begin != text_begin && !is_space(begin[-1])) begin = std::find_if(begin, end, is_space);
    word_table<std::string_view> table;
    count_words(begin, end, text_end, table);
    return table;
  };
  auto parts = heddle::parallel_map(pool, count_chunk, heddle::array_split(text, pool.max_workers()));
  return word_table<std::string_view>::sum(pool, std::move(parts));
}

/// The same in processes: a part ends where a word does, is sent there, and its table comes back. Nothing is shared, so
/// nothing that one of them does can hurt the others.
#if defined(__linux__)
word_table<std::string> count_in_processes(heddle::process_pool_executor& procs, heddle::thread_pool_executor& pool,
                                           const std::string& text) {
  const auto count_part = [](std::string_view part) {
    word_table<std::string> table;
    const std::span<const char> bytes(part);
    const char* const end = bytes.data() + bytes.size();
    count_words(bytes.data(), end, end, table);
    return table;
  };
  std::vector<heddle::future<word_table<std::string>>> counting;
  const char* begin = text.data();
  const char* const text_end = begin + text.size();
  for (const std::span<const char> chunk : heddle::array_split(text, procs.max_workers())) {
    const char* const end = std::find_if(std::max(begin, chunk.data() + chunk.size()), text_end, is_space);
    counting.push_back(procs.submit(count_part, std::string_view(begin, static_cast<std::size_t>(end - begin))));
    begin = end;
  }
  std::vector<word_table<std::string>> parts;
  parts.reserve(counting.size());
  for (auto& each : counting) parts.push_back(std::move(each).result());
  return word_table<std::string>::sum(pool, std::move(parts));
}
#endif

// ---- input and report

/// The text as a terminal can show it: control characters of ASCII are written as \xNN. What is longer than `limit`
/// characters is cut, with "..." in place of the rest.
std::string printable(std::string_view text, std::size_t limit = std::string::npos) {
  std::string shown;
  std::size_t characters = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool escaped = byte < 0x20 || byte == 0x7f;
    const bool continues = (byte & 0xc0U) == 0x80U;  // the character before, in UTF-8
    const std::size_t width = escaped ? 4 : continues ? 0 : 1;
    if (characters + width > limit || shown.size() / 4 >= limit) return shown + "...";
    characters += width;
    if (escaped) {
      constexpr const char* digits = "0123456789abcdef";
      shown += {'\\', 'x', digits[byte >> 4U], digits[byte & 0xfU]};
    } else {
      shown += c;
    }
  }
  return shown;
}

std::string printable(const fs::path& path) { return printable(std::string_view(path.string())); }

/// Every regular file below `root`, in a fixed order. What cannot be listed is named and left out.
std::vector<fs::path> list_files(const fs::path& root) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::recursive_directory_iterator at(root, fs::directory_options::none, error);
  while (!error && at != fs::recursive_directory_iterator()) {
    const fs::path here = at->path();
    std::error_code ignored;
    if (at->is_directory(ignored) && !at->is_symlink(ignored)) {
      const fs::directory_iterator readable(here, error);
      if (error) {
        std::fprintf(stderr, "left out: cannot list %s: %s\n", printable(here).c_str(), error.message().c_str());
        at.disable_recursion_pending();
      }
    } else if (at->is_regular_file(ignored)) {
      found.push_back(here);
    }
    at.increment(error);
  }
  if (error) std::fprintf(stderr, "cannot list all of %s: %s\n", printable(root).c_str(), error.message().c_str());
  std::sort(found.begin(), found.end());
  return found;
}

template <class Job>
auto timed(double& seconds, Job job) {
  const auto begin = std::chrono::steady_clock::now();
  auto result = job();
  seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

void print_row(const char* strategy, double seconds, double baseline, double megabytes) {
  std::printf("  %-32s %8.3f %10.1f %9.2fx\n", strategy, seconds, megabytes / seconds, baseline / seconds);
}

/// The texts of all files, one after the other, and what each of them holds.
struct all_texts {
  std::string text;
  std::vector<file_count> files;
};

/// Also brings the files into the system's cache, before anything is timed.
all_texts read_all(const std::vector<fs::path>& paths) {
  all_texts all;
  for (const fs::path& path : paths) {
    file_count count;
    const std::string one = read_file(path, count.error);
    if (count.error.empty()) {
      no_table none;
      count = count_text(one, none);
      all.text += one;
      all.text += '\n';  // keeps the last word of a file apart from the first of the next
    } else {
      std::fprintf(stderr, "left out: cannot read %s: %s\n", printable(path).c_str(), count.error.c_str());
    }
    all.files.push_back(std::move(count));
  }
  return all;
}

enum class verdict { agrees, not_compared, wrong };

/// A file that changes while the program runs is no error of a strategy: tables are compared if all files were the
/// same.
template <class Word>
verdict compare(const char* strategy, const std::vector<file_count>& files, const word_table<Word>& table,
                const total& expected) {
  if (files != expected.files) {
    std::printf("  %s: not compared, since files changed\n", strategy);
    return verdict::not_compared;
  }
  if (table == expected.table) return verdict::agrees;
  std::printf("  %s: WRONG COUNTS\n", strategy);
  return verdict::wrong;
}

int report(const std::vector<fs::path>& paths, bool with_processes) {
  const all_texts all = read_all(paths);
  heddle::thread_pool_executor pool;

  double loop_time = 0, map_time = 0, gather_time = 0, memory_time = 0, split_time = 0, process_time = 0;
  const total expected = timed(loop_time, [&] { return count_in_a_loop(paths); });
  const total mapped = timed(map_time, [&] { return count_with_pool_map(pool, paths); });
  const total gathered = timed(gather_time, [&] { return asyncio::run(count_with_coroutines(pool, paths)); });
  const auto in_memory = timed(memory_time, [&] {
    word_table<std::string_view> table;
    const char* const end = all.text.data() + all.text.size();
    count_words(all.text.data(), end, end, table);
    return table;
  });
  const auto split = timed(split_time, [&] { return count_in_chunks(pool, all.text); });
  word_table<std::string> from_processes;
#if defined(__linux__)
  if (with_processes) {
    heddle::process_pool_executor procs;
    from_processes = timed(process_time, [&] { return count_in_processes(procs, pool, all.text); });
  }
#endif

  std::uint64_t files = 0, bytes = 0, words = 0;
  for (const file_count& count : expected.files) {
    files += count.error.empty() ? 1 : 0;
    bytes += count.bytes;
    words += count.words;
  }
  const double megabytes = static_cast<double>(bytes) / 1e6;
  std::printf("%llu files, %.1f MB, %llu words; %zu workers\n\n", static_cast<unsigned long long>(files), megabytes,
              static_cast<unsigned long long>(words), pool.max_workers());
  std::printf("  %-32s %8s %10s %10s\n", "strategy", "seconds", "MB/s", "speed-up");
  print_row("plain loop over the files", loop_time, loop_time, megabytes);
  print_row("pool.map", map_time, loop_time, megabytes);
  print_row("asyncio.gather of to_thread", gather_time, loop_time, megabytes);
  print_row("plain loop over the text", memory_time, memory_time, megabytes);
  print_row("parallel_map over array_split", split_time, memory_time, megabytes);
  if (with_processes) print_row("array_split to processes", process_time, memory_time, megabytes);

  std::printf("\n  the most frequent words\n");
  for (const auto& [word, times] : expected.table.most_frequent(10)) {
    std::printf("  %9llu  %s\n", static_cast<unsigned long long>(times), printable(word, 40).c_str());
  }
  std::printf("\n");

  for (std::size_t i = 0; i < paths.size(); ++i) {
    const file_count& file = expected.files[i];
    if (all.files[i] == file && mapped.files[i] == file && gathered.files[i] == file) continue;
    std::printf("  %s changed, vanished or became unreadable while the program ran\n", printable(paths[i]).c_str());
  }
  verdict split_verdict = compare("parallel_map over array_split", all.files, split, expected);
  if (split_verdict == verdict::not_compared && split != in_memory) {  // these two read the same text, whatever changed
    std::printf("  parallel_map over array_split: WRONG COUNTS\n");
    split_verdict = verdict::wrong;
  }
  if (with_processes && !(split == from_processes)) {
    std::printf("  array_split to processes: WRONG COUNTS\n");
    split_verdict = verdict::wrong;
  }
  const verdict worst = std::max({compare("pool.map", mapped.files, mapped.table, expected),
                                  compare("asyncio.gather", gathered.files, gathered.table, expected), split_verdict});
  if (worst == verdict::wrong) return 2;
  std::puts(worst == verdict::agrees ? "all counts agree" : "what could be compared agrees: some files changed");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
#if defined(__linux__)
  heddle::init(argc, argv);
#endif
  const bool with_processes = argc > 1 && std::string_view(argv[1]) == "--processes";
  const int first = with_processes ? 2 : 1;
  if (argc > first + 1) {
    std::fprintf(stderr, "usage: quickstart [--processes] [directory]\n");
    return 1;
  }
  fs::path root = argc > first ? argv[first] : "/usr/include";
  std::error_code error;
  if (argc <= first && !fs::is_directory(root, error)) root = fs::path(__FILE__).parent_path().parent_path();
  const fs::directory_iterator readable(root, error);
  if (error) {
    std::fprintf(stderr, "cannot list %s: %s; give a directory: quickstart <directory>\n", printable(root).c_str(),
                 error.message().c_str());
    return 1;
  }
  const std::vector<fs::path> paths = list_files(root);
  if (paths.empty()) {
    std::printf("no files below %s\n", printable(root).c_str());
    return 0;
  }
  std::printf("heddle quickstart: %s\n", printable(root).c_str());
  std::fflush(stdout);
  const int result = report(paths, with_processes);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::perror("cannot write the report");
    return 1;
  }
  return result;
}
