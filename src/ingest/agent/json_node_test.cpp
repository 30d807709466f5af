#include "ingest/agent/json_node.h"

#include <gtest/gtest.h>

namespace tailrace::ingest {
namespace {

std::string Rewrite(std::string_view text, JsonStyle style = JsonStyle::kCompact) {
  const auto node = ReadJson(text, {.comments = true});
  if (!node) return std::to_string(node.error().line) + ":" + std::to_string(node.error().column);
  std::string json;
  AppendJsonNode(json, *node, style);
  return json;
}

TEST(JsonNodeTest, KeepsOrderNumbersAndText) {
  EXPECT_EQ(Rewrite(R"( {"b" : 1.50e3, "a":[true,null , "x\u00e9\ud83d\ude00\/\n\u0001"] , "c":{}, "b": -0})"),
            "{\"b\":-0,\"a\":[true,null,\"x\xC3\xA9\xF0\x9F\x98\x80/\\n\\u0001\"],\"c\":{}}");
}

TEST(JsonNodeTest, CommentsOnlyWhereAsked) {
  EXPECT_EQ(Rewrite("/* a */ [1, // two\n 2 /* x */]//"), "[1,2]");
  EXPECT_FALSE(ReadJson("[1] // x").has_value());
  EXPECT_EQ(Rewrite("[\"//\"]"), "[\"//\"]");
}

TEST(JsonNodeTest, FaultsHaveTheirPlace) {
  EXPECT_EQ(Rewrite("{\n \"a\": tru}"), "2:7");
  EXPECT_EQ(Rewrite("[1,\n2,]"), "2:3");
  EXPECT_EQ(Rewrite("\"a\nb\""), "1:3");
  EXPECT_EQ(Rewrite("01"), "1:1");
  EXPECT_EQ(Rewrite("{} x"), "1:4");
  EXPECT_EQ(Rewrite("/* x"), "1:1");
  EXPECT_EQ(Rewrite("\"\\ud800\""), "1:8");
  EXPECT_EQ(Rewrite(""), "1:1");
  EXPECT_FALSE(ReadJson(std::string(100, '[')).has_value());
  EXPECT_FALSE(ReadJson("\"\xff\"").has_value());
}

TEST(JsonNodeTest, PrettyPrintsAsJackson) {
  EXPECT_EQ(Rewrite(R"({"a":"x","b":{"c":[1,{"d":2}]},"e":[],"f":{}})", JsonStyle::kPretty),
            "{\n  \"a\" : \"x\",\n  \"b\" : {\n    \"c\" : [ 1, {\n      \"d\" : 2\n    } ]\n  },\n"
            "  \"e\" : [ ],\n  \"f\" : { }\n}");
}

}  // namespace
}  // namespace tailrace::ingest
