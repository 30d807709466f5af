#include "table/table_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/rng.h"
#include "base/str.h"
#include "sim/sim.h"
#include "table/temporary_folder.h"

namespace tailrace::table {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kOrders = "WebsiteOrders";

TableOptions OrdersOptions() {
  return {.key = {.hash = {"CustomerID", KeyType::kNumber}, .range = KeyAttribute{"OrderID", KeyType::kString}}};
}

Item Order(int64_t customer, std::string order, int64_t quantity = 1) {
  return {{"CustomerID", Attribute::Of(customer)},
          {"OrderID", Attribute::Text(std::move(order))},
          {"Quantity", Attribute::Of(quantity)}};
}

Key OrderKey(int64_t customer, std::string order) {
  return {.hash = Attribute::Of(customer), .range = Attribute::Text(std::move(order))};
}

std::vector<std::string> OrderIds(const Page& page) {
  std::vector<std::string> ids;
  for (const Item& item : page.items) ids.push_back(*item.at("OrderID").text());
  return ids;
}

class TableStoreTest : public testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    store_.reset();
    TAILRACE_ASSERT_OK_AND_ASSIGN(store_, TableStore::Open(folder_.path(), clock_, {.sync = false}));
  }
  void MakeOrders() { TAILRACE_ASSERT_OK(store_->CreateTable(orders_, OrdersOptions())); }

  TemporaryFolder folder_;
  sim::SimClock clock_{FromUnixMs(1'700'000'000'000)};
  std::unique_ptr<TableStore> store_;
  const std::string orders_{kOrders};
};

TEST_F(TableStoreTest, KeepsItemsOfEveryTypeOverAReopen) {
  MakeOrders();
  Item item = Order(17850, "536365-85123A", -6);
  item["UnitPrice"] = Attribute{Number::Parse("2.55").value()};
  item["Flag"] = Attribute::Boolean(true);
  item["Nothing"] = Attribute::Null();
  item["Raw"] = Attribute::Bytes(std::string("\0\xff", 2));
  item["List"] = Attribute{List{Attribute::Of(1), Attribute::Text("a")}};
  item["Map"] = Attribute{Map{{"inner", Attribute::Text("b")}}};
  TAILRACE_ASSERT_OK(store_->Put(orders_, item));
  Open();
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto found, store_->Get(orders_, OrderKey(17850, "536365-85123A")));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(*found, item);
  EXPECT_EQ(ToPlainJson(*found), R"({"CustomerID":17850,"Flag":true,"List":[1,"a"],"Map":{"inner":"b"},"Nothing":null,)"
                                 R"("OrderID":"536365-85123A","Quantity":-6,"Raw":"AP8=","UnitPrice":2.55})");
  EXPECT_EQ(ToTypedJson(found->at("List")), R"({"L":[{"N":"1"},{"S":"a"}]})");
  TAILRACE_ASSERT_OK_AND_ASSIGN(const TableDescription description, store_->Describe(orders_));
  EXPECT_EQ(description.items, 1u);
  EXPECT_EQ(description.options, OrdersOptions());
}

TEST_F(TableStoreTest, C4_4_QueriesByCustomerInTheOrderOfOrderIds) {
  MakeOrders();
  Changes changes;
  for (const std::string order : {"536366-A", "536365-B", "536365-A", "C536365-A", "5363650-A"}) {
    changes.Put(orders_, Order(17850, order));
    changes.Put(orders_, Order(-5, order));
  }
  changes.Put(orders_, Order(178500, "536365-Z"));
  TAILRACE_ASSERT_OK(store_->Apply(changes));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Page all, store_->Query(orders_, {.hash = Attribute::Of(17850)}));
  EXPECT_THAT(OrderIds(all), ElementsAre("536365-A", "536365-B", "5363650-A", "536366-A", "C536365-A"));
  EXPECT_FALSE(all.last.has_value());
  TAILRACE_ASSERT_OK_AND_ASSIGN(
      const Page begins,
      store_->Query(orders_, {.hash = Attribute::Of(17850),
                              .range = {RangeCondition::Kind::kBeginsWith, Attribute::Text("536365-")}}));
  EXPECT_THAT(OrderIds(begins), ElementsAre("536365-A", "536365-B"));
}

