#include "base/free_memory.h"

#include "testing/check.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const int64_t MIB = 1 << 20;

/* A file below the story's directory, in place of /; folders are made. */
static void put(const char *name, const char *text)
{
        char path[PATH_MAX];
        FILE *file;

        snprintf(path, sizeof path, "%s%s", check_directory(), name);
        for (char *slash = path + strlen(check_directory()) + 1; (slash = strchr(slash, '/'));
             *slash++ = '/') {
                *slash = '\0';
                mkdir(path, 0700);
        }
        file = fopen(path, "w");
        check(file != NULL);
        fputs(text, file);
        fclose(file);
}

/* A gigabyte that nobody uses, of four: 10 % of all stay free. */
static void put_machine(void)
{
        put("/proc/meminfo", "MemTotal:  4096000 kB\nMemFree:  1 kB\nMemAvailable:   1024000 kB\n");
}

enum { MACHINE_LEAVES = 600 }; /* MiB */

static void put_mib(const char *name, int mib)
{
        char text[30];

        snprintf(text, sizeof text, "%lld\n", (long long)mib * (long long)MIB);
        put(name, text);
}

static void check_mib(int mib)
{
        check_int(free_memory(check_directory()), mib * MIB);
}

static void without_a_limit_it_is_what_the_machine_has(void)
{
        put_machine();
        check_mib(MACHINE_LEAVES);
        put("/proc/self/cgroup", "0::/\n");
        put("/sys/fs/cgroup/pod/memory.max", "1\n"); /* another group's */
        check_mib(MACHINE_LEAVES);
        put("/sys/fs/cgroup/memory.max", "max\n");
        put("/sys/fs/cgroup/memory.current", "4096\n");
        check_mib(MACHINE_LEAVES);
}

static void the_machine_keeps_256_mib_at_least(void)
{
        put("/proc/meminfo", "MemTotal:  1024000 kB\nMemAvailable:   512000 kB\n");
        check_mib(500 - 256);
        put("/proc/meminfo", "MemAvailable:   512000 kB\n");
        check_mib(500 - 256);
        put("/proc/meminfo", "MemTotal:  1024000 kB\nMemAvailable:   262144 kB\n");
        check_mib(0);
        put("/proc/meminfo", "MemTotal:  1024000 kB\nMemAvailable:   1000 kB\n");
        check_mib(0);
}

static void a_group_leaves_its_limit_less_what_it_took_and_cannot_give_back(void)
{
        put_machine();
        put("/proc/self/cgroup", "0::/pod/own\n");
        put_mib("/sys/fs/cgroup/pod/own/memory.max", 200);
        put_mib("/sys/fs/cgroup/pod/own/memory.current", 100);
        check_mib(100 - 16);
        put("/sys/fs/cgroup/pod/own/memory.stat", "anon 1\ninactive_file 52428800\n");
        check_mib(150 - 16);
        put_mib("/sys/fs/cgroup/pod/own/memory.max", 400); /* of which 5 % stay free */
        check_mib(350 - 20);
        put_mib("/sys/fs/cgroup/pod/own/memory.current", 460);
        check_mib(0);
}

static void the_narrowest_group_around_it_counts(void)
{
        put_machine();
        put("/proc/self/cgroup", "0::/pod/own\n");
        put("/sys/fs/cgroup/pod/own/memory.max", "max\n");
        put("/sys/fs/cgroup/pod/own/memory.current", "1000\n");
        put_mib("/sys/fs/cgroup/pod/memory.max", 100);
        put_mib("/sys/fs/cgroup/pod/memory.current", 40);
        check_mib(60 - 16);
        put_mib("/sys/fs/cgroup/memory.max", 90); /* a container's, where it sees itself as / */
        put_mib("/sys/fs/cgroup/memory.current", 70);
        check_mib(20 - 16);
}

static void version_1_has_a_tree_for_memory(void)
{
        put_machine();
        put("/proc/self/cgroup", "9:name=systemd:/\n5:memory_too:/x\n4:cpu,memory:/own\n0::/\n");
        put_mib("/sys/fs/cgroup/memory/own/memory.limit_in_bytes", 90);
        put_mib("/sys/fs/cgroup/memory/own/memory.usage_in_bytes", 40);
        check_mib(50 - 16);
        put("/sys/fs/cgroup/memory/own/memory.stat", "total_inactive_file 5242880\n");
        check_mib(55 - 16);
        put("/sys/fs/cgroup/memory/own/memory.limit_in_bytes", "9223372036854771712\n"); /* none */
        check_mib(MACHINE_LEAVES);
}

static void this_machine_can_be_asked(void)
{
        check(free_memory("") >= 0);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(without_a_limit_it_is_what_the_machine_has),
                STORY(the_machine_keeps_256_mib_at_least),
                STORY(a_group_leaves_its_limit_less_what_it_took_and_cannot_give_back),
                STORY(the_narrowest_group_around_it_counts),
                STORY(version_1_has_a_tree_for_memory),
                STORY(this_machine_can_be_asked),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
