#include "http/method.h"

#include "testing/check.h"

#include <stddef.h>

static void a_method_has_a_row_and_its_row_a_name(void)
{
        static const char *const known[] = {"GET",    "POST", "PUT",     "PATCH",
                                            "DELETE", "HEAD", "OPTIONS", "TRACE"};

        for (int i = 0; i < 8; i++) {
                check_int(method_row(known[i]), i);
                check_text(method_name(i), known[i]);
        }
        check(method_row("get") == -1 && method_row("") == -1 && method_row("GETS") == -1);
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(a_method_has_a_row_and_its_row_a_name),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
