#include "decision.h"

#include "status.h"
#include "versioned.h"

using namespace edgeml;

extern "C" {

edgeml_status edgeml_decide(edgeml_decision *out_decision, const float *logits, uint64_t count) {
    return guarded([&] {
        std::uint32_t size = out_struct_size(out_decision, sizeof(edgeml_decision), "out_decision");
        if (count == 0 || count > INT32_MAX)
            reject("decision over " + std::to_string(count) + " logits, 1..2147483647 are possible");
        require(logits, "logits");
        Decision d = decide(logits, static_cast<std::int32_t>(count));
        edgeml_decision out{};
        out.flags = d.invalid ? EDGEML_DECISION_INVALID : 0;
        out.label = d.label;
        out.entropy = d.entropy;
        out.confidence = d.confidence;
        out.margin = d.margin;
        write_struct(out_decision, out, size);
    });
}
}
