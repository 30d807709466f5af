#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "api/http/byte_stream.h"
#include "api/http/message.h"
#include "api/http/server.h"

namespace tailrace::api::http {

// What all connections of a server share. Lives as long as the server.
struct ServerContext {
  ServerOptions options;
  Handler handler;
  const Clock& clock;
  Counter& requests;
  Counter& refused;
  boost::asio::io_context io{1};
  std::atomic<bool> draining{false};
  std::atomic<size_t> connections{0};
  std::atomic<size_t> in_flight{0};   // Requests handed out and not yet answered.
  std::atomic<size_t> writing{0};     // Connections with something on its way to the peer.
  std::atomic<size_t> body_bytes{0};  // Of all requests that are there.
};

// One client connection, kept alive by its pending operations and by the exchanges that were handed out.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  virtual ~Connection() = default;
  // Begins with `first_bytes`, which were read already. On the I/O thread.
  virtual void Start(std::string first_bytes) = 0;
  virtual void Close() = 0;
  // The server is about to stop: closes when nothing is under way, else tells the peer to send nothing new.
  virtual void Drain() = 0;

 protected:
  // Runs `work` on the I/O thread, in the order of the calls from whatever threads. (asio::post alone does not keep
  // the order: what the I/O thread itself posts waits in a queue of its own.)
  void PostInOrder(boost::asio::io_context& io, std::move_only_function<void()> work) {
    {
      const std::lock_guard lock(posted_mutex_);
      posted_.push_back(std::move(work));
      if (posted_.size() > 1) return;
    }
    // Not with the lock held: the I/O thread would wake only to sleep again.
    boost::asio::post(io, [self = shared_from_this()] { self->RunPosted(); });
  }

 private:
  void RunPosted() {
    while (true) {
      std::unique_lock lock(posted_mutex_);
      if (posted_.empty()) return;
      std::deque<std::move_only_function<void()>> batch;
      batch.swap(posted_);
      lock.unlock();
      for (auto& work : batch) work();
    }
  }

  std::mutex posted_mutex_;
  std::deque<std::move_only_function<void()>> posted_;
};

std::shared_ptr<Connection> MakeHttp1Connection(ServerContext& context, std::unique_ptr<ByteStream> stream,
                                                std::string peer);
std::shared_ptr<Connection> MakeHttp2Connection(ServerContext& context, std::unique_ptr<ByteStream> stream,
                                                std::string peer);

}  // namespace tailrace::api::http
