#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tailrace::api::aws {

// One frame of application/vnd.amazon.eventstream: total length, length of the headers and a CRC-32 of both, headers of
// texts, payload, CRC-32 of everything before.
std::string EventStreamFrame(std::initializer_list<std::pair<std::string_view, std::string_view>> headers,
                             std::string_view payload);

}  // namespace tailrace::api::aws
