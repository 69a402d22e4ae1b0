#include "mallctl/flags.h"

#include "service/build.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int flags_misunderstood(const char *command, const char *what)
{
        fprintf(stderr, "mallctl: %s; see mallctl %s --help\n", what, command);
        return EXIT_MISUNDERSTOOD;
}

char **flags_bare(char **arguments, const struct flags_bare *flags)
{
        for (char **word = arguments; *word; word++)
                for (const struct flags_bare *f = flags; f->bare; f++)
                        if (strcmp(*word, f->bare) == 0)
                                *word = f->whole;
        return arguments;
}

bool flags_yes(const struct config *config, const char *name)
{
        return strcmp(config_text(config, name), "yes") == 0;
}

int flags_version(void)
{
        return printf("mallctl %s (%s)\n", build_version, build_commit) > 0 ? 0 : 1;
}

static int help(const struct setting *settings, const char *usage)
{
        struct arena *arena = arena_open();
        struct text out = text_open(arena, 1000);

        config_help(settings, usage, &out);
        fputs(out.at, stdout);
        arena_close(&arena);
        return 0;
}

int flags_main(const char *command, const struct setting *settings, const char *usage,
               int (*run)(const struct config *config), char **arguments)
{
        struct config *config;
        struct error e;
        int count = 0, code;

        while (arguments[count])
                count++;
        config = config_open(settings, count + 1, arguments - 1, environ, &e);
        if (!config)
                return flags_misunderstood(command, e.text);
        if (config_wants_help(config))
                code = help(settings, usage);
        else if (config_wants_version(config))
                code = flags_version();
        else
                code = run(config);
        config_close(&config);
        return code;
}
