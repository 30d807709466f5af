#pragma once

#include <memory>

#include "base/result.h"
#include "ingest/formats/decoder.h"

namespace tailrace::ingest {

// JSON objects, one or several a record, delimited or not. Paths as in json_path.h, conversion as in coercion.h.
// Records that are not legal JSON are repaired (json_repair.h) and read again before they count as errors.
Result<std::unique_ptr<Decoder>> MakeJsonDecoder(const InputSchema& schema, UsedColumns used);

}  // namespace tailrace::ingest
