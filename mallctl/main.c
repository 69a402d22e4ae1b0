/* mallctl - looks after a mall: what the daemons leave on this machine's disk, and whether their
   books balance.

   OWNS   nothing: it may run beside the daemons; only renew needs a SQLite store for itself
   FAILS  exit 1 when a command fails, 2 when it was not understood */
#include "mallctl/command.h"

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
        if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
                usage(stdout);
                return 0;
        }
        for (const struct command *c = commands; argc > 1 && c->name; c++) {
                char **arguments = arguments_of(c, argv + 1);

                if (arguments)
                        return c->run(arguments);
        }
        usage(stderr);
        return 2;
}
