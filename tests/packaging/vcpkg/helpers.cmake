# SPDX-License-Identifier: MIT
# vcpkg's helper functions as far as a header-only port meets them: the same arguments, the same effect on the package.

set(helpers vcpkg_from_github vcpkg_cmake_configure vcpkg_cmake_install vcpkg_cmake_config_fixup vcpkg_fixup_pkgconfig
    vcpkg_install_copyright)

# parse(HELPER ONE_VALUE_KEYWORDS MULTI_VALUE_KEYWORDS ARGUMENTS...) sets arg_KEYWORD; vcpkg refuses extra arguments.
macro(parse helper one_value multi_value)
  set_property(GLOBAL PROPERTY called_${helper} TRUE)
  cmake_parse_arguments(arg "" "${one_value}" "${multi_value}" ${ARGN})
  if(DEFINED arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${helper} was passed extra arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
endmacro()

# Copies what an installation may need. A port that builds tests, examples or benchmarks does not find them here.
function(vcpkg_from_github)
  parse(vcpkg_from_github "OUT_SOURCE_PATH;REPO;REF;SHA512;HEAD_REF" "" ${ARGN})
  if(NOT arg_REPO MATCHES "^[^/]+/[^/]+$")
    message(SEND_ERROR "REPO ${arg_REPO} is not organisation/repository")
  endif()
  if(NOT arg_REF STREQUAL "v${VERSION}")
    message(SEND_ERROR "REF ${arg_REF} is not the tag v${VERSION}")
  endif()
  string(LENGTH "${arg_SHA512}" digits)
  if(NOT arg_SHA512 STREQUAL "0" AND NOT (digits EQUAL 128 AND arg_SHA512 MATCHES "^[0-9a-f]+$"))
    message(SEND_ERROR "SHA512 ${arg_SHA512} is neither 0 nor a hash")
  endif()
  set(source "${CURRENT_BUILDTREES_DIR}/src")
  foreach(entry IN ITEMS CMakeLists.txt LICENSE cmake include)
    file(COPY "${HEDDLE_CHECKOUT}/${entry}" DESTINATION "${source}")
  endforeach()
  set(${arg_OUT_SOURCE_PATH} "${source}" PARENT_SCOPE)
endfunction()

function(vcpkg_cmake_configure)
  parse(vcpkg_cmake_configure "SOURCE_PATH" "OPTIONS" ${ARGN})
  if(NOT VCPKG_BUILD_TYPE STREQUAL "release")
    message(FATAL_ERROR "a header-only port sets VCPKG_BUILD_TYPE to release, not to '${VCPKG_BUILD_TYPE}'")
  endif()
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${arg_SOURCE_PATH}" -B "${CURRENT_BUILDTREES_DIR}/rel"
            "-DCMAKE_CXX_COMPILER=${CXX}" -DCMAKE_BUILD_TYPE=Release "-DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}"
            -DCMAKE_INSTALL_LIBDIR:STRING=lib -DCMAKE_INSTALL_BINDIR:STRING=bin
            -DCMAKE_ERROR_ON_ABSOLUTE_INSTALL_DESTINATION=ON ${arg_OPTIONS}
    ERROR_VARIABLE errors ECHO_ERROR_VARIABLE COMMAND_ERROR_IS_FATAL ANY)
  foreach(option IN LISTS arg_OPTIONS)
    string(REGEX REPLACE "^-D([^:=]*).*" "\\1" name "${option}")
    if(errors MATCHES "not used by the project.*[ \n]${name}\n")
      message(SEND_ERROR "the port passes ${option}, which heddle does not know")
    endif()
  endforeach()
endfunction()

function(vcpkg_cmake_install)
  parse(vcpkg_cmake_install "" "" ${ARGN})
  execute_process(COMMAND "${CMAKE_COMMAND}" --build "${CURRENT_BUILDTREES_DIR}/rel" --target install
    COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# vcpkg's own would move the config to share/<port>; this one insists that it is there already.
function(vcpkg_cmake_config_fixup)
  parse(vcpkg_cmake_config_fixup "" "" ${ARGN})
  if(NOT EXISTS "${CURRENT_PACKAGES_DIR}/share/${PORT}/heddleConfig.cmake")
    message(FATAL_ERROR "'${CURRENT_PACKAGES_DIR}/share/${PORT}/heddleConfig.cmake' does not exist")
  endif()
endfunction()

# vcpkg's own would make an absolute prefix relative; the lint finds one that is left.
function(vcpkg_fixup_pkgconfig)
  parse(vcpkg_fixup_pkgconfig "" "" ${ARGN})
endfunction()

function(vcpkg_install_copyright)
  parse(vcpkg_install_copyright "" "FILE_LIST" ${ARGN})
  file(INSTALL ${arg_FILE_LIST} DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}" RENAME copyright)
endfunction()
