#include "event/kafka_properties.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_for_files(const char *name)
{
        static const char *const beginnings[] = {"ssl.", "sasl.", "enable.ssl.", "broker.address.",
                                                 NULL};

        if (strcmp(name, "security.protocol") == 0 || strcmp(name, "client.rack") == 0)
                return true;
        for (const char *const *b = beginnings; *b; b++)
                if (strncmp(name, *b, strlen(*b)) == 0)
                        return true;
        return false;
}

static char *trimmed(char *text)
{
        size_t len;

        while (isspace((unsigned char)*text))
                text++;
        len = strlen(text);
        while (len && isspace((unsigned char)text[len - 1]))
                text[--len] = '\0';
        return text;
}

/* "" or what is wrong with the line */
static const char *line_set(rd_kafka_conf_t *conf, char *line, char why[300])
{
        char *name = trimmed(line), *equals = strchr(name, '='), said[200];
        rd_kafka_conf_res_t set;

        if (!*name || *name == '#')
                return "";
        if (!equals)
                return "not NAME=VALUE";
        *equals = '\0';
        name = trimmed(name);
        if (!is_for_files(name)) {
                snprintf(why, 300,
                         "'%.80s' is not for this file, which says how the cluster is reached: "
                         "security.protocol, ssl.*, sasl.*, "
                         "enable.ssl.*, broker.address.*, client.rack",
                         name);
                return why;
        }
        set = rd_kafka_conf_set(conf, name, trimmed(equals + 1), said, sizeof said);
        if (set == RD_KAFKA_CONF_OK)
                return "";
        /* librdkafka's own text would contain the value */
        snprintf(why, 300,
                 set == RD_KAFKA_CONF_UNKNOWN ? "librdkafka knows no '%.80s'"
                                              : "'%.80s' does not take this value",
                 name);
        return why;
}

bool kafka_properties_set(rd_kafka_conf_t *conf, const char *path, struct error *error)
{
        FILE *file = path ? fopen(path, "re") : NULL;
        const char *wrong = "";
        char *line = NULL, why[300];
        size_t room = 0;
        int number = 0;

        if (!path)
                return true;
        if (!file)
                return error_set(error, ERROR_BAD_INPUT, "the Kafka properties %s: %s", path,
                                 strerror(errno));
        errno = 0;
        while (!*wrong && getline(&line, &room, file) >= 0)
                number++, wrong = line_set(conf, line, why);
        if (!*wrong && ferror(file))
                wrong = strerror(errno);
        free(line);
        fclose(file);
        return !*wrong || error_set(error, ERROR_BAD_INPUT, "the Kafka properties %s, line %d: %s",
                                    path, number, wrong);
}
