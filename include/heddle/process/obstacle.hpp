// SPDX-License-Identifier: MIT
// Why a type cannot travel to another process, and the sentence that tells its user what to write instead.
#pragma once

#include <cstdint>

namespace heddle::process {

enum class obstacle : std::uint8_t {
  none,
  reference,
  pointer,
  view,
  shared_array,
  callable,
  closure,
  shared_ownership,
  synchronisation,
  erased,
  union_type,
  array_pointer,
  polymorphic_pointer,
  stateful_order,
  open_enum,
  too_many_members,
  hidden_members,
  base_class,
  inherited_serialize,
  not_default_constructible,
  of_standard_library,
  unknown_class,
};

/// Fails to compile where `Why` is an obstacle. `T` is in the compiler's message.
template <class T, obstacle Why>
struct explain {
  static_assert(Why != obstacle::reference,
                "heddle: a reference cannot travel to another process, whose memory is another: send a value");
  static_assert(Why != obstacle::pointer,
                "heddle: a pointer cannot travel to another process, whose memory is another: send what it points to, "
                "as a value, a std::unique_ptr, a std::vector or, for characters, a std::string");
  static_assert(
      Why != obstacle::view,
      "heddle: a view does not own what it shows, so it travels as an argument of submit() or an element of map(), and "
      "as nothing else, as in a partial(), a tuple or parallel_map(): return or nest a std::string or a std::vector; a "
      "std::span of const elements can be an argument, one of mutable elements cannot, since what is written to it "
      "would be lost, but for numbers in a shared_array");
  static_assert(Why != obstacle::shared_array,
                "heddle: a shared_array travels as an argument of submit(), and a std::span of it as one, or as an "
                "element of map(): in a partial(), a tuple or a result send a std::vector");
  static_assert(Why != obstacle::callable,
                "heddle: a std::function hides what it holds, so it cannot travel to another process: send a function, "
                "a lambda without captures, or heddle::partial(function, values...)");
  static_assert(Why != obstacle::closure,
                "heddle: a lambda that captures cannot travel to another process: write the captures as parameters and "
                "send heddle::partial(lambda, values...)");
  static_assert(Why != obstacle::shared_ownership,
                "heddle: shared ownership ends at the border of a process, so std::shared_ptr, std::weak_ptr and "
                "std::reference_wrapper cannot travel: send the value or a std::unique_ptr");
  static_assert(Why != obstacle::synchronisation,
                "heddle: what belongs to threads (mutexes, atomics, threads, futures, coroutines) means nothing in "
                "another process: leave it out, or send the value that it guards or gives");
  static_assert(Why != obstacle::erased,
                "heddle: std::any and std::exception_ptr hide the type of what they hold, so they cannot travel: send "
                "a std::variant of the types that may be in it");
  static_assert(Why != obstacle::union_type,
                "heddle: nobody can tell which member of a union is alive, so it cannot travel: use a std::variant, or "
                "write a serialize function for the class around it");
  static_assert(
      Why != obstacle::array_pointer,
      "heddle: a std::unique_ptr to an array does not know its length, and one with a deleter of its own does "
      "not own memory alone, so neither can travel: use a std::vector, or a plain std::unique_ptr");
  static_assert(Why != obstacle::polymorphic_pointer,
                "heddle: what a pointer to a base class points to would lose its own type on the way: use a "
                "std::variant of the derived classes, or make the class final");
  static_assert(Why != obstacle::stateful_order,
                "heddle: a container whose comparison, hash or allocator is a function pointer or has state cannot be "
                "built anew in another process: use a comparison or hash without state");
  static_assert(Why != obstacle::open_enum,
                "heddle: which values an enum without a fixed underlying type may have is not known, so a received one "
                "cannot be checked: write `enum name : int`, or `constexpr std::pair<name, name> enum_bounds(name)` "
                "beside it, which returns the least and the greatest value");
  static_assert(Why != obstacle::too_many_members,
                "heddle: a struct of more than 16 members, or with a C array of many elements, does not travel by "
                "itself: write `template <class Archive> void serialize(Archive& ar) { ar(a, b, c); }` in it, group "
                "its members, or make the array a std::array");
  static_assert(Why != obstacle::hidden_members,
                "heddle: the members of this struct cannot be told (it has references, anonymous unions or members "
                "that cannot be initialised from a value): write `template <class Archive> void serialize(Archive& ar) "
                "{ ar(a, b, c); }` in it");
  static_assert(Why != obstacle::base_class,
                "heddle: a struct that has a base class does not travel by itself: write `template <class Archive> "
                "void serialize(Archive& ar) { ar(static_cast<base&>(*this), a, b); }` in it");
  static_assert(Why != obstacle::inherited_serialize,
                "heddle: this class has members that its serialize, which is its base's, does not know: write one that "
                "names them, `ar(static_cast<base&>(*this), a, b);`");
  static_assert(Why != obstacle::not_default_constructible,
                "heddle: a class with a serialize or load member is made by its default constructor before it is "
                "loaded, and this one has none: give it one (private will do, with `friend heddle::access;`), or write "
                "`template <class Archive> static name load(Archive& ar)`, which returns a new object, beside save");
  static_assert(Why != obstacle::of_standard_library,
                "heddle: this type of the standard library cannot travel to another process: send what it stands for "
                "(numbers, strings, containers, optional, variant, tuple, chrono and path can travel)");
  static_assert(
      Why != obstacle::unknown_class,
      "heddle: how to send this class to another process is not known: write `template <class Archive> void "
      "serialize(Archive& ar) { ar(a, b, c); }` in it, or `void serialize(Archive& ar, name& value)` beside "
      "it, or make it a struct of public members; where it has one that is private, `friend heddle::access;`");

  static constexpr bool ok = Why == obstacle::none;
};

}  // namespace heddle::process
