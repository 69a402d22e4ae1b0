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

/* How exactly a range names a type. */
enum fit { FIT_NOT, FIT_ANYTHING, FIT_MAIN_TYPE, FIT_WHOLLY };

static enum fit fit(const struct range *r, const char *type)
{
        const char *slash = strchr(type, '/');
        size_t main_len = (size_t)(slash - type) + 1;

        if (r->len == strlen(type) && strncasecmp(r->type, type, r->len) == 0)
                return FIT_WHOLLY;
        if (r->len == main_len + 1 && r->type[main_len] == '*' &&
            strncasecmp(r->type, type, main_len) == 0)
                return FIT_MAIN_TYPE;
        return r->len == 3 && strncmp(r->type, "*/*", 3) == 0 ? FIT_ANYTHING : FIT_NOT;
}

/* What the header says of a type, by the most exact range, and the place of that range. */
struct liking {
        double quality;
        enum fit fit;
        int place;
};

static struct liking liking_of(const char *accept, const char *type)
{
        struct liking l = {0};
        const char *start;
        size_t len;

        for (int at = 0; next_element(&accept, &start, &len); at++) {
                struct range r = read_range(start, len);
                enum fit how = fit(&r, type);

                if (how > l.fit)
                        l = (struct liking){r.quality, how, at};
        }
        return l;
}

static bool is_plainer(const char *type, const char *than)
{
        return !strchr(type, '+') && strchr(than, '+');
}

/* Is this type, which is offered later, preferred to the one chosen so far? For a range with only a
   main type application/json comes before application/hal+json, as in the reference. */
static bool is_better(const char *type, const struct liking *l, const char *chosen,
                      const struct liking *best)
{
        if (!chosen || l->quality != best->quality)
                return l->quality > best->quality;
        if (l->place != best->place)
                return l->place < best->place;
        return l->fit == FIT_MAIN_TYPE && is_plainer(type, chosen);
}

const char *negotiate(const char *accept, const char *const *offered)
{
        const char *chosen = NULL;
        struct liking best = {0};

        if (!accept || !accept[strspn(accept, blanks)] || strcmp(accept, "*/*") == 0)
                return offered[0];
        for (; *offered; offered++) {
                struct liking l = liking_of(accept, *offered);

                if (is_better(*offered, &l, chosen, &best)) {
                        chosen = *offered;
                        best = l;
                }
        }
        return chosen;
}

/* Is it the language itself, or a narrower one of it, or any? */
static bool asks_for(const struct range *r, const char *language)
{
        size_t len = strlen(language);

        if (r->len == 1 && *r->type == '*')
                return true;
        return r->len >= len && strncasecmp(r->type, language, len) == 0 &&
               (r->len == len || r->type[len] == '-');
}

const char *negotiate_language(const char *accept_language, const char *const *offered)
{
        const char *chosen = offered[0], *start;
        double best = 0;
        size_t len;

        while (next_element(&accept_language, &start, &len)) {
                struct range r = read_range(start, len);

                for (const char *const *o = offered; *o; o++)
                        if (r.quality > best && asks_for(&r, *o)) {
                                chosen = *o;
                                best = r.quality;
                        }
        }
        return chosen;
}

bool coding_is_accepted(const char *accept, const char *coding)
{
        double named = -1, any = 0;
        const char *start;
        size_t len;

        while (next_element(&accept, &start, &len)) {
                struct range r = read_range(start, len);

                if (r.len == strlen(coding) && strncasecmp(r.type, coding, r.len) == 0)
                        named = r.quality;
                else if (r.len == 1 && *r.type == '*')
                        any = r.quality;
        }
        return named >= 0 ? named > 0 : any > 0;
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

/* The charset's value, perhaps in quotes; NULL: it says none. */
static const char *charset_of(const char *content_type)
{
        static const char name[] = "charset=";

        for (const char *p = strchr(content_type, ';'); p; p = strchr(p, ';')) {
                p += 1 + strspn(p + 1, blanks);
                if (strncasecmp(p, name, sizeof name - 1) == 0)
                        return p + sizeof name - 1;
        }
        return NULL;
}

bool media_type_is_utf8(const char *content_type)
{
        static const char *const names[] = {"utf-8", "utf8", "us-ascii"};
        const char *charset = charset_of(content_type);
        size_t len;

        if (!charset)
                return true;
        charset += *charset == '"';
        len = strcspn(charset, "\"; \t");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (len == strlen(names[i]) && strncasecmp(charset, names[i], len) == 0)
                        return true;
        return false;
}

/* Cuts the next entity tag off *at: within its quotes a comma is a character like any other. False
   at the end, or where none stands. */
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
                if ((!weak || comparison == ETAG_WEAK) && len == strlen(etag) &&
                    memcmp(start, etag, len) == 0)
                        return true;
        return false;
}
