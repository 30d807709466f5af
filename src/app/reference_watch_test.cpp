#include "app/reference_watch.h"

#include <gtest/gtest.h>

#include "base/log.h"
#include "base/str.h"
#include "data/text.h"
#include "sim/assert_ok.h"
#include "sim/sim.h"

// The bucket's side is played by the test; a real server is in tests/e2e/test_references.py.

namespace tailrace::app {
namespace {

constexpr std::string_view kCopy = "/data/references/PRODUCTS";

// A bucket of one object.
class Bucket final : public Net {
 public:
  Result<HttpResponse> Http(const HttpRequest& request) override {
    last_url = request.url;
    ++requests;
    if (away) return Error{ErrorCode::kUnavailable, "nobody is there"};
    for (const auto& [name, value] : request.headers) {
      if (name == "If-None-Match" && value == etag) return HttpResponse{.status = 304, .headers = {}, .body = ""};
    }
    return HttpResponse{.status = 200, .headers = {{"ETag", etag}}, .body = body};
  }
  Status SendMail(const MailServer&, const Mail&) override { return Error{ErrorCode::kUnsupported, "no mail"}; }

  void Put(std::string version, std::string content) {
    etag = std::move(version);
    body = std::move(content);
  }

  std::string etag;
  std::string body;
  std::string last_url;
  bool away = false;
  int requests = 0;
};

class ReferenceWatchTest : public ::testing::Test {
 protected:
  ReferenceWatchTest() {
    ReferenceTableConfig table{.name = "PRODUCTS", .refresh = Milliseconds(30'000)};
    table.object = ReferenceObject{{.bucket = "lists", .endpoint = "http://127.0.0.1:1"}, "products.csv"};
    table.schema = {.format = "csv",
                    .columns = {{.name = "code", .type = data::Type::Varchar(8)},
                                {.name = "shelf", .type = data::Type::Integer()}}};
    definition_.config.reference_tables.push_back(std::move(table));
    definition_.tables.emplace_back();
    definition_.table_versions.emplace_back();
    Begin();
  }

  void Begin() {
    rows_ = "none";
    watch_ = std::make_unique<ReferenceWatch>(
        definition_, ReferenceWatch::Environment{disk_, bucket_, clock_, log_, metrics_, "/data", nullptr});
  }
  // The rows that are in force after a step, "code shelf, ...".
  std::string Step(Milliseconds later = Milliseconds(30'000)) {
    clock_.Advance(later);
    const Status stepped = watch_->Step(clock_.Now(), [this](int, const data::Batch& rows) {
      rows_.clear();
      for (size_t row = 0; row < rows.rows(); ++row) {
        rows_ += StrCat(rows_.empty() ? "" : ", ", rows.columns[0]->texts()[row], " ", rows.columns[1]->int64s()[row]);
      }
      return Ok();
    });
    EXPECT_TRUE(stepped.ok());
    return rows_;
  }
  const ReferenceStatus& status() const { return watch_->status()[0]; }

  Definition definition_;
  sim::SimDisk disk_{Rng(1), {}};
  sim::SimClock clock_{FromUnixMs(1'700'000'000'000)};
  NullLog log_;
  MetricsRegistry metrics_;
  Bucket bucket_;
  std::unique_ptr<ReferenceWatch> watch_;
  std::string rows_;
};

TEST_F(ReferenceWatchTest, TakesANewObjectAndAsksOnlyWhenItIsTime) {
  bucket_.Put("one", "a,1\nb,2\n");
  EXPECT_FALSE(watch_->ready());
  EXPECT_EQ(Step(), "a 1, b 2");
  EXPECT_EQ(bucket_.last_url, "http://127.0.0.1:1/lists/products.csv");
  EXPECT_TRUE(watch_->ready());
  bucket_.Put("two", "a,3\n");
  EXPECT_EQ(Step(Milliseconds(29'999)), "a 1, b 2");
  EXPECT_EQ(bucket_.requests, 1);
  EXPECT_EQ(Step(Milliseconds(1)), "a 3");
  EXPECT_EQ(status().since, clock_.Now());
}

TEST_F(ReferenceWatchTest, ABadObjectIsReadOnceAndToldUntilItIsMended) {
  bucket_.Put("one", "a,1\n");
  EXPECT_EQ(Step(), "a 1");
  bucket_.Put("two", "a,1\nb,second\n");
  for (int look = 0; look < 3; ++look) {
    EXPECT_EQ(Step(), "a 1");
    EXPECT_NE(status().error.find("second"), std::string::npos) << status().error;
  }
  bucket_.away = true;
  Step();
  EXPECT_EQ(status().error, "nobody is there");
  EXPECT_EQ(metrics_.Read("tailrace_reference_table_failing", {{"app", ""}, {"table", "PRODUCTS"}}), 1);
  bucket_.away = false;
  bucket_.Put("three", "b,2\n");
  EXPECT_EQ(Step(), "b 2");
  EXPECT_EQ(status().error, "");
  EXPECT_EQ(metrics_.Read("tailrace_reference_table_failing", {{"app", ""}, {"table", "PRODUCTS"}}), 0);
  EXPECT_EQ(metrics_.Read("tailrace_reference_table_rows", {{"app", ""}, {"table", "PRODUCTS"}}), 1);
}

TEST_F(ReferenceWatchTest, WithoutTheBucketACopyServes) {
  bucket_.Put("one", "a,1\n");
  Step();
  bucket_.away = true;
  Begin();
  EXPECT_EQ(Step(), "a 1");
  EXPECT_TRUE(watch_->ready());
  EXPECT_NE(status().error.find("nobody is there"), std::string::npos);
  bucket_.away = false;
  EXPECT_EQ(Step(), "a 1");
  EXPECT_EQ(status().error, "");
}

TEST_F(ReferenceWatchTest, ACopyOfAnotherObjectOrADamagedOneDoesNot) {
  bucket_.Put("one", "a,1\n");
  Step();
  bucket_.away = true;
  definition_.config.reference_tables[0].object->key = "others.csv";
  Begin();
  EXPECT_EQ(Step(), "none");
  EXPECT_FALSE(watch_->ready());
  definition_.config.reference_tables[0].object->key = "products.csv";
  TAILRACE_ASSERT_OK_AND_ASSIGN(std::string bytes, ReadFile(disk_, std::string(kCopy)));
  bytes.back() ^= 1;
  ASSERT_TRUE(WriteFileAtomically(disk_, std::string(kCopy), bytes).ok());
  Begin();
  EXPECT_EQ(Step(), "none");
  EXPECT_NE(status().error.find("checksum"), std::string::npos) << status().error;
}

}  // namespace
}  // namespace tailrace::app
