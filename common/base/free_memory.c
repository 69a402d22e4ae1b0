#include "base/free_memory.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t MIB = 1 << 20;

/* The files of a cgroup's memory; version 1 has a tree for it alone. */
struct cgroup_files {
        const char *tree, *limit, *taken, *cache;
};

static const struct cgroup_files version_2 = {"", "memory.max", "memory.current", "inactive_file "},
                                 version_1 = {"/memory", "memory.limit_in_bytes",
                                              "memory.usage_in_bytes", "total_inactive_file "};

/* The number of the first line that begins with `name`; -1: none, or it is no number ("max"). */
static int64_t number_in(const char *path, const char *name)
{
        FILE *file = fopen(path, "re");
        int64_t number = -1;
        char line[256], *end;

        while (file && number < 0 && fgets(line, sizeof line, file)) {
                const char *at = line + strlen(name);

                if (strncmp(line, name, strlen(name)) != 0)
                        continue;
                number = strtoll(at, &end, 10);
                if (end == at)
                        break;
        }
        if (file)
                fclose(file);
        return number;
}

static int64_t number_of(const char *directory, const char *file, const char *name)
{
        char path[PATH_MAX];

        if (snprintf(path, sizeof path, "%s/%s", directory, file) >= (int)sizeof path)
                return -1;
        return number_in(path, name);
}

static int64_t least(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

/* What is left of `free` where that part of all stays free, and at least so many bytes. */
static int64_t less(int64_t free, int64_t all, int part, int64_t bytes)
{
        int64_t spare = all / part > bytes ? all / part : bytes;

        return free > spare ? free - spare : 0;
}

static int64_t left_in(const char *directory, const struct cgroup_files *files)
{
        int64_t limit = number_of(directory, files->limit, ""),
                taken = number_of(directory, files->taken, ""),
                cache = number_of(directory, "memory.stat", files->cache);

        if (limit <= 0 || taken < 0)
                return INT64_MAX;
        if (cache > 0)
                taken -= cache;
        return less(limit - taken, limit, 20, 16 * MIB);
}

/* The group's own limit and those of all around it. */
static int64_t left_in_all(const char *root, const struct cgroup_files *files, const char *group)
{
        char directory[PATH_MAX];
        int64_t left = INT64_MAX, here;
        int top = snprintf(directory, sizeof directory, "%s/sys/fs/cgroup%s", root, files->tree);
        int len = snprintf(directory, sizeof directory, "%s/sys/fs/cgroup%s%s", root, files->tree,
                           group);

        if (len >= (int)sizeof directory)
                return INT64_MAX;
        for (;;) {
                here = left_in(directory, files);
                left = least(left, here);
                if (len <= top)
                        return left;
                while (len > top && directory[--len] != '/')
                        ;
                directory[len] = '\0';
        }
}

/* A line of /proc/self/cgroup: "0::/pod" (version 2), "4:cpu,memory:/pod" (version 1) */
static const struct cgroup_files *files_of(const char *line, const char **group)
{
        const char *controllers = strchr(line, ':'), *path = NULL;

        if (controllers)
                path = strchr(++controllers, ':');
        if (!path)
                return NULL;
        *group = path + 1;
        if (path == controllers)
                return &version_2;
        for (const char *at = controllers; at < path; at += strcspn(at, ",:") + 1)
                if (strncmp(at, "memory", 6) == 0 && strchr(",:", at[6]))
                        return &version_1;
        return NULL;
}

static int64_t left_by_cgroups(const char *root)
{
        char line[PATH_MAX];
        int64_t left = INT64_MAX, here;
        FILE *file;

        snprintf(line, sizeof line, "%s/proc/self/cgroup", root);
        file = fopen(line, "re");
        while (file && fgets(line, sizeof line, file)) {
                const char *group;
                const struct cgroup_files *files;

                line[strcspn(line, "\n")] = '\0';
                files = files_of(line, &group);
                here = files ? left_in_all(root, files, group) : INT64_MAX;
                left = least(left, here);
        }
        if (file)
                fclose(file);
        return left;
}

int64_t free_memory(const char *root)
{
        char path[PATH_MAX];
        int64_t available, total, left = left_by_cgroups(root);

        snprintf(path, sizeof path, "%s/proc/meminfo", root);
        available = number_in(path, "MemAvailable:"); /* KiB */
        total = number_in(path, "MemTotal:");
        if (available < 0 || available > INT64_MAX / 1024)
                return left;
        return least(left,
                     less(available * 1024, least(total, INT64_MAX / 1024) * 1024, 10, 256 * MIB));
}
