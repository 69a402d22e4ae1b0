/* Which addresses are of this machine alone, and which file has a token. */
#include "service/admin_guard.h"

#include "testing/check.h"

#include <stdio.h>
#include <string.h>

static void a_file_without_a_token_is_refused(void)
{
        static char long_one[ADMIN_TOKEN_MOST + 10];
        const struct {
                const char *text, *why;
        } rows[] = {{"", "is empty"},
                    {" \r\n\n", "is empty"},
                    {"a b", "visible ASCII"},
                    {"a\nb\n", "visible ASCII"},
                    {"a\x01"
                     "b",
                     "visible ASCII"},
                    {"\xc3\xa4", "visible ASCII"},
                    {long_one, "too long"}};
        char token[ADMIN_TOKEN_MOST + 1];

        memset(long_one, 'x', ADMIN_TOKEN_MOST + 1);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct error error = {0};
                const char *path = check_written("token", rows[i].text);

                check(!admin_token_read(path, token, &error));
                check_int(error.kind, ERROR_BAD_INPUT);
                check_contains(error.text, "MALL_ADMIN_TOKEN_FILE=");
                check_contains(error.text, path);
                check_contains(error.text, rows[i].why);
        }
        long_one[ADMIN_TOKEN_MOST] = '\0';
        check(admin_token_read(check_written("token", long_one), token, &(struct error){0}));
        check_text(token, long_one);
        check(!admin_token_read("/nowhere", token, &(struct error){0}));
        check(!admin_token_read(check_directory(), token, &(struct error){0}));
}

static void an_address_of_this_machine_is_known(void)
{
        check(admin_address_is_loopback("127.0.0.1") && admin_address_is_loopback("::1"));
        check(!admin_address_is_loopback("0.0.0.0") && !admin_address_is_loopback("::") &&
              !admin_address_is_loopback("10.0.0.3"));
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_file_without_a_token_is_refused),
                STORY(an_address_of_this_machine_is_known),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
