#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "sink/delivery/definition.h"

namespace tailrace::sink::delivery {

// The bytes in the form of an object: gzip (RFC 1952), a ZIP archive of one file, a zstd frame (RFC 8878), Snappy's
// framing format, or the blocks of Hadoop's SnappyCodec. The same bytes and name give the same object.
// `entry_name`: of the file in a ZIP archive.
Result<std::string> Compress(ObjectCompression compression, std::string_view bytes, std::string_view entry_name);

}  // namespace tailrace::sink::delivery