TEST_F(TableStoreTest, FollowsEveryRangeCondition) {
  const std::string table = "numbers";
  TAILRACE_ASSERT_OK(store_->CreateTable(
      table, {.key = {.hash = {"h", KeyType::kString}, .range = KeyAttribute{"r", KeyType::kNumber}}}));
  for (const std::string_view text : {"-2", "-0.5", "0", "1.5", "10", "9"}) {
    TAILRACE_ASSERT_OK(store_->Put(table, {{"h", Attribute::Text("x")}, {"r", {Number::Parse(text).value()}}}));
  }
  const auto query = [&](RangeCondition range, bool forward = true) {
    std::string text;
    const auto page = store_->Query(table, {.hash = Attribute::Text("x"), .range = range, .forward = forward});
    if (!page.ok()) return page.error().message;
    for (const Item& item : page->items) text += item.at("r").number()->ToString() + " ";
    return text;
  };
  using Kind = RangeCondition::Kind;
  const Attribute zero = Attribute::Of(0);
  EXPECT_EQ(query({}), "-2 -0.5 0 1.5 9 10 ");
  EXPECT_EQ(query({}, false), "10 9 1.5 0 -0.5 -2 ");
  EXPECT_EQ(query({Kind::kEqual, zero}), "0 ");
  EXPECT_EQ(query({Kind::kEqual, Attribute::Of(5)}), "");
  EXPECT_EQ(query({Kind::kLess, zero}), "-2 -0.5 ");
  EXPECT_EQ(query({Kind::kLessEqual, zero}), "-2 -0.5 0 ");
  EXPECT_EQ(query({Kind::kLessEqual, zero}, false), "0 -0.5 -2 ");
  EXPECT_EQ(query({Kind::kGreater, zero}), "1.5 9 10 ");
  EXPECT_EQ(query({Kind::kGreaterEqual, zero}), "0 1.5 9 10 ");
  EXPECT_EQ(query({Kind::kBetween, zero, Attribute::Of(9)}), "0 1.5 9 ");
  EXPECT_EQ(query({Kind::kBetween, Attribute::Of(9), zero}), "");
  EXPECT_EQ(query({Kind::kBeginsWith, zero}), "begins_with on a number key");
  EXPECT_EQ(query({Kind::kLess, Attribute::Text("0")}), "key attribute \"r\": type S, expected N");
}

TEST_F(TableStoreTest, KeysWithZeroBytesStayApart) {
  const std::string table = "bytes";
  TAILRACE_ASSERT_OK(store_->CreateTable(
      table, {.key = {.hash = {"h", KeyType::kString}, .range = KeyAttribute{"r", KeyType::kBinary}}}));
  const std::string zero(1, '\0');
  for (const std::string& hash :
       {std::string("a"), "a" + zero, "a" + zero + "b", std::string("ab"), std::string("\xff")}) {
    TAILRACE_ASSERT_OK(store_->Put(table, {{"h", Attribute::Text(hash)}, {"r", Attribute::Bytes("\xff\xff")}}));
    TAILRACE_ASSERT_OK(store_->Put(table, {{"h", Attribute::Text(hash)}, {"r", Attribute::Bytes(zero)}}));
  }
  for (const std::string& hash :
       {std::string("a"), "a" + zero, "a" + zero + "b", std::string("ab"), std::string("\xff")}) {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const Page page, store_->Query(table, {.hash = Attribute::Text(hash)}));
    ASSERT_EQ(page.items.size(), 2u);
    for (const Item& item : page.items) EXPECT_EQ(*item.at("h").text(), hash);
    EXPECT_EQ(page.items[0].at("r").binary()->bytes, zero);
    TAILRACE_ASSERT_OK_AND_ASSIGN(
        const Page begins,
        store_->Query(table, {.hash = Attribute::Text(hash),
                              .range = {RangeCondition::Kind::kBeginsWith, Attribute::Bytes("\xff")}}));
    EXPECT_EQ(begins.items.size(), 1u);
  }
}

