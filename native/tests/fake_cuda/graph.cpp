#include "world.h"

#include <algorithm>

namespace fake {

namespace {
thread_local Exec *running = nullptr;

bool may_stand_in_body(const Graph &graph) {
    return std::all_of(graph.nodes.begin(), graph.nodes.end(), [](const std::unique_ptr<Node> &node) {
        switch (node->type) {
        case NodeType::kernel:
        case NodeType::memcpy:
        case NodeType::memset:
        case NodeType::empty:
            return true;
        case NodeType::graph:
        case NodeType::conditional:
            return may_stand_in_body(*node->child);
        default:
            return false;
        }
    });
}

// Every handle has a condition, and bodies hold only what they may.
bool is_sound(const Graph &graph) {
    std::set<CUgraphConditionalHandle> unused;
    for (auto &[handle, value] : graph.handles)
        unused.insert(handle);
    for (const std::unique_ptr<Node> &node : graph.nodes) {
        if (node->type == NodeType::conditional) {
            if (unused.erase(node->handle) != 1 || !may_stand_in_body(*node->child))
                return false;
        }
        if (node->child != nullptr && !is_sound(*node->child))
            return false;
    }
    return unused.empty();
}

void collect(const Graph &graph, std::map<CUgraphConditionalHandle, unsigned> &values) {
    values.insert(graph.handles.begin(), graph.handles.end());
    for (const std::unique_ptr<Node> &node : graph.nodes)
        if (node->child != nullptr)
            collect(*node->child, values);
}

void run_graph(Exec &exec, const Graph &graph) {
    for (const std::unique_ptr<Node> &node : graph.nodes) {
        if (World::get().lost != cuda_success)
            return;
        if (node->type == NodeType::conditional) {
            ++World::get().conditions;
            if (exec.values[node->handle] != 0)
                run_graph(exec, *node->child);
        } else if (node->child != nullptr) {
            run_graph(exec, *node->child);
        } else if (node->work) {
            node->work();
        }
    }
}

bool are_of(CUgraph graph, const CUgraphNode *after, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
        if (reinterpret_cast<const Node *>(after[i])->owner != graph)
            return false;
    return true;
}

CUgraphNode to_handle(Node *node) {
    return reinterpret_cast<CUgraphNode>(node);
}

} // namespace

Exec::Exec() {
    ++World::get().execs;
}

Exec::~Exec() {
    --World::get().execs;
}

void Exec::run() {
    values.clear();
    collect(*graph, values);
    running = this;
    run_graph(*this, *graph);
    running = nullptr;
}

void set_condition(CUgraphConditionalHandle handle, unsigned value) {
    if (running == nullptr || running->values.count(handle) == 0)
        lose(launch_failed);
    else
        running->values[handle] = value;
}

} // namespace fake

using namespace fake;

CUgraph_st::CUgraph_st() {
    ++World::get().graphs;
}

CUgraph_st::~CUgraph_st() {
    --World::get().graphs;
}

Node *CUgraph_st::add(NodeType type, std::function<void()> work) {
    auto node = std::make_unique<Node>();
    node->type = type;
    node->work = std::move(work);
    node->owner = this;
    nodes.push_back(std::move(node));
    return nodes.back().get();
}

std::unique_ptr<Graph> CUgraph_st::clone() const {
    auto copy = std::make_unique<Graph>();
    copy->handles = handles;
    copy->is_body = is_body;
    for (const std::unique_ptr<Node> &node : nodes) {
        Node *made = copy->add(node->type, node->work);
        made->handle = node->handle;
        if (node->child != nullptr)
            made->child = node->child->clone();
    }
    return copy;
}

bool CUgraph_st::has_condition() const {
    return !handles.empty() || std::any_of(nodes.begin(), nodes.end(), [](const std::unique_ptr<Node> &node) {
        return node->child != nullptr && node->child->has_condition();
    });
}

struct CUgraphExec_st {
    std::shared_ptr<Exec> exec = std::make_shared<Exec>(); // launches in a queue keep it
};

FAKE_ENTRY cuGraphCreate(CUgraph *graph, unsigned) {
    CUresult result = enter_with_context();
    *graph = result == cuda_success ? new CUgraph_st : nullptr;
    return result;
}

FAKE_ENTRY cuGraphDestroy(CUgraph graph) {
    if (graph->is_body)
        return cuda_invalid_value; // its node owns it
    delete graph;
    return enter_with_context();
}

