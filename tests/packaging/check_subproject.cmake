# SPDX-License-Identifier: MIT
# Configures tests/packaging/subproject with a trace, and fails when heddle's own files download anything, run a
# program, look for a package other than Threads, or add an install rule.
# cmake -D HEDDLE_CHECKOUT=... -D WORK=... -D GENERATOR=... -D CXX=... -P check_subproject.cmake
cmake_minimum_required(VERSION 3.23)

execute_process(
  COMMAND "${CMAKE_COMMAND}" --fresh -G "${GENERATOR}" -S "${CMAKE_CURRENT_LIST_DIR}/subproject" -B "${WORK}"
          "-DCMAKE_CXX_COMPILER=${CXX}" "-DHEDDLE_CHECKOUT=${HEDDLE_CHECKOUT}"
          --trace-expand --trace-format=json-v1 "--trace-redirect=${WORK}.trace"
  COMMAND_ERROR_IS_FATAL ANY)

# A line of the trace is a call: {"args":["Threads","REQUIRED"],"cmd":"find_package","file":"...",...}. Brackets and
# semicolons go first, for they would upset the list of lines. Names of commands have no case.
file(READ "${WORK}.trace" trace)
string(REGEX REPLACE "[][;]" "" trace "${trace}")
string(TOLOWER "${trace}" trace)
string(TOLOWER "${HEDDLE_CHECKOUT}/" checkout)
string(REPLACE "\n" ";" calls "${trace}")
set(watched "file|execute_process|find_[a-z]+|fetchcontent_[a-z]+|externalproject_[a-z]+")
list(FILTER calls INCLUDE REGEX "\"cmd\":\"(${watched})\"")

set(seen_threads FALSE)
foreach(call IN LISTS calls)
  string(REGEX MATCH "\"args\":\"?([^\",]*).*\"cmd\":\"([^\"]*)\".*\"file\":\"([^\"]*)\"" matched "${call}")
  set(argument "${CMAKE_MATCH_1}")
  set(command "${CMAKE_MATCH_2}")
  set(file "${CMAKE_MATCH_3}")
  string(FIND "${file}" "${checkout}" at)
  if(NOT at EQUAL 0 OR file MATCHES "/tests/packaging/subproject/")
    continue()
  endif()
  if(command STREQUAL "find_package" AND argument STREQUAL "threads")
    set(seen_threads TRUE)
  elseif(NOT command STREQUAL "file" OR argument MATCHES "^(download|upload)$")
    message(SEND_ERROR "configured as a subproject, heddle calls ${command}(${argument} ...) in ${file}")
  endif()
endforeach()
if(NOT seen_threads)
  message(SEND_ERROR "the trace does not show heddle's find_package(Threads): it was not read rightly")
endif()

file(STRINGS "${WORK}/heddle/cmake_install.cmake" install_rules REGEX "file\\(INSTALL")
if(install_rules)
  message(SEND_ERROR "as a subproject, heddle installs: ${install_rules}")
endif()
