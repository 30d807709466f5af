#include "base/os/probe.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <memory>
#include <vector>

#include "base/os/file_descriptor.h"
#include "base/os/os_error.h"
#include "base/os/process.h"
#include "base/str.h"

namespace tailrace {
namespace {

struct AddressesFree {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, AddressesFree>;

Result<Addresses> Look(const std::string& host, uint16_t port, int flags) {
  const addrinfo hints{.ai_flags = flags, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), StrCat(port).c_str(), &hints, &found);
  if (code != 0) return Error{ErrorCode::kNotFound, StrCat("host '", host, "': ", gai_strerror(code))};
  return Addresses(found);
}

Status ConnectAddress(const addrinfo& address, const std::string& name, std::chrono::milliseconds timeout) {
  const FileDescriptor socket(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return OsError(errno, "socket for", name);
  if (connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return Ok();
  if (errno != EINPROGRESS) return OsError(errno, "connect to", name);
  pollfd waiting{.fd = socket.get(), .events = POLLOUT};
  const int ready = poll(&waiting, 1, static_cast<int>(timeout.count()));
  if (ready < 0) return OsError(errno, "connect to", name);
  if (ready == 0)
    return Error{ErrorCode::kTimeout, StrCat("connect to ", name, ": no answer in ", timeout.count(), " ms")};
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return OsError(errno, "connect to", name);
  if (error != 0) return OsError(error, "connect to", name);
  return Ok();
}

}  // namespace

Result<std::string> ResolveHost(const std::string& host) {
  TAILRACE_ASSIGN_OR_RETURN(const Addresses addresses, Look(host, 0, 0));
  std::vector<std::string> texts;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(address->ai_addr, address->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) {
      texts.emplace_back(text.data());
    }
  }
  return Join(texts, ", ");
}

Status ConnectTcp(const std::string& host, uint16_t port, std::chrono::milliseconds timeout) {
  TAILRACE_ASSIGN_OR_RETURN(const Addresses addresses, Look(host, port, 0));
  Status status;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    status = ConnectAddress(*address, StrCat(host, ":", port), timeout);
    if (status.ok()) return status;
  }
  return status;
}

Status CanListen(const std::string& address, uint16_t port) {
  TAILRACE_ASSIGN_OR_RETURN(const Addresses addresses, Look(address, port, AI_PASSIVE));
  const std::string name = StrCat(address, ":", port);
  const FileDescriptor socket(::socket(addresses->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return OsError(errno, "socket for", name);
  const int reuse = 1;  // As the server does: connections that just ended are in nobody's way.
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
  if (bind(socket.get(), addresses->ai_addr, addresses->ai_addrlen) != 0 || listen(socket.get(), 1) != 0) {
    if (errno == EADDRINUSE) return Error{ErrorCode::kAlreadyExists, StrCat("another program listens on ", name)};
    return OsError(errno, "listen on", name);
  }
  return Ok();
}

Status CheckMailServer(const MailServer& server) {
  struct Close {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  const std::unique_ptr<CURL, Close> handle(curl_easy_init());
  if (handle == nullptr) return Error{ErrorCode::kInternal, "libcurl gave no handle"};
  std::array<char, CURL_ERROR_SIZE> text{};
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, text.data());
  curl_easy_setopt(handle.get(), CURLOPT_URL, server.url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(handle.get(), CURLOPT_USE_SSL, server.require_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY);
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(server.timeout.count()));
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_NOBODY, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_CUSTOMREQUEST, "NOOP");
  if (!server.user.empty()) {
    curl_easy_setopt(handle.get(), CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_PASSWORD, server.password.c_str());
  }
  const CURLcode code = curl_easy_perform(handle.get());
  if (code == CURLE_OK) return Ok();
  return Error{code == CURLE_LOGIN_DENIED ? ErrorCode::kPermissionDenied : ErrorCode::kUnavailable,
               text[0] != '\0' ? text.data() : curl_easy_strerror(code)};
}

Result<std::string> FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (access(name.c_str(), X_OK) != 0) return OsError(errno, "run", name);
    return name;
  }
  const std::string folders = EnvironmentVariable("PATH").value_or("/usr/bin:/bin");
  for (const std::string_view folder : Split(folders, ':')) {
    const std::string path = StrCat(folder.empty() ? "." : folder, "/", name);
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return Error{ErrorCode::kNotFound, StrCat("no program '", name, "' in PATH")};
}

Result<uint64_t> FreeDiskBytes(const std::string& path) {
  struct statvfs found{};
  if (statvfs(path.c_str(), &found) != 0) return OsError(errno, "statvfs", path);
  return uint64_t{found.f_bavail} * found.f_frsize;
}

uint64_t OpenFilesLimit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

uint64_t WatchedDirectoriesLimit() {
  std::ifstream file("/proc/sys/fs/inotify/max_user_watches");
  uint64_t limit = 0;
  return file >> limit ? limit : 0;
}

}  // namespace tailrace
