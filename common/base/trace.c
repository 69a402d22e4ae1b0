#include "base/trace.h"

#include "base/hex.h"
#include "base/random.h"
#include "base/trace_sampler.h"

#include <stdint.h>
#include <string.h>

/* "00-" 32 hex "-" 16 hex "-" 2 hex */
enum { ID_AT = 3, SPAN_AT = 36, FLAGS_AT = 53, LENGTH = 55 };

/* Ids need to be distinct, not secret. */
static uint64_t random_next(void)
{
        static _Thread_local struct prng prng;

        if (!(prng.state[0] | prng.state[1]))
                prng = prng_open_random();
        return prng_draw(&prng);
}

static void write_hex(char *to, uint64_t number)
{
        for (int i = 15; i >= 0; i--, number >>= 4)
                to[i] = hex_digits[number & 15];
}

static bool is_hex(const char *text, int len)
{
        for (int i = 0; i < len; i++)
                if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
                        return false;
        return true;
}

static bool is_zero(const char *text, int len)
{
        for (int i = 0; i < len; i++)
                if (text[i] != '0')
                        return false;
        return true;
}

/* ff is no version. */
bool trace_is_well_formed(const char *p)
{
        size_t len = strnlen(p, 512);

        if (len < LENGTH || p[2] != '-' || p[ID_AT + 32] != '-' || p[SPAN_AT + 16] != '-')
                return false;
        if (!is_hex(p, 2) || memcmp(p, "ff", 2) == 0)
                return false;
        if (len > LENGTH && (memcmp(p, "00", 2) == 0 || p[LENGTH] != '-'))
                return false;
        return is_hex(p + ID_AT, 32) && !is_zero(p + ID_AT, 32) && is_hex(p + SPAN_AT, 16) &&
               !is_zero(p + SPAN_AT, 16) && is_hex(p + FLAGS_AT, 2);
}

static unsigned hex_value(char digit)
{
        return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

bool trace_is_sampled(const char *traceparent)
{
        return hex_value(traceparent[FLAGS_AT + 1]) & 1;
}

static void sampled_set(char *traceparent, bool sampled)
{
        char *digit = &traceparent[FLAGS_AT + 1];

        *digit = hex_digits[(hex_value(*digit) & ~1u) | sampled];
}

static void ids_copy(struct trace *trace)
{
        memcpy(trace->id, trace->parent + ID_AT, TRACE_ID - 1);
        trace->id[TRACE_ID - 1] = '\0';
        memcpy(trace->span, trace->parent + SPAN_AT, SPAN_ID - 1);
        trace->span[SPAN_ID - 1] = '\0';
}

/* All but the flags' last bit. */
static void parent_write(char *p, const char *received)
{
        memcpy(p, "00-", 3);
        if (received) {
                memcpy(p + ID_AT, received + ID_AT, 32);
        } else {
                write_hex(p + ID_AT, random_next() | 1); /* all zero would be no id */
                write_hex(p + ID_AT + 16, random_next());
        }
        p[SPAN_AT - 1] = '-';
        write_hex(p + SPAN_AT, random_next() | 1);
        p[FLAGS_AT - 1] = '-';
        memcpy(p + FLAGS_AT, received ? received + FLAGS_AT : "01", 2);
        p[LENGTH] = '\0';
}

void trace_continue(struct trace *trace, const char *received)
{
        bool go_on = received && trace_is_well_formed(received);

        parent_write(trace->parent, go_on ? received : NULL);
        ids_copy(trace);
        memcpy(trace->above, go_on ? received + SPAN_AT : "", go_on ? SPAN_ID - 1 : 1);
        trace->above[SPAN_ID - 1] = '\0';
        if (trace_sampler_is_on())
                sampled_set(trace->parent,
                            trace_sampler_takes(trace->id, go_on, trace_is_sampled(trace->parent)));
}

void trace_restore(struct trace *trace, const char *own, const char *above)
{
        memcpy(trace->parent, "00-", 3);
        memcpy(trace->parent + ID_AT, own + ID_AT, LENGTH - ID_AT);
        trace->parent[LENGTH] = '\0';
        ids_copy(trace);
        memset(trace->above, 0, sizeof trace->above);
        if (above)
                memcpy(trace->above, above, strnlen(above, SPAN_ID - 1));
}
