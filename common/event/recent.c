#include "event/recent.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/ring_index.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_AN_EVENT = 1024 };

struct recent {
        struct recent_config config;
        pthread_mutex_t lock; /* all below */
        struct recent_event *ring;
        struct ring_index subjects, traces, identities;
        uint64_t first, end;
        size_t bytes;
        int64_t newest[RECENT_PARTITIONS], before[RECENT_PARTITIONS];
        struct {
                char *type;
                uint64_t count;
        } types[RECENT_TYPES]; /* the caller's own first */
};

struct recent *recent_open(const struct recent_config *config)
{
        struct recent *r = memory_alloc(sizeof *r);
        size_t most = config->most;

        r->config = *config;
        r->ring = memory_alloc(most * sizeof *r->ring);
        pthread_mutex_init(&r->lock, NULL);
        ring_index_open(&r->subjects, most);
        ring_index_open(&r->traces, most);
        ring_index_open(&r->identities, most);
        memset(r->newest, 0xff, sizeof r->newest);
        memset(r->before, 0xff, sizeof r->before);
        for (size_t i = 0; i < RECENT_TYPES - 1 && config->types[i].type; i++)
                r->types[i].type = memory_string(config->types[i].type);
        return r;
}

static struct recent_event *event_at(const struct recent *r, uint64_t n)
{
        return &r->ring[n % r->config.most];
}

/* ---- adding ---- */

static const struct recent_type *type_of(const struct recent *r, const char *name)
{
        static const struct recent_type other = {.type = NULL};

        for (const struct recent_type *type = r->config.types; name && type->type; type++)
                if (strcmp(type->type, name) == 0)
                        return type;
        return &other;
}

static uint64_t hash_of(const char *text)
{
        return text ? hash_bytes(text, strlen(text)) | 1 : 0;
}

static int64_t subject_of(const struct recent_type *type, const char *key)
{
        char *end;
        long long id;

        if (!type->by_key || !key || *key < '0' || *key > '9')
                return -1;
        id = strtoll(key, &end, 10);
        return *end ? -1 : id;
}

static struct recent_event event_of(const struct recent *r, const struct sighting *s,
                                    const struct record *record, struct arena *arena)
{
        const struct recent_type *type = type_of(r, s->type);
        const char *store =
                type->is_home ? s->source : record_header(record, r->config.store_header, arena);

        return (struct recent_event){
                .partition = s->partition,
                .offset = s->offset,
                .announced = s->announced,
                .subject = subject_of(type, s->key),
                .trace = hash_of(s->trace),
                .identity = s->source && s->id ? hash_of(s->source) * 31 ^ hash_of(s->id) : 0,
                .store = hash_of(store),
                .id = (uint32_t)hash_of(s->id),
                .cause = (uint32_t)hash_of(s->cause),
                .type = type,
        };
}

static bool is_known(const struct recent_event *e, const struct recent_event *other)
{
        return other->partition == e->partition && other->offset == e->offset;
}

/* An event of the same identity; the very same record, if that is there. */
static const struct recent_event *twin_of(const struct recent *r, const struct recent_event *e)
{
        const struct recent_event *twin = NULL;
        uint32_t slot =
                e->identity ? ring_index_first(&r->identities, e->identity) : RING_INDEX_NONE;

        for (; slot != RING_INDEX_NONE; slot = ring_index_next(&r->identities, slot))
                if (r->ring[slot].identity == e->identity && !(twin && is_known(e, twin)))
                        twin = &r->ring[slot];
        return twin;
}

static void forget_oldest(struct recent *r)
{
        uint32_t slot = (uint32_t)(r->first++ % r->config.most);
        struct recent_event *e = &r->ring[slot];

        if (e->subject >= 0)
                ring_index_drop(&r->subjects, (uint64_t)e->subject, slot);
        if (e->trace)
                ring_index_drop(&r->traces, e->trace, slot);
        if (e->identity)
                ring_index_drop(&r->identities, e->identity, slot);
        r->before[e->partition] = e->offset;
        r->bytes -= e->len;
        free(e->line);
}

static void keep(struct recent *r, const struct recent_event *e)
{
        uint32_t slot = (uint32_t)(r->end % r->config.most);

        while (r->end - r->first == r->config.most ||
               (r->first < r->end && r->bytes + e->len > r->config.most * BYTES_AN_EVENT))
                forget_oldest(r);
        r->ring[slot] = *e;
        if (e->subject >= 0)
                ring_index_add(&r->subjects, (uint64_t)e->subject, slot);
        if (e->trace)
                ring_index_add(&r->traces, e->trace, slot);
        if (e->identity)
                ring_index_add(&r->identities, e->identity, slot);
        if (r->newest[e->partition] < 0)
                r->before[e->partition] = e->offset - 1;
        r->newest[e->partition] = e->offset;
        r->bytes += e->len;
        r->end++;
}

