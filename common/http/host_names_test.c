/* Which names a stranger can make lead here, and which of them are allowed. */
#include "http/host_names.h"

#include "testing/check.h"

#include <stddef.h>

static void names_that_somebody_can_own_are_known(void)
{
        static const char *const nobodys[] = {
                "localhost",           "localhost:9081",
                "127.0.0.1:9081",      "10.0.0.3",
                "[::1]:9081",          "order-admin:9091",
                "order.localhost",     "order-admin.mall.svc.cluster.local:9091",
                "order-admin.mall.svc"};
        static const char *const somebodys[] = {"evil.example",
                                                "evil.example:9081",
                                                "127.0.0.1.nip.io",
                                                "1.127.0.0.1",
                                                "cluster.local.evil.example",
                                                "localhost.evil.example",
                                                "evilsvc.example",
                                                "svc.example",
                                                "localhost.",
                                                ".svc",
                                                ":80",
                                                ""};

        for (size_t i = 0; i < sizeof nobodys / sizeof *nobodys; i++)
                check_text(host_is_nobodys(nobodys[i]) ? nobodys[i] : "refused", nobodys[i]);
        for (size_t i = 0; i < sizeof somebodys / sizeof *somebodys; i++)
                check_text(host_is_nobodys(somebodys[i]) ? "taken" : somebodys[i], somebodys[i]);
}

static void a_list_has_names_and_all_below_one(void)
{
        static const char list[] = "shop.example, .elb.amazonaws.com,,other.example";
        static const char *const in[] = {"shop.example", "SHOP.example:8088",
                                         "a-1.eu-central-1.elb.amazonaws.com",
                                         "a.ELB.amazonaws.com:80", "other.example"};
        static const char *const out[] = {"evil.example",
                                          "a.shop.example",
                                          "shop.example.evil",
                                          "elb.amazonaws.com",
                                          ".elb.amazonaws.com",
                                          "evil-elb.amazonaws.com",
                                          "elb.amazonaws.com.evil",
                                          "shop.exampl",
                                          "",
                                          ":80"};

        for (size_t i = 0; i < sizeof in / sizeof *in; i++)
                check_text(host_is_listed(in[i], list) ? in[i] : "not listed", in[i]);
        for (size_t i = 0; i < sizeof out / sizeof *out; i++)
                check_text(host_is_listed(out[i], list) ? "listed" : out[i], out[i]);
        check(!host_is_listed("shop.example", ""));
        check(!host_is_listed("shop.example", ","));
        check(!host_is_listed("", ""));
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(names_that_somebody_can_own_are_known),
                STORY(a_list_has_names_and_all_below_one),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
