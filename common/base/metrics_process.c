#include "base/metrics_process.h"

#include "base/metrics_inside.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum process_metric {
        CPU,
        RESIDENT,
        VIRTUAL,
        OPEN_FDS,
        MAX_FDS,
        START_TIME,
        THREADS,
        PROCESS_METRICS
};

const struct metric_family process_families[] = {
        [CPU] = {"process_cpu_seconds_total", "User and system time used", METRIC_COUNTER, {NULL}},
        [RESIDENT] = {"process_resident_memory_bytes", "Memory in RAM", METRIC_GAUGE, {NULL}},
        [VIRTUAL] = {"process_virtual_memory_bytes", "Address space", METRIC_GAUGE, {NULL}},
        [OPEN_FDS] = {"process_open_fds", "Open file descriptors", METRIC_GAUGE, {NULL}},
        [MAX_FDS] = {"process_max_fds", "File descriptors allowed", METRIC_GAUGE, {NULL}},
        [START_TIME] = {"process_start_time_seconds", "Start, in Unix time", METRIC_GAUGE, {NULL}},
        [THREADS] = {"process_threads", "Threads", METRIC_GAUGE, {NULL}},
        [PROCESS_METRICS] = {NULL},
};

struct process_series {
        struct metric *series[PROCESS_METRICS];
};

/* Of /proc/self/stat, by their numbers in proc(5). */
enum stat_field {
        STAT_FIRST = 4,
        STAT_USER = 14,
        STAT_SYSTEM,
        STAT_THREADS = 20,
        STAT_START = 22,
        STAT_VIRTUAL,
        STAT_RESIDENT,
        STAT_FIELDS
};

static bool stat_read(double fields[STAT_FIELDS])
{
        char line[1024], *p;
        FILE *f = fopen("/proc/self/stat", "re");
        bool read = f && fgets(line, sizeof line, f);

        if (f)
                fclose(f);
        p = read ? strrchr(line, ')') : NULL; /* the name before may hold blanks */
        if (!p || strlen(p) < strlen(") S "))
                return false;
        p += strlen(") S ");
        for (int i = STAT_FIRST; i < STAT_FIELDS; i++)
                fields[i] = strtod(p, &p);
        return true;
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
        struct process_series *p = arg;
        double ticks = (double)sysconf(_SC_CLK_TCK);
        double stat[STAT_FIELDS];
        struct rlimit limit;

        if (stat_read(stat)) {
                metric_set(p->series[CPU], (stat[STAT_USER] + stat[STAT_SYSTEM]) / ticks);
                metric_set(p->series[RESIDENT],
                           stat[STAT_RESIDENT] * (double)sysconf(_SC_PAGESIZE));
                metric_set(p->series[VIRTUAL], stat[STAT_VIRTUAL]);
                metric_set(p->series[THREADS], stat[STAT_THREADS]);
        }
        metric_set(p->series[OPEN_FDS], descriptors_count());
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
                metric_set(p->series[MAX_FDS], (double)limit.rlim_cur);
}

void metrics_process_add(struct metrics *m)
{
        struct process_series *p;
        double stat[STAT_FIELDS];

        pthread_mutex_lock(&m->lock);
        p = arena_alloc(m->arena, sizeof *p);
        pthread_mutex_unlock(&m->lock);
        for (int i = 0; i < PROCESS_METRICS; i++)
                p->series[i] = metrics_series(m, &process_families[i], NULL);
        /* once: the wall clock may be set later, the start may not */
        if (stat_read(stat))
                metric_set(p->series[START_TIME],
                           seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME) +
                                   stat[STAT_START] / (double)sysconf(_SC_CLK_TCK));
        metrics_on_scrape(m, process_refresh, p);
}
