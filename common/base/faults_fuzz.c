/* faults_fuzz - a fault that is accepted is within its bounds, strikes, and can be written as JSON;
   one that is refused is refused with a text. */
#include "base/fault.h"
#include "base/fault_read.h"
#include "base/fault_write.h"
#include "base/faults_kinds.h"
#include "base/log.h"
#include "testing/fuzz.h"

enum { ALL = (1 << FAULT_KINDS) - 1, OF_THE_MACHINE = 1 << FAULT_CPU | 1 << FAULT_MEMORY };

static void check_json(struct arena *arena, const struct text *out)
{
        struct error error;

        fuzz_must(json_read(arena, out->at, out->len, &error), "no JSON: %s", out->at);
}

static void check_refusal(struct arena *arena, const struct error *error)
{
        struct text out = text_open(arena, 500);

        fuzz_must(error->kind == ERROR_BAD_INPUT, "refused as %d", (int)error->kind);
        fuzz_must(error->text[0], "refused without a text");
        text_char(&out, '[');
        json_write_string(&out, error->text);
        text_char(&out, ',');
        json_write_string(&out, error->member);
        text_char(&out, ']');
        check_json(arena, &out);
}

/* All kinds, without what they do to the machine. */
static void read_it(struct arena *arena, const struct json *body)
{
        struct error error = {0};
        struct fault *fault = fault_read(ALL, body, &error);
        const struct fault_row *row;
        struct text out = text_open(arena, 1000);

        if (!fault) {
                check_refusal(arena, &error);
                return;
        }
        row = &fault_rows[fault->kind];
        fuzz_must(fault->rate > 0 && fault->rate <= 1, "rate %g", fault->rate);
        fuzz_must(fault->duration_ms >= 100 && fault->duration_ms <= 3600000, "duration");
        fuzz_must(fault->delay_ms <= row->most_delay_ms && fault->p99_ms <= row->most_delay_ms &&
                          fault->p50_ms <= fault->p99_ms,
                  "delay");
        fuzz_must(!(row->members & MEMBER_DELAY) == !(fault->delay_ms || fault->p99_ms), "none");
        fault_write(fault, &out);
        check_json(arena, &out);
        fault_write_target(fault, &out);
        fault_write_parameters(fault, &out);
        fault_free(fault);
}

static void strike(struct faults *faults)
{
        static const struct fault_place place = {.method = "GET",
                                                 .path = "/orders/1",
                                                 .route = "order",
                                                 .type = "Orderplaced",
                                                 .type_len = 11,
                                                 .key = "1",
                                                 .key_len = 1};
        struct injection got;

        for (int kind = 0; kind < FAULT_KINDS; kind++)
                if (faults_strike(faults, (enum fault_kind)kind, &place, &got))
                        fuzz_must(got.delay_us >= 0 && got.delay_us <= 60000000, "delay drawn");
}

static void add_it(struct arena *arena, const struct json *body)
{
        struct faults_config config = {.kinds = ALL & ~OF_THE_MACHINE, .seed = 1};
        struct faults *faults = faults_open(&config);
        struct text out = text_open(arena, 1000);
        struct error error = {0};
        int64_t id = faults_add(faults, body, &error);

        strike(faults);
        if (id)
                fuzz_must(faults_write_one(faults, id, &out), "not there");
        else
                faults_write(faults, &out);
        check_json(arena, &out);
        fuzz_must(faults_clear(faults) == (id != 0), "not removed");
        out.len = 0;
        faults_write_ended(faults, &out);
        check_json(arena, &out);
        if (!id)
                check_refusal(arena, &error);
        faults_close(&faults);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        (void)argc;
        (void)argv;
        log_open("fuzz", true, LOG_ERROR); /* each begin and end would be a line */
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena *arena = arena_open();
        struct error error = {0};
        const struct json *body = json_read(arena, (const char *)data, size, &error);

        if (body) {
                read_it(arena, body);
                add_it(arena, body);
        }
        arena_close(&arena);
        return 0;
}
