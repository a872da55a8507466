// SPDX-License-Identifier: MIT
// A program or shared object that is loaded into this process: where its code is, and which one it is.
#pragma once

#include <link.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/process/mapped_file.hpp>
#include <heddle/process/module_record.hpp>

namespace heddle::process {

/// A part of a module, relative to where it is loaded.
struct code_range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  friend bool operator==(const code_range&, const code_range&) = default;
};

/// The GNU build id in these notes of an ELF file; empty if there is none of 1 to 64 bytes. Nothing outside of `notes`
/// is read, whatever they say of their own lengths.
[[nodiscard]] inline std::span<const std::uint8_t> build_id_in(std::span<const std::uint8_t> notes,
                                                               std::uint64_t alignment) noexcept {
  const auto aligned = [&](std::uint64_t at) { return (at + alignment - 1) / alignment * alignment; };
  struct header {
    std::uint32_t name_size, content_size, type;
  } note;
  for (std::uint64_t at = 0; at + sizeof note <= notes.size();) {
    std::memcpy(&note, notes.data() + at, sizeof note);
    const std::uint64_t content = aligned(at + sizeof note + note.name_size);
    if (content > notes.size() || note.content_size > notes.size() - content) break;
    if (note.type == NT_GNU_BUILD_ID && note.name_size == 4 && note.content_size != 0 &&
        note.content_size <= module_record::longest_id && std::memcmp(notes.data() + at + sizeof note, "GNU", 4) == 0) {
      return notes.subspan(static_cast<std::size_t>(content), note.content_size);
    }
    at = aligned(content + note.content_size);
  }
  return {};
}

