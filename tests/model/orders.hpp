// SPDX-License-Identifier: MIT
// Which memory orders and barriers a model has met, and the one that is left out to see whether a model notices.
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <source_location>
#include <string>
#include <string_view>

#include "relacy.hpp"

namespace heddle_model {

/// What can be left out of an atomic operation, or a barrier as a whole. acq_rel counts as two orders; so do the two
/// outcomes of a CAS. seq_cst without its place in the total order is what it still may be for a load, a store or a
/// read-modify-write.
enum class order_half { acquire, release, acquire_on_failure, total_order, barrier };

/// Neither `<...>`, nor ` [with T = ...]` and ` [T = ...]`, in which compilers differ, as they do in what they call a
/// lambda: it has the name of the function around it.
inline std::string name_in_all_compilers(std::string_view function) {
  std::string text;
  int depth = 0;
  function = function.substr(0, function.find("::(anonymous class)"));
  for (const char c : function.substr(0, function.find(" ["))) {
    depth += c == '<' ? 1 : 0;
    if (depth == 0) text += c;
    depth -= c == '>' ? 1 : 0;
  }
  return text;
}

/// One order of one operation in the sources.
struct ordered_site {
  std::source_location where;
  order_half half = order_half::acquire;

  friend bool operator==(const ordered_site& a, const ordered_site& b) {
    return a.half == b.half && a.where.line() == b.where.line() && a.where.column() == b.where.column() &&
           std::strcmp(a.where.file_name(), b.where.file_name()) == 0;
  }

  [[nodiscard]] bool is_in(std::string_view header) const {
    return std::string_view(where.file_name()).ends_with(header);
  }

  /// "state_word::try_remove acquire": survives a change of the line number.
  [[nodiscard]] std::string name() const {
    static constexpr const char* halves[] = {"acquire", "release", "acquire on failure", "total order", "barrier"};
    const std::string whole = name_in_all_compilers(where.function_name());
    std::string_view function = whole;
    function = function.substr(0, function.rfind('('));
    if (const auto type_end = function.rfind(' '); type_end != function.npos) function.remove_prefix(type_end + 1);
    if (const auto scope = function.rfind("::"); scope != function.npos) {
      const auto outer = function.rfind("::", scope - 1);
      if (outer != function.npos) function.remove_prefix(outer + 2);
    }
    return std::string(function) + " " + halves[static_cast<int>(half)];
  }
};

/// Fixed room, because operator new belongs to Relacy while a model runs.
struct order_book {
  std::array<ordered_site, 1024> met;
  std::size_t met_count = 0;
  bool recording = false;
  const ordered_site* left_out = nullptr;

  void note(const ordered_site& site) {
    for (std::size_t i = 0; i < met_count; ++i) {
      if (met[i] == site) return;
    }
    if (met_count == met.size()) {
      std::fputs("order_book: more orders than there is room for\n", stderr);
      std::abort();
    }
    met[met_count++] = site;
  }

  [[nodiscard]] bool has(const ordered_site& site) {
    if (recording) note(site);
    return left_out == nullptr || !(*left_out == site);
  }
};

inline order_book orders;

/// The order with which an operation at `where` is done: `order`, unless a part of it is left out. `below_seq_cst` is
/// the strongest other order that the operation may have.
inline rl::memory_order effective_order(rl::memory_order order, rl::memory_order below_seq_cst,
                                        const std::source_location& where) {
  if (order == rl::mo_seq_cst) return orders.has({where, order_half::total_order}) ? order : below_seq_cst;
  const bool wants_acquire = order == rl::mo_acquire || order == rl::mo_acq_rel;
  const bool wants_release = order == rl::mo_release || order == rl::mo_acq_rel;
  const bool acquires = wants_acquire && orders.has({where, order_half::acquire});
  const bool releases = wants_release && orders.has({where, order_half::release});
  if (acquires && releases) return rl::mo_acq_rel;
  if (acquires) return rl::mo_acquire;
  return releases ? rl::mo_release : rl::mo_relaxed;
}

inline bool has_barrier(const std::source_location& where) { return orders.has({where, order_half::barrier}); }

inline bool acquires_on_failure(rl::memory_order order, const std::source_location& where) {
  return order == rl::mo_acquire && orders.has({where, order_half::acquire_on_failure});
}

}  // namespace heddle_model