/* Types beyond the bound count as the last one. */
static void count(struct recent *r, const char *type)
{
        size_t i = 0;

        while (i < RECENT_TYPES - 1 && r->types[i].type && strcmp(r->types[i].type, type) != 0)
                i++;
        if (!r->types[i].type)
                r->types[i].type = memory_string(i == RECENT_TYPES - 1 ? "other" : type);
        r->types[i].count++;
}

void recent_add(struct recent *r, const struct record *record, struct arena *arena,
                struct sighting *s)
{
        struct text line = text_open(arena, 600);
        const struct recent_event *twin;
        struct recent_event e;

        sighting_read(record, arena, s);
        if (record->partition < 0 || record->partition >= RECENT_PARTITIONS)
                return;
        e = event_of(r, s, record, arena);
        twin = twin_of(r, &e); /* only this thread changes anything */
        if (twin && is_known(&e, twin))
                return;
        e.duplicate = twin != NULL;
        sighting_write(&line, s, e.duplicate);
        e.len = (uint32_t)line.len;
        e.line = memory_alloc(line.len + 1);
        memcpy(e.line, line.at, line.len);
        pthread_mutex_lock(&r->lock);
        keep(r, &e);
        count(r, s->type ? s->type : "unknown");
        pthread_mutex_unlock(&r->lock);
}

/* ---- reading ---- */

struct recent_span recent_span(struct recent *r)
{
        struct recent_span span;

        pthread_mutex_lock(&r->lock);
        span = (struct recent_span){r->first, r->end,
                                    r->first < r->end ? event_at(r, r->first)->announced : 0};
        pthread_mutex_unlock(&r->lock);
        return span;
}

uint64_t recent_each(struct recent *r, uint64_t from,
                     bool (*each)(void *arg, const struct recent_event *event), void *arg)
{
        uint64_t n;

        pthread_mutex_lock(&r->lock);
        n = from < r->first ? r->first : from;
        while (n < r->end && each(arg, event_at(r, n)))
                n++;
        pthread_mutex_unlock(&r->lock);
        return n;
}

void recent_find(struct recent *r, int64_t subject, uint64_t trace,
                 bool (*each)(void *arg, const struct recent_event *event), void *arg)
{
        const struct ring_index *index = trace ? &r->traces : &r->subjects;
        uint32_t slot;

        pthread_mutex_lock(&r->lock);
        slot = ring_index_first(index, trace ? trace : (uint64_t)subject);
        for (bool more = true; more && slot != RING_INDEX_NONE;
             slot = ring_index_next(index, slot)) {
                const struct recent_event *e = &r->ring[slot];

                if (trace ? e->trace == trace : e->subject == subject)
                        more = each(arg, e);
        }
        pthread_mutex_unlock(&r->lock);
}

static int64_t offset_of(struct recent *r, const int64_t *offsets, int32_t partition)
{
        int64_t offset = -1;

        pthread_mutex_lock(&r->lock);
        if (partition >= 0 && partition < RECENT_PARTITIONS)
                offset = offsets[partition];
        pthread_mutex_unlock(&r->lock);
        return offset;
}

int64_t recent_newest(struct recent *r, int32_t partition)
{
        return offset_of(r, r->newest, partition);
}

int64_t recent_before(struct recent *r, int32_t partition)
{
        return offset_of(r, r->before, partition);
}

uint64_t recent_counts(struct recent *r, struct text *out)
{
        uint64_t all = 0;

        pthread_mutex_lock(&r->lock);
        text_char(out, '{');
        for (size_t i = 0; i < RECENT_TYPES && r->types[i].type; i++) {
                if (!r->types[i].count)
                        continue;
                if (all)
                        text_char(out, ',');
                json_write_string(out, r->types[i].type);
                text_char(out, ':');
                text_int(out, (int64_t)r->types[i].count);
                all += r->types[i].count;
        }
        text_char(out, '}');
        pthread_mutex_unlock(&r->lock);
        return all;
}

void recent_close(struct recent **at)
{
        struct recent *r = *at;

        if (!r)
                return;
        *at = NULL;
        while (r->first < r->end)
                forget_oldest(r);
        for (size_t i = 0; i < RECENT_TYPES; i++)
                free(r->types[i].type);
        ring_index_close(&r->subjects);
        ring_index_close(&r->traces);
        ring_index_close(&r->identities);
        pthread_mutex_destroy(&r->lock);
        free(r->ring);
        free(r);
}
