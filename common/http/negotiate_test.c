/* Media types and entity tags, as the client lists them (RFC 9110). */
#include "http/negotiate.h"

#include "testing/check.h"

static const char *const offered[] = {"application/hal+json", "application/json", NULL};

static void the_best_is_chosen(void)
{
        static const struct {
                const char *accept, *chosen;
        } table[] = {
                {NULL, "application/hal+json"},
                {"", "application/hal+json"},
                {"*/*", "application/hal+json"},
                {"application/*", "application/json"}, /* as from the reference */
                {"APPLICATION/*;q=0.5, text/html", "application/json"},
                {"application/*, */*", "application/json"},
                {"*/*;q=0.1, application/*;q=0.1", "application/json"},
                {"application/*, application/hal+json",
                 "application/json"}, /* equal: the client's order */
                {"application/hal+json, application/*", "application/hal+json"},
                {"application/*;q=0.5, application/hal+json;q=0.6", "application/hal+json"},
                {"application/*, application/json;q=0", "application/hal+json"},
                {"application/json", "application/json"},
                {"APPLICATION/JSON", "application/json"},
                {"application/hal+json", "application/hal+json"},
                {"application/json;charset=UTF-8", "application/json"},
                {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                 "application/hal+json"},                            /* a browser */
                {"application/json, */*;q=0.5", "application/json"}, /* httpie */
                {"application/json;q=0.5, application/hal+json;q=0.6", "application/hal+json"},
                {"application/json;q=0.6, application/hal+json;q=0.5", "application/json"},
                {"application/json, application/hal+json",
                 "application/json"}, /* equal: the client's order */
                {"application/hal+json, application/json", "application/hal+json"},
                {"application/*;q=0.9, application/json;q=0.1",
                 "application/hal+json"}, /* the exact range decides */
                {"*/*, application/hal+json;q=0", "application/json"},
                {"application/json ; q=0.5 , text/html", "application/json"},
                {"text/html;level=1;q=1,application/json;v=2;Q=0.1", "application/json"},
                {"text/html", NULL},
                {"text/*", NULL},
                {"application/jsonx", NULL},
                {"application/json;q=0", NULL},
                {"application/json;q=0.0, text/html", NULL},
                {",,", NULL},
        };

        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
                const char *chosen = negotiate(table[i].accept, offered);

                if (!chosen != !table[i].chosen)
                        check_text(table[i].accept, table[i].chosen);
                check_text(chosen, table[i].chosen);
        }
}

static void of_formats_alone_the_first_is_chosen(void)
{
        static const char *const formats[] = {"application/alps+json", "application/schema+json",
                                              NULL};

        check_text(negotiate("application/*", formats), "application/alps+json");
        check_text(negotiate("application/*;q=0.1, application/schema+json", formats),
                   "application/schema+json");
}

static void the_language_that_is_liked_best_is_chosen(void)
{
        static const char *const languages[] = {"en", "ko", NULL};
        static const struct {
                const char *accept, *chosen;
        } table[] = {
                {"", "en"},
                {"ko", "ko"},
                {"KO-kr,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"}, /* a browser */
                {"en-US,en;q=0.9,ko;q=0.8", "en"},
                {"de, ko;q=0.1", "ko"},
                {"de-DE", "en"},
                {"ko;q=0.5, en;q=0.5", "ko"}, /* equal: the client's order */
                {"kok", "en"},                /* Konkani */
                {"*", "en"},
                {"ko;q=0", "en"},
                {"*;q=0.1, ko;q=0.2", "ko"},
                {"*;q=0.2, ko;q=0.1", "en"},
                {"x, ko;q=0.5", "ko"},
                {"*-KR, ko;q=0.5", "ko"},
        };

        for (size_t i = 0; i < sizeof table / sizeof *table; i++)
                check_text(negotiate_language(table[i].accept, languages), table[i].chosen);
}

static void a_type_is_itself_whatever_its_parameters(void)
{
        check(media_type_is("application/json", "application/json"));
        check(media_type_is("Application/JSON;charset=utf-8", "application/json"));
        check(media_type_is("application/json ; charset=utf-8", "application/json"));
        check(!media_type_is("application/jsonp", "application/json"));
        check(!media_type_is("application/jso", "application/json"));
        check(!media_type_is("", "application/json"));
}

