# SPDX-License-Identifier: MIT
# Reads heddle's version from include/heddle/version.hpp, the only place where it is written.

function(heddle_read_version result)
  set(header "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../include/heddle/version.hpp")
  file(STRINGS "${header}" lines REGEX "^#define HEDDLE_VERSION_(MAJOR|MINOR|PATCH) [0-9]+$")
  list(TRANSFORM lines REPLACE "^.* ([0-9]+)$" "\\1")
  list(LENGTH lines count)
  if(NOT count EQUAL 3)
    message(FATAL_ERROR "${header} must define HEDDLE_VERSION_MAJOR, _MINOR and _PATCH, in this order, as plain numbers.")
  endif()
  list(JOIN lines "." version)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${header}")
  set(${result} "${version}" PARENT_SCOPE)
endfunction()
