#include "mallctl/gameday.h"

#include "base/config_value.h"
#include "base/yaml.h"
#include "mallctl/fault_json.h"
#include "mallctl/gameday_checks_read.h"
#include "mallctl/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1 << 20, MOST_FAULTS = 100, MOST_CHECKS = 100, HOURS = 3 * 3600 * 1000 };

struct reader {
        struct arena *arena;
        struct gameday *day;
        struct error *error;
};

static bool read_text(struct reader *r, const struct yaml *at, const char **text)
{
        *text = at->text;
        return (at->kind == YAML_SCALAR && at->text && *at->text) ||
               yaml_error(at, r->error, "%s is a text", at->name ? at->name : "this");
}

/* By the rules of the mall's settings: "10min", "500ms". */
static bool read_setting(struct reader *r, const struct yaml *at, const struct setting *setting,
                         int64_t *number)
{
        struct text expected;

        if (at->kind == YAML_SCALAR && at->text && config_value_read(setting, at->text, number))
                return true;
        expected = text_open(r->arena, 60);
        config_value_expected(setting, &expected);
        return yaml_error(at, r->error, "%s is %s", at->name, expected.at);
}

static bool read_time(struct reader *r, const struct yaml *at, int64_t least_ms, int64_t *ms)
{
        const struct setting setting = {
                .name = "time", .type = SETTING_DURATION, .least = least_ms, .most = HOURS};

        return read_setting(r, at, &setting, ms);
}

static bool unknown(struct reader *r, const struct yaml *at, const char *const *known)
{
        return yaml_error(at, r->error, "%.60s is not known here%s", at->name,
                          names_hint(r->arena, at->name, known));
}

static bool want(struct reader *r, const struct yaml *at, enum yaml_kind kind, const char *what)
{
        return at->kind == kind ||
               yaml_error(at, r->error, "%s is %s", at->name ? at->name : "a game day", what);
}

/* ---- load ---- */

static bool read_rate(struct reader *r, const struct yaml *at)
{
        char *end = NULL;

        if (at->kind == YAML_SCALAR && at->text)
                r->day->rate = strtod(at->text, &end);
        return (end && end != at->text && !*end && r->day->rate > 0 && r->day->rate <= 50) ||
               yaml_error(at, r->error, "rate is a number of orders a second, above 0, at most 50");
}

static bool read_load(struct reader *r, const struct yaml *load)
{
        static const char *const known[] = {"rate", "for", "qty", NULL};
        static const struct setting qty = {
                .name = "qty", .type = SETTING_NUMBER, .least = 1, .most = 1000};
        bool good = want(r, load, YAML_MAP, "a map with rate and for");

        r->day->qty = 1;
        for (const struct yaml *m = good ? load->first : NULL; m && good; m = m->next)
                good = yaml_is_named(m, "rate")  ? read_rate(r, m)
                       : yaml_is_named(m, "for") ? read_time(r, m, 1000, &r->day->load_ms)
                       : yaml_is_named(m, "qty") ? read_setting(r, m, &qty, &r->day->qty)
                                                 : unknown(r, m, known);
        if (good && (r->day->rate <= 0 || !r->day->load_ms))
                return yaml_error(load, r->error, "load needs rate and for");
        return good;
}

/* ---- faults ---- */

struct fault_reader {
        const struct yaml *at; /* the fault */
        struct gameday_fault fault;
        const char **services;
        struct text json;
};

static bool read_kind(struct reader *r, struct fault_reader *f)
{
        const struct yaml *kind = yaml_member(f->at, "kind");

        if (!kind)
                return yaml_error(f->at, r->error, "a fault needs a kind");
        if (!read_text(r, kind, &f->fault.kind))
                return false;
        f->json = fault_json_begin(r->arena, f->fault.kind);
        return true;
}

