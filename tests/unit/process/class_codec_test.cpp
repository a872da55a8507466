// SPDX-License-Identifier: MIT

#include <heddle/serialize.hpp>

#include <cstdint>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <support/catch.hpp>
#include <support/round_trip.hpp>

using namespace heddle::process;
using heddle_test::decoded;
using heddle_test::encoded;
using heddle_test::round_trip;

namespace {

struct point {
  double x, y;
  bool operator==(const point&) const = default;
};

struct everything {
  bool flag;
  std::string text;
  std::optional<int> maybe;
  std::unique_ptr<point> where;
  std::variant<int, std::string> either;
  std::vector<point> path;
  const int constant;
};

struct sixteen {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p;
  bool operator==(const sixteen&) const = default;
};

struct with_arrays {
  char name[16];
  int matrix[2][3];
  std::vector<int> rest;
};

struct with_bits {
  unsigned low : 3;
  unsigned high : 13;
  int whole;
};

struct padded {
  char c;
  double d;
  bool b;
  bool operator==(const padded&) const = default;
};

/// Private members, a private default constructor and a private serialize.
class account {
 public:
  account(std::string owner, int balance) : owner_(std::move(owner)), balance_(balance) {}
  bool operator==(const account&) const = default;

 private:
  friend heddle::access;
  account() = default;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(owner_, balance_);
  }

  std::string owner_;
  int balance_ = 0;
};

class by_free_function {
 public:
  int value = 0;
  by_free_function() = default;
  explicit by_free_function(int v) : value(v) {}
};

template <class Archive>
void serialize(Archive& archive, by_free_function& value) {
  archive & value.value;
}

/// Keeps something that is not sent but computed.
class temperature {
 public:
  temperature() = default;
  explicit temperature(double celsius) : celsius_(celsius), kelvin_(celsius + 273) {}
  [[nodiscard]] double kelvin() const { return kelvin_; }

  template <class Archive>
  void save(Archive& archive) const {
    archive(celsius_);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(celsius_);
    kelvin_ = celsius_ + 273;
  }

 private:
  double celsius_ = 0;
  double kelvin_ = 0;
};

class by_free_pair {
 public:
  int value = 0;
  by_free_pair() = default;
  explicit by_free_pair(int v) : value(v) {}
};

template <class Archive>
void save(Archive& archive, const by_free_pair& value) {
  archive(value.value);
}
template <class Archive>
void load(Archive& archive, by_free_pair& value) {
  archive(value.value);
}

class without_default {
 public:
  explicit without_default(int value) : value_(value) {}
  [[nodiscard]] int value() const { return value_; }

  template <class Archive>
  void save(Archive& archive) const {
    archive(value_);
  }
  template <class Archive>
  static without_default load(Archive& archive) {
    return without_default(archive.template get<int>());
  }

 private:
  int value_;
};

class knows_its_direction {
 public:
  int saved = 0;
  int loaded = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(saved);
    if constexpr (Archive::is_saving::value) ++saved;
    if constexpr (Archive::is_loading::value) ++loaded;
  }
};

struct base {
  int a = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(a);
  }
};

struct derived : base {
  int b = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(static_cast<base&>(*this), b);
  }
};

struct inherits : base {
  int b = 0;
};

/// Its last member has room for one more behind it.
struct roomy {
  std::string name;
  int age = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name, age);
  }
};
struct fills_room : roomy {
  int salary = 0;
};
struct adds_nothing : roomy {};
struct labelled : temperature {
  std::string label;
};
struct freely_labelled : by_free_function {
  std::string label;
};
struct freely_labelled_pair : by_free_pair {
  std::string label;
};
struct freely_renamed : by_free_function {};

/// Two above it have functions of their own.
struct freely_nested : freely_labelled {
  int more = 0;
};
template <class Archive>
void serialize(Archive& archive, freely_labelled& value) {
  archive(static_cast<by_free_function&>(value), value.label);
}
template <class T>
struct free_template : by_free_function {
  T body;
};
template <class Archive, class T>
void serialize(Archive& archive, free_template<T>& value) {
  archive(static_cast<by_free_function&>(value), value.body);
}

