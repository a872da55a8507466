// SPDX-License-Identifier: MIT
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <heddle/errors.hpp>
#include <heddle/process/callable_id.hpp>
#include <heddle/process/module_list.hpp>
#include <support/catch.hpp>
#include <support/scale.hpp>

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace heddle::process;

int add_one(int x) { return x + 1; }

module_list& modules() { return module_list::of_this_process(); }

/// A shared object of the GNU C library that nothing here needs.
constexpr const char* spare = "libresolv.so.2";

bool is_loaded(const char* name) {
  void* const handle = ::dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
  if (handle != nullptr) ::dlclose(handle);
  return handle != nullptr;
}

/// While it exists, the spare shared object is loaded, if the system has it.
struct opened_spare {
  opened_spare() : handle(::dlopen(spare, RTLD_NOW)) {}
  ~opened_spare() { close(); }
  void close() {
    if (handle != nullptr) ::dlclose(std::exchange(handle, nullptr));
  }
  [[nodiscard]] const void* function() const { return ::dlsym(handle, "ns_sprintrr"); }
  void* handle;
};

module_record record_of_this_program() { return modules().record_of(*id_of(&add_one).module); }

template <class Damage>
std::string complaint_about(missing_module when_missing, Damage damage) {
  module_record record = record_of_this_program();
  damage(record);
  try {
    static_cast<void>(modules().find(record, when_missing));
  } catch (const heddle::callable_not_found& error) {
    return error.what();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("the id of a function leads back to it", "[process][module_list]") {
  const callable_id id = id_of(&add_one);
  CHECK(id.module->address_of(id.offset) == reinterpret_cast<const void*>(&add_one));
  CHECK(id == id_of<&add_one>());
  CHECK(&id_of<&add_one>() == &id_of<&add_one>());
  CHECK(id.module->name().empty());
  const callable_id of_library = id_of(&std::strlen);
  CHECK(of_library.module->address_of(of_library.offset) == reinterpret_cast<const void*>(&std::strlen));
}

TEST_CASE("what is not in the code of a module has no id", "[process][module_list]") {
  static const int variable = 1;
  const auto on_heap = std::make_unique<int>(1);
  const int on_stack = 1;
  for (const void* const address : std::initializer_list<const void*>{&on_stack, on_heap.get(), nullptr}) {
    CHECK_THROWS_AS(modules().find(address), heddle::callable_not_found);
  }
  const auto high = reinterpret_cast<const void*>(~std::uintptr_t{0});
  CHECK_THROWS_AS(modules().find(high), heddle::callable_not_found);
  static_cast<void>(variable);
}

TEST_CASE("an offset outside of the code of a module has no address", "[process][module_list]") {
  const loaded_module& module = *id_of(&add_one).module;
  REQUIRE_FALSE(module.code().empty());
  CHECK(module.address_of(module.code().front().begin) != nullptr);
  CHECK(module.address_of(module.code().back().end) == nullptr);
  CHECK(module.address_of(module.code().front().begin - 1) == nullptr);
  CHECK(module.address_of(~std::uint64_t{0}) == nullptr);
}

TEST_CASE("a record leads back to its module, by each kind of identity", "[process][module_list]") {
  const loaded_module& module = *id_of(&add_one).module;
  const module_record record = modules().record_of(module);
  CHECK(std::filesystem::equivalent(record.path(), "/proc/self/exe"));
  CHECK(&modules().find(record, missing_module::refuse) == &module);

  module_record by_content = record;
  std::uint64_t hash = fnv1a({});
  for (const code_range& range : module.code()) {
    const auto* const first = static_cast<const std::uint8_t*>(module.address_of(range.begin));
    hash = fnv1a({first, static_cast<std::size_t>(range.end - range.begin)}, hash);
  }
  std::array<std::uint8_t, sizeof hash> id;
  std::memcpy(id.data(), &hash, sizeof hash);
  by_content.set_id(module_identity::content, id);
  CHECK(&modules().find(by_content, missing_module::refuse) == &module);
  by_content.id_bytes[7] ^= 1U;
  CHECK_THROWS_AS(modules().find(by_content, missing_module::refuse), heddle::callable_not_found);
}

TEST_CASE("a record of a module that is not here says why, and is no module", "[process][module_list]") {
  using Catch::Matchers::ContainsSubstring;
  const auto refuse = missing_module::refuse;
  const auto open = missing_module::open;
  CHECK_THAT(complaint_about(refuse, [](auto& r) { r.id_bytes[0] ^= 1U; }), ContainsSubstring("is not loaded here"));
  CHECK_THAT(complaint_about(refuse, [](auto& r) { r.id_length -= 1; }), ContainsSubstring("is not loaded here"));
  CHECK_THAT(complaint_about(refuse, [](auto& r) { r.code_end += 1; }), ContainsSubstring("is not loaded here"));
  CHECK_THAT(complaint_about(refuse, [](auto& r) { r.code_begin -= 1; }), ContainsSubstring("is not loaded here"));
  const auto without_path = [](module_record& r) {
    r.code_end += 1;
    r.path_length = 0;
  };
  CHECK_THAT(complaint_about(open, without_path), ContainsSubstring("its path is not known"));
  const auto nowhere = [](module_record& r) {
    r.code_end += 1;
    r.set_path("/nowhere/x.so");
  };
  CHECK_THAT(complaint_about(open, nowhere), ContainsSubstring("/nowhere/x.so' could not be loaded here"));
  CHECK_THAT(complaint_about(open, [](auto& r) { r.path_length = 2000; }), ContainsSubstring("longer than its record"));
}

TEST_CASE("a shared object that is loaded later is found, and gone when it is unloaded", "[process][module_list]") {
  static_cast<void>(id_of(&add_one));
  if (is_loaded(spare)) SKIP("the spare shared object is in use");
  opened_spare opened;
  if (opened.handle == nullptr) SKIP("this system has no spare shared object");
  const void* const function = opened.function();
  const callable_id id = modules().find(function);
  CHECK(id.module->address_of(id.offset) == function);
  CHECK(id == modules().find(function));

  opened.close();
  if (!is_loaded(spare)) CHECK_THROWS_AS(modules().find(function), heddle::callable_not_found);
}

TEST_CASE("a shared object that another process has is opened, compared, and kept", "[process][module_list]") {
  if (is_loaded(spare)) SKIP("the spare shared object is in use");
  opened_spare opened;
  if (opened.handle == nullptr) SKIP("this system has no spare shared object");
  const callable_id id = modules().find(opened.function());
  module_record record = modules().record_of(*id.module);
  opened.close();
  if (is_loaded(spare)) SKIP("the spare shared object stays loaded");

  CHECK_THROWS_AS(modules().find(record, missing_module::refuse), heddle::callable_not_found);
  CHECK_FALSE(is_loaded(spare));

  record.id_bytes[0] ^= 1U;
  CHECK_THROWS_WITH(modules().find(record, missing_module::open),
                    Catch::Matchers::ContainsSubstring("another version"));
  CHECK_FALSE(is_loaded(spare));

  record.id_bytes[0] ^= 1U;
  const loaded_module& found = modules().find(record, missing_module::open);
  CHECK(found.address_of(id.offset) != nullptr);
  CHECK(is_loaded(spare));
}

TEST_CASE("a shared object that another process means is not unloaded any more", "[process][module_list]") {
  if (is_loaded(spare)) SKIP("the spare shared object is in use");
  opened_spare opened;
  if (opened.handle == nullptr) SKIP("this system has no spare shared object");
  const callable_id id = modules().find(opened.function());
  CHECK(&modules().find(modules().record_of(*id.module), missing_module::refuse) == id.module);
  opened.close();
  CHECK(is_loaded(spare));
}

TEST_CASE("threads look for functions while modules come and go", "[process][module_list]") {
  std::atomic<bool> is_over{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int count = 0; count < 3; ++count) {
    threads.emplace_back([&] {
      while (!is_over) {
        const callable_id id = id_of(&add_one);
        if (id.module->address_of(id.offset) != reinterpret_cast<const void*>(&add_one)) ++wrong;
        if (&modules().find(modules().record_of(*id.module), missing_module::refuse) != id.module) ++wrong;
      }
    });
  }
  for (std::size_t round = 0; round < heddle_test::scaled(300); ++round) {
    opened_spare opened;
    if (opened.handle != nullptr) static_cast<void>(modules().find(opened.function()));
  }
  is_over = true;
  for (std::thread& each : threads) each.join();
  CHECK(wrong == 0);
}

TEST_CASE("a child that is forked while threads are in the list can use it", "[process][module_list]") {
  std::atomic<bool> is_over{false};
  std::thread busy([&] {
    while (!is_over) static_cast<void>(id_of(&add_one));
  });
  int failures = 0;
  for (std::size_t round = 0; round < heddle_test::scaled(500); ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(20);
      const callable_id id = id_of(&add_one);
      ::_exit(id.module->address_of(id.offset) == reinterpret_cast<const void*>(&add_one) ? 0 : 1);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child || status != 0) ++failures;
  }
  is_over = true;
  busy.join();
  CHECK(failures == 0);
}
