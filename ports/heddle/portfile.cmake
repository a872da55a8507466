set(VCPKG_BUILD_TYPE release) # header-only port

# The hash of an archive is known once its tag is pushed. The release procedure (docs/packaging.md) fills it in; with 0,
# vcpkg stops and prints the right one.
vcpkg_from_github(
    OUT_SOURCE_PATH SOURCE_PATH
    REPO heddle/heddle
    REF "v${VERSION}"
    SHA512 0
    HEAD_REF main
)

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        -DHEDDLE_BUILD_TESTS=OFF
        -DHEDDLE_BUILD_EXAMPLES=OFF
        -DHEDDLE_BUILD_BENCHMARKS=OFF
        -DHEDDLE_INSTALL_CMAKEDIR=share/${PORT}
)

vcpkg_cmake_install()
vcpkg_cmake_config_fixup()
vcpkg_fixup_pkgconfig()

file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
