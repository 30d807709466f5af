#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "data/batch.h"
#include "data/value.h"

// Columns and values as bytes of a saved state. Types are not stored: the reader knows them from the plan.
// Errors of the readers: kCorruption.

namespace tailrace::engine {

Error CorruptState(std::string_view what);

// A count of things that take at least `bytes_each` bytes each: refused when the rest of the bytes cannot hold them.
Result<size_t> LoadCount(ByteReader& reader, size_t bytes_each);

void SaveValue(ByteWriter& writer, const data::Value& value);
Result<data::Value> LoadValue(ByteReader& reader, const data::Type& type);

void SaveColumn(ByteWriter& writer, const data::Column& column);
Result<data::ColumnPtr> LoadColumn(ByteReader& reader, const data::Type& type, size_t rows);

void SaveBatch(ByteWriter& writer, const data::Batch& batch);
// With ROWTIME, and the columns of `types`.
Result<data::Batch> LoadBatch(ByteReader& reader, std::span<const data::Type> types);

// What a batch of a queue counts for SaveQueue.
inline constexpr size_t kRecordsOfBatch = 16;

std::vector<data::Type> TypesOf(const data::Schema& schema);

// Rough size in memory, for the statistics.
uint64_t BatchBytes(const data::Batch& batch);

}  // namespace tailrace::engine
