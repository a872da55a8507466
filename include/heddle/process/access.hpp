// SPDX-License-Identifier: MIT
// The way to serialize functions of classes, public or private, and which of them a class has.
#pragma once

#include <concepts>
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
