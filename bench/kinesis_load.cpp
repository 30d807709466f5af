// Load for a Kinesis endpoint on this machine, of one thread and few instructions a byte, so that the server is the
// limit.
//
//   kinesis_load HOST:PORT put STREAM RECORDS BYTES CONNECTIONS SECONDS    records of BYTES, RECORDS a PutRecords call
//   kinesis_load HOST:PORT signed-put STREAM ... the same                  signed with the key "load", secret "secret"
//   kinesis_load HOST:PORT fill STREAM RECORDS BYTES CONNECTIONS CALLS     the same, so many calls
//   kinesis_load HOST:PORT get STREAM SHARDS CONNECTIONS SECONDS           GetRecords from the start, again and again;
//                                                                          connection i reads shard i modulo SHARDS
//   kinesis_load HOST:PORT latency STREAM SHARD PUTS                       PutRecord until GetRecords gives it
//
// Prints one JSON object. But for signed-put, requests carry a signature that is none: the server must not check keys.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/sigv4.h"
#include "base/str.h"

namespace {

using SteadyClock = std::chrono::steady_clock;

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "kinesis_load: %s\n", message.c_str());
  std::exit(1);
}

double SecondsSince(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

struct Address {
  std::string text;
  sockaddr_in socket{};
};

Address ParseAddress(const std::string& text) {
  const size_t colon = text.find(':');
  Address address{.text = text};
  address.socket.sin_family = AF_INET;
  address.socket.sin_port = htons(static_cast<uint16_t>(std::atoi(text.c_str() + colon + 1)));
  if (colon == std::string::npos || inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.socket.sin_addr) != 1) {
    Die(text + " is not ADDRESS:PORT");
  }
  return address;
}

constexpr const char* kFreeDate = "20260102T030405Z";

std::string Request(const Address& address, const std::string& action, const std::string& body,
                    const std::string& date = kFreeDate, const std::string& key = "load",
                    const std::string& signature = std::string(64, '0')) {
  return "POST / HTTP/1.1\r\nHost: " + address.text + "\r\nContent-Type: application/x-amz-json-1.1\r\n" +
         "X-Amz-Target: Kinesis_20131202." + action + "\r\nX-Amz-Date: " + date + "\r\n" +
         "Authorization: AWS4-HMAC-SHA256 Credential=" + key + "/" + date.substr(0, 8) +
         "/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + signature +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string SignedRequest(const Address& address, const std::string& action, const std::string& body) {
  namespace sigv4 = tailrace::sigv4;
  const std::string date = sigv4::AmzDate(std::chrono::floor<tailrace::Milliseconds>(std::chrono::system_clock::now()));
  const sigv4::Scope scope{.date = date.substr(0, 8), .region = "us-east-1", .service = "kinesis"};
  const auto digest = tailrace::Sha256(body);
  const std::string hash = tailrace::ToHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
  const std::vector<sigv4::Header> headers = {
      {"host", address.text}, {"x-amz-date", date}, {"x-amz-target", "Kinesis_20131202." + action}};
  const std::vector<std::string> names = {"host", "x-amz-date", "x-amz-target"};
  const std::string canonical = sigv4::CanonicalRequest(
      {.method = "POST", .path = "/", .query = "", .headers = headers, .signed_headers = names, .payload_hash = hash});
  return Request(address, action, body, date, "load",
                 sigv4::Signature(sigv4::SigningKey(tailrace::Secret("secret"), scope),
                                  sigv4::StringToSign(date, scope, canonical)));
}

