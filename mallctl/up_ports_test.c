/* The ports of the daemons that are to be started, and what they get of the environment. */
#include "mallctl/up_environment.h"
#include "mallctl/up_ports.h"
#include "mallctl/up_routes.h"
#include "testing/check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *order_knows[] = {"MALL_LOG",    "MALL_DATA_DIR", "MALL_ADMIN_PORT",
                                    "MALL_DB_URL", "MALL_ADDRESS",  NULL};
static const char *console_knows[] = {
        "MALL_LOG", "MALL_DATA_DIR", "MALL_SERVICES", "MALL_CONSOLE_FAULTS", "MALL_ADMIN_SERVICES",
        NULL};
static const char *gateway_knows[] = {"MALL_LOG", "MALL_ROUTES", "MALL_MANAGEMENT_PORT", NULL};

static struct up_daemon daemons[3];
static struct up_plan plan;
static struct error error;

static void plan_open(void)
{
        daemons[0] = (struct up_daemon){
                .name = "order", .usual = 8081, .port = 8081, .variables = order_knows};
        daemons[1] = (struct up_daemon){.name = "frontend",
                                        .usual = 8080,
                                        .port = 8080,
                                        .variables = console_knows,
                                        .is_console = true};
        daemons[2] = (struct up_daemon){.name = "gateway",
                                        .usual = 8088,
                                        .port = 8088,
                                        .variables = gateway_knows,
                                        .is_gateway = true};
        plan = (struct up_plan){.arena = arena_open(),
                                .data = "/data",
                                .host = "localhost",
                                .daemons = daemons,
                                .count = 3};
        error = (struct error){0};
}

static void plan_close(void)
{
        arena_close(&plan.arena);
}

/* ---- NAME=PORT ---- */

static void daemons_move_and_their_other_ports_with_them(void)
{
        plan_open();
        plan.faults = plan.metrics = true;
        check(up_ports_set(&plan, "frontend=18080,order=1", &error));
        check_int(daemons[1].port, 18080);
        check_int(daemons[1].admin, 19080);
        check_int(daemons[0].admin, 1001);
        check_int(daemons[0].metrics, 0);
        check_int(daemons[2].port, 8088);
        check_int(daemons[2].metrics, 9188);
        plan_close();
}

static void what_is_no_name_and_port_is_refused(void)
{
        static const struct {
                const char *list, *why;
        } wrong[] = {
                {"fronted=1", "did you mean frontend?"},
                {"x=1", ": order, frontend, gateway"},
                {"order", "--port order: expected NAME=PORT, with a port from 1 to 65535"},
                {"order=", "expected NAME=PORT"},
                {"order=0", "expected NAME=PORT"},
                {"order=65536", "expected NAME=PORT"},
                {"order=081x", "expected NAME=PORT"},
                {"order=+81", "expected NAME=PORT"},
                {"order=99999999999", "expected NAME=PORT"},
                {"order=1,", "expected NAME=PORT"},
                {"", "expected NAME=PORT"},
                {"order=64536", "--faults takes the port of order + 1000 too"},
        };

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                plan_open();
                plan.faults = true;
                check(!up_ports_set(&plan, wrong[i].list, &error));
                check_int(error.kind, ERROR_BAD_INPUT);
                check_contains(error.text, wrong[i].why);
                plan_close();
        }
}

static void two_cannot_have_one_port(void)
{
        plan_open();
        plan.faults = true;
        check(up_ports_set(&plan, "order=20000,frontend=21000,gateway=21000", &error));
        check_text(up_ports_trouble(&plan),
                   "port 21000 is that of order's admin port and frontend\n"
                   "port 21000 is that of order's admin port and gateway\n"
                   "port 21000 is that of frontend and gateway\n"
                   "port 22000 is that of frontend's admin port and "
                   "gateway's admin port");
        plan_close();
}

