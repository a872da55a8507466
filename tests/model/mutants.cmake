# SPDX-License-Identifier: MIT
# Faults that the models must find: heddle_mutant(MODEL NAME HEADER h IN where REPLACE old BY new FINDS what).
# Old and new are statements or an expression; the first `old` after `where` is replaced, white space does not count.
# What must be found is how Relacy names it. That each memory order is needed is checked elsewhere: by the model
# programs, with --orders.

heddle_mutant(state_word claim_is_no_single_step
  HEADER completion/state_word.hpp
  IN [[phase claim_if(]]
  REPLACE [[if (word_.compare_exchange_weak(seen, with_phase(seen, taken_as), base::acquire, base::relaxed)) break;]]
  BY [[word_.store(with_phase(seen, taken_as), base::release);
       break;]]
  FINDS "USER ASSERT FAILED|DATA RACE")

heddle_mutant(state_word becoming_pending_is_no_single_step
  HEADER completion/state_word.hpp
  IN [[bool make_pending()]]
  REPLACE [[if (word_.compare_exchange_weak(seen, with_phase(seen, phase::pending), base::release, base::relaxed))
        return true;]]
  BY [[word_.store(with_phase(seen, phase::pending), base::release);
       return true;]]
  FINDS "USER ASSERT FAILED|DATA RACE|ACCESS TO FREED MEMORY|DOUBLE FREE|MEMORY LEAK")

heddle_mutant(state_word completer_does_not_wait_for_who_unlinks
  HEADER completion/state_word.hpp
  IN [[bool try_end(]]
  REPLACE [[if ((seen & busy_bit) != 0) {
        seen = wait_until_idle();
        continue;
      }]]
  BY [[static_cast<void>(seen);]]
  FINDS "DATA RACE|ACCESS TO FREED MEMORY")

heddle_mutant(state_word queue_goes_while_it_is_told
  HEADER completion/state_word.hpp
  IN [[dequeue_result leave_queue(]]
  REPLACE [[(seen & held_bit) != 0]]
  BY [[seen == 1]]
  FINDS "DATA RACE|USER ASSERT FAILED")

heddle_mutant(state_word queue_refuses_while_it_is_told
  HEADER completion/state_word.hpp
  IN [[void make_waiting(]]
  REPLACE [[(seen & held_bit) != 0]]
  BY [[seen == 1]]
  FINDS "DATA RACE|USER ASSERT FAILED")

heddle_mutant(state_word whatever_is_not_pending_becomes_so
  HEADER completion/state_word.hpp
  IN [[bool make_pending(]]
  REPLACE [[phase_of(seen) == phase::waiting]]
  BY [[phase_of(seen) != phase::pending]]
  FINDS "USER ASSERT FAILED|DATA RACE|ACCESS TO FREED MEMORY|DOUBLE FREE")

heddle_mutant(state_word two_unlink_at_once
  HEADER completion/state_word.hpp
  IN [[bool try_remove(]]
  REPLACE [[if ((seen & busy_bit) != 0) {
        seen = wait_until_idle();
        continue;
      }]]
  BY [[static_cast<void>(seen);]]
  FINDS "DATA RACE|ACCESS TO FREED MEMORY|LIVELOCK")

heddle_mutant(state_word who_unlinks_forgets_who_came_meanwhile
  HEADER completion/state_word.hpp
  IN [[before->next = removed.next;]]
  REPLACE [[word_.fetch_and(~busy_bit, base::release);]]
  BY [[word_.store(seen & ~busy_bit, base::release);]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(state_word waiter_is_added_after_the_end
  HEADER completion/state_word.hpp
  IN [[bool try_add(]]
  REPLACE [[if (word_.compare_exchange_weak(seen, with_waiters(seen, &added), base::release, base::acquire))
        return true;]]
  BY [[while (!word_.compare_exchange_weak(seen, with_waiters(seen, &added), base::release, base::acquire)) {
         added.next = waiters_of(seen);
       }
       return true;]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(state_word task_is_freed_while_waiters_are_told
  HEADER completion/state_word.hpp
  IN [[static bool everybody_left(]]
  REPLACE [[return (word & (left | busy_bit)) == left;]]
  BY [[return (word & left) == left;]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|USER ASSERT FAILED")

heddle_mutant(state_word tombstone_does_not_leave
  HEADER completion/state_word.hpp
  IN [[dequeue_result leave_queue(]]
  REPLACE [[if (pending) return dequeue_result::claimed;]]
  BY [[if (pending) return dequeue_result::claimed;
       word_.fetch_and(~dequeued_bit, base::acq_rel);]]
  FINDS "USER ASSERT FAILED|MEMORY LEAK")

heddle_mutant(state_word who_is_being_cancelled_is_completed
  HEADER completion/state_word.hpp
  IN [[bool try_complete(]]
  REPLACE [[!is_cancelled(found)]]
  BY [[found != phase::cancelled]]
  FINDS "USER ASSERT FAILED|DATA RACE|ACCESS TO FREED MEMORY|DOUBLE FREE")

heddle_mutant(state_word queue_leaves_early_while_waiters_are_told
  HEADER completion/state_word.hpp
  IN [[dequeue_result leave_queue(]]
  REPLACE [[everybody_left(seen | dequeued_bit)]]
  BY [[everybody_left((seen | dequeued_bit) & ~busy_bit)]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|USER ASSERT FAILED|DOUBLE FREE")

heddle_mutant(state_word queue_leaves_early_before_the_handle
  HEADER completion/state_word.hpp
  IN [[dequeue_result leave_queue(]]
  REPLACE [[everybody_left(seen | dequeued_bit)]]
  BY [[everybody_left(seen | dequeued_bit | dropped_bit)]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|USER ASSERT FAILED|DOUBLE FREE")

heddle_mutant(state_word list_is_read_after_its_node_was_told
  HEADER completion/waiter.hpp
  IN [[inline void notify_in_order(]]
  REPLACE [[list = told->next;
    told->notify(*told);]]
  BY [[told->notify(*told);
       list = told->next;]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE")

heddle_mutant(state_word who_tells_later_leaves_before
  HEADER completion/state_word.hpp
  IN [[last_owner complete_apart(]]
  REPLACE [[continuations == nullptr ? leave() : last_owner::no]]
  BY [[leave()]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|USER ASSERT FAILED|DOUBLE FREE")

heddle_mutant(blocked_thread frame_is_touched_after_the_last_decrement
  HEADER completion/waiter.hpp
  IN [[void count_down()]]
  REPLACE [[if (remaining_.fetch_sub(1, base::release) != 1) return;]]
  BY [[remaining_.fetch_sub(1, base::release);
       if (remaining_.load(base::relaxed) != 0) return;]]
  FINDS "ACCESS TO FREED MEMORY")

heddle_mutant(blocked_thread nobody_is_woken
  HEADER completion/waiter.hpp
  IN [[void count_down()]]
  REPLACE [[sync::unpark_all(address);]]
  BY [[static_cast<void>(address);]]
  FINDS "DEADLOCK")

heddle_mutant(blocked_thread who_will_not_be_told_is_waited_for
  HEADER completion/waiter.hpp
  IN [[void forget(]]
  REPLACE [[remaining_.fetch_sub(nodes, base::relaxed);]]
  BY [[static_cast<void>(nodes);]]
  FINDS "DEADLOCK")

heddle_mutant(completion_queue nobody_is_woken
  HEADER completion/completion_queue.hpp
  IN [[void push(]]
  REPLACE [[if (is_awaited) reinterpret_cast<blocked_thread*>(seen - sleeper_bit)->count_down();]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(completion_queue arrival_replaces_another_one
  HEADER completion/completion_queue.hpp
  IN [[void push(]]
  REPLACE [[arrived.next = is_awaited ? nullptr : entry_of(seen);]]
  BY [[arrived.next = nullptr;]]
  FINDS "DEADLOCK|USER ASSERT FAILED|MEMORY LEAK|ACCESS TO FREED MEMORY")

heddle_mutant(completion_queue newest_comes_first
  HEADER completion/completion_queue.hpp
  IN [[entry* take_arrived()]]
  REPLACE [[newest->next = oldest;
      newest->outstanding_ = false;
      --outstanding_;
      oldest = newest;
      newest = older;]]
  BY [[newest->outstanding_ = false;
       --outstanding_;
       if (oldest == nullptr) oldest = newest;
       newest = older;]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(completion_queue sleeper_replaces_what_has_arrived
  HEADER completion/completion_queue.hpp
  IN [[bool sleep_until(]]
  REPLACE [[if (!word_.compare_exchange_strong(seen, asleep, base::release, base::relaxed)) return true;]]
  BY [[word_.store(asleep, base::release);]]
  FINDS "DEADLOCK|USER ASSERT FAILED|MEMORY LEAK")

heddle_mutant(completion_queue frame_ends_before_it_is_woken
  HEADER completion/completion_queue.hpp
  IN [[bool sleep_until(]]
  REPLACE [[return sleeper.wait_until(sync::no_deadline);]]
  BY [[return true;]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE")

heddle_mutant(completion_queue sleeper_stays_after_its_deadline
  HEADER completion/completion_queue.hpp
  IN [[bool sleep_until(]]
  REPLACE [[word_.compare_exchange_strong(seen, nothing, base::relaxed, base::relaxed)]]
  BY [[word_.load(base::relaxed) == asleep]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|DEADLOCK|USER ASSERT FAILED")

heddle_mutant(completion_queue who_is_about_to_arrive_is_not_waited_for
  HEADER completion/completion_queue.hpp
  IN [[void take_outstanding()]]
  REPLACE [[if (take_arrived() == nullptr) sleep_until(sync::no_deadline);]]
  BY [[static_cast<void>(take_arrived());
       return;]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|USER ASSERT FAILED")

heddle_mutant(wait_for_many those_about_to_be_told_are_not_waited_for
  HEADER completion/wait_for_many.hpp
  IN [[void spin_or_sleep(]]
  REPLACE [[sleeper_.forget(taken_back);
    sleeper_.wait_until(sync::no_deadline);]]
  BY [[sleeper_.forget(taken_back);]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE")

heddle_mutant(wait_for_many who_was_done_before_is_waited_for
  HEADER completion/wait_for_many.hpp
  IN [[explicit wait_for_all(]]
  REPLACE [[sleeper_.forget(done);]]
  BY [[static_cast<void>(done);]]
  FINDS "DEADLOCK")

heddle_mutant(wait_for_many who_was_done_before_does_not_count
  HEADER completion/wait_for_many.hpp
  IN [[void wait_for_one(]]
  REPLACE [[if (!arrivals.try_watch(entries[i], *awaited[i])) found = suffices(*awaited[i]);]]
  BY [[static_cast<void>(arrivals.try_watch(entries[i], *awaited[i]));]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(event_count notifier_only_looks_for_waiters
  HEADER sync/event_count.hpp
  IN [[bool raise_epoch()]]
  REPLACE [[if (waiters_.fetch_add(0, base::acq_rel) == 0) return false;]]
  BY [[if (waiters_.load(base::acquire) == 0) return false;]]
  FINDS "DEADLOCK")

heddle_mutant(event_count epoch_stays
  HEADER sync/event_count.hpp
  IN [[bool raise_epoch()]]
  REPLACE [[epoch_.fetch_add(1, base::release);]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(mpsc_inbox taking_is_two_steps
  HEADER queue/mpsc_inbox.hpp
  IN [[job_list take_all()]]
  REPLACE [[if (empty()) return taken;]]
  BY [[if (newest_.load(base::acquire) == nullptr) return taken;
       job* const taken_now = newest_.load(base::acquire);
       newest_.store(nullptr, base::release);
       taken.push(*taken_now);
       return taken;]]
  FINDS "USER ASSERT FAILED|DEADLOCK")

heddle_mutant(mpsc_inbox every_push_says_not_empty
  HEADER queue/mpsc_inbox.hpp
  IN [[bool push(]]
  REPLACE [[return newest == nullptr;]]
  BY [[return newest != nullptr;]]
  FINDS "DEADLOCK")

heddle_mutant(shared_value last_owner_looks_first
  HEADER base/shared_value.hpp
  IN [[~shared_value()]]
  REPLACE [[if (block_ != nullptr && block_->owners.fetch_sub(1, acq_rel) == 1) delete block_;]]
  BY [[const bool last = block_->owners.load(acquire) == 1;
       block_->owners.fetch_sub(1, acq_rel);
       if (last) delete block_;]]
  FINDS "MEMORY LEAK|ACCESS TO FREED MEMORY")

heddle_mutant(future frame_ends_before_its_node_is_told
  HEADER completion/shared_state.hpp
  IN [[bool sleep_until(]]
  REPLACE [[return sleeper.wait_until(sync::no_deadline);]]
  BY [[return true;]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE")

heddle_mutant(future callable_outlives_the_end
  HEADER completion/queued_state.hpp
  IN [[void end(phase ended) noexcept]]
  REPLACE [[derived().destroy_call();
    if (this->word_.complete(ended) == state_word::last_owner::yes) delete &derived();]]
  BY [[const bool last = this->word_.complete(ended) == state_word::last_owner::yes;
       derived().destroy_call();
       if (last) delete &derived();]]
  FINDS "DATA RACE|ACCESS TO FREED MEMORY")

heddle_mutant(future tombstone_is_kept
  HEADER completion/queued_state.hpp
  IN [[void run_from_queue()]]
  REPLACE [[delete &derived();]]
  BY [[return;]]
  FINDS "MEMORY LEAK")

heddle_mutant(future refusal_with_an_error_looks_like_a_cancellation
  HEADER completion/queued_state.hpp
  IN [[void refuse_from_queue(]]
  REPLACE [[why.error == nullptr ? phase::cancelling : phase::running]]
  BY [[phase::cancelling]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(future started_promise_goes_without_result
  HEADER completion/promised_state.hpp
  IN [[void abandon(]]
  REPLACE [[if (!this->done()) static_cast<void>(try_complete_with(make_error()));]]
  BY [[if (this->current() == phase::pending) static_cast<void>(try_complete_with(make_error()));]]
  FINDS "DEADLOCK")

heddle_mutant(future value_of_a_cancelled_promise_stays
  HEADER completion/promised_state.hpp
  IN [[bool try_complete_with_result_of(]]
  REPLACE [[this->outcome_.destroy_value();]]
  BY [[]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(future promise_that_its_callback_destroys_is_kept
  HEADER completion/promised_state.hpp
  IN [[bool try_end(]]
  REPLACE [[if (last == state_word::last_owner::yes) delete this;]]
  BY [[static_cast<void>(last);]]
  FINDS "MEMORY LEAK")

heddle_mutant(future promise_is_not_among_the_owners
  HEADER completion/promised_state.hpp
  IN [[void abandon(]]
  REPLACE [[if (this->word_.leave_queue(phase::running) == state_word::dequeue_result::free) delete this;]]
  BY [[]]
  FINDS "MEMORY LEAK")

heddle_mutant(spin_lock taking_is_two_steps
  HEADER base/spin_lock.hpp
  IN [[bool try_lock()]]
  REPLACE [[return !taken_.exchange(true, acquire);]]
  BY [[const bool was_taken = taken_.load(acquire);
       taken_.store(true, relaxed);
       return !was_taken;]]
  FINDS "DATA RACE|USER ASSERT FAILED|LIVELOCK")

heddle_mutant(segment second_gift_replaces_the_first
  HEADER queue/segment.hpp
  IN [[void give(]]
  REPLACE [[kept_.load(base::relaxed) != nullptr]]
  BY [[false]]
  FINDS "MEMORY LEAK")

heddle_mutant(segment spare_is_taken_twice
  HEADER queue/segment.hpp
  IN [[segment* take_or_make()]]
  REPLACE [[kept_.store(nullptr, base::relaxed);]]
  BY [[]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|DOUBLE FREE")

heddle_mutant(segment_list job_is_counted_before_it_is_there
  HEADER queue/segment_list.hpp
  IN [[void push(job& added]]
  REPLACE [[put(added);
    publish(1);]]
  BY [[publish(1);
       put(added);]]
  FINDS "DATA RACE|ACCESS TO FREED MEMORY|USER ASSERT FAILED")

heddle_mutant(segment_list sweep_touches_the_last_segment
  HEADER queue/segment_list.hpp
  IN [[std::size_t sweep(]]
  REPLACE [[unseen > from->end - at]]
  BY [[unseen >= from->end - at]]
  FINDS "DATA RACE|ACCESS TO FREED MEMORY|USER ASSERT FAILED")

heddle_mutant(injection_queue mark_is_cleared_without_a_second_look
  HEADER queue/injection_shard.hpp
  IN [[void unmark_if_empty(]]
  REPLACE [[if (front.count(1) != 0) return;]]
  BY [[]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(injection_queue push_believes_in_a_mark_that_is_gone
  HEADER queue/injection_shard.hpp
  IN [[void unmark_if_empty(]]
  REPLACE [[marked_[index(where)] = false;]]
  BY [[]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(injection_queue push_does_not_see_the_closing
  HEADER queue/injection_shard.hpp
  IN [[bool try_push(]]
  REPLACE [[if (closed_) return false;]]
  BY [[]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(injection_queue shards_close_one_after_another
  HEADER queue/injection_queue.hpp
  IN [[void close()]]
  REPLACE [[for (injection_shard& shard : shards_) shard.stop_pushing();]]
  BY [[for (injection_shard& shard : shards_) {
         shard.stop_pushing();
         shard.close();
       }
       for (injection_shard& shard : shards_) shard.stop_pushing();]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(injection_queue closed_is_taken_for_finished
  HEADER queue/injection_queue.hpp
  IN [[bool finished()]]
  REPLACE [[(seen & closed_bit) != 0 && size_of(list_set(seen)) == 0]]
  BY [[(seen & closed_bit) != 0]]
  FINDS "USER ASSERT FAILED|DEADLOCK")

heddle_mutant(work_stealing_deque owner_does_not_race_for_the_last_element
  HEADER queue/work_stealing_deque.hpp
  IN [[T* try_pop() noexcept]]
  REPLACE [[if (oldest < newest) return at(newest);]]
  BY [[if (oldest <= newest) return at(newest);]]
  FINDS "USER ASSERT FAILED|ACCESS TO FREED MEMORY|DATA RACE")

heddle_mutant(work_stealing_deque thief_reads_the_slot_when_it_has_won
  HEADER queue/work_stealing_deque.hpp
  IN [[try_steal() noexcept]]
  REPLACE [[return {.element = element};]]
  BY [[return {.element = ring_.load(base::acquire)->at(oldest)};]]
  FINDS "USER ASSERT FAILED|ACCESS TO FREED MEMORY|DATA RACE")

heddle_mutant(work_stealing_deque lost_race_looks_like_an_empty_deque
  HEADER queue/work_stealing_deque.hpp
  IN [[try_steal() noexcept]]
  REPLACE [[if (!try_advance_top(oldest)) return {.lost_race = true};]]
  BY [[if (!try_advance_top(oldest)) return {};]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(work_stealing_deque empty_deque_ends_below_its_top
  HEADER queue/work_stealing_deque.hpp
  IN [[T* try_pop_last(]]
  REPLACE [[bottom_.store(newest + 1, base::release);]]
  BY [[bottom_.store(newest, base::release);]]
  FINDS "USER ASSERT FAILED|MEMORY LEAK|LIVELOCK")

heddle_mutant(work_stealing_deque full_ring_is_overwritten
  HEADER queue/work_stealing_deque.hpp
  IN [[void make_room(]]
  REPLACE [[if (needed > capacity_) grow(end, needed);]]
  BY [[if (needed > capacity_ + (capacity_ == 0 ? 0 : 1)) grow(end, needed);]]
  FINDS "USER ASSERT FAILED|MEMORY LEAK|ACCESS TO FREED MEMORY")

heddle_mutant(work_stealing_deque elements_move_to_the_front_of_the_new_ring
  HEADER queue/work_stealing_deque.hpp
  IN [[void grow(]]
  REPLACE [[grown->slots[i & grown->mask].store(at(i), base::relaxed);]]
  BY [[grown->slots[(i - top_seen_) & grown->mask].store(at(i), base::relaxed);]]
  FINDS "USER ASSERT FAILED|ACCESS TO FREED MEMORY|DATA RACE")

heddle_mutant(work_stealing_deque old_ring_is_freed_at_once
  HEADER queue/work_stealing_deque.hpp
  IN [[void grow(]]
  REPLACE [[ring_.store(grown, base::release);]]
  BY [[delete grown->older.read();
       grown->older = nullptr;
       ring_.store(grown, base::release);]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE")

heddle_mutant(task_stack exposer_looks_once
  HEADER queue/task_stack.hpp
  IN [[stack_slot* claim_half(]]
  REPLACE [[wanted = head_now;]]
  BY [[static_cast<void>(head_now);]]
  FINDS "USER ASSERT FAILED|DATA RACE")

heddle_mutant(task_stack exposer_takes_what_was_popped
  HEADER queue/task_stack.hpp
  IN [[stack_slot* claim_half(]]
  REPLACE [[!known || head_now <= from]]
  BY [[!known]]
  FINDS "ACCESS TO FREED MEMORY|USER ASSERT FAILED|DATA RACE")

heddle_mutant(task_stack exposer_trusts_a_barrier_that_failed
  HEADER queue/task_stack.hpp
  IN [[stack_slot* claim_half(]]
  REPLACE [[!known || head_now <= from]]
  BY [[head_now <= from]]
  FINDS "USER ASSERT FAILED|DATA RACE")

heddle_mutant(task_stack taking_back_is_no_single_step
  HEADER queue/task_stack.hpp
  IN [[bool try_take_back(]]
  REPLACE [[span_.compare_exchange_weak(seen, with(seen, tail_of(seen), split), base::relaxed, base::relaxed)]]
  BY [[span_.store(with(seen, tail_of(seen), split), base::relaxed), true]]
  FINDS "USER ASSERT FAILED|DATA RACE")

heddle_mutant(task_stack stolen_slot_is_free
  HEADER queue/task_stack.hpp
  IN [[bool try_take_back(]]
  REPLACE [[head_.store(top + 1, base::relaxed);]]
  BY [[static_cast<void>(top);]]
  FINDS "USER ASSERT FAILED|DATA RACE")

heddle_mutant(task_stack vacated_slot_looks_stolen
  HEADER queue/task_stack.hpp
  IN [[void vacate(]]
  REPLACE [[span_.store(with(span_.load(base::relaxed), index, index), base::relaxed);]]
  BY [[static_cast<void>(index);]]
  FINDS "LIVELOCK|USER ASSERT FAILED")

heddle_mutant(task_stack loop_is_cut_twice
  HEADER queue/task_stack.hpp
  IN [[static bool make_stealable(]]
  REPLACE [[slot.state.store(stack_slot::plain, base::relaxed);]]
  BY [[static_cast<void>(slot);]]
  FINDS "USER ASSERT FAILED|ACCESS TO UNINITIALIZED VARIABLE")

heddle_mutant(task_stack sleeper_is_announced_too_late
  HEADER queue/task_stack.hpp
  IN [[bool announce_sleeper(]]
  REPLACE [[state.compare_exchange_strong(thief, thief | sleeper_bit, base::release, base::relaxed)]]
  BY [[state.store(thief | sleeper_bit, base::release), true]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(join thief_has_ended_the_task
  HEADER queue/task_stack.hpp
  IN [[stack_slot* try_steal_part_of(]]
  REPLACE [[awaited.look() != thief]]
  BY [[false]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(task_stack publications_look_alike
  HEADER queue/task_stack.hpp
  IN [[bool publish_up_to_head(]]
  REPLACE [[seen + one_publication]]
  BY [[seen]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(task_stack older_tasks_are_taken_too
  HEADER queue/task_stack.hpp
  IN [[stack_slot* try_steal_part_of(]]
  REPLACE [[tail_of(seen) < awaited.began_at]]
  BY [[false]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(join what_a_thief_forks_is_shown_to_nobody
  HEADER scheduling/join.hpp
  IN [[inline void serve(]]
  REPLACE [[here.stack.beg(queue::beggars::awake);]]
  BY [[]]
  FINDS "LIVELOCK|DEADLOCK")

heddle_mutant(join joiner_helps_its_thief_only
  HEADER scheduling/join.hpp
  IN [[open_hand::gift try_steal_part_of(]]
  REPLACE [[far == farthest]]
  BY [[far == 0]]
  FINDS "LIVELOCK")

heddle_mutant(join who_looks_for_parts_gives_the_lock_back_at_once
  HEADER scheduling/join.hpp
  IN [[open_hand::gift try_steal_part_of(]]
  REPLACE [[held = std::move(next);]]
  BY [[held = {};]]
  FINDS "USER ASSERT FAILED|DATA RACE|ACCESS TO FREED MEMORY|ACCESS TO UNINITIALIZED VARIABLE")

heddle_mutant(join who_looks_for_parts_takes_no_lock
  HEADER scheduling/join.hpp
  IN [[open_hand::gift try_steal_part_of(]]
  REPLACE [[if (!next) return {};]]
  BY [[if (next) next.unlock();]]
  FINDS "USER ASSERT FAILED|DATA RACE|ACCESS TO FREED MEMORY|ACCESS TO UNINITIALIZED VARIABLE")

heddle_mutant(join parts_of_what_has_ended_are_looked_for
  HEADER queue/task_stack.hpp
  IN [[stolen_part newest_stolen_part_of(]]
  REPLACE [[awaited.look() != thief]]
  BY [[awaited.look() == stack_slot::plain]]
  FINDS "USER ASSERT FAILED|DATA RACE")

heddle_mutant(join older_thefts_are_followed_too
  HEADER queue/task_stack.hpp
  IN [[stolen_part newest_stolen_part_of(]]
  REPLACE [[index > lowest]]
  BY [[index > 0]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(join parts_that_have_ended_are_followed
  HEADER queue/task_stack.hpp
  IN [[stolen_part newest_stolen_part_of(]]
  REPLACE [[!stack_slot::is_pending(seen) && !stack_slot::has_ended(seen)]]
  BY [[!stack_slot::is_pending(seen)]]
  FINDS "ACCESS TO FREED MEMORY")

heddle_mutant(join nobody_is_woken
  HEADER scheduling/join.hpp
  IN [[inline void serve(]]
  REPLACE [[if (task.end(threw)) owner.wake();]]
  BY [[static_cast<void>(task.end(threw));]]
  FINDS "DEADLOCK")

heddle_mutant(join who_is_about_to_sleep_exposes_nothing
  HEADER scheduling/join.hpp
  IN [[inline void sleep_until_needed(]]
  REPLACE [[thief.stack.expose()]]
  BY [[false]]
  FINDS "DEADLOCK")

heddle_mutant(join who_is_about_to_sleep_does_not_beg
  HEADER scheduling/join.hpp
  IN [[inline void sleep_until_needed(]]
  REPLACE [[thief.stack.beg_asleep();]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(join others_beg_for_who_is_about_to_sleep
  HEADER scheduling/join.hpp
  IN [[inline void sleep_until_needed(]]
  REPLACE [[thief.stack.beg_asleep();]]
  BY [[thief.stack.beg(queue::beggars::asleep);]]
  FINDS "DEADLOCK")

heddle_mutant(join who_sleeps_is_not_called_if_somebody_was_faster
  HEADER scheduling/join.hpp
  IN [[inline void call_joiners(]]
  REPLACE [[if (each->task.call_sleeper(&here)) each->owner.wake();]]
  BY [[if (here.stack.has_public() && each->task.call_sleeper(&here)) each->owner.wake();]]
  FINDS "DEADLOCK")

heddle_mutant(join answer_calls_no_joiner
  HEADER scheduling/join.hpp
  IN [[inline bool answer_beggar(]]
  REPLACE [[if (joiners_beg) call_joiners(here);]]
  BY [[static_cast<void>(here);]]
  FINDS "DEADLOCK")

heddle_mutant(join gift_answers_the_joiners_too
  HEADER scheduling/join.hpp
  IN [[inline bool answer_beggar(]]
  REPLACE [[taker != nullptr && !others_sleep && !joiners_beg]]
  BY [[taker != nullptr && !others_sleep]]
  FINDS "DEADLOCK")

heddle_mutant(join who_was_called_goes_on_sleeping
  HEADER scheduling/join.hpp
  IN [[inline void sleep_until_needed(]]
  REPLACE [[slot.look() != (seen | stack_slot::sleeper_bit)]]
  BY [[stack_slot::has_ended(slot.look())]]
  FINDS "DEADLOCK")

heddle_mutant(join who_forks_looks_first_whether_somebody_begs
  HEADER scheduling/fork_join.hpp
  IN [[inline void fork_join(]]
  REPLACE [[base::light_barrier();]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(divisible_range cutter_takes_what_the_owner_took
  HEADER queue/divisible_range.hpp
  IN [[base::section cut(]]
  REPLACE [[middle = taken < last ? middle_of(taken, last) : last;]]
  BY [[static_cast<void>(taken);]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(divisible_range owner_ends_at_a_cut_that_failed
  HEADER queue/divisible_range.hpp
  IN [[base::section take(]]
  REPLACE [[first == owners_end_]]
  BY [[first == last_.load(base::relaxed)]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(divisible_range owner_does_not_look_again
  HEADER queue/divisible_range.hpp
  IN [[base::section take(]]
  REPLACE [[wanted <= last_.load(base::relaxed)]]
  BY [[last_.load(base::relaxed) != wanted || true]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(idle_policy search_is_not_handed_on
  HEADER scheduling/idle_policy.hpp
  IN [[std::uint32_t take_one_to_wake(]]
  REPLACE [[changed(seen + 1, below)]]
  BY [[changed(seen, below)]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(idle_policy who_parks_goes_on_searching
  HEADER scheduling/idle_policy.hpp
  IN [[bool park(]]
  REPLACE [[seen - (was_searching ? 1 : 0)]]
  BY [[seen]]
  FINDS "DEADLOCK")

heddle_mutant(idle_policy who_parks_forgets_the_others
  HEADER scheduling/idle_policy.hpp
  IN [[bool park(]]
  REPLACE [[link.next.store(parked_in(seen), base::relaxed);]]
  BY [[link.next.store(0, base::relaxed);]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(idle_policy lists_look_alike
  HEADER scheduling/idle_policy.hpp
  IN [[static std::uint64_t changed(]]
  REPLACE [[((word >> 32U) << 32U) + one_change]]
  BY [[(word >> 32U << 32U) + 0 * one_change]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(open_hand gift_is_lost_when_the_hand_closes
  HEADER scheduling/open_hand.hpp
  IN [[gift close()]]
  REPLACE [[state_.compare_exchange_strong(seen, closed, base::relaxed, base::relaxed)]]
  BY [[state_.store(closed, base::relaxed), true]]
  FINDS "DEADLOCK|LIVELOCK|USER ASSERT FAILED")

heddle_mutant(open_hand worker_does_not_wait_for_who_has_reserved
  HEADER scheduling/open_hand.hpp
  IN [[gift close()]]
  REPLACE [[seen == closed]]
  BY [[seen == closed || seen == reserved]]
  FINDS "DEADLOCK|LIVELOCK|USER ASSERT FAILED")

heddle_mutant(open_hand gift_is_taken_twice
  HEADER scheduling/open_hand.hpp
  IN [[gift close()]]
  REPLACE [[std::exchange(taken_, true)]]
  BY [[taken_]]
  FINDS "USER ASSERT FAILED|DATA RACE|ACCESS TO FREED MEMORY")

heddle_mutant(open_hand two_reserve
  HEADER scheduling/open_hand.hpp
  IN [[bool try_reserve()]]
  REPLACE [[return state_.compare_exchange_strong(expected, reserved, base::acquire, base::relaxed);]]
  BY [[if (state_.load(base::acquire) != expected) return false;
       state_.store(reserved, base::relaxed);
       return true;]]
  FINDS "DEADLOCK|LIVELOCK|DATA RACE|USER ASSERT FAILED")

heddle_mutant(open_hand who_has_nothing_keeps_the_hand
  HEADER scheduling/open_hand.hpp
  IN [[void withdraw()]]
  REPLACE [[state_.store(is_open, base::release);]]
  BY [[]]
  FINDS "LIVELOCK")

heddle_mutant(open_hand thief_has_the_gift_too
  HEADER queue/task_stack.hpp
  IN [[stack_slot* publish_for(]]
  REPLACE [[try_take_oldest(seen)]]
  BY [[base_ + tail_of(seen)]]
  FINDS "USER ASSERT FAILED|DATA RACE|ACCESS TO FREED MEMORY")

heddle_mutant(open_hand giver_waits_for_what_thieves_have
  HEADER queue/task_stack.hpp
  IN [[stack_slot* publish_for(]]
  REPLACE [[if (tail_of(seen) >= split_of(seen)) return nullptr;]]
  BY [[]]
  FINDS "LIVELOCK|USER ASSERT FAILED|DATA RACE")

heddle_mutant(open_hand owner_of_a_gift_sleeps_on
  HEADER scheduling/join.hpp
  IN [[inline void serve(]]
  REPLACE [[if (task.end(threw)) owner.wake();]]
  BY [[static_cast<void>(task.end(threw));]]
  FINDS "DEADLOCK")

heddle_mutant(crew who_works_does_not_say_so
  HEADER scheduling/worker.hpp
  IN [[void begin_work()]]
  REPLACE [[works_.store(true, base::relaxed);]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(crew who_parks_exposes_nothing
  HEADER scheduling/crew.hpp
  IN [[bool beg_of_everybody(]]
  REPLACE [[each.stack.has_private() && each.stack.try_expose()]]
  BY [[false]]
  FINDS "DEADLOCK")

heddle_mutant(crew who_parks_begs_of_nobody
  HEADER scheduling/crew.hpp
  IN [[bool beg_of_everybody(]]
  REPLACE [[each.stack.beg(queue::beggars::asleep);]]
  BY [[static_cast<void>(each);]]
  FINDS "DEADLOCK")

heddle_mutant(crew answer_calls_nobody
  HEADER scheduling/join.hpp
  IN [[inline bool answer_beggar(]]
  REPLACE [[here.home.call_thief();]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(crew who_leaves_forgets_who_asks_meanwhile
  HEADER scheduling/loop_places.hpp
  IN [[bool take_wish()]]
  REPLACE [[wanted_.exchange(false, base::acquire)]]
  BY [[(wanted_.store(false, base::relaxed), true)]]
  FINDS "DEADLOCK")

heddle_mutant(crew who_leaves_overlooks_who_has_its_seat
  HEADER scheduling/crew.hpp
  IN [[void release_guest(]]
  REPLACE [[call_for_place();]]
  BY [[if (places_.take_wish() && idle_.somebody_is_parked() && somebody_forks(&guest)) call_thief();]]
  FINDS "DEADLOCK")

heddle_mutant(crew two_guests_have_one_seat
  HEADER scheduling/guest_seats.hpp
  IN [[participant* try_lease()]]
  REPLACE [[if (!leased_.compare_exchange_weak(seen, seen | seat, base::acquire, base::relaxed)) continue;]]
  BY [[leased_.fetch_or(seat, base::acquire);]]
  FINDS "USER ASSERT FAILED|DATA RACE|MEMORY LEAK|DOUBLE FREE|LIVELOCK|ACCESS TO FREED MEMORY")

heddle_mutant(work_stealing_deque what_was_stolen_is_taken_out_too
  HEADER queue/work_stealing_deque.hpp
  IN [[bool try_take_out(]]
  REPLACE [[return try_pop() != nullptr;]]
  BY [[static_cast<void>(try_pop());
       return true;]]
  FINDS "USER ASSERT FAILED|DATA RACE")

heddle_mutant(work_stealing_deque anything_is_taken_out
  HEADER queue/work_stealing_deque.hpp
  IN [[bool try_take_out(]]
  REPLACE [[at(end - 1) != &element]]
  BY [[static_cast<void>(element), false]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(unfinished_count nobody_is_woken
  HEADER scheduling/unfinished_count.hpp
  IN [[void end(std::uint32_t]]
  REPLACE [[if (wakes) sync::unpark_all(address);]]
  BY [[static_cast<void>(address);]]
  FINDS "DEADLOCK")

heddle_mutant(unfinished_count count_is_touched_after_the_end
  HEADER scheduling/unfinished_count.hpp
  IN [[void end(std::uint32_t]]
  REPLACE [[if (wakes) sync::unpark_all(address);]]
  BY [[if (is_zero()) sync::unpark_all(address);]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE")

heddle_mutant(unfinished_count who_sleeps_does_not_hear_of_more
  HEADER scheduling/unfinished_count.hpp
  IN [[void begin_one()]]
  REPLACE [[(others_.fetch_add(one, base::release) & sleeper_bit) != 0]]
  BY [[others_.fetch_add(one, base::release) == UINT32_MAX]]
  FINDS "DEADLOCK")

heddle_mutant(unfinished_count who_is_about_to_sleep_does_not_hear_of_more
  HEADER scheduling/unfinished_count.hpp
  IN [[void wake_for_more()]]
  REPLACE [[others_.fetch_and(~sleeper_bit, base::relaxed);]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(unfinished_count owners_count_is_read_first
  HEADER scheduling/unfinished_count.hpp
  IN [[bool is_zero(]]
  REPLACE [[return sum(others_.load(base::acquire) - uncounted * one) == 0;]]
  BY [[const std::uint32_t begun = begun_by_owner_.load(base::relaxed);
       return (((others_.load(base::acquire) - uncounted * one) / one + begun) & (UINT32_MAX / one)) == 0;]]
  FINDS "USER ASSERT FAILED|DATA RACE|ACCESS TO UNINITIALIZED VARIABLE")

heddle_mutant(unfinished_count ends_are_two_steps
  HEADER scheduling/unfinished_count.hpp
  IN [[void end(std::uint32_t]]
  REPLACE [[others_.compare_exchange_weak(seen, next, base::acq_rel, base::acquire)]]
  BY [[others_.store(next, base::release), true]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(block_cache chain_replaces_what_came_meanwhile
  HEADER base/block_cache.hpp
  IN [[void receive(]]
  REPLACE [[inbox_.compare_exchange_weak(newest, received.first, release, relaxed)]]
  BY [[inbox_.store(received.first, release), true]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(block_cache taking_back_is_two_steps
  HEADER base/block_cache.hpp
  IN [[void refill()]]
  REPLACE [[free_ = inbox_.exchange(nullptr, acquire);]]
  BY [[free_ = inbox_.load(acquire);
       inbox_.store(nullptr, relaxed);]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(block_cache chain_of_another_owner_is_forgotten
  HEADER base/block_cache.hpp
  IN [[void collect(]]
  REPLACE [[send_outgoing();]]
  BY [[]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(block_cache who_ends_keeps_what_others_own
  HEADER base/block_cache.hpp
  IN [[void become_idle()]]
  REPLACE [[send_outgoing();]]
  BY [[]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(block_cache cache_is_idle_and_in_use
  HEADER base/block_cache.hpp
  IN [[static basic_block_cache* new_or_idle()]]
  REPLACE [[std::exchange(idle().first, idle().first->next_idle_)]]
  BY [[idle().first]]
  FINDS "USER ASSERT FAILED|DATA RACE|LIVELOCK|ACCESS TO FREED MEMORY")

heddle_mutant(group_job claim_is_two_steps
  HEADER scheduling/group_job.hpp
  IN [[bool try_claim()]]
  REPLACE [[return (shares_.fetch_or(claimed_bit, base::relaxed) & claimed_bit) == 0;]]
  BY [[if (is_claimed()) return false;
       shares_.fetch_or(claimed_bit, base::relaxed);
       return true;]]
  FINDS "USER ASSERT FAILED|DATA RACE|ACCESS TO FREED MEMORY")

heddle_mutant(group_job who_dequeues_does_not_claim
  HEADER scheduling/group_job.hpp
  IN [[dequeued leave_queue()]]
  REPLACE [[shares_.fetch_or(claimed_bit | dequeued_bit, base::acq_rel)]]
  BY [[shares_.fetch_or(dequeued_bit, base::acq_rel)]]
  FINDS "USER ASSERT FAILED|DATA RACE|ACCESS TO FREED MEMORY")

heddle_mutant(group_job tombstone_is_kept
  HEADER scheduling/group_job.hpp
  IN [[dequeued leave_queue()]]
  REPLACE [[(before & finished_bit) != 0]]
  BY [[false]]
  FINDS "MEMORY LEAK|RESOURCE LEAK")

heddle_mutant(group_job who_ran_it_frees_it_too_soon
  HEADER scheduling/group_job.hpp
  IN [[bool finish_claimed()]]
  REPLACE [[(shares_.fetch_or(finished_bit, base::acq_rel) & dequeued_bit) != 0]]
  BY [[(shares_.fetch_or(finished_bit, base::acq_rel) & claimed_bit) != 0]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|DOUBLE FREE")

heddle_mutant(stand_ins who_rests_does_not_look_again
  HEADER scheduling/stand_ins.hpp
  IN [[bool rest(]]
  REPLACE [[look_again();]]
  BY [[static_cast<void>(look_again);]]
  FINDS "DEADLOCK")

heddle_mutant(stand_ins all_rest_who_saw_that_one_was_too_many
  HEADER scheduling/stand_ins.hpp
  IN [[bool rest(]]
  REPLACE [[!are_too_many() && works_on(seat_of(resting))]]
  BY [[false]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(stand_ins who_has_run_an_errand_always_rests
  HEADER scheduling/stand_ins.hpp
  IN [[bool works_on(]]
  REPLACE [[for_work_ >= static_cast<std::size_t>(extra())]]
  BY [[true]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(stand_ins who_leaves_does_not_look_again
  HEADER scheduling/stand_ins.hpp
  IN [[void leave(]]
  REPLACE [[look_again();]]
  BY [[static_cast<void>(look_again);]]
  FINDS "DEADLOCK")

heddle_mutant(stand_ins who_rests_counts_as_working
  HEADER scheduling/stand_ins.hpp
  IN [[bool rest(]]
  REPLACE [[count_out(resting);]]
  BY [[]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(stand_ins who_is_called_stays_on_the_list
  HEADER scheduling/stand_ins.hpp
  IN [[bool bring_in(worker::errand errand) noexcept {]]
  REPLACE [[resting_.pop_back();]]
  BY [[]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(stand_ins who_leaves_stays_on_the_list
  HEADER scheduling/stand_ins.hpp
  IN [[bool rest(]]
  REPLACE [[return std::erase(resting_, &resting) == 0;]]
  BY [[return resting.called_in.load(base::relaxed) && !joining_;]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(stand_ins nobody_wakes_who_is_called
  HEADER scheduling/stand_ins.hpp
  IN [[bool bring_in(worker::errand errand) noexcept {]]
  REPLACE [[wake(called);]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(stand_ins who_is_called_does_not_know_why
  HEADER scheduling/stand_ins.hpp
  IN [[bool bring_in(worker::errand errand) noexcept {]]
  REPLACE [[assign(its, errand);]]
  BY [[]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(stand_ins who_is_called_does_not_count
  HEADER scheduling/stand_ins.hpp
  IN [[bool bring_in(worker::errand errand) noexcept {]]
  REPLACE [[count_in(its);]]
  BY [[]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(stand_ins there_may_be_any_number
  HEADER scheduling/stand_ins.hpp
  IN [[void call_somebody() noexcept]]
  REPLACE [[for_work_ < most_for_work_]]
  BY [[true]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(stand_ins who_rests_is_not_told_of_the_end
  HEADER scheduling/stand_ins.hpp
  IN [[void join() noexcept]]
  REPLACE [[for (worker* each : resting_) wake(*each);]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(stand_ins who_goes_to_rest_does_not_see_the_end
  HEADER scheduling/stand_ins.hpp
  IN [[bool rest(]]
  REPLACE [[resting.called_in.store(joining_, base::relaxed);]]
  BY [[resting.called_in.store(false, base::relaxed);]]
  FINDS "DEADLOCK")

heddle_mutant(stand_ins who_begins_meanwhile_is_not_joined
  HEADER scheduling/stand_ins.hpp
  IN [[void join() noexcept]]
  REPLACE [[if (i == seats_.size()) return;]]
  BY [[if (i == 1 || i == seats_.size()) return;]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(stand_ins seat_is_taken_after_its_thread_was_joined
  HEADER scheduling/stand_ins.hpp
  IN [[seat* free_seat()]]
  REPLACE [[each.is_free && !joining_]]
  BY [[static_cast<bool>(each.is_free)]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(stand_ins former_thread_is_forgotten
  HEADER scheduling/stand_ins.hpp
  IN [[bool start(]]
  REPLACE [[std::swap(taken->former, taken->runner);]]
  BY [[taken->runner = std::exchange(taken->former, std::nullopt);]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(stand_ins nobody_waits_for_who_is_lent
  HEADER scheduling/stand_ins.hpp
  IN [[void join() noexcept]]
  REPLACE [[wait_for_loans();]]
  BY [[]]
  FINDS "DATA RACE|USER ASSERT FAILED")

heddle_mutant(stand_ins seat_is_free_while_its_thread_has_it
  HEADER scheduling/stand_ins.hpp
  IN [[void leave(]]
  REPLACE [[count_out(leaving);]]
  BY [[count_out(leaving);
       seat_of(leaving).is_free = true;]]
  FINDS "DEADLOCK|USER ASSERT FAILED")

heddle_mutant(stand_ins who_blocks_sees_only_what_was_announced
  HEADER scheduling/work_search.hpp
  IN [[bool has_unannounced_jobs(]]
  REPLACE [[crew_.somebody_works_besides(self) && base::heavy_barrier() && has_queued_jobs()]]
  BY [[false]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_leaves_a_place_calls_nobody
  HEADER scheduling/crew.hpp
  IN [[void call_for_place(]]
  REPLACE [[if (places_.take_wish() && idle_.somebody_is_parked() && somebody_forks(nullptr)) call_thief();]]
  BY [[static_cast<void>(places_.take_wish());]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_finds_no_place_does_not_say_so
  HEADER scheduling/loop_places.hpp
  IN [[bool ask()]]
  REPLACE [[wanted_.exchange(true, base::release);]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(pool two_want_a_place_and_none_gets_it
  HEADER scheduling/loop_places.hpp
  IN [[bool take(]]
  REPLACE [[asking.helps_loops = helpers_.compare_exchange_weak(seen, seen + 1, base::relaxed, base::relaxed);]]
  BY [[asking.helps_loops = helpers_.fetch_add(1, base::relaxed) < most;
       if (asking.helps_loops) break;
       helpers_.fetch_sub(1, base::relaxed);
       break;]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_blocks_looks_too_early
  HEADER scheduling/worker_context.hpp
  IN [[void about_to_block(]]
  REPLACE [[stand_ins_.worker_blocks();
      if (search_.has_unannounced_jobs(self_)) stand_ins_.call_somebody();]]
  BY [[const bool sees_jobs = search_.has_unannounced_jobs(self_);
       stand_ins_.worker_blocks();
       if (sees_jobs) stand_ins_.call_somebody();]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_pushes_brings_nobody_in
  HEADER scheduling/job_queues.hpp
  IN [[void announce_own()]]
  REPLACE [[stand_ins_.are_needed()]]
  BY [[false]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_has_searched_brings_nobody_in
  HEADER scheduling/work_loop.hpp
  IN [[void end_search(]]
  REPLACE [[stand_ins_.are_needed() && search_.has_queued_jobs()]]
  BY [[false]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_rests_does_not_look_again
  HEADER scheduling/work_loop.hpp
  IN [[void look_again(]]
  REPLACE [[stand_ins_.are_needed() && search_.has_unannounced_jobs(self)]]
  BY [[false]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_is_called_back_sleeps_on
  HEADER scheduling/retirement.hpp
  IN [[void want(]]
  REPLACE [[called.wake();]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_retires_leaves_its_search_to_nobody
  HEADER scheduling/work_loop.hpp
  IN [[void work(worker& self)]]
  REPLACE [[if (searching) end_search(self, false);]]
  BY [[if (searching) static_cast<void>(crew_.idle().end_search());]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_is_lent_parks_when_it_was_called_off
  HEADER scheduling/work_loop.hpp
  IN [[bool park(]]
  REPLACE [[(self.is_lent && may_rest(self))]]
  BY [[false]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_is_called_for_a_moment_does_not_look
  HEADER scheduling/work_loop.hpp
  IN [[void work(worker& self)]]
  REPLACE [[search_.look(self)]]
  BY [[may_rest(self) ? finding{} : search_.look(self)]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_ends_lets_others_sleep
  HEADER scheduling/work_loop.hpp
  IN [[void work(worker& self)]]
  REPLACE [[if (queues_.common().finished()) crew_.call_all_to_end();]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_ends_its_search_overlooks_what_is_private
  HEADER scheduling/work_loop.hpp
  IN [[void end_search(]]
  REPLACE [[search_.has_backlog() || crew_.somebody_forks_for_place(self)]]
  BY [[search_.has_backlog()]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_works_seems_idle
  HEADER scheduling/work_loop.hpp
  IN [[void run(worker& self, const finding& found) noexcept {]]
  REPLACE [[self.begin_work();]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_runs_a_stolen_task_seems_idle
  HEADER scheduling/work_loop.hpp
  IN [[void run(worker& self, const finding& found) noexcept {]]
  REPLACE [[if (found.task != nullptr) return run_stolen(self, *found.owner, *found.task);]]
  BY [[if (found.task != nullptr) {
      self.end_work();
      return run_stolen(self, *found.owner, *found.task);
    }]]
  FINDS "DEADLOCK")

heddle_mutant(pool gift_is_not_run
  HEADER scheduling/work_loop.hpp
  IN [[bool wait_awake(]]
  REPLACE [[serve(self, *given.owner, *given.task);]]
  BY [[]]
  FINDS "LIVELOCK|DEADLOCK")

heddle_mutant(pool last_to_search_parks_without_a_look
  HEADER scheduling/work_loop.hpp
  IN [[bool park(worker& self]]
  REPLACE [[!nobody_searches]]
  BY [[true]]
  FINDS "DEADLOCK")

heddle_mutant(pool who_ends_its_search_does_not_watch_for_sleepers
  HEADER scheduling/work_loop.hpp
  IN [[void end_search(]]
  REPLACE [[crew_.idle().take_unwatched()]]
  BY [[false]]
  FINDS "DEADLOCK")

heddle_mutant(total_chain who_helps_writes_too
  HEADER base/total_chain.hpp
  IN [[void bring(]]
  REPLACE [[if (!its.state.compare_exchange_strong(missing, presence::written, relaxed, relaxed)) return;]]
  BY [[if (its.state.load(relaxed) != missing) return;]]
  FINDS "DATA RACE|RESOURCE LEAK")

heddle_mutant(total_chain two_go_on_at_once
  HEADER base/total_chain.hpp
  IN [[void go_on(]]
  REPLACE [[if (!has_total(known_.load(relaxed)) || !lock_.try_lock()) return;]]
  BY [[if (!has_total(known_.load(relaxed))) return;
    static_cast<void>(lock_.try_lock());]]
  FINDS "DATA RACE|RESOURCE LEAK")

heddle_mutant(total_chain a_gap_is_jumped_over
  HEADER base/total_chain.hpp
  IN [[void go_on(]]
  REPLACE [[at + 1 < links_.size() && has_total(at)]]
  BY [[at + 1 < links_.size() && (has_total(at) || has_total(at + 1))]]
  FINDS "DATA RACE|RESOURCE LEAK")

heddle_mutant(job_group who_is_about_to_sleep_does_not_look_again
  HEADER scheduling/job_group.hpp
  IN [[void wait_and_help(]]
  REPLACE [[!run_listed(here)]]
  BY [[true]]
  FINDS "DEADLOCK")

heddle_mutant(job_group who_sleeps_has_uncounted_calls
  HEADER scheduling/job_group.hpp
  IN [[!run_buried(here)]]
  REPLACE [[count(here);]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(job_group wait_ends_with_uncounted_calls
  HEADER scheduling/job_group.hpp
  IN [[sleep_once(seen);
        patience.reset();
      }
    }]]
  REPLACE [[count(here);]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(job_group call_is_counted_when_it_is_there
  HEADER scheduling/job_group.hpp
  IN [[pool::admission try_add(]]
  REPLACE [[begin_one(here);
    try {
      pool_.queues().push_own(*here, added);
    } catch (...) {
      end_one();
      throw;
    }]]
  BY [[pool_.queues().push_own(*here, added);
       begin_one(here);]]
  FINDS "USER ASSERT FAILED|ACCESS TO FREED MEMORY|DATA RACE|DEADLOCK")

heddle_mutant(job_group listed_call_is_counted_when_it_is_there
  HEADER scheduling/job_group.hpp
  IN [[pool::admission try_add_listed(]]
  REPLACE [[{
      const std::lock_guard lock(lock_);
      listed_.push(added);
      begin_one(here);
    }]]
  BY [[{
      const std::lock_guard lock(lock_);
      listed_.push(added);
    }
    begin_one(here);]]
  FINDS "USER ASSERT FAILED|ACCESS TO FREED MEMORY|DATA RACE|DEADLOCK")

heddle_mutant(job_group another_worker_counts_as_the_owner
  HEADER scheduling/job_group.hpp
  IN [[void begin_one(]]
  REPLACE [[here == owner_ && here != nullptr]]
  BY [[here != nullptr]]
  FINDS "USER ASSERT FAILED|ACCESS TO FREED MEMORY|DATA RACE|DEADLOCK")

heddle_mutant(job_group call_that_the_pool_refuses_is_dropped_though_it_runs
  HEADER scheduling/job_group.hpp
  IN [[bool withdraw(]]
  REPLACE [[!withdrawn.try_claim()]]
  BY [[static_cast<void>(withdrawn.try_claim()), false]]
  FINDS "DEADLOCK|USER ASSERT FAILED|ACCESS TO FREED MEMORY|DATA RACE|DOUBLE FREE")

heddle_mutant(job_group call_that_the_pool_refuses_stays_in_the_list
  HEADER scheduling/job_group.hpp
  IN [[bool withdraw(]]
  REPLACE [[remove_from_list(withdrawn);]]
  BY [[]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE")

heddle_mutant(job_group call_that_the_pool_refuses_counts
  HEADER scheduling/job_group.hpp
  IN [[bool withdraw(]]
  REPLACE [[end_one();]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(job_group call_that_memory_ends_for_is_forgotten
  HEADER scheduling/job_group.hpp
  IN [[answer == pool::admission::accepted || !withdraw(added)]]
  REPLACE [[if (!withdraw(added)) return pool::admission::accepted;]]
  BY [[]]
  FINDS "DEADLOCK|ACCESS TO FREED MEMORY|DATA RACE")

heddle_mutant(job_group list_is_read_without_the_lock
  HEADER scheduling/job_group.hpp
  IN [[bool run_listed(]]
  REPLACE [[listed_.try_claim()]]
  BY [[[&] {
       lock.unlock();
       group_job* const found = listed_.try_claim();
       lock.lock();
       return found;
     }()]]
  FINDS "DATA RACE|ACCESS TO FREED MEMORY|USER ASSERT FAILED")

heddle_mutant(job_group claimed_call_is_not_counted
  HEADER scheduling/job_group.hpp
  IN [[bool run_listed(]]
  REPLACE [[++here.uncounted;]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(job_group listed_call_of_a_deque_is_not_claimed
  HEADER scheduling/job_group.hpp
  IN [[void run_own(]]
  REPLACE [[own.is_listed()]]
  BY [[static_cast<void>(own), false]]
  FINDS "USER ASSERT FAILED|ACCESS TO FREED MEMORY|DATA RACE|DEADLOCK|MEMORY LEAK")

heddle_mutant(job_group other_jobs_are_run_too
  HEADER scheduling/job_group.hpp
  IN [[bool run_if_own(]]
  REPLACE [[found.home() != this]]
  BY [[static_cast<void>(found), false]]
  FINDS "USER ASSERT FAILED|ACCESS TO FREED MEMORY")

heddle_mutant(job_group other_jobs_are_dropped
  HEADER scheduling/job_group.hpp
  IN [[bool run_if_own(]]
  REPLACE [[pool_.queues().push_own(here.self, found);]]
  BY [[]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(job_group jobs_above_are_dropped
  HEADER scheduling/job_group.hpp
  IN [[queue::job* take_under_fewer_than(]]
  REPLACE [[while (count != 0) pool_.queues().push_own(self, *above[--count]);]]
  BY [[]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(job_group jobs_below_are_dropped
  HEADER scheduling/job_group.hpp
  IN [[bool run_buried(]]
  REPLACE [[pool_.queues().push_own(here.self, *oldest);]]
  BY [[]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(job_group nobody_looks_below
  HEADER scheduling/job_group.hpp
  IN [[bool run_buried(]]
  REPLACE [[if (std::exchange(here.looked_through, true)) return false;]]
  BY [[if (here.looked_through || true) return false;]]
  FINDS "DEADLOCK")

heddle_mutant(job_group nobody_steals
  HEADER scheduling/job_group.hpp
  IN [[bool run_stolen_job(]]
  REPLACE [[here.stealing_is_vain || !here.self.jobs.try_reserve(1)]]
  BY [[true]]
  FINDS "DEADLOCK")

heddle_mutant(job_group last_error_counts
  HEADER scheduling/job_group.hpp
  IN [[void fail(]]
  REPLACE [[if (has_failed_.load(base::relaxed)) return;]]
  BY [[]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(job_group errors_are_kept_without_the_lock
  HEADER scheduling/job_group.hpp
  IN [[void fail(]]
  REPLACE [[error_ = std::move(error);]]
  BY [[lock_.unlock();
       error_ = std::move(error);
       lock_.lock();]]
  FINDS "DATA RACE|USER ASSERT FAILED")

heddle_mutant(job_group later_errors_are_lost
  HEADER scheduling/job_group.hpp
  IN [[std::exception_ptr take_error()]]
  REPLACE [[has_failed_.store(false, base::relaxed);]]
  BY [[]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(job_group refused_call_has_not_failed
  HEADER task_group.hpp
  IN [[void leave(]]
  REPLACE [[left.fail(why->error != nullptr ? why->error : std::make_exception_ptr(cancelled_error()));
      destroy_callable();]]
  BY [[destroy_callable();]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(job_group call_of_a_cancelled_group_is_made
  HEADER task_group.hpp
  IN [[void call()]]
  REPLACE [[!group().is_cancelled()]]
  BY [[true]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(job_group group_stays_cancelled
  HEADER scheduling/job_group.hpp
  IN [[void uncancel()]]
  REPLACE [[is_cancelled_.load(base::relaxed)]]
  BY [[false]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(job_group group_is_asked_after_its_end
  HEADER task_group.hpp
  IN [[scheduling::job_group& left = group();]]
  REPLACE [[free();
    left.end_one();]]
  BY [[left.end_one();
    if (!left.is_cancelled() || true) free();]]
  FINDS "ACCESS TO FREED MEMORY")

heddle_mutant(job_group errand_is_touched_after_its_end
  HEADER scheduling/other_stack.hpp
  IN [[static void execute(]]
  REPLACE [[sync::unpark_all(address);]]
  BY [[if (sent.has_ended_.load(base::relaxed) != 0) sync::unpark_all(address);]]
  FINDS "ACCESS TO FREED MEMORY")

heddle_mutant(job_group nobody_waits_for_an_errand
  HEADER scheduling/other_stack.hpp
  IN [[void run(queue::job& job]]
  REPLACE [[sent.wait();]]
  BY [[]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|USER ASSERT FAILED|DEADLOCK")

heddle_mutant(join who_does_not_look_up_is_left_alone
  HEADER scheduling/unanswered_plea.hpp
  IN [[bool is_redressed(]]
  REPLACE [[busy.stack.try_expose()]]
  BY [[false]]
  FINDS "LIVELOCK")

heddle_mutant(idle_policy one_more_than_enough_is_woken
  HEADER scheduling/idle_policy.hpp
  IN [[std::uint32_t take_one_to_wake(]]
  REPLACE [[searching_in(seen) < enough]]
  BY [[searching_in(seen) <= enough]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(crew fork_is_looked_for_before_it_has_arrived
  HEADER scheduling/crew.hpp
  IN [[bool somebody_forks(]]
  REPLACE [[base::let_stores_arrive();]]
  BY [[]]
  FINDS "DEADLOCK")

heddle_mutant(crew who_ends_its_search_asks_nobody
  HEADER scheduling/crew.hpp
  IN [[bool somebody_forks(]]
  REPLACE [[!asks_somebody(asking)]]
  BY [[true]]
  FINDS "DEADLOCK")

heddle_mutant(adaptive_loop what_is_taken_back_is_dropped
  HEADER scheduling/adaptive_loop.hpp
  IN [[base::section finish(]]
  REPLACE [[return how == joined::taken_back ? rest.theirs.read() : base::section{};]]
  BY [[return base::section{};]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(adaptive_loop what_a_thief_has_run_is_run_again
  HEADER scheduling/adaptive_loop.hpp
  IN [[base::section finish(]]
  REPLACE [[how == joined::taken_back]]
  BY [[how != joined::taken_back || true]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(adaptive_loop what_is_private_again_is_dropped
  HEADER scheduling/adaptive_loop.hpp
  IN [[base::section finish(]]
  REPLACE [[if (here.stack.try_pop(slot)) return rest.theirs;]]
  BY [[if (here.stack.try_pop(slot)) return base::section{};]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(adaptive_loop cut_that_failed_ends_the_loop
  HEADER scheduling/adaptive_loop.hpp
  IN [[is_begged ? tells::yes : tells::no);]]
  REPLACE [[continue;]]
  BY [[return told;]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(adaptive_loop rest_of_a_cut_part_cannot_be_stolen
  HEADER scheduling/adaptive_loop.hpp
  IN [[bool run_grains(]]
  REPLACE [[rest.mine.was_cut()]]
  BY [[false]]
  FINDS "DEADLOCK|LIVELOCK")

heddle_mutant(adaptive_loop nobody_is_told_of_a_part
  HEADER scheduling/adaptive_loop.hpp
  IN [[bool run_grains(]]
  REPLACE [[first == tells::yes]]
  BY [[false]]
  FINDS "DEADLOCK|LIVELOCK")

heddle_mutant(adaptive_loop nobody_is_told_of_a_half
  HEADER scheduling/adaptive_loop.hpp
  IN [[bool run_halves(]]
  REPLACE [[first.kind != answer::none]]
  BY [[false]]
  FINDS "DEADLOCK|LIVELOCK")

heddle_mutant(adaptive_loop half_that_is_taken_back_is_dropped
  HEADER scheduling/adaptive_loop.hpp
  IN [[bool run_halves(]]
  REPLACE [[here.stack.try_pop(slot) || join(here, slot, none) == joined::taken_back]]
  BY [[here.stack.try_pop(slot) || (join(here, slot, none) != joined::taken_back && false)]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(adaptive_loop half_that_a_thief_has_run_is_run_again
  HEADER scheduling/adaptive_loop.hpp
  IN [[bool run_halves(]]
  REPLACE [[join(here, slot, none) == joined::taken_back]]
  BY [[join(here, slot, none) != joined::taken_back || true]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(adaptive_loop reserved_hand_is_forgotten
  HEADER scheduling/adaptive_loop.hpp
  IN [[static bool tell(]]
  REPLACE [[if (what.taker != nullptr) return give(here, *what.taker);]]
  BY [[if (what.taker != nullptr) return false;]]
  FINDS "LIVELOCK")

heddle_mutant(adaptive_loop thief_cuts_as_if_it_were_the_runner
  HEADER queue/task_stack.hpp
  IN [[bool try_expose()]]
  REPLACE [[publish_up_to_head(cutter::other)]]
  BY [[publish_up_to_head(cutter::owner)]]
  FINDS "USER ASSERT FAILED|DATA RACE|ACCESS TO FREED MEMORY")

heddle_mutant(adaptive_loop last_failure_counts
  HEADER scheduling/loop_failure.hpp
  IN [[void keep(]]
  REPLACE [[at >= at_.load(base::relaxed)]]
  BY [[false]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(adaptive_loop first_failure_counts
  HEADER scheduling/loop_failure.hpp
  IN [[void keep(]]
  REPLACE [[at >= at_.load(base::relaxed)]]
  BY [[at_.load(base::relaxed) != none]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(adaptive_loop failure_ends_what_comes_before_it
  HEADER scheduling/loop_failure.hpp
  IN [[bool is_before(]]
  REPLACE [[index > at_.load(base::relaxed)]]
  BY [[at_.load(base::relaxed) != none]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(adaptive_loop failures_are_kept_without_the_mutex
  HEADER scheduling/loop_failure.hpp
  IN [[void keep(]]
  REPLACE [[failure_ = std::move(failure);]]
  BY [[mutex_.unlock();
       failure_ = std::move(failure);
       mutex_.lock();]]
  FINDS "DATA RACE|USER ASSERT FAILED")

heddle_mutant(adaptive_loop who_has_nothing_forgets_who_sleeps
  HEADER scheduling/join.hpp
  IN [[inline bool answer_beggar(]]
  REPLACE [[here.home.somebody_has_forked(here)]]
  BY [[false]]
  FINDS "DEADLOCK")

heddle_mutant(crew who_ends_its_search_wishes_no_place
  HEADER scheduling/crew.hpp
  IN [[bool somebody_forks_for_place(]]
  REPLACE [[places_.ask()]]
  BY [[places_.has_one()]]
  FINDS "DEADLOCK")

heddle_mutant(crew guests_take_no_place
  HEADER scheduling/loop_places.hpp
  IN [[std::int64_t places() const noexcept]]
  REPLACE [[all() - guests_.taken()]]
  BY [[all()]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(crew helper_keeps_its_place_whoever_comes
  HEADER scheduling/crew.hpp
  IN [[bool take_place(]]
  REPLACE [[asking.helps_loops && places_.are_overfull()]]
  BY [[false]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(crew who_ends_its_search_looks_once
  HEADER scheduling/crew.hpp
  IN [[bool somebody_forks(]]
  REPLACE [[return has_forked(asking);]]
  BY [[return false;]]
  FINDS "DEADLOCK")

heddle_mutant(crew who_ends_its_search_looks_at_no_stack
  HEADER scheduling/crew.hpp
  IN [[bool somebody_forks_for_place(]]
  REPLACE [[somebody_forks(&asking)]]
  BY [[false]]
  FINDS "DEADLOCK")

heddle_mutant(stop_state request_is_looked_for_without_the_lock
  HEADER base/stop_state.hpp
  IN [[bool request_stop()]]
  REPLACE [[if (is_requested()) return false;]]
  BY [[lock.unlock();
       const bool was_requested = is_requested();
       lock.lock();
       if (was_requested) return false;]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(stop_state callbacks_are_called_under_the_lock
  HEADER base/stop_state.hpp
  IN [[bool request_stop()]]
  REPLACE [[lock.unlock();
      next->call_(*next);
      lock.lock();]]
  BY [[next->call_(*next);]]
  FINDS "LIVELOCK")

heddle_mutant(stop_state callback_is_touched_after_its_call
  HEADER base/stop_state.hpp
  IN [[next->call_(*next);]]
  REPLACE [[lock.lock();]]
  BY [[lock.lock();
       next->next_ = nullptr;]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE")

heddle_mutant(stop_state request_passes_before_the_callback_is_listed
  HEADER base/stop_state.hpp
  IN [[bool try_add(]]
  REPLACE [[put_first(added);]]
  BY [[lock_.unlock();
       lock_.lock();
       put_first(added);]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(stop_state destroyer_does_not_wait
  HEADER base/stop_state.hpp
  IN [[void remove(]]
  REPLACE [[wait_while_running(removed);]]
  BY [[]]
  FINDS "DATA RACE|ACCESS TO FREED MEMORY")

heddle_mutant(stop_state callback_that_destroys_itself_waits_for_its_end
  HEADER base/stop_state.hpp
  IN [[void remove(]]
  REPLACE [[requester_ == thread_number()]]
  BY [[false]]
  FINDS "LIVELOCK")

heddle_mutant(stop_state list_is_left_without_the_lock
  HEADER base/stop_state.hpp
  IN [[void remove(]]
  REPLACE [[if (removed.is_listed_) return take_out(removed);]]
  BY [[if (removed.is_listed_) {
         lock_.unlock();
         take_out(removed);
         lock_.lock();
         return;
       }]]
  FINDS "DATA RACE|ACCESS TO FREED MEMORY|USER ASSERT FAILED")

heddle_mutant(stop_state callback_that_is_called_seems_listed
  HEADER base/stop_state.hpp
  IN [[stop_listener* take_first()]]
  REPLACE [[first->is_listed_ = false;]]
  BY [[]]
  FINDS "DATA RACE|ACCESS TO FREED MEMORY|USER ASSERT FAILED")

heddle_mutant(stop_state source_that_goes_takes_the_request_along
  HEADER base/stop_state.hpp
  IN [[void remove_source()]]
  REPLACE [[word_.fetch_sub(one_source, relaxed);]]
  BY [[word_.store(word_.load(relaxed) - one_source, relaxed);]]
  FINDS "USER ASSERT FAILED")

heddle_mutant(stop_state state_ends_with_the_source_that_requests
  HEADER base/stop_state.hpp
  IN [[stop_source(nostopstate_t)]]
  REPLACE [[shared_value<stop_state>(state_)->request_stop()]]
  BY [[state_->request_stop()]]
  FINDS "ACCESS TO FREED MEMORY")

# What is due later.
heddle_mutant(revocable object_goes_while_it_is_used
  HEADER base/revocable.hpp
  IN [[void revoke() noexcept]]
  REPLACE [[static_cast<std::uint32_t>(room_->word.load(acquire)) != 0]]
  BY [[room_->word.load(acquire) == 0]]
  FINDS "DATA RACE|ACCESS TO FREED MEMORY|USER ASSERT FAILED")
heddle_mutant(revocable old_tickets_lead_to_the_next_object
  HEADER base/revocable.hpp
  IN [[bool try_use(]]
  REPLACE [[number_of(seen) != number_]]
  BY [[number_of(seen) < number_]]
  FINDS "DATA RACE|ACCESS TO FREED MEMORY|USER ASSERT FAILED")
heddle_mutant(flattened inner_state_goes_while_it_is_asked_to_stop
  HEADER completion/flattened.hpp
  IN [[void end_as_inner()]]
  REPLACE [[inner_use_.exchange(inner_use::ended, base::acq_rel) != inner_use::asked_to_stop]]
  BY [[inner_use_.exchange(inner_use::ended, base::acq_rel) != inner_use::ended]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|USER ASSERT FAILED")
heddle_mutant(flattened call_that_has_ended_tells_nobody
  HEADER completion/continuation.hpp
  IN [[void start() noexcept]]
  REPLACE [[if (!held_.parent.state().try_add(*this)) tell(*this);]]
  BY [[static_cast<void>(held_.parent.state().try_add(*this));]]
  FINDS "DEADLOCK")
heddle_mutant(joined_futures ends_early_while_it_registers
  HEADER joined_futures.hpp
  IN [[void note_end(]]
  REPLACE [[if (found == registered) end_early(index);]]
  BY [[end_early(index);]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|USER ASSERT FAILED|DEADLOCK")
heddle_mutant(joined_futures end_before_registration_is_lost
  HEADER joined_futures.hpp
  IN [[void start() noexcept]]
  REPLACE [[if (!early_.compare_exchange_strong(found, registered, base::release, base::acquire)) end_early(found);]]
  BY [[early_.compare_exchange_strong(found, registered, base::release, base::acquire);]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|USER ASSERT FAILED|DEADLOCK")
heddle_mutant(dependent ends_early_while_it_is_made
  HEADER completion/dependent.hpp
  IN [[compare_exchange_weak(found, index]]
  REPLACE [[found == none]]
  BY [[found != index]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|USER ASSERT FAILED|DEADLOCK|MEMORY LEAK")
heddle_mutant(dependent begins_when_one_is_done
  HEADER completion/dependent.hpp
  IN [[void count_down(]]
  REPLACE [[if (untold.fetch_sub(by, base::acq_rel) != by) return;]]
  BY [[if (untold.fetch_sub(by, base::acq_rel) > by + 1) return;]]
  FINDS "ACCESS TO FREED MEMORY|DATA RACE|USER ASSERT FAILED|DEADLOCK|MEMORY LEAK")

heddle_mutant(task_slots revoking_does_not_look
  HEADER process/task_slots.hpp
  IN [[bool try_revoke(]]
  REPLACE [[return word_of(task).compare_exchange_strong(expected, word(task, state::revoked), base::acquire, base::acquire);]]
  BY [[word_of(task).store(word(task, state::revoked), base::relaxed);
    return expected != 0;]]
  FINDS "USER ASSERT FAILED|DATA RACE")

heddle_mutant(task_slots claiming_does_not_look
  HEADER process/task_slots.hpp
  IN [[taken take(]]
  REPLACE [[word_of(task).compare_exchange_strong(seen, word(task, state::claimed), base::acq_rel, base::acquire)]]
  BY [[(word_of(task).store(word(task, state::claimed), base::relaxed), true)]]
  FINDS "USER ASSERT FAILED|DATA RACE")

heddle_mutant(given_calls taking_leaves_it_there
  HEADER process/given_calls.hpp
  IN [[Call* take(]]
  REPLACE [[place(number).exchange(nullptr, base::acq_rel)]]
  BY [[place(number).load(base::acquire)]]
  FINDS "USER ASSERT FAILED|DATA RACE")

heddle_mutant(given_calls no_place_is_kept
  HEADER process/given_calls.hpp
  IN [[Call* take(]]
  REPLACE [[read_.store(number, base::relaxed);]]
  BY [[static_cast<void>(number);]]
  FINDS "USER ASSERT FAILED|DATA RACE")

heddle_mutant(given_calls nobody_says_that_it_is_written
  HEADER process/given_calls.hpp
  IN [[void begin_writing(]]
  REPLACE [[written_.store(number, base::relaxed);]]
  BY [[static_cast<void>(number);]]
  FINDS "USER ASSERT FAILED|DATA RACE")

heddle_mutant(doorbell who_waits_does_not_say_so
  HEADER process/doorbell.hpp
  IN [[void prepare(]]
  REPLACE [[word_.exchange(who, base::acq_rel);]]
  BY [[word_.store(who, base::relaxed);]]
  FINDS "DEADLOCK")

heddle_mutant(doorbell ringing_only_looks
  HEADER process/doorbell.hpp
  IN [[caller ring(]]
  REPLACE [[return word_.exchange(nobody, base::acq_rel);]]
  BY [[return word_.load(base::acquire);]]
  FINDS "DEADLOCK")

heddle_mutant(doorbell who_is_patient_is_only_looked_for
  HEADER process/doorbell.hpp
  IN [[caller ring_others_than(]]
  REPLACE [[if (word_.compare_exchange_strong(seen, who, base::release, base::relaxed)) return nobody;]]
  BY [[if (word_.load(base::acquire) == seen) return nobody;]]
  FINDS "DEADLOCK")

heddle_mutant(byte_ring what_is_free_is_not_looked_for
  HEADER process/byte_ring.hpp
  IN [[std::size_t free_bytes(]]
  REPLACE [[read_ + bytes_.size() - placed_]]
  BY [[bytes_.size()]]
  FINDS "DATA RACE|USER ASSERT FAILED")

heddle_mutant(byte_ring what_is_there_is_not_looked_for
  HEADER process/byte_ring.hpp
  IN [[std::size_t readable_bytes(]]
  REPLACE [[written_ - taken_]]
  BY [[bytes_.size()]]
  FINDS "DATA RACE|USER ASSERT FAILED")
