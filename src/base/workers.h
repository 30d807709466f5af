#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace tailrace {

// Threads that help one owner: with its tasks when it has some, else with work that waits for whoever has time.
//
// The owner never waits for a thread that is busy elsewhere: what nobody has begun it does itself. With one thread all
// is done by the owner, and no thread is made.
// Threads  Wake: any. All others: the owner.
class Workers {
 public:
  explicit Workers(size_t threads);  // The owner counts as one.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  size_t threads() const { return threads_.size() + 1; }

  // Runs task(0) ... task(count - 1), each once and in any order; all are done when it returns.
  void Run(size_t count, const std::function<void(size_t)>& task);

  // Does a portion of the work, as thread `worker` of 1 ... threads - 1; false when there is none now.
  using SpareWork = std::function<bool(size_t worker)>;
  // From now on the threads do this when there are no tasks. `id` names it.
  void AddSpareWork(const void* id, SpareWork work);
  // No thread is in it when this returns.
  void RemoveSpareWork(const void* id);
  // There may be spare work again.
  void Wake();

 private:
  struct Spare {
    const void* id;
    SpareWork work;
    size_t inside = 0;  // Threads.
  };

  void Help(size_t worker);
  bool HelpWithTasks(std::unique_lock<std::mutex>& lock);
  bool DoSpareWork(std::unique_lock<std::mutex>& lock, size_t worker);

  std::mutex mutex_;                // Guards what follows.
  std::condition_variable news_;    // The threads wait for it.
  std::condition_variable ending_;  // The owner waits for it.
  const std::function<void(size_t)>* task_ = nullptr;
  size_t tasks_ = 0;  // Of task_.
  size_t begun_ = 0;
  size_t done_ = 0;
  std::vector<std::unique_ptr<Spare>> spare_;
  uint64_t wakes_ = 0;
  size_t asleep_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tailrace
