#include "sink/guarantees.h"

namespace tailrace::sink {
namespace {

constexpr Guarantee kOutputs[] = {
    {"table", "Exactly once: item and position are stored together. The last row of a key wins."},
    {"stream", "Exactly once: the stream recognises rows that it has. Rows redriven from dead letters: at least once."},
    {"delivery_stream", "Exactly once into the delivery stream; from there as its destination promises."},
    {"file",
     "Exactly once: lines behind the stored position are compared with the rows that come again after a crash, and "
     "cut off where they differ."},
    {"kafka",
     "Exactly once for readers of committed messages: the transaction holds the position. `exactly_once: false`: at "
     "least once, with the row's number in a header."},
};

constexpr Guarantee kDeliveries[] = {
    {"directory", "Each record in one object, written whole under a name that follows from the records' place."},
    {"s3", "The same; a large object goes up in parts and appears whole."},
    {"opensearch", "Each document once: its id follows from the record's place. `document_ids: false`: at least once."},
    {"http", "At least once; all tries of a portion have one X-Amz-Firehose-Request-Id."},
    {"splunk", "At least once: the collector knows no ids. A portion counts when the indexers have acknowledged it."},
};

}  // namespace

std::span<const Guarantee> OutputGuarantees() { return kOutputs; }

std::span<const Guarantee> DeliveryGuarantees() { return kDeliveries; }

}  // namespace tailrace::sink
