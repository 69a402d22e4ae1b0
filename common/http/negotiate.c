#include "http/negotiate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One media range of an Accept header. */
struct range {
        const char *type;
        size_t len;
        double quality;
};

static const char blanks[] = " \t";

/* Cuts the next element off *at; false at the end. */
static bool next_element(const char **at, const char **start, size_t *len)
{
        const char *p = *at + strspn(*at, ", \t");

        if (!*p)
                return false;
        *start = p;
        *len = strcspn(p, ",");
        *at = p + *len;
        return true;
}

static double quality_of(const char *parameters, const char *end)
{
        for (const char *p = parameters; p < end && *p == ';';) {
                p++;
                p += strspn(p, blanks);
                if (end - p > 2 && (*p == 'q' || *p == 'Q') && p[1] == '=')
                        return strtod(p + 2, NULL);
                p += strcspn(p, ";,");
        }
        return 1;
}

static struct range read_range(const char *start, size_t len)
{
        struct range r = {.type = start, .len = strcspn(start, ";, \t"), .quality = 1};
        const char *p = start + r.len;

        if (r.len > len)
                r.len = len;
        p += strspn(p, blanks);
        r.quality = quality_of(p, start + len);
        return r;
}

/* How exactly the range names the type: 3 wholly, 2 the main type, 1 anything, 0 not. */
static int fit(const struct range *r, const char *type)
{
        const char *slash = strchr(type, '/');
        size_t main_len = (size_t)(slash - type) + 1;

        if (r->len == strlen(type) && strncasecmp(r->type, type, r->len) == 0)
                return 3;
        if (r->len == main_len + 1 && r->type[main_len] == '*' && strncasecmp(r->type, type, main_len) == 0)
                return 2;
        return r->len == 3 && strncmp(r->type, "*/*", 3) == 0;
}

/* The quality that the most exact range gives the type, and where that range stands. */
static double quality_for(const char *accept, const char *type, int *place)
{
        const char *start;
        double quality = 0;
        int best = 0, at = 0;
        size_t len;

        for (; next_element(&accept, &start, &len); at++) {
                struct range r = read_range(start, len);
                int how = fit(&r, type);

                if (how > best) {
                        best = how;
                        quality = r.quality;
                        *place = at;
                }
        }
        return quality;
}

const char *negotiate(const char *accept, const char *const *offered)
{
        const char *best = NULL;
        double best_quality = 0;
        int best_place = 0;

        if (!accept || !accept[strspn(accept, blanks)] || strcmp(accept, "*/*") == 0)
                return offered[0];
        for (; *offered; offered++) {
                int place = 0;
                double quality = quality_for(accept, *offered, &place);

                if (quality > best_quality || (best && quality == best_quality && place < best_place)) {
                        best = *offered;
                        best_quality = quality;
                        best_place = place;
                }
        }
        return best;
}

static size_t type_length(const char *content_type)
{
        return strcspn(content_type, "; \t");
}

bool media_type_is(const char *content_type, const char *type)
{
        size_t len = type_length(content_type);

        return len == strlen(type) && strncasecmp(content_type, type, len) == 0;
}

bool media_type_is_json(const char *content_type)
{
        size_t len = type_length(content_type);

        return media_type_is(content_type, "application/json") ||
               (len > 17 && strncasecmp(content_type, "application/", 12) == 0 &&
                strncasecmp(content_type + len - 5, "+json", 5) == 0);
}

/* Cuts the next entity tag off *at: within its quotes a comma is a character like any other. False at the end, or where none stands. */
static bool next_etag(const char **at, const char **start, size_t *len, bool *weak)
{
        const char *p = *at + strspn(*at, ", \t"), *end;

        *weak = strncmp(p, "W/", 2) == 0;
        if (*weak)
                p += 2;
        end = *p == '"' ? strchr(p + 1, '"') : NULL;
        if (!end)
                return false;
        *start = p;
        *len = (size_t)(end + 1 - p);
        *at = end + 1;
        return !**at || strchr(", \t", **at);
}

bool etag_list_has(const char *list, const char *etag, enum etag_comparison comparison)
{
        const char *start = list + strspn(list, blanks);
        size_t len;
        bool weak;

        if (*start == '*')
                return !start[1 + strspn(start + 1, blanks)];
        while (next_etag(&list, &start, &len, &weak))
                if ((!weak || comparison == ETAG_WEAK) && len == strlen(etag) && memcmp(start, etag, len) == 0)
                        return true;
        return false;
}
