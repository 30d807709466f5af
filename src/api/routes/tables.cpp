#include <boost/json.hpp>

#include "api/routes/routes.h"
#include "app/runtime.h"
#include "base/hash.h"
#include "base/str.h"
#include "data/text.h"
#include "table/item.h"
#include "table/key.h"
#include "table/table_store.h"

namespace tailrace::api {
namespace {

using RouteResult = Result<std::optional<http::Response>>;

constexpr int64_t kItemsMax = 1'000;

// A key's value from its text, as the table's key wants it.
Result<table::Attribute> ReadAttribute(const table::KeyAttribute& key, const std::string& text) {
  switch (key.type) {
    case table::KeyType::kString:
      return table::Attribute::Text(text);
    case table::KeyType::kNumber: {
      TAILRACE_ASSIGN_OR_RETURN(table::Number number, table::Number::Parse(text));
      return table::Attribute{std::move(number)};
    }
    case table::KeyType::kBinary: {
      std::string bytes;
      if (!FromBase64(text, bytes)) {
        return Error{ErrorCode::kInvalidArgument, StrCat(key.name, " is binary: give it in base64")};
      }
      return table::Attribute::Bytes(std::move(bytes));
    }
  }
  return Error{ErrorCode::kInternal, "unknown key type"};
}

Result<table::Attribute> ReadRequired(const RouteCall& call, std::string_view parameter,
                                      const table::KeyAttribute& key) {
  const std::string text = call.Query(parameter);
  if (text.empty()) {
    return Error{ErrorCode::kInvalidArgument, StrCat("give ", parameter, "=, the value of ", key.name)};
  }
  return ReadAttribute(key, text);
}

// Page tokens: the last key as typed JSON, in base64 with letters that need no escape in a URL.
std::string PageToken(const table::Key& key, const table::KeySchema& schema) {
  return ToHex(table::ToTypedJson(table::KeyItem(key, schema)));
}

Result<std::optional<table::Key>> ReadPageToken(const RouteCall& call, const table::KeySchema& schema) {
  const std::string token = call.Query("after");
  if (token.empty()) return std::optional<table::Key>();
  std::string typed;
  const Error bad{ErrorCode::kInvalidArgument, "after= is not a token that this table gave"};
  if (!FromHex(token, typed)) return bad;
  boost::json::error_code error;
  auto item = table::ItemFromTypedJson(boost::json::parse(typed, error));
  if (!item.ok()) return bad;
  auto key = table::KeyOf(*item, schema);
  if (!key.ok()) return bad;
  return std::optional<table::Key>(std::move(key).value());
}

RouteResult ReplyPage(const table::Page& page, const table::KeySchema& schema) {
  std::string body = "{\"items\":[";
  for (const table::Item& item : page.items) {
    if (body.back() != '[') body += ',';
    body += table::ToPlainJson(item);
  }
  body += "],\"next\":";
  body += page.last.has_value() ? StrCat("\"", PageToken(*page.last, schema), "\"") : "null";
  return http::Response::Json(200, body + "}\n");
}

void AppendKey(std::string& json, const table::KeyAttribute& key) {
  json += "{\"name\":";
  data::AppendJsonString(json, key.name);
  json += StrCat(",\"type\":\"", table::KeyTypeName(key.type), "\"}");
}

}  // namespace

RouteResult GetTables(RouteCall& call) {
  std::string body = "[";
  for (const table::TableDescription& description : call.services().runtime.tables().List()) {
    if (body.size() > 1) body += ',';
    body += "{\"name\":";
    data::AppendJsonString(body, description.name);
    body += ",\"hash_key\":";
    AppendKey(body, description.options.key.hash);
    body += ",\"range_key\":";
    if (description.options.key.range.has_value()) {
      AppendKey(body, *description.options.key.range);
    } else {
      body += "null";
    }
    body += ",\"ttl\":";
    data::AppendJsonString(body, description.options.ttl_attribute);
    body += StrCat(",\"items\":", description.items, ",\"bytes\":", description.bytes, "}");
  }
  return http::Response::Json(200, body + "]\n");
}

RouteResult GetItem(RouteCall& call) {
  const table::TableStore& tables = call.services().runtime.tables();
  TAILRACE_ASSIGN_OR_RETURN(const table::TableDescription description, tables.Describe(call.parameter(0)));
  const table::KeySchema& schema = description.options.key;
  table::Key key;
  TAILRACE_ASSIGN_OR_RETURN(key.hash, ReadRequired(call, "hash", schema.hash));
  if (schema.range.has_value()) {
    TAILRACE_ASSIGN_OR_RETURN(key.range, ReadRequired(call, "range", *schema.range));
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::optional<table::Item> item, tables.Get(description.name, key));
  if (!item.has_value()) return Error{ErrorCode::kNotFound, StrCat("no such item in ", description.name)};
  return http::Response::Json(200, StrCat("{\"item\":", table::ToPlainJson(*item), "}\n"));
}

RouteResult QueryItems(RouteCall& call) {
  const table::TableStore& tables = call.services().runtime.tables();
  TAILRACE_ASSIGN_OR_RETURN(const table::TableDescription description, tables.Describe(call.parameter(0)));
  const table::KeySchema& schema = description.options.key;
  table::QueryInput input;
  TAILRACE_ASSIGN_OR_RETURN(input.hash, ReadRequired(call, "hash", schema.hash));
  const std::string prefix = call.Query("begins_with");
  const std::string from = call.Query("from");
  const std::string to = call.Query("to");
  if ((!prefix.empty() || !from.empty() || !to.empty()) && !schema.range.has_value()) {
    return Error{ErrorCode::kInvalidArgument, StrCat("table ", description.name, " has no range key")};
  }
  using Kind = table::RangeCondition::Kind;
  if (!prefix.empty()) {
    if (!from.empty() || !to.empty()) {
      return Error{ErrorCode::kInvalidArgument, "give begins_with or from and to, not both"};
    }
    input.range = {.kind = Kind::kBeginsWith, .low = table::Attribute::Text(prefix)};
  } else if (!from.empty() && !to.empty()) {
    input.range.kind = Kind::kBetween;
    TAILRACE_ASSIGN_OR_RETURN(input.range.low, ReadAttribute(*schema.range, from));
    TAILRACE_ASSIGN_OR_RETURN(input.range.high, ReadAttribute(*schema.range, to));
  } else if (!from.empty() || !to.empty()) {
    input.range.kind = from.empty() ? Kind::kLessEqual : Kind::kGreaterEqual;
    TAILRACE_ASSIGN_OR_RETURN(input.range.low, ReadAttribute(*schema.range, from.empty() ? to : from));
  }
  input.forward = call.Query("backward", "false") != "true";
  TAILRACE_ASSIGN_OR_RETURN(const int64_t limit, call.QueryNumber("limit", 1, kItemsMax, 100));
  input.limit = static_cast<uint32_t>(limit);
  TAILRACE_ASSIGN_OR_RETURN(input.after, ReadPageToken(call, schema));
  TAILRACE_ASSIGN_OR_RETURN(const table::Page page, tables.Query(description.name, input));
  return ReplyPage(page, schema);
}

RouteResult ScanItems(RouteCall& call) {
  const table::TableStore& tables = call.services().runtime.tables();
  TAILRACE_ASSIGN_OR_RETURN(const table::TableDescription description, tables.Describe(call.parameter(0)));
  TAILRACE_ASSIGN_OR_RETURN(const int64_t limit, call.QueryNumber("limit", 1, kItemsMax, 100));
  TAILRACE_ASSIGN_OR_RETURN(const auto after, ReadPageToken(call, description.options.key));
  TAILRACE_ASSIGN_OR_RETURN(const table::Page page, tables.Scan(description.name, static_cast<uint32_t>(limit), after));
  return ReplyPage(page, description.options.key);
}

}  // namespace tailrace::api
