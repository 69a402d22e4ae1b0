#include "base/fault_load.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/free_memory.h"
#include "base/thread.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A thread computes for a part of each turn and rests for the other. */
enum { TURN_US = 10000 };

/* Memory is written to piece by piece, with a rest, so that other threads get on, and the fault's
   end does not wait for all of it. */
enum { PIECE = 1 << 20, REST_US = 1000 };

/* Of all faults: promised to them, and not yet missing in what free_memory sees. */
static _Atomic int64_t untouched;

struct burner {
        struct fault_load *load;
        pthread_t thread;
        int64_t busy_us; /* of each turn */
};

struct fault_load {
        _Atomic bool ends;
        int64_t end_us;
        struct burner *burners;
        int count;
        char *memory;
        size_t size;
        pthread_t toucher;
};

static void *burn(void *arg)
{
        struct burner *b = arg;
        int64_t turn = clock_mono_us(), now = turn;

        while (now < b->load->end_us && !atomic_load(&b->load->ends)) {
                if (now < turn + b->busy_us) {
                        now = clock_mono_us();
                        continue;
                }
                if (turn + TURN_US > now)
                        usleep((useconds_t)(turn + TURN_US - now));
                turn = now = clock_mono_us();
        }
        return NULL;
}

/* One thread for each core, and one for the fraction of a core that is left. */
static void begin_to_burn(struct fault_load *load, const struct fault *fault)
{
        int count = (int)ceil(fault->cores);

        load->end_us = clock_mono_us() + fault->duration_ms * 1000;
        load->burners = memory_alloc((size_t)count * sizeof *load->burners);
        load->count = count;
        for (int i = 0; i < count; i++) {
                struct burner *b = &load->burners[i];

                b->load = load;
                b->busy_us = (int64_t)(fmin(1, fault->cores - i) * TURN_US);
                b->thread = thread_start("fault-cpu", burn, b);
        }
}

static void *touch(void *arg)
{
        struct fault_load *load = arg;
        size_t done = 0;

        while (done < load->size && !atomic_load(&load->ends)) {
                size_t piece = load->size - done < PIECE ? load->size - done : PIECE;

                memset(load->memory + done, 0x5a, piece);
                done += piece;
                atomic_fetch_sub(&untouched, (int64_t)piece);
                usleep(REST_US);
        }
        atomic_fetch_sub(&untouched, (int64_t)(load->size - done));
        return NULL;
}

static bool hold(struct fault_load *load, size_t size, const char *root, struct error *error)
{
        int64_t promised = atomic_load(&untouched), left = free_memory(root) - promised;
        void *memory;

        if ((int64_t)size > left) {
                error_set(error, ERROR_CONFLICT,
                          "size is more than this process can take without being killed: %lld MiB "
                          "at most, now",
                          (long long)(left > 0 ? left >> 20 : 0));
                return false;
        }
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
                return error_set(error, ERROR_CONFLICT, "the system does not give the memory: %s",
                                 strerror(errno));
        load->memory = memory;
        load->size = size;
        atomic_fetch_add(&untouched, (int64_t)size);
        load->toucher = thread_start("fault-memory", touch, load);
        return true;
}

struct fault_load *fault_load_begin(const struct fault *fault, const char *root,
                                    struct error *error)
{
        struct fault_load *load = memory_alloc(sizeof *load);

        if (fault->kind == FAULT_CPU)
                begin_to_burn(load, fault);
        else if (!hold(load, (size_t)fault->size, root, error))
                fault_load_end(&load);
        return load;
}

void fault_load_end(struct fault_load **load)
{
        struct fault_load *l = *load;

        if (!l)
                return;
        *load = NULL;
        atomic_store(&l->ends, true);
        for (int i = 0; i < l->count; i++)
                pthread_join(l->burners[i].thread, NULL);
        if (l->memory) {
                pthread_join(l->toucher, NULL);
                munmap(l->memory, l->size);
        }
        free(l->burners);
        free(l);
}
