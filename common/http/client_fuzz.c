/* client_fuzz - X-Forwarded-For as a client may send it: text to the left of the client's own
   address does not change which client we find. */
#include "http/client.h"
#include "testing/fuzz.h"

#include <arpa/inet.h>

enum { LIST_MOST = 1 << 14 };

static struct trusted_proxies *proxies;

/* A second opinion, on plain IPv4 addresses only: 127.0.0.0/8 and 10.0.0.0/8 are trusted; -1: no
   plain address. */
static int trusted(const char *text)
{
        struct in_addr a;
        unsigned first;

        if (inet_pton(AF_INET, text, &a) != 1)
                return -1;
        first = ntohl(a.s_addr) >> 24;
        return first == 127 || first == 10;
}

/* The rightmost address that is no proxy's, else the leftmost; NULL: an element on the way is no
   plain address. */
static const char *client_of(struct arena *arena, const char *list)
{
        char *copy = arena_string(arena, list), *comma = copy, *element;

        while (comma) {
                comma = strrchr(copy, ',');
                element = comma ? comma + 1 : copy;
                element += strspn(element, " ");
                for (size_t len = strlen(element); len && element[len - 1] == ' '; len--)
                        element[len - 1] = '\0';
                if (comma)
                        *comma = '\0';
                if (trusted(element) <= 0 || !comma)
                        return trusted(element) < 0 ? NULL : element;
        }
        return NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        struct error error = {0};

        (void)argc, (void)argv;
        proxies = trusted_proxies_open("127.0.0.0/8,10.0.0.0/8", &error);
        fuzz_must(proxies, "%s", error.text);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena *arena = arena_open();
        struct fuzz_piece list = fuzz_whole(arena, data, size, LIST_MOST);
        struct client client = client_find(arena, proxies, "127.0.0.1", list.at);
        const char *wanted = strchr(list.at, '\t') ? NULL : client_of(arena, list.at);
        struct in_addr v4;
        struct in6_addr v6;

        fuzz_must(inet_pton(AF_INET, client.address, &v4) == 1 ||
                          inet_pton(AF_INET6, client.address, &v6) == 1,
                  "%s is no address", client.address);
        fuzz_must(client.hops >= 0 && client_element(list.at, client.hops), "%d hops", client.hops);
        if (wanted && client.hops < 16)
                fuzz_must(strcmp(client.address, wanted) == 0, "%s asks, not %s: %s", wanted,
                          client.address, list.at);
        arena_close(&arena);
        return 0;
}
