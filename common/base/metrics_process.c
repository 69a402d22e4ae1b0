#include "base/metrics_inside.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum process_metric { CPU, RESIDENT, VIRTUAL, OPEN_FDS, MAX_FDS, START_TIME, THREADS, PROCESS_METRICS };

static const struct metric_family families[PROCESS_METRICS] = {
        [CPU] = {"process_cpu_seconds_total", "User and system time used.", METRIC_COUNTER, {NULL}},
        [RESIDENT] = {"process_resident_memory_bytes", "Memory in RAM.", METRIC_GAUGE, {NULL}},
        [VIRTUAL] = {"process_virtual_memory_bytes", "Address space.", METRIC_GAUGE, {NULL}},
        [OPEN_FDS] = {"process_open_fds", "Open file descriptors.", METRIC_GAUGE, {NULL}},
        [MAX_FDS] = {"process_max_fds", "File descriptors allowed.", METRIC_GAUGE, {NULL}},
        [START_TIME] = {"process_start_time_seconds", "Start, in Unix time.", METRIC_GAUGE, {NULL}},
        [THREADS] = {"process_threads", "Threads.", METRIC_GAUGE, {NULL}},
};

struct metrics_process {
        struct metric *series[PROCESS_METRICS];
};

/* Of /proc/self/stat, see proc(5). */
struct stat_line {
        unsigned long long user, system, start, virtual;
        long long threads, resident;
};

static bool stat_read(struct stat_line *s)
{
        char line[1024];
        FILE *f = fopen("/proc/self/stat", "re");
        bool read = f && fgets(line, sizeof line, f);
        const char *rest = read ? strrchr(line, ')') : NULL; /* the name before may hold blanks */

        if (f)
                fclose(f);
        return rest && sscanf(rest + 1,
                              " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %lld %*d %llu %llu %lld",
                              &s->user, &s->system, &s->threads, &s->start, &s->virtual, &s->resident) == 6;
}

static double seconds_of(clockid_t clock)
{
        struct timespec t;

        clock_gettime(clock, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int descriptors_count(void)
{
        DIR *d = opendir("/proc/self/fd");
        int count = -1; /* the one of the directory itself */

        if (!d)
                return 0;
        for (struct dirent *e; (e = readdir(d));)
                count += e->d_name[0] != '.';
        closedir(d);
        return count;
}

static void process_refresh(void *arg)
{
        struct metrics_process *p = arg;
        double ticks = (double)sysconf(_SC_CLK_TCK);
        struct stat_line s;
        struct rlimit limit;

        if (stat_read(&s)) {
                metric_set(p->series[CPU], (double)(s.user + s.system) / ticks);
                metric_set(p->series[RESIDENT], (double)s.resident * (double)sysconf(_SC_PAGESIZE));
                metric_set(p->series[VIRTUAL], (double)s.virtual);
                metric_set(p->series[THREADS], (double)s.threads);
        }
        metric_set(p->series[OPEN_FDS], descriptors_count());
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
                metric_set(p->series[MAX_FDS], (double)limit.rlim_cur);
}

void metrics_process_add(struct metrics *m)
{
        struct metrics_process *p = arena_alloc(m->arena, sizeof *p);
        struct stat_line s;

        for (int i = 0; i < PROCESS_METRICS; i++)
                p->series[i] = metrics_series(m, &families[i], NULL);
        /* once: the wall clock may be set later, the start may not */
        if (stat_read(&s))
                metric_set(p->series[START_TIME], seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME) +
                                                          (double)s.start / (double)sysconf(_SC_CLK_TCK));
        metrics_on_scrape(m, process_refresh, p);
}
