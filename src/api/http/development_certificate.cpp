#include "api/http/development_certificate.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <vector>

#include "base/os/process.h"
#include "base/str.h"

namespace tailrace::api::http {
namespace {

constexpr int64_t kLifetimeSeconds = 820L * 24 * 60 * 60;  // Some clients refuse more than 825 days.
constexpr int64_t kRenewBeforeSeconds = 30L * 24 * 60 * 60;

template <typename T, void (*Free)(T*)>
struct Freed {
  void operator()(T* object) const { Free(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION, X509_EXTENSION_free>>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

Error Failed(std::string_view what) {
  return Error{ErrorCode::kInternal, StrCat("development certificate: OpenSSL: ", what)};
}

std::string TextOf(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<size_t>(size)};
}

bool IsAddress(const std::string& name) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, name.c_str(), bytes) == 1 || inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

bool Add(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool Fill(X509* certificate, EVP_PKEY* key, std::span<const std::string> names, Timestamp now) {
  std::string alternatives = "DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1";
  for (const std::string& name : names) alternatives += StrCat(IsAddress(name) ? ",IP:" : ",DNS:", name);
  const std::string serial = RandomBytes(16);
  const std::unique_ptr<BIGNUM, Freed<BIGNUM, BN_free>> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()), static_cast<int>(serial.size()), nullptr));
  if (number == nullptr || BN_clear_bit(number.get(), 127) == 2) return false;
  const time_t begin = static_cast<time_t>(ToUnixMs(now) / 1000);
  X509_NAME* const name = X509_get_subject_name(certificate);
  return X509_set_version(certificate, X509_VERSION_3) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), begin - 60 * 60) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), begin + kLifetimeSeconds) != nullptr &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>("Tailrace development"), -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
         Add(certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
         Add(certificate, NID_key_usage, "critical,digitalSignature,keyCertSign") &&
         Add(certificate, NID_ext_key_usage, "serverAuth") && Add(certificate, NID_subject_alt_name, alternatives) &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

// Whether the file holds a certificate that is good for a while.
bool StillGood(Disk& disk, const std::string& path, Timestamp now) {
  const auto text = ReadFile(disk, path);
  if (!text.ok()) return false;
  const Bio bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return false;
  time_t wanted = static_cast<time_t>(ToUnixMs(now) / 1000 + kRenewBeforeSeconds);
  return X509_cmp_time(X509_get0_notAfter(certificate.get()), &wanted) > 0;
}

}  // namespace

Result<CertificateFiles> DevelopmentCertificate(Disk& disk, const std::string& folder,
                                                std::span<const std::string> names, Timestamp now) {
  const CertificateFiles files{folder + "/development.crt", folder + "/development.key"};
  if (Exists(disk, files.key) && StillGood(disk, files.certificate, now)) return files;
  TAILRACE_TRY(MakeDirectoriesDurably(disk, folder));
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  if (key == nullptr || certificate == nullptr || !Fill(certificate.get(), key.get(), names, now)) {
    return Failed("making it failed");
  }
  const Bio key_text(BIO_new(BIO_s_mem()));
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1) {
    return Failed("writing it failed");
  }
  const uint32_t mask = SetFileCreationMask(0077);  // The key is its owner's alone.
  const Status key_written = WriteFileAtomically(disk, files.key, TextOf(key_text.get()));
  SetFileCreationMask(mask);
  TAILRACE_TRY(key_written);
  TAILRACE_TRY(WriteFileAtomically(disk, files.certificate, TextOf(certificate_text.get())));
  return files;
}

}  // namespace tailrace::api::http
