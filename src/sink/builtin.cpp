#include "sink/builtin.h"

#include <array>

namespace tailrace::sink {
namespace {

constexpr std::array kTableOptions = {
    OptionNote{"table", "The keyed table that the rows go into."},
    OptionNote{"item",
               "Attributes of an item, each from a column, a function of one or a template; default: one a "
               "column."},
};
constexpr std::array kStreamOptions = {
    OptionNote{"stream", "The stream that the records go into."},
    OptionNote{"format", "json or csv; default json."},
    OptionNote{"nulls", "How NULL is written: json, text or omit; default json."},
    OptionNote{"partition_key", "The column whose text chooses the shard; default: rows spread over all shards."},
};
constexpr std::array kFileOptions = {
    OptionNote{"file", "Path of the file that the lines go into."},
    OptionNote{"format", "json or csv; default json."},
    OptionNote{"nulls", "How NULL is written: json, text or omit; default json."},
    OptionNote{"bytes_max", "Size at which the file is renamed and a new one begins; default 1 GiB."},
};

constexpr std::array kKinds = {
    SinkKind{"table", "Puts rows into a keyed table; the last row of a key wins.",
             "Exactly once: rows and position are stored together.", kTableOptions},
    SinkKind{"stream", "Appends rows to a stream as JSON or CSV records.",
             "Exactly once: the stream recognises rows that it has. Redriven rows: at least once.", kStreamOptions},
    SinkKind{"file", "Appends rows to a file as lines.",
             "Exactly once: what is behind the stored position is cut off and written again.", kFileOptions},
};

}  // namespace

std::span<const SinkKind> SinkKinds() { return kKinds; }

}  // namespace tailrace::sink
