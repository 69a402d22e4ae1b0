/* gateway - the one door: routes by path to order, delivery, product and the frontend.

   OWNS   nothing; reads application.yml
   FAILS  404 no route; 503 the upstream refuses; 504 it is too slow; 502 it breaks off */
#include "base/log.h"
#include "gateway/gateway.h"
#include "service/daemon.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct setting settings[] = {
        {.name = "routes",
         .type = SETTING_TEXT,
         .help = "the routes file; unset: application.yml in the working directory if there, else the built-in one"},
        {.name = "max-body", .type = SETTING_SIZE, .fallback = "10MiB", .help = "largest request body (413)", .least = 1024, .most = 1073741824},
        {.name = "max-answer",
         .type = SETTING_SIZE,
         .fallback = "64MiB",
         .help = "largest answer of an upstream, which is buffered whole (502)",
         .least = 1024,
         .most = 1073741824},
        {.name = "connect-timeout",
         .type = SETTING_DURATION,
         .help = "to connect to an upstream (503); unset: httpclient.connect-timeout of the routes file, else 2s",
         .least = 1,
         .most = 3600000},
        {.name = "response-timeout",
         .type = SETTING_DURATION,
         .help = "for an upstream's whole answer (504); unset: httpclient.response-timeout of the routes file, else 30s",
         .least = 1,
         .most = 3600000},
        {.name = NULL},
};

enum { PATIENCE_S = 8 }; /* less than the server waits for what is in flight */

struct patience {
        pthread_mutex_t lock;
        pthread_cond_t change;
        bool over;
        struct timespec until;
        struct gateway *gateway;
};

static struct gateway *gateway_of(struct process *p)
{
        return p->own;
}

/* The file may say server.port, so it is read before anything is opened. */
static void configure(struct process *p, struct error *error)
{
        struct gateway_config config = {
                .routes = config_text(p->config, "routes"),
                .profile = config_text(p->config, "profile"),
                .connect_ms = (int)config_number(p->config, "connect-timeout"),
                .response_ms = (int)config_number(p->config, "response-timeout"),
                .max_answer = (size_t)config_number(p->config, "max-answer"),
                .metrics = p->metrics,
        };
        char port[12];

        p->own = gateway_open(&config, error);
        if (!p->own || !gateway_port(p->own))
                return;
        snprintf(port, sizeof port, "%d", gateway_port(p->own));
        config_from_file(p->config, "port", port, error);
}

static bool routes_step(struct process *p, struct error *error)
{
        (void)error;
        for (const char *const *w = gateway_warnings(gateway_of(p)); *w; w++)
                log_write(LOG_WARN, *w, NULL);
        log_write(LOG_INFO, "routes read", "file.path", gateway_source(gateway_of(p)), NULL);
        return true;
}

static void close_routes(struct process *p)
{
        struct gateway *gateway = p->own;

        gateway_close(&gateway);
}

static bool http_step(struct process *p, struct error *error)
{
        struct http_handler handler = {gateway_handle, gateway_finish, p->own};

        return daemon_listen(p, &handler, error);
}

/* An upstream that hangs must not hold the stop up: what still waits for one then gets its 502. */
static void *stop_waiting(void *arg)
{
        struct patience *patience = arg;

        pthread_mutex_lock(&patience->lock);
        while (!patience->over && pthread_cond_clockwait(&patience->change, &patience->lock, CLOCK_MONOTONIC, &patience->until) == 0)
                ;
        pthread_mutex_unlock(&patience->lock);
        gateway_stop(patience->gateway);
        return NULL;
}

static void close_http(struct process *p)
{
        struct patience patience = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, {0}, gateway_of(p)};
        pthread_t thread;

        clock_gettime(CLOCK_MONOTONIC, &patience.until);
        patience.until.tv_sec += PATIENCE_S;
        if (pthread_create(&thread, NULL, stop_waiting, &patience) != 0)
                abort();
        daemon_hang_up(p);
        pthread_mutex_lock(&patience.lock);
        patience.over = true;
        pthread_cond_signal(&patience.change);
        pthread_mutex_unlock(&patience.lock);
        pthread_join(thread, NULL);
}

static void write_routes(struct process *p, struct text *out)
{
        gateway_routes_json(gateway_of(p), out);
}

int main(int argc, char **argv)
{
        static const struct step steps[] = {
                {"routes", routes_step, close_routes},
                {"http", http_step, close_http},
                {NULL, NULL, NULL},
        };
        static const struct actuator_page pages[] = {
                {"gateway/routes", "application/vnd.spring-boot.actuator.v3+json", write_routes},
                {NULL, NULL, NULL},
        };
        static const struct daemon gateway = {
                .name = "gateway",
                .summary = "the one door: routes by path to the services behind it",
                .port = 8088,
                .settings = settings,
                .steps = steps,
                .pages = pages,
                .shy = true,
                .configure = configure,
        };

        return daemon_main(&gateway, NULL, argc, argv);
}
