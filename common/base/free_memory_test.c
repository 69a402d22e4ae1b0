#include "base/free_memory.h"

#include "testing/check.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { KIB = 1024 };

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

static void put_machine(void)
{
        put("/proc/meminfo", "MemTotal:  24000 kB\nMemFree:  1 kB\nMemAvailable:   9000 kB\n");
}

static void without_a_limit_it_is_what_the_machine_has(void)
{
        put_machine();
        check_int(free_memory(check_directory()), 9000 * KIB);
        put("/proc/self/cgroup", "0::/\n");
        put("/sys/fs/cgroup/pod/memory.max", "1\n"); /* another group's */
        check_int(free_memory(check_directory()), 9000 * KIB);
        put("/sys/fs/cgroup/memory.max", "max\n");
        put("/sys/fs/cgroup/memory.current", "4096\n");
        check_int(free_memory(check_directory()), 9000 * KIB);
}

static void a_group_leaves_its_limit_less_what_it_took_and_cannot_give_back(void)
{
        put_machine();
        put("/proc/self/cgroup", "0::/pod/own\n");
        put("/sys/fs/cgroup/pod/own/memory.max", "1000000\n");
        put("/sys/fs/cgroup/pod/own/memory.current", "600000\n");
        check_int(free_memory(check_directory()), 400000);
        put("/sys/fs/cgroup/pod/own/memory.stat", "anon 1\ninactive_file 200000\n");
        check_int(free_memory(check_directory()), 600000);
        put("/sys/fs/cgroup/pod/own/memory.current", "1300000\n");
        check_int(free_memory(check_directory()), 0);
}

static void the_narrowest_group_around_it_counts(void)
{
        put_machine();
        put("/proc/self/cgroup", "0::/pod/own\n");
        put("/sys/fs/cgroup/pod/own/memory.max", "max\n");
        put("/sys/fs/cgroup/pod/own/memory.current", "1000\n");
        put("/sys/fs/cgroup/pod/memory.max", "5000\n");
        put("/sys/fs/cgroup/pod/memory.current", "2000\n");
        check_int(free_memory(check_directory()), 3000);
        put("/sys/fs/cgroup/memory.max", "3000\n"); /* a container's, where it sees itself as / */
        put("/sys/fs/cgroup/memory.current", "2500\n");
        check_int(free_memory(check_directory()), 500);
}

static void version_1_has_a_tree_for_memory(void)
{
        put_machine();
        put("/proc/self/cgroup", "9:name=systemd:/\n5:memory_too:/x\n4:cpu,memory:/own\n0::/\n");
        put("/sys/fs/cgroup/memory/own/memory.limit_in_bytes", "9000\n");
        put("/sys/fs/cgroup/memory/own/memory.usage_in_bytes", "4000\n");
        check_int(free_memory(check_directory()), 5000);
        put("/sys/fs/cgroup/memory/own/memory.stat", "total_inactive_file 500\n");
        check_int(free_memory(check_directory()), 5500);
        put("/sys/fs/cgroup/memory/own/memory.limit_in_bytes", "9223372036854771712\n"); /* none */
        check_int(free_memory(check_directory()), 9000 * KIB);
}

static void this_machine_has_some(void)
{
        check(free_memory("") > 0);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(without_a_limit_it_is_what_the_machine_has),
                STORY(a_group_leaves_its_limit_less_what_it_took_and_cannot_give_back),
                STORY(the_narrowest_group_around_it_counts),
                STORY(version_1_has_a_tree_for_memory),
                STORY(this_machine_has_some),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
