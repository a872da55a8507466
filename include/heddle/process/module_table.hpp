// SPDX-License-Identifier: MIT
// The two ends of a channel agree on numbers of modules, so that the id of a callable takes 16 bytes there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <heddle/process/callable_id.hpp>
#include <heddle/process/module_list.hpp>
#include <heddle/process/module_record.hpp>

namespace heddle::process {

/// A callable_id as it is sent: the number of a module on this channel, and the offset in it.
struct sent_id {
  std::uint64_t module;
  std::uint64_t offset;
};
static_assert(sizeof(sent_id) == 16);

/// More modules than this on one channel are an error of the sender.
inline constexpr std::size_t most_sent_modules = 4096;

/// What the sender has told the receiver so far. One for each channel, and a fresh one for each new receiver; the
/// threads that share a channel take turns.
///
/// Modules are numbered 0, 1, 2 and so on in the order in which their records are sent, each before the first id in it.
class sent_modules {
 public:
  explicit sent_modules(reader where = reader::on_this_machine) : reader_(where) {}

  /// The id as it is sent. For the first one of a module calls `send_record(record)` before: if that throws, nothing
  /// has changed.
  template <class SendRecord>
  [[nodiscard]] sent_id encode(const callable_id& id, SendRecord&& send_record) {
    for (std::size_t number = 0; number < modules_.size(); ++number) {
      if (modules_[number] == id.module) return {number, id.offset};
    }
    if (modules_.size() == most_sent_modules)
      throw callable_not_found("?", "is one too many: a channel carries the names of 4,096");
    modules_.reserve(modules_.size() + 1);
    send_record(module_list::of_this_process().record_of(*id.module, reader_));
    modules_.push_back(id.module);
    return {modules_.size() - 1, id.offset};
  }

 private:
  reader reader_;
  std::vector<const loaded_module*> modules_;
};

/// What the receiver was told so far. For one thread at a time. Takes any bytes: what is wrong with them is an
/// exception, and an address that it returns is in the code of the module that was named. Which of the functions there
/// it is, the sender decides: have only those write to the channel who may have this process do anything.
class received_modules {
 public:
  explicit received_modules(missing_module when_missing) : when_missing_(when_missing) {}

  /// The sender sent this record. Throws callable_not_found if it is damaged. A module that this process does not have
  /// is no error yet, but one of each callable that is in it.
  void add(const module_record& record) {
    throw_if_malformed(record);
    if (modules_.size() == most_sent_modules)
      throw callable_not_found("?", "is one too many: a channel carries the names of 4,096");
    modules_.push_back({record, nullptr});
  }

  /// The address of the function that was sent. Throws callable_not_found. The first id of a module looks for it here,
  /// and may load it; so does each one until it is found.
  [[nodiscard]] const void* decode(const sent_id& id) {
    if (id.module >= modules_.size())
      throw callable_not_found("?", "was not named before its callable: the other process is damaged");
    received& module = modules_[static_cast<std::size_t>(id.module)];
    if (module.here == nullptr) module.here = &module_list::of_this_process().find(module.record, when_missing_);
    if (const void* const address = module.here->address_of(id.offset)) return address;
    throw callable_not_found(module.record.path(),
                             "has no code where its callable should be: the other process is "
                             "damaged");
  }

 private:
  struct received {
    module_record record;
    const loaded_module* here;
  };

  missing_module when_missing_;
  std::vector<received> modules_;
};

}  // namespace heddle::process
