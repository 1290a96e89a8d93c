// State of the double: what the driver would keep in the kernel and on the device. One lock for all of it; the queues
// of streams have their own.
#pragma once

#include "backends/cuda/driver.h"
#include "fake_cuda.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace fake {

using namespace edgeml::cuda;

inline constexpr int stream_capture_unsupported = cuda_capture_unsupported;
inline constexpr int launch_failed = 719;

// A bit that no address of the host has: following a device pointer on the host crashes.
inline constexpr std::uint64_t device_bit = 1ull << 62;

struct Faults {
    bool no_device = false, no_capture = false, no_conditional = false, no_instantiate = false, bad_ptx = false;
    bool integrated = false, interpret = false;
    int version = 12060;
    int capability = 0; // 0: what suits the device
    std::uint64_t memory = ~0ull, pinned = ~0ull;
    long lost = 0;  // kernels until the device is lost; 0 never
    long stuck = 0; // kernels until one that does not end; 0 never
    long slow_us = 0;
};

struct World {
    std::mutex lock;
    Faults faults;
    bool hangs = false; // a kernel that does not end; until faults are set again
    std::condition_variable moves;
    std::map<std::uint64_t, std::uint64_t> allocations; // begin (host address) -> bytes
    std::set<std::uint64_t> pinned;                     // those of them that the host may use
    std::atomic<CUresult> lost{cuda_success};
    std::atomic<bool> started{false};
    std::atomic<std::uint64_t> contexts, streams, events, modules, graphs, execs;
    std::atomic<std::uint64_t> device_bytes, pinned_bytes, kernels, graph_launches, conditions, copies, interpreted;
    std::uint64_t next_handle = 1;

    static World &get();
};

// What a call of the driver does before anything else: 0, or why it cannot.
CUresult enter();                 // library started, device not lost
CUresult enter_with_context();    // and a context current on this thread
CUresult enter_outside_capture(); // and nothing captures on this thread; otherwise that capture becomes invalid

// Host address of `bytes` at a device pointer; null when they are not in one allocation.
void *host_of(std::uint64_t device_pointer, std::size_t bytes);

// Counts a kernel, waits if the device is slow, and says whether it may run.
bool begin_kernel();
void lose(CUresult error);

// ---- graphs ----

struct Node {
    NodeType type = NodeType::empty;
    std::function<void()> work;          // kernel, memcpy, memset, host
    std::unique_ptr<CUgraph_st> child;   // of a child node, or the body of a condition
    CUgraphConditionalHandle handle = 0; // of a condition
    const CUgraph_st *owner = nullptr;
};

} // namespace fake

struct CUgraph_st {
    CUgraph_st();
    ~CUgraph_st();
    std::vector<std::unique_ptr<fake::Node>> nodes;                     // in an order that respects every dependency
    std::map<edgeml::cuda::CUgraphConditionalHandle, unsigned> handles; // created for this graph -> default value
    bool is_body = false;

    fake::Node *add(edgeml::cuda::NodeType type, std::function<void()> work);
    std::unique_ptr<CUgraph_st> clone() const;
    bool has_condition() const;
};

struct CUfunc_st {
    std::vector<std::size_t> parameters; // bytes each
    std::function<void(const std::vector<std::vector<std::byte>> &parameters, unsigned grid, unsigned block)> run;
};

namespace fake {

using Graph = ::CUgraph_st;
using Function = ::CUfunc_st;

struct Exec {
    Exec();
    ~Exec();
    std::unique_ptr<Graph> graph;
    std::map<CUgraphConditionalHandle, unsigned> values;
    void run();
};

// Called by kernels on a stream's thread.
void set_condition(CUgraphConditionalHandle handle, unsigned value);

// ---- streams ----

struct Stream {
    Stream();
    ~Stream();
    // Runs in order on this stream's thread, or becomes a node while capturing.
    CUresult submit(NodeType type, std::function<void()> work);
    void push(std::function<void()> work);
    void drain();
    bool idle();

    struct Capture {
        std::unique_ptr<Graph> graph = std::make_unique<Graph>();
        bool valid = true;
    };
    std::unique_ptr<Capture> capture; // of the thread that began it

  private:
    void serve();
    std::mutex lock_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> queue_;
    bool busy_ = false, closing_ = false;
    std::thread thread_;
};

// Streams that this thread captures on.
std::vector<Stream *> &captures_here();

// ---- kernels ----

const Function *find_kernel(const std::string &name);

struct Module {
    Module();
    ~Module();
    std::map<std::string, Function> functions;
};

} // namespace fake

struct CUstream_st : fake::Stream {};
struct CUmod_st : fake::Module {};

#define FAKE_ENTRY extern "C" EDGEML_FAKE_API CUresult
