/* replay - the main() of a harness without a fuzzer: runs it once with each file of its corpus and
   of its past crashes, or with those named. */
#include "testing/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#pragma weak LLVMFuzzerInitialize

static void replay(const char *path)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat s;
        uint8_t *bytes;

        if (fd < 0 || fstat(fd, &s) != 0)
                fuzz_fail("%s cannot be read", path);
        bytes = memory_alloc((size_t)s.st_size +
                             !s.st_size); /* exactly, so that a sanitizer sees a read beyond it */
        if (read(fd, bytes, (size_t)s.st_size) != s.st_size)
                fuzz_fail("%s cannot be read", path);
        close(fd);
        LLVMFuzzerTestOneInput(bytes, (size_t)s.st_size);
        free(bytes);
}

static int is_file(const struct dirent *entry)
{
        return entry->d_name[0] != '.';
}

/* In the order of their names. Where one ends the process, the last line says which it was. */
static int replay_all(const char *kind, const char *harness)
{
        struct dirent **entries;
        char path[1000];
        int count;

        snprintf(path, sizeof path, "tests/fuzz/%s/%s", kind, harness);
        count = scandir(path, &entries, is_file, alphasort);
        for (int i = 0; i < count; i++) {
                snprintf(path, sizeof path, "tests/fuzz/%s/%s/%s", kind, harness,
                         entries[i]->d_name);
                printf("     %s\n", path);
                fflush(stdout);
                replay(path);
                free(entries[i]);
        }
        if (count >= 0)
                free(entries);
        return count < 0 ? 0 : count;
}

int main(int argc, char **argv)
{
        const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
        char harness[100];
        int seeds, crashes;

        snprintf(harness, sizeof harness, "%.*s", (int)(strlen(name) - strlen("_fuzz")), name);
        if (LLVMFuzzerInitialize)
                LLVMFuzzerInitialize(&argc, &argv);
        for (int i = 1; i < argc; i++)
                replay(argv[i]);
        if (argc > 1)
                return 0;
        seeds = replay_all("corpus", harness);
        crashes = replay_all("crashes", harness);
        printf("ok   fuzz %s: %d inputs and %d past crashes again\n", harness, seeds, crashes);
        return 0;
}
