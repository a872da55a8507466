// SPDX-License-Identifier: MIT
// What runs in workers is counted where HEDDLE_COVERAGE is defined: each line as often as its comment says, however
// the workers are started, and end.
#include <heddle/process_pool_executor.hpp>

#include <cstdlib>

namespace {

int in_program(int value) {
  return value + 1;  // runs 3 times
}

int in_workers(int value) {
  return 2 * value;  // runs 12 times
}

int in_the_end() {
  std::exit(in_workers(2));  // runs 2 times
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) heddle::init(argc, argv);
  int sum = in_program(0) + in_program(1);
  {
    heddle::process_pool_executor procs{{.max_workers = 2, .max_tasks_per_child = 3}};
    for (int i = 0; i < 10; ++i) sum += procs.submit(in_workers, i).result();
    for (int i = 0; i < 2; ++i) procs.submit(in_the_end).wait();
  }
  return in_program(sum) == 94 ? 0 : 1;
}
