#include "base/workers.h"

#include <algorithm>

namespace tailrace {

Workers::Workers(size_t threads) {
  for (size_t worker = 1; worker < threads; ++worker) threads_.emplace_back([this, worker] { Help(worker); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  news_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::Run(size_t count, const std::function<void(size_t)>& task) {
  if (threads_.empty() || count <= 1) {
    for (size_t i = 0; i < count; ++i) task(i);
    return;
  }
  std::unique_lock lock(mutex_);
  task_ = &task;
  tasks_ = count;
  begun_ = done_ = 0;
  if (asleep_ > 0) news_.notify_all();
  while (HelpWithTasks(lock)) {
  }
  ending_.wait(lock, [this] { return done_ == tasks_; });
  task_ = nullptr;
}

// Does one task that nobody has begun; false when there is none.
bool Workers::HelpWithTasks(std::unique_lock<std::mutex>& lock) {
  if (task_ == nullptr || begun_ == tasks_) return false;
  const size_t own = begun_++;
  const std::function<void(size_t)>& task = *task_;
  lock.unlock();
  task(own);
  lock.lock();
  if (++done_ == tasks_) ending_.notify_all();
  return true;
}

bool Workers::DoSpareWork(std::unique_lock<std::mutex>& lock, size_t worker) {
  std::vector<Spare*> all;
  for (const auto& spare : spare_) all.push_back(spare.get());
  for (Spare* const spare : all) {
    const bool removed = std::ranges::find(spare_, spare, &std::unique_ptr<Spare>::get) == spare_.end();
    if (removed) continue;  // While another one was tried.
    ++spare->inside;
    lock.unlock();
    const bool did = spare->work(worker);
    lock.lock();
    if (--spare->inside == 0) ending_.notify_all();
    if (did) return true;
  }
  return false;
}

void Workers::Help(size_t worker) {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const uint64_t wakes = wakes_;
    if (HelpWithTasks(lock) || DoSpareWork(lock, worker)) continue;
    ++asleep_;
    news_.wait(lock, [&] { return stopping_ || wakes_ != wakes || (task_ != nullptr && begun_ < tasks_); });
    --asleep_;
  }
}

void Workers::AddSpareWork(const void* id, SpareWork work) {
  const std::lock_guard lock(mutex_);
  spare_.push_back(std::make_unique<Spare>(id, std::move(work)));
  ++wakes_;
  news_.notify_all();
}

void Workers::RemoveSpareWork(const void* id) {
  std::unique_lock lock(mutex_);
  const auto found = std::ranges::find(spare_, id, [](const auto& spare) { return spare->id; });
  if (found == spare_.end()) return;
  const std::unique_ptr<Spare> spare = std::move(*found);
  spare_.erase(found);
  ending_.wait(lock, [&spare] { return spare->inside == 0; });
}

void Workers::Wake() {
  if (threads_.empty()) return;
  const std::lock_guard lock(mutex_);
  ++wakes_;
  if (asleep_ > 0) news_.notify_all();
}

}  // namespace tailrace