static void json_has_many_names(void)
{
        static const char *const json[] = {"application/json", "application/hal+json",
                                           "application/vnd.x.v1+json;charset=utf-8",
                                           "application/merge-patch+json", "APPLICATION/HAL+JSON"};
        static const char *const other[] = {"text/plain",
                                            "text/json",
                                            "application/xml",
                                            "application/x-www-form-urlencoded",
                                            "application/+json",
                                            "application/json+xml",
                                            "application/hal+jso",
                                            "",
                                            "json"};

        for (size_t i = 0; i < sizeof json / sizeof *json; i++)
                check(media_type_is_json(json[i]));
        for (size_t i = 0; i < sizeof other / sizeof *other; i++)
                check(!media_type_is_json(other[i]));
}

static void a_charset_is_utf_8_or_none(void)
{
        static const char *const good[] = {"application/json",
                                           "application/json;charset=utf-8",
                                           "application/json; charset=\"UTF-8\"",
                                           "application/json;charset=utf8",
                                           "application/json; v=1;Charset=US-ASCII ",
                                           "application/json;",
                                           "application/json;x-charset=latin1",
                                           "application/json;v=charset=latin1"};
        static const char *const bad[] = {
                "application/json;charset=ISO-8859-1", "application/json; v=1 ; charset=\"utf-16\"",
                "application/json;charset=", "application/json;charset=utf-88",
                "application/json;charset=utf"};

        for (size_t i = 0; i < sizeof good / sizeof *good; i++)
                check_text(media_type_is_utf8(good[i]) ? "" : good[i], "");
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                check_text(media_type_is_utf8(bad[i]) ? bad[i] : "", "");
}

static void a_coding_is_accepted_if_it_is_named(void)
{
        static const char *const yes[] = {"gzip",         "GZIP", "br, gzip;q=0.1",
                                          "deflate,gzip", "*",    "br;q=1.0, *;q=0.5",
                                          "gzip, *;q=0"};
        static const char *const no[] = {"",      "br",       "gzip;q=0", "gzip; q=0.0, *",
                                         "*;q=0", "identity", "gzipp",    "xgzip"};

        for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
                check_text(coding_is_accepted(yes[i], "gzip") ? "" : yes[i], "");
        for (size_t i = 0; i < sizeof no / sizeof *no; i++)
                check_text(coding_is_accepted(no[i], "gzip") ? no[i] : "", "");
}

static void an_entity_tag_is_found_in_a_list(void)
{
        static const struct {
                const char *list;
                bool strong, weak;
        } rows[] = {
                {"\"3\"", true, true},
                {"\"1\", \"3\"", true, true},
                {"\"1\",\"3\" ,\"4\"", true, true},
                {",, \"3\"", true, true},
                {"W/\"3\"", false, true},
                {"W/\"3\", \"3\"", true, true},
                {"\"1\", W/\"3\"", false, true},
                {"\"a,b\", \"3\"", true, true},
                {"*", true, true},
                {" * ", true, true},
                {"\"33\"", false, false},
                {"3", false, false},
                {"\"1\", \"2\"", false, false},
                {"", false, false},
                {"w/\"3\"", false, false}, /* W is case sensitive */
                {"**", false, false},
                {"*, \"1\"", false, false},
                {"\"1\", *", false, false},
                {"\"1, \"3\", \"", false, false}, /* what looks like 3 is between two tags */
                {"\"3", false, false},
                {"\"3\"x", false, false},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                if (etag_list_has(rows[i].list, "\"3\"", ETAG_STRONG) != rows[i].strong ||
                    etag_list_has(rows[i].list, "\"3\"", ETAG_WEAK) != rows[i].weak)
                        check_text(rows[i].list, "compared right");
        }
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(the_best_is_chosen),
                STORY(the_language_that_is_liked_best_is_chosen),
                STORY(of_formats_alone_the_first_is_chosen),
                STORY(a_charset_is_utf_8_or_none),
                STORY(a_type_is_itself_whatever_its_parameters),
                STORY(json_has_many_names),
                STORY(a_coding_is_accepted_if_it_is_named),
                STORY(an_entity_tag_is_found_in_a_list),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
