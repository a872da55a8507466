// SPDX-License-Identifier: MIT
// Classes that travel to other processes as cereal sends them: with everything that cereal knows, such as shared_ptr,
// classes behind pointers to their bases, versions, and what is written in namespace cereal for types of others.
#pragma once

#if __has_include(<cereal/cereal.hpp>)
#include <cereal/cereal.hpp>
#else
#error "heddle/cereal.hpp needs the headers of cereal (github.com/USCiLab/cereal): tell the compiler where they are"
#endif

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <heddle/serialize.hpp>

/// Says that a class travels by its functions for cereal. Written at global scope where the class is known, the same in
/// every source that sends it:
///
///     HEDDLE_TRAVELS_BY_CEREAL(my::shape_tree);
///
/// A class whose serialize member names nothing but what can travel by itself needs no cereal and no macro.
#define HEDDLE_TRAVELS_BY_CEREAL(...) \
  template <>                         \
  struct heddle::process::adapted<__VA_ARGS__> : heddle::by_cereal<__VA_ARGS__> {}

namespace heddle {

/// cereal's archive over a sink.
class cereal_output_archive : public cereal::OutputArchive<cereal_output_archive, cereal::AllowEmptyClassElision> {
 public:
  explicit cereal_output_archive(process::byte_sink& sink) : OutputArchive(this), sink_(sink) {}
  [[nodiscard]] process::byte_sink& sink() const noexcept { return sink_; }

 private:
  process::byte_sink& sink_;
};

/// cereal's archive over a source. Numbers of elements, flags and depth are checked; but cereal makes room for a whole
/// container before it reads it, and how much that is for each element is not known here.
class cereal_input_archive : public cereal::InputArchive<cereal_input_archive, cereal::AllowEmptyClassElision> {
 public:
  explicit cereal_input_archive(process::byte_source& source) : InputArchive(this), source_(source) {}
  [[nodiscard]] process::byte_source& source() const noexcept { return source_; }

  void enter() {
    if (++depth_ > most_levels) throw process::malformed_message("values lie too deep in one another");
  }
  void leave() noexcept { --depth_; }

 private:
  /// A value of cereal's is several levels deep.
  static constexpr unsigned most_levels = 5 * process::max_nesting;

  process::byte_source& source_;
  unsigned depth_ = 0;
};

// The functions that cereal looks for.

template <class T>
  requires std::is_arithmetic_v<T>
void CEREAL_SAVE_FUNCTION_NAME(cereal_output_archive& archive, const T& value) {
  process::encode(archive.sink(), value);
}

template <class T>
  requires std::is_arithmetic_v<T>
void CEREAL_LOAD_FUNCTION_NAME(cereal_input_archive& archive, T& value) {
  value = process::decode<T>(archive.source());
}

template <class T>
void CEREAL_SAVE_FUNCTION_NAME(cereal_output_archive& archive, const cereal::BinaryData<T>& data) {
  archive.sink().write({static_cast<const std::byte*>(data.data), static_cast<std::size_t>(data.size)});
}

template <class T>
void CEREAL_LOAD_FUNCTION_NAME(cereal_input_archive& archive, cereal::BinaryData<T>& data) {
  archive.source().read({static_cast<std::byte*>(data.data), static_cast<std::size_t>(data.size)});
}

template <class T>
void CEREAL_SAVE_FUNCTION_NAME(cereal_output_archive& archive, const cereal::SizeTag<T>& tag) {
  archive.sink().put(static_cast<std::uint64_t>(tag.size));
}

template <class T>
void CEREAL_LOAD_FUNCTION_NAME(cereal_input_archive& archive, cereal::SizeTag<T>& tag) {
  tag.size = static_cast<std::remove_reference_t<T>>(archive.source().get_count(1, 1));
}

template <class T>
void CEREAL_SAVE_FUNCTION_NAME(cereal_output_archive& archive, const cereal::NameValuePair<T>& pair) {
  archive(pair.value);
}

template <class T>
void CEREAL_LOAD_FUNCTION_NAME(cereal_input_archive& archive, cereal::NameValuePair<T>& pair) {
  archive(pair.value);
}

template <class T>
void prologue(cereal_input_archive& archive, const T&) {
  archive.enter();
}

template <class T>
void epilogue(cereal_input_archive& archive, const T&) {
  archive.leave();
}

/// What HEDDLE_TRAVELS_BY_CEREAL makes of a class.
template <class T>
struct by_cereal {
  static void save(process::output_archive& archive, const T& value) {
    cereal_output_archive cereals(archive.sink());
    cereals(value);
  }
  static void load(process::input_archive& archive, T& value) {
    cereal_input_archive cereals(archive.source());
    cereals(value);
  }
};

}  // namespace heddle

CEREAL_REGISTER_ARCHIVE(heddle::cereal_output_archive)
CEREAL_REGISTER_ARCHIVE(heddle::cereal_input_archive)
CEREAL_SETUP_ARCHIVE_TRAITS(heddle::cereal_input_archive, heddle::cereal_output_archive)
