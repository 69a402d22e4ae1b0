#include "mallctl/up_table.h"

#include "base/redact.h"

#include <string.h>

static void write_daemons(const struct up_plan *p, const pid_t *pids, struct text *out)
{
        text_printf(out, "  %-9s %-6s %-8s %s\n", "daemon", "port", "pid", "health");
        for (size_t i = 0; i < p->count; i++) {
                const struct up_daemon *d = &p->daemons[i];

                text_printf(out, "  %-9s %-6d %-8d http://%s:%d/actuator/health\n", d->name,
                            d->port, (int)pids[i], p->host, d->port);
        }
}

static void write_tries(const struct up_plan *p, struct text *out)
{
        const struct up_daemon *order = up_plan_named(p, "order"),
                               *product = up_plan_named(p, "product");

        if (!order || !product)
                return;
        text_printf(out,
                    "  try:  http POST http://%s:%d/inventories productId=1001 productName=TV "
                    "stock=100\n"
                    "        http POST http://%s:%d/orders productId=1001 productName=TV qty=5 "
                    "customerId=100\n"
                    "        http http://%s:%d/inventories/1\n",
                    p->host, product->port, p->host, up_plan_gateway(p)->port, p->host,
                    up_plan_gateway(p)->port);
}

static void write_faults(const struct up_plan *p, struct text *out)
{
        const struct up_daemon *product = up_plan_named(p, "product");

        text_string(out, "\n  faults to practise with: the console's panel, or GET, POST and "
                         "DELETE /faults of\n");
        for (size_t i = 0; i < p->count; i++)
                text_printf(out, "  %-9s http://localhost:%d/faults\n", p->daemons[i].name,
                            p->daemons[i].admin);
        text_printf(out,
                    "  try:  http POST http://localhost:%d/faults kind=http-latency delay=500ms "
                    "duration=1min\n\n",
                    (product ? product : p->daemons)->admin);
}

void up_table_write(const struct up_plan *p, const pid_t *pids, const char *store, const char *bus,
                    struct text *out)
{
        const struct up_daemon *gateway = up_plan_gateway(p);
        char shown[2][REDACTED];

        text_printf(out,
                    "\n  open  http://%s:%d/     the console: what happens in the mall, while it "
                    "happens\n\n",
                    p->host, gateway->port);
        write_daemons(p, pids, out);
        text_printf(out, "\n  data in %s, events over %s\n",
                    store ? redact(store, shown[0]) : p->data,
                    bus ? redact(bus, shown[1]) : "the embedded log");
        if (gateway->metrics)
                text_printf(out, "  the gateway's metrics: http://%s:%d/actuator/prometheus\n",
                            p->host, gateway->metrics);
        write_tries(p, out);
        if (p->faults)
                write_faults(p, out);
        if (p->note)
                text_printf(out, "\n%s\n", p->note);
        text_string(out, "  Ctrl-C stops all of it\n\n");
}
