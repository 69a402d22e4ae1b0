/* mallctl - looks after what the daemons leave on this machine's disk.

   OWNS   nothing: it may run beside the daemons at any time
   FAILS  exit 1 when a command fails, 2 when it was not understood */
#include "mallctl/command.h"

#include <stdio.h>
#include <string.h>

static const struct command commands[] = {
        {"log", "groups", "[FILE]", "who reads the event log, how far, and what is left to each", log_groups_main},
        {"log", "forget", "GROUP [FILE]", "lets old events go although GROUP has not read them", log_forget_main},
        {"log", "dump", "[FILE] [--from N]", "prints the events of the log, a line each", log_dump_main},
        {NULL, NULL, NULL, NULL, NULL},
};

static void usage(FILE *out)
{
        fputs("usage: mallctl COMMAND ...\n\n", out);
        for (const struct command *c = commands; c->noun; c++)
                fprintf(out, "  %s %-6s %-18s  %s\n", c->noun, c->verb, c->arguments, c->help);
        fputs("\nFILE is data/mall.log unless given.\n", out);
}

int main(int argc, char **argv)
{
        if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
                usage(stdout);
                return 0;
        }
        for (const struct command *c = commands; argc >= 3 && c->noun; c++)
                if (strcmp(argv[1], c->noun) == 0 && strcmp(argv[2], c->verb) == 0)
                        return c->run(argv + 3);
        usage(stderr);
        return 2;
}
