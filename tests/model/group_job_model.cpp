// SPDX-License-Identifier: MIT
// A job that lies in a queue and in its group's list: it is called once, by who claimed it first, and freed once, by
// who lets go of it last.
#include <heddle/base/spin_lock.hpp>
#include <heddle/queue/job_home.hpp>
#include <heddle/scheduling/group_job.hpp>
#include <mutex>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace heddle::scheduling {

/// What a job needs of its group.
class job_group final : public queue::job_home {
 public:
  void add(group_job& added) {
    const std::lock_guard held(lock);
    listed.push(added);
  }
  void remove_from_list(group_job& removed) {
    const std::lock_guard held(lock);
    listed.remove(removed);
  }
  group_job* try_claim() {
    const std::lock_guard held(lock);
    return listed.try_claim();
  }

 private:
  base::spin_lock lock;
  group_list listed;
};

inline group_job::group_job(code its_code, job_group& group) noexcept : job(its_code, &group) {}
inline job_group& group_job::group() const noexcept {
  return const_cast<job_group&>(*static_cast<const job_group*>(home()));
}

}  // namespace heddle::scheduling

namespace {

using heddle::queue::job;
using heddle::queue::refusal;
using heddle::scheduling::group_job;
using heddle::scheduling::job_group;
using heddle_model::model;
using heddle_model::plain;

/// As those of task_group.
class counted_job final : public group_job {
 public:
  counted_job(job_group& group, plain<int>& calls) : group_job(&answer, group), calls_(calls) {}

 private:
  static void answer(job& self, unsigned request, const refusal*) noexcept {
    auto& asked = static_cast<counted_job&>(self);
    request == run_claimed_request ? asked.run_from_list() : asked.leave();
  }
  void leave() noexcept {
    const dequeued found = leave_queue();
    if (found == dequeued::tombstone_to_free) delete this;
    if (found != dequeued::mine) return;
    group().remove_from_list(*this);
    call();
    delete this;
  }
  void run_from_list() noexcept {
    call();
    if (finish_claimed()) delete this;
  }
  void call() { calls_ = calls_ + 1; }

  plain<int>& calls_;
};

/// Thread 0 is who takes the jobs out of the queue, the others wait for the group.
template <int Helpers, int Jobs>
struct claimed_here_and_there : model<claimed_here_and_there<Helpers, Jobs>, Helpers + 1> {
  job_group group;
  plain<int> calls[Jobs];
  counted_job* jobs[Jobs] = {};

  void before() {
    for (int i = 0; i != Jobs; ++i) {
      calls[i] = 0;
      jobs[i] = new counted_job(group, calls[i]);
      group.add(*jobs[i]);
    }
  }
  void thread(unsigned index) {
    if (index != 0) {
      while (group_job* const claimed = group.try_claim()) claimed->run_claimed();
      return;
    }
    for (counted_job* each : jobs) each->run();
  }
  void after() {
    for (const plain<int>& each : calls) HEDDLE_MODEL_CHECK(each == 1);
    HEDDLE_MODEL_CHECK(group.try_claim() == nullptr);
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("scheduling/group_job.hpp",
                 {
                     explore<claimed_here_and_there<1, 1>>("one job", at_most_switches(4)),
                     explore<claimed_here_and_there<1, 2>>("two jobs", at_most_switches(3)),
                     explore<claimed_here_and_there<2, 2>>("two jobs and two helpers", at_most_switches(2)),
                 },
                 {});
  return models.run(argc, argv);
}
