// SPDX-License-Identifier: MIT

#include <heddle/process/counting_sink.hpp>
#include <heddle/process/exception_codec.hpp>
#include <heddle/register_exception.hpp>
#include <heddle/serialize.hpp>

#include <any>
#include <exception>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <typeinfo>
#include <variant>
#include <vector>

#include <support/allocation_count.hpp>
#include <support/catch.hpp>
#include <support/piecewise_bytes.hpp>
#include <support/round_trip.hpp>

using namespace heddle::process;
using heddle_test::message_of;

namespace {

std::vector<std::byte> message_with(const std::exception_ptr& error) {
  vector_sink sink;
  encode_exception(sink, error, {.pid = 42, .host = "there", .backtrace = "in f()"});
  return sink.take();
}

std::exception_ptr error_in(const std::vector<std::byte>& message) {
  span_source source(message);
  std::exception_ptr error = decode_exception(source);
  CHECK(source.left() == 0);
  return error;
}

template <class E>
std::exception_ptr after_travel(const E& error) {
  return error_in(message_with(std::make_exception_ptr(error)));
}

/// Calls `check(error)` with the exception, which must be an `E`.
template <class E, class Check>
void check_caught(const std::exception_ptr& error, const Check& check) {
  bool is_caught = false;
  try {
    std::rethrow_exception(error);
  } catch (const E& found) {
    is_caught = true;
    check(found);
  } catch (...) {
  }
  CHECK(is_caught);
}

/// What is nested in an exception, or null.
std::exception_ptr nested(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::nested_exception& nesting) {
    return nesting.nested_ptr();
  } catch (...) {
    return nullptr;
  }
}

struct parse_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class error_with_line : public std::exception {
 public:
  error_with_line() = default;
  explicit error_with_line(int line) : line_(line) {}
  [[nodiscard]] const char* what() const noexcept override { return "error in a line"; }
  [[nodiscard]] int line() const { return line_; }

  template <class Archive>
  void serialize(Archive& archive) {
    if (line_ < 0) throw std::logic_error("no such line");
    archive(line_);
  }

 private:
  int line_ = 0;
};

/// Derived from what is registered, and not registered itself.
struct special_error : parse_error {
  using parse_error::parse_error;
};

struct unregistered : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct final_error final : std::exception {
  explicit final_error(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
  std::string text_;
};

const bool registered = heddle::register_exception<parse_error>() && heddle::register_exception<error_with_line>() &&
                        heddle::register_exception<final_error>() && heddle::register_exception<int>();

}  // namespace

TEMPLATE_TEST_CASE("a standard exception that is its text comes back", "[process][exceptions]", std::logic_error,
                   std::invalid_argument, std::domain_error, std::length_error, std::out_of_range, std::runtime_error,
                   std::range_error, std::overflow_error, std::underflow_error) {
  check_caught<TestType>(after_travel(TestType("some text")), [](const TestType& error) {
    CHECK(error.what() == std::string("some text"));
    CHECK(typeid(error) == typeid(returned<TestType>));
  });
}

TEMPLATE_TEST_CASE("a standard exception without a text of its own comes back", "[process][exceptions]", std::exception,
                   std::bad_alloc, std::bad_array_new_length, std::bad_cast, std::bad_typeid, std::bad_exception,
                   std::bad_function_call, std::bad_optional_access, std::bad_variant_access, std::bad_weak_ptr,
                   std::bad_any_cast) {
  check_caught<TestType>(after_travel(TestType()), [](const TestType& error) {
    CHECK(error.what() == std::string(TestType().what()));
    CHECK(typeid(error) == typeid(returned<TestType>));
  });
}

TEST_CASE("the text of an exception that chooses its own comes back too", "[process][exceptions]") {
  std::exception_ptr thrown;
  try {
    static_cast<void>(std::get<1>(std::variant<int, bool>(1)));
  } catch (...) {
    thrown = std::current_exception();
  }
  std::string text;
  check_caught<std::bad_variant_access>(thrown, [&](const auto& error) { text = error.what(); });
  check_caught<std::bad_variant_access>(error_in(message_with(thrown)),
                                        [&](const auto& e) { CHECK(e.what() == text); });
}

