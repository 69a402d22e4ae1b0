#include "http/host_names.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static bool ends_with(const char *name, size_t len, const char *end, size_t end_len)
{
        return len > end_len && strncasecmp(name + len - end_len, end, end_len) == 0;
}

static bool is_ipv4(const char *name, size_t len)
{
        char text[INET_ADDRSTRLEN];
        struct in_addr address;

        if (len >= sizeof text)
                return false;
        memcpy(text, name, len);
        text[len] = '\0';
        return inet_pton(AF_INET, text, &address) == 1;
}

bool host_is_nobodys(const char *host)
{
        size_t len = strcspn(host, ":");

        if (*host == '[') /* IPv6 */
                return true;
        return len && (!memchr(host, '.', len) || is_ipv4(host, len) ||
                       host_is_listed(host, ".localhost,.svc,.cluster.local"));
}

bool host_is_listed(const char *host, const char *list)
{
        size_t len = strcspn(host, ":"), word;

        for (; *list; list += word) {
                list += strspn(list, ", ");
                word = strcspn(list, ", ");
                if (word && *list == '.' ? ends_with(host, len, list, word)
                                         : len && word == len && strncasecmp(host, list, len) == 0)
                        return true;
        }
        return false;
}
