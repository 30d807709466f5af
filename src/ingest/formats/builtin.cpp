#include "ingest/formats/builtin.h"

#include <array>

#include "base/str.h"
#include "ingest/formats/csv_decoder.h"
#include "ingest/formats/json_decoder.h"
#include "ingest/formats/log_decoder.h"

namespace tailrace::ingest {
namespace {

constexpr std::array kFormats = {
    Format{"json", "JSON objects; a column is a path into the object.", R"({"client_ip":"203.0.113.7","status":"200"})",
           &MakeJsonDecoder},
    Format{"csv", "Delimited fields in the order of the columns, quoted as in RFC 4180.",
           R"(536365,85123A,"HEART, WHITE",6,12/1/2010 8:26,2.55,17850,United Kingdom)", &MakeCsvDecoder},
    Format{"common", "Access log lines in Apache's common format; a column is a field's name.",
           R"(203.0.113.7 - - [27/Oct/2000:09:27:09 -0400] "GET /a HTTP/1.0" 200 10450)", &MakeCommonLogDecoder},
    Format{"combined", "Access log lines in Apache's combined format, as Apache, nginx and others write by default.",
           R"(203.0.113.7 - - [27/Oct/2000:09:27:09 -0400] "GET /a HTTP/1.0" 200 10450 "-" "Mozilla/4.6")",
           &MakeCombinedLogDecoder},
};

}  // namespace

std::span<const Format> Formats() { return kFormats; }

Result<std::unique_ptr<Decoder>> MakeDecoder(const InputSchema& schema, UsedColumns used) {
  std::vector<std::string> names;
  for (const Format& format : kFormats) {
    if (format.name == schema.format) return format.make(schema, std::move(used));
    names.emplace_back(format.name);
  }
  return Error{ErrorCode::kInvalidArgument,
               StrCat("unknown record format \"", schema.format, "\", known are ", Join(names, ", "))};
}

}  // namespace tailrace::ingest
