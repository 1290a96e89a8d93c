#include "backends/cuda/plan.h"

namespace edgeml::cuda {

namespace {

std::uint32_t bit_of(std::uint32_t exit_index) {
    return 1u << (exit_index - 1);
}

KernelCall exit_call(const PlacedStage &stage, CUfunction function, CUdeviceptr mailbox,
                     CUgraphConditionalHandle handle) {
    ExitArguments a{};
    a.logits = stage.logits->device();
    a.scores = stage.logits->mapped();
    a.mailbox = mailbox;
    a.handle = handle;
    a.dtype = stage.logits_tensor().dtype;
    a.classes = static_cast<std::int32_t>(stage.desc.classes);
    a.exit_index = stage.desc.exit_index;
    a.is_final = stage.is_final() ? 1 : 0;
    return KernelCall::of_exit(function, a);
}

// Adds nodes one after another.
class GraphWriter {
  public:
    GraphWriter(const std::shared_ptr<const Device> &device, const std::vector<PlacedStage> &stages, CUgraph graph,
                CUstream stream)
        : device_(device), stages_(stages), graph_(graph), stream_(stream) {}

    void add(const Step &step) {
        if (step.kind == Step::Kind::call)
            add(*step.call);
        else if (step.kind == Step::Kind::segment)
            add_child(stages_[step.stage].graph.get());
        else
            add_child(capture(device_, stream_, [&] { issue(step, stages_, *device_, stream_); }).get());
    }

    void add(const KernelCall &call) { last_ = call.add(*device_, graph_, last_); }

    // Continues in the body of an IF node.
    CUgraph add_condition(CUgraphConditionalHandle handle) {
        ConditionalNodeParams parameters;
        parameters.handle = handle;
        parameters.context = device_->context;
        CUgraphNode node = nullptr;
        check(driver().add_node(&node, graph_, &last_, nullptr, 1, &parameters), "cuGraphAddNode");
        return parameters.bodies[0];
    }

    CUgraphConditionalHandle make_handle() {
        CUgraphConditionalHandle handle = 0;
        check(driver().conditional_handle(&handle, graph_, device_->context, 0, conditional_assign_default),
              "cuGraphConditionalHandleCreate");
        return handle;
    }

  private:
    const Driver &driver() const { return *device_->driver; }
    void check(CUresult result, const char *what) const { driver().check(result, what, EDGEML_E_UNSUPPORTED); }

    void add_child(CUgraph child) { // cloned by the driver
        CUgraphNode node = nullptr;
        check(driver().add_child(&node, graph_, &last_, last_ != nullptr ? 1 : 0, child), "cuGraphAddChildGraphNode");
        last_ = node;
    }

