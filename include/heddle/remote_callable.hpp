// SPDX-License-Identifier: MIT
// Callables to bytes, and back in another process of the same program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/by_value.hpp>
#include <heddle/callable_kind.hpp>
#include <heddle/partial.hpp>
#include <heddle/process/argument.hpp>
#include <heddle/process/callable_id.hpp>
#include <heddle/process/module_list.hpp>

namespace heddle {

/// A function that is known at run time only, by its module and its place there. `Here` is a function of the program
/// itself, in whose module most are.
template <auto Here>
struct function_codec {
  static void encode(process::byte_sink& sink, const void* function) {
    process::module_list& modules = process::module_list::of_this_process();
    const process::callable_id id = modules.find(function);
    const bool is_here = id.module == process::id_of<Here>().module;
    sink.put(static_cast<std::uint8_t>(is_here));
    if (!is_here) {
      const process::module_record record = modules.record_of(*id.module, process::reader::on_this_machine);
      sink.write(std::as_bytes(std::span(&record, 1)));
    }
    sink.put(id.offset);
  }

  [[nodiscard]] static const void* decode(process::byte_source& source) {
    process::module_list& modules = process::module_list::of_this_process();
    const process::loaded_module* module = process::id_of<Here>().module;
    if (source.get<std::uint8_t>() == 0) {
      process::module_record record;
      source.read(std::as_writable_bytes(std::span(&record, 1)));
      process::throw_if_malformed(record);
      module = &modules.find(record, process::missing_module::open);
    }
    if (const void* const address = module->address_of(source.get<std::uint64_t>())) return address;
    throw process::callable_not_found("?", "has no code where its callable should be: the other process is damaged");
  }
};

/// How a callable travels. `Here` as above.
template <class F, auto Here>
struct callable_codec {
  static_assert(captureless<F>);
  static void encode(process::byte_sink&, const F&) noexcept {}
  [[nodiscard]] static F decode(process::byte_source&) { return F(); }
};

template <function_pointer F, auto Here>
struct callable_codec<F, Here> {
  static void encode(process::byte_sink& sink, F function) {
    function_codec<Here>::encode(sink, reinterpret_cast<const void*>(function));
  }
  [[nodiscard]] static F decode(process::byte_source& source) {
    return reinterpret_cast<F>(reinterpret_cast<std::uintptr_t>(function_codec<Here>::decode(source)));
  }
};

template <class F, class... Values, auto Here>
struct callable_codec<partial_call<F, Values...>, Here> {
  static void encode(process::byte_sink& sink, const partial_call<F, Values...>& callable) {
    callable_codec<F, Here>::encode(sink, callable.function());
    callable.for_each_value([&](const auto& value) { process::encode(sink, value); });
  }
  [[nodiscard]] static partial_call<F, Values...> decode(process::byte_source& source) {
    F function = callable_codec<F, Here>::decode(source);
    return {std::move(function), std::tuple<Values...>{process::decode<Values>(source)...}};
  }
};

template <class F, auto Here>
struct callable_codec<by_value_call<F>, Here> {
  static void encode(process::byte_sink& sink, const by_value_call<F>& callable) {
    throw_if_it_holds_addresses(callable);
    sink.write(callable.bytes());
  }
  [[nodiscard]] static by_value_call<F> decode(process::byte_source& source) {
    typename by_value_call<F>::bytes_type bytes;
    source.read(bytes);
    return by_value_call<F>(bytes);
  }
};

template <class F, auto Here>
  requires(!captureless<unpacking<F>>)
struct callable_codec<unpacking<F>, Here> {
  static void encode(process::byte_sink& sink, const unpacking<F>& callable) {
    callable_codec<F, Here>::encode(sink, callable.callable);
  }
  [[nodiscard]] static unpacking<F> decode(process::byte_source& source) {
    return {callable_codec<F, Here>::decode(source)};
  }
};

}  // namespace heddle
