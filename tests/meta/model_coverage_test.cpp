// SPDX-License-Identifier: MIT
// Every header that orders memory by itself has a model that checks its orders, or a reason why it has none.

#include <regex>
#include <set>

#include "meta/source_tree.hpp"
#include "support/catch.hpp"

namespace {

using namespace heddle_test;

struct reason {
  std::string_view why;
};

/// The headers without a model.
const std::map<std::string, reason, std::less<>> not_modelled = {
    {"base/atomic.hpp", {"it gives the orders their names; models replace it"}},
    {"base/barrier.hpp", {"it makes barriers of what the system has; models replace it"}},
    {"queue/tombstone_sweep.hpp", {"one flag, by which one thread at a time sweeps"}},
    {"thread_pool_executor.hpp", {"the default executor is one pointer, made once in a program"}},
};

/// Whether a line has an order that is not relaxed, or a barrier.
bool orders_memory(std::string_view line) {
  static const std::regex order(
      R"((^|[(,?:=])\s*(base::|std::memory_order_)?(acquire|release|acq_rel|seq_cst)\s*([,):?;]|$))");
  static const std::regex barrier(R"(\b(full|light|heavy)_barrier\(\))");
  const std::string code(code_of(line));
  return std::regex_search(code, order) || std::regex_search(code, barrier);
}

/// The headers whose orders the models check: those that they name, `"queue/segment.hpp"`.
std::set<std::string, std::less<>> modelled_headers(const source_tree& models) {
  static const std::regex name(R"re("(((base|sync|queue|completion|scheduling|process|coro)/)?[a-z_]+\.hpp)")re");
  std::set<std::string, std::less<>> found;
  for (const auto& [path, file] : models) {
    if (!path.ends_with("_model.cpp")) continue;
    for (const std::string& line : file) {
      for (auto match = std::sregex_iterator(line.begin(), line.end(), name); match != std::sregex_iterator();
           ++match) {
        found.insert((*match)[1].str());
      }
    }
  }
  return found;
}

complaints check_orders_are_modelled(const source_tree& headers, const source_tree& models) {
  const auto modelled = modelled_headers(models);
  complaints found;
  for (const auto& [path, file] : headers) {
    const std::string header = path.starts_with(headers_folder) ? path.substr(headers_folder.size()) : path;
    const auto first = std::find_if(file.begin(), file.end(), [](const auto& line) { return orders_memory(line); });
    const bool is_excepted = not_modelled.contains(header);
    if (is_excepted && (first == file.end() || modelled.contains(header))) {
      found.push_back(complaint(path, 0, "is excepted from having a model without need"));
    } else if (first != file.end() && !is_excepted && !modelled.contains(header)) {
      found.push_back(complaint(path, static_cast<std::size_t>(first - file.begin()), "no model checks this order"));
    }
  }
  return found;
}

}  // namespace

TEST_CASE("every header that orders memory has a model", "[model_coverage]") {
  const complaints found = check_orders_are_modelled(repository({"include"}), repository({"tests/model"}));
  INFO(join(found));
  CHECK(found.empty());
}

TEST_CASE("an order without a model is reported", "[model_coverage]") {
  const auto models = made_up_tree({{"tests/model/a_model.cpp", "checker models(\"queue/a.hpp\","}});
  const auto headers = made_up_tree({
      {"include/heddle/queue/a.hpp", "word_.load(base::acquire);"},
      {"include/heddle/queue/b.hpp", "word_.load(base::relaxed);"},
      {"include/heddle/queue/c.hpp", "\nword_.load(base::acquire);"},
      {"include/heddle/sync/d.hpp", "base::full_barrier();"},
      {"include/heddle/queue/tombstone_sweep.hpp", "word_.load(base::relaxed);"},
  });
  CHECK(check_orders_are_modelled(headers, models) ==
        complaints{"include/heddle/queue/c.hpp:2: no model checks this order",
                   "include/heddle/queue/tombstone_sweep.hpp:1: is excepted from having a model without need",
                   "include/heddle/sync/d.hpp:1: no model checks this order"});
}
