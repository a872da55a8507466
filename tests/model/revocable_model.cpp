// SPDX-License-Identifier: MIT
// Who enters by a ticket finds the object there, or a closed door; also where another object has the room by now.
#include <heddle/base/revocable.hpp>
#include <optional>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {
struct object;
}

namespace heddle_model {

/// The free rooms of one interleaving.
struct rooms_of_a_run {
  using revocable = heddle::base::revocable<object>;
  revocable::free_list all;

  rooms_of_a_run() { free_rooms = &all; }
  ~rooms_of_a_run() {
    while (revocable::room* const freed = all.first) {
      all.first = freed->next_free;
      delete freed;
    }
    free_rooms = nullptr;
  }
};

}  // namespace heddle_model

namespace {

using heddle::base::revocable;
using heddle_model::model;
using heddle_model::plain;
using heddle_model::rooms_of_a_run;

struct object {
  explicit object(int its_number) : number(its_number) {}
  plain<int> number;
  plain<int> uses[2] = {0, 0};
  std::optional<revocable<object>> way_in;
};

using ticket = revocable<object>::ticket;

/// Two threads enter while a third one destroys the object.
struct two_enter : model<two_enter, 3> {
  std::optional<rooms_of_a_run> rooms;
  object* there = nullptr;
  std::optional<ticket> given;
  int entered[2] = {};
  int seen_uses = 0;

  void before() {
    rooms.emplace();
    there = new object(7);
    there->way_in.emplace(*there);
    given = there->way_in->make_ticket();
  }
  void thread(unsigned index) {
    if (index == 2) {
      there->way_in->revoke();
      seen_uses = there->uses[0] + there->uses[1];
      delete there;
      return;
    }
    for (int round = 0; round < 2; ++round) {
      const bool is_there = given->try_use([&](object& found) {
        HEDDLE_MODEL_CHECK(found.number == 7);
        ++found.uses[index];
      });
      if (is_there) HEDDLE_MODEL_CHECK(entered[index] == round);  // once the door is closed it stays so
      if (is_there) ++entered[index];
    }
  }
  void after() {
    HEDDLE_MODEL_CHECK(seen_uses == entered[0] + entered[1]);
    rooms.reset();
  }
};

/// The next object gets the room while old tickets are about, and one of its own.
struct the_next_object : model<the_next_object, 2> {
  std::optional<rooms_of_a_run> rooms;
  object* there = nullptr;
  std::optional<ticket> given;

  void before() {
    rooms.emplace();
    there = new object(7);
    there->way_in.emplace(*there);
    given = there->way_in->make_ticket();
  }
  void thread(unsigned index) {
    if (index == 0) {
      there->way_in->revoke();
      object next(8);
      next.way_in.emplace(next);
      const ticket of_next = next.way_in->make_ticket();
      HEDDLE_MODEL_CHECK(of_next != *given);
      const auto uses_next = [](object& found) { HEDDLE_MODEL_CHECK(found.number == 8); };
      HEDDLE_MODEL_CHECK(of_next.try_use(uses_next));
      next.way_in->revoke();
      HEDDLE_MODEL_CHECK(!of_next.try_use(uses_next));
      return;
    }
    given->try_use([](object& found) { HEDDLE_MODEL_CHECK(found.number == 7); });
  }
  void after() {
    HEDDLE_MODEL_CHECK(!given->try_use([](object&) {}));
    delete there;
    rooms.reset();
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("base/revocable.hpp",
                 {
                     explore<the_next_object>("the next object gets the room", at_most_switches(4)),
                     explore<two_enter>("two enter while the object goes", at_most_switches(3)),
                 },
                 {});
  return models.run(argc, argv);
}
