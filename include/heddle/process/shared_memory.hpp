// SPDX-License-Identifier: MIT
// Memory that several processes share, without a name and without a file.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include <heddle/process/descriptor.hpp>

namespace heddle::process {

/// It is there as long as somebody holds it, and of the size that it was made with: who shares it cannot make it
/// smaller, so that reading it never ends the program. Not in children that the program forks, nor in core dumps.
class shared_memory {
 public:
  /// Zeros, for which there is memory. Throws std::system_error.
  static shared_memory make(std::size_t size) {
    descriptor made = descriptor::made_by(create(), "memory to share with a worker");
    const auto length = static_cast<off_t>(size);
    // Whatever there is too little of is said now, and not by SIGBUS later.
    if (const int error = retry_posix([&] { return ::posix_fallocate(made.number(), 0, length); }); error != 0)
      throw std::system_error(error, std::system_category(), "memory to share with a worker");
    if (::fcntl(made.number(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
      throw_system_error("memory to share with a worker");
    return {std::move(made), size};
  }

  /// What another process has made and sent. Throws std::system_error, also if it has another size.
  static shared_memory map(descriptor sent, std::size_t size) {
    struct stat status{};
    if (::fstat(sent.number(), &status) != 0) throw_system_error("shared memory");
    if (status.st_size != static_cast<off_t>(size))
      throw std::system_error(std::make_error_code(std::errc::invalid_argument), "shared memory of another size");
    return {std::move(sent), size};
  }

  shared_memory(shared_memory&& other) noexcept
      : of_(std::move(other.of_)), bytes_(std::exchange(other.bytes_, std::span<std::byte>())) {}
  shared_memory& operator=(shared_memory&&) = delete;
  ~shared_memory() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
  }

  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }
  /// To be sent.
  [[nodiscard]] int number() const noexcept { return of_.number(); }

 private:
  shared_memory(descriptor of, std::size_t size) : of_(std::move(of)) {
    void* const mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, of_.number(), 0);
    if (mapped == MAP_FAILED) throw_system_error("memory to share with a worker");
    bytes_ = {static_cast<std::byte*>(mapped), size};
    ::madvise(mapped, size, MADV_DONTFORK);
    ::madvise(mapped, size, MADV_DONTDUMP);
  }

  /// Systems that know it want to be told that nothing there is run.
  static int create() noexcept {
    constexpr unsigned no_exec = 8;  // MFD_NOEXEC_SEAL
    constexpr unsigned usual = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    const int made = ::memfd_create("heddle", usual | no_exec);
    return made < 0 && errno == EINVAL ? ::memfd_create("heddle", usual) : made;
  }

  template <class Call>
  static int retry_posix(const Call& call) {
    int error = EINTR;
    while (error == EINTR) error = call();
    return error;
  }

  descriptor of_;
  std::span<std::byte> bytes_;
};

}  // namespace heddle::process
