#include "base/background_task.h"

#include <utility>

#include "base/check.h"

namespace tailrace {

BackgroundTask::~BackgroundTask() {
  if (!thread_.joinable()) return;
  Wait();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void BackgroundTask::Start(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    TAILRACE_CHECK(!running_);
    task_ = std::move(task);
    running_ = true;
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  wake_.notify_one();
}

void BackgroundTask::Wait() {
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return !running_; });
}

bool BackgroundTask::done() const {
  const std::lock_guard lock(mutex_);
  return !running_;
}

void BackgroundTask::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return task_ || stopping_; });
    if (!task_) return;
    const std::function<void()> task = std::exchange(task_, nullptr);
    lock.unlock();
    task();
    lock.lock();
    running_ = false;
    finished_.notify_all();
  }
}

}  // namespace tailrace
