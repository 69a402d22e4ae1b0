#include "http/client.h"

#include <ctype.h>
#include <string.h>

enum { MOST_TEXT = 80, MOST_HOPS = 32 };

/* "1.2.3.4", "1.2.3.4:80", "2001:db8::1", "[2001:db8::1]:80" without port and brackets; false: too
   long for an address. */
static bool take_address(const char *element, char text[MOST_TEXT])
{
        size_t len = strcspn(element, ","), colons = 0;

        while (len && isspace((unsigned char)element[len - 1]))
                len--;
        for (size_t i = 0; i < len; i++)
                colons += element[i] == ':';
        if (*element == '[') {
                element++;
                len = strcspn(element, "],");
                if (element[len] != ']')
                        return false;
        } else if (colons == 1) {
                len = strcspn(element, ":");
        }
        if (len >= MOST_TEXT)
                return false;
        memcpy(text, element, len);
        text[len] = '\0';
        return true;
}

const char *client_element(const char *list, int hops)
{
        const char *at;

        if (!*list)
                return list;
        at = list + strlen(list);
        for (; at > list && (at[-1] != ',' || hops > 0); at--)
                hops -= at[-1] == ',';
        return at + strspn(at, " \t");
}

struct client client_find(struct arena *arena, const struct trusted_proxies *proxies,
                          const char *peer, const char *list)
{
        struct client found = {.address = peer};
        const char *element;
        char text[MOST_TEXT], address[PEER_TEXT];
        bool trusted = true;

        for (int hops = 0; trusted && hops < MOST_HOPS; hops++) {
                element = client_element(list, hops);
                if (!take_address(element, text) ||
                    !trusted_proxies_know(proxies, text, address, &trusted))
                        break;
                found = (struct client){arena_string(arena, address), hops};
                if (element == list + strspn(list, " \t"))
                        break;
        }
        return found;
}
