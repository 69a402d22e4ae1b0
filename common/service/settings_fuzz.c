/* settings_fuzz - settings from everywhere: a line that begins with "--" is a flag or its value,
   any other a variable of the environment.

   They are taken or refused, with a reason that tells no password. */
#include "data/db.h"
#include "event/bus.h"
#include "http/grammar.h"
#include "http/trusted_proxies.h"
#include "service/otlp_settings.h"
#include "service/settings.h"
#include "testing/fuzz.h"

enum { LINES = 64 };

static const struct setting own[] = {
        {.name = "db-url", .type = SETTING_TEXT, .help = "a store"},
        {.name = "bus-group-prefix", .type = SETTING_TEXT, .help = "a prefix"},
        {.name = "max-body",
         .type = SETTING_SIZE,
         .fallback = "1MiB",
         .help = "a size",
         .least = 1024,
         .most = 16777216},
        {.name = "inbox-retention",
         .type = SETTING_DURATION,
         .fallback = "8d",
         .help = "a time",
         .least = 60000,
         .most = 31536000000},
        {.name = "oversell",
         .type = SETTING_CHOICE,
         .fallback = "refuse",
         .help = "a choice",
         .choices = "refuse|allow"},
        {.name = NULL},
};

/* The word is a password: it stands where a URL has one or in a field for the collector, and
   nowhere else. */
static bool is_password;

static bool begins(const char *line, const char *variable)
{
        return strncmp(line, variable, strlen(variable)) == 0;
}

static void note_word(const char *line)
{
        const char *word = strstr(line, "s3cret"), *scheme = strstr(line, "://");
        bool is_url = begins(line, "MALL_DB_URL=") || begins(line, "--db-url=") ||
                      begins(line, "OTEL_EXPORTER_OTLP_ENDPOINT=");

        if (word && !begins(line, "OTEL_EXPORTER_OTLP_HEADERS=") &&
            !(is_url && scheme && scheme < word && word[-1] == ':' && word[6] == '@' &&
              !strstr(word + 1, "s3cret")))
                is_password = false;
}

static void check_told(const struct error *error)
{
        fuzz_must(error->kind == ERROR_BAD_INPUT && error->text[0], "refused for no reason");
        fuzz_must(!is_password || !strstr(error->text, "s3cret"), "a password is told: %s",
                  error->text);
}

static void check_numbers(const struct config *config, const struct setting *settings)
{
        for (const struct setting *s = settings; s->name; s++) {
                int64_t n = s->type == SETTING_TEXT || s->type == SETTING_CHOICE
                                    ? 0
                                    : config_number(config, s->name);

                if (n && (s->least || s->most))
                        fuzz_must(n >= s->least && n <= s->most, "%s is %lld", s->name,
                                  (long long)n);
        }
}

static void check_traces(const struct otlp_settings *s)
{
        for (const char *const *w = s->warnings; *w; w++)
                fuzz_must(!is_password || !strstr(*w, "s3cret"), "a password is told: %s", *w);
        for (const struct otlp_pair *h = s->headers; h && h->key; h++) {
                fuzz_must(is_token(h->key, strlen(h->key)), "%s is no field", h->key);
                fuzz_must(!has_control(h->value, strlen(h->value)), "%s has a line break", h->key);
        }
        fuzz_must(!s->url || (s->queue_most > 0 && s->batch_most > 0 && s->ratio >= 0 &&
                              s->ratio <= 1 && s->resource[0].key),
                  "traces with nothing to go by");
}

/* What a daemon makes of them. */
static void use(const struct config *config, struct arena *arena)
{
        struct otlp_settings traces = otlp_settings_read(config, "order", "pod", arena);
        const char *url = config_text(config, "db-url"),
                   *prefix = config_text(config, "bus-group-prefix");
        struct error error = {0};
        struct trusted_proxies *proxies =
                trusted_proxies_open(config_text(config, "trusted-proxies"), &error);

        if (!proxies)
                check_told(&error);
        else
                trusted_proxies_close(&proxies);
        if (url && !db_url_check(url, &error))
                check_told(&error);
        if (prefix)
                bus_topic_is_valid(prefix);
        check_traces(&traces);
        for (const char *const *w = config_warnings(config); *w; w++)
                fuzz_must(!is_password || !strstr(*w, "s3cret"), "a password is told: %s", *w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static char program[] = "fuzz";
        struct arena *arena = arena_open();
        struct fuzz_piece text = fuzz_whole(arena, data, size, 1 << 16);
        const char *at = text.at, *end = text.at + text.len;
        char *environment[LINES + 1] = {NULL}, *argv[LINES + 2] = {program}, *line;
        const struct setting *settings = settings_of(8080, own, arena);
        int argc = 1, variables = 0;
        struct error error = {0};
        struct config *config;

        is_password = true;
        while (argc < LINES && variables < LINES && (line = fuzz_line(arena, &at, end))) {
                note_word(line);
                if (strncmp(line, "--", 2) == 0)
                        argv[argc++] = line;
                else if (strchr(line, '='))
                        environment[variables++] = line;
        }
        config = config_open(settings, argc, argv, environment, &error);
        if (!config) {
                check_told(&error);
        } else {
                config_from_file(config, "trusted-proxies", "10.0.0.0/8", &error);
                check_numbers(config, settings);
                use(config, arena);
        }
        config_close(&config);
        arena_close(&arena);
        return 0;
}
