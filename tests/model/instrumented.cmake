# SPDX-License-Identifier: MIT
# All in which a checked header differs from the real one: the plain fields that threads hand to each other are watched
# (plain.hpp), so that a race on them is found, and whether a deadline has passed is up to the interleaving.

heddle_instrument(HEADER completion/waiter.hpp REPLACE [[std::uintptr_t word_;]]
  BY [[base::plain<std::uintptr_t> word_;]])
heddle_instrument(HEADER completion/waiter.hpp REPLACE [[function notify;]] BY [[base::plain<function> notify;]])
# That a sleeper is made happens before somebody tells it.
heddle_instrument(HEADER completion/waiter.hpp REPLACE [[const sync::parking_word* const address = &remaining_;]]
  BY [[const sync::parking_word* const address = &remaining_;
    static_cast<void>(is_made_.read());]])
heddle_instrument(HEADER completion/waiter.hpp REPLACE [[sync::parking_word remaining_;]]
  BY [[sync::parking_word remaining_;
  base::plain<bool> is_made_{true};]])

heddle_instrument(HEADER queue/job.hpp REPLACE [[#include <exception>]] BY [[#include <exception>
#include <heddle/base/atomic.hpp>]])
heddle_instrument(HEADER queue/job.hpp REPLACE [[job* next = nullptr;]] BY [[base::plain<job*> next = nullptr;]])
heddle_instrument(HEADER queue/job.hpp REPLACE [[code code_;]] BY [[base::plain<code> code_;]])

# Small segments, so that few jobs cross from one to the next.
heddle_instrument(HEADER queue/segment.hpp REPLACE [[capacity = 126;]] BY [[capacity = 2;]])
heddle_instrument(HEADER queue/segment.hpp REPLACE [[segment* next = nullptr;]]
  BY [[base::plain<segment*> next = nullptr;]])
heddle_instrument(HEADER queue/segment.hpp REPLACE [[std::size_t end = capacity;]]
  BY [[base::plain<std::size_t> end = capacity;]])
heddle_instrument(HEADER queue/segment.hpp REPLACE [[job* slots[capacity];]] BY [[base::plain<job*> slots[capacity];]])

heddle_instrument(HEADER queue/segment_list.hpp REPLACE [[segment* first_ = nullptr;]]
  BY [[base::plain<segment*> first_ = nullptr;]])
heddle_instrument(HEADER queue/segment_list.hpp REPLACE [[segment* last_ = nullptr;]]
  BY [[base::plain<segment*> last_ = nullptr;]])
heddle_instrument(HEADER queue/segment_list.hpp REPLACE [[std::size_t room_ = 0;]]
  BY [[base::plain<std::size_t> room_ = 0;]])
heddle_instrument(HEADER queue/segment_list.hpp REPLACE [[segment* segment_ = nullptr;]]
  BY [[base::plain<segment*> segment_ = nullptr;]])
heddle_instrument(HEADER queue/segment_list.hpp REPLACE [[std::size_t next_ = 0;]]
  BY [[base::plain<std::size_t> next_ = 0;]])
heddle_instrument(HEADER queue/segment_list.hpp REPLACE [[std::size_t seen_ = 0;]]
  BY [[base::plain<std::size_t> seen_ = 0;]])

heddle_instrument(HEADER queue/injection_shard.hpp REPLACE [[bool closed_ = false;]]
  BY [[base::plain<bool> closed_ = false;]])
heddle_instrument(HEADER queue/injection_shard.hpp REPLACE [[bool marked_[lane_count] = {};]]
  BY [[base::plain<bool> marked_[lane_count] = {false, false, false};]])

heddle_instrument(HEADER queue/divisible_range.hpp REPLACE [[std::uint64_t owners_end_;]]
  BY [[base::plain<std::uint64_t> owners_end_;]])

heddle_instrument(HEADER queue/task_stack.hpp REPLACE [[code run;]] BY [[base::plain<code> run;]])
heddle_instrument(HEADER queue/task_stack.hpp REPLACE [[union {
    void* task;
    std::exception_ptr error;  // once the task threw
  };]] BY [[base::plain<void*> task;
  std::exception_ptr error;]])
heddle_instrument(HEADER queue/task_stack.hpp REPLACE [[std::uint32_t began_at;]]
  BY [[base::plain<std::uint32_t> began_at;]])
heddle_instrument(HEADER queue/task_stack.hpp REPLACE [[base::section theirs;]]
  BY [[base::plain<base::section> theirs{base::section{}};]])
# The memory of a stack always holds slots, so a new one is seen to overwrite what somebody may still read.
heddle_instrument(HEADER queue/task_stack.hpp REPLACE [[limit_ = base_ + room_;]] BY [[limit_ = base_ + room_;
    for (stack_slot* slot = base_; slot != limit_; ++slot) ::new (static_cast<void*>(slot)) stack_slot(nullptr, nullptr, 0);]])
heddle_instrument(HEADER queue/task_stack.hpp REPLACE [[stack_slot* base_ = nullptr;]]
  BY [[base::plain<stack_slot*> base_ = nullptr;]])
heddle_instrument(HEADER queue/task_stack.hpp REPLACE [[stack_slot* limit_ = nullptr;]]
  BY [[base::plain<stack_slot*> limit_ = nullptr;]])
heddle_instrument(HEADER queue/task_stack.hpp REPLACE [[~task_stack() {]] BY [[~task_stack() {
    std::destroy(base_.read(), limit_.read());]])
heddle_instrument(HEADER queue/task_stack.hpp REPLACE [[::new (static_cast<void*>(top)) stack_slot(code, task, kind);]]
  BY [[std::destroy_at(top);
    ::new (static_cast<void*>(top)) stack_slot(code, task, kind);]])
# Who gives something, and who takes it, have the hand for themselves meanwhile.
heddle_instrument(HEADER scheduling/open_hand.hpp REPLACE [[base::atomic<participant*> giver_{nullptr};]]
  BY [[base::plain<participant*> giver_{nullptr};]])
heddle_instrument(HEADER scheduling/open_hand.hpp REPLACE [[giver_.load(base::relaxed)]] BY [[giver_.read()]])
heddle_instrument(HEADER scheduling/open_hand.hpp REPLACE [[giver_.store(&owner, base::relaxed);]]
  BY [[giver_.write(&owner);]])
heddle_instrument(HEADER scheduling/open_hand.hpp REPLACE [[bool taken_ = false;]] BY [[base::plain<bool> taken_ = false;]])
# A simulated microsecond is long enough for a store to arrive, as it is assumed of a real one.
heddle_instrument(HEADER scheduling/crew.hpp REPLACE [[constexpr int pauses = 64;]] BY [[]])
heddle_instrument(HEADER scheduling/crew.hpp REPLACE [[for (int i = 0; i < pauses; ++i) base::pause();]]
  BY [[base::let_stores_arrive();]])
# Fewer seats, because each costs every interleaving time.
heddle_instrument(HEADER scheduling/guest_seats.hpp REPLACE [[count = 64;]] BY [[count = 2;]])
heddle_instrument(HEADER scheduling/guest_seats.hpp REPLACE [[while (~seen != 0)]] BY [[while (seen + 1 != std::uint64_t{1} << heddle_model::current_run.guest_seats)]])
heddle_instrument(HEADER scheduling/crew.hpp REPLACE [[workers_(new worker*[workers + stand_ins])]]
  BY [[workers_(new base::plain<worker*>[workers + stand_ins])]])
heddle_instrument(HEADER scheduling/crew.hpp REPLACE [[worker** const workers_;]]
  BY [[base::plain<worker*>* const workers_;]])

# Few errands at a time. Whether a rest ends by itself is up to the interleaving, too.
heddle_instrument(HEADER scheduling/stand_ins.hpp REPLACE [[#include <mutex>]] BY [[#include <mutex>
#include "model/mutex.hpp"]])
heddle_instrument(HEADER scheduling/stand_ins.hpp REPLACE [[std::mutex mutex_;]] BY [[heddle_model::mutex mutex_;]])
heddle_instrument(HEADER scheduling/stand_ins.hpp REPLACE [[most_for_errands = 2048;]] BY [[most_for_errands = 2;]])
heddle_instrument(HEADER scheduling/stand_ins.hpp REPLACE [[sync::deadline_after(longest_rest)]]
  BY [[(heddle_model::choose(2) == 1 ? sync::deadline{} : sync::no_deadline)]])
heddle_instrument(HEADER scheduling/stand_ins.hpp REPLACE [[bool is_free = true;]]
  BY [[base::plain<bool> is_free = true;]])
heddle_instrument(HEADER scheduling/stand_ins.hpp REPLACE [[std::size_t for_work_ = 0;]]
  BY [[base::plain<std::size_t> for_work_ = 0;]])
heddle_instrument(HEADER scheduling/stand_ins.hpp REPLACE [[std::size_t for_errands_ = 0;]]
  BY [[base::plain<std::size_t> for_errands_ = 0;]])
heddle_instrument(HEADER scheduling/stand_ins.hpp REPLACE [[std::size_t& count_of(]]
  BY [[base::plain<std::size_t>& count_of(]])
heddle_instrument(HEADER scheduling/stand_ins.hpp REPLACE [[bool joining_ = false;]]
  BY [[base::plain<bool> joining_ = false;]])
heddle_instrument(HEADER scheduling/retirement.hpp REPLACE [[#include <mutex>]] BY [[#include <mutex>
#include "model/mutex.hpp"]])
heddle_instrument(HEADER scheduling/retirement.hpp REPLACE [[std::mutex mutex_;]] BY [[heddle_model::mutex mutex_;]])
heddle_instrument(HEADER scheduling/worker.hpp REPLACE [[work_stealing_deque<queue::job> jobs;]]
  BY [[work_stealing_deque<queue::job, 2> jobs;]])
heddle_instrument(HEADER scheduling/worker.hpp REPLACE [[errand assigned;]] BY [[base::plain<errand> assigned{errand{}};]])

heddle_instrument(HEADER scheduling/participant.hpp REPLACE [[std::chrono::steady_clock::now() >= until]]
  BY [[heddle_model::deadline_has_passed()]])
heddle_instrument(HEADER completion/waiter.hpp REPLACE [[std::chrono::steady_clock::now() >= until]]
  BY [[heddle_model::deadline_has_passed()]])
heddle_instrument(HEADER completion/wait_awake.hpp REPLACE [[std::chrono::steady_clock::now() >= until]]
  BY [[heddle_model::deadline_has_passed()]])

heddle_instrument(HEADER queue/work_stealing_deque.hpp REPLACE [[std::size_t mask;]] BY [[base::plain<std::size_t> mask;]])
heddle_instrument(HEADER queue/work_stealing_deque.hpp REPLACE [[slot* slots;]] BY [[base::plain<slot*> slots;]])
heddle_instrument(HEADER queue/work_stealing_deque.hpp REPLACE [[ring* older;]] BY [[base::plain<ring*> older;]])

heddle_instrument(HEADER scheduling/group_job.hpp REPLACE [[group_job* previous_ = nullptr;]]
  BY [[base::plain<group_job*> previous_ = nullptr;]])
heddle_instrument(HEADER scheduling/group_job.hpp REPLACE [[group_job* last_ = nullptr;]]
  BY [[base::plain<group_job*> last_ = nullptr;]])
heddle_instrument(HEADER scheduling/group_job.hpp REPLACE [[bool is_listed_ = false;]]
  BY [[base::plain<bool> is_listed_ = false;]])

# Few and short: slabs of three blocks, which have room for a watched link, and chains of two. Who ends does so in the
# middle of a simulated thread, and all caches belong to one interleaving.
heddle_instrument(HEADER base/block_cache.hpp REPLACE [[block_size = BlockSize;]] BY [[block_size = 512;]])
heddle_instrument(HEADER base/block_cache.hpp REPLACE [[slab_size = 256U << 10U;]] BY [[slab_size = 4 * block_size;]])
heddle_instrument(HEADER base/block_cache.hpp REPLACE [[chain_length = 64;]] BY [[chain_length = 2;]])
heddle_instrument(HEADER base/block_cache.hpp REPLACE [[basic_block_cache() noexcept = default;]]
  BY [[basic_block_cache() noexcept = default;
  friend struct heddle_model::caches_of_a_run;]])
heddle_instrument(HEADER base/block_cache.hpp REPLACE [[block* next;
  };]] BY [[plain<block*> next;
  };]])
heddle_instrument(HEADER base/block_cache.hpp REPLACE [[auto* const freed = ::new (memory) block{nullptr};]]
  BY [[auto* const freed = static_cast<block*>(memory);
    freed->next = nullptr;]])
heddle_instrument(HEADER base/block_cache.hpp REPLACE [[block* free_ = nullptr;]] BY [[plain<block*> free_ = nullptr;]])
heddle_instrument(HEADER base/block_cache.hpp REPLACE [[block** end = &free_;]] BY [[plain<block*>* end = &free_;]])
heddle_instrument(HEADER base/block_cache.hpp REPLACE [[static constinit idle_list all;
    return all;]] BY [[return *static_cast<idle_list*>(heddle_model::idle_caches);]])
heddle_instrument(HEADER base/block_cache.hpp REPLACE [[has_left = true;]] BY [[]])
heddle_instrument(HEADER base/block_cache.hpp REPLACE [[static thread_local leaver at_end;
    static_cast<void>(at_end);]] BY [[]])

heddle_instrument(HEADER scheduling/pool.hpp REPLACE [[#include <mutex>]] BY [[#include <mutex>
#include "model/mutex.hpp"]])
heddle_instrument(HEADER scheduling/pool.hpp REPLACE [[#include <heddle/base/block_cache.hpp>]] BY [[]])
heddle_instrument(HEADER scheduling/pool.hpp REPLACE [[base::block_cache::after_fork();
    base::large_block_cache::after_fork();]] BY [[]])
heddle_instrument(HEADER scheduling/pool.hpp REPLACE [[std::mutex resizing_;]] BY [[heddle_model::mutex resizing_;]])
heddle_instrument(HEADER scheduling/pool.hpp REPLACE [[std::mutex joining_;]] BY [[heddle_model::mutex joining_;]])
heddle_instrument(HEADER scheduling/pool.hpp REPLACE [[static constinit base::atomic<bool> watched{false};]]
  BY [[base::atomic<bool> watched{false};]])
heddle_instrument(HEADER scheduling/work_loop.hpp REPLACE [[self.assigned.run != nullptr]]
  BY [[self.assigned.read().run != nullptr]])
heddle_instrument(HEADER scheduling/work_loop.hpp REPLACE [[std::exchange(self.assigned, {})]]
  BY [[std::exchange(self.assigned, worker::errand{}).read()]])
heddle_instrument(HEADER scheduling/job_refusal.hpp REPLACE [[std::exception_ptr failure_;]]
  BY [[base::plain<std::exception_ptr> failure_;]])

# A worker that waits for a group looks through fewer jobs at a time.
heddle_instrument(HEADER scheduling/job_group.hpp REPLACE [[take_under_fewer_than<16>]] BY [[take_under_fewer_than<1>]])
heddle_instrument(HEADER scheduling/job_group.hpp REPLACE [[take_under_fewer_than<512>]]
  BY [[take_under_fewer_than<2>]])
heddle_instrument(HEADER scheduling/job_group.hpp REPLACE [[std::exception_ptr error_;]]
  BY [[base::plain<std::exception_ptr> error_;]])
# Every call is allocated and freed for itself, so that the checker sees who touches one that has ended.
heddle_instrument(HEADER task_group.hpp REPLACE [[#include <heddle/base/block_cache.hpp>]] BY [[]])
heddle_instrument(HEADER task_group.hpp REPLACE [[static_assert(sizeof(group_call) <= base::block_cache::block_size);]]
  BY [[]])
heddle_instrument(HEADER task_group.hpp REPLACE [[base::block_cache::allocate()]] BY [[::operator new(sizeof(group_call))]])
heddle_instrument(HEADER task_group.hpp REPLACE [[base::block_cache::deallocate(block)]] BY [[::operator delete(block)]])
heddle_instrument(HEADER task_group.hpp REPLACE [[base::block_cache::block_size - sizeof(scheduling::group_job)]] BY [[24]])
heddle_instrument(HEADER task_group.hpp REPLACE [[base::block_cache::deallocate(this)]]
  BY [[::operator delete(static_cast<void*>(this))]])
# Simulated threads share the real one's list of the exceptions that are being handled, which is a stack: while one
# handles an exception no other one may run.
heddle_instrument(HEADER task_group.hpp REPLACE [[try {
        static_cast<void>(std::move(callable())());
      } catch (...) {
        group().fail(std::current_exception());
      }]] BY [[std::exception_ptr thrown;
      try {
        static_cast<void>(std::move(callable())());
      } catch (...) {
        thrown = std::current_exception();
      }
      if (thrown != nullptr) group().fail(std::move(thrown));]])
# The lane is read by who adds a call, whoever else ends the group.
heddle_instrument(HEADER scheduling/job_group.hpp REPLACE [[const queue::lane lane_;]]
  BY [[const base::plain<queue::lane> lane_;]])

# Time passes as the model says.
heddle_instrument(HEADER scheduling/loop_pace.hpp REPLACE [[#include <heddle/scheduling/cost_hint.hpp>]]
  BY [[#include <heddle/scheduling/cost_hint.hpp>
#include "model/model.hpp"]])
heddle_instrument(HEADER scheduling/loop_pace.hpp REPLACE [[using clock = std::chrono::steady_clock;]]
  BY [[using clock = heddle_model::clock;]])
heddle_instrument(HEADER scheduling/unshared_work.hpp REPLACE [[#include <heddle/scheduling/cost_hint.hpp>]]
  BY [[#include <heddle/scheduling/cost_hint.hpp>
#include "model/model.hpp"]])
heddle_instrument(HEADER scheduling/unshared_work.hpp REPLACE [[using clock = std::chrono::steady_clock;]]
  BY [[using clock = heddle_model::clock;]])
heddle_instrument(HEADER scheduling/cost_hint.hpp REPLACE [[return drawn >> 28U == 0;]] BY [[return false;]])
heddle_instrument(HEADER scheduling/cost_hint.hpp REPLACE [[inline constinit cost_hint]] BY [[inline cost_hint]])
heddle_instrument(HEADER scheduling/loop_failure.hpp REPLACE [[#include <mutex>]] BY [[#include <mutex>
#include "model/mutex.hpp"]])
heddle_instrument(HEADER scheduling/loop_failure.hpp REPLACE [[std::mutex mutex_;]] BY [[heddle_model::mutex mutex_;]])
heddle_instrument(HEADER scheduling/loop_failure.hpp REPLACE [[std::exception_ptr failure_;]]
  BY [[base::plain<std::exception_ptr> failure_ = std::exception_ptr();]])
# As in task_group.hpp: no other thread runs while one handles an exception.
heddle_instrument(HEADER scheduling/loop_body.hpp REPLACE [[try {
      (*static_cast<Body*>(body))(grain.first, grain.last, at);
    } catch (...) {
      failure.keep(at, std::current_exception());
    }]] BY [[std::exception_ptr thrown;
    try {
      (*static_cast<Body*>(body))(grain.first, grain.last, at);
    } catch (...) {
      thrown = std::current_exception();
    }
    if (thrown != nullptr) failure.keep(at, std::move(thrown));]])
heddle_instrument(HEADER scheduling/adaptive_loop.hpp
  REPLACE [[rest.loop.run_part(*participant::current::get(), rest.theirs, rest.loop.is_worth_timing(rest.theirs.size()));]]
  BY [[const base::section theirs = rest.theirs;
    rest.loop.run_part(*participant::current::get(), theirs, rest.loop.is_worth_timing(theirs.size()));]])
heddle_instrument(HEADER scheduling/adaptive_loop.hpp REPLACE [[upper.theirs = {items.first + items.size() / 2, items.last};]]
  BY [[const base::section theirs = {items.first + items.size() / 2, items.last};
    upper.theirs = theirs;]])
heddle_instrument(HEADER scheduling/adaptive_loop.hpp REPLACE [[upper.theirs.size()]] BY [[theirs.size()]])
heddle_instrument(HEADER scheduling/adaptive_loop.hpp REPLACE [[upper.theirs.first]] BY [[theirs.first]])
heddle_instrument(HEADER scheduling/adaptive_loop.hpp REPLACE [[how == joined::taken_back ? rest.theirs : base::section{}]]
  BY [[how == joined::taken_back ? rest.theirs.read() : base::section{}]])

heddle_instrument(HEADER base/stop_state.hpp REPLACE [[bool is_listed_ = false;]] BY [[plain<bool> is_listed_ = false;]])
heddle_instrument(HEADER base/stop_state.hpp REPLACE [[stop_listener* next_ = nullptr;]]
  BY [[plain<stop_listener*> next_ = nullptr;]])
heddle_instrument(HEADER base/stop_state.hpp REPLACE [[stop_listener* previous_ = nullptr;]]
  BY [[plain<stop_listener*> previous_ = nullptr;]])
heddle_instrument(HEADER base/stop_state.hpp REPLACE [[std::uint32_t requester_ = 0;]]
  BY [[plain<std::uint32_t> requester_ = 0U;]])
heddle_instrument(HEADER base/stop_state.hpp REPLACE [[stop_listener* first_ = nullptr;]]
  BY [[plain<stop_listener*> first_ = nullptr;]])

# Rooms are used again in the model of revocable only, which has a list of its own; else freed.
heddle_instrument(HEADER base/revocable.hpp REPLACE [[T* object = nullptr;]] BY [[plain<T*> object = nullptr;]])
heddle_instrument(HEADER base/revocable.hpp REPLACE [[room* next_free = nullptr;]]
  BY [[plain<room*> next_free = nullptr;]])
heddle_instrument(HEADER base/revocable.hpp REPLACE [[const std::lock_guard lock(free_rooms().lock);
    room_->next_free]] BY [[if (heddle_model::free_rooms == nullptr) return delete std::exchange(room_, nullptr);
    const std::lock_guard lock(free_rooms().lock);
    room_->next_free]])
heddle_instrument(HEADER base/revocable.hpp REPLACE [[static constinit free_list all;
    return all;]] BY [[return *static_cast<free_list*>(heddle_model::free_rooms);]])
heddle_instrument(HEADER base/revocable.hpp REPLACE [[static room* new_or_free() {]]
  BY [[friend struct heddle_model::rooms_of_a_run;
  static room* new_or_free() {
    if (heddle_model::free_rooms == nullptr) return new room;]])

heddle_instrument(HEADER completion/continuation.hpp REPLACE [[shared_state<T>* state_;]]
  BY [[base::plain<shared_state<T>*> state_;]])
heddle_instrument(HEADER future.hpp REPLACE [[completion::shared_state<T>* state_ = nullptr;]]
  BY [[base::plain<completion::shared_state<T>*> state_ = nullptr;]])

# Few slots, of which two are used.
heddle_instrument(HEADER process/task_slots.hpp REPLACE [[capacity = 128;]] BY [[capacity = 4;]])
