// SPDX-License-Identifier: MIT
// How a class of one's own travels to another process, and which types can.
#pragma once

#include <system_error>

#include <heddle/errors.hpp>
#include <heddle/process/access.hpp>
#include <heddle/process/argument.hpp>
#include <heddle/process/codec.hpp>

namespace heddle {

/// Values of `T` can be sent to another process that runs the same program, and come back: numbers, bool, enums,
/// strings, all containers of the standard library, std::array, pair, tuple, optional, variant, unique_ptr, complex,
/// bitset, chrono's durations and time points, filesystem::path, error_code; structs of up to 16 public members that
/// can travel (C arrays of some 70 elements in all, std::arrays of any size), without a line of code; and any class
/// with a serialize function:
///
///     class account {
///      public:
///       template <class Archive>
///       void serialize(Archive& archive) { archive(owner_, balance_); }   // both ways
///       ...
///     };
///
/// as cereal has it, so that classes written for cereal work as they are if they name nothing of cereal's (else see
/// cereal.hpp). Instead of the member it can be a function `serialize(archive, value)` in the namespace of the class,
/// or a pair: `save(archive) const` and `load(archive)` as members, `save(archive, const value&)` and `load(archive,
/// value&)` beside it. `Archive::is_loading::value` and `Archive::is_saving::value` say which way it goes. A class
/// without a default constructor has `save` and `static name load(archive)`, which asks `archive.template get<type>()`
/// for each value and returns a new object. Where these are private, the class says `friend heddle::access;`.
///
/// Containers are received with elements in the order they were sent; a container inside an object that is loaded is
/// replaced. Values may be nested a thousand deep, as in a list of unique_ptr; what is deeper is a codec_error. An enum
/// without a fixed underlying type also needs `constexpr std::pair<E, E> enum_bounds(E)` beside it, which returns the
/// least and the greatest value. Pointers, references, std::function and the like cannot travel, and where they are
/// tried the compiler says what to write instead.
using process::can_travel;

/// As can_travel, and std::string_view and std::span of const elements too: the call sees a view of a copy, which
/// lives until it returns.
using process::can_travel_as_argument;

using process::access;

/// Lets error codes of a category travel. Called before any process is started, with a category that lives as long as
/// the program; categories are told apart by their names. Those of the standard library are known, but for
/// std::future_category().
inline void register_error_category(const std::error_category& category) {
  process::error_categories::registered().add(category);
}

}  // namespace heddle
