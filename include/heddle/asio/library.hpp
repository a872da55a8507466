// SPDX-License-Identifier: MIT
// Which Asio it is: the one of its own, or else that of Boost.
#pragma once

/// Define HEDDLE_USE_BOOST_ASIO, everywhere in a program, for that of Boost where there are both.
#if !defined(HEDDLE_USE_BOOST_ASIO) && __has_include(<asio/execution.hpp>)
#include <asio/async_result.hpp>
#include <asio/execution.hpp>
#include <asio/execution_context.hpp>
#include <asio/post.hpp>
namespace heddle {
namespace asio_library = ::asio;
using asio_error_code = ::asio::error_code;
}  // namespace heddle
#elif __has_include(<boost/asio/execution.hpp>)
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
namespace heddle {
namespace asio_library = ::boost::asio;
using asio_error_code = ::boost::system::error_code;
}  // namespace heddle
#else
#error "heddle/asio.hpp needs the headers of Asio or of Boost: install one of them, or tell the compiler where they are"
#endif
