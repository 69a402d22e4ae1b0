/* frontend - shows the mall while it works: the page, and what the page cannot get from the
   services through the gateway.

   OWNS   nothing that counts; remembers the last events in memory
   HEARS  every event, in no consumer group
   FAILS  503 with too many followers; what it shows of a service that is away says so */
#include "frontend/console.h"
#include "frontend/services.h"
#include "http/files.h"
#include "service/pass.h"

#include <string.h>
#include <sys/resource.h>

enum { ROLL_CALL_MS = 900, PASS_MS = 5000, ERRAND_THREADS = 4, ERRANDS = 32 };

static const char books_first[] = "{\"at\":null,\"state\":\"unknown\",\"why\":\"the first audit is "
                                  "under way\"}";

extern const struct file page_files[]; /* written by scripts/embed.py */

static const struct metric_family *const families[] = {dead_letter_families, standing_families,
                                                       NULL};

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
        {.name = "console-faults",
         .type = SETTING_CHOICE,
         .fallback = "off",
         .help = "whether the console switches faults, and mends dead letters: off or on",
         .choices = "off|on"},
        {.name = "console-hosts",
         .type = SETTING_TEXT,
         .fallback = ".elb.amazonaws.com",
         .help = "by which names a browser may change something, NAME,...; .NAME is all below it; "
                 "addresses, localhost, names without a dot and a cluster's own always count"},
        {.name = "admin-services",
         .type = SETTING_TEXT,
         .fallback = ADMIN_HERE,
         .docker = ADMIN_DOCKER,
         .help = "where the daemons' admin listeners are, NAME=URL,...; a name may have the "
                 "addresses of many pods"},
        {.name = "books-every",
         .type = SETTING_DURATION,
         .fallback = "0s",
         .help = "how often the books are audited while nobody looks, for the metric "
                 "mall_books_balanced; each audit reads all rows and events; 0: only while "
                 "somebody "
                 "looks",
         .least = 0,
         .most = 86400000},
        {.name = "events-kept",
         .type = SETTING_NUMBER,
         .fallback = "100000",
         .help = "the last events that are kept in memory, about 600 bytes each",
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
         .fallback = "3MiB", /* of a mended letter: an event's value as a JSON string */
         .help = "largest request body (413)",
         .least = 1024,
         .most = 16777216},
        {.name = NULL},
};

/* ---- pages ---- */

static enum http_result events(void *console, struct http_request *r)
{
        return event_stream_begin(&((struct console *)console)->events, r);
}

static enum http_result topology(void *console, struct http_request *r)
{
        return fresh_answer(((struct console *)console)->topology, r);
}

static enum http_result books(void *console, struct http_request *r)
{
        return fresh_answer(((struct console *)console)->books, r);
}

static enum http_result movements(void *console, struct http_request *r)
{
        struct console *c = console;
        const char *product = url_of(c, "product");

        if (product)
                return pass_begin(c->passers, r, product, "/movements");
        http_answer_problem(r, 404, "MALL_SERVICES names no product");
        return HTTP_ANSWERED;
}

static const struct site_page pages[] = {
        {"/events", "GET", events, sse_finish, NULL},
        {"/timeline/", "GET, HEAD", timeline_answer, NULL, NULL},
        {"/topology", "GET, HEAD", topology, fresh_finish, fresh_gone},
        {"/books", "GET, HEAD", books, fresh_finish, fresh_gone},
        {"/movements", "GET, HEAD", movements, pass_finish, pass_gone},
        {"/faults", "GET, HEAD, DELETE", faults_answer, faults_finish, faults_gone},
        {"/faults/", "POST, DELETE", fault_answer, errand_finish, errand_gone},
        {"/dead", "GET, HEAD", dead_answer, NULL, NULL},
        {"/dead/", "GET, HEAD, POST", dead_one_answer, errand_finish, errand_gone},
        {NULL},
};

/* The page runs its own scripts only, and is shown in nobody's frame. */
static const struct http_header headers[] = {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
         "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {NULL},
};

/* ---- its life ---- */

const char *url_of(const struct console *c, const char *service)
{
        const struct place *place = c->places;

        while (place->name && strcmp(place->name, service) != 0)
                place++;
        return place->url;
}

/* It is one of the places itself. */
static const char *all_services(struct process *p, struct arena *arena)
{
        return arena_printf(arena, "%s,%s=http://localhost:%lld",
                            config_text(p->config, "services"), p->daemon->name,
                            (long long)config_number(p->config, "port"));
}

/* Once, before its threads. It looks on, so what it looks at goes first. */
static void configure(struct process *p, struct error *error)
{
        struct console *c = p->own;
        int management = (int)config_number(p->config, "services-management-port");

        c->process = p;
        c->arena = arena_open();
        c->places = places_read(c->arena, all_services(p, c->arena), management, error);
        setpriority(PRIO_PROCESS, 0, 10);
}

