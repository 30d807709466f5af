#pragma once

#include <span>

#include "app/definition.h"
#include "ingest/formats/decoder.h"

namespace tailrace::app {

// What the decoder of an input must parse: columns that the program or an output looks at, and those whose values may
// be refused, since such a record is a row of error_stream whoever looks. Text always fits; it is cut.
// `streams`: in-application streams of the input's partitions.
ingest::UsedColumns UsedInputColumns(const Definition& definition, const InputConfig& config,
                                     std::span<const int> streams);

}  // namespace tailrace::app