TEST_F(TableStoreTest, PagesBothWays) {
  MakeOrders();
  Changes changes;
  for (int i = 0; i < 25; ++i) changes.Put(orders_, Order(1, fmt::format("{:02}", i)));
  changes.Put(orders_, Order(2, "00"));
  TAILRACE_ASSERT_OK(store_->Apply(changes));
  for (const bool forward : {true, false}) {
    std::vector<std::string> ids;
    std::optional<Key> after;
    int pages = 0;
    do {
      TAILRACE_ASSERT_OK_AND_ASSIGN(
          const Page page,
          store_->Query(orders_, {.hash = Attribute::Of(1), .forward = forward, .limit = 10, .after = after}));
      for (const std::string& id : OrderIds(page)) ids.push_back(id);
      after = page.last;
      ++pages;
    } while (after.has_value());
    EXPECT_EQ(pages, 3);
    ASSERT_EQ(ids.size(), 25u);
    for (int i = 0; i < 25; ++i) EXPECT_EQ(ids[static_cast<size_t>(i)], fmt::format("{:02}", forward ? i : 24 - i));
  }
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Page first, store_->Scan(orders_, 20));
  ASSERT_TRUE(first.last.has_value());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Page second, store_->Scan(orders_, 20, first.last));
  EXPECT_EQ(first.items.size() + second.items.size(), 26u);
  EXPECT_FALSE(second.last.has_value());
}

TEST_F(TableStoreTest, PutIfAndIncrementAreAtomic) {
  MakeOrders();
  const auto absent = [](const Item* old) { return old == nullptr; };
  TAILRACE_ASSERT_OK(store_->PutIf(orders_, Order(1, "a", 1), absent));
  const Status again = store_->PutIf(orders_, Order(1, "a", 2), absent);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::kFailedPrecondition);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto kept, store_->Get(orders_, OrderKey(1, "a")));
  EXPECT_EQ(kept->at("Quantity"), Attribute::Of(1));

  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        TAILRACE_EXPECT_OK(store_->Increment(orders_, OrderKey(2, "b"), "Hits", Number::Parse("0.1").value()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto item, store_->Get(orders_, OrderKey(2, "b")));
  EXPECT_EQ(item->at("Hits").number()->ToString(), "20");
}

TEST_F(TableStoreTest, AppliesAllOrNothingAndLaterStepsSeeEarlierOnes) {
  MakeOrders();
  const auto add_one = [](const Item* old) -> Result<std::optional<Item>> {
    if (old == nullptr) return Error{ErrorCode::kFailedPrecondition, "absent"};
    Item item = *old;
    int64_t quantity = 0;
    item.at("Quantity").number()->ToInt64(quantity);
    item.at("Quantity") = Attribute::Of(quantity + 1);
    return std::optional<Item>(item);
  };
  Changes good;
  good.Put(orders_, Order(1, "a", 5));
  good.Modify(orders_, OrderKey(1, "a"), add_one);
  good.Modify(orders_, OrderKey(1, "a"), add_one);
  good.SetNote("sink/x", "17");
  TAILRACE_ASSERT_OK(store_->Apply(good));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto item, store_->Get(orders_, OrderKey(1, "a")));
  EXPECT_EQ(item->at("Quantity"), Attribute::Of(7));

  Changes bad;
  bad.Put(orders_, Order(1, "b"));
  bad.SetNote("sink/x", "18");
  bad.Modify(orders_, OrderKey(1, "missing"), add_one);
  EXPECT_FALSE(store_->Apply(bad).ok());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto none, store_->Get(orders_, OrderKey(1, "b")));
  EXPECT_FALSE(none.has_value());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto note, store_->GetNote("sink/x"));
  EXPECT_EQ(note, "17");
  TAILRACE_ASSERT_OK_AND_ASSIGN(const TableDescription description, store_->Describe(orders_));
  EXPECT_EQ(description.items, 1u);
}