TEST_CASE("exceptions with error codes come back with code and text", "[process][exceptions]") {
  const std::system_error system(ENOENT, std::system_category(), "opening");
  check_caught<std::system_error>(after_travel(system), [&](const std::system_error& error) {
    CHECK(error.code() == system.code());
    CHECK(error.code().category() == std::system_category());
    CHECK(error.what() == std::string(system.what()));
  });
  const std::filesystem::filesystem_error file("copy", "/a", "/b", std::make_error_code(std::errc::file_exists));
  check_caught<std::filesystem::filesystem_error>(after_travel(file), [&](const auto& error) {
    CHECK(error.path1() == "/a");
    CHECK(error.path2() == "/b");
    CHECK(error.code() == std::errc::file_exists);
    CHECK(error.what() == std::string(file.what()));
  });
  check_caught<std::ios_base::failure>(after_travel(std::ios_base::failure("reading", std::io_errc::stream)),
                                       [](const auto& error) { CHECK(error.code() == std::io_errc::stream); });
  check_caught<std::future_error>(after_travel(std::future_error(std::future_errc::no_state)),
                                  [](const auto& error) { CHECK(error.code() == std::future_errc::no_state); });
}

TEST_CASE("an error code of an unknown category makes its exception a remote_error", "[process][exceptions]") {
  class other_category : public std::error_category {
   public:
    [[nodiscard]] const char* name() const noexcept override { return "other"; }
    [[nodiscard]] std::string message(int) const override { return "other"; }
  };
  static const other_category other;
  check_caught<remote_error>(after_travel(std::system_error(1, other, "x")), [](const remote_error& error) {
    CHECK(error.type() == "std::system_error");
    CHECK(error.remote_what() == "x: other");
  });
}

TEST_CASE("what came back says where it was thrown", "[process][exceptions]") {
  check_caught<remote_error>(nested(after_travel(std::out_of_range("far"))), [](const remote_error& error) {
    CHECK(error.type() == "std::out_of_range");
    CHECK(error.remote_what() == "far");
    CHECK(error.pid() == 42);
    CHECK(error.host() == "there");
    CHECK(error.backtrace() == "in f()");
    CHECK(error.what() == std::string("std::out_of_range: far (thrown in process 42 on there)"));
  });
}

TEST_CASE("an exception of an unknown type comes back as a remote_error", "[process][exceptions]") {
  const std::exception_ptr error = after_travel(unregistered("text"));
  check_caught<remote_error>(error, [](const remote_error& known) {
    CHECK_THAT(known.type(), Catch::Matchers::ContainsSubstring("unregistered"));
    CHECK(known.remote_what() == "text");
  });
  CHECK(nested(error) == nullptr);
  check_caught<remote_error>(after_travel(special_error("text")), [](const remote_error& known) {
    CHECK_THAT(known.type(), Catch::Matchers::ContainsSubstring("special_error"));
  });
}

TEST_CASE("what is no std::exception comes back as a remote_error, with its text if it is one",
          "[process][exceptions]") {
  check_caught<remote_error>(after_travel(2.5), [](const auto& error) { CHECK(error.type() == "double"); });
  check_caught<remote_error>(after_travel("literal"), [](const auto& e) { CHECK(e.remote_what() == "literal"); });
  check_caught<remote_error>(after_travel(std::string("s")), [](const auto& e) { CHECK(e.remote_what() == "s"); });
}

TEST_CASE("a registered exception comes back as it was", "[process][exceptions]") {
  check_caught<parse_error>(after_travel(parse_error("line 3")),
                            [](const parse_error& error) { CHECK(error.what() == std::string("line 3")); });
  check_caught<error_with_line>(after_travel(error_with_line(7)), [](const auto& error) { CHECK(error.line() == 7); });
  check_caught<final_error>(after_travel(final_error("the end")),
                            [](const auto& error) { CHECK(error.what() == std::string("the end")); });
  check_caught<int>(after_travel(5), [](int error) { CHECK(error == 5); });
  check_caught<remote_error>(nested(after_travel(error_with_line(7))),
                             [](const auto& error) { CHECK(error.pid() == 42); });
}

TEST_CASE("an exception that cannot be sent still says what it is", "[process][exceptions]") {
  check_caught<remote_error>(after_travel(error_with_line(-1)), [](const remote_error& error) {
    CHECK_THAT(error.type(), Catch::Matchers::ContainsSubstring("error_with_line"));
    CHECK(error.remote_what() == "error in a line");
  });
}

