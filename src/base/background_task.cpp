#include "base/background_task.h"

#include <utility>

#include "base/check.h"

namespace tailrace {

BackgroundTask::~BackgroundTask() { Wait(); }

void BackgroundTask::Start(std::function<void()> task) {
  TAILRACE_CHECK(done());
  Wait();  // For the thread of the task before.
  running_.store(true, std::memory_order_relaxed);
  thread_ = std::thread([this, task = std::move(task)] {
    task();
    running_.store(false, std::memory_order_release);
  });
}

void BackgroundTask::Wait() {
  if (thread_.joinable()) thread_.join();
}

bool BackgroundTask::done() const { return !running_.load(std::memory_order_acquire); }

}  // namespace tailrace