/* A port that a socket of ours listens on, at an address that nobody else has. */
static int taken(const char *address, int *fd)
{
        struct sockaddr_in at = {.sin_family = AF_INET};
        socklen_t len = sizeof at;

        inet_pton(AF_INET, address, &at.sin_addr);
        *fd = socket(AF_INET, SOCK_STREAM, 0);
        check(bind(*fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(*fd, 1) == 0);
        getsockname(*fd, (struct sockaddr *)&at, &len);
        return ntohs(at.sin_port);
}

static void one_that_is_taken_is_named_with_a_free_one(void)
{
        char address[32], said[100];
        int fds[3];

        plan_open();
        snprintf(address, sizeof address, "127.7.%d.%d", getpid() / 250 % 250, 1 + getpid() % 250);
        plan.address = address;
        for (int i = 0; i < 3; i++)
                daemons[i].port = taken(address, &fds[i]);
        close(fds[1]);
        close(fds[2]);
        snprintf(said, sizeof said, "port %d, which order needs, is taken", daemons[0].port);
        check_contains(up_ports_trouble(&plan), said);
        check_contains(up_ports_trouble(&plan), "`make run PORTS=order=");
        check_contains(up_ports_trouble(&plan), "`mallctl up --port order=");
        check(!strchr(up_ports_trouble(&plan), '\n'));
        close(fds[0]);
        check(!up_ports_trouble(&plan));
        plan_close();
}

/* ---- the environment ---- */

static const char *value(char **environment, const char *name)
{
        const char *found = up_environment_value(environment, name);

        return found ? found : "-";
}

static void each_gets_what_it_knows_and_what_nobody_knows(void)
{
        char *ours[] = {(char[]){"HOME=/root"},      (char[]){"MALL_DB_URL=x"},
                        (char[]){"MALL_DRIAN=1"},    (char[]){"MALL_PORT=1"},
                        (char[]){"MALL_LOG="},       (char[]){"MALL_DATA_DIR=other"},
                        (char[]){"SERVER_PORT="},    (char[]){"MALL_PROFILE=docker"},
                        (char[]){"MALL_ROUTES=own"}, NULL};
        char **order, **gateway;
        const char *const *left_out;

        plan_open();
        plan.text = true;
        plan.routes = "/data/routes.yml";
        order = up_environment(&plan, &daemons[0], ours);
        gateway = up_environment(&plan, &daemons[2], ours);
        check_text(value(order, "HOME"), "/root");
        check_text(value(order, "MALL_DB_URL"), "x");
        check_text(value(gateway, "MALL_DB_URL"), "-");
        check_text(value(order, "MALL_DRIAN"), "1");
        check_text(value(gateway, "MALL_DRIAN"), "1");
        check_text(value(order, "MALL_PORT"), "-");
        check_text(value(order, "MALL_PROFILE"), "-");
        check_text(value(order, "MALL_LOG"), "text");
        check_text(value(order, "MALL_DATA_DIR"), "/data");
        check_text(value(gateway, "MALL_ROUTES"), "own");
        left_out = up_environment_left_out(plan.arena, ours);
        check_text(left_out[0], "MALL_PORT");
        check_text(left_out[1], "MALL_PROFILE");
        check(!left_out[2]);
        plan_close();
}

static void the_console_is_told_where_the_others_are(void)
{
        char *ours[] = {NULL};
        char **console;

        plan_open();
        plan.faults = plan.metrics = true;
        check(up_ports_set(&plan, "order=21081", &error));
        console = up_environment(&plan, &daemons[1], ours);
        check_text(value(console, "MALL_SERVICES"),
                   "order=http://localhost:21081,gateway=http://localhost:9188");
        check_text(value(console, "MALL_ADMIN_SERVICES"),
                   "order=http://localhost:22081,frontend=http://localhost:9080,"
                   "gateway=http://localhost:9088");
        check_text(value(console, "MALL_CONSOLE_FAULTS"), "on");
        check_text(value(console, "MALL_LOG"), "-");
        check_text(value(up_environment(&plan, &daemons[0], ours), "MALL_ADMIN_PORT"), "22081");
        check_text(value(up_environment(&plan, &daemons[2], ours), "MALL_MANAGEMENT_PORT"), "9188");
        plan_close();
}

/* ---- routes ---- */

static void routes_lead_to_where_the_daemons_are(void)
{
        plan_open();
        check(up_ports_set(&plan, "order=8080,frontend=8081", &error));
        check_text(up_routes_moved(&plan, "uri: http://localhost:8081\n uri: http://localhost:8080"
                                          "\nhttp://localhost:8090 http://localhost: x"),
                   "uri: http://localhost:8080\n uri: http://localhost:8081"
                   "\nhttp://localhost:8090 http://localhost: x");
        plan.host = "[fd00::1]";
        check_text(up_routes_moved(&plan, "http://localhost:8088/"), "http://[fd00::1]:8088/");
        plan_close();
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(daemons_move_and_their_other_ports_with_them),
                STORY(what_is_no_name_and_port_is_refused),
                STORY(two_cannot_have_one_port),
                STORY(one_that_is_taken_is_named_with_a_free_one),
                STORY(each_gets_what_it_knows_and_what_nobody_knows),
                STORY(the_console_is_told_where_the_others_are),
                STORY(routes_lead_to_where_the_daemons_are),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
