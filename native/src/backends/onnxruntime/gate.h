// The operator that stands between two ranges of one session and may end the run there.
//
//   Gate (domain edgeml), attribute exit: int
//   inputs   trunk: float, logits: float, edgeml/gate: int64[1], the run's GateState
//   output   trunk, the same memory
//
// Everything after a range reads the gate's output, so ONNX Runtime runs it after the exit has been decided. A taken
// exit raises the run's terminate flag, which the executor looks at before every node.
#pragma once

#include "backend.h"
#include "runtime.h"

namespace edgeml::ort {

inline constexpr const char *gate_domain = "edgeml";
inline constexpr const char *gate_input = "edgeml/gate";

struct GateState {
    Gatekeeper *keeper = nullptr; // null lets everything pass
    OrtRunOptions *options = nullptr;
    bool closed = false;
};

// Makes the operator known to sessions; they must not outlive it.
class GateDomain {
  public:
    explicit GateDomain(const Runtime &runtime);
    ~GateDomain();
    OrtCustomOpDomain *get() const noexcept { return domain_.get(); }

  private:
    struct Op;
    const std::unique_ptr<Op> op_;
    Owned<OrtCustomOpDomain> domain_;
};

} // namespace edgeml::ort
