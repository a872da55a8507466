# SPDX-License-Identifier: MIT
# The rules of vcpkg's post-build lint and of its review guide that a header-only port can break.

# must(FAULT CONDITION...): reports FAULT unless CONDITION, in the language of if(), holds.
function(must fault)
  if(NOT (${ARGN}))
    message(SEND_ERROR "vcpkg lint: ${fault}")
  endif()
endfunction()

# must_equal(FILE OTHER): reports FILE unless it is a copy of OTHER.
function(must_equal file other)
  execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${file}" "${other}" RESULT_VARIABLE differs ERROR_QUIET)
  if(differs)
    message(SEND_ERROR "vcpkg lint: ${file} is not a copy of ${other}")
  endif()
endfunction()

# The package.
set(share "${CURRENT_PACKAGES_DIR}/share/${PORT}")
file(GLOB top RELATIVE "${CURRENT_PACKAGES_DIR}" "${CURRENT_PACKAGES_DIR}/*")
list(SORT top)
list(JOIN top " " top)
must("a header-only package has include and share at its root, not '${top}'" top STREQUAL "include share")
file(GLOB include_root RELATIVE "${CURRENT_PACKAGES_DIR}/include" "${CURRENT_PACKAGES_DIR}/include/*")
must("include/ holds heddle/ only, not '${include_root}'" include_root STREQUAL "heddle")
file(GLOB_RECURSE headers RELATIVE "${CURRENT_PACKAGES_DIR}/include" "${CURRENT_PACKAGES_DIR}/include/*")
file(GLOB_RECURSE sources RELATIVE "${HEDDLE_CHECKOUT}/include" "${HEDDLE_CHECKOUT}/include/*")
must("the headers are '${headers}', not '${sources}'" headers STREQUAL sources)
must_equal("${share}/copyright" "${HEDDLE_CHECKOUT}/LICENSE")
must_equal("${share}/usage" "${port_dir}/usage")
foreach(file IN ITEMS heddleConfig heddleConfigVersion heddleTargets)
  must("share/${PORT}/${file}.cmake is missing" EXISTS "${share}/${file}.cmake")
endforeach()

file(GLOB_RECURSE entries LIST_DIRECTORIES true "${CURRENT_PACKAGES_DIR}/*")
foreach(entry IN LISTS entries)
  if(IS_DIRECTORY "${entry}")
    file(GLOB inside "${entry}/*")
    must("${entry} is empty" inside)
    continue()
  endif()
  file(READ "${entry}" text)
  string(FIND "${text}" "${WORK}" absolute)
  must("${entry} contains the absolute path ${WORK}" absolute EQUAL -1)
  if(entry MATCHES "\\.cmake$")
    cmake_path(GET entry PARENT_PATH folder)
    must("${entry} is not in share/${PORT}" folder STREQUAL share)
  elseif(entry MATCHES "\\.pc$")
    must("${entry} has a Libs line with a value, which belongs to lib/pkgconfig"
      NOT text MATCHES "(^|\n)Libs(\\.private)?:[ \t]*[^ \t\n]")
    must("${entry} does not find its prefix from where it lies" text MATCHES "(^|\n)prefix=\\\${pcfiledir}/")
    must("${entry} is not of version ${VERSION}" text MATCHES "\nVersion: ${VERSION}\n")
  endif()
endforeach()

# The port.
string(JSON license GET "${manifest}" license)
file(READ "${HEDDLE_CHECKOUT}/LICENSE" license_text)
must("LICENSE does not begin with the name of the manifest's licence, ${license}"
  license_text MATCHES "^${license} License\n")
string(JSON dependencies GET "${manifest}" dependencies)
string(JSON two_host_tools EQUAL "${dependencies}"
  [=[[{"name": "vcpkg-cmake", "host": true}, {"name": "vcpkg-cmake-config", "host": true}]]=])
must("the dependencies are not vcpkg's two host tools, but ${dependencies}" two_host_tools)
file(READ "${port_dir}/usage" usage)
must("usage must not name a version" NOT usage MATCHES "[0-9]+\\.[0-9]")
foreach(file IN ITEMS portfile.cmake usage vcpkg.json)
  file(READ "${port_dir}/${file}" bytes HEX)
  string(REGEX MATCH "^(..)*0d" carriage_return "${bytes}")
  must("ports/heddle/${file} has CR line endings" NOT carriage_return)
endforeach()
