/* frontend - the mall's console: one page that shows what happens in the mall while it happens.

   OWNS   nothing */
#include "service/daemon.h"

static const struct setting settings[] = {
        {.name = "services",
         .type = SETTING_TEXT,
         .help = "the daemons that it looks at, NAME=URL with commas between them; unset: each "
                 "service of the list at its port, in the docker profile at http://NAME:8080"},
        {.name = "services-management-port",
         .type = SETTING_NUMBER,
         .help = "the port of their /actuator; unset: their main port",
         .least = 1,
         .most = 65535},
        {.name = "bus-url",
         .type = SETTING_TEXT,
         .help = "the event bus, log:PATH or kafka://host:port[,host:port]/topic; unset: log: and "
                 "mall.log in the data directory"},
        {.name = "bus-properties",
         .type = SETTING_TEXT,
         .help = "Kafka: a file of librdkafka's properties, NAME=VALUE a line, for TLS and SASL "
                 "(security.protocol, ssl.*, sasl.*)"},
        {.name = "max-body",
         .type = SETTING_SIZE,
         .fallback = "1KiB",
         .help = "largest request body (413)",
         .least = 1024,
         .most = 16777216},
        {.name = NULL},
};

static enum http_result answer(struct http_request *r, void *arg)
{
        static const char page[] = "<!doctype html><title>The mall</title><p>The mall's console\n";

        (void)arg;
        r->uri_template = "/";
        r->answer = (struct http_answer){200, "text/html; charset=utf-8", page, sizeof page - 1};
        return HTTP_ANSWERED;
}

static bool http_step(struct process *p, struct error *error)
{
        struct http_handler handler = {.handle = answer};

        return daemon_listen(p, &handler, error);
}

int main(int argc, char **argv)
{
        static const struct step steps[] = {
                {"http", http_step, daemon_hang_up},
                {NULL, NULL, NULL},
        };
        static const struct daemon frontend = {
                .name = "frontend",
                .summary = "the mall's console: shows what happens in the mall while it happens",
                .port = 8080,
                .settings = settings,
                .steps = steps,
        };

        return daemon_main(&frontend, NULL, argc, argv);
}
