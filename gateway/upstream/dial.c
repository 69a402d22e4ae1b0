#include "gateway/upstream/dial.h"

#include "base/clock.h"
#include "base/container.h"
#include "gateway/upstream/dial_inside.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static bool was_tried(const struct dial *dial, const struct endpoint *endpoint)
{
        for (int i = 0; i < dial->tried_count; i++)
                if (dial->tried[i] == endpoint)
                        return true;
        return false;
}

static bool may_be_tried(const struct dial *dial, const struct endpoint *endpoint)
{
        return (!endpoint_is_avoided(endpoint) || dial->heedless) && !was_tried(dial, endpoint) &&
               dial->tried_count < MOST_TRIED;
}

/* libcurl is about to try an address: one that we picked, or one of a host that is no name. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *at)
{
        struct dial *dial = arg;
        struct endpoint *endpoint = endpoint_of(&dial->dialer->endpoints, &at->addr);

        (void)purpose;
        if (dial->question.count ? dial->tried_count == MOST_TRIED : !may_be_tried(dial, endpoint))
                return CURL_SOCKET_BAD;
        dial->tried[dial->tried_count++] = endpoint;
        return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

static void hang_up(struct dial *dial)
{
        if (!dial->easy)
                return;
        curl_multi_remove_handle(dial->dialer->multi, dial->easy);
        curl_easy_cleanup(dial->easy);
        curl_slist_free_all(dial->known);
        dial->easy = dial->known = NULL;
}

/* All in ms. */
enum { LIBCURLS_MS = 300000, SHARE_OF_AVOIDED = 8 };

static long time_for_all(const struct dial *dial)
{
        return dial->connect_ms > 0 ? dial->connect_ms : LIBCURLS_MS;
}

/* At least 1, for 0 means libcurl's default. */
static long time_left(const struct dial *dial)
{
        long left = time_for_all(dial) - (long)((clock_mono_us() - dial->began_us) / 1000);

        return left > 1 ? left : 1;
}

/* An address that failed lately and is tried for want of a better one gets an eighth of the time,
   but where it is this try's turn. Where a Service has no pod that is ready, the node's kernel
   refuses a connection by ICMP, some at once and then one a second (icmp_ratelimit): all others
   would wait for nothing. */
static long time_for_attempt(struct dial *dial)
{
        long share = dial->more ? (time_left(dial) + 1) / 2 : time_left(dial),
             most = (time_for_all(dial) + SHARE_OF_AVOIDED - 1) / SHARE_OF_AVOIDED;

        dial->cut_short = dial->heedless && !dial->patient && share > most;
        return dial->cut_short ? most : share;
}

static void be_patient_in_turn(struct dial *dial, const char *address)
{
        dial->patient = dial->heedless && endpoint_takes_turn(endpoint_at(&dial->dialer->endpoints,
                                                                          address, dial->port));
}

/* "order:8080:10.0.0.7,fd00::8", for CURLOPT_RESOLVE: of each family the first address that may be
   tried, because libcurl 7.88 never learns that the second of a family has connected. NULL: there
   is none, or the host is an address itself. */
static struct curl_slist *pick_addresses(struct dial *dial)
{
        enum { HOST = 300 };
        char line[HOST + 2 * (INET6_ADDRSTRLEN + 1)];
        int host = snprintf(line, HOST, "%s:%d", dial->host, dial->port), len = host;
        bool taken[2] = {false, false};

        dial->more = false;
        for (int i = 0; i < dial->question.count && host < HOST; i++) {
                const char *address = dial->question.addresses[i];
                bool *family = &taken[strchr(address, ':') != NULL];

                if (!may_be_tried(dial, endpoint_at(&dial->dialer->endpoints, address, dial->port)))
                        continue;
                dial->more |= *family;
                if (!*family && len == host)
                        be_patient_in_turn(dial, address);
                if (!*family)
                        len += snprintf(line + len, INET6_ADDRSTRLEN + 2, "%c%s",
                                        len == host ? ':' : ',', address);
                *family = true;
        }
        return len > host ? curl_slist_append(NULL, line) : NULL;
}

static CURL *easy_open(struct dial *dial)
{
        CURL *easy = curl_easy_init();
        char url[400];

        if (!easy)
                abort();
        snprintf(url, sizeof url, strchr(dial->host, ':') ? "http://[%s]:%d/" : "http://%s:%d/",
                 dial->host, dial->port);
        curl_easy_setopt(easy, CURLOPT_URL, url);
        curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
        curl_easy_setopt(easy, CURLOPT_RESOLVE, (struct curl_slist *)dial->known);
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, time_for_attempt(dial));
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, dial);
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, dial->reason);
        curl_easy_setopt(easy, CURLOPT_PRIVATE, dial);
        return easy;
}

