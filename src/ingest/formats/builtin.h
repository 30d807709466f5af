#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "ingest/formats/decoder.h"
#include "ingest/formats/input_schema.h"

namespace tailrace::ingest {

// One record format.
struct Format {
  std::string_view name;
  std::string_view summary;
  std::string_view example;  // One record.
  Result<std::unique_ptr<Decoder>> (*make)(const InputSchema& schema, UsedColumns used);
};

// Every format that a stream's records may have, once. Documentation and the completeness test read this list.
std::span<const Format> Formats();

// Errors: kInvalidArgument: unknown format, a mapping that the format cannot follow.
Result<std::unique_ptr<Decoder>> MakeDecoder(const InputSchema& schema, UsedColumns used = {});

}  // namespace tailrace::ingest