// One connection with at most one request under way.
class Connection {
 public:
  explicit Connection(const Address& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address.socket), sizeof address.socket) != 0) {
      Die("cannot connect to " + address.text);
    }
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  Connection(const Connection&) = delete;
  ~Connection() { ::close(fd_); }

  int fd() const { return fd_; }

  // `request` is borrowed until the answer is there.
  void Begin(std::string_view request) {
    unsent_ = request;
    answer_.clear();
    whole_ = 0;
    Send();
  }
  bool sending() const { return !unsent_.empty(); }
  void Send() {
    while (!unsent_.empty()) {
      const ssize_t count = ::send(fd_, unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count < 0) {
        if (errno == EAGAIN) return;
        Die(std::string("send: ") + std::strerror(errno));
      }
      unsent_.remove_prefix(static_cast<size_t>(count));
    }
  }
  // True when the whole answer is there.
  bool Receive() {
    const size_t before = answer_.size();
    ssize_t count = 0;
    answer_.resize_and_overwrite(before + kReceiveBytes, [&](char* bytes, size_t) {
      count = ::recv(fd_, bytes + before, kReceiveBytes, 0);
      return before + static_cast<size_t>(std::max<ssize_t>(count, 0));
    });
    if (count <= 0) Die("the server closed a connection");
    if (whole_ == 0) {
      const size_t head = answer_.find("\r\n\r\n");
      if (head == std::string::npos) return false;
      whole_ = head + 4 + ContentLength(head);
    }
    return answer_.size() >= whole_;
  }
  std::string_view Body() const { return std::string_view(answer_).substr(answer_.find("\r\n\r\n") + 4); }
  bool good() const { return answer_.starts_with("HTTP/1.1 200"); }
  const std::string& answer() const { return answer_; }

  std::string_view Call(std::string_view request) {
    Begin(request);
    while (sending()) Send();
    while (!Receive()) {
    }
    if (!good()) Die("answer: " + answer_.substr(0, 600));
    return Body();
  }

 private:
  size_t ContentLength(size_t head) const {
    for (const char* const name : {"ontent-Length: ", "ontent-length: "}) {
      const size_t found = answer_.find(name);
      if (found < head) return static_cast<size_t>(std::atoll(answer_.c_str() + found + 15));
    }
    Die("an answer without Content-Length: " + answer_.substr(0, head));
  }

  static constexpr size_t kReceiveBytes = 256 << 10;

  int fd_;
  std::string_view unsent_;
  std::string answer_;
  size_t whole_ = 0;  // Of the answer with its head; 0 while that is not known.
};

std::string Member(std::string_view body, const std::string& name) {
  const std::string key = "\"" + name + "\":\"";
  const size_t begin = body.find(key);
  if (begin == std::string_view::npos) return "";
  const size_t from = begin + key.size();
  return std::string(body.substr(from, body.find('"', from) - from));
}

// Looked for from the end: before it stand megabytes of records.
std::string LastMember(std::string_view body, const std::string& name) {
  const size_t begin = body.rfind("\"" + name + "\":\"");
  return begin == std::string_view::npos ? "" : Member(body.substr(begin), name);
}

// A PutRecords call whose keys spread over all shards; `seed` makes the calls of connections differ.
std::string PutRequest(const Address& address, const std::string& stream, int records, int bytes, uint32_t seed,
                       bool is_signed) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string body = "{\"StreamName\":\"" + stream + "\",\"Records\":[";
  uint32_t random = seed * 2654435761u + 1;
  for (int i = 0; i < records; ++i) {
    body += i == 0 ? "{\"Data\":\"" : ",{\"Data\":\"";
    const int whole = bytes / 3 * 4;
    for (int j = 0; j < whole; ++j) {
      random = random * 1664525u + 1013904223u;
      body += kDigits[random >> 26];
    }
    if (bytes % 3 == 1) body += "QQ==";
    if (bytes % 3 == 2) body += "QUI=";
    body += "\",\"PartitionKey\":\"k" + std::to_string(random) + "\"}";
  }
  body += "]}";
  return is_signed ? SignedRequest(address, "PutRecords", body) : Request(address, "PutRecords", body);
}

struct PutLoad {
  int records = 500;
  int bytes = 300;
  int connections = 1;
  double seconds = 0;  // Or
  uint64_t calls = 0;
  bool is_signed = false;
};

