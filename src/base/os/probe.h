#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/net.h"
#include "base/result.h"

// Looks at the machine and its network, for `tailrace doctor`. Nothing is changed. Threads: any.
namespace tailrace {

// Output: the host's addresses, "10.0.0.5, ::1". Errors: kNotFound: no such name, in the resolver's words.
Result<std::string> ResolveHost(const std::string& host);
// Opens a connection and closes it. Errors: kUnavailable, kTimeout, with the system's words.
Status ConnectTcp(const std::string& host, uint16_t port, std::chrono::milliseconds timeout);
// Whether a server could listen there now; 0 as the port is always free. Errors: kAlreadyExists: somebody does.
// kPermissionDenied: a port for root. kInvalidArgument: no address of this machine.
Status CanListen(const std::string& address, uint16_t port);
// Connects to the mail server, speaks TLS and logs in as a mail would, and sends nothing.
Status CheckMailServer(const MailServer& server);

// The program's path, found as a shell would. Errors: kNotFound.
Result<std::string> FindProgram(const std::string& name);

// Bytes that this process may still write on the path's file system.
Result<uint64_t> FreeDiskBytes(const std::string& path);
// Files that this process may have open.
uint64_t OpenFilesLimit();
// Directories that this user may watch; 0 when the system does not tell.
uint64_t WatchedDirectoriesLimit();

}  // namespace tailrace
