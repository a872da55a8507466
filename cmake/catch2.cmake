# SPDX-License-Identifier: MIT
# heddle_catch2: Catch2 with its main(), from the system (version 3, else 2), else downloaded.
# tests/support/catch.hpp hides what differs between the two.

if(NOT HEDDLE_STDLIB)
  find_package(Catch2 3 QUIET)
endif()
if(NOT Catch2_FOUND)
  find_package(Catch2 2 QUIET)
endif()
if(NOT Catch2_FOUND)
  message(STATUS "heddle: no Catch2 on this system, downloading it")
  include(FetchContent)
  FetchContent_Declare(
    Catch2
    URL https://github.com/catchorg/Catch2/archive/refs/tags/v3.7.1.tar.gz
    URL_HASH SHA256=c991b247a1a0d7bb9c39aa35faf0fe9e19764213f28ffba3109388e62ee0269c
    DOWNLOAD_EXTRACT_TIMESTAMP ON)
  FetchContent_MakeAvailable(Catch2)
  target_compile_options(Catch2 PRIVATE ${heddle_runtime_options})
  target_compile_options(Catch2WithMain PRIVATE ${heddle_runtime_options})
  list(APPEND CMAKE_MODULE_PATH "${catch2_SOURCE_DIR}/extras")
endif()

if(Catch2_FOUND AND Catch2_VERSION VERSION_LESS 3)
  # From its headers alone: a compiled Catch2 fits one standard library only.
  add_library(heddle_catch2 STATIC support/catch_main.cpp)
  target_link_libraries(heddle_catch2 PUBLIC Catch2::Catch2)
  target_compile_features(heddle_catch2 PRIVATE cxx_std_20)
  target_compile_options(heddle_catch2 PRIVATE ${heddle_runtime_options})
  set(heddle_catch2_arguments --warn NoTests) # a name that matches no test is an error, as in version 3
else()
  add_library(heddle_catch2 INTERFACE)
  target_link_libraries(heddle_catch2 INTERFACE Catch2::Catch2WithMain)
  set(heddle_catch2_arguments "")
endif()
include(Catch)
