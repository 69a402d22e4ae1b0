/* trusted_proxies_fuzz - MALL_TRUSTED_PROXIES: a list is refused with a reason, or each address in
   it is trusted. */
#include "http/trusted_proxies.h"
#include "testing/fuzz.h"

#include <arpa/inet.h>

static bool trusts(const struct trusted_proxies *proxies, const char *address)
{
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

        if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
                return trusted_proxies_trust(proxies, (struct sockaddr *)&v4);
        return inet_pton(AF_INET6, address, &v6.sin6_addr) == 1 &&
               trusted_proxies_trust(proxies, (struct sockaddr *)&v6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena *arena = arena_open();
        struct fuzz_piece list = fuzz_whole(arena, data, size, 1 << 14);
        struct error error = {0};
        struct trusted_proxies *proxies = trusted_proxies_open(list.at, &error);
        char *rest, *word;

        if (!proxies) {
                fuzz_must(error.kind == ERROR_BAD_INPUT && error.text[0], "refused for no reason");
        } else if (strcmp(list.at, "none") == 0) {
                fuzz_must(!trusts(proxies, "127.0.0.1"), "nobody is trusted");
                trusted_proxies_close(&proxies);
        } else {
                trusts(proxies, "203.0.113.9");
                trusts(proxies, "2001:db8::1");
                for (word = strtok_r(arena_string(arena, list.at), ", \t", &rest); word;
                     word = strtok_r(NULL, ", \t", &rest)) {
                        word[strcspn(word, "/")] = '\0';
                        fuzz_must(trusts(proxies, word), "%s is in the list and not trusted", word);
                }
                trusted_proxies_close(&proxies);
        }
        arena_close(&arena);
        return 0;
}
