#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace tailrace {

// One thread that runs one task at a time; made with the first task.
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
  void Run();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable finished_;
  std::function<void()> task_;  // Empty: none.
  bool running_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tailrace
