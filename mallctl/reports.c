#include "mallctl/reports.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool failed(struct error *error, const char *path)
{
        return error_set(error, ERROR_UNAVAILABLE, "%.200s: %s", path, strerror(errno));
}

static bool write_whole(const char *path, const char *text, size_t len)
{
        FILE *f = fopen(path, "we");
        bool done = f && fwrite(text, 1, len, f) == len && !fflush(f) && !fsync(fileno(f));

        return f && !fclose(f) && done;
}

static int is_report(const struct dirent *entry)
{
        return fnmatch("audit-*Z.txt", entry->d_name, 0) == 0;
}

/* Their names sort by time. */
static bool drop_oldest(const char *directory, size_t keep, struct error *error)
{
        struct dirent **found = NULL;
        int count = scandir(directory, &found, is_report, alphasort);
        bool done = count >= 0 || failed(error, directory);
        char path[4096];

        for (int i = 0; i < count; i++) {
                snprintf(path, sizeof path, "%s/%s", directory, found[i]->d_name);
                if ((size_t)(count - i) > keep && unlink(path) && errno != ENOENT)
                        done = failed(error, path);
                free(found[i]);
        }
        free(found);
        return done;
}

bool reports_keep(const char *directory, const char *text, size_t len, size_t keep,
                  struct error *error)
{
        char name[40], path[4096], part[4096];
        time_t now = time(NULL);
        struct tm t;

        gmtime_r(&now, &t);
        strftime(name, sizeof name, "audit-%Y%m%dT%H%M%SZ.txt", &t);
        if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path ||
            snprintf(part, sizeof part, "%s/.%s.%ld", directory, name, (long)getpid()) >=
                    (int)sizeof part) {
                errno = ENAMETOOLONG;
                return failed(error, directory);
        }
        if (mkdir(directory, 0755) && errno != EEXIST)
                return failed(error, directory);
        if (!write_whole(part, text, len) || rename(part, path)) {
                failed(error, path);
                unlink(part);
                return false;
        }
        return drop_oldest(directory, keep, error);
}
