#include "base/fault.h"

#include "base/faults_kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double TWO_PI = 6.283185307179586;
static const double P99 = 2.3263478740408408; /* standard deviations of a normal distribution */

void fault_free(struct fault *f)
{
        if (!f)
                return;
        free(f->method);
        free(f->path);
        free(f->route);
        free(f->type);
        free(f->key);
        free(f->warning);
        free(f);
}

/* ---- what it strikes ---- */

static bool is_word(const char *wanted, const char *word, size_t len)
{
        return !wanted || (word && strlen(wanted) == len && memcmp(wanted, word, len) == 0);
}

/* Segment by segment. As in Spring, /orders and all below it are /orders/... with ** at its end. */
static bool is_path(const char *template, const char *path)
{
        for (;;) {
                size_t t = strcspn(template, "/"), p = strcspn(path, "/");

                if (strcmp(template, "**") == 0)
                        return true;
                if (template[0] == '{' ? !p : t != p || memcmp(template, path, t) != 0)
                        return false;
                template += t;
                path += p;
                if (!*template || !*path)
                        return !*path && (!*template || strcmp(template, "/**") == 0);
                template ++;
                path++;
        }
}

/* Where one looks at the daemon, and where the console switches faults off. */
static const char *spared_part(const char *path)
{
        static const char *const spared[] = {"/actuator", "/faults"};

        for (size_t i = 0; path && i < sizeof spared / sizeof *spared; i++) {
                size_t len = strlen(spared[i]);

                if (strncmp(path, spared[i], len) == 0 && (!path[len] || path[len] == '/'))
                        return spared[i];
        }
        return NULL;
}

bool fault_matches(const struct fault *f, const struct fault_place *at)
{
        const char *spared = spared_part(at->path);

        if (spared && spared_part(f->path) != spared)
                return false;
        return is_word(f->method, at->method, at->method ? strlen(at->method) : 0) &&
               is_word(f->route, at->route, at->route ? strlen(at->route) : 0) &&
               is_word(f->type, at->type, at->type_len) && is_word(f->key, at->key, at->key_len) &&
               (!f->path || (at->path && is_path(f->path, at->path)));
}

/* ---- by how much it delays ---- */

double fault_draw(struct prng *random)
{
        return (double)(prng_draw(random) >> 11) * 0x1p-53;
}

/* A latency has a long tail: its logarithm is normal, drawn as Box and Muller do (1958). */
int64_t fault_delay_us(const struct fault *f, struct prng *random)
{
        double sigma, normal, ms;

        if (!f->p50_ms)
                return f->delay_ms * 1000;
        sigma = log((double)f->p99_ms / (double)f->p50_ms) / P99;
        normal = sqrt(-2 * log(1 - fault_draw(random))) * cos(TWO_PI * fault_draw(random));
        ms = (double)f->p50_ms * exp(sigma * normal);
        return (int64_t)(fmin(ms, (double)fault_rows[f->kind].most_delay_ms) * 1000);
}