static void dial_again(struct dial *dial)
{
        dial->reason[0] = '\0';
        dial->tried_before = dial->tried_count;
        dial->known = pick_addresses(dial);
        if (!dial->known && dial->question.count) { /* a failing address is better than none */
                dial->heedless = true;
                dial->known = pick_addresses(dial);
        }
        if (!dial->question.count) /* then "localhost" has a turn, too */
                be_patient_in_turn(dial, dial->host);
        dial->easy = easy_open(dial);
        curl_multi_add_handle(dial->dialer->multi, dial->easy);
}

static void fail_early(struct dial *dial, const char *why)
{
        snprintf(dial->reason, sizeof dial->reason, "Could not resolve host: %s: %s", dial->host,
                 why);
        dial->done(dial);
}

static void looked_up(struct question *question)
{
        struct dial *dial = CONTAINER_OF(question, struct dial, question);

        loop_timer_clear(dial->dialer->loop, &dial->timer);
        if (question->count)
                dial_again(dial);
        else
                fail_early(dial, question->why);
}

static void lookup_due(struct timer *timer)
{
        struct dial *dial = CONTAINER_OF(timer, struct dial, timer);

        resolver_forget(&dial->question);
        fail_early(dial, "no answer in time");
}

/* libcurl resolves these by itself. */
static bool is_address(const char *host)
{
        char address[sizeof(struct in6_addr)];

        return strcasecmp(host, "localhost") == 0 || inet_pton(AF_INET, host, address) == 1 ||
               inet_pton(AF_INET6, host, address) == 1;
}

static void look_up(struct dial *dial)
{
        dial->question = (struct question){
                .host = dial->host, .loop = dial->dialer->loop, .done = looked_up};
        if (is_address(dial->host) || resolver_ask(&dial->question)) {
                dial_again(dial);
                return;
        }
        dial->timer.due = lookup_due;
        if (dial->connect_ms > 0)
                loop_timer(dial->dialer->loop, &dial->timer, dial->connect_ms * 1000LL);
}

void dial_start(struct dialer *d, struct dial *dial)
{
        dial->dialer = d;
        dial->heedless = false;
        dial->tried_count = 0;
        dial->began_us = clock_mono_us();
        dial->fd = -1;
        look_up(dial);
}

void dial_cancel(struct dial *dial)
{
        hang_up(dial);
        resolver_forget(&dial->question);
        loop_timer_clear(dial->dialer->loop, &dial->timer);
}

/* libcurl closes the socket that it opened, so ours is a second descriptor of the same connection.
 */
static int take_socket(struct dial *dial)
{
        curl_socket_t fd = CURL_SOCKET_BAD;
        int ours = -1;

        if (curl_easy_getinfo(dial->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK &&
            fd != CURL_SOCKET_BAD)
                ours = dup(fd); /* not F_DUPFD_CLOEXEC, which the thread sanitizer does not know */
        if (ours >= 0)
                fcntl(ours, F_SETFD, FD_CLOEXEC);
        return ours;
}

static void connected(struct dial *dial)
{
        struct sockaddr_storage peer;
        socklen_t len = sizeof peer;

        dial->fd = take_socket(dial);
        if (dial->fd < 0 || getpeername(dial->fd, (struct sockaddr *)&peer, &len) != 0) {
                snprintf(dial->reason, sizeof dial->reason,
                         "connected, but the connection was gone at once");
                if (dial->fd >= 0)
                        close(dial->fd);
                dial->fd = -1;
                return;
        }
        dial->endpoint = endpoint_of(&dial->dialer->endpoints, (struct sockaddr *)&peer);
}

/* What had not the time to answer has not failed: else many tries would have it avoided for ever.
 */
static void failed(struct dial *dial, CURLcode code)
{
        if (!dial->reason[0])
                snprintf(dial->reason, sizeof dial->reason, "%s", curl_easy_strerror(code));
        if (code == CURLE_OPERATION_TIMEDOUT && dial->cut_short)
                return;
        for (int i = dial->tried_before; i < dial->tried_count; i++)
                endpoint_avoid(dial->tried[i], dial->reason);
}

/* The other addresses that were tried did not answer. */
static void judge_endpoints(struct dial *dial)
{
        for (int i = 0; i < dial->tried_count; i++)
                if (dial->tried[i] != dial->endpoint)
                        endpoint_avoid(dial->tried[i],
                                       "another address of the same name answered instead");
        endpoint_connected(dial->endpoint);
}

/* False: no address is left to be tried. */
static bool try_more(struct dial *dial, CURLcode code)
{
        if (code == CURLE_COULDNT_CONNECT && !dial->tried_count && !dial->heedless) {
                dial->heedless = true; /* all addresses of a host that is no name are avoided */
        } else {
                failed(dial, code);
                if (!dial->more || dial->tried_count == dial->tried_before)
                        return false;
        }
        dial_again(dial);
        return true;
}

void dial_finish(struct dial *dial, CURLcode code)
{
        if (code == CURLE_OK)
                connected(dial);
        hang_up(dial);
        if (code != CURLE_OK && try_more(dial, code))
                return;
        if (dial->fd >= 0)
                judge_endpoints(dial);
        dial->done(dial);
}
