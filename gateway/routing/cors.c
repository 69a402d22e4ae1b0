#include "gateway/routing/cors.h"

#include "base/text.h"
#include "gateway/routing/glob.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const simple_methods[] = {"GET", "HEAD", NULL};

static bool list_has(const char *const *list, const char *item, bool ignore_case)
{
        for (; list && *list; list++)
                if (strcmp(*list, "*") == 0 ||
                    (ignore_case ? strcasecmp(*list, item) : strcmp(*list, item)) == 0)
                        return true;
        return false;
}

static bool list_has_star(const char *const *list)
{
        for (; list && *list; list++)
                if (strcmp(*list, "*") == 0)
                        return true;
        return false;
}

static const char *list_join(struct arena *arena, const char *const *list)
{
        struct text out = text_open(arena, 64);

        for (const char *const *item = list; *item; item++)
                text_printf(&out, "%s%s", item == list ? "" : ", ", *item);
        return out.at;
}

static void add(struct cors_verdict *v, const char *name, const char *value)
{
        v->headers[v->header_count].name = name;
        v->headers[v->header_count++].value = value;
}

static void refuse(struct cors_verdict *v, const char *reason)
{
        v->outcome = CORS_REFUSED;
        v->reason = reason;
}

/* "http://shop" and "http://shop:80" are one origin. */
static bool is_own_origin(const struct cors_request *r)
{
        const char *usual = strcmp(r->scheme, "https") == 0 ? ":443" : ":80";
        size_t scheme = strlen(r->scheme), host = strlen(r->host), tail = strlen(usual), len;
        const char *origin;

        if (strncasecmp(r->origin, r->scheme, scheme) != 0 ||
            strncmp(r->origin + scheme, "://", 3) != 0)
                return false;
        origin = r->origin + scheme + 3;
        len = strlen(origin);
        if (host > tail && strcmp(r->host + host - tail, usual) == 0)
                host -= tail;
        if (len > tail && strcmp(origin + len - tail, usual) == 0)
                len -= tail;
        return len == host && strncasecmp(origin, r->host, len) == 0;
}

static const char *allowed_origin(const struct cors_config *c, const char *origin)
{
        size_t len = strlen(origin);

        if (list_has_star(c->origins))
                return c->credentials ? origin : "*";
        if (list_has(c->origins, origin, true))
                return origin;
        for (const char *const *p = c->origin_patterns; p && *p; p++)
                if (len && glob_matches(*p, origin, true))
                        return origin;
        return NULL;
}

static const char *allowed_methods(struct arena *arena, const struct cors_config *c,
                                   const char *method)
{
        const char *const *methods = c->methods && *c->methods ? c->methods : simple_methods;

        if (list_has_star(methods))
                return method;
        return list_has(methods, method, false) ? list_join(arena, methods) : NULL;
}

/* The requested headers that are allowed, "" if none was requested; NULL: some were requested and
   none is allowed. */
static const char *allowed_headers(struct arena *arena, const struct cors_config *c,
                                   const char *asked)
{
        struct text out = text_open(arena, strlen(asked));
        bool any_asked = false;

        while (*asked) {
                size_t len = strcspn(asked, ","), end = len;
                const char *name;

                while (end && isspace((unsigned char)*asked))
                        asked++, len--, end--;
                while (end && isspace((unsigned char)asked[end - 1]))
                        end--;
                name = arena_copy(arena, asked, end);
                any_asked |= end > 0;
                if (end && list_has(c->headers, name, true))
                        text_printf(&out, "%s%s", out.len ? ", " : "", name);
                asked += len + (asked[len] == ',');
        }
        return any_asked && !out.len ? NULL : out.at;
}

static void decide_preflight(struct arena *arena, const struct cors_config *c,
                             const struct cors_request *r, struct cors_verdict *v)
{
        const char *methods = allowed_methods(arena, c, r->asked_method);
        const char *headers = allowed_headers(arena, c, r->asked_headers ? r->asked_headers : "");

        if (!methods) {
                refuse(v, "this method is not among the allowed ones");
                return;
        }
        if (!headers) {
                refuse(v, "none of these headers is among the allowed ones");
                return;
        }
        v->outcome = CORS_ANSWER;
        add(v, "Access-Control-Allow-Methods", methods);
        if (*headers)
                add(v, "Access-Control-Allow-Headers", headers);
        if (c->max_age_s >= 0)
                add(v, "Access-Control-Max-Age", arena_decimal(arena, c->max_age_s));
}

static void decide(struct arena *arena, const struct cors_config *c, const struct cors_request *r,
                   bool preflight, struct cors_verdict *v)
{
        const char *origin = allowed_origin(c, r->origin);

        if (!origin) {
                refuse(v, "this origin is not among the allowed ones");
                return;
        }
        v->outcome = CORS_ALLOWED;
        if (preflight)
                decide_preflight(arena, c, r, v);
        else if (!allowed_methods(arena, c, r->method))
                refuse(v, "this method is not among the allowed ones");
        if (v->outcome == CORS_REFUSED)
                return;
        add(v, "Access-Control-Allow-Origin", origin);
        if (c->exposed && *c->exposed)
                add(v, "Access-Control-Expose-Headers", list_join(arena, c->exposed));
        if (c->credentials)
                add(v, "Access-Control-Allow-Credentials", "true");
}

void cors_decide(struct arena *arena, const struct cors_config *config,
                 const struct cors_request *request, struct cors_verdict *verdict)
{
        bool preflight =
                request->origin && request->asked_method && strcmp(request->method, "OPTIONS") == 0;

        *verdict = (struct cors_verdict){.outcome = CORS_NONE};
        /* Also without an Origin: a cache could give this answer to a request that has one. */
        if (config)
                add(verdict, "Vary",
                    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
        if (!request->origin || is_own_origin(request))
                return;
        if (config)
                decide(arena, config, request, preflight, verdict);
        else if (preflight)
                refuse(verdict, "no CORS is configured for this path");
}

bool cors_owns(const struct cors_verdict *verdict, const char *name)
{
        return verdict->outcome == CORS_ALLOWED && strncasecmp(name, "Access-Control-", 15) == 0;
}

bool cors_is_open(const struct cors_config *config)
{
        return list_has_star(config->origins) || list_has_star(config->origin_patterns);
}
