/* The life of a whole service, as a process of its own: start, work, stop, start again; and starts
   that fail. */
#include "service/service.h"

#include "testing/conversation.h"
#include "testing/thing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { PATIENCE_US = 30 * 1000000 };

static const struct event_type *const says_besides[] = {&thing_said, NULL};

static const struct entity served = {
        .item = "thing",
        .collection = "things",
        .shape = {thing_fields, sizeof(struct thing)},
        .lookups = thing_lookups,
        .says_created = &thing_made,
};

/* Hears its own words: each thing made makes one more, of those that are not "echo". */
static void thing_made_echo(struct unit *unit, const struct event *event)
{
        struct thing *t = event_row(unit, event, &thing_shape), *echo = unit_new(unit, &served);

        if (unit_failed(unit) || !t->name || strcmp(t->name, "echo") == 0)
                return;
        echo->name = "echo";
        unit_add(unit, &served, echo);
}

static const struct reaction reactions[] = {{"ThingMade", thing_made_echo}, {NULL, NULL}};
static const struct entity *const entities[] = {&served, NULL};
static const struct service service = {.name = "things",
                                       .summary = "keeps things",
                                       .port = 1,
                                       .entities = entities,
                                       .reactions = reactions,
                                       .says = says_besides};

static int free_port(void)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof at;
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        check(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
              getsockname(fd, (struct sockaddr *)&at, &len) == 0);
        close(fd);
        return ntohs(at.sin_port);
}

