#include "mallctl/topic.h"

#include "event/eventlog.h"

enum { PORTION = 100 };

static const char topic_name[] = "mall";

/* Offsets count from 1 over all topics of the file. */
static bool look_for_beginning(struct topic *t, struct eventlog *f, struct error *error)
{
        struct record first;

        if (eventlog_read(f, NULL, 0, &first, 1, t->scratch, error) == 1 && first.offset > 1)
                topic_drop(t, 0);
        arena_reset(t->scratch);
        return error->kind == ERROR_NONE;
}

static bool read_all(struct topic *t, struct eventlog *f, struct error *error)
{
        struct arena *arena = arena_open();
        struct record records[PORTION];
        int64_t after = 0, end = eventlog_end(f, topic_name);
        size_t count;

        while (after < end &&
               (count = eventlog_read(f, topic_name, after, records, PORTION, arena, error)) > 0) {
                for (size_t i = 0; i < count; i++)
                        topic_take(t, &records[i]);
                after = records[count - 1].offset;
                arena_reset(arena);
        }
        arena_close(&arena);
        return error->kind == ERROR_NONE;
}

bool topic_read_log(struct topic *t, const char *path, struct error *error)
{
        struct eventlog *f = eventlog_open(path, EVENTLOG_INSPECTS, error);
        bool good;

        if (!f)
                return false;
        error->kind = ERROR_NONE;
        good = look_for_beginning(t, f, error) && read_all(t, f, error);
        eventlog_close(&f);
        return good;
}
