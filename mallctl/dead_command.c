/* dead - the dead letters: what no group could apply, and what becomes of it
   (event/dead_letters.h). */
#include "mallctl/columns.h"
#include "mallctl/command.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/redact.h"
#include "event/dead_letters.h"
#include "mallctl/dead_group.h"
#include "mallctl/flags.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        LETTERS_MOST = 10000,
        LIST_VALUE = 200, /* bytes of each text in the table, and of a value in --json: */
        JSON_VALUE = 4096,
        VALUE_MOST = 1 << 20,
};

/* Flags without a value: in the tables for --help, but read here, because config stops at a switch.
 */
static bool wants_json, wants_all;

#define BUS_FLAGS                                                                                  \
        {"bus", SETTING_TEXT, "log:data/mall.log", .spring = "MALL_BUS_URL",                       \
         .help = "log:PATH or kafka://HOST:PORT/TOPIC"},                                           \
                {"bus-properties", SETTING_TEXT, NULL,                                             \
                 .help = "Kafka: the file of librdkafka's properties that the daemons have, for "  \
                         "TLS and SASL"},                                                          \
                {"json", SETTING_SWITCH, NULL, .help = "print JSON"}

static const struct setting list_settings[] = {
        BUS_FLAGS,
        {"group", SETTING_TEXT, NULL, .help = "only the letters of this group, as product"},
        {"all", SETTING_SWITCH, NULL, .help = "also those that were replayed or dropped"},
        {NULL},
};

static const struct setting show_settings[] = {BUS_FLAGS, {NULL}};

#define ACT_FLAGS                                                                                  \
        BUS_FLAGS, {"by", SETTING_TEXT, NULL, .help = "who does it; default: the variable USER"},  \
                {"reason", SETTING_TEXT, NULL, .help = "why"}

static const struct setting replay_settings[] = {
        ACT_FLAGS,
        {"value", SETTING_TEXT, NULL,
         .help = "a file with the mended event's JSON, which is sent instead; - is the standard "
                 "input"},
        {NULL},
};

static const struct setting drop_settings[] = {ACT_FLAGS, {NULL}};

static const char list_usage[] =
        "usage: mallctl dead list [FLAG VALUE]...\n\n"
        "Lists the open dead letters of all groups, the newest first: what a group could not "
        "apply, and why. PLACE is what show, replay and\n"
        "drop want. Joins no group and changes nothing.\n";
static const char show_usage[] =
        "usage: mallctl dead show PLACE [FLAG VALUE]...\n\n"
        "Shows one dead letter with its whole value. PLACE is GROUP/PARTITION/OFFSET, as "
        "product/0/17.\n";
static const char replay_usage[] =
        "usage: mallctl dead replay PLACE [FLAG VALUE]...\n\n"
        "Sends a dead letter once more, for its own group alone, which applies it once. If it "
        "cannot be applied again, it becomes a new\n"
        "letter. Programs that are not of this mall see it as one more event.\n";
static const char drop_usage[] =
        "usage: mallctl dead drop PLACE [FLAG VALUE]...\n\n"
        "Says that a dead letter needs nothing more. It stays on its topic, with who dropped it, "
        "when and why.\n";

/* ---- printing ---- */

static const char *plain(const char *text, struct arena *arena)
{
        return columns_clean(arena, text ? text : "-");
}

static const char *place_of(const struct dead *d, struct arena *arena)
{
        return arena_printf(arena, "%s/%d/%lld", d->place.group, d->place.partition,
                            (long long)d->place.offset);
}

static void print_json(const struct dead *d, struct arena *arena)
{
        struct text out = text_open(arena, 1000);

        text_char(&out, '{');
        dead_letter_write_json(d, &out);
        text_char(&out, '}');
        puts(out.at);
}

static void print_row(const struct dead *d, bool all, struct arena *arena)
{
        char at[CLOCK_RFC3339];

        clock_rfc3339(d->at_ms, at);
        printf("%-24s  %-20s  %-17s  %-8s  ", at, place_of(d, arena), plain(d->type, arena),
               plain(d->key, arena));
        if (all)
                printf("%-8s  ", dead_state_name(d->state));
        printf("%s", plain(d->reason, arena));
        if (d->note)
                printf(" [%s]", plain(d->note, arena));
        putchar('\n');
}

