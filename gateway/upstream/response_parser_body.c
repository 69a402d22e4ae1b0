#include "gateway/upstream/response_parser_inside.h"

#include "http/grammar.h"

enum { SIZE_DIGITS = 16 };

/* The framing of chunks, a byte at a time. */
static bool chunk_step(struct response_parser *r, char c)
{
        int digit;

        switch (r->state) {
        case SIZE:
                digit = hex_digit(c);
                if (digit >= 0) {
                        r->left = r->left << 4 | (uint64_t)digit;
                        return ++r->count <= SIZE_DIGITS ||
                               response_parser_refuse(r, "a chunk's size has too many digits");
                }
                if (!r->count || (c != '\r' && c != ';'))
                        return response_parser_refuse(r, "a chunk's size is no hexadecimal number");
                r->state = c == '\r' ? SIZE_LF : EXTENSION;
                r->count = c != '\r';
                return r->count <= r->limits->extension ||
                       response_parser_refuse(r, "a chunk's extension is too large");
        case EXTENSION:
                if (c == '\r')
                        r->state = SIZE_LF;
                else if (++r->count > r->limits->extension)
                        return response_parser_refuse(r, "a chunk's extension is too large");
                else if (is_control(c))
                        return response_parser_refuse(r, "control bytes in a chunk's extension");
                return true;
        case SIZE_LF:
                r->state = r->left ? CHUNK : TRAILERS;
                return c == '\n' ||
                       response_parser_refuse(r, "a chunk's size does not end with CR LF");
        case CHUNK_CR:
                r->state = CHUNK_LF;
                return c == '\r' || response_parser_refuse(r, "a chunk does not end with CR LF");
        default: /* CHUNK_LF */
                r->state = SIZE;
                r->count = 0;
                return c == '\n' || response_parser_refuse(r, "a chunk does not end with CR LF");
        }
}

/* The section stays with the caller until it is whole: its fields lie in there. */
static enum response_result trailers_read(struct response_parser *r, char *bytes, size_t len,
                                          size_t *used)
{
        char *line;
        size_t line_len;

        response_parser_move_fields(r, r->room + r->field_count, r->trailer_count, bytes);
        while ((line = response_parser_line(r, bytes, len, r->limits->trailers, &line_len))) {
                if (!line_len) {
                        *used += r->line;
                        r->state = END;
                        return RESPONSE_END;
                }
                if (!response_parser_trailer(r, line, line_len))
                        break;
        }
        return r->state == BAD ? RESPONSE_BAD : RESPONSE_MORE;
}

static enum response_result piece_give(struct response_parser *r, const char *bytes, size_t len,
                                       size_t *used, const char **out, size_t *out_len)
{
        size_t piece = len - *used;

        if (!piece)
                return RESPONSE_MORE;
        if (r->state != REST && piece > r->left)
                piece = (size_t)r->left;
        *out = bytes + *used;
        *out_len = piece;
        *used += piece;
        r->body += piece;
        if (r->state != REST && !(r->left -= piece))
                r->state = r->state == WHOLE ? END : CHUNK_CR;
        return RESPONSE_DATA;
}

uint64_t response_parser_plain(const struct response_parser *r)
{
        if (r->state == REST)
                return UINT64_MAX;
        return r->state == WHOLE || r->state == CHUNK ? r->left : 0;
}

enum response_result response_parser_body(struct response_parser *r, char *bytes, size_t len,
                                          size_t *used, const char **out, size_t *out_len)
{
        enum response_result result;

        *used = *out_len = 0;
        *out = NULL;
        while (r->state >= SIZE && r->state <= CHUNK_LF && r->state != CHUNK && *used < len)
                if (!chunk_step(r, bytes[(*used)++]))
                        return RESPONSE_BAD;
        switch (r->state) {
        case WHOLE:
        case REST:
        case CHUNK:
                return piece_give(r, bytes, len, used, out, out_len);
        case TRAILERS:
                result = trailers_read(r, bytes + *used, len - *used, used);
                break;
        case END:
                result = RESPONSE_END;
                break;
        case BAD:
                return RESPONSE_BAD;
        case STATUS:
        case FIELDS:
                response_parser_refuse(r, "a body was asked for before its head");
                return RESPONSE_BAD;
        default:
                return RESPONSE_MORE;
        }
        if (result == RESPONSE_END && *used < len)
                r->keep = false;
        return result;
}
