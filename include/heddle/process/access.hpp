// SPDX-License-Identifier: MIT
// The way to serialize functions of classes, public or private, and which of them a class has.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <heddle/process/archive.hpp>

namespace heddle::process {

/// A class that keeps its serialize function or its default constructor private says `friend heddle::access;`.
class access {
  template <class Class, class Result, class... Arguments>
  static Class class_of(Result (Class::*)(Arguments...));
  template <class Class, class Result, class... Arguments>
  static Class class_of_const(Result (Class::*)(Arguments...) const);

 public:
  template <class Archive, class T>
  static auto serialize(Archive& archive, T& value) -> decltype(static_cast<void>(value.serialize(archive))) {
    value.serialize(archive);
  }

  template <class Archive, class T>
  static auto save(Archive& archive, const T& value) -> decltype(static_cast<void>(value.save(archive))) {
    value.save(archive);
  }

  template <class Archive, class T>
  static auto load(Archive& archive, T& value) -> decltype(static_cast<void>(value.load(archive))) {
    value.load(archive);
  }

  /// `static T load(archive)`, which returns a new object.
  template <class T, class Archive>
  static auto make(Archive& archive) -> std::enable_if_t<std::same_as<decltype(T::load(archive)), T>, T> {
    return T::load(archive);
  }

  template <class T>
  static auto construct() -> decltype(T()) {
    return T();
  }

  /// The class that has the member `serialize`, or `save`, if it is one template as it should be.
  template <class T, class Archive>
  static auto serializer() -> decltype(class_of(&T::template serialize<Archive>));
  template <class T, class Archive>
  static auto saver() -> decltype(class_of_const(&T::template save<Archive>));
};

/// For types whose source cannot be changed, and for adapters of other libraries: a specialisation that has
/// `save(output_archive&, const T&)` and `load(input_archive&, T&)`, both static, sends a `T` its own way.
template <class T>
struct adapted;

template <class T>
concept has_adapter = requires(output_archive& out, input_archive& in, const T& saved, T& loaded) {
  adapted<T>::save(out, saved);
  adapted<T>::load(in, loaded);
};

template <class T>
concept has_member_serialize = requires(output_archive& out, input_archive& in, T& value) {
  access::serialize(out, value);
  access::serialize(in, value);
};

template <class T>
concept has_free_serialize = requires(output_archive& out, input_archive& in, T& value) {
  serialize(out, value);
  serialize(in, value);
};

template <class T>
concept has_made_by_load = requires(input_archive& in) { access::make<T>(in); };

template <class T>
concept has_member_save = requires(output_archive& out, const T& value) { access::save(out, value); } &&
                          (has_made_by_load<T> || requires(input_archive& in, T& value) { access::load(in, value); });

template <class T>
concept has_free_save = requires(output_archive& out, input_archive& in, const T& saved, T& loaded) {
  save(out, saved);
  load(in, loaded);
};

/// A class whose user wrote how it travels.
template <class T>
concept customised = std::is_class_v<T> && (has_adapter<T> || has_member_serialize<T> || has_free_serialize<T> ||
                                            has_member_save<T> || has_free_save<T>);

/// `T`, and so many bytes more.
template <class T, std::size_t More>
struct followed_by : T {
  char more[More];
};
template <class T, std::size_t More>
  requires(std::is_final_v<T>)
struct followed_by<T, More> {
  [[no_unique_address]] T value;
  char more[More];
};

/// How many bytes a class derived from `T` may put behind its members without being larger.
template <class T, std::size_t More = alignof(T) < 64 ? alignof(T) : 64>
consteval std::size_t bytes_left() {
  if constexpr (sizeof(followed_by<T, More>) == sizeof(T))
    return More;
  else if constexpr (More > 1)
    return bytes_left<T, More - 1>();
  else
    return 0;
}

/// A class that is derived from `Base` has members that `Base` lacks.
template <class T, class Base>
concept adds_to = !std::same_as<T, Base> && (sizeof(Base) < sizeof(T) || bytes_left<T>() < bytes_left<Base>());

/// For a function that takes a base class which has all that `T` has. Never evaluated.
template <class T>
struct any_base_with_all {
  template <class Base>
    requires(std::derived_from<T, Base> && !std::same_as<T, Base> && !adds_to<T, Base>)
  operator Base&() const;  // NOLINT(google-explicit-constructor): that is its purpose
};

/// Functions that are chosen for a `T` before those that take a base class, and after those that take a `T`.
namespace before_those_of_bases {

struct chosen {};
template <class T>
chosen serialize(input_archive& archive, const T& value);
template <class T>
chosen load(input_archive& archive, const T& value);

template <class T>
concept in_serialize = requires(input_archive& in, T& value) {
  { serialize(in, value) } -> std::same_as<chosen>;
};
template <class T>
concept in_load = requires(input_archive& in, T& value) {
  { load(in, value) } -> std::same_as<chosen>;
};

}  // namespace before_those_of_bases

template <class T>
consteval bool finds_inherited_serialize() {
  if constexpr (has_adapter<T>) {
    return false;
  } else if constexpr (has_member_serialize<T>) {
    if constexpr (requires { access::serializer<T, output_archive>(); })
      return adds_to<T, decltype(access::serializer<T, output_archive>())>;
    else
      return false;
  } else if constexpr (has_member_save<T>) {
    if constexpr (requires { access::saver<T, output_archive>(); })
      return adds_to<T, decltype(access::saver<T, output_archive>())>;
    else
      return false;
  } else if constexpr (has_free_serialize<T>) {
    return before_those_of_bases::in_serialize<T> &&
           !requires(input_archive& in, any_base_with_all<T> base) { serialize(in, base); };
  } else {
    return has_free_save<T> && before_those_of_bases::in_load<T> &&
           !requires(input_archive& in, any_base_with_all<T> base) { load(in, base); };
  }
}

/// Its serialize is a base class's, and it has members that the base class lacks.
template <class T>
concept inherits_serialize = finds_inherited_serialize<T>();

template <customised T>
void save_customised(output_archive& archive, const T& value) {
  if constexpr (has_adapter<T>) {
    adapted<T>::save(archive, value);
  } else if constexpr (has_member_serialize<T>) {
    access::serialize(archive, const_cast<T&>(value));  // one function for both directions, which only reads here
  } else if constexpr (has_member_save<T>) {
    access::save(archive, value);
  } else if constexpr (has_free_serialize<T>) {
    serialize(archive, const_cast<T&>(value));
  } else {
    save(archive, value);
  }
}

template <customised T>
void load_customised(input_archive& archive, T& value) {
  if constexpr (has_adapter<T>) {
    adapted<T>::load(archive, value);
  } else if constexpr (has_member_serialize<T>) {
    access::serialize(archive, value);
  } else if constexpr (has_member_save<T>) {
    access::load(archive, value);
  } else if constexpr (has_free_serialize<T>) {
    serialize(archive, value);
  } else {
    load(archive, value);
  }
}

}  // namespace heddle::process
