// SPDX-License-Identifier: MIT
// Memory that several processes share, without a name and without a file.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include <heddle/process/descriptor.hpp>
#include <heddle/process/memory_file.hpp>

namespace heddle::process {

/// It is there as long as somebody holds it, and of the size that it was made with: who shares it cannot make it
/// smaller, so that reading it never ends the program. Not in core dumps.
class shared_memory {
 public:
  enum class in_forks : bool { no, yes };  // whether children that the program forks have it, too
  enum class access : bool { reads, writes };

  /// Zeros, for which there is memory. Throws std::system_error.
  static shared_memory make(std::size_t size) {
    shared_memory made = make_open(size, in_forks::no);
    made.seal();
    return made;
  }

  /// The same; seal() or seal_constant() is to be called before anybody else gets it.
  static shared_memory make_unsealed(std::size_t size) { return make_open(size, in_forks::yes); }
  void seal() const {
    if (::fcntl(of_.number(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
      throw_system_error("memory to share with workers");
  }
  /// Who gets it from now on can only read it. (Since Linux 5.1; before, who gets it is trusted with that.)
  void seal_constant() const {
    constexpr int future_write = 0x10;  // F_SEAL_FUTURE_WRITE, which older headers do not have
    if (::fcntl(of_.number(), F_ADD_SEALS, future_write) != 0 && errno != EINVAL)
      throw_system_error("memory to share with workers");
    seal();
  }

  /// What another process has made and sent. Throws std::system_error, also if it has another size.
  static shared_memory map(descriptor sent, std::size_t size, access how = access::writes) {
    struct stat status{};
    if (::fstat(sent.number(), &status) != 0) throw_system_error("shared memory");
    if (status.st_size != static_cast<off_t>(size))
      throw std::system_error(std::make_error_code(std::errc::invalid_argument), "shared memory of another size");
    return {std::move(sent), size, how, in_forks::no};
  }

  /// The memory is given back at once, whoever still has it mapped: they find zeros. Not if it is constant.
  void discard() const noexcept {
    static_cast<void>(
        ::fallocate(of_.number(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes_.size())));
  }
  /// It cannot be sent any more.
  void close() noexcept { of_ = descriptor(); }

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
  shared_memory(descriptor of, std::size_t size, access how, in_forks forks) : of_(std::move(of)) {
    const int protection = how == access::writes ? PROT_READ | PROT_WRITE : PROT_READ;
    void* const mapped = ::mmap(nullptr, size, protection, MAP_SHARED, of_.number(), 0);
    if (mapped == MAP_FAILED) throw_system_error("memory to share with workers");
    bytes_ = {static_cast<std::byte*>(mapped), size};
    if (forks == in_forks::no) ::madvise(mapped, size, MADV_DONTFORK);
    ::madvise(mapped, size, MADV_DONTDUMP);
  }

  /// The system would try, and end programs to get what it wants.
  [[nodiscard]] static bool can_ever_be_had(std::size_t size) noexcept {
    struct sysinfo all{};
    if (::sysinfo(&all) != 0) return true;
    return size / all.mem_unit < all.totalram + all.totalswap;
  }

  static shared_memory make_open(std::size_t size, in_forks forks) {
    if (!can_ever_be_had(size))
      throw std::system_error(std::make_error_code(std::errc::not_enough_memory), "memory to share with workers");
    descriptor made = make_memory_file("memory to share with workers");
    const auto length = static_cast<off_t>(size);
    // Whatever there is too little of is said now, and not by SIGBUS later.
    if (const int error = retry_posix([&] { return ::posix_fallocate(made.number(), 0, length); }); error != 0)
      throw std::system_error(error, std::system_category(), "memory to share with workers");
    return {std::move(made), size, access::writes, forks};
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
