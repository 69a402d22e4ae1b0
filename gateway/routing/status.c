#include "gateway/routing/status.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

/* If Spring has two names for a status, the newer one is last. */
static const struct {
        int status;
        const char *name;
} names[] = {
        {100, "CONTINUE"},
        {101, "SWITCHING_PROTOCOLS"},
        {102, "PROCESSING"},
        {103, "CHECKPOINT"},
        {103, "EARLY_HINTS"},
        {200, "OK"},
        {201, "CREATED"},
        {202, "ACCEPTED"},
        {203, "NON_AUTHORITATIVE_INFORMATION"},
        {204, "NO_CONTENT"},
        {205, "RESET_CONTENT"},
        {206, "PARTIAL_CONTENT"},
        {207, "MULTI_STATUS"},
        {208, "ALREADY_REPORTED"},
        {226, "IM_USED"},
        {300, "MULTIPLE_CHOICES"},
        {301, "MOVED_PERMANENTLY"},
        {302, "MOVED_TEMPORARILY"},
        {302, "FOUND"},
        {303, "SEE_OTHER"},
        {304, "NOT_MODIFIED"},
        {305, "USE_PROXY"},
        {307, "TEMPORARY_REDIRECT"},
        {308, "PERMANENT_REDIRECT"},
        {400, "BAD_REQUEST"},
        {401, "UNAUTHORIZED"},
        {402, "PAYMENT_REQUIRED"},
        {403, "FORBIDDEN"},
        {404, "NOT_FOUND"},
        {405, "METHOD_NOT_ALLOWED"},
        {406, "NOT_ACCEPTABLE"},
        {407, "PROXY_AUTHENTICATION_REQUIRED"},
        {408, "REQUEST_TIMEOUT"},
        {409, "CONFLICT"},
        {410, "GONE"},
        {411, "LENGTH_REQUIRED"},
        {412, "PRECONDITION_FAILED"},
        {413, "REQUEST_ENTITY_TOO_LARGE"},
        {413, "CONTENT_TOO_LARGE"},
        {413, "PAYLOAD_TOO_LARGE"},
        {414, "REQUEST_URI_TOO_LONG"},
        {414, "URI_TOO_LONG"},
        {415, "UNSUPPORTED_MEDIA_TYPE"},
        {416, "REQUESTED_RANGE_NOT_SATISFIABLE"},
        {417, "EXPECTATION_FAILED"},
        {418, "I_AM_A_TEAPOT"},
        {421, "MISDIRECTED_REQUEST"},
        {422, "UNPROCESSABLE_CONTENT"},
        {422, "UNPROCESSABLE_ENTITY"},
        {423, "LOCKED"},
        {424, "FAILED_DEPENDENCY"},
        {425, "TOO_EARLY"},
        {426, "UPGRADE_REQUIRED"},
        {428, "PRECONDITION_REQUIRED"},
        {429, "TOO_MANY_REQUESTS"},
        {431, "REQUEST_HEADER_FIELDS_TOO_LARGE"},
        {451, "UNAVAILABLE_FOR_LEGAL_REASONS"},
        {500, "INTERNAL_SERVER_ERROR"},
        {501, "NOT_IMPLEMENTED"},
        {502, "BAD_GATEWAY"},
        {503, "SERVICE_UNAVAILABLE"},
        {504, "GATEWAY_TIMEOUT"},
        {505, "HTTP_VERSION_NOT_SUPPORTED"},
        {506, "VARIANT_ALSO_NEGOTIATES"},
        {507, "INSUFFICIENT_STORAGE"},
        {508, "LOOP_DETECTED"},
        {509, "BANDWIDTH_LIMIT_EXCEEDED"},
        {510, "NOT_EXTENDED"},
        {511, "NETWORK_AUTHENTICATION_REQUIRED"},
};

enum { NAMES = sizeof names / sizeof *names, LEAST = 100, MOST = 599 };

bool statuses_have(const struct statuses *statuses, int status)
{
        return status >= LEAST && status <= MOST && statuses->has[status];
}

bool statuses_add_series(struct statuses *statuses, const char *series)
{
        static const char *const all[] = {"INFORMATIONAL", "SUCCESSFUL",   "REDIRECTION",
                                          "CLIENT_ERROR",  "SERVER_ERROR", NULL};

        for (int i = 0; all[i]; i++) {
                if (strcasecmp(all[i], series) != 0)
                        continue;
                for (int status = 0; status < 100; status++)
                        statuses->has[100 * (i + 1) + status] = true;
                return true;
        }
        return false;
}

int status_read(const char *text)
{
        char *end;
        long number = strtol(text, &end, 10);

        if (isdigit((unsigned char)*text))
                return !*end && number >= LEAST && number <= MOST ? (int)number : 0;
        for (size_t i = 0; i < NAMES; i++)
                if (strcasecmp(names[i].name, text) == 0)
                        return names[i].status;
        return 0;
}

const char *status_text(int status)
{
        const char *name = NULL;

        for (size_t i = 0; i < NAMES; i++)
                if (names[i].status == status)
                        name = names[i].name;
        return name;
}
