#include "base/redact.h"

#include "testing/check.h"

#include <string.h>

static void passwords_are_hidden_also_badly_escaped_ones(void)
{
        static const struct {
                const char *url, *shown;
        } cases[] = {
                {"postgresql://mall:secret@db:5432/mall", "postgresql://mall:***@db:5432/mall"},
                {"postgres://mall:secret@db/mall?sslmode=require",
                 "postgres://mall:***@db/mall?sslmode=require"},
                {"postgresql://mall:sec@ret@db/mall", "postgresql://mall:***@db/mall"},
                {"postgresql://mall:sec/ret@db/mall", "postgresql://mall:***@db/mall"},
                {"postgresql://mall:sec?ret@db/mall", "postgresql://mall:***"},
                {"postgresql://ma/ll:secret@db", "postgresql://ma:***@db"},
                {"postgresql://:secret@db", "postgresql://:***@db"},
                {"postgresql://db/mall?user=mall&password=secret&sslmode=require",
                 "postgresql://db/mall?user=mall&password=***&sslmode=require"},
                {"postgresql://db/mall?%70assword=secret", "postgresql://db/mall?%70assword=***"},
                {"postgresql://db/mall?sslpassword=secret", "postgresql://db/mall?sslpassword=***"},
                {"postgresql://db/mall?secret", "postgresql://db/mall?=***"},
                {"postgresql://db/mall?a&secret&host=h", "postgresql://db/mall?=***&=***&host=h"},
                {"postgresql://db/mall?options=-c%20secret", "postgresql://db/mall?options=***"},
                {"postgresql://db:5432/mall?user=a@b&password=secret", "postgresql://db:***"},
                {"postgresql://db/mall?password=se@cret", "postgresql://db:***"},
                {"postgresql://mall:a@db/mall?password=se@cret&sslmode=require",
                 "postgresql://mall:***"},
                {"postgresql://mall:se?cr@et@db", "postgresql://mall:***"},
                {"host=db user=mall password=secret", "***"},
                {"user=a@b password=secret", "***"},
                {"kafka://user:secret@broker:9092/mall", "kafka://user:***@broker:9092/mall"},
                {"http://user:secret@product:8080", "http://user:***@product:8080"},
                {"http://secret@product:8080", "http://***@product:8080"},
        };
        char shown[REDACTED];

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
                check_text(redact(cases[i].url, shown), cases[i].shown);
}

static void what_has_none_stays(void)
{
        static const char *const urls[] = {
                "postgresql://mall@db:5432/mall",
                "postgresql://mall@/postgres?host=/run/postgresql&user=other",
                "postgresql://db/mall",
                "sqlite:/data/order.db",
                "kafka://a:9092,b:9092/mall",
                "log:/data/mall.log",
                "http://product:8080",
                "nonsense",
                "",
                "postgresql://[::1]:5432/mall",
        };
        char shown[REDACTED];

        for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
                check_text(redact(urls[i], shown), urls[i]);
}

static void what_is_long_is_cut(void)
{
        char url[1000] = "postgresql://mall:secret@", shown[REDACTED];

        memset(url + strlen(url), 'x', 900);
        check(strlen(redact(url, shown)) == REDACTED - 1);
        check(!strstr(shown, "secret"));
        memset(url + sizeof "postgresql://" - 1, 'u', 900);
        strcpy(url + 950, ":secret@db");
        check(!strstr(redact(url, shown), "secret"));
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(passwords_are_hidden_also_badly_escaped_ones),
                STORY(what_has_none_stays),
                STORY(what_is_long_is_cut),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
