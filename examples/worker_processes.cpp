// SPDX-License-Identifier: MIT
// Calls in processes: what goes wrong there is an error of one call.
//
// expected output: ^42$
// expected output: ^crashed: the worker process [0-9]+ that ran this call died of signal 11
// expected output: ^threw stoi
// expected output: ^7$

#include <heddle/process_pool_executor.hpp>

#include <csignal>
#include <iostream>
#include <stdexcept>
#include <string>

int parse(const std::string& text) {
  if (text == "a killer") std::raise(SIGSEGV);
  return std::stoi(text);
}

int main(int argc, char** argv) {
  heddle::init(argc, argv);  // first of all
  heddle::process_pool_executor procs{{.max_workers = 4}};
  for (const char* text : {"42", "a killer", "not a number", "7"}) {
    try {
      std::cout << procs.submit(parse, text).result() << '\n';
    } catch (const heddle::worker_died& crash) {
      std::cout << "crashed: " << crash.what() << '\n';
    } catch (const std::invalid_argument& error) {
      std::cout << "threw " << error.what() << '\n';
    }
  }
}
