#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/str.h"
#include "ingest/formats/builtin.h"
#include "ingest/formats/decoder_testing.h"

// Any bytes as one record: no crash, every text valid UTF-8 and no longer than its column.

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace tailrace;
  const ingest::InputSchema schema = ingest::MakeSchema("json", {{"a", "VARCHAR(5)"},
                                                                 {"b", "INTEGER", "$.x.b"},
                                                                 {"c", "VARCHAR(9)", "$.l[0:].c"},
                                                                 {"d", "DOUBLE"},
                                                                 {"e", "TIMESTAMP"},
                                                                 {"f", "DECIMAL(9,2)"},
                                                                 {"g", "VARBINARY(3)"},
                                                                 {"h", "VARCHAR(8)", "$.x"}});
  const auto decoder = ingest::MakeDecoder(schema).value();
  const data::Record record{.data = {reinterpret_cast<const char*>(bytes), size}};
  const ingest::Decoded decoded = decoder->Decode({&record, 1});
  TAILRACE_CHECK(decoded.record_of_row.size() == decoded.batch.rows());
  for (const data::ColumnPtr& column : decoded.batch.columns) {
    TAILRACE_CHECK(column->size() == decoded.batch.rows());
    if (column->type().kind != data::TypeKind::kVarchar) continue;
    for (const std::string_view text : column->texts()) {
      TAILRACE_CHECK(IsValidUtf8(text));
      TAILRACE_CHECK(Utf8Length(text) <= static_cast<size_t>(column->type().precision));
    }
  }
  return 0;
}
