# SPDX-License-Identifier: MIT
# Installs the headers, the CMake package of heddle::heddle and a pkg-config file. All of it is independent of the
# architecture and can be moved after installation; nothing goes to lib/.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# A STRING, because CMake makes a PATH given as -DHEDDLE_INSTALL_CMAKEDIR=share/heddle absolute.
set(HEDDLE_INSTALL_CMAKEDIR "${CMAKE_INSTALL_DATADIR}/cmake/heddle"
    CACHE STRING "Where the CMake package of heddle goes, relative to the prefix")
mark_as_advanced(HEDDLE_INSTALL_CMAKEDIR)

install(TARGETS heddle heddle_asio heddle_stdexec heddle_cereal heddle_zpp_bits EXPORT heddleTargets FILE_SET HEADERS)
install(EXPORT heddleTargets NAMESPACE heddle:: DESTINATION "${HEDDLE_INSTALL_CMAKEDIR}")

# Before 1.0 a new minor version may break its users.
set(compatibility SameMajorVersion)
if(PROJECT_VERSION VERSION_LESS 1.0)
  set(compatibility SameMinorVersion)
endif()

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/heddleConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/heddleConfig.cmake"
  INSTALL_DESTINATION "${HEDDLE_INSTALL_CMAKEDIR}"
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/heddleConfigVersion.cmake"
  VERSION "${PROJECT_VERSION}"
  COMPATIBILITY ${compatibility}
  ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/heddleConfig.cmake" "${PROJECT_BINARY_DIR}/heddleConfigVersion.cmake"
  DESTINATION "${HEDDLE_INSTALL_CMAKEDIR}")

# The pkg-config file finds its prefix from where it lies itself.
set(pkgconfig_dir "${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig")
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${pkgconfig_dir}" OUTPUT_VARIABLE pkgconfig_to_prefix)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_INCLUDEDIR BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}"
  OUTPUT_VARIABLE prefix_to_include)
configure_file("${CMAKE_CURRENT_LIST_DIR}/heddle.pc.in" "${PROJECT_BINARY_DIR}/heddle.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/heddle.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
