#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/simulation_world_test.h"

// What an undisturbed run would have given: plain counts over the records, written without a look at the engine.
// Only the simulation includes it.
namespace tailrace::app {

struct ArrivedOrder {
  int64_t arrival_unix_ms = 0;
  const Order* order = nullptr;
};

struct Expected {
  struct Message {
    int64_t unix_ms = 0;
    int64_t orders = 0;
    int64_t suppressed = 0;
    bool operator==(const Message&) const = default;
  };
  std::vector<std::vector<std::string>> windows;  // Rows of each window, sorted.
  std::map<std::string, std::string> items;       // Key to the newest order's id and quantity.
  std::vector<uint64_t> refused;                  // Orders that the table does not take, in their order.
  std::vector<Message> messages;
  uint64_t fired = 0;
  uint64_t resolved = 0;
};

inline bool IsNumber(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// `orders` in the order of the streams' merge: arrival, then input, then shard, then sequence. All time has passed.
inline Expected Expect(const std::vector<ArrivedOrder>& orders) {
  Expected expected;
  std::map<int64_t, std::map<std::string, std::pair<int64_t, int64_t>>> windows;
  std::vector<int64_t> times;
  std::optional<int64_t> last_row;
  std::optional<int64_t> last_message;
  int64_t held = 0;
  for (const auto& [time, order] : orders) {
    if (!order->readable) continue;
    auto& [count, pieces] = windows[time / kWindowMs][order->customer];
    ++count;
    pieces += order->quantity;
    if (IsNumber(order->customer)) {
      expected.items[StrCat(order->customer, "/", order->item)] = StrCat(order->id, " ", order->quantity);
    } else {
      expected.refused.push_back(order->id);
    }
    times.push_back(time);
    const auto recent = times.end() - std::lower_bound(times.begin(), times.end(), time - kFloodMs);
    if (recent < kFloodOrders) continue;
    if (!last_row.has_value() || time - *last_row >= kResolveAfterMs) {
      ++expected.fired;
      if (last_row.has_value()) ++expected.resolved;
    }
    last_row = time;
    if (!last_message.has_value() || time - *last_message >= kMinIntervalMs) {
      expected.messages.push_back({.unix_ms = time, .orders = recent, .suppressed = held});
      last_message = time;
      held = 0;
    } else {
      ++held;
    }
  }
  if (last_row.has_value()) ++expected.resolved;
  for (const auto& [window, customers] : windows) {
    std::vector<std::string>& rows = expected.windows.emplace_back();
    for (const auto& [customer, sums] : customers) {
      rows.push_back(
          StrCat("{\"CUSTOMER\":\"", customer, "\",\"ORDERS\":", sums.first, ",\"PIECES\":", sums.second, "}"));
    }
    std::ranges::sort(rows);
  }
  return expected;
}

}  // namespace tailrace::app
