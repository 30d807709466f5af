#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "ingest/formats/builtin.h"
#include "ingest/formats/csv_table.h"
#include "ingest/formats/discover.h"

// Any bytes as a sample: what is proposed is a schema that a decoder takes. As a table or as Inputs: some answer.

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace tailrace::ingest;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto discovery = Discover({&text, 1});
  if (discovery.ok()) TAILRACE_CHECK(MakeDecoder(discovery->schema).ok());
  if (const auto schema = InferTableSchema(text, "csv"); schema.ok()) ReadTable(text, *schema).Ignore("any answer");
  ReadInputs(text).Ignore("any answer");
  return 0;
}
