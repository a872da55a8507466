// SPDX-License-Identifier: MIT
// Types that travel to other processes, of every kind, and random values of them.
#pragma once

#include <heddle/process/vector_sink.hpp>
#include <heddle/serialize.hpp>

#include <array>
#include <bitset>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace heddle_test {

enum class shade : std::int16_t { light, dark };
enum weekday { monday, tuesday, sunday = 6 };
constexpr std::pair<weekday, weekday> enum_bounds(weekday) { return {monday, sunday}; }

struct position {
  double x, y;
  bool operator==(const position&) const = default;
};

struct record {
  char kind;
  bool valid;
  double weight;
  std::string name;
  std::optional<std::int16_t> age;
  std::vector<position> track;
  bool operator==(const record&) const = default;
};

struct grid {
  float cells[2][3];
  char label[8];
  bool operator==(const grid&) const = default;
};

struct directory {
  std::string name;
  std::vector<directory> children;
  std::map<std::string, std::uint32_t> sizes;
  bool operator==(const directory&) const = default;
};

struct expression {
  std::variant<std::int32_t, std::pair<std::unique_ptr<expression>, std::unique_ptr<expression>>> value;
};

class account {
 public:
  account() = default;
  account(std::string owner, std::int64_t balance) : owner_(std::move(owner)), balance_(balance) {}
  bool operator==(const account&) const = default;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(owner_, balance_);
  }

 private:
  std::string owner_;
  std::int64_t balance_ = 0;
};

/// All of them: what is done with each is done by for_each_type().
using travelling_types = heddle::process::type_list<
    bool, char, std::int8_t, std::uint16_t, std::int32_t, std::uint64_t, float, double, long double, wchar_t, char8_t,
    shade, weekday, std::byte, std::string, std::u16string, std::vector<char>, std::vector<std::int32_t>,
    std::vector<double>, std::vector<bool>, std::vector<std::string>, std::vector<record>, std::vector<account>,
    std::vector<std::monostate>, std::vector<std::vector<std::vector<std::uint8_t>>>, std::vector<std::deque<char>>,
    std::deque<std::string>, std::list<std::int32_t>, std::forward_list<std::string>, std::set<std::string>,
    std::multiset<std::int16_t>, std::unordered_set<std::string>, std::unordered_multiset<std::int8_t>,
    std::map<std::string, std::vector<double>>, std::multimap<std::int8_t, std::string>,
    std::unordered_map<std::int32_t, record>, std::unordered_multimap<std::int8_t, bool>, std::array<std::int32_t, 5>,
    std::array<std::string, 2>, std::array<bool, 3>, std::pair<std::string, bool>, std::tuple<>,
    std::tuple<char, std::string, double>, std::optional<std::string>,
    std::vector<std::optional<std::array<double, 50>>>, std::variant<std::monostate, bool, std::string, record>,
    std::unique_ptr<record>, std::vector<std::unique_ptr<std::string>>, std::chrono::nanoseconds,
    std::chrono::duration<double>, std::chrono::system_clock::time_point, std::filesystem::path,
    std::vector<std::filesystem::path>, std::complex<double>, std::vector<std::complex<float>>, std::bitset<13>,
    std::error_code, position, record, grid, std::vector<grid>, directory, expression, account>;

template <class Use, class... Ts>
void for_each_type(heddle::process::type_list<Ts...>, const Use& use) {
  (use.template operator()<Ts>(), ...);
}

/// Values of any of the types above: small ones, and seldom large ones.
class random_values {
 public:
  explicit random_values(std::uint64_t seed) : numbers_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return numbers_() % bound; }

  template <class T>
  T draw() {
    return maker<T>::make(*this);
  }

 private:
  template <class T>
  struct maker;

  std::size_t size() {
    // Few at depth, so that values end.
    if (depth_ > 3) return 0;
    return below(64) == 0 && depth_ == 1 ? below(3000) : below(5);
  }

  /// While it lives, containers are smaller.
  struct deeper {
    explicit deeper(random_values& all) : all_(all) { ++all_.depth_; }
    ~deeper() { --all_.depth_; }
    random_values& all_;
  };

  std::mt19937_64 numbers_;
  int depth_ = 0;
};

