// SPDX-License-Identifier: MIT
// Blocks that other threads free come back to their owner once each, whoever ends meanwhile, and are nobody's else
// until then.
#include <cstddef>
#include <heddle/base/atomic.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace heddle_model {
/// The caches of one interleaving: instrumented.cmake makes it a friend of theirs.
struct caches_of_a_run;
inline void* idle_caches = nullptr;
}  // namespace heddle_model

#include <heddle/base/block_cache.hpp>

namespace heddle_model {

using heddle::base::block_cache;

struct caches_of_a_run {
  block_cache::idle_list idle;

  caches_of_a_run() { idle_caches = &idle; }

  /// As at the end of a thread.
  static void leave() { const block_cache::leaver at_end; }

  /// When all threads have left: frees everything, and says how many blocks there were.
  int end() {
    int blocks = 0;
    while (block_cache* const cache = idle.first) {
      idle.first = cache->next_idle_;
      blocks += destroy(cache->free_) + destroy(cache->inbox_.load(heddle::base::relaxed)) + uncarved(*cache);
      while (block_cache::slab* const slab = cache->slabs_) {
        cache->slabs_ = slab->older;
        slabs += 1;
        ::operator delete(slab, std::align_val_t{block_cache::slab_size});
      }
      delete cache;
    }
    return blocks;
  }
  int expected() const { return slabs * blocks_of_slab; }

  static constexpr int blocks_of_slab = static_cast<int>(block_cache::slab_size / block_cache::block_size) - 1;
  int slabs = 0;

 private:
  static int destroy(block_cache::block* first) {
    int count = 0;
    for (; first != nullptr; ++count) {
      block_cache::block* const destroyed = first;
      first = first->next;
      destroyed->~block();
    }
    return count;
  }
  static int uncarved(const block_cache& cache) {
    return static_cast<int>((cache.uncarved_end_ - cache.uncarved_) / std::ptrdiff_t{block_cache::block_size});
  }
};

}  // namespace heddle_model

namespace {

using heddle::base::acquire;
using heddle::base::block_cache;
using heddle::base::release;
using heddle_model::caches_of_a_run;
using heddle_model::model;
using heddle_model::plain;

/// Who has a block writes to it, and has it alone.
template <class Derived, int ThreadCount>
struct cache_model : model<Derived, ThreadCount> {
  static constexpr int most_blocks = 16;
  caches_of_a_run caches;
  void* known[most_blocks] = {};
  bool is_taken[most_blocks] = {};
  plain<int> content[most_blocks];

  int index_of(const void* block) {
    int i = 0;
    while (known[i] != nullptr && known[i] != block) HEDDLE_MODEL_CHECK(++i < most_blocks);
    known[i] = const_cast<void*>(block);
    return i;
  }
  void* take() {
    void* const taken = block_cache::allocate();
    const int i = index_of(taken);
    HEDDLE_MODEL_CHECK(!is_taken[i]);
    is_taken[i] = true;
    content[i] = 1;
    return taken;
  }
  void free(void* block) {
    const int i = index_of(block);
    content[i] = 0;
    is_taken[i] = false;
    block_cache::deallocate(block);
  }

  void after() {
    const int found = caches.end();
    HEDDLE_MODEL_CHECK(found == caches.expected());
  }
};

/// A place where one thread leaves a block for another one.
struct hand_over {
  heddle::base::atomic<void*> block{nullptr};
  void put(void* given) { block.store(given, release); }
  void* get() {
    for (;;) {
      if (void* const given = block.load(acquire)) return given;
      heddle::base::pause();
    }
  }
};

/// They come back while the owner takes more.
struct another_one_frees : cache_model<another_one_frees, 2> {
  hand_over places[2];
  void thread(unsigned index) {
    if (index == 0) {
      for (hand_over& each : places) each.put(take());
      for (int i = 0; i != 2; ++i) free(take());
      void* const held[] = {take(), take()};
      for (void* each : held) free(each);
    } else {
      for (hand_over& each : places) free(each.get());
    }
    caches_of_a_run::leave();
  }
};

/// Chains of two come at the same time; each was begun with a block of the other one's.
struct two_free : cache_model<two_free, 3> {
  hand_over places[2];
  void thread(unsigned index) {
    if (index == 0) {
      for (hand_over& each : places) each.put(take());
      void* const held[] = {take(), take()};
      for (void* each : held) free(each);
    } else {
      free(places[index - 1].get());
    }
    caches_of_a_run::leave();
  }
};

/// The owner may have ended when its block is freed, and the other one may get its cache.
struct owner_ends : cache_model<owner_ends, 2> {
  hand_over place;
  void thread(unsigned index) {
    if (index == 0) {
      place.put(take());
    } else {
      if (heddle_model::choose(2) == 1) free(take());
      free(place.get());
      free(take());
    }
    caches_of_a_run::leave();
  }
};

/// Each frees what the other one made, and ends; a third one begins with what they leave.
struct three_owners : cache_model<three_owners, 3> {
  hand_over places[3];
  void thread(unsigned index) {
    places[index].put(take());
    free(places[(index + 1) % 3].get());
    caches_of_a_run::leave();
  }
};

/// One thread frees blocks of two owners in turn.
struct chains_change_owner : cache_model<chains_change_owner, 3> {
  hand_over places[3];
  void thread(unsigned index) {
    if (index == 2) {
      for (hand_over& each : places) free(each.get());
    } else {
      places[index].put(take());
      if (index == 0) places[2].put(take());
    }
    caches_of_a_run::leave();
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("base/block_cache.hpp",
                 {
                     explore<another_one_frees>("another one frees", at_most_switches(3)),
                     explore<owner_ends>("the owner ends", at_most_switches(3)),
                     explore<two_free>("two free", at_most_switches(2)),
                     explore<three_owners>("three owners", at_most_switches(1)),
                     explore<chains_change_owner>("chains change their owner", at_most_switches(2)),
                 },
                 {});
  return models.run(argc, argv);
}
