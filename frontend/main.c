/* frontend - shows the mall while it works: the page, and what the page cannot get from the
   services through the gateway.

   OWNS   nothing that counts; remembers the last events in memory
   HEARS  every event, in no consumer group
   FAILS  503 with too many followers; what it shows of a service that is away says so */
#include "frontend/services.h"
#include "http/files.h"
#include "service/daemon.h"

extern const struct file page_files[]; /* written by scripts/embed.py */

static const struct setting settings[] = {
        {.name = "services",
         .type = SETTING_TEXT,
         .fallback = SERVICES_HERE,
         .docker = SERVICES_DOCKER,
         .help = "where the services are, NAME=URL,..."},
        {.name = "services-management-port",
         .type = SETTING_NUMBER,
         .help = "the port of the services' /actuator where it is a port of its own "
                 "(MALL_MANAGEMENT_PORT of the services)",
         .least = 1,
         .most = 65535},
        {.name = "events-kept",
         .type = SETTING_NUMBER,
         .fallback = "100000",
         .help = "the last events that are kept in memory, about 500 bytes each",
         .least = 100,
         .most = 10000000},
        {.name = "max-followers",
         .type = SETTING_NUMBER,
         .fallback = "200",
         .help = "open streams of /events, more get 503",
         .least = 1,
         .most = 10000},
        {.name = "trace-url",
         .type = SETTING_TEXT,
         .help = "where a trace can be looked at, with {trace} for its id: "
                 "http://localhost:16686/trace/{trace}"},
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
         .fallback = "64KiB",
         .help = "largest request body (413)",
         .least = 1024,
         .most = 16777216},
        {.name = NULL},
};

/* On every answer of ours: the page runs its own scripts only, and is shown in nobody's frame. */
static void protect(struct http_request *r)
{
        static const struct http_header headers[] = {
                {"Content-Security-Policy",
                 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                 "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
                {"X-Content-Type-Options", "nosniff"},
                {"Referrer-Policy", "no-referrer"},
        };

        for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
                http_answer_pass(r, headers[i].name, headers[i].value);
}

static enum http_result handle(struct http_request *r, void *arg)
{
        const struct file *file = file_named(page_files, r->path);

        (void)arg;
        protect(r);
        if (file) {
                r->uri_template = file->path;
                file_answer(r, file);
                return HTTP_ANSWERED;
        }
        http_answer_problem(r, 404, "there is no %s here", r->path);
        return HTTP_ANSWERED;
}

static bool http_step(struct process *p, struct error *error)
{
        struct http_handler handler = {handle, NULL, NULL, NULL};

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
                .summary = "the mall's console: shows what happens in it while it happens",
                .port = 8080,
                .settings = settings,
                .steps = steps,
        };

        return daemon_main(&frontend, NULL, argc, argv);
}