FAKE_ENTRY cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, std::size_t *count) {
    if (nodes != nullptr)
        for (std::size_t i = 0; i < *count; ++i)
            nodes[i] = i < graph->nodes.size() ? to_handle(graph->nodes[i].get()) : nullptr;
    *count = nodes != nullptr ? std::min(*count, graph->nodes.size()) : graph->nodes.size();
    return enter_with_context();
}

FAKE_ENTRY cuGraphNodeGetType(CUgraphNode node, NodeType *type) {
    *type = reinterpret_cast<Node *>(node)->type;
    return enter_with_context();
}

FAKE_ENTRY cuGraphChildGraphNodeGetGraph(CUgraphNode node, CUgraph *graph) {
    *graph = reinterpret_cast<Node *>(node)->child.get();
    return *graph != nullptr ? enter_with_context() : cuda_invalid_value;
}

FAKE_ENTRY cuGraphKernelNodeGetAttribute(CUgraphNode, int, KernelAttribute *value) {
    *value = {};
    return enter_with_context();
}

FAKE_ENTRY cuGraphAddChildGraphNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, std::size_t count,
                                    CUgraph child) {
    if (!are_of(graph, after, count) || child->has_condition())
        return cuda_invalid_value;
    Node *made = graph->add(NodeType::graph, nullptr);
    made->child = child->clone();
    *node = to_handle(made);
    return enter_with_context();
}

namespace {

CUresult condition_entry_refused() {
    World &world = World::get();
    std::lock_guard held(world.lock);
    return world.faults.no_conditional || world.faults.version < 12030 ? cuda_not_supported : cuda_success;
}

} // namespace

FAKE_ENTRY cuGraphConditionalHandleCreate(CUgraphConditionalHandle *handle, CUgraph graph, CUcontext context,
                                          unsigned value, unsigned flags) {
    if (CUresult refused = condition_entry_refused(); refused != cuda_success)
        return refused;
    if (context == nullptr)
        return cuda_invalid_context;
    World &world = World::get();
    std::lock_guard held(world.lock);
    *handle = world.next_handle++;
    graph->handles[*handle] = (flags & conditional_assign_default) != 0 ? value : 0xdead;
    return cuda_success;
}

FAKE_ENTRY cuGraphAddNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, const void *edge_data,
                             std::size_t count, ConditionalNodeParams *parameters) {
    if (CUresult refused = condition_entry_refused(); refused != cuda_success)
        return refused;
    if (edge_data != nullptr || !are_of(graph, after, count) || parameters->type != NodeType::conditional ||
        parameters->conditional_type != conditional_if || parameters->size != 1 || parameters->context == nullptr ||
        graph->handles.count(parameters->handle) == 0)
        return cuda_invalid_value;
    Node *made = graph->add(NodeType::conditional, nullptr);
    made->handle = parameters->handle;
    auto *body = new CUgraph_st;
    body->is_body = true;
    made->child.reset(body);
    static thread_local CUgraph bodies[1];
    bodies[0] = body;
    parameters->bodies = bodies;
    *node = to_handle(made);
    return enter_with_context();
}

FAKE_ENTRY cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long flags) {
    *exec = nullptr;
    if (CUresult result = enter_outside_capture(); result != cuda_success)
        return result;
    World &world = World::get();
    {
        std::lock_guard held(world.lock);
        if (world.faults.no_instantiate)
            return cuda_not_supported;
    }
    if (flags != 0 || graph->is_body || !is_sound(*graph))
        return cuda_invalid_value;
    *exec = new CUgraphExec_st;
    (*exec)->exec->graph = graph->clone();
    return cuda_success;
}

FAKE_ENTRY cuGraphUpload(CUgraphExec, CUstream) {
    return enter_outside_capture();
}

FAKE_ENTRY cuGraphLaunch(CUgraphExec exec, CUstream stream) {
    if (CUresult result = enter_with_context(); result != cuda_success)
        return result;
    if (stream->capture != nullptr)
        return cuda_invalid_value;
    ++World::get().graph_launches;
    stream->push([held = exec->exec] {
        if (World::get().lost == cuda_success)
            held->run();
    });
    return cuda_success;
}

FAKE_ENTRY cuGraphExecDestroy(CUgraphExec exec) {
    delete exec;
    return enter_with_context();
}