TEST_F(TableStoreTest, B2_9_AnItemIsGoneFromItsSecondOnAndNeverBefore) {
  const std::string table = "MetricDetails";
  TAILRACE_ASSERT_OK(store_->CreateTable(
      table, {.key = {.hash = {"MetricType", KeyType::kString}}, .ttl_attribute = "ExpireTime", .feed = true}));
  const int64_t expires = 1'700'000'000 + 604'800;
  const Key key{.hash = Attribute::Text("event_count")};
  TAILRACE_ASSERT_OK(
      store_->Put(table, {{"MetricType", Attribute::Text("event_count")}, {"ExpireTime", Attribute::Of(expires)}}));
  clock_.SetNow(FromUnixMs(expires * 1000 - 1));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const uint64_t early, store_->Sweep());
  EXPECT_EQ(early, 0u);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto before, store_->Get(table, key));
  EXPECT_TRUE(before.has_value());

  clock_.SetNow(FromUnixMs(expires * 1000));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto after, store_->Get(table, key));
  EXPECT_FALSE(after.has_value());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Page queried, store_->Query(table, {.hash = key.hash}));
  EXPECT_THAT(queried.items, IsEmpty());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Page scanned, store_->Scan(table, 10));
  EXPECT_THAT(scanned.items, IsEmpty());
  EXPECT_EQ(store_->Describe(table)->items, 1u);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const uint64_t swept, store_->Sweep());
  EXPECT_EQ(swept, 1u);
  EXPECT_EQ(store_->Describe(table)->items, 0u);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const ChangePage feed, store_->ReadChanges(table, 1, 10));
  ASSERT_EQ(feed.changes.size(), 1u);
  EXPECT_TRUE(feed.changes[0].expired);
  EXPECT_TRUE(feed.changes[0].old_item.has_value());
}

TEST_F(TableStoreTest, AnItemThatLivesOnIsNotSweptAtItsOldTime) {
  const std::string table = "details";
  TAILRACE_ASSERT_OK(store_->CreateTable(table, {.key = {.hash = {"k", KeyType::kString}}, .ttl_attribute = "ttl"}));
  const auto put = [&](int64_t second) {
    TAILRACE_ASSERT_OK(store_->Put(table, {{"k", Attribute::Text("a")}, {"ttl", Attribute::Of(second)}}));
  };
  put(1'700'000'010);
  put(1'700'000'100);
  clock_.SetNow(FromUnixMs(1'700'000'050'000));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const uint64_t swept, store_->Sweep());
  EXPECT_EQ(swept, 0u);
  EXPECT_TRUE(store_->Get(table, {.hash = Attribute::Text("a")})->has_value());
  // What has expired counts as absent for conditions, too.
  clock_.SetNow(FromUnixMs(1'700'000'100'000));
  TAILRACE_EXPECT_OK(
      store_->PutIf(table, {{"k", Attribute::Text("a")}}, [](const Item* old) { return old == nullptr; }));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const uint64_t later, store_->Sweep());
  EXPECT_EQ(later, 0u);
}

TEST_F(TableStoreTest, FeedTellsEveryChangeInOrderAndIsBounded) {
  TableOptions options = OrdersOptions();
  options.feed = true;
  options.feed_records_max = 3;
  options.feed_retention = Milliseconds(60'000);
  TAILRACE_ASSERT_OK(store_->CreateTable(orders_, options));
  TAILRACE_ASSERT_OK(store_->Put(orders_, Order(1, "a", 1)));
  TAILRACE_ASSERT_OK(store_->Put(orders_, Order(1, "a", 2)));
  TAILRACE_ASSERT_OK(store_->Delete(orders_, OrderKey(1, "a")));
  TAILRACE_ASSERT_OK(store_->Delete(orders_, OrderKey(1, "a")));  // Nothing to tell.
  Open();
  TAILRACE_ASSERT_OK_AND_ASSIGN(const ChangePage page, store_->ReadChanges(orders_, 0, 10));
  ASSERT_EQ(page.changes.size(), 3u);
  EXPECT_EQ(page.oldest, 1u);
  EXPECT_EQ(page.changes[0].sequence, 1u);
  EXPECT_FALSE(page.changes[0].old_item.has_value());
  EXPECT_EQ(page.changes[1].old_item, Order(1, "a", 1));
  EXPECT_EQ(page.changes[1].new_item, Order(1, "a", 2));
  EXPECT_FALSE(page.changes[2].new_item.has_value());
  EXPECT_EQ(*page.changes[2].key.at("OrderID").text(), "a");

  TAILRACE_ASSERT_OK(store_->Put(orders_, Order(1, "b")));
  TAILRACE_ASSERT_OK(store_->Sweep());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const ChangePage bounded, store_->ReadChanges(orders_, 0, 10));
  EXPECT_EQ(bounded.oldest, 2u);
  EXPECT_EQ(bounded.changes.size(), 3u);
  clock_.Advance(std::chrono::minutes(2));
  TAILRACE_ASSERT_OK(store_->Sweep());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const ChangePage aged, store_->ReadChanges(orders_, 0, 10));
  EXPECT_THAT(aged.changes, IsEmpty());
  EXPECT_EQ(aged.oldest, 5u);
}