/* Each place is asked several questions at once. */
static bool questions_step(struct process *p, struct error *error)
{
        struct console *c = p->own;
        struct fresh_config topology = {.name = "topology",
                                        .every_ms = 1000,
                                        .linger_ms = 3000,
                                        .wait = true,
                                        .first = "{}",
                                        .make = topology_make,
                                        .arg = c},
                            books = {.name = "books",
                                     .every_ms = 5000,
                                     .rest = 10,
                                     .linger_ms = 15000,
                                     .unasked_ms = config_number(p->config, "books-every"),
                                     .first = books_first,
                                     .make = books_make,
                                     .arg = c};

        (void)error;
        standing_gauges_open(&c->gauges, p->metrics, !books.unasked_ms);
        c->callers = fetcher_open(1000, ROLL_CALL_MS);
        c->passers = fetcher_open(50, PASS_MS);
        c->topology = fresh_open(&topology);
        c->books = fresh_open(&books);
        return true;
}

static void close_questions(struct process *p)
{
        struct console *c = p->own;

        fresh_close(&c->books);
        standing_close(&c->standing);
        fresh_close(&c->topology);
        fetcher_close(&c->passers);
        fetcher_close(&c->callers);
}

/* The last step before HTTP: they use what the others open. */
static bool errands_step(struct process *p, struct error *error)
{
        struct console *c = p->own;

        (void)error;
        c->errands = errands_open("errands", ERRAND_THREADS, ERRANDS);
        return true;
}

static void close_errands(struct process *p)
{
        errands_close(&((struct console *)p->own)->errands);
}

static void seen(void *arg, const struct sighting *s)
{
        struct console *c = arg;

        pods_see(c->pods, s->service, s->pod, s->version, s->announced);
}

static void round_over(void *arg, bool something_came, int64_t passed_over)
{
        struct console *c = arg;

        atomic_store(&c->events.passed_over, passed_over);
        if (atomic_load(&c->process->draining))
                sse_end(c->events.sse);
        else if (something_came)
                sse_wake(c->events.sse);
}

static void remember(struct console *c)
{
        static const struct recent_type types[] = {
                {"Orderplaced", MEANS_PLACED, .by_key = true, .is_home = true, .begins = true},
                {"OrderCanceled", MEANS_ORDER_CANCELED, .by_key = true, .is_home = true},
                {"DeliveryStarted", MEANS_STARTED, .by_key = true},
                {"DeliveryCanceled", MEANS_DELIVERY_CANCELED, .by_key = true},
                {"OutOfStock", MEANS_OUT_OF_STOCK, .by_key = true},
                {"InventoryModified", MEANS_STOCK,
                 .follows = 1U << MEANS_STARTED | 1U << MEANS_DELIVERY_CANCELED},
                {NULL},
        };
        const struct config *config = c->process->config;
        struct recent_config recent = {(size_t)config_number(config, "events-kept"), types,
                                       "ce_ordersource"};

        c->recent = recent_open(&recent);
        c->pods = pods_open();
        event_streams_open(&c->events, c->recent, (int)config_number(config, "max-followers"));
}

static void close_bus(struct process *p)
{
        struct console *c = p->own;

        lookout_close(&c->lookout);
        event_streams_close(&c->events);
        pods_close(&c->pods);
        recent_close(&c->recent);
}

static bool bus_step(struct process *p, struct error *error)
{
        struct console *c = p->own;
        const char *url = config_text(p->config, "bus-url");
        struct lookout_config config = {.last = config_number(p->config, "events-kept"),
                                        .seen = seen,
                                        .round = round_over,
                                        .arg = c};

        c->bus.url =
                url ? url
                    : arena_printf(c->arena, "log:%s/mall.log", config_text(p->config, "data-dir"));
        c->bus.properties = config_text(p->config, "bus-properties");
        c->bus.client = p->daemon->name;
        remember(c);
        config.bus = c->bus;
        config.recent = c->recent;
        c->lookout = lookout_open(&config, error);
        if (!c->lookout)
                close_bus(p);
        return c->lookout != NULL;
}

static bool http_step(struct process *p, struct error *error)
{
        struct console *c = p->own;
        struct http_handler handler;

        c->site = (struct site){page_files, pages, headers, c->events.sse, c};
        handler = site_handler(&c->site, (size_t)config_number(p->config, "max-body"));
        return daemon_listen(p, &handler, error);
}

int main(int argc, char **argv)
{
        static const struct step steps[] = {
                {"bus", bus_step, close_bus},
                {"questions", questions_step, close_questions},
                {"faults", switches_open, switches_close},
                {"dead", dead_open, dead_close},
                {"errands", errands_step, close_errands},
                {"http", http_step, daemon_hang_up},
                {NULL, NULL, NULL},
        };
        static const struct daemon frontend = {
                .name = "frontend",
                .summary = "the mall's console: shows what happens in it while it happens",
                .port = 8080,
                .settings = settings,
                .metrics = families,
                .steps = steps,
                .configure = configure,
        };
        struct console console = {0};
        int status = daemon_main(&frontend, &console, argc, argv);

        arena_close(&console.arena);
        return status;
}
