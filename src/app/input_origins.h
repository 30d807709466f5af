#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "data/ports.h"
#include "sink/environment.h"

namespace tailrace::app {

// Remembers, while rows of one input stream pass through the job and into outputs, which records they came from: an
// output that refuses a row keeps the record's bytes and position with it.
//
// Threads  The application's owner.
class InputOrigins {
 public:
  // Rows of the next push come from these records; borrowed until Clear.
  void Begin(std::span<const data::Record> records, std::span<const uint32_t> record_of_row) {
    records_ = records;
    record_of_row_ = record_of_row;
    first_.reset();
  }
  // The first row of the push got this ordinal.
  void SetFirst(data::Ordinal first) {
    if (!first_.has_value()) first_ = first;
  }
  void Clear() {
    records_ = {};
    record_of_row_ = {};
    first_.reset();
  }

  std::optional<sink::RowOrigin> Find(data::Ordinal ordinal) const {
    if (!first_.has_value() || ordinal < *first_ || ordinal - *first_ >= record_of_row_.size()) return std::nullopt;
    const data::Record& record = records_[record_of_row_[ordinal - *first_]];
    return sink::RowOrigin{.shard = record.shard, .sequence = record.sequence, .bytes = std::string(record.data)};
  }

 private:
  std::span<const data::Record> records_;
  std::span<const uint32_t> record_of_row_;
  std::optional<data::Ordinal> first_;
};

}  // namespace tailrace::app