static void print_counts(const struct dead_letters *l)
{
        for (const struct dead_group *g = l->groups; g < l->groups + l->group_count; g++) {
                printf("%s: %zu open of %zu", g->name, g->open, g->letters);
                if (g->strange)
                        printf(", and %zu records on %s that are no letters", g->strange, g->topic);
                putchar('\n');
        }
        if (!l->group_count)
                puts("no group has dead letters");
        if (l->unlisted)
                printf("%zu more are open: of so many, the newest and the oldest are listed.\n",
                       l->unlisted);
        if (l->groups_left)
                printf("%zu more groups are not read; --group picks one.\n", l->groups_left);
}

static void print_list(const struct dead_letters *l, bool all, bool json)
{
        struct arena *arena = arena_open();

        if (!json && l->group_count)
                printf("%-24s  %-20s  %-17s  %-8s  %s%s\n", "TIME", "PLACE", "TYPE", "KEY",
                       all ? "STATE     " : "", "REASON");
        for (size_t i = 0; i < l->count; i++) {
                if (!all && l->letters[i]->state != DEAD_OPEN)
                        continue;
                if (json)
                        print_json(l->letters[i], arena);
                else
                        print_row(l->letters[i], all, arena);
                arena_reset(arena);
        }
        if (!json)
                print_counts(l);
        arena_close(&arena);
}

static void print_letter(const struct dead *d, struct arena *arena)
{
        char at[CLOCK_RFC3339];

        clock_rfc3339(d->at_ms, at);
        printf("place     %s\ntime      %s\nstate     %s\n", place_of(d, arena), at,
               plain(d->note ? d->note : dead_state_name(d->state), arena));
        printf("reason    %s\ntype      %s\nkey       %s\n", plain(d->reason, arena),
               plain(d->type, arena), plain(d->key, arena));
        printf("original  %s/%s/%s\n", plain(d->original_topic, arena),
               plain(d->original_partition, arena), plain(d->original_offset, arena));
        printf("value     %s\n", plain(d->value, arena));
}

/* ---- what was asked for ---- */

static bool take_bus(const struct config *config, struct bus_config *bus, struct error *error)
{
        const char *url = config_text(config, "bus");
        char shown[REDACTED];

        *bus = (struct bus_config){.url = url,
                                   .client = "mallctl",
                                   .quiet = true,
                                   .properties = config_text(config, "bus-properties")};
        return bus_url_is_right(url) ||
               error_set(error, ERROR_BAD_INPUT,
                         "the bus is log:PATH or kafka://HOST:PORT[,HOST:PORT]/TOPIC, not '%s'",
                         redact(url, shown));
}

static bool take_place(const struct config *config, const char *command, struct dead_place *place,
                       struct error *error)
{
        const char *const *arguments = config_arguments(config);

        if (!arguments[0] || arguments[1])
                return error_set(error, ERROR_BAD_INPUT,
                                 "%s takes one PLACE, as product/0/17 (mallctl dead list)",
                                 command);
        return dead_place_read(place, arguments[0], error);
}

static int failed(const char *command, const struct error *e)
{
        if (e->kind == ERROR_BAD_INPUT)
                return flags_misunderstood(command, e->text);
        fprintf(stderr, "mallctl: %s\n", e->text);
        return 1;
}

/* NULL fills the error. */
static const char *read_all(FILE *file, const char *name, struct arena *arena, struct error *error)
{
        char *text = arena_room(arena, VALUE_MOST + 1);
        size_t len = fread(text, 1, VALUE_MOST + 1, file);

        if (ferror(file))
                error_set(error, ERROR_BAD_INPUT, "%.100s: %s", name, strerror(errno));
        else if (len > VALUE_MOST)
                error_set(error, ERROR_BAD_INPUT, "%.100s is too large for an event", name);
        else if (memchr(text, '\0', len))
                error_set(error, ERROR_BAD_INPUT, "%.100s has a NUL", name);
        else
                return arena_copy(arena, text, len);
        return NULL;
}

/* The mended value: its outer blanks do not count. */
static const char *read_value(const char *name, struct arena *arena, struct error *error)
{
        bool is_stdin = strcmp(name, "-") == 0;
        FILE *file = is_stdin ? stdin : fopen(name, "re");
        const char *text;
        size_t len;

        if (!file) {
                error_set(error, ERROR_BAD_INPUT, "--value %.100s: %s", name, strerror(errno));
                return NULL;
        }
        text = read_all(file, is_stdin ? "the standard input" : name, arena, error);
        if (!is_stdin)
                fclose(file);
        if (!text)
                return NULL;
        text += strspn(text, " \t\r\n");
        len = strlen(text);
        while (len && strchr(" \t\r\n", text[len - 1]))
                len--;
        return arena_copy(arena, text, len);
}

