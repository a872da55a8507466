// SPDX-License-Identifier: MIT
// Memory that calls in worker processes name instead of sending what it holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/base/fork_count.hpp>
#include <heddle/process/shared_memory.hpp>

namespace heddle::process {

/// Who has sent a segment to a worker.
class segment_holder {
 public:
  segment_holder(const segment_holder&) = delete;
  segment_holder& operator=(const segment_holder&) = delete;
  /// There will be no call more that names it.
  virtual void forget(std::uint64_t id) noexcept = 0;

 protected:
  segment_holder() = default;
  ~segment_holder() = default;
};

/// Belongs to an array and to the calls that name it. When all are gone, workers unmap it, and its memory is given back
/// at once. Any thread.
class shared_segment {
 public:
  /// Zeros. It is found by its addresses from now on. Throws std::system_error, std::bad_alloc.
  static std::shared_ptr<shared_segment> make(std::size_t size) {
    auto made = std::make_shared<shared_segment>(private_tag(), size);
    registry& all = registry::of_this_process();
    const std::lock_guard lock(all.mutex);
    made->id_ = ++all.last_id;
    all.by_begin.emplace(made->memory_.bytes().data(), made);
    // relaxed: who asks for a segment's address has it from who made it.
    all.count.store(all.by_begin.size(), base::relaxed);
    return made;
  }

  /// The segment that these bytes are all in; null if there is none.
  [[nodiscard]] static std::shared_ptr<shared_segment> find(std::span<const std::byte> bytes) {
    registry& all = registry::of_this_process();
    if (all.count.load(base::relaxed) == 0 || bytes.empty()) return nullptr;  // relaxed: as above
    std::shared_ptr<shared_segment> found;  // which may be the last that has it, so not under the lock
    const std::lock_guard lock(all.mutex);
    auto behind = all.by_begin.upper_bound(bytes.data());
    if (behind == all.by_begin.begin()) return nullptr;
    found = std::prev(behind)->second.lock();
    if (found == nullptr || found->offset_of(bytes.data()) + bytes.size() > found->bytes().size()) return nullptr;
    return found;
  }

  struct private_tag {
    explicit private_tag() = default;
  };
  shared_segment(private_tag, std::size_t size) : memory_(shared_memory::make_unsealed(size)) {}
  shared_segment(const shared_segment&) = delete;
  shared_segment& operator=(const shared_segment&) = delete;
  ~shared_segment() {
    leave_registry();
    for (const auto& each : holders_) {
      if (const auto holder = each.lock()) holder->forget(id_);
    }
    // In the child of a fork it is the parent's, still.
    if (!is_constant_ && made_in_ == base::fork_count()) memory_.discard();
  }

  /// Before its bytes are shown to anybody else. Throws std::system_error.
  void seal() const { memory_.seal(); }
  /// After its bytes were written: workers can only read them.
  void seal_constant() {
    memory_.seal_constant();
    is_constant_ = true;
  }

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }  // from 1 on
  [[nodiscard]] bool is_constant() const noexcept { return is_constant_; }
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return memory_.bytes(); }
  [[nodiscard]] int number() const noexcept { return memory_.number(); }
  [[nodiscard]] std::size_t offset_of(const std::byte* inside) const noexcept {
    return static_cast<std::size_t>(inside - memory_.bytes().data());
  }

  void add_holder(std::weak_ptr<segment_holder> holder) {
    const std::lock_guard lock(mutex_);
    if (holders_.size() == holders_.capacity())
      std::erase_if(holders_, [](const std::weak_ptr<segment_holder>& each) { return each.expired(); });
    holders_.push_back(std::move(holder));
  }

 private:
  struct registry {
    static registry& of_this_process() {
      static registry& only = make();
      return only;
    }

    /// Never destroyed: arrays may be static.
    static registry& make() {
      static registry* const made = new registry;
      base::count_forks();
      base::lock_over_forks([] { made->mutex.lock(); }, [] { made->mutex.unlock(); });
      return *made;
    }

    std::mutex mutex;
    std::map<const std::byte*, std::weak_ptr<shared_segment>, std::less<>> by_begin;
    base::atomic<std::size_t> count{0};
    std::uint64_t last_id = 0;
  };

  void leave_registry() const noexcept {
    registry& all = registry::of_this_process();
    const std::lock_guard lock(all.mutex);
    all.by_begin.erase(memory_.bytes().data());
    all.count.store(all.by_begin.size(), base::relaxed);  // relaxed: as in make()
  }

  const std::uint32_t made_in_ = base::fork_count();
  shared_memory memory_;
  std::uint64_t id_ = 0;
  bool is_constant_ = false;
  std::mutex mutex_;
  std::vector<std::weak_ptr<segment_holder>> holders_;
};

}  // namespace heddle::process
