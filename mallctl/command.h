/* command - the commands of mallctl: a function each, which gets the arguments after its name. */
#ifndef MALLCTL_COMMAND_H
#define MALLCTL_COMMAND_H

struct command {
        const char *name; /* "audit", "log dump" */
        const char *arguments, *help;
        int (*run)(char **arguments); /* ends with NULL; gives the exit code */
};

int audit_main(char **arguments);
int dead_list_main(char **arguments);
int dead_show_main(char **arguments);
int dead_replay_main(char **arguments);
int dead_drop_main(char **arguments);
int ids_main(char **arguments);
int renew_main(char **arguments);
int recover_main(char **arguments);
int log_groups_main(char **arguments);
int log_forget_main(char **arguments);
int log_dump_main(char **arguments);
int fault_list_main(char **arguments);
int fault_add_main(char **arguments);
int fault_clear_main(char **arguments);
int gameday_main(char **arguments);
int up_main(char **arguments);

#endif
