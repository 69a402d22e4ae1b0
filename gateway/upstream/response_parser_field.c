#include "gateway/upstream/response_parser_inside.h"

#include "http/grammar.h"
#include "http/header_kinds.h"

enum { MOST_OPTIONS = 64 };

bool response_parser_refuse(struct response_parser *r, const char *why)
{
        r->state = BAD;
        r->keep = false;
        r->why = why;
        return false;
}

static bool length_read(struct response_parser *r, const struct response_field *f)
{
        const char *why;

        if (r->said & SAID_LENGTH)
                return response_parser_refuse(r, "more than one Content-Length");
        r->said |= SAID_LENGTH;
        why = content_length_read(f->value, f->value_len, &r->length);
        return !why || response_parser_refuse(r, why);
}

static bool coding_read(struct response_parser *r, const struct response_field *f)
{
        if (r->said & SAID_CODING)
                return response_parser_refuse(r, "more than one Transfer-Encoding");
        if (!is_named(f->value, f->value_len, "chunked"))
                return response_parser_refuse(r, "a Transfer-Encoding other than chunked");
        r->said |= SAID_CODING;
        return true;
}

/* The next element of a list, or NULL. */
static const char *element_next(const char **list, size_t *len)
{
        const char *element = *list + strspn(*list, " \t,");

        *list = element + strcspn(element, ",");
        *len = trimmed_length(element, (size_t)(*list - element));
        return *len ? element : NULL;
}

static bool connection_read(struct response_parser *r, const struct response_field *f)
{
        const char *list = f->value, *element;
        size_t len;

        while ((element = element_next(&list, &len))) {
                if (is_named(element, len, "close") || token_length(element) != len)
                        r->said |= SAID_CLOSE;
                else
                        r->said |=
                                is_named(element, len, "keep-alive") ? SAID_KEEP_ALIVE : SAID_NAMES;
                if (++r->count > MOST_OPTIONS)
                        return response_parser_refuse(r, "Connection names too many fields");
        }
        return true;
}

/* The fields that say where the answer or the connection ends. */
static bool delimiter_read(struct response_parser *r, const struct response_field *f)
{
        if (is_named(f->name, f->name_len, "Content-Length"))
                return length_read(r, f);
        if (is_named(f->name, f->name_len, "Transfer-Encoding"))
                return coding_read(r, f);
        return connection_read(r, f);
}

static const char *name_fault(const char *line, size_t name, size_t len)
{
        if (is_blank(line[0]))
                return "a folded line";
        if (name == len)
                return "a line without a colon";
        if (is_blank(line[name]))
                return "a blank in a field's name or before its colon";
        return "a field's name is no token";
}

/* The CR after the line, at line[len], ends the loops. */
static bool field_cut(struct response_parser *r, char *line, size_t len, struct response_field *f)
{
        size_t name = token_length(line), from, to = len;

        if (!name || line[name] != ':')
                return response_parser_refuse(r, name_fault(line, name, len));
        for (from = name + 1; is_blank(line[from]);)
                from++;
        while (to > from && is_blank(line[to - 1]))
                to--;
        if (has_control(line + from, to - from))
                return response_parser_refuse(r, "control bytes in a field's value");
        line[name] = line[to] = '\0';
        *f = (struct response_field){
                .name = line,
                .value = line + from,
                .name_len = (uint32_t)name,
                .value_len = (uint32_t)(to - from),
        };
        return true;
}

bool response_parser_field(struct response_parser *r, char *line, size_t len)
{
        struct response_field *f = &r->room[r->field_count];

        if (r->field_count == r->limits->fields)
                return response_parser_refuse(r, "too many fields");
        if (!field_cut(r, line, len, f))
                return false;
        r->field_count++;
        f->kinds = header_kinds(f->name, f->name_len);
        f->hop = f->kinds & HEADER_HOP;
        return !(f->kinds & HEADER_DELIMITS) || delimiter_read(r, f);
}

bool response_parser_trailer(struct response_parser *r, char *line, size_t len)
{
        struct response_field *f = &r->room[r->field_count + r->trailer_count];

        if (r->field_count + r->trailer_count == r->limits->fields)
                return response_parser_refuse(r, "too many fields with the trailers");
        if (!field_cut(r, line, len, f))
                return false;
        f->kinds = header_kinds(f->name, f->name_len);
        if (!(f->kinds & HEADER_NO_TRAILER))
                r->trailer_count++;
        return true;
}

/* The fields that `Connection` names are about the connection, too. */
void response_parser_mark_hops(struct response_parser *r)
{
        for (size_t i = 0; i < r->field_count; i++) {
                const char *list = r->room[i].value, *element;
                size_t len;

                if (!is_named(r->room[i].name, r->room[i].name_len, "Connection"))
                        continue;
                while ((element = element_next(&list, &len)))
                        for (struct response_field *f = r->room; f < r->room + r->field_count; f++)
                                f->hop |= f->name_len == len &&
                                          strncasecmp(f->name, element, len) == 0;
        }
}

/* The fields kept so far, when their buffer moved. */
void response_parser_move_fields(struct response_parser *r, struct response_field *fields,
                                 size_t count, const char *bytes)
{
        for (size_t i = 0; r->base != (uintptr_t)bytes && i < count; i++) {
                size_t name = (uintptr_t)fields[i].name - r->base,
                       value = (uintptr_t)fields[i].value - r->base;

                fields[i].name = bytes + name;
                fields[i].value = bytes + value;
        }
        r->base = (uintptr_t)bytes;
}
