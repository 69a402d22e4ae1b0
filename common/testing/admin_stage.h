/* admin_stage - for tests of the admin listener: a process that has one, and requests to it. */
#ifndef TESTING_ADMIN_STAGE_H
#define TESTING_ADMIN_STAGE_H

#include "base/faults.h"
#include "service/admin.h"
#include "service/document.h"
#include "service/settings.h"
#include "testing/conversation.h"

static const struct daemon service = {
        .name = "things",
        .fault_kinds = 1U << FAULT_PUBLISH_TWICE | 1U << FAULT_CONSUME_TWICE,
};

/* A process that has come as far as its admin listener. */
struct stage {
        struct process p;
        struct arena *arena;
        struct admin *admin;
        struct error error;
};

static inline struct stage stage_of(const char *flag, const char *value)
{
        struct stage s = {.p.daemon = &service, .arena = arena_open()};
        char name[] = "things";
        const char *argv[] = {name, "--admin-port", "0", flag, value, NULL};
        char *none[] = {NULL};

        document_init();
        s.p.config = config_open(settings_of(1, NULL, s.arena), flag ? 5 : 3,
                                 (char **)(uintptr_t)argv, none, &s.error);
        check_text(s.error.text, "");
        snprintf(s.p.pod, sizeof s.p.pod, "things-1");
        return s;
}

static inline void begin(struct stage *s)
{
        s->p.faults = admin_faults(&s->p);
        s->admin = admin_open(&s->p, &s->error);
}

static inline void end(struct stage *s)
{
        admin_close(&s->admin);
        faults_close(&s->p.faults);
        config_close(&s->p.config);
        arena_close(&s->arena);
}

/* One request and its whole answer; fields are whole lines. */
static inline const char *asked(const struct stage *s, const char *line, const char *fields,
                                const char *body)
{
        char request[9000];

        snprintf(request, sizeof request,
                 "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%sContent-Length: "
                 "%zu\r\n\r\n%s",
                 line, fields, strlen(body), body);
        return ask(admin_port(s->admin), request);
}

static const char json_field[] = "Content-Type: application/json\r\n";

static inline const char *posted(const struct stage *s, const char *body)
{
        return asked(s, "POST /faults", json_field, body);
}

#endif
