#include "gateway/proxy/absent.h"

#include "http/negotiate.h"

#include <string.h>

#define MAKE_RUN "make run"
#define KUBECTL "kubectl apply -k deploy/k8s/overlays/lab/shop -l app=frontend"
#define PIPELINE "aws codebuild start-build --project-name user23-frontend"

/* What a page says, beside what is absent. */
struct words {
        const char *language; /* as in Accept-Language */
        const char *title, *lead;
        const char *route, *address, *reason;
        const char *start, *here, *cluster, *pipeline;
        const char *again;
};

static const struct words all_words[] = {
        {
                .language = "en",
                .title = "The console is not there",
                .lead = "The gateway works, but it cannot reach what this page comes from.",
                .route = "Route",
                .address = "Address",
                .reason = "Reason",
                .start = "How to start it",
                .here = "On this machine, with all other daemons",
                .cluster = "On Kubernetes",
                .pipeline = "By its pipeline",
                .again = "Try again",
        },
        {
                .language = "ko",
                .title = "콘솔이 없습니다",
                .lead = "게이트웨이는 동작하지만, 이 페이지를 보내 주는 곳에 연결할 수 없습니다.",
                .route = "라우트",
                .address = "주소",
                .reason = "이유",
                .start = "시작하는 방법",
                .here = "이 컴퓨터에서, 다른 데몬과 함께",
                .cluster = "쿠버네티스에서",
                .pipeline = "파이프라인으로",
                .again = "다시 시도",
        },
};

bool absent_is_asked_for(const struct http_request *r)
{
        return strcmp(r->path, "/") == 0 &&
               (strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0);
}

static const struct words *words_for(const char *accept_language)
{
        static const char *const languages[] = {"en", "ko", NULL};

        return &all_words[negotiate_language(accept_language, languages) == languages[1]];
}

/* As text of HTML: nothing in it is markup. */
static void add_plain(struct text *page, const char *plain)
{
        for (; *plain; plain++)
                if (strchr("<>&\"'", *plain))
                        text_printf(page, "&#%d;", *plain);
                else
                        text_char(page, *plain);
}

static void add_row(struct text *page, const char *term, const char *code)
{
        text_printf(page, "<dt>%s</dt><dd><code>", term);
        add_plain(page, code);
        text_string(page, "</code></dd>\n");
}

/* Without style and script, which would have to come from where nobody answers. */
static void write_page(struct text *page, const struct words *w, const struct absence *a)
{
        text_printf(page,
                    "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>%s</title>\n"
                    "</head>\n<body>\n<main>\n<h1>%s</h1>\n<p>%s</p>\n<dl>\n",
                    w->language, w->title, w->title, w->lead);
        add_row(page, w->route, a->route);
        add_row(page, w->address, a->uri);
        add_row(page, w->reason, a->reason);
        text_printf(page, "</dl>\n<h2>%s</h2>\n<dl>\n", w->start);
        add_row(page, w->here, MAKE_RUN);
        add_row(page, w->cluster, KUBECTL);
        add_row(page, w->pipeline, PIPELINE);
        text_printf(page, "</dl>\n<p><a href=\"/\">%s</a></p>\n</main>\n</body>\n</html>\n",
                    w->again);
}

static void answer_page(struct http_request *r, const struct absence *a)
{
        struct text page = text_open(r->arena, 2048);

        write_page(&page, words_for(http_header_list(r, "Accept-Language")), a);
        http_answer_body(r, 503, "text/html; charset=utf-8", &page);
        http_answer_pass(r, "Content-Security-Policy",
                         "default-src 'none'; base-uri 'none'; form-action 'none'; "
                         "frame-ancestors 'none'");
}

void absent_answer(struct http_request *r, const struct absence *a)
{
        static const char *const types[] = {"application/problem+json", "text/html", NULL};

        if (negotiate(http_header_list(r, "Accept"), types) == types[1])
                answer_page(r, a);
        else
                http_answer_problem(r, 503,
                                    "route %s: %s cannot be reached: %s. To start it: " MAKE_RUN
                                    "; on Kubernetes: " KUBECTL "; by its pipeline: " PIPELINE,
                                    a->route, a->uri, a->reason);
        http_answer_pass(r, "Vary", "Accept, Accept-Language");
}
