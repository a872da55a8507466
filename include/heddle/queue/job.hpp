// SPDX-License-Identifier: MIT
// The unit that queues move and workers run: a link and its code, no result.
#pragma once

#include <cstddef>
#include <exception>

#include <heddle/base/atomic.hpp>
#include <heddle/queue/job_home.hpp>

namespace heddle::queue {

/// Why a job leaves its queue without having run: an error, or null when it is cancelled. `ended`, if it is not null,
/// counts the calls that end so: not tombstones.
struct refusal {
  std::exception_ptr error = nullptr;
  base::atomic<std::size_t>* ended = nullptr;

  void note_end() const noexcept {
    if (ended != nullptr) ended->fetch_add(1, base::relaxed);  // relaxed: a count
  }
};

/// A job is the base of what owns it; a queue only links it. Whoever takes it out of its queue calls run() or refuse(),
/// exactly once, and does not touch it afterwards: the call may free it. Of a tombstone, which somebody else has run or
/// cancelled, both do nothing else.
class job {
 public:
  /// The code of a job: one function that answers several requests, so that a job carries one pointer and no vtable.
  using code = void (*)(job&, unsigned request, const refusal* why) noexcept;
  static constexpr unsigned run_request = 0;
  static constexpr unsigned refuse_request = 1;
  static constexpr unsigned inquiry_request =
      2;  // is it a tombstone? `why` is an inquiry; the answer "no" is no answer
  static constexpr unsigned first_own_request = 3;  // from here on the requests belong to the class derived from job

  explicit job(code its_code, const job_home* its_home = nullptr) noexcept : code_(its_code), home_(its_home) {}
  job(const job&) = delete;
  job& operator=(const job&) = delete;

  /// The identity of those who may run the job out of turn when they wait for it: a pool, whose workers may; a group;
  /// null: nobody.
  [[nodiscard]] const job_home* home() const noexcept { return home_; }

  void run() noexcept { code_(*this, run_request, nullptr); }
  void refuse(const refusal& why) noexcept { code_(*this, refuse_request, &why); }

  /// Whether somebody else has run or cancelled it; then it stays so. For who holds it in a queue.
  [[nodiscard]] bool is_tombstone() noexcept { return inquire(inquiry_request); }

  job* next = nullptr;  // belongs to the queue that holds the job

 protected:
  ~job() = default;
  void ask(unsigned own_request, const refusal* more = nullptr) noexcept { code_(*this, own_request, more); }

  /// Whether answer_inquiry() is called for the request.
  [[nodiscard]] bool inquire(unsigned request) noexcept {
    inquiry asked;
    code_(*this, request, &asked);
    return asked.answer;
  }
  static void answer_inquiry(const refusal* asked) noexcept { static_cast<const inquiry*>(asked)->answer = true; }

 private:
  struct inquiry : refusal {
    mutable bool answer = false;
  };

  code code_;
  const job_home* home_;
};

}  // namespace heddle::queue
