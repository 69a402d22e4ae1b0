#include "gateway/upstream/response_parser_inside.h"

#include "http/grammar.h"

#include <string.h>

enum { MOST_INTERIM = 16, STATUS_BYTES = 12 };

static bool status_read(struct response_parser *r, const char *line, size_t len)
{
        if (len < STATUS_BYTES || (line[7] != '0' && line[7] != '1') || line[8] != ' ')
                return response_parser_refuse(r, "the status line is not HTTP/1.1, a blank, three "
                                                 "digits, a blank, a reason");
        r->minor = line[7] - '0';
        r->status = 0;
        for (size_t i = STATUS_BYTES - 3; i < STATUS_BYTES; i++) {
                if (line[i] < '0' || line[i] > '9')
                        return response_parser_refuse(r, "the status is no number of three digits");
                r->status = r->status * 10 + line[i] - '0';
        }
        if (r->status < 100 || r->status > 599)
                return response_parser_refuse(r, "a status that is none of 100 to 599");
        if (r->status == 101)
                return response_parser_refuse(r, "101, which nobody asked for");
        if (len > STATUS_BYTES && line[STATUS_BYTES] != ' ')
                return response_parser_refuse(r, "no blank behind the status");
        if (has_control(line + STATUS_BYTES, len - STATUS_BYTES))
                return response_parser_refuse(r, "control bytes in the reason phrase");
        if (r->status < 200 && ++r->interim > MOST_INTERIM)
                return response_parser_refuse(r, "1xx flood: too many of them before the answer");
        return true;
}

static bool framing_check(struct response_parser *r)
{
        bool bodyless = r->status < 200 || r->status == 204;

        if ((r->said & SAID_CODING) && (r->said & SAID_LENGTH))
                return response_parser_refuse(r, "both Content-Length and Transfer-Encoding");
        if ((r->said & SAID_CODING) && r->minor == 0)
                return response_parser_refuse(r, "Transfer-Encoding in HTTP/1.0");
        if ((r->said & SAID_CODING) && bodyless)
                return response_parser_refuse(r, "Transfer-Encoding with 1xx or 204");
        if (r->status < 200 && r->length)
                return response_parser_refuse(r, "a 1xx answer with a body");
        return true;
}

/* An upstream that announces a body with 204 may send it, and it must not be taken for the next
   answer. */
static void framing_choose(struct response_parser *r)
{
        bool mute = r->status == 204 && r->length;

        if (r->is_head || r->status == 204 || r->status == 304)
                r->framing = RESPONSE_NO_BODY, r->state = END;
        else if (r->said & SAID_CODING)
                r->framing = RESPONSE_CHUNKED, r->state = SIZE;
        else if (r->said & SAID_LENGTH)
                r->framing = RESPONSE_LENGTH, r->state = r->length ? WHOLE : END;
        else
                r->framing = RESPONSE_UNTIL_CLOSE, r->state = REST;
        r->left = r->framing == RESPONSE_LENGTH ? r->length : 0;
        r->keep = r->framing != RESPONSE_UNTIL_CLOSE && !mute && !(r->said & SAID_CLOSE) &&
                  (r->minor == 1 || (r->said & SAID_KEEP_ALIVE));
}

static bool head_end(struct response_parser *r)
{
        if (!framing_check(r))
                return false;
        if (r->status < 200) {
                r->state = STATUS;
                r->field_count = r->length = r->said = r->count = 0;
                return true;
        }
        if (r->said & SAID_NAMES)
                response_parser_mark_hops(r);
        framing_choose(r);
        r->trailers = r->room + r->field_count;
        r->line = r->seen = r->count = 0;
        return true;
}

static const char *too_large(const struct response_parser *r)
{
        if (r->state == TRAILERS)
                return "the trailers are too large";
        return r->interim ? "1xx flood: the head, with what came before it, is too large"
                          : "the head is too large";
}

char *response_parser_line(struct response_parser *r, char *bytes, size_t len, size_t limit,
                           size_t *line_len)
{
        char *line = bytes + r->line,
             *lf = len > r->seen ? memchr(bytes + r->seen, '\n', len - r->seen) : NULL;
        size_t end = lf ? (size_t)(lf - bytes) + 1 : len + 1;

        if (end > limit) {
                response_parser_refuse(r, too_large(r));
                return NULL;
        }
        if (!lf) {
                r->seen = len;
                return NULL;
        }
        if (lf == line || lf[-1] != '\r') {
                response_parser_refuse(r, "a line does not end with CR LF");
                return NULL;
        }
        r->line = r->seen = end;
        *line_len = (size_t)(lf - line) - 1;
        return line;
}

/* Refuses at the first wrong byte: a server that does not speak HTTP/1 may never send a line. */
static bool prefix_check(struct response_parser *r, const char *bytes, size_t len)
{
        static const char prefix[] = "HTTP/1.";
        size_t there = (len < r->limits->head ? len : r->limits->head) - r->line;

        if (memcmp(bytes + r->line, prefix,
                   there < sizeof prefix - 1 ? there : sizeof prefix - 1) != 0)
                return response_parser_refuse(r, "what came is no HTTP/1 answer");
        return true;
}

void response_parser_begin(struct response_parser *parser, const struct response_limits *limits,
                           struct response_field *room, bool is_head)
{
        *parser = (struct response_parser){.limits = limits,
                                           .room = room,
                                           .fields = room,
                                           .trailers = room,
                                           .is_head = is_head};
}

enum response_result response_parser_head(struct response_parser *r, char *bytes, size_t len,
                                          size_t *used)
{
        response_parser_move_fields(r, r->room, r->field_count, bytes);
        while (r->state <= FIELDS) {
                size_t line_len, end;
                char *line;

                if (r->state == STATUS && len > r->line && !prefix_check(r, bytes, len))
                        break;
                line = response_parser_line(r, bytes, len, r->limits->head, &line_len);
                if (!line)
                        return r->state == BAD ? RESPONSE_BAD : RESPONSE_MORE;
                end = r->line;
                if (r->state == STATUS) {
                        if (status_read(r, line, line_len))
                                r->state = FIELDS;
                } else if (line_len) {
                        response_parser_field(r, line, line_len);
                } else if (head_end(r) && r->state != STATUS) {
                        *used = end;
                        return RESPONSE_HEAD;
                }
        }
        if (r->state != BAD)
                response_parser_refuse(r, "a head was asked for twice");
        return RESPONSE_BAD;
}

bool response_parser_close(struct response_parser *r)
{
        if (r->state == REST)
                r->state = END;
        r->keep = false;
        if (r->state == END || r->state == BAD)
                return r->state == END;
        if (r->state > FIELDS)
                return response_parser_refuse(r, "the connection closed in the middle of the body");
        if (r->seen)
                return response_parser_refuse(r, "the connection closed in the middle of the head");
        return response_parser_refuse(r, "the connection closed before an answer");
}