static bool read_member(struct reader *r, struct fault_reader *f, const struct yaml *m)
{
        const char *text;

        if (yaml_is_named(m, "kind"))
                return true;
        if (yaml_is_named(m, "at"))
                return read_time(r, m, 0, &f->fault.at_ms);
        if (yaml_is_named(m, "for"))
                return read_time(r, m, 1000, &f->fault.for_ms);
        if (yaml_is_named(m, "service"))
                return yaml_texts(r->arena, m, &f->services, r->error);
        if (yaml_is_named(m, "duration"))
                return yaml_error(m, r->error, "a game day says `for`, not duration");
        if (!read_text(r, m, &text))
                return false;
        fault_json_add(&f->json, m->name, text);
        return true;
}

/* Would a daemon take it? The error is at the member that is wrong. */
static bool is_right(struct reader *r, const struct fault_reader *f)
{
        struct text whole = text_open(r->arena, 200);
        struct error e = {0};
        const struct yaml *at;

        text_add(&whole, f->json.at, f->json.len);
        if (fault_json_end(&whole, &e))
                return true;
        at = yaml_member(f->at, e.member);
        return yaml_error(at ? at : f->at, r->error, "%s%s", e.text,
                          fault_unit_hint(r->arena, &e, at ? at->text : NULL));
}

static bool is_whole(struct reader *r, const struct fault_reader *f)
{
        if (!f->services || !*f->services)
                return yaml_error(f->at, r->error, "a fault needs a service");
        if (!f->fault.for_ms)
                return yaml_error(f->at, r->error,
                                  "a fault needs `for`: how long it is on, from 1s to 1h");
        return f->fault.for_ms <= 3600 * 1000 ||
               yaml_error(yaml_member(f->at, "for"), r->error,
                          "for is at most 1h: every fault ends by itself");
}

static bool read_fault(struct reader *r, const struct yaml *at, struct gameday_fault *into)
{
        struct fault_reader f = {.at = at, .fault = {.line = at->line}};
        bool good = at->kind == YAML_MAP || yaml_error(at, r->error, "a fault is a map");

        good = good && read_kind(r, &f);
        for (const struct yaml *m = good ? at->first : NULL; m && good; m = m->next)
                good = read_member(r, &f, m);
        if (!good || !is_whole(r, &f) || !is_right(r, &f))
                return false;
        f.fault.json = f.json.at;
        for (const char **s = f.services; *s; s++) {
                if (r->day->fault_count == MOST_FAULTS)
                        return yaml_error(at, r->error, "there are more than %d faults",
                                          MOST_FAULTS);
                into[r->day->fault_count] = f.fault;
                into[r->day->fault_count++].service = *s;
        }
        return true;
}

static int by_begin(const void *a, const void *b)
{
        const struct gameday_fault *x = a, *y = b;

        if (x->at_ms != y->at_ms)
                return x->at_ms < y->at_ms ? -1 : 1;
        return x->line - y->line;
}

static bool read_faults(struct reader *r, const struct yaml *list)
{
        struct gameday_fault *faults = arena_alloc(r->arena, MOST_FAULTS * sizeof *faults);
        bool good = want(r, list, YAML_LIST, "a list of faults");

        for (const struct yaml *m = good ? list->first : NULL; m && good; m = m->next)
                good = read_fault(r, m, faults);
        if (good && !r->day->fault_count)
                return yaml_error(list, r->error, "a game day has a fault at least");
        if (good)
                qsort(faults, r->day->fault_count, sizeof *faults, by_begin);
        r->day->faults = faults;
        return good;
}

/* ---- checks ---- */

static bool read_passes(struct reader *r, const struct yaml *list)
{
        struct gameday_check *checks = arena_alloc(r->arena, MOST_CHECKS * sizeof *checks);
        bool good = want(r, list, YAML_LIST, "a list of checks");

        for (const struct yaml *m = good ? list->first : NULL; m && good; m = m->next) {
                if (r->day->check_count == MOST_CHECKS)
                        return yaml_error(m, r->error, "there are more than %d checks",
                                          MOST_CHECKS);
                good = gameday_check_read(r->arena, m, &checks[r->day->check_count++], r->error);
        }
        if (good && !r->day->check_count)
                return yaml_error(list, r->error, "a game day has a check at least");
        r->day->checks = checks;
        return good;
}

/* ---- the file ---- */

