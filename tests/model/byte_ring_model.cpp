// SPDX-License-Identifier: MIT
// A ring of bytes between two processes: what is read was written, and nothing is written over that is still read.
#include <heddle/process/byte_ring.hpp>

#include <array>
#include <cstddef>

#include "model/checker.hpp"
#include "model/model.hpp"

namespace {

using heddle::base::plain;
using heddle::process::ring_positions;
using heddle::process::ring_reader;
using heddle::process::ring_writer;
using heddle_model::model;

/// The bytes are plain fields beside the ring's own, which only say where. Each side looks a few times.
template <class Derived, unsigned Looks>
struct written_and_read : model<Derived, 2> {
  ring_positions shared;
  std::array<std::byte, 2> bytes{};
  plain<unsigned> cells[2];
  ring_writer writer{shared, bytes};
  ring_reader reader{shared, bytes};

  void write() {
    for (unsigned look = 0; look < Looks; ++look) {
      const auto room = writer.room();
      for (const std::byte& each : room) cells[&each - bytes.data()] = static_cast<unsigned>(next_written++);
      writer.place(room.size());
      if (!room.empty()) writer.publish();
    }
    HEDDLE_MODEL_CHECK(!writer.is_broken());
  }
  void read() {
    for (unsigned look = 0; look < Looks; ++look) {
      const auto found = reader.available();
      for (const std::byte& each : found)
        HEDDLE_MODEL_CHECK(cells[&each - bytes.data()] == static_cast<unsigned>(next_read++));
      reader.take(found.size());
      if (!found.empty()) reader.release();
    }
    HEDDLE_MODEL_CHECK(!reader.is_broken());
  }
  void thread(unsigned index) { index == 0 ? write() : read(); }

  unsigned next_written = 0;
  unsigned next_read = 0;
};

struct few_looks : written_and_read<few_looks, 3> {};
struct more_looks : written_and_read<more_looks, 5> {};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("process/byte_ring.hpp",
                 {
                     explore<few_looks>("few looks", everything),
                     explore<more_looks>("more looks", random_runs(50'000)),
                 },
                 {});
  return models.run(argc, argv);
}
