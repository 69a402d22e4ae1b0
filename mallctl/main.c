/* mallctl - looks after a mall: starts it on this machine, looks at what the daemons leave on its
   disk, and whether their books balance.

   OWNS   nothing: it may run beside the daemons; only renew and recover need a SQLite store for
          themselves
   FAILS  exit 1 when a command fails, 2 when it was not understood */
#include "base/suggest.h"
#include "mallctl/columns.h"
#include "mallctl/command.h"
#include "mallctl/flags.h"
#include "mallctl/names.h"

#include <stdio.h>
#include <string.h>

static const struct command commands[] = {
        {"audit", "[FLAG VALUE]...", "checks that orders, deliveries, stocks and movements balance",
         audit_main},
        {"dead list", "[FLAG VALUE]...", "the dead letters: what a group could not apply, and why",
         dead_list_main},
        {"dead show", "PLACE [FLAG]...", "one dead letter, with all of its value", dead_show_main},
        {"dead replay", "PLACE [FLAG]...", "sends a dead letter once more, mended or as it is",
         dead_replay_main},
        {"dead drop", "PLACE [FLAG]...", "says that a dead letter needs nothing more",
         dead_drop_main},
        {"ids", "[FLAG VALUE]...",
         "the highest ids on the topic, for a store that is to begin above them (MALL_FIRST_ID)",
         ids_main},
        {"renew", "DB-URL [SERVICE]",
         "after a restore from a backup: ids jump, so that none is given twice (docs/backup.md)",
         renew_main},
        {"recover", "[FLAG VALUE]...",
         "after a restore: takes back lost rows from the topic, then as renew (docs/backup.md)",
         recover_main},
        {"log groups", "[FILE]", "who reads the event log, how far, and what is left to each",
         log_groups_main},
        {"log forget", "GROUP [FILE]", "lets old events go although GROUP has not read them",
         log_forget_main},
        {"log dump", "[FILE] [--from N]", "prints the events of the log, a line each",
         log_dump_main},
        {"fault list", "[FLAG VALUE]...",
         "the faults that are switched on for practice, or --kinds", fault_list_main},
        {"fault add", "KIND [FLAG VALUE]...", "switches a fault on, which ends by itself",
         fault_add_main},
        {"fault clear", "[FLAG VALUE]...", "ends faults before their time", fault_clear_main},
        {"gameday", "FILE [FLAG VALUE]...",
         "breaks a mall by plan, under load, and says whether it stood that (deploy/gamedays)",
         gameday_main},
        {"up", "[FLAG VALUE]...",
         "starts all daemons of this build, and ends them together: the first process of a "
         "container",
         up_main},
        {NULL, NULL, NULL, NULL},
};

static void usage(FILE *out)
{
        fputs("usage: mallctl COMMAND ...\n\n", out);
        for (const struct command *c = commands; c->name; c++)
                fprintf(out, "  %-11s %-20s  %s\n", c->name, c->arguments, c->help);
        fputs("\nFILE of log is data/mall.log unless given. The commands that have flags name them "
              "with --help.\n",
              out);
}

/* ---- what is no command ---- */

/* The first words of all commands, each once, or the second ones of those that begin with `first`;
   ended by NULL. */
static const char **words_after(struct arena *arena, const char *first)
{
        const char **words = arena_alloc(arena, sizeof commands / sizeof *commands * sizeof *words);
        size_t count = 0;

        for (const struct command *c = commands; c->name; c++) {
                size_t len = strcspn(c->name, " ");
                const char *word = arena_copy(arena, c->name, len);

                if (first && strcmp(first, word) != 0)
                        continue;
                if (first)
                        word = c->name[len] ? c->name + len + 1 : NULL;
                if (word && (!count || strcmp(words[count - 1], word) != 0))
                        words[count++] = word;
        }
        return words;
}

static int group_usage(const char *first)
{
        printf("usage: mallctl %s COMMAND ...\n\n", first);
        for (const struct command *c = commands; c->name; c++)
                if (strncmp(c->name, first, strlen(first)) == 0 && c->name[strlen(first)] == ' ')
                        printf("  %-11s %-20s  %s\n", c->name, c->arguments, c->help);
        puts("\nEach names its flags with --help.");
        return 0;
}

static bool is_help(const char *word)
{
        return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* words: "fault lst", where `fault` begins commands, which are `after`. */
static int no_such_word(struct arena *arena, char **words, const char *const *after)
{
        const char *near = words[1] ? suggest(words[1], after) : NULL;
        const char *all = names_list(arena, after, "or");

        if (!words[1])
                fprintf(stderr, "mallctl: %s takes %s\n", words[0], all);
        else
                fprintf(stderr, "mallctl: %s takes %s, not %s%s%s%s\n", words[0], all,
                        columns_clean(arena, words[1]), near ? "; did you mean " : "",
                        near ? near : "", near ? "?" : "");
        return 2;
}

static int no_such_command(struct arena *arena, char **words)
{
        const char *const *after = words_after(arena, words[0]);

        if (*after && words[1] && is_help(words[1]))
                return group_usage(words[0]);
        if (*after)
                return no_such_word(arena, words, after);
        fprintf(stderr, "mallctl: %s is no command%s; see mallctl --help\n",
                columns_clean(arena, words[0]),
                names_hint(arena, words[0], words_after(arena, NULL)));
        return 2;
}

/* ---- what is one ---- */

/* The words after the command's name; NULL: it is another command. */
static char **arguments_of(const struct command *c, char **words)
{
        const char *name = c->name;

        for (; *words; words++) {
                size_t len = strcspn(name, " ");

                if (strlen(*words) != len || strncmp(*words, name, len) != 0)
                        return NULL;
                if (!name[len])
                        return words + 1;
                name += len + 1;
        }
        return NULL;
}

int main(int argc, char **argv)
{
        struct arena *arena;
        int code;

        if (argc == 2 && is_help(argv[1])) {
                usage(stdout);
                return 0;
        }
        if (argc == 2 && strcmp(argv[1], "--version") == 0)
                return flags_version();
        for (const struct command *c = commands; argc > 1 && c->name; c++) {
                char **arguments = arguments_of(c, argv + 1);

                if (arguments)
                        return c->run(arguments);
        }
        if (argc < 2) {
                usage(stderr);
                return 2;
        }
        arena = arena_open();
        code = no_such_command(arena, argv + 1);
        arena_close(&arena);
        return code;
}
