#include "base/fault_load.h"

#include "base/clock.h"
#include "testing/fault_set.h"

#include <dirent.h>
#include <sys/stat.h>

enum { DEADLINE_US = 60 * 1000000, MIB = 1 << 20, TRIES = 5 };

/* Of the threads that are called so. */
struct burning {
        int threads;
        int64_t ticks; /* of the processor, which they used; some 10 ms each */
};

static void add_thread(struct burning *all, const char *task, const char *name)
{
        char path[300], line[500] = "";
        unsigned long user = 0;
        FILE *file;

        snprintf(path, sizeof path, "/proc/self/task/%s/stat", task);
        file = fopen(path, "r");
        if (!file)
                return;
        if (fgets(line, sizeof line, file) && strstr(line, name) &&
            sscanf(strchr(line, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu", &user) ==
                    1) {
                all->threads++;
                all->ticks += (int64_t)user;
        }
        fclose(file);
}

static struct burning threads_called(const char *name)
{
        struct burning all = {0};
        DIR *tasks = opendir("/proc/self/task");

        for (struct dirent *task = readdir(tasks); task; task = readdir(tasks))
                add_thread(&all, task->d_name, name);
        closedir(tasks);
        return all;
}

static struct burning burning(void)
{
        return threads_called("(fault-cpu)");
}

static int64_t resident(void)
{
        FILE *file = fopen("/proc/self/statm", "r");
        long long all = 0, pages = 0;

        check(file && fscanf(file, "%lld %lld", &all, &pages) == 2);
        fclose(file);
        return pages * sysconf(_SC_PAGESIZE);
}

static void threads_burn_the_cores_and_end_with_the_fault(void)
{
        int64_t deadline = clock_mono_us() + DEADLINE_US;

        begin();
        add("{\"kind\":\"cpu\",\"cores\":1.5}");
        check_contains(one(1), "\"injected\":1");
        check_int((int64_t)counted("cpu"), 1);
        check_int(burning().threads, 2);
        while (burning().ticks < 30 && clock_mono_us() < deadline)
                usleep(10000);
        check(burning().ticks >= 30);
        check(faults_remove(faults, 1));
        check_int(burning().threads, 0);
        add("{\"kind\":\"cpu\",\"cores\":\"0.1\"}");
        check_int(burning().threads, 1);
        end();
        check_int(burning().threads, 0);
}

static void memory_is_held_until_the_fault_ends(void)
{
        int64_t before = resident(), deadline = clock_mono_us() + DEADLINE_US;

        begin();
        check_int(add("{\"kind\":\"memory\",\"size\":\"64MiB\"}"), 1);
        while (resident() < before + 60 * MIB && clock_mono_us() < deadline)
                usleep(10000);
        check(resident() > before + 60 * MIB);
        check_contains(one(1), "\"size\":67108864");
        check_int((int64_t)counted("memory"), 1);
        check(faults_remove(faults, 1));
        check(resident() < before + 40 * MIB);
        end();
}

/* Of a machine that keeps 256 MiB. */
static void available(int mib)
{
        char path[500];
        FILE *file;

        snprintf(path, sizeof path, "%s/proc", check_directory());
        mkdir(path, 0700);
        snprintf(path, sizeof path, "%s/proc/meminfo", check_directory());
        file = fopen(path, "w");
        check(file != NULL);
        fprintf(file, "MemTotal: 1 kB\nMemAvailable: %d kB\n", (256 + mib) * 1024);
        fclose(file);
}

static void memory_that_would_have_the_process_killed_is_refused(void)
{
        struct faults_config config = {.kinds = ALL_KINDS, .root = check_directory()};

        arena = arena_open();
        faults = faults_open(&config);
        available(31);
        check_int(add("{\"kind\":\"memory\",\"size\":\"32MiB\"}"), 0);
        check_int(error.kind, ERROR_CONFLICT);
        check_text(error.text, "size is more than this process can take without being killed: 31 "
                               "MiB at most, now");
        check_text(written(faults_write), "[]");
        available(32);
        check_int(add("{\"kind\":\"memory\",\"size\":\"32MiB\"}"), 1);
        faults_close(&faults);
        arena_close(&arena);
}

/* A thread of its own touches it, and its end does not wait for all of it. */
static void nobody_waits_until_the_memory_is_taken(void)
{
        struct faults_config config = {.kinds = ALL_KINDS, .root = check_directory()};
        bool seen = false;

        arena = arena_open();
        faults = faults_open(&config);
        available(300);
        for (int i = 0; i < TRIES && !seen; i++) {
                check(add("{\"kind\":\"memory\",\"size\":\"256MiB\"}") != 0);
                seen = threads_called("(fault-memory)").threads > 0;
                check_int(faults_clear(faults), 1);
                check_int(threads_called("(fault-memory)").threads, 0);
        }
        check(seen);
        faults_close(&faults);
        arena_close(&arena);
}

/* What is not touched yet is not free: meminfo still says so here. */
static void memory_is_promised_once(void)
{
        struct faults_config config = {.kinds = ALL_KINDS, .root = check_directory()};
        int64_t second = 1;

        arena = arena_open();
        faults = faults_open(&config);
        available(300);
        for (int i = 0; i < TRIES && second; i++) {
                check(add("{\"kind\":\"memory\",\"size\":\"256MiB\"}") != 0);
                second = add("{\"kind\":\"memory\",\"size\":\"200MiB\"}");
                faults_clear(faults);
        }
        check_int(second, 0);
        check(add("{\"kind\":\"memory\",\"size\":\"300MiB\"}") != 0);
        faults_close(&faults);
        arena_close(&arena);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(threads_burn_the_cores_and_end_with_the_fault),
                STORY(memory_is_held_until_the_fault_ends),
                STORY(nobody_waits_until_the_memory_is_taken),
                STORY(memory_is_promised_once),
                STORY(memory_that_would_have_the_process_killed_is_refused),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
