#include "base/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/str.h"

namespace tailrace {
namespace {

class OneFileDisk final : public Disk {
 public:
  explicit OneFileDisk(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode) override {
    if (path != "/run/secret") return Error{ErrorCode::kNotFound, StrCat("no file ", path)};
    return std::unique_ptr<File>(std::make_unique<OneFile>(bytes_));
  }
  Result<FileInfo> Stat(const std::string&) override { return FileInfo{.size_bytes = bytes_.size()}; }
  Result<std::vector<std::string>> List(const std::string&) override { return std::vector<std::string>(); }
  Status MakeDirectories(const std::string&) override { return Ok(); }
  Status Remove(const std::string&) override { return Ok(); }
  Status Rename(const std::string&, const std::string&) override { return Ok(); }
  Status SyncDirectory(const std::string&) override { return Ok(); }

 private:
  class OneFile final : public File {
   public:
    explicit OneFile(const std::string& bytes) : bytes_(bytes) {}
    Result<size_t> ReadAt(uint64_t offset, std::span<char> into) override {
      return bytes_.copy(into.data(), into.size(), offset);
    }
    Status WriteAt(uint64_t, std::string_view) override { return Ok(); }
    Status Sync() override { return Ok(); }
    Status Truncate(uint64_t) override { return Ok(); }
    Result<FileInfo> Info() override { return FileInfo{.size_bytes = bytes_.size()}; }

   private:
    const std::string& bytes_;
  };
  const std::string bytes_;
};

std::optional<std::string> Environment(const std::string& name) {
  if (name == "PASSWORD") return "hunter2";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

TEST(SecretTest, NeverPrintsItself) {
  const Secret secret("hunter2");
  EXPECT_EQ(secret.ToString(), "***");
  EXPECT_EQ(StrCat("password=", secret), "password=***");
  EXPECT_EQ(Secret().ToString(), "");
  EXPECT_EQ(secret.Reveal(), "hunter2");
}

TEST(SecretTest, ComesFromEnvironmentOrFile) {
  OneFileDisk disk("from file\r\n");
  const auto from_environment =
      LoadSecret({.kind = SecretSource::Kind::kEnvironment, .name = "PASSWORD"}, disk, Environment);
  ASSERT_TRUE(from_environment.ok());
  EXPECT_EQ(from_environment->Reveal(), "hunter2");
  const auto from_file = LoadSecret({.kind = SecretSource::Kind::kFile, .name = "/run/secret"}, disk, Environment);
  ASSERT_TRUE(from_file.ok());
  EXPECT_EQ(from_file->Reveal(), "from file");
  EXPECT_TRUE(LoadSecret({}, disk, Environment)->empty());
}

TEST(SecretTest, SaysWhichPlaceIsMissing) {
  OneFileDisk disk("\n");
  const auto error = [&](SecretSource::Kind kind, std::string name) {
    return LoadSecret({.kind = kind, .name = std::move(name)}, disk, Environment).error();
  };
  EXPECT_EQ(error(SecretSource::Kind::kEnvironment, "NOPE").message, "environment variable NOPE is not set");
  EXPECT_EQ(error(SecretSource::Kind::kEnvironment, "EMPTY").code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error(SecretSource::Kind::kFile, "/run/secret").code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error(SecretSource::Kind::kFile, "/run/other").code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace tailrace