struct abstract_base {
  double x = 0;
  virtual ~abstract_base() = default;
  [[nodiscard]] virtual double area() const = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x);
  }
};
struct concrete : abstract_base {
  [[nodiscard]] double area() const override { return x; }
};
struct concrete_and_final final : abstract_base {
  [[nodiscard]] double area() const override { return x; }
};

/// Its members can be given nothing, since nothing can be made that the first is bound to.
struct with_default_reference {
  std::ostream& log = std::cout;
  int level = 3;
};

struct plain_base {
  int a;
};
struct plain_derived : plain_base {
  int b;
};

/// Does not stop by itself.
struct endless {
  std::unique_ptr<endless> next;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(next);
  }
};

struct seventeen {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q;
};
struct with_reference {
  int a;
  int& b;
};
struct with_const_reference {
  const std::string& text;
};
struct with_pointer {
  std::vector<std::map<int, int*>> deep;
};
union either {
  int a;
  float b;
};
class closed {
 public:
  explicit closed(int value) : value_(value) {}
  int value_;
};
class no_default {
 public:
  explicit no_default(int v) : value(v) {}
  template <class Archive>
  void serialize(Archive& archive) {
    archive(value);
  }
  int value;
};
struct polymorphic {
  virtual ~polymorphic() = default;
};
enum unbounded { some };

template <class T>
constexpr obstacle why = obstacle_search<T>::find();

}  // namespace

static_assert(count_members<point>() == 2);
static_assert(count_members<everything>() == 7);
static_assert(count_members<sixteen>() == 16);
static_assert(count_members<with_arrays>() == 3);
static_assert(count_members<with_bits>() == 3);

static_assert(heddle::can_travel<everything> && heddle::can_travel<const sixteen> && heddle::can_travel<account>);
static_assert(heddle::can_travel<std::less<>> && heddle::can_travel<decltype([] { return 1; })>);
static_assert(why<int&> == obstacle::reference && why<int*> == obstacle::pointer);
static_assert(why<std::nullptr_t> == obstacle::pointer && why<int closed::*> == obstacle::pointer);
static_assert(why<seventeen> == obstacle::too_many_members && why<with_reference> == obstacle::hidden_members);
static_assert(why<with_const_reference> == obstacle::reference);
static_assert(why<with_pointer> == obstacle::pointer && why<either> == obstacle::union_type);
static_assert(why<closed> == obstacle::unknown_class && why<no_default> == obstacle::not_default_constructible);
static_assert(why<inherits> == obstacle::inherited_serialize && why<derived> == obstacle::none);
static_assert(why<fills_room> == obstacle::inherited_serialize && why<adds_nothing> == obstacle::none);
static_assert(why<labelled> == obstacle::inherited_serialize);
static_assert(why<freely_labelled> == obstacle::none && why<freely_renamed> == obstacle::none);
static_assert(why<freely_nested> == obstacle::inherited_serialize && why<free_template<int>> == obstacle::none);
static_assert(why<concrete> == obstacle::none && why<concrete_and_final> == obstacle::none);
static_assert(why<freely_labelled_pair> == obstacle::inherited_serialize);
static_assert(why<with_default_reference> == obstacle::hidden_members);
static_assert(why<plain_derived> == obstacle::base_class && why<unbounded> == obstacle::open_enum);
static_assert(why<std::unique_ptr<polymorphic>> == obstacle::polymorphic_pointer);
static_assert(why<std::unique_ptr<int[]>> == obstacle::array_pointer);
static_assert(why<std::map<int, int, bool (*)(int, int)>> == obstacle::stateful_order);
static_assert(why<std::function<void()>> == obstacle::callable &&
              why<std::shared_ptr<int>> == obstacle::shared_ownership);
static_assert(why<std::reference_wrapper<int>> == obstacle::shared_ownership);

