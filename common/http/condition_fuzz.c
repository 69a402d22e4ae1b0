/* condition_fuzz - If-Match, If-None-Match, Accept and Content-Type: lists that the client sends.
   The first line is the list, the second an entity tag's text. In a well-formed list we find
   exactly the tags that it names. */
#include "http/negotiate.h"
#include "testing/fuzz.h"

static bool is_tag_char(unsigned char c)
{
        return c == 0x21 || (c >= 0x23 && c != 0x7f);
}

/* The length of `"x"` or `W/"x"` at text, 0: none. */
static size_t tag_length(const char *text)
{
        const char *p = text + (strncmp(text, "W/", 2) == 0 ? 2 : 0);

        if (*p++ != '"')
                return 0;
        while (is_tag_char((unsigned char)*p))
                p++;
        return *p == '"' ? (size_t)(p + 1 - text) : 0;
}

/* RFC 9110, 13.1.1: 1 named, 0 not, -1: the list is not well-formed. Compared weakly if `weak`. */
static int names(const char *list, const char *tag, bool weak)
{
        int found = 0;

        for (const char *p = list;;) {
                size_t len = tag_length(p);
                const char *opaque = strncmp(p, "W/", 2) == 0 ? p + 2 : p;

                if (!len)
                        return -1;
                if ((weak || opaque == p) && strncmp(opaque, tag, strlen(tag)) == 0 &&
                    opaque + strlen(tag) == p + len)
                        found = 1;
                p += len;
                p += strspn(p, " \t");
                if (!*p)
                        return found;
                if (*p++ != ',')
                        return -1;
                p += strspn(p, " \t");
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const offered[] = {"application/hal+json", "application/json",
                                              "text/plain", NULL};
        struct arena *arena = arena_open();
        struct fuzz_piece text = fuzz_whole(arena, data, size, 1 << 14);
        const char *at = text.at, *end = text.at + text.len, *list = fuzz_line(arena, &at, end),
                   *opaque = fuzz_line(arena, &at, end), *tag;
        int named;

        if (list) {
                negotiate(list, offered);
                media_type_is(list, "application/json");
                media_type_is_json(list);
                tag = arena_printf(arena, "\"%s\"", opaque ? opaque : "");
                for (int weak = 0; weak < 2; weak++) {
                        named = names(list, tag, weak);
                        if (named >= 0 && tag_length(tag) == strlen(tag))
                                fuzz_must(etag_list_has(list, tag,
                                                        weak ? ETAG_WEAK : ETAG_STRONG) == named,
                                          "%s: %s %s %s", weak ? "If-None-Match" : "If-Match", list,
                                          named ? "does not name" : "names", tag);
                }
        }
        arena_close(&arena);
        return 0;
}