/// The FNV-1a hash of 64 bits of `bytes`, appended to what `hash` is of: http://www.isthe.com/chongo/tech/comp/fnv.
[[nodiscard]] inline std::uint64_t fnv1a(std::span<const std::uint8_t> bytes,
                                         std::uint64_t hash = 0xcbf29ce484222325) noexcept {
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

/// How far away the process is that a record of a module is for.
enum class reader { on_this_machine, anywhere };

/// One of the modules of a module_list, which never destroys it: ids of callables point to it. Immutable but for what
/// it finds out about its file when that is asked for: the list's lock is held then.
class loaded_module {
 public:
  explicit loaded_module(const dl_phdr_info& info) : base_(info.dlpi_addr), name_(info.dlpi_name) {
    const std::span segments(info.dlpi_phdr, info.dlpi_phnum);
    for (const auto& segment : segments) {
      if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0)
        code_.push_back({segment.p_vaddr, segment.p_vaddr + segment.p_memsz});
    }
    for (const auto& segment : segments) {
      if (segment.p_type == PT_NOTE && build_id_.empty() && is_in_memory(segments, segment)) read_build_id(segment);
    }
  }

  /// The executable segments, of which there is one nearly always.
  [[nodiscard]] const std::vector<code_range>& code() const noexcept { return code_; }
  [[nodiscard]] std::uint64_t base() const noexcept { return base_; }
  [[nodiscard]] std::span<const std::uint8_t> build_id() const noexcept { return build_id_; }
  /// As the dynamic loader calls it; empty for the program itself.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// The address of the code at `offset`; null if there is none.
  [[nodiscard]] const void* address_of(std::uint64_t offset) const noexcept {
    for (const code_range& range : code_) {
      if (offset >= range.begin && offset < range.end)
        return reinterpret_cast<const void*>(static_cast<std::uintptr_t>(base_ + offset));
    }
    return nullptr;
  }

  /// Whether `found` is this module, still or again. Without a build id another one may have taken its place, if any
  /// was unloaded: then the files decide, unless nobody has asked for this one's yet.
  [[nodiscard]] bool is(const loaded_module& found, bool none_unloaded) const {
    if (base_ != found.base_ || name_ != found.name_ || code_ != found.code_ || build_id_ != found.build_id_)
      return false;
    if (none_unloaded || !build_id_.empty() || !knows_file_) return true;
    return file_ && file_ == found.file_id();
  }

  /// A path by which another process may open it; empty if it has none.
  [[nodiscard]] const std::string& path() const { return find_file(), path_; }

  /// What another process knows it by.
  [[nodiscard]] module_record record_for(reader where) const {
    module_record record{};
    if (!build_id_.empty()) {
      record.set_id(module_identity::build_id, build_id_);
    } else if (const auto file = where == reader::on_this_machine ? file_id() : std::nullopt) {
      record.set_id(module_identity::file, *file);
    } else {
      record.set_id(module_identity::content, content_id());
    }
    record.code_begin = code_.empty() ? 0 : code_.front().begin;
    record.code_end = code_.empty() ? 0 : code_.back().end;
    record.set_path(path());
    return record;
  }

  /// Whether the process that wrote this record, which is well-formed, had this module.
  [[nodiscard]] bool matches(const module_record& record) const {
    if (code_.empty() || record.code_begin != code_.front().begin || record.code_end != code_.back().end) return false;
    const auto is = [&](std::span<const std::uint8_t> id) {
      return id.size() == record.id().size() && std::memcmp(id.data(), record.id().data(), id.size()) == 0;
    };
    if (record.identity == module_identity::build_id) return is(build_id_);
    if (record.identity == module_identity::content) return is(content_id());
    const auto file = file_id();
    return build_id_.empty() && file && is(*file);
  }

 private:
  template <std::size_t Size>
  using bytes = std::array<std::uint8_t, Size>;

  [[nodiscard]] std::span<const std::uint8_t> memory(std::uint64_t offset, std::uint64_t size) const noexcept {
    return {reinterpret_cast<const std::uint8_t*>(static_cast<std::uintptr_t>(base_ + offset)),
            static_cast<std::size_t>(size)};
  }

  template <class Segment>
  static bool is_in_memory(std::span<const Segment> segments, const Segment& part) noexcept {
    for (const Segment& whole : segments) {
      if (whole.p_type == PT_LOAD && (whole.p_flags & PF_R) != 0 && part.p_vaddr >= whole.p_vaddr &&
          part.p_vaddr - whole.p_vaddr <= whole.p_memsz &&
          part.p_memsz <= whole.p_memsz - (part.p_vaddr - whole.p_vaddr)) {
        return true;
      }
    }
    return false;
  }

  template <class Segment>
  void read_build_id(const Segment& notes) {
    const auto id = build_id_in(memory(notes.p_vaddr, notes.p_memsz), notes.p_align == 8 ? 8 : 4);
    build_id_.assign(id.begin(), id.end());
  }

  /// Finds the path once, and the file unless another one has its path by now.
  void find_file() const {
    if (knows_file_ || code_.empty()) return;
    const auto mapped = file_mapped_at(static_cast<std::uintptr_t>(base_ + code_.front().begin));
    if (mapped) {
      path_ = mapped->path;
    } else if (name_.starts_with('/')) {
      path_ = name_;
    }
    const auto found = path_.empty() ? std::nullopt : identity_of_file(path_.c_str());
    if (found && (!mapped || mapped->inode == (*found)[1])) {
      std::memcpy(file_.emplace().data(), found->data(), sizeof *found);
    }
    knows_file_ = true;
  }

  [[nodiscard]] const std::optional<bytes<sizeof(file_identity)>>& file_id() const { return find_file(), file_; }

  [[nodiscard]] const bytes<sizeof(std::uint64_t)>& content_id() const {
    if (!content_) {
      std::uint64_t hash = fnv1a({});
      for (const code_range& range : code_) hash = fnv1a(memory(range.begin, range.end - range.begin), hash);
      std::memcpy(content_.emplace().data(), &hash, sizeof hash);
    }
    return *content_;
  }

  std::uint64_t base_;
  std::string name_;
  std::vector<code_range> code_;
  std::vector<std::uint8_t> build_id_;

  mutable bool knows_file_ = false;
  mutable std::string path_;
  mutable std::optional<bytes<sizeof(file_identity)>> file_;
  mutable std::optional<bytes<sizeof(std::uint64_t)>> content_;
};

}  // namespace heddle::process