static_assert(is_bulk<point> && is_bulk<sixteen> && !is_bulk<padded> && !is_bulk<with_bits> && !is_bulk<bool>);
static_assert(!is_bulk<account> && !is_bulk<base> && !is_bulk<long double> && is_bulk<std::byte> &&
              !is_bulk<unbounded>);

TEST_CASE("a struct of public members arrives", "[process][codec]") {
  CHECK(round_trip(point{1, 2}) == point{1, 2});
  everything all{true, "text", 3, std::make_unique<point>(point{4, 5}), "six", {{7, 8}}, 9};
  const everything arrived = round_trip(all);
  CHECK(arrived.flag);
  CHECK(arrived.text == "text");
  CHECK(arrived.maybe == 3);
  CHECK(*arrived.where == point{4, 5});
  CHECK(arrived.either == all.either);
  CHECK(arrived.path == all.path);
  CHECK(arrived.constant == 9);
}

TEST_CASE("a struct of sixteen members arrives", "[process][codec]") {
  const sixteen all{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  CHECK(round_trip(all) == all);
}

TEST_CASE("members that are arrays or bit-fields arrive", "[process][codec]") {
  const with_arrays arrived = round_trip(with_arrays{"a name", {{1, 2, 3}, {4, 5, 6}}, {7}});
  CHECK(std::string(arrived.name) == "a name");
  CHECK(arrived.matrix[1][2] == 6);
  CHECK(arrived.rest == std::vector{7});
  const with_bits bits = round_trip(with_bits{5, 8000, -1});
  CHECK(bits.low == 5);
  CHECK(bits.high == 8000);
  CHECK(bits.whole == -1);
}

TEST_CASE("padding does not travel, and a bool in a struct is checked", "[process][codec]") {
  const std::vector<padded> all(10, padded{'x', 1.5, true});
  CHECK(encoded(all).size() == 8 + 10 * 10);
  CHECK(round_trip(all) == all);
  std::vector<std::byte> message = encoded(all);
  message.back() = std::byte{2};
  CHECK_THROWS_AS(decoded<std::vector<padded>>(message), malformed_message);
}

TEST_CASE("a class with a serialize function arrives", "[process][codec]") {
  CHECK(round_trip(account("Ada", 5)) == account("Ada", 5));
  CHECK(round_trip(std::vector<account>(3, account("Bo", 1))) == std::vector<account>(3, account("Bo", 1)));
  CHECK(round_trip(by_free_function(3)).value == 3);
  CHECK(round_trip(temperature(20)).kelvin() == 293);
  CHECK(round_trip(by_free_pair(4)).value == 4);
  CHECK(round_trip(without_default(6)).value() == 6);
  CHECK(round_trip(std::vector<without_default>(2, without_default(7)))[1].value() == 7);
  derived both;
  both.a = 1;
  both.b = 2;
  CHECK(round_trip(both).a == 1);
  CHECK(round_trip(both).b == 2);
}

TEST_CASE("an archive says whether it saves or loads", "[process][codec]") {
  knows_its_direction value;
  const auto arrived = round_trip(value);
  CHECK(value.saved == 1);
  CHECK(arrived.saved == 0);
  CHECK(arrived.loaded == 1);
}

TEST_CASE("a container in an object that is loaded is replaced", "[process][codec]") {
  vector_sink sink;
  output_archive archive_of_sink(sink);
  archive_of_sink(std::vector{1, 2});
  const auto message = sink.take();
  span_source source(message);
  std::vector<int> old{7, 8, 9};
  input_archive archive(source);
  archive(old);
  CHECK(old == std::vector{1, 2});
}

TEST_CASE("a class that serialises itself deeper and deeper is stopped", "[process][codec]") {
  const std::vector<std::byte> deep(1'000'000, std::byte{1});
  CHECK_THROWS_AS(decoded<endless>(deep), malformed_message);
}

TEST_CASE("functions without state travel as nothing", "[process][codec]") {
  CHECK(encoded([](int x) { return x + 1; }).empty());
  CHECK(round_trip([](int x) { return x + 1; })(1) == 2);
}
