# SPDX-License-Identifier: MIT
# Builds the port in ports/heddle from this checkout without vcpkg, applies vcpkg's checks, and lays the result out as
# an installed tree.
# cmake -D HEDDLE_CHECKOUT=... -D WORK=... -D GENERATOR=... -D CXX=... -P build_port.cmake
cmake_minimum_required(VERSION 3.23)

set(port_dir "${HEDDLE_CHECKOUT}/ports/heddle")
file(READ "${port_dir}/vcpkg.json" manifest)
string(JSON PORT GET "${manifest}" name)
string(JSON VERSION GET "${manifest}" version)

set(TARGET_TRIPLET x64-linux)
set(CURRENT_BUILDTREES_DIR "${WORK}/buildtrees/${PORT}")
set(CURRENT_PACKAGES_DIR "${WORK}/packages/${PORT}_${TARGET_TRIPLET}")
set(CURRENT_INSTALLED_DIR "${WORK}/installed/${TARGET_TRIPLET}")
file(REMOVE_RECURSE "${CURRENT_BUILDTREES_DIR}" "${CURRENT_PACKAGES_DIR}" "${CURRENT_INSTALLED_DIR}")

include("${CMAKE_CURRENT_LIST_DIR}/helpers.cmake")
include("${port_dir}/portfile.cmake")
foreach(helper IN LISTS helpers)
  get_property(called GLOBAL PROPERTY called_${helper})
  if(NOT called)
    message(SEND_ERROR "the port does not call ${helper}")
  endif()
endforeach()

include("${CMAKE_CURRENT_LIST_DIR}/lint.cmake")

file(COPY "${CURRENT_PACKAGES_DIR}/" DESTINATION "${CURRENT_INSTALLED_DIR}")