    const std::shared_ptr<const Device> &device_;
    const std::vector<PlacedStage> &stages_;
    const CUgraph graph_;
    const CUstream stream_;
    CUgraphNode last_ = nullptr;
};

Graph make_graph(const std::shared_ptr<const Device> &device) {
    CUgraph graph = nullptr;
    device->driver->check(device->driver->graph_create(&graph, 0), "cuGraphCreate");
    return {device, graph};
}

GraphExec instantiate(const std::shared_ptr<const Device> &device, const Graph &graph, CUstream stream) {
    CUgraphExec exec = nullptr;
    device->driver->check(device->driver->graph_instantiate(&exec, graph.get(), 0), "cuGraphInstantiate",
                          EDGEML_E_UNSUPPORTED);
    GraphExec owned(device, exec);
    device->driver->check(device->driver->exec_upload(exec, stream), "cuGraphUpload", EDGEML_E_UNSUPPORTED);
    return owned;
}

// Bodies of conditions take kernels, copies, fills and graphs of those.
void check_for_bodies(const Device &device, CUgraph graph) {
    const Driver &driver = *device.driver;
    std::size_t count = 0;
    driver.check(driver.graph_nodes(graph, nullptr, &count), "cuGraphGetNodes");
    std::vector<CUgraphNode> nodes(count);
    driver.check(driver.graph_nodes(graph, nodes.data(), &count), "cuGraphGetNodes");
    for (CUgraphNode node : nodes) {
        NodeType type{};
        driver.check(driver.node_type(node, &type), "cuGraphNodeGetType");
        if (type == NodeType::graph) {
            CUgraph child = nullptr;
            driver.check(driver.node_child(node, &child), "cuGraphChildGraphNodeGetGraph");
            check_for_bodies(device, child);
        } else if (type == NodeType::kernel) {
            KernelAttribute value{};
            if (driver.version < 12060 &&
                driver.node_kernel_attribute(node, kernel_attribute_cooperative, &value) == cuda_success &&
                value.cooperative != 0)
                throw Error(EDGEML_E_UNSUPPORTED, "a segment has a cooperative kernel, which needs CUDA 12.6 here");
        } else if (type != NodeType::memcpy && type != NodeType::memset && type != NodeType::empty) {
            throw Error(EDGEML_E_UNSUPPORTED, "a segment has a graph node of type " +
                                                  std::to_string(static_cast<int>(type)) +
                                                  ", which a condition's body cannot hold");
        }
    }
}

} // namespace

void lay_out(Plan &plan, const std::vector<PlacedStage> &stages, const KernelSet &kernels, CUdeviceptr mailbox) {
    Stretch stretch;
    auto stamp = [&](std::uint64_t index) {
        if (plan.key.timed)
            stretch.steps.push_back(
                {Step::Kind::call, 0, KernelCall::of_stamp(kernels.stamp, {mailbox, index}), false});
    };
    stamp(0);
    stretch.steps.push_back({Step::Kind::copy_in, plan.key.first, {}, false});
    bool answered = false;
    for (std::uint32_t i = plan.key.first; i < plan.key.end && !answered; ++i) {
        const PlacedStage &stage = stages[i];
        bool tries =
            stage.is_final() || (stage.desc.exit_index != 0 && (plan.key.tried & bit_of(stage.desc.exit_index)) != 0);
        if (stage.is_side_head_alone() && !tries)
            continue;
        plan.stages.push_back(i);
        plan.stage_stretch.push_back(static_cast<std::uint32_t>(plan.stretches.size()));
        stretch.steps.push_back({Step::Kind::segment, i, {}, false});
        if (stage.boundary != nullptr)
            plan.cut_stage = i;
        if (!tries) {
            stamp(plan.stages.size());
            continue;
        }
        stretch.steps.push_back({Step::Kind::call, i, exit_call(stage, kernels.exit, mailbox, 0), true});
        stretch.exit_stage = i;
        plan.stretches.push_back(std::move(stretch));
        stretch = {};
        answered = stage.is_final();
    }
    if (answered)
        return;
    if (plan.cut_stage != Stretch::none) // the input is where the caller wrote it
        stretch.steps.push_back({Step::Kind::copy_out, plan.cut_stage, {}, false});
    stretch.steps.push_back({Step::Kind::call, 0, KernelCall::of_publish(kernels.publish, {mailbox}), false});
    plan.stretches.push_back(std::move(stretch));
}

void enqueue(const PlacedStage &stage, const Device &device, CUstream stream) {
    try {
        stage.segment->enqueue(stream);
    } catch (const Error &e) {
        CUresult state = e.status() == EDGEML_E_RUN_FAILED ? device.driver->stream_query(stream) : cuda_not_ready;
        if (state != cuda_not_ready)
            device.driver->check(state, e.what());
        throw;
    }
}

void issue(const Step &step, const std::vector<PlacedStage> &stages, const Device &device, CUstream stream) {
    const PlacedStage &stage = stages[step.stage];
    const Driver &driver = *device.driver;
    switch (step.kind) {
    case Step::Kind::copy_in:
        return driver.check(driver.copy_to_device(stage.input->device(), stage.input->data(),
                                                  static_cast<std::size_t>(stage.input_tensor().bytes), stream),
                            "cuMemcpyHtoDAsync");
    case Step::Kind::copy_out:
        return driver.check(driver.copy_to_host(stage.boundary->data(), stage.boundary->device(),
                                                static_cast<std::size_t>(stage.boundary_tensor().bytes), stream),
                            "cuMemcpyDtoHAsync");
    case Step::Kind::segment:
        return enqueue(stage, device, stream);
    case Step::Kind::call:
        return step.call->launch(device, stream);
    }
}

void build_stages(Plan &plan, const std::vector<PlacedStage> &stages, const std::shared_ptr<const Device> &device,
                  CUstream stream) {
    for (Stretch &stretch : plan.stretches) {
        Graph graph = make_graph(device);
        GraphWriter writer(device, stages, graph.get(), stream);
        for (const Step &step : stretch.steps)
            writer.add(step);
        stretch.exec = instantiate(device, graph, stream);
    }
    plan.route = Route::stages;
}

void build_whole(Plan &plan, const std::vector<PlacedStage> &stages, const std::shared_ptr<const Device> &device,
                 const KernelSet &kernels, CUstream stream) {
    if (kernels.exit_conditional == nullptr)
        throw Error(EDGEML_E_UNSUPPORTED, kernels.no_conditional);
    for (std::uint32_t i : plan.stages)
        check_for_bodies(*device, stages[i].graph.get());
    Graph root = make_graph(device);
    CUgraph level = root.get(); // a body belongs to its node
    for (std::size_t s = 0; s < plan.stretches.size(); ++s) {
        GraphWriter writer(device, stages, level, stream);
        bool is_last = s + 1 == plan.stretches.size();
        CUgraphConditionalHandle handle = is_last ? 0 : writer.make_handle(); // before anything that uses it
        for (const Step &step : plan.stretches[s].steps) {
            if (!step.is_exit || is_last) {
                writer.add(step);
                continue;
            }
            ExitArguments arguments = step.call->exit;
            arguments.handle = handle;
            writer.add(KernelCall::of_exit(kernels.exit_conditional, arguments));
        }
        if (!is_last)
            level = writer.add_condition(handle);
    }
    plan.whole = instantiate(device, root, stream);
    plan.route = Route::device;
}

} // namespace edgeml::cuda