static bool read_see(struct reader *r, const struct yaml *at)
{
        const char **texts = arena_alloc(r->arena, MOST_CHECKS * sizeof *texts);
        size_t count = 0;
        bool good = want(r, at, YAML_LIST, "a list of texts");

        for (const struct yaml *m = good ? at->first : NULL; m && good; m = m->next)
                good = count + 1 < MOST_CHECKS ? read_text(r, m, &texts[count++])
                                               : yaml_error(m, r->error, "there are too many");
        r->day->see = texts;
        return good;
}

static bool read_name(struct reader *r, const struct yaml *at)
{
        return read_text(r, at, &r->day->name);
}

static bool read_about(struct reader *r, const struct yaml *at)
{
        return read_text(r, at, &r->day->about);
}

static bool read_ends(struct reader *r, const struct yaml *at)
{
        return read_time(r, at, 1000, &r->day->settle_ms);
}

static const struct {
        const char *name;
        bool (*read)(struct reader *r, const struct yaml *at);
} members[] = {{"name", read_name},    {"about", read_about},   {"see", read_see},
               {"load", read_load},    {"faults", read_faults}, {"ends", read_ends},
               {"passes", read_passes}};

enum { MEMBERS = sizeof members / sizeof *members };

static bool read_one(struct reader *r, const struct yaml *at)
{
        static const char *known[MEMBERS + 1];

        for (size_t i = 0; i < MEMBERS; i++) {
                if (yaml_is_named(at, members[i].name))
                        return members[i].read(r, at);
                known[i] = members[i].name;
        }
        return unknown(r, at, known);
}

static bool read_day(struct reader *r, const struct yaml *root)
{
        bool good = want(r, root, YAML_MAP, "a map");

        for (const struct yaml *m = good ? root->first : NULL; m && good; m = m->next)
                good = read_one(r, m);
        for (size_t i = 0; good && i < MEMBERS; i++)
                if (!yaml_member(root, members[i].name))
                        return yaml_error(root, r->error, "a game day needs `%s`", members[i].name);
        return good;
}

struct gameday *gameday_read_text(struct arena *arena, const char *file, const char *text,
                                  size_t len, struct error *error)
{
        struct gameday *day = arena_alloc(arena, sizeof *day);
        struct reader r = {arena, day, error};
        const struct yaml *root = yaml_read(arena, file, text, len, error);

        day->file = file;
        if (!root)
                return NULL;
        if (root->next) {
                yaml_error(root->next, error, "a game day is one document");
                return NULL;
        }
        return read_day(&r, root) ? day : NULL;
}

struct gameday *gameday_read(struct arena *arena, const char *path, struct error *error)
{
        FILE *file = fopen(path, "re");
        char *text = arena_room(arena, MOST_BYTES + 1);
        size_t len = file ? fread(text, 1, MOST_BYTES + 1, file) : 0;
        bool failed = !file || ferror(file);

        if (failed)
                error_set(error, ERROR_BAD_INPUT, "%s: %s", path, strerror(errno));
        else if (len > MOST_BYTES)
                error_set(error, ERROR_BAD_INPUT, "%s: more than 1 MiB is no game day", path);
        if (file)
                fclose(file);
        return failed || len > MOST_BYTES ? NULL : gameday_read_text(arena, path, text, len, error);
}

/* ---- what follows from it ---- */

void gameday_shorten(struct gameday *day, double by)
{
        struct gameday_fault *faults = (struct gameday_fault *)(uintptr_t)day->faults;

        day->load_ms = (int64_t)((double)day->load_ms / by);
        for (size_t i = 0; i < day->fault_count; i++) {
                int64_t ms = (int64_t)((double)faults[i].for_ms / by);

                faults[i].at_ms = (int64_t)((double)faults[i].at_ms / by);
                faults[i].for_ms = ms > 100 ? ms : 100; /* the daemons' least */
        }
}

int64_t gameday_length_ms(const struct gameday *day)
{
        int64_t length = day->load_ms;

        for (size_t i = 0; i < day->fault_count; i++) {
                int64_t end = day->faults[i].at_ms + day->faults[i].for_ms;

                length = end > length ? end : length;
        }
        return length;
}
