/* The admin listener in bad company: clients that never end their requests, and faults with the
   longest texts. */
#include "service/fetch.h"
#include "testing/admin_stage.h"

enum { CLIENTS = 60, ROUNDS = 3, MOST = 32, ENDED = 20, LONGEST = 256 };

static void half_a_request(int port, int *fd)
{
        if (*fd >= 0)
                close(*fd);
        *fd = dial(port);
        say_text(*fd, "GET /faults HTTP/1.1\r\nHost: loc");
}

static void half_requests_do_not_shut_others_out(void)
{
        struct stage s = stage_of(NULL, NULL);
        int fds[CLIENTS];

        begin(&s);
        memset(fds, -1, sizeof fds);
        for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < CLIENTS; i++)
                        half_a_request(admin_port(s.admin), &fds[i]);
                check_int(status_of(asked(&s, "GET /faults", "", "")), 200);
        }
        for (int i = 0; i < CLIENTS; i++)
                close(fds[i]);
        end(&s);
}

/* Each byte of them becomes two in JSON. */
static void begin_the_longest(const struct stage *s)
{
        char quotes[2 * LONGEST + 1], body[2000];

        for (int i = 0; i < LONGEST; i++)
                memcpy(quotes + 2 * i, "\\\"", 3);
        snprintf(body, sizeof body,
                 "{\"kind\":\"publish-twice\",\"rate\":0.123456789,\"duration\":\"1h\","
                 "\"eventType\":\"%s\",\"key\":\"%s\"}",
                 quotes, quotes);
        check_int(status_of(posted(s, body)), 201);
}

static void whoever_fetches_them_has_room_for_the_longest_faults(void)
{
        struct stage s = stage_of(NULL, NULL);
        const char *answer;

        begin(&s);
        for (int i = 0; i < ENDED; i++)
                begin_the_longest(&s);
        asked(&s, "DELETE /faults", "", "");
        for (int i = 0; i < MOST; i++)
                begin_the_longest(&s);
        check_int(status_of(posted(&s, "{\"kind\":\"not-ready\"}")), 409);
        answer = asked(&s, "GET /faults", "", "");
        check_int(status_of(answer), 200);
        check(strlen(answer) < FETCH_MOST);
        end(&s);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(half_requests_do_not_shut_others_out),
                STORY(whoever_fetches_them_has_room_for_the_longest_faults),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
