/* topology - who is there, in which version, and how they are. */
#include "base/clock.h"
#include "frontend/console.h"

#include <string.h>

static void text_member(struct text *out, const char *name, const char *value)
{
        text_string(out, name);
        json_write_string(out, value);
}

static void number_member(struct text *out, const char *name, int64_t value)
{
        text_string(out, name);
        if (value < 0)
                text_string(out, "null");
        else
                text_int(out, value);
}

/* As the service said them in its info. */
static void said_members(struct text *out, const struct json *mall)
{
        static const char *const names[] = {"store", "bus", "hears", "says", "collections"};

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                const struct json *said = json_member(mall, names[i]);

                text_printf(out, ",\"%s\":", names[i]);
                if (said)
                        json_write(out, said);
                else
                        text_string(out, "null");
        }
}

static void write_service(struct text *out, struct console *c, const struct place *place,
                          const struct called *called)
{
        text_member(out, "{\"name\":", place->name);
        text_member(out, ",\"url\":", place->url);
        text_member(out, ",\"status\":", called->status);
        text_member(out, ",\"why\":", called->why);
        text_member(out, ",\"version\":", called->version);
        text_member(out, ",\"commit\":", called->commit);
        text_string(out, ",\"pods\":");
        pods_write(c->pods, place->name, out);
        said_members(out, called->mall);
        text_string(out, ",\"faults\":");
        if (called->faults)
                json_write(out, called->faults);
        else
                text_string(out, "[]");
        number_member(out, ",\"outbox\":", called->outbox);
        number_member(out, ",\"lag\":", called->lag);
        text_char(out, '}');
}

void topology_make(void *arg, struct text *out)
{
        struct console *c = arg;
        int64_t at = clock_wall_ms();
        struct arena *arena = arena_open();
        const struct called *called = roll_call(c->callers, c->places, arena);

        text_printf(out, "{\"at\":%lld", (long long)at);
        text_member(out, ",\"traceUrl\":", config_text(c->process->config, "trace-url"));
        text_string(out, ",\"services\":[");
        for (size_t i = 0; c->places[i].name; i++) {
                if (called[i].pod)
                        pods_see(c->pods, c->places[i].name, called[i].pod, called[i].version, at);
                if (i)
                        text_char(out, ',');
                write_service(out, c, &c->places[i], &called[i]);
        }
        text_string(out, "]}");
        arena_close(&arena);
}
