/* predicate_value - predicates about values of the request, Header and Query; and Weight, which
   chooses at random. */
#include "gateway/routing/predicate_kinds.h"

#include "gateway/config/value.h"
#include "gateway/routing/routes.h"
#include "http/headers.h"
#include "http/server.h"

#include <string.h>
#include <strings.h>

enum { MOST_WEIGHT = 1000000 };

/* Reads a name and, optionally, a regular expression that one of its values must match. */
static bool read_name_regex(struct routes *routes, struct predicate *p,
                            const struct parameter *parameters, struct error *error)
{
        const struct definition *d = &p->definition;
        const char *values[2], *reason;

        if (!definition_values(routes->arena, d, parameters, values, error))
                return false;
        p->name = values[0];
        p->regex_text = values[1];
        if (!*p->name)
                return yaml_error(d->at, error, "%s wants a name", d->name);
        if (!p->regex_text || !*p->regex_text)
                return true;
        p->regex = regex_read(routes->arena, p->regex_text, &reason);
        return p->regex || yaml_error(d->at, error, "%s: the regular expression %s: %s", d->name,
                                      p->regex_text, reason);
}

static bool header_read(struct routes *routes, struct predicate *p, struct error *error)
{
        static const struct parameter parameters[] = {
                {"header", REQUIRED}, {"regexp", OPTIONAL}, {NULL}};

        return read_name_regex(routes, p, parameters, error);
}

static bool header_holds(const struct predicate *p, const struct asked *asked)
{
        const struct headers *h = asked->headers;
        size_t values = 0, len = strlen(p->name);

        for (size_t i = 0; i < h->count; i++)
                values += header_is(&h->at[i], p->name, len);
        for (size_t i = 0; i < h->count; i++)
                if (header_is(&h->at[i], p->name, len) &&
                    (!p->regex || regex_matches(p->regex, asked->arena, h->at[i].value, values)))
                        return true;
        return false;
}

static void header_show(const struct predicate *p, struct text *out)
{
        text_printf(out, "Header: %s regexp=%s", p->name, p->regex_text ? p->regex_text : "null");
}

static bool query_read(struct routes *routes, struct predicate *p, struct error *error)
{
        static const struct parameter parameters[] = {
                {"param", REQUIRED}, {"regexp", OPTIONAL}, {NULL}};

        return read_name_regex(routes, p, parameters, error);
}

/* `?x` has no value, so that no expression matches; `?x=` has an empty one. */
static bool query_holds(const struct predicate *p, const struct asked *asked)
{
        size_t parameters = 1;

        for (const char *at = asked->query; at && *at; at++)
                parameters += *at == '&';
        for (const char *at = asked->query; at && *at; at += strcspn(at, "&"), at += *at == '&') {
                size_t len = strcspn(at, "&"), name_len = strcspn(at, "=&");
                const char *name = http_unescape(asked->arena, at, name_len, true), *value;

                if (!name || strcmp(name, p->name) != 0)
                        continue;
                if (!p->regex)
                        return true;
                value = name_len < len ? http_unescape(asked->arena, at + name_len + 1,
                                                       len - name_len - 1, true)
                                       : NULL;
                if (value && regex_matches(p->regex, asked->arena, value, parameters))
                        return true;
        }
        return false;
}

static void query_show(const struct predicate *p, struct text *out)
{
        text_printf(out, "Query: param=%s regexp=%s", p->name,
                    p->regex_text ? p->regex_text : "null");
}

static bool weight_read(struct routes *routes, struct predicate *p, struct error *error)
{
        static const struct parameter spring[] = {
                {"weight.group", REQUIRED}, {"weight.weight", REQUIRED}, {NULL}};
        static const struct parameter plain[] = {{"group", REQUIRED}, {"weight", REQUIRED}, {NULL}};
        const struct definition *d = &p->definition;
        bool prefixed = d->count && strncasecmp(d->arguments[0].name, "weight.", 7) == 0;
        const char *values[2];
        struct yaml weight;
        int64_t number;

        if (!definition_values(routes->arena, d, prefixed ? spring : plain, values, error))
                return false;
        p->name = values[0];
        weight = definition_scalar(d, "Weight", values[1]);
        if (!value_number(&weight, 0, MOST_WEIGHT, &number, error))
                return false;
        p->share.weight = (uint64_t)number;
        return *p->name || yaml_error(d->at, error, "Weight wants a group");
}

void predicates_share(struct predicate **weights, size_t count)
{
        int groups = 0;

        for (size_t i = 0; i < count; i++) {
                struct predicate *p = weights[i];

                p->share.group = -1;
                for (size_t k = 0; k < count; k++) {
                        if (strcmp(weights[k]->name, p->name) != 0)
                                continue;
                        p->share.total += weights[k]->share.weight;
                        if (k < i) {
                                p->share.from += weights[k]->share.weight;
                                p->share.group = weights[k]->share.group;
                        }
                }
                if (p->share.group < 0)
                        p->share.group = groups++;
        }
}

/* Each group has a throw of its own, made from the request's one random number: the first group
   uses the number itself, the others mix it by splitmix64. */
static uint64_t dice(uint64_t random, int group)
{
        if (group == 0)
                return random;
        random += (uint64_t)group * 0x9e3779b97f4a7c15;
        random = (random ^ random >> 30) * 0xbf58476d1ce4e5b9;
        random = (random ^ random >> 27) * 0x94d049bb133111eb;
        return random ^ random >> 31;
}

static bool weight_holds(const struct predicate *p, const struct asked *asked)
{
        uint64_t chosen = (dice(asked->random, p->share.group) >> 32) * p->share.total >> 32;

        return chosen >= p->share.from && chosen < p->share.from + p->share.weight;
}

static void weight_show(const struct predicate *p, struct text *out)
{
        text_printf(out, "Weight: %s %llu", p->name, (unsigned long long)p->share.weight);
}

const struct predicate_kind predicate_value_kinds[] = {
        {"Header", header_read, header_holds, NULL, header_show},
        {"Query", query_read, query_holds, NULL, query_show},
        {"Weight", weight_read, weight_holds, NULL, weight_show},
        {NULL, NULL, NULL, NULL, NULL},
};
