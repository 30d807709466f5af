#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace tailrace {

// Runs one task at a time on a thread that lives as long as the task: there may be thousands of these that seldom have
// one.
//
// Threads  Start, Wait, done: one owner. What the task wrote is visible once it is done.
class BackgroundTask {
 public:
  BackgroundTask() = default;
  ~BackgroundTask();  // Waits for the task.
  BackgroundTask(const BackgroundTask&) = delete;
  BackgroundTask& operator=(const BackgroundTask&) = delete;

  // The one before must be done.
  void Start(std::function<void()> task);
  void Wait();
  bool done() const;

 private:
  std::atomic<bool> running_{false};
  std::thread thread_;
};

}  // namespace tailrace