template <class T>
struct random_values::maker {
  static T make(random_values& random) {
    using namespace heddle::process;
    if constexpr (std::is_same_v<T, bool>) {
      return random.below(2) == 0;
    } else if constexpr (std::is_enum_v<T>) {
      if constexpr (has_enum_bounds<T>)
        return static_cast<T>(random.below(7));
      else
        return static_cast<T>(random.numbers_());
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(static_cast<std::int32_t>(random.numbers_())) / 8;
    } else if constexpr (std::is_arithmetic_v<T>) {
      return static_cast<T>(random.numbers_() >> random.below(64));
    } else if constexpr (requires(T c) { c.insert(c.end(), std::declval<typename T::value_type>()); }) {
      return container(random);
    } else {
      return by_parts(random, typename codec<T>::parts());
    }
  }

  template <class Element>
  static auto element(random_values& random) {
    if constexpr (requires { typename Element::second_type; }) {
      using first = std::remove_const_t<typename Element::first_type>;
      return std::pair<first, typename Element::second_type>{random.draw<first>(),
                                                             random.draw<typename Element::second_type>()};
    } else {
      return random.draw<Element>();
    }
  }

  static T container(random_values& random) {
    const deeper level(random);
    T all;
    for (std::size_t count = random.size(); count != 0; --count) {
      all.insert(all.end(), element<typename T::value_type>(random));
    }
    return all;
  }

  template <class... Parts>
  static T by_parts(random_values& random, heddle::process::type_list<Parts...>) {
    if constexpr (requires { typename T::clock; }) {
      return T(random.draw<typename T::duration>());
    } else if constexpr (requires { typename T::period; }) {
      return T(random.draw<typename T::rep>());
    } else if constexpr (std::is_same_v<T, grid>) {
      return grid{{{1, 2, 3}, {4, 5, random.draw<float>()}}, "label"};
    } else {
      return T{random.draw<Parts>()...};
    }
  }
};

template <class T>
struct random_values::maker<std::forward_list<T>> {
  static std::forward_list<T> make(random_values& random) {
    const auto all = random.draw<std::vector<T>>();
    return std::forward_list<T>(all.begin(), all.end());
  }
};
template <class T, std::size_t Size>
struct random_values::maker<std::array<T, Size>> {
  static std::array<T, Size> make(random_values& random) {
    std::array<T, Size> all;
    for (T& each : all) each = random.draw<T>();
    return all;
  }
};
template <class T>
struct random_values::maker<std::optional<T>> {
  static std::optional<T> make(random_values& random) {
    if (random.below(2) == 0) return std::nullopt;
    return random.draw<T>();
  }
};
template <class T>
struct random_values::maker<std::unique_ptr<T>> {
  static std::unique_ptr<T> make(random_values& random) {
    const deeper level(random);
    if (random.depth_ > 6 || random.below(4) == 0) return nullptr;
    return std::make_unique<T>(random.draw<T>());
  }
};
template <class... Ts>
struct random_values::maker<std::variant<Ts...>> {
  static std::variant<Ts...> make(random_values& random) {
    using variant = std::variant<Ts...>;
    const std::uint64_t index = random.below(sizeof...(Ts));
    variant value;
    std::uint64_t i = 0;
    static_cast<void>(((i++ == index ? (value = random.draw<Ts>(), true) : false) || ...));
    return value;
  }
};
template <class T>
struct random_values::maker<std::complex<T>> {
  static std::complex<T> make(random_values& random) { return {random.draw<T>(), random.draw<T>()}; }
};
template <std::size_t Size>
struct random_values::maker<std::bitset<Size>> {
  static std::bitset<Size> make(random_values& random) { return std::bitset<Size>(random.numbers_()); }
};
template <>
inline std::filesystem::path random_values::draw() {
  return "/some/" + std::to_string(below(1000)) + "/" + draw<std::string>();
}
template <>
inline std::error_code random_values::draw() {
  return std::error_code(static_cast<int>(below(200)),
                         below(2) == 0 ? std::generic_category() : std::system_category());
}
template <>
inline account random_values::draw() {
  return account(draw<std::string>(), draw<std::int64_t>());
}

/// Whether two values are the same; those without `==` are if their bytes are.
template <class T>
bool are_same(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, expression> || requires { typename T::deleter_type; } ||
                std::is_same_v<T, std::vector<std::unique_ptr<std::string>>>) {
    heddle::process::vector_sink of_a;
    heddle::process::vector_sink of_b;
    heddle::process::encode(of_a, a);
    heddle::process::encode(of_b, b);
    return of_a.take() == of_b.take();
  } else {
    return a == b;
  }
}

}  // namespace heddle_test
