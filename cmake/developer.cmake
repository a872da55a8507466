# SPDX-License-Identifier: MIT
# What heddle's own programs are built with and its users never see: warnings as errors, a sanitizer, a standard library.

set(HEDDLE_SANITIZE "" CACHE STRING "Sanitizers for tests, benchmarks and examples: thread, or address,undefined")
set(HEDDLE_STDLIB "" CACHE STRING "Standard library for tests and examples: libc++ (Clang only), or empty for the default")
set_property(CACHE HEDDLE_SANITIZE PROPERTY STRINGS "" "thread" "address,undefined")
set_property(CACHE HEDDLE_STDLIB PROPERTY STRINGS "" "libc++")

set(heddle_runtime_options "")
if(HEDDLE_SANITIZE)
  list(APPEND heddle_runtime_options -fsanitize=${HEDDLE_SANITIZE} -fno-sanitize-recover=all)
endif()
if(HEDDLE_STDLIB)
  list(APPEND heddle_runtime_options -stdlib=${HEDDLE_STDLIB})
endif()

add_library(heddle_warnings INTERFACE)
if(MSVC)
  target_compile_options(heddle_warnings INTERFACE /W4 /WX)
else()
  target_compile_options(heddle_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
  # What Clang 19 says of its own -march=native where the CPU has AVX10.
  target_compile_options(
    heddle_warnings INTERFACE
    "$<$<CXX_COMPILER_ID:Clang>:-Wno-unknown-warning-option;-Wno-invalid-feature-combination>")
endif()
if(HEDDLE_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Sanitizers' code makes GCC 12 see uninitialized members in std::regex (GCC bug 105562).
  target_compile_options(heddle_warnings INTERFACE -Wno-maybe-uninitialized)
endif()

add_library(heddle_developer INTERFACE)
target_link_libraries(heddle_developer INTERFACE heddle heddle_warnings)
target_compile_options(heddle_developer INTERFACE ${heddle_runtime_options})
target_link_options(heddle_developer INTERFACE ${heddle_runtime_options})
if(HEDDLE_SANITIZE)
  target_compile_options(heddle_developer INTERFACE -fno-omit-frame-pointer)
endif()
