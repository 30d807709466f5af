#include <algorithm>

#include "alarm/target.h"
#include "base/mail_message.h"
#include "base/str.h"

namespace tailrace::alarm {
namespace {

constexpr uint64_t kFileTailBytes = 1 << 20;

// Bytes up to the end of the last line that is whole. An append that a crash cut off has no line end, or holes of zeros
// (which JSON never holds): it is to be written anew.
size_t WholeLines(std::string_view text) {
  while (true) {
    const size_t end = text.rfind('\n');
    if (end == std::string_view::npos) return 0;
    const size_t before = end == 0 ? std::string_view::npos : text.rfind('\n', end - 1);
    const size_t begin = before == std::string_view::npos ? 0 : before + 1;
    if (!text.substr(begin, end - begin).contains('\0')) return end + 1;
    text = text.substr(0, begin);
  }
}

class MailSender final : public Target {
 public:
  MailSender(const TargetConfig& config, Net& net)
      : config_(std::get<MailTarget>(config.kind)), timeout_(config.timeout), net_(net) {}

  Attempt Deliver(const Outgoing& outgoing) override {
    const Message& message = outgoing.delivery.message;
    std::string subject = message.subject;
    std::ranges::replace_if(subject, [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; }, ' ');
    auto built = BuildMailMessage({.from = config_.from,
                                   .from_name = config_.from_name,
                                   .to = config_.to,
                                   .subject = std::move(subject),
                                   .text = outgoing.text,
                                   .message_id = StrCat(outgoing.delivery.idempotency_key, "@tailrace.invalid"),
                                   .date = outgoing.now});
    if (!built.ok()) return {.status = built.error()};
    return {.status = net_.SendMail({.url = config_.server,
                                     .user = config_.user,
                                     .password = config_.password.Reveal(),
                                     .require_tls = config_.require_tls,
                                     .timeout = timeout_},
                                    {.from = config_.from, .to = config_.to, .message = *std::move(built)})};
  }

 private:
  const MailTarget config_;
  const std::chrono::milliseconds timeout_;
  Net& net_;
};

class FileAppender final : public Target {
 public:
  FileAppender(const TargetConfig& config, Disk& disk) : path_(std::get<FileTarget>(config.kind).path), disk_(disk) {}

  Attempt Deliver(const Outgoing& outgoing) override { return {.status = Append(outgoing)}; }

 private:
  Status Append(const Outgoing& outgoing) {
    TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, disk_.Open(path_, OpenMode::kCreate));
    TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, file->Info());
    std::string tail(std::min(info.size_bytes, kFileTailBytes), '\0');
    const uint64_t tail_begin = info.size_bytes - tail.size();
    TAILRACE_ASSIGN_OR_RETURN(const size_t count, file->ReadAt(tail_begin, tail));
    tail.resize(count);
    const size_t whole = WholeLines(tail);
    // When no line begins in what was read, nothing can be said of it.
    if (whole < tail.size() && (whole > 0 || tail_begin == 0)) {
      tail.resize(whole);
      TAILRACE_TRY(file->Truncate(tail_begin + whole));
    }
    if (tail.contains(outgoing.delivery.idempotency_key)) return Ok();
    TAILRACE_TRY(file->WriteAt(tail_begin + tail.size(), StrCat(MessageJson(outgoing), "\n")));
    TAILRACE_TRY(file->Sync());
    return info.size_bytes == 0 ? disk_.SyncDirectory(Parent()) : Ok();  // It may be new: its name must last too.
  }

  std::string Parent() const {
    const size_t slash = path_.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path_.substr(0, slash);
  }

  const std::string path_;
  Disk& disk_;
};

class Program final : public Target {
 public:
  Program(const TargetConfig& config, const TargetEnvironment& environment)
      : argv_(std::get<ExecTarget>(config.kind).argv), timeout_(config.timeout), run_(environment.run_command) {}

  Attempt Deliver(const Outgoing& outgoing) override {
    const auto result = run_({.argv = argv_, .input = StrCat(MessageJson(outgoing), "\n"), .timeout = timeout_});
    if (!result.ok()) return {.status = result.error()};
    if (result->exit_code == 0) return {};
    return {.status = Error{ErrorCode::kUnavailable, StrCat(argv_[0], ": exit code ", result->exit_code)}};
  }

 private:
  const std::vector<std::string> argv_;
  const std::chrono::milliseconds timeout_;
  const std::function<Result<CommandResult>(const Command&)> run_;
};

}  // namespace

Result<std::unique_ptr<Target>> MakeMailTarget(const TargetConfig& config, const TargetEnvironment& environment) {
  const MailTarget& mail = std::get<MailTarget>(config.kind);
  if (!mail.server.starts_with("smtp://") && !mail.server.starts_with("smtps://")) {
    return Error{ErrorCode::kInvalidArgument, "mail needs a server of the form smtp://host:port or smtps://host:port"};
  }
  if (mail.server.contains('@')) {
    return Error{ErrorCode::kInvalidArgument, "mail: user and password do not belong into the server's URL"};
  }
  TAILRACE_TRY(CheckMailAddress(mail.from));
  if (mail.to.empty()) return Error{ErrorCode::kInvalidArgument, "mail needs a recipient"};
  for (const std::string& address : mail.to) TAILRACE_TRY(CheckMailAddress(address));
  return std::unique_ptr<Target>(std::make_unique<MailSender>(config, environment.net));
}

Result<std::unique_ptr<Target>> MakeFileTarget(const TargetConfig& config, const TargetEnvironment& environment) {
  if (std::get<FileTarget>(config.kind).path.empty()) return Error{ErrorCode::kInvalidArgument, "file needs a path"};
  return std::unique_ptr<Target>(std::make_unique<FileAppender>(config, environment.disk));
}

Result<std::unique_ptr<Target>> MakeExecTarget(const TargetConfig& config, const TargetEnvironment& environment) {
  const ExecTarget& exec = std::get<ExecTarget>(config.kind);
  if (exec.argv.empty() || exec.argv[0].empty()) return Error{ErrorCode::kInvalidArgument, "exec needs a command"};
  return std::unique_ptr<Target>(std::make_unique<Program>(config, environment));
}

}  // namespace tailrace::alarm
