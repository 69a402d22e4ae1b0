#include "service/pods.h"

#include "base/json.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 200, TEXT = 128 };

struct pods {
        pthread_mutex_t lock;
        struct pod {
                char service[TEXT], pod[TEXT], version[TEXT];
                int64_t seen;
        } list[MOST];
        size_t count;
};

struct pods *pods_open(void)
{
        struct pods *pods = memory_alloc(sizeof *pods);

        pthread_mutex_init(&pods->lock, NULL);
        return pods;
}

void pods_close(struct pods **pods)
{
        if (*pods)
                pthread_mutex_destroy(&(*pods)->lock);
        free(*pods);
        *pods = NULL;
}

static bool is(const char *kept, const char *text)
{
        return strncmp(kept, text, TEXT - 1) == 0;
}

/* The pod's own place, or a new one, which may be that of the pod that was seen longest ago. */
static struct pod *place_of(struct pods *pods, const char *service, const char *pod,
                            const char *version)
{
        struct pod *oldest = pods->list;

        for (struct pod *p = pods->list; p < pods->list + pods->count; p++) {
                if (is(p->service, service) && is(p->pod, pod) && is(p->version, version))
                        return p;
                if (p->seen < oldest->seen)
                        oldest = p;
        }
        if (pods->count < MOST)
                oldest = &pods->list[pods->count++];
        memset(oldest, 0, sizeof *oldest);
        strncpy(oldest->service, service, TEXT - 1);
        strncpy(oldest->pod, pod, TEXT - 1);
        strncpy(oldest->version, version, TEXT - 1);
        return oldest;
}

void pods_see(struct pods *pods, const char *service, const char *pod, const char *version,
              int64_t at)
{
        struct pod *p;

        if (!service || !pod)
                return;
        pthread_mutex_lock(&pods->lock);
        p = place_of(pods, service, pod, version ? version : "");
        if (at > p->seen)
                p->seen = at;
        pthread_mutex_unlock(&pods->lock);
}

void pods_write(struct pods *pods, const char *service, struct text *out)
{
        const char *between = "";

        text_char(out, '[');
        pthread_mutex_lock(&pods->lock);
        for (const struct pod *p = pods->list; p < pods->list + pods->count; p++) {
                if (!is(p->service, service))
                        continue;
                text_printf(out, "%s{\"pod\":", between);
                json_write_string(out, p->pod);
                text_string(out, ",\"version\":");
                json_write_string(out, *p->version ? p->version : NULL);
                text_printf(out, ",\"seen\":%lld}", (long long)p->seen);
                between = ",";
        }
        pthread_mutex_unlock(&pods->lock);
        text_char(out, ']');
}
