// SPDX-License-Identifier: MIT
// The modules of this process: which one an address of code is in, and which one another process means.
#pragma once

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <heddle/process/callable_not_found.hpp>
#include <heddle/process/loaded_module.hpp>
#include <heddle/process/module_record.hpp>

namespace heddle::process {

/// A function of this process, by the module that it is in.
struct callable_id {
  const loaded_module* module = nullptr;
  std::uint64_t offset = 0;
  friend bool operator==(const callable_id&, const callable_id&) = default;
};

/// What to do about a module that another process has and this one has not.
enum class missing_module {
  open,    ///< load it, which runs its initializers: where the other process may have this one do anything
  refuse,  ///< throw callable_not_found
};

/// Any thread may use it at any time, and after a fork the child, too. Nothing in it is ever destroyed.
///
/// The loader counts how often it loads and unloads (dlpi_adds, dlpi_subs): only when these differ from `seen_` is the
/// list read again. dlopen() is never called under the lock: it runs initializers of modules, which may wait here.
class module_list {
 public:
  /// The list of this process.
  static module_list& of_this_process() noexcept;

  constexpr module_list() noexcept = default;
  module_list(const module_list&) = delete;
  module_list& operator=(const module_list&) = delete;
  ~module_list() = default;

  /// The function at `address`. Throws callable_not_found if that is not in the code of a module, as what a program has
  /// made at run time.
  [[nodiscard]] callable_id find(const void* address) {
    const auto at = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address));
    const std::lock_guard lock(mutex_);
    read_if_changed();
    const auto after = std::upper_bound(code_.begin(), code_.end(), at,
                                        [](std::uint64_t value, const placed& each) { return value < each.begin; });
    if (after == code_.begin() || at >= std::prev(after)->end) throw not_in_a_module();
    const loaded_module* const module = std::prev(after)->module;
    return {module, at - module->base()};
  }

  /// What another process knows a module of this list by.
  [[nodiscard]] module_record record_of(const loaded_module& module, reader where = reader::on_this_machine) {
    const std::lock_guard lock(mutex_);
    return module.record_for(where);
  }

  /// The module that another process means, which then stays loaded until this process ends; loads it from its path if
  /// need be. Throws callable_not_found. The record may be anything, but must not change meanwhile.
  [[nodiscard]] const loaded_module& find(const module_record& record, missing_module when_missing) {
    throw_if_malformed(record);
    if (const loaded_module* const found = kept(record)) return *found;
    const std::string path(record.path());
    if (path.empty())
      throw callable_not_found("?", "is not loaded here, and its path is not known: load it before the workers start");
    if (when_missing == missing_module::refuse)
      throw callable_not_found(path, "is not loaded here: load it in this process first");
    return opened(path, record);
  }

 private:
  struct placed {
    std::uint64_t begin;
    std::uint64_t end;
    const loaded_module* module;
  };

  struct changes {
    std::uint64_t loaded = 0;
    std::uint64_t unloaded = 0;
    friend bool operator==(const changes&, const changes&) = default;
  };

  /// A fork waits until no thread is in the list.
  friend class forkable_modules;

  static callable_not_found not_in_a_module() {
    return {"?",
            "is unknown: the function is not in the code of the program or of a shared object, but made at run "
            "time; give a function that the compiler made"};
  }

  void read_if_changed() {
    changes now;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* result) {
          *static_cast<changes*>(result) = {info->dlpi_adds, info->dlpi_subs};
          return 1;
        },
        &now);
    if (now != seen_) read();
  }

  struct reading {
    std::vector<std::unique_ptr<const loaded_module>> modules;
    changes seen;
    std::exception_ptr error;
  };

  void read() {
    reading now;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* result) {
          auto& found = *static_cast<reading*>(result);
          try {
            found.seen = {info->dlpi_adds, info->dlpi_subs};
            found.modules.push_back(std::make_unique<loaded_module>(*info));
            return 0;
          } catch (...) {
            found.error = std::current_exception();  // the loader is not written to be thrown through
            return 1;
          }
        },
        &now);
    if (now.error) std::rethrow_exception(now.error);
    take(now);
  }

  void take(reading& now) {
    const bool none_unloaded = now.seen.unloaded == seen_.unloaded;
    std::vector<const loaded_module*> loaded;
    std::vector<placed> code;
    for (auto& each : now.modules) {
      loaded.push_back(known(*each, none_unloaded));
      if (loaded.back() == nullptr) {
        all_.push_back(std::move(each));
        loaded.back() = all_.back().get();
      }
      for (const code_range& range : loaded.back()->code()) {
        code.push_back({loaded.back()->base() + range.begin, loaded.back()->base() + range.end, loaded.back()});
      }
    }
    std::sort(code.begin(), code.end(), [](const placed& a, const placed& b) { return a.begin < b.begin; });
    loaded_.swap(loaded);
    code_.swap(code);
    seen_ = now.seen;
  }

  [[nodiscard]] const loaded_module* known(const loaded_module& found, bool none_unloaded) const {
    for (const auto& each : all_) {
      if (each->is(found, none_unloaded)) return each.get();
    }
    return nullptr;
  }

  /// The loaded module of this record; of several, the one at its path. Null if there is none.
  [[nodiscard]] const loaded_module* matching(const module_record& record) {
    const std::lock_guard lock(mutex_);
    read_if_changed();
    const loaded_module* found = nullptr;
    for (const loaded_module* const each : loaded_) {
      if (!each->matches(record)) continue;
      if (found == nullptr || each->path() == record.path()) found = each;
    }
    return found;
  }

  /// The same, made sure that it is not unloaded any more.
  [[nodiscard]] const loaded_module* kept(const module_record& record) {
    const loaded_module* const found = matching(record);
    if (found == nullptr || found->name().empty()) return found;
    static_cast<void>(::dlopen(found->name().c_str(), RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE));
    return matching(record) == found ? found : nullptr;  // unloaded meanwhile
  }

  [[nodiscard]] const loaded_module& opened(const std::string& path, const module_record& record) {
    void* const handle = ::dlopen(path.c_str(), RTLD_NOW);
    if (handle == nullptr) {
      const char* const why = ::dlerror();
      throw callable_not_found(path, std::string("could not be loaded here (")
                                         .append(why == nullptr ? "no reason given" : why)
                                         .append("): workers must be the same program, and see the same files"));
    }
    if (const loaded_module* const found = kept(record)) return *found;  // and the handle is never closed
    ::dlclose(handle);
    throw callable_not_found(
        path, "is here in another version: was its file replaced after it was loaded? Start the program anew");
  }

  std::mutex mutex_;
  changes seen_;
  std::vector<std::unique_ptr<const loaded_module>> all_;
  std::vector<const loaded_module*> loaded_;
  std::vector<placed> code_;  ///< by address
};

/// The list of this process, which is never destroyed. It is there before anything else: had a thread to make it first,
/// a fork at that moment would leave its child with one that is half made.
class forkable_modules {
 public:
  static module_list& list() noexcept { return kept_.list; }

 private:
  union never_destroyed {
    constexpr never_destroyed() noexcept : list() {}
    never_destroyed(const never_destroyed&) = delete;
    never_destroyed& operator=(const never_destroyed&) = delete;
    ~never_destroyed() {}  // NOLINT(modernize-use-equals-default): the list stays
    module_list list;
  };

  static bool watch_forks() noexcept {
    const auto lock = [] { kept_.list.mutex_.lock(); };
    const auto unlock = [] { kept_.list.mutex_.unlock(); };
    return ::pthread_atfork(+lock, +unlock, +unlock) == 0;
  }

  static never_destroyed kept_;
  static const bool watches_forks_;
};

inline constinit forkable_modules::never_destroyed forkable_modules::kept_;
inline const bool forkable_modules::watches_forks_ = watch_forks();

inline module_list& module_list::of_this_process() noexcept { return forkable_modules::list(); }

}  // namespace heddle::process
