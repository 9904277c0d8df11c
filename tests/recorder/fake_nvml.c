/* A libnvidia-ml.so.1 for tests: answers what pynvml asks, and fails as a control file says.
 *
 * $FAKE_NVML names a text file, read at every call, with lines
 *   devices N                how many GPUs there are (default 1)
 *   FUNCTION CODE            that function returns CODE instead of answering
 *   FUNCTION@DEVICE CODE     only for one device
 *   sleep FUNCTION MS        that function takes MS milliseconds
 *   xid DEVICE CODE          one event; each such line is delivered once, in order
 * and $FAKE_NVML.failed has as many bytes as calls did not answer, or did not at once, from the moment they were made.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST 8
struct device { int index; };
static struct device devices[MOST];
static int xids_delivered;

static int setting(const char *key, int otherwise)
{
    const char *path = getenv("FAKE_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[256];
    int value, result = otherwise;
    size_t length = strlen(key);

    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, key, length) && line[length] == ' ' && sscanf(line + length, "%d", &value) == 1)
            result = value;
    if (file)
        fclose(file);
    return result;
}

static int failing(int how)
{
    char path[4096];
    FILE *file;

    if (how) {
        snprintf(path, sizeof path, "%s.failed", getenv("FAKE_NVML"));
        if ((file = fopen(path, "a"))) {
            fputc('.', file);
            fclose(file);
        }
    }
    return how;
}

static int code_of(const char *function, struct device *device)
{
    char key[160];
    int code = 0;

    if (device) {
        snprintf(key, sizeof key, "%s@%d", function, device->index);
        code = setting(key, 0);
        if (!code) {
            snprintf(key, sizeof key, "*@%d", device->index);
            code = setting(key, 0);
        }
    }
    return code ? code : setting(function, 0);
}

static int told(const char *function, struct device *device)
{
    char key[160];

    snprintf(key, sizeof key, "sleep %s", function);
    usleep(1000 * failing(setting(key, 0)));
    return failing(code_of(function, device));
}

#define ANSWER(device)                     \
    do {                                   \
        int code = told(__func__, device); \
        if (code)                          \
            return code;                   \
    } while (0)

int nvmlInitWithFlags(unsigned flags) { (void)flags; ANSWER(NULL); return 0; }
int nvmlShutdown(void) { ANSWER(NULL); return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { ANSWER(NULL); *count = setting("devices", 1); return 0; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **device)
{
    ANSWER(NULL);
    devices[index].index = index;
    *device = &devices[index];
    return 0;
}

int nvmlDeviceGetName(struct device *device, char *name, unsigned length)
{
    ANSWER(device);
    snprintf(name, length, "NVIDIA Fake 80GB");
    return 0;
}

int nvmlDeviceGetUtilizationRates(struct device *device, unsigned rates[2])
{
    ANSWER(device);
    rates[0] = 71 + device->index;
    rates[1] = 12;
    return 0;
}

struct memory { unsigned long long total, free, used; };
struct memory_v2 { unsigned version; unsigned long long total, reserved, free, used; };

int nvmlDeviceGetMemoryInfo(struct device *device, struct memory *memory)
{
    ANSWER(device);
    *memory = (struct memory){ 80ULL << 30, 18ULL << 30, 62ULL << 30 };
    return 0;
}

int nvmlDeviceGetMemoryInfo_v2(struct device *device, struct memory_v2 *memory)
{
    ANSWER(device);
    *memory = (struct memory_v2){ memory->version, 80ULL << 30, 1ULL << 30, 18ULL << 30, 61ULL << 30 };
    return 0;
}

int nvmlDeviceGetPowerUsage(struct device *device, unsigned *milliwatts)
{
    ANSWER(device);
    *milliwatts = 402500;
    return 0;
}

int nvmlDeviceGetTemperature(struct device *device, int sensor, unsigned *celsius)
{
    (void)sensor;
    ANSWER(device);
    *celsius = 64;
    return 0;
}

int nvmlDeviceGetClockInfo(struct device *device, int clock, unsigned *mhz)
{
    ANSWER(device);
    *mhz = clock == 1 ? 1980 : 2619;
    return 0;
}

int nvmlDeviceGetCurrentClocksEventReasons(struct device *device, unsigned long long *reasons)
{
    ANSWER(device);
    *reasons = 0x4 | 0x40;
    return 0;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(struct device *device, unsigned long long *reasons)
{
    ANSWER(device);
    *reasons = 0x8 | 0x1000;
    return 0;
}

int nvmlDeviceGetPcieThroughput(struct device *device, int counter, unsigned *kb_s)
{
    ANSWER(device);
    *kb_s = counter == 1 ? 3000 : 2000; /* NVML_PCIE_UTIL_RX_BYTES is 1 */
    return 0;
}

int nvmlDeviceGetTotalEccErrors(struct device *device, int type, int counter, unsigned long long *count)
{
    ANSWER(device);
    *count = type == 1 && counter == 0 ? 2 : 99; /* uncorrected, volatile */
    return 0;
}

struct process { unsigned pid; unsigned long long used; unsigned gpu_instance, compute_instance; };

int nvmlDeviceGetComputeRunningProcesses_v3(struct device *device, unsigned *count, struct process *processes)
{
    ANSWER(device);
    unsigned room = *count;
    *count = 2;
    if (!processes || room < 2)
        return 7; /* NVML_ERROR_INSUFFICIENT_SIZE */
    processes[0] = (struct process){ 4711, 60ULL << 30, ~0u, ~0u };
    processes[1] = (struct process){ 4712, ~0ULL, ~0u, ~0u };
    return 0;
}

struct event { struct device *device; unsigned long long type, data; unsigned gpu_instance, compute_instance; };

int nvmlEventSetCreate(void **set) { ANSWER(NULL); *set = &xids_delivered; return 0; }
int nvmlEventSetFree(void *set) { (void)set; ANSWER(NULL); return 0; }

int nvmlDeviceRegisterEvents(struct device *device, unsigned long long types, void *set)
{
    (void)types, (void)set;
    ANSWER(device);
    return 0;
}

int nvmlEventSetWait_v2(void *set, struct event *event, unsigned timeout_ms)
{
    const char *path = getenv("FAKE_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[256];
    int index, code, seen = 0, found = 0;

    (void)set, (void)timeout_ms;
    while (!found && file && fgets(line, sizeof line, file))
        if (sscanf(line, "xid %d %d", &index, &code) == 2 && seen++ == xids_delivered)
            found = 1;
    if (file)
        fclose(file);
    if (!found)
        return 10; /* NVML_ERROR_TIMEOUT */
    xids_delivered++;
    *event = (struct event){ &devices[index], 8, code, 0, 0 };
    return 0;
}
