#pragma once

#include <span>
#include <string>

#include "base/clock.h"
#include "base/disk.h"
#include "base/result.h"

namespace tailrace::api::http {

struct CertificateFiles {
  std::string certificate;
  std::string key;
};

// A certificate for development: signed by itself, for localhost, 127.0.0.1, ::1 and `names` (host names and
// addresses). Kept in `folder` as development.crt and development.key, and used again until a month before its end, so
// that clients can be told to trust the file.
// Errors  those of the disk; kInternal: OpenSSL.
Result<CertificateFiles> DevelopmentCertificate(Disk& disk, const std::string& folder,
                                                std::span<const std::string> names, Timestamp now);

}  // namespace tailrace::api::http