TEST_F(TableStoreTest, RefusesWhatBreaksTheRules) {
  MakeOrders();
  EXPECT_EQ(store_->CreateTable(orders_, OrdersOptions()).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(store_->CreateTable("a", OrdersOptions()).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(store_->CreateTable("a b c", OrdersOptions()).error().code, ErrorCode::kInvalidArgument);
  TAILRACE_EXPECT_OK(store_->EnsureTable(orders_, OrdersOptions()));
  EXPECT_EQ(store_->EnsureTable(orders_, {.key = {.hash = {"x", KeyType::kString}}}).error().code,
            ErrorCode::kFailedPrecondition);
  EXPECT_EQ(store_->Get("nope", OrderKey(1, "a")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store_->Put(orders_, {{"CustomerID", Attribute::Of(1)}}).error().message,
            "key attribute \"OrderID\" is missing");
  EXPECT_EQ(
      store_->Put(orders_, {{"CustomerID", Attribute::Text("1")}, {"OrderID", Attribute::Text("a")}}).error().message,
      "key attribute \"CustomerID\": type S, expected N");
  EXPECT_EQ(store_->Put(orders_, Order(1, "")).error().message, "key attribute \"OrderID\" is empty");
  Item large = Order(1, "a");
  large["x"] = Attribute::Text(std::string(kItemBytesMax, 'x'));
  EXPECT_EQ(store_->Put(orders_, large).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(TableStoreTest, DroppedTablesLeaveNothingToTheirNamesakes) {
  MakeOrders();
  TAILRACE_ASSERT_OK(store_->Put(orders_, Order(1, "a")));
  TAILRACE_ASSERT_OK(store_->DropTable(orders_));
  EXPECT_THAT(store_->List(), IsEmpty());
  MakeOrders();
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Page page, store_->Scan(orders_, 10));
  EXPECT_THAT(page.items, IsEmpty());
  EXPECT_EQ(store_->Describe(orders_)->items, 0u);
}

TEST_F(TableStoreTest, ScansNotesByPrefix) {
  Changes changes;
  for (const std::string key : {"d/1", "d/2", "d/3", "e/1"}) changes.SetNote(key, "v" + key);
  TAILRACE_ASSERT_OK(store_->Apply(changes));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto notes, store_->ScanNotes("d/", "d/1", 10));
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_EQ(notes[0].key, "d/2");
  EXPECT_EQ(notes[1].value, "vd/3");
}

// Random changes against a plain map.
TEST_F(TableStoreTest, AgreesWithAModel) {
  MakeOrders();
  Rng rng(7);
  std::map<std::pair<int64_t, std::string>, Item> model;
  for (int round = 0; round < 200; ++round) {
    Changes changes;
    for (uint64_t i = 0; i <= rng.Below(5); ++i) {
      const auto customer = static_cast<int64_t>(rng.Below(5)) - 2;
      const std::string order = StrCat(rng.Below(8));
      if (rng.Chance(0.7)) {
        Item item = Order(customer, order, static_cast<int64_t>(rng.Below(100)));
        model.insert_or_assign({customer, order}, item);
        changes.Put(orders_, std::move(item));
      } else {
        model.erase({customer, order});
        changes.Delete(orders_, OrderKey(customer, order));
      }
    }
    TAILRACE_ASSERT_OK(store_->Apply(changes));
    if (round % 50 == 49) Open();
  }
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Page page, store_->Scan(orders_, 1000));
  std::vector<Item> expected;
  for (const auto& [key, item] : model) expected.push_back(item);
  EXPECT_EQ(page.items, expected);
  EXPECT_EQ(store_->Describe(orders_)->items, model.size());
}

}  // namespace
}  // namespace tailrace::table
