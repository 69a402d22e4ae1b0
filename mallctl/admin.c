#include "mallctl/admin.h"

#include "audit/ask.h"
#include "mallctl/columns.h"
#include "mallctl/names.h"
#include "service/admin_guard.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MS = 15000 };

struct admin_client {
        CURL *easy;
        struct curl_slist *headers;
        struct arena *scratch;
        const atomic_bool *stop;
};

static bool add_token(struct admin_client *a, const char *path, struct error *error)
{
        char token[ADMIN_TOKEN_MOST + 1], header[ADMIN_TOKEN_MOST + 40];

        if (!path)
                return true;
        if (!admin_token_read(path, token, error))
                return false;
        snprintf(header, sizeof header, "Authorization: Bearer %s", token);
        a->headers = curl_slist_append(a->headers, header);
        return true;
}

struct admin_client *admin_open(const char *token_file, const atomic_bool *stop,
                                struct error *error)
{
        struct admin_client *a = memory_alloc(sizeof *a);

        a->stop = stop;
        a->scratch = arena_open();
        a->easy = curl_easy_init();
        a->headers = curl_slist_append(NULL, "Content-Type: application/json");
        if (!a->easy)
                error_set(error, ERROR_INTERNAL, "libcurl gives no handle");
        else if (add_token(a, token_file, error))
                return a;
        admin_close(&a);
        return NULL;
}

void admin_close(struct admin_client **admin)
{
        struct admin_client *a = *admin;

        if (!a)
                return;
        curl_easy_cleanup(a->easy);
        curl_slist_free_all(a->headers);
        arena_close(&a->scratch);
        free(a);
        *admin = NULL;
}

void admin_do_not_stop(struct admin_client *a)
{
        a->stop = NULL;
}

bool admin_ask(struct admin_client *a, const struct admin_listener *listener, const char *method,
               const char *path, const char *json, struct admin_answer *answer, struct error *error)
{
        struct error ignored;
        struct text body;
        struct ask one = {.easy = a->easy,
                          .scratch = a->scratch,
                          .method = method,
                          .body = json,
                          .headers = a->headers,
                          .most_ms = MOST_MS,
                          .stop = a->stop,
                          .error = error};

        arena_reset(a->scratch);
        body = text_open(a->scratch, 4096);
        one.url = arena_printf(a->scratch, "%s%s", listener->url, path);
        *answer = (struct admin_answer){0};
        if (!ask(&one, &body, &answer->status))
                return false;
        one.error = &ignored;
        if (body.len)
                answer->body = ask_parse(&one, &body);
        return true;
}

const char *admin_refusal(struct arena *arena, const struct admin_answer *answer)
{
        const char *title = cJSON_GetStringValue(cJSON_GetObjectItem(answer->body, "title"));
        const char *detail = cJSON_GetStringValue(cJSON_GetObjectItem(answer->body, "detail"));

        if (answer->status == 401)
                return arena_printf(arena, "it wants a token (401): --token-file%s%s",
                                    detail ? "; " : "", detail ? columns_clean(arena, detail) : "");
        if (!detail)
                detail = title ? title : "no admin listener answers like this";
        return arena_printf(arena, "%s (%ld)", columns_clean(arena, detail), answer->status);
}

const char *admin_name(struct arena *arena, const struct admin_listener *l)
{
        return l->pod ? arena_printf(arena, "pod %s", l->pod)
                      : arena_printf(arena, "%s at %s", l->service, l->url);
}

const char **admin_services(struct arena *arena, const struct admin_listener *listeners,
                            size_t count)
{
        const char **names = arena_alloc(arena, (count + 1) * sizeof *names);
        size_t known = 0;

        for (size_t i = 0; i < count; i++)
                if (!names_have(names, listeners[i].service))
                        names[known++] = listeners[i].service;
        return names;
}
