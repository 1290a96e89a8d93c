/* The layout that callers in other languages rely on: the same numbers stand in AbiLayoutTests.cs. C99 on purpose. */
#include "edgeml/edgeml.h"

#include <stddef.h>
#include <stdio.h>

static int failures = 0;

static void check(const char *what, size_t actual, size_t expected) {
    if (actual != expected) {
        ++failures;
        fprintf(stderr, "%s is %lu, expected %lu\n", what, (unsigned long)actual, (unsigned long)expected);
    }
}

#define SIZE(type, expected)          check("sizeof(" #type ")", sizeof(type), expected)
#define OFFSET(type, field, expected) check(#type "." #field, offsetof(type, field), expected)

int main(void) {
    SIZE(edgeml_context_desc, 72);
    OFFSET(edgeml_context_desc, struct_size, 0);
    OFFSET(edgeml_context_desc, threads, 4);
    OFFSET(edgeml_context_desc, flags, 8);
    OFFSET(edgeml_context_desc, backend, 12);
    OFFSET(edgeml_context_desc, library_path, 16);
    OFFSET(edgeml_context_desc, cache_path, 24);
    OFFSET(edgeml_context_desc, log, 32);
    OFFSET(edgeml_context_desc, log_user, 40);
    OFFSET(edgeml_context_desc, device, 48);
    OFFSET(edgeml_context_desc, route, 52);
    OFFSET(edgeml_context_desc, cores, 56);
    OFFSET(edgeml_context_desc, core_count, 64);
    OFFSET(edgeml_context_desc, priority, 68);

    SIZE(edgeml_context_info, 592);
    OFFSET(edgeml_context_info, backend, 4);
    OFFSET(edgeml_context_info, threads, 8);
    OFFSET(edgeml_context_info, flags, 12);
    OFFSET(edgeml_context_info, backend_name, 16);
    OFFSET(edgeml_context_info, library_version, 48);
    OFFSET(edgeml_context_info, library_path, 80);

    SIZE(edgeml_tensor_info, 344);
    OFFSET(edgeml_tensor_info, dtype, 4);
    OFFSET(edgeml_tensor_info, rank, 8);
    OFFSET(edgeml_tensor_info, name_bytes, 12);
    OFFSET(edgeml_tensor_info, dims, 16);
    OFFSET(edgeml_tensor_info, bytes, 80);
    OFFSET(edgeml_tensor_info, name, 88);

    SIZE(edgeml_engine_desc, 48);
    OFFSET(edgeml_engine_desc, optimization, 4);
    OFFSET(edgeml_engine_desc, model, 8);
    OFFSET(edgeml_engine_desc, model_bytes, 16);
    OFFSET(edgeml_engine_desc, progress, 24);
    OFFSET(edgeml_engine_desc, progress_user, 32);
    OFFSET(edgeml_engine_desc, folder, 40);

    SIZE(edgeml_weights_info, 16);
    OFFSET(edgeml_weights_info, copied_bytes, 8);

    SIZE(edgeml_range, 24);
    OFFSET(edgeml_range, model, 0);
    OFFSET(edgeml_range, model_bytes, 8);
    OFFSET(edgeml_range, exit_index, 16);

    SIZE(edgeml_join_desc, 32);
    OFFSET(edgeml_join_desc, range_count, 4);
    OFFSET(edgeml_join_desc, ranges, 8);
    OFFSET(edgeml_join_desc, copy_limit, 16);
    OFFSET(edgeml_join_desc, optimization, 24);

    SIZE(edgeml_engine_info, 24);
    OFFSET(edgeml_engine_info, inputs, 4);
    OFFSET(edgeml_engine_info, outputs, 8);
    OFFSET(edgeml_engine_info, flags, 12);
    OFFSET(edgeml_engine_info, resident_bytes, 16);

    SIZE(edgeml_buffer_view, 32);
    OFFSET(edgeml_buffer_view, data, 8);
    OFFSET(edgeml_buffer_view, bytes, 16);
    OFFSET(edgeml_buffer_view, headroom, 24);

    SIZE(edgeml_decision, 24);
    OFFSET(edgeml_decision, flags, 4);
    OFFSET(edgeml_decision, label, 8);
    OFFSET(edgeml_decision, entropy, 12);
    OFFSET(edgeml_decision, confidence, 16);
    OFFSET(edgeml_decision, margin, 20);

    SIZE(edgeml_gate, 24);
    OFFSET(edgeml_gate, exit_index, 0);
    OFFSET(edgeml_gate, classes, 4);
    OFFSET(edgeml_gate, logits_output, 8);
    OFFSET(edgeml_gate, logits, 16);

    SIZE(edgeml_stage, 40);
    OFFSET(edgeml_stage, flags, 4);
    OFFSET(edgeml_stage, boundary_output, 8);
    OFFSET(edgeml_stage, logits_output, 12);
    OFFSET(edgeml_stage, exit_index, 16);
    OFFSET(edgeml_stage, classes, 20);
    OFFSET(edgeml_stage, gates, 24);
    OFFSET(edgeml_stage, gate_count, 32);

    SIZE(edgeml_run_desc, 64);
    OFFSET(edgeml_run_desc, flags, 4);
    OFFSET(edgeml_run_desc, thresholds, 8);
    OFFSET(edgeml_run_desc, threshold_count, 16);
    OFFSET(edgeml_run_desc, first_stage, 20);
    OFFSET(edgeml_run_desc, stage_count, 24);
    OFFSET(edgeml_run_desc, stage_ns_capacity, 28);
    OFFSET(edgeml_run_desc, stage_ns, 32);
    OFFSET(edgeml_run_desc, input, 40);
    OFFSET(edgeml_run_desc, said, 48);
    OFFSET(edgeml_run_desc, said_count, 56);

    SIZE(edgeml_exit_rule, 32);
    OFFSET(edgeml_exit_rule, kind, 4);
    OFFSET(edgeml_exit_rule, patience, 8);
    OFFSET(edgeml_exit_rule, uncertainty, 16);
    OFFSET(edgeml_exit_rule, user, 24);

    SIZE(edgeml_row, 24);
    OFFSET(edgeml_row, input, 0);
    OFFSET(edgeml_row, thresholds, 8);
    OFFSET(edgeml_row, threshold_count, 16);

    SIZE(edgeml_batch_desc, 32);
    OFFSET(edgeml_batch_desc, row_count, 4);
    OFFSET(edgeml_batch_desc, rows, 8);
    OFFSET(edgeml_batch_desc, first_stage, 16);
    OFFSET(edgeml_batch_desc, stage_count, 20);
    OFFSET(edgeml_batch_desc, said, 24);

    SIZE(edgeml_run_result, 216);
    OFFSET(edgeml_run_result, flags, 4);
    OFFSET(edgeml_run_result, outcome, 8);
    OFFSET(edgeml_run_result, exit_index, 12);
    OFFSET(edgeml_run_result, label, 16);
    OFFSET(edgeml_run_result, entropy, 20);
    OFFSET(edgeml_run_result, confidence, 24);
    OFFSET(edgeml_run_result, margin, 28);
    OFFSET(edgeml_run_result, stages_run, 32);
    OFFSET(edgeml_run_result, last_stage, 36);
    OFFSET(edgeml_run_result, total_ns, 40);
    OFFSET(edgeml_run_result, exit_entropy, 48);
    OFFSET(edgeml_run_result, exit_label, 112);
    OFFSET(edgeml_run_result, logits, 176);
    OFFSET(edgeml_run_result, logit_count, 184);
    OFFSET(edgeml_run_result, cut, 192);
    OFFSET(edgeml_run_result, cut_bytes, 200);
    OFFSET(edgeml_run_result, route, 208);

    SIZE(edgeml_device_info, 1224);
    OFFSET(edgeml_device_info, route, 24);
    OFFSET(edgeml_device_info, bytes, 32);
    OFFSET(edgeml_device_info, name, 40);
    OFFSET(edgeml_device_info, pci_bus_id, 168);
    OFFSET(edgeml_device_info, driver_path, 200);
    OFFSET(edgeml_device_info, route_note, 712);

    edgeml_probe *old_name = NULL; /* until ABI 1.6 */
    edgeml_outputs *outputs = old_name;
    edgeml_probe_destroy(outputs);
    edgeml_outputs_destroy(old_name);

    check("EDGEML_ABI_VERSION", EDGEML_ABI_VERSION, 0x10009);
    check("edgeml_abi_version()", edgeml_abi_version(), EDGEML_ABI_VERSION);
    printf("abi_layout: %s\n", failures == 0 ? "passed" : "FAILED");
    return failures == 0 ? 0 : 1;
}
