#pragma once

#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "alarm/alarm_store.h"
#include "base/net.h"

// What the tests of sinks, outbox and targets share.
namespace tailrace::alarm {

// A folder that goes with the test; in memory where there is such a place, since every commit is synced.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const std::filesystem::path memory = "/dev/shm";
    const bool in_memory = std::filesystem::is_directory(memory);
    path_ = ((in_memory ? memory : std::filesystem::temp_directory_path()) / "tailrace-alarm-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) ::abort();
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A network whose answers the test decides. Keeps what it was asked.
class FakeNet final : public Net {
 public:
  Result<HttpResponse> Http(const HttpRequest& request) override {
    const std::lock_guard lock(mutex_);
    requests.push_back(request);
    return on_http(request);
  }
  Status SendMail(const MailServer& server, const Mail& mail) override {
    const std::lock_guard lock(mutex_);
    servers.push_back(server);
    mails.push_back(mail);
    return on_mail();
  }

  std::vector<HttpRequest> requests;
  std::vector<MailServer> servers;
  std::vector<Mail> mails;
  std::function<Result<HttpResponse>(const HttpRequest&)> on_http = [](const HttpRequest&) {
    return HttpResponse{.status = 200};
  };
  std::function<Status()> on_mail = [] { return Ok(); };

 private:
  std::mutex mutex_;
};

inline std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (header == name) return value;
  }
  return "";
}

}  // namespace tailrace::alarm