/* A child that is the service; what it says goes to a file of the story's. */
static pid_t start(int port, const char *data_dir, const char *flag, const char *value)
{
        char port_text[12], dir[300], out[300], name[] = "things";
        const char *argv[] = {name, "--port", port_text, "--data-dir", dir, flag, value, NULL};
        pid_t child;
        int fd;

        snprintf(port_text, sizeof port_text, "%d", port);
        snprintf(dir, sizeof dir, "%s%s", check_directory(), data_dir);
        snprintf(out, sizeof out, "%s/out", check_directory());
        child = fork();
        if (child != 0)
                return child;
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a story that fails leaves nobody behind */
        fd = open(out, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(fd, 1);
        dup2(fd, 2);
        _exit(service_main(&service, 5 + !!flag + !!value, (char **)(uintptr_t)argv));
}

static int end_of(pid_t child)
{
        int64_t end = clock_mono_us() + PATIENCE_US;
        int status;

        while (waitpid(child, &status, WNOHANG) == 0) {
                if (clock_mono_us() > end)
                        kill(child, SIGKILL);
                usleep(2000);
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* What the service said so far. */
static const char *said(void)
{
        static char text[100000];
        char out[300];
        FILE *f;
        size_t len = 0;

        snprintf(out, sizeof out, "%s/out", check_directory());
        f = fopen(out, "r");
        if (f) {
                len = fread(text, 1, sizeof text - 1, f);
                fclose(f);
        }
        text[len] = '\0';
        return text;
}

static bool connects(int port)
{
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        bool connected = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;

        close(fd);
        return connected;
}

static const char *get(int port, const char *target)
{
        char request[200];

        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                 target);
        return ask(port, request);
}

static void wait_until_up(int port)
{
        int64_t end = clock_mono_us() + PATIENCE_US;

        while (!connects(port) && clock_mono_us() < end)
                usleep(2000);
        check_contains(get(port, "/actuator/health"), "{\"status\":\"UP\"");
}

static void post_thing(int port, const char *name)
{
        char request[300];

        snprintf(request, sizeof request,
                 "POST /things HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: "
                 "%zu\r\n\r\n{\"name\":\"%s\"}",
                 strlen(name) + 11, name);
        check_int(status_of(ask(port, request)), 201);
}

/* Rows and echoes of what was posted: each exactly once. */
static void wait_for_things(int port, int count)
{
        int64_t end = clock_mono_us() + PATIENCE_US;
        char wanted[60];

        snprintf(wanted, sizeof wanted, "\"totalElements\":%d,", count);
        while (!strstr(get(port, "/things"), wanted) && clock_mono_us() < end)
                usleep(5000);
        check_contains(get(port, "/things"), wanted);
}

static void a_life_ends_and_begins_again(void)
{
        int port = free_port();
        pid_t child = start(port, "/data", NULL, NULL);

        wait_until_up(port);
        post_thing(port, "a");
        post_thing(port, "b");
        wait_for_things(port, 4);
        check(kill(child, SIGTERM) == 0);
        check_int(end_of(child), 0);
        check(!connects(port));
        check_contains(said(), "stopped");
        child = start(port, "/data", NULL, NULL);
        wait_until_up(port);
        post_thing(port, "c");
        wait_for_things(port, 6);
        check(kill(child, SIGTERM) == 0);
        check_int(end_of(child), 0);
}

static void a_killed_life_loses_nothing(void)
{
        int port = free_port(), posted = 0;
        pid_t child;

        for (int life = 0; life < 4; life++) {
                child = start(port, "/data", NULL, NULL);
                wait_until_up(port);
                for (int i = 0; i < 5; i++, posted++)
                        post_thing(port, "a");
                check(kill(child, SIGKILL) == 0);
                check_int(end_of(child), -SIGKILL);
        }
        child = start(port, "/data", NULL, NULL);
        wait_until_up(port);
        wait_for_things(port, 2 * posted); /* each row, and each of its echoes once */
        check(kill(child, SIGTERM) == 0);
        check_int(end_of(child), 0);
}

static void draining_says_so_first(void)
{
        int port = free_port();
        pid_t child = start(port, "/data", "--drain", "20s");
        int64_t end = clock_mono_us() + PATIENCE_US;

        wait_until_up(port);
        check_int(status_of(get(port, "/actuator/health/readiness")), 200);
        check(kill(child, SIGTERM) == 0);
        while (status_of(get(port, "/actuator/health/readiness")) != 503 && clock_mono_us() < end)
                usleep(2000);
        check_int(status_of(get(port, "/actuator/health/readiness")), 503);
        check_int(status_of(get(port, "/actuator/health/liveness")), 200);
        post_thing(port, "late");         /* still served */
        check(kill(child, SIGTERM) == 0); /* hurries */
        check_int(end_of(child), 0);
        check(clock_mono_us() < end - 12 * 1000000);
}

static void a_wrong_setting_is_exit_2(void)
{
        struct arena *arena = arena_open();
        int fd;

        check_int(end_of(start(free_port(), "/data", "--treads", "2")), 2);
        check_contains(said(), "treads");
        check_contains(said(), "threads"); /* what was probably meant */
        check_int(end_of(start(free_port(), "/data", "--threads", "many")), 2);
        fd = creat(arena_printf(arena, "%s/file", check_directory()), 0600);
        check(fd >= 0 && close(fd) == 0);
        check_int(end_of(start(free_port(), "/file/below", NULL, NULL)), 2);
        check_contains(said(), "/file/below");
        arena_close(&arena);
        check_int(end_of(start(free_port(), "/data", "--help", NULL)), 0);
        check_contains(said(), "keeps things");
}

static void it_describes_itself(void)
{
        check_int(end_of(start(1234, "/data", "--describe", "--threads")), 0); /* whatever else */
        check_contains(said(), "\"name\":\t\"things\"");
        check_contains(said(), "\"port\":\t1,");
        check_contains(said(), "\"path\":\t\"/things\"");
        check_contains(said(), "\"hears\":\t[\"ThingMade\"]");
        check_contains(said(), "\"says\":\t[\"ThingMade\", \"ThingSaid\"]");
        check_contains(said(), "\"variable\":\t\"MALL_DB_URL\"");
        check_contains(said(), "\"choices\":\t[\"json\", \"text\"]");
}

static void a_second_one_on_the_same_store_is_refused(void)
{
        int port = free_port();
        pid_t child = start(port, "/data", NULL, NULL);

        wait_until_up(port);
        check_int(end_of(start(free_port(), "/data", NULL, NULL)), 1);
        check_contains(said(), "another process uses this store");
        post_thing(port, "a");
        check(kill(child, SIGTERM) == 0);
        check_int(end_of(child), 0);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_life_ends_and_begins_again),
                STORY(a_killed_life_loses_nothing),
                STORY(draining_says_so_first),
                STORY(a_wrong_setting_is_exit_2),
                STORY(it_describes_itself),
                STORY(a_second_one_on_the_same_store_is_refused),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