TEST_CASE("exceptions nested in one another come back nested", "[process][exceptions]") {
  std::exception_ptr thrown;
  try {
    try {
      try {
        throw unregistered("inner");
      } catch (...) {
        std::throw_with_nested(parse_error("middle"));
      }
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  const std::exception_ptr outer = error_in(message_with(thrown));
  check_caught<std::runtime_error>(outer, [](const auto& e) { CHECK(e.what() == std::string("outer")); });
  check_caught<remote_error>(nested(outer), [](const auto& e) { CHECK(e.type() == "std::runtime_error"); });
  const std::exception_ptr middle = nested(nested(outer));
  check_caught<parse_error>(middle, [](const auto& e) { CHECK(e.what() == std::string("middle")); });
  const std::exception_ptr inner = nested(nested(middle));
  check_caught<remote_error>(inner, [](const auto& e) { CHECK(e.remote_what() == "inner"); });
  CHECK(nested(inner) == nullptr);
}

TEST_CASE("an exception that came from another process can be sent on", "[process][exceptions]") {
  const std::exception_ptr twice = error_in(message_with(after_travel(std::out_of_range("far"))));
  check_caught<std::out_of_range>(twice, [](const auto& e) { CHECK(e.what() == std::string("far")); });
  check_caught<remote_error>(nested(twice), [](const auto& e) { CHECK(e.type() == "std::out_of_range"); });
  // What the second process knew of the first.
  check_caught<remote_error>(nested(nested(twice)), [](const auto& e) {
    CHECK_THAT(e.what(), Catch::Matchers::ContainsSubstring("in process 42"));
  });
}

TEST_CASE("more exceptions nested in one another than anybody reads are cut", "[process][exceptions]") {
  std::exception_ptr error = std::make_exception_ptr(std::runtime_error("innermost"));
  for (int i = 0; i < 100; ++i) {
    error = thrown_while_handling(error, [] { std::throw_with_nested(std::runtime_error("outer")); });
  }
  const std::vector<std::byte> message = message_with(error);
  span_source source(message);
  CHECK(receive_exceptions(source).size() == max_nested_exceptions);
  CHECK(error_in(message) != nullptr);
}

TEST_CASE("a text of any length is cut to what somebody reads", "[process][exceptions]") {
  check_caught<std::runtime_error>(
      after_travel(std::runtime_error(std::string(1'000'000, 'x'))),
      [](const auto& error) { CHECK(error.what() == std::string(max_exception_text, 'x')); });
}

TEST_CASE("to send std::bad_alloc nothing is allocated", "[process][exceptions]") {
  const std::exception_ptr error = std::make_exception_ptr(std::bad_alloc());
  counting_sink sink;
  CHECK(heddle_test::allocations_in([&] { encode_exception(sink, error, {}); }) == 0);
  CHECK(sink.size() > 0);
}

TEST_CASE("bytes that are no exception are malformed", "[process][exceptions]") {
  const std::string none;
  const auto begin = message_of(std::int64_t{1}, none, none);
  const auto with = [&](auto... values) {
    auto message = begin;
    const auto end = message_of(values...);
    message.insert(message.end(), end.begin(), end.end());
    return message;
  };
  const auto decode_it = [](const std::vector<std::byte>& message) {
    span_source source(message);
    return decode_exception(source);
  };
  CHECK_THROWS_AS(decode_it({}), malformed_message);
  CHECK_THROWS_AS(decode_it(begin), malformed_message);
  CHECK_THROWS_AS(decode_it(with('\0')), malformed_message);
  CHECK_THROWS_AS(decode_it(with('\1', '\3', none, none, none, '\0')), malformed_message);
  // Of a kind that is known, but without sense otherwise: what it says of itself is all.
  for (const char kind : {'\0', '\1', '\2'}) {
    check_caught<remote_error>(decode_it(with('\1', kind, std::string("type"), none, std::string("\xff"), '\0')),
                               [](const auto& error) { CHECK(error.type() == "type"); });
  }
  std::vector<std::byte> endless = begin;
  for (int i = 0; i < 100; ++i) {
    const auto one = message_of('\1', '\0', none, none, none);
    endless.insert(endless.end(), one.begin(), one.end());
  }
  endless.push_back(std::byte{0});
  CHECK_THROWS_AS(decode_it(endless), malformed_message);
  // Each would be kept again and again.
  const std::string long_text(max_exception_text + 1, 'x');
  CHECK_THROWS_AS(decode_it(message_of(std::int64_t{1}, long_text, none, '\1', '\0', none, none, none, '\0')),
                  malformed_message);
  CHECK_THROWS_AS(decode_it(message_of(std::int64_t{1}, none, long_text, '\1', '\0', none, none, none, '\0')),
                  malformed_message);
  CHECK_THROWS_AS(decode_it(with('\1', '\0', long_text, none, none, '\0')), malformed_message);
  CHECK_THROWS_AS(decode_it(with('\1', '\0', none, long_text, none, '\0')), malformed_message);
}

TEST_CASE("an exception arrives through small windows, and truncated it is malformed", "[process][exceptions]") {
  const auto message = message_with(std::make_exception_ptr(std::out_of_range("far")));
  heddle_test::piecewise_source pieces(message, 3);
  check_caught<std::out_of_range>(decode_exception(pieces), [](const auto&) {});
  for (std::size_t size = 0; size < message.size(); ++size) {
    span_source source(std::span<const std::byte>(message).first(size));
    CHECK_THROWS_AS(decode_exception(source), malformed_message);
  }
}
