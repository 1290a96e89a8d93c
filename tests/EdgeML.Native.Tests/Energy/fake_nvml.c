/* The part of libnvidia-ml.so.1 that is used, for machines without one. Built by FakeNvml.cs; fake_configure sets up what it plays. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { OK = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15 };

static uint32_t boards = 1;
static int init_status = OK;
static int energy_status = OK;
static int power_status = OK;
static int initialised;
static uint64_t millijoules;
static uint64_t step = 1500;

void fake_configure(uint32_t board_count, int init, int energy, int power, uint64_t energy_step) {
    boards = board_count;
    init_status = init;
    energy_status = energy;
    power_status = power;
    step = energy_step;
    millijoules = 1000000;
}

int fake_initialised(void) { return initialised; }

int nvmlInit_v2(void) {
    if (init_status == OK) ++initialised;
    return init_status;
}

int nvmlShutdown(void) {
    --initialised;
    return OK;
}

int nvmlDeviceGetCount_v2(uint32_t* count) {
    *count = boards;
    return OK;
}

/* A handle is the board's number and 1, since 0 is none. */
int nvmlDeviceGetHandleByIndex_v2(uint32_t index, uintptr_t* device) {
    if (index >= boards) return INVALID_ARGUMENT;
    *device = index + 1;
    return OK;
}

static void bus_id(uintptr_t device, char* text) { sprintf(text, "00000000:%02X:00.0", (unsigned)(0x3a + device)); }

int nvmlDeviceGetHandleByPciBusId_v2(const char* id, uintptr_t* device) {
    for (uintptr_t board = 1; board <= boards; ++board) {
        char own[32];
        bus_id(board, own);
        if (strcmp(own, id) == 0) {
            *device = board;
            return OK;
        }
    }
    return NOT_FOUND;
}

int nvmlDeviceGetName(uintptr_t device, char* name, uint32_t length) {
    snprintf(name, length, "Fake %u", (unsigned)device);
    return OK;
}

typedef struct {
    char legacy[16];
    uint32_t domain, bus, device, device_id, subsystem_id;
    char id[32];
} pci_info;

int nvmlDeviceGetPciInfo_v3(uintptr_t device, pci_info* info) {
    memset(info, 0, sizeof *info);
    bus_id(device, info->id);
    return OK;
}

int nvmlDeviceGetTotalEnergyConsumption(uintptr_t device, uint64_t* energy) {
    if (energy_status != OK) return energy_status;
    millijoules += step;
    *energy = millijoules * device;
    return OK;
}

int nvmlDeviceGetPowerUsage(uintptr_t device, uint32_t* milliwatts) {
    if (power_status != OK) return power_status;
    *milliwatts = 40000 * (uint32_t)device;
    return OK;
}

int nvmlDeviceGetClockInfo(uintptr_t device, int type, uint32_t* megahertz) {
    if (type != 1) return INVALID_ARGUMENT;
    *megahertz = 1980 + (uint32_t)device;
    return OK;
}

const char* nvmlErrorString(int status) {
    switch (status) {
        case NOT_SUPPORTED: return "Not Supported";
        case NOT_FOUND: return "Not Found";
        case DRIVER_NOT_LOADED: return "Driver Not Loaded";
        case GPU_IS_LOST: return "GPU is lost";
        default: return "Unknown Error";
    }
}