void Put(const Address& address, const std::string& stream, const PutLoad& load) {
  std::vector<std::string> requests;
  std::vector<std::unique_ptr<Connection>> connections;
  const int poll = ::epoll_create1(0);
  for (int i = 0; i < load.connections; ++i) {
    requests.push_back(
        PutRequest(address, stream, load.records, load.bytes, static_cast<uint32_t>(i + 1), load.is_signed));
    connections.push_back(std::make_unique<Connection>(address));
    epoll_event event{.events = EPOLLIN, .data = {.u32 = static_cast<uint32_t>(i)}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, connections.back()->fd(), &event);
  }
  std::vector<SteadyClock::time_point> begun(connections.size());
  std::vector<double> times_ms;
  uint64_t started = 0;
  uint64_t done = 0;
  uint64_t failed_records = 0;
  const auto begin = SteadyClock::now();
  const auto start = [&](size_t i) {
    begun[i] = SteadyClock::now();
    connections[i]->Begin(requests[i]);
    epoll_event event{.events = connections[i]->sending() ? EPOLLIN | EPOLLOUT : EPOLLIN,
                      .data = {.u32 = static_cast<uint32_t>(i)}};
    ::epoll_ctl(poll, EPOLL_CTL_MOD, connections[i]->fd(), &event);
    ++started;
  };
  const auto wanted = [&] { return load.calls > 0 ? started < load.calls : SecondsSince(begin) < load.seconds; };
  for (size_t i = 0; i < connections.size() && wanted(); ++i) start(i);
  while (done < started) {
    epoll_event events[64];
    const int count = ::epoll_wait(poll, events, 64, 30'000);
    if (count <= 0) Die("no answer within 30 s");
    for (int e = 0; e < count; ++e) {
      const size_t i = events[e].data.u32;
      Connection& connection = *connections[i];
      if ((events[e].events & EPOLLOUT) != 0) {
        connection.Send();
        if (!connection.sending()) {
          epoll_event event{.events = EPOLLIN, .data = {.u32 = static_cast<uint32_t>(i)}};
          ::epoll_ctl(poll, EPOLL_CTL_MOD, connection.fd(), &event);
        }
      }
      if ((events[e].events & EPOLLIN) == 0 || !connection.Receive()) continue;
      if (!connection.good()) Die("answer: " + connection.answer().substr(0, 600));
      if (connection.Body().find("\"FailedRecordCount\":0") == std::string_view::npos) ++failed_records;
      times_ms.push_back(std::chrono::duration<double, std::milli>(SteadyClock::now() - begun[i]).count());
      ++done;
      if (wanted()) start(i);
    }
  }
  const double seconds = SecondsSince(begin);
  std::sort(times_ms.begin(), times_ms.end());
  const auto at = [&](double share) {
    return times_ms[static_cast<size_t>(share * static_cast<double>(times_ms.size() - 1))];
  };
  const double records = static_cast<double>(done) * load.records;
  std::printf(
      "{\"calls\":%llu,\"calls_with_failures\":%llu,\"seconds\":%.3f,\"calls_per_s\":%.1f,\"records_per_s\":%.0f,"
      "\"mb_per_s\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
      static_cast<unsigned long long>(done), static_cast<unsigned long long>(failed_records), seconds,
      static_cast<double>(done) / seconds, records / seconds, records * load.bytes / seconds / 1e6, at(0.5), at(0.99));
}

std::string Iterator(Connection& connection, const Address& address, const std::string& stream, int shard,
                     const std::string& type) {
  char id[32];
  std::snprintf(id, sizeof id, "shardId-%012d", shard);
  const std::string request =
      Request(address, "GetShardIterator",
              "{\"StreamName\":\"" + stream + "\",\"ShardId\":\"" + id + "\",\"ShardIteratorType\":\"" + type + "\"}");
  return Member(connection.Call(request), "ShardIterator");
}

// Base64 text without its padding, counted as bytes of data.
struct Read {
  uint64_t records = 0;
  uint64_t bytes = 0;
};

Read CountRecords(std::string_view body) {
  Read read;
  static constexpr std::string_view kData = "\"Data\":\"";
  for (size_t at = body.find(kData); at != std::string_view::npos; at = body.find(kData, at)) {
    at += kData.size();
    const size_t end = body.find('"', at);
    ++read.records;
    read.bytes += (end - at) * 3 / 4;
    at = end;
  }
  return read;
}

// One of the connections that read.
struct GetCaller {
  int shard = 0;
  std::string iterator;
  std::string request;
};

void Get(const Address& address, const std::string& stream, int shards, int count, double seconds) {
  std::vector<std::unique_ptr<Connection>> connections;
  std::vector<GetCaller> callers;
  const int poll = ::epoll_create1(0);
  const auto begin_call = [&](size_t i) {
    GetCaller& caller = callers[i];
    caller.request = Request(address, "GetRecords", "{\"ShardIterator\":\"" + caller.iterator + "\"}");
    connections[i]->Begin(caller.request);
    while (connections[i]->sending()) connections[i]->Send();
  };
  for (int i = 0; i < count; ++i) {
    connections.push_back(std::make_unique<Connection>(address));
    callers.push_back({.shard = i % shards});
    callers.back().iterator = Iterator(*connections.back(), address, stream, i % shards, "TRIM_HORIZON");
    epoll_event event{.events = EPOLLIN, .data = {.u32 = static_cast<uint32_t>(i)}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, connections.back()->fd(), &event);
  }
  Read total;
  uint64_t calls = 0;
  const auto begin = SteadyClock::now();
  for (size_t i = 0; i < connections.size(); ++i) begin_call(i);
  while (SecondsSince(begin) < seconds) {
    epoll_event events[64];
    const int ready = ::epoll_wait(poll, events, 64, 30'000);
    if (ready <= 0) Die("no answer within 30 s");
    for (int e = 0; e < ready; ++e) {
      const size_t i = events[e].data.u32;
      Connection& connection = *connections[i];
      if (!connection.Receive()) continue;
      if (!connection.good()) Die("answer: " + connection.answer().substr(0, 600));
      const Read read = CountRecords(connection.Body());
      total.records += read.records;
      total.bytes += read.bytes;
      ++calls;
      callers[i].iterator = LastMember(connection.Body(), "NextShardIterator");
      // At the end it begins anew, so that the time is filled with reading.
      if (read.records == 0) {
        callers[i].iterator = Iterator(connection, address, stream, callers[i].shard, "TRIM_HORIZON");
      }
      begin_call(i);
    }
  }
  const double taken = SecondsSince(begin);
  std::printf("{\"calls\":%llu,\"records\":%llu,\"seconds\":%.3f,\"records_per_s\":%.0f,\"mb_per_s\":%.1f}\n",
              static_cast<unsigned long long>(calls), static_cast<unsigned long long>(total.records), taken,
              static_cast<double>(total.records) / taken, static_cast<double>(total.bytes) / taken / 1e6);
}

void Latency(const Address& address, const std::string& stream, int shard, int puts) {
  Connection put(address);
  Connection get(address);
  std::string iterator = Iterator(get, address, stream, shard, "LATEST");
  std::vector<double> times_ms;
  for (int i = 0; i < puts; ++i) {
    const std::string request = Request(
        address, "PutRecord", "{\"StreamName\":\"" + stream + "\",\"Data\":\"aGVsbG8=\",\"PartitionKey\":\"k\"}");
    const auto begin = SteadyClock::now();
    put.Begin(request);
    while (put.sending()) put.Send();
    bool answered = false;
    for (bool seen = false; !seen;) {
      const std::string_view body =
          get.Call(Request(address, "GetRecords", "{\"ShardIterator\":\"" + iterator + "\"}"));
      seen = CountRecords(body).records > 0;
      iterator = Member(body, "NextShardIterator");
    }
    times_ms.push_back(std::chrono::duration<double, std::milli>(SteadyClock::now() - begin).count());
    while (!answered) answered = put.Receive();
    ::usleep(2000);  // Light load: one record at a time.
  }
  std::sort(times_ms.begin(), times_ms.end());
  std::printf("{\"puts\":%d,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n", puts, times_ms[times_ms.size() / 2],
              times_ms[times_ms.size() * 99 / 100]);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 3) Die("wrong use: see the head of kinesis_load.cpp");
  const Address address = ParseAddress(words[0]);
  const auto number = [&](size_t i) {
    if (i >= words.size()) Die("too few words");
    return std::atoi(words[i].c_str());
  };
  if (words[1] == "put" || words[1] == "signed-put") {
    Put(address, words[2],
        {.records = number(3),
         .bytes = number(4),
         .connections = number(5),
         .seconds = std::atof(words.at(6).c_str()),
         .is_signed = words[1] == "signed-put"});
  } else if (words[1] == "fill") {
    Put(address, words[2],
        {.records = number(3),
         .bytes = number(4),
         .connections = number(5),
         .calls = static_cast<uint64_t>(number(6))});
  } else if (words[1] == "get") {
    Get(address, words[2], number(3), number(4), std::atof(words.at(5).c_str()));
  } else if (words[1] == "latency") {
    Latency(address, words[2], number(3), number(4));
  } else {
    Die("unknown load " + words[1]);
  }
  return 0;
}
