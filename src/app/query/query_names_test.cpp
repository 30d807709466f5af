#include "app/query/query_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tailrace::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Names(const ingest::InputSchema& schema) {
  std::vector<std::string> names;
  for (const ingest::InputColumn& column : schema.columns) names.push_back(column.name);
  return names;
}

TEST(QueryNamesTest, FilesAreWhatStandsAfterFromAndJoin) {
  EXPECT_THAT(NamesAfterFrom("SELECT * FROM log"), ElementsAre("LOG"));
  EXPECT_THAT(NamesAfterFrom("SELECT * FROM \"my log\" a JOIN other b ON a.x = b.x"), ElementsAre("my log", "OTHER"));
  EXPECT_THAT(NamesAfterFrom("SELECT * FROM (SELECT * FROM inner_log)"), ElementsAre("INNER_LOG"));
  EXPECT_THAT(NamesAfterFrom("CREATE STREAM s (a INTEGER); SELECT STREAM * FROM s"), IsEmpty());
}

TEST(QueryNamesTest, ColumnsAreNamedWithOrWithoutQuotes) {
  ingest::InputSchema schema{.columns = {{.name = "client_ip", .type = data::Type::Varchar(16)},
                                         {.name = "took", .type = data::Type::Integer()},
                                         {.name = "TOOK", .type = data::Type::Integer()}}};
  PrepareColumns("SELECT \"client_ip\", took FROM t", schema);
  EXPECT_THAT(Names(schema), ElementsAre("client_ip", "took", "TOOK"));
}

TEST(QueryNamesTest, TypesAreTheWidestOfTheirKind) {
  ingest::InputSchema schema{.columns = {{.name = "a", .type = data::Type::Varchar(4)},
                                         {.name = "b", .type = data::Type::Integer()},
                                         {.name = "c", .type = data::Type::Boolean()}}};
  PrepareColumns("SELECT * FROM t", schema);
  EXPECT_EQ(schema.columns[0].type, data::Type::Varchar());
  EXPECT_EQ(schema.columns[1].type, data::Type::Bigint());
  EXPECT_EQ(schema.columns[2].type, data::Type::Boolean());
}

TEST(QueryNamesTest, AnAccessLogHasTheFieldsThatTheQueryMentions) {
  ingest::InputSchema schema{.format = "combined",
                             .columns = {{.name = "host", .type = data::Type::Varchar(64)},
                                         {.name = "response", .type = data::Type::Integer()}}};
  PrepareColumns("SELECT path, status, COUNT(*) FROM log GROUP BY path, status", schema);
  EXPECT_THAT(Names(schema), ElementsAre("HOST", "RESPONSE", "PATH", "STATUS"));
  EXPECT_EQ(schema.columns[3].type, data::Type::Bigint());
  EXPECT_EQ(NameInFile(schema, "HOST"), "host");
  EXPECT_EQ(NameInFile(schema, "EXPR$1"), "EXPR$1");
}

}  // namespace
}  // namespace tailrace::app
