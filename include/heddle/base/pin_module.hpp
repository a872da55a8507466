// SPDX-License-Identifier: MIT
// The seam between heddle and dynamic loading: code that threads still run must not be unloaded.
#pragma once

#if defined(__linux__) || defined(__APPLE__)
#include <dlfcn.h>
#elif defined(_WIN32)
extern "C" __declspec(dllimport) int __stdcall GetModuleHandleExA(unsigned long, const char*, void**);
#endif

namespace heddle::base {

/// Keeps the program or shared object that this code is compiled into from being unloaded, until the process ends. For
/// threads that nobody joins. Where it fails, as in a static program, nothing can be unloaded.
inline void pin_this_module() noexcept {
  static constexpr char here = 0;
#if defined(__linux__) || defined(__APPLE__)
  Dl_info module;
  if (::dladdr(&here, &module) != 0)
    static_cast<void>(::dlopen(module.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE));
#elif defined(_WIN32)
  constexpr unsigned long pin_by_address = 1 | 4;  // GET_MODULE_HANDLE_EX_FLAG_PIN, ..._FROM_ADDRESS
  void* module = nullptr;
  static_cast<void>(::GetModuleHandleExA(pin_by_address, &here, &module));
#endif
}

}  // namespace heddle::base