static const char *who(const struct config *config)
{
        const char *by = config_text(config, "by");

        return by ? by : getenv("USER");
}

/* ---- the commands ---- */

static int list(const struct config *config)
{
        bool json = wants_json;
        struct bus_config bus;
        struct dead_query query = {.bus = &bus,
                                   .group = config_text(config, "group"),
                                   .most = LETTERS_MOST,
                                   .value_most = json ? JSON_VALUE : LIST_VALUE};
        struct dead_letters letters = {0};
        struct error e = {0};
        bool done;

        if (config_arguments(config)[0])
                return flags_misunderstood("dead list", "dead list takes flags only");
        if (query.group && !bus_topic_is_valid(query.group))
                return flags_misunderstood("dead list", "--group is no name of a group");
        if (!take_bus(config, &bus, &e))
                return failed("dead list", &e);
        done = (!query.group || dead_group_is_there(&bus, query.group, &e)) &&
               dead_letters_read(&letters, &query, &e);
        if (done)
                print_list(&letters, wants_all, json);
        dead_letters_close(&letters);
        return done ? 0 : failed("dead list", &e);
}

static int tell(const char *command, const struct dead *letter, const struct error *error,
                struct arena *arena)
{
        if (!letter)
                return failed(command, error);
        if (wants_json)
                print_json(letter, arena);
        else
                print_letter(letter, arena);
        return 0;
}

static int show(const struct config *config)
{
        struct arena *arena = arena_open();
        const struct dead *letter = NULL;
        struct bus_config bus;
        struct dead_place place;
        struct error e = {0};
        int code;

        if (take_place(config, "dead show", &place, &e) && take_bus(config, &bus, &e))
                letter = dead_letter_find(&bus, &place, arena, &e);
        code = tell("dead show", letter, &e, arena);
        arena_close(&arena);
        return code;
}

static int replay(const struct config *config)
{
        struct arena *arena = arena_open();
        const char *file = config_text(config, "value"), *value = NULL;
        struct dead_reason reason = {who(config), config_text(config, "reason")};
        const struct dead *letter = NULL;
        struct bus_config bus;
        struct dead_place place;
        struct error e = {0};
        int code;

        if (take_place(config, "dead replay", &place, &e) && take_bus(config, &bus, &e) &&
            (!file || (value = read_value(file, arena, &e))))
                letter = dead_letter_replay(&bus, &place, value, &reason, arena, &e);
        code = tell("dead replay", letter, &e, arena);
        arena_close(&arena);
        return code;
}

static int drop(const struct config *config)
{
        struct arena *arena = arena_open();
        struct dead_reason reason = {who(config), config_text(config, "reason")};
        const struct dead *letter = NULL;
        struct bus_config bus;
        struct dead_place place;
        struct error e = {0};
        int code;

        if (take_place(config, "dead drop", &place, &e) && take_bus(config, &bus, &e))
                letter = dead_letter_drop(&bus, &place, &reason, arena, &e);
        code = tell("dead drop", letter, &e, arena);
        arena_close(&arena);
        return code;
}

/* Takes --json out of the words, and --all where it is one of the command's. */
static char **take_switches(char **words, bool has_all)
{
        char **to = words;

        for (char **from = words; *from; from++) {
                if (strcmp(*from, "--json") == 0)
                        wants_json = true;
                else if (has_all && strcmp(*from, "--all") == 0)
                        wants_all = true;
                else
                        *to++ = *from;
        }
        *to = NULL;
        return words;
}

int dead_list_main(char **arguments)
{
        return flags_main("dead list", list_settings, list_usage, list,
                          take_switches(arguments, true));
}

int dead_show_main(char **arguments)
{
        return flags_main("dead show", show_settings, show_usage, show,
                          take_switches(arguments, false));
}

int dead_replay_main(char **arguments)
{
        return flags_main("dead replay", replay_settings, replay_usage, replay,
                          take_switches(arguments, false));
}

int dead_drop_main(char **arguments)
{
        return flags_main("dead drop", drop_settings, drop_usage, drop,
                          take_switches(arguments, false));
}
