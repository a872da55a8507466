// SPDX-License-Identifier: MIT
// The functions of the shared object.
#pragma once

using heddle_test_function = int (*)(int);

extern "C" int heddle_test_times_three(int x);
/// A function that the shared object does not export.
extern "C" heddle_test_function heddle_test_hidden_function();
