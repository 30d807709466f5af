#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "table/item.h"
#include "table/stored.h"

// Any bytes as a stored item, a stored change and typed JSON: what is read is written and read again as the same.

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace tailrace::table;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto same_again = [](const Item& item) {
    const auto again = DecodeStoredItem(EncodeStoredItem(item));
    TAILRACE_CHECK(again.ok() && *again == item);
  };
  if (const auto item = DecodeStoredItem(text); item.ok()) same_again(*item);
  DecodeChange(text).Ignore("any answer");
  DecodeDefinition(text).Ignore("any answer");
  boost::system::error_code code;
  const boost::json::value json = boost::json::parse(text, code);
  if (code) return 0;
  if (const auto item = ItemFromTypedJson(json); item.ok()) {
    same_again(*item);
    const auto again = ItemFromTypedJson(boost::json::parse(ToTypedJson(*item), code));
    TAILRACE_CHECK(!code && again.ok());
  }
  return 0;
}
