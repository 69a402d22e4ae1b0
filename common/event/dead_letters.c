#include "event/dead_letters_inside.h"

#include "data/event_form.h"

#include <stdlib.h>
#include <string.h>

/* ---- one group's topic, while it is read ---- */

/* Each letter of the topic, so that the counts are right however many there are. */
struct spot {
        int32_t partition;
        int64_t offset, at_ms;
};

struct reading {
        const struct dead_query *query;
        const struct dead_place *only; /* NULL: all letters */
        struct dead_found *found;
        struct arena *arena, *scratch;
        struct dead_group *group;
        struct spot *spots;
        struct dead_mark *marks;
        size_t spot_count, spot_room, mark_count, mark_room;
        struct dead **kept;
        size_t kept_count, kept_room;
};

static int compare_age(const void *a, const void *b)
{
        const struct dead *left = *(struct dead *const *)a, *right = *(struct dead *const *)b;

        if (left->at_ms != right->at_ms)
                return left->at_ms > right->at_ms ? -1 : 1;
        return (left->place.offset < right->place.offset) -
               (left->place.offset > right->place.offset);
}

/* Of those kept, the newest stay. */
static void prune(struct reading *r)
{
        if (r->kept_count)
                qsort(r->kept, r->kept_count, sizeof(struct dead *), compare_age);
        while (r->kept_count > r->query->most)
                free(r->kept[--r->kept_count]);
}

static void keep_letter(struct reading *r, const struct dead *letter)
{
        r->kept = memory_reserve(r->kept, &r->kept_room, r->kept_count + 1, sizeof(struct dead *));
        r->kept[r->kept_count++] = dead_letter_keep(letter);
        if (r->kept_count > 2 * r->query->most + 100)
                prune(r);
}

static struct record copy_record(const struct record *record, struct arena *arena)
{
        struct record copy = *record;
        struct record_header *headers = arena_alloc(arena, record->header_count * sizeof *headers);

        copy.topic = arena_string(arena, record->topic);
        copy.key = record->key ? arena_copy(arena, record->key, record->key_len) : NULL;
        copy.value = record->value ? arena_copy(arena, record->value, record->value_len) : NULL;
        for (size_t i = 0; i < record->header_count; i++) {
                const struct record_header *h = &record->headers[i];

                headers[i] = (struct record_header){
                        arena_string(arena, h->name),
                        h->value ? arena_copy(arena, h->value, h->len) : NULL, h->len};
        }
        copy.headers = headers;
        return copy;
}

static bool is_only(const struct reading *r, const struct record *record)
{
        return record->partition == r->only->partition && record->offset == r->only->offset;
}

static void take_one(struct reading *r, const struct record *record)
{
        struct dead letter;

        if (!is_only(r, record) ||
            !dead_letter_read(&letter, record, r->only->group, SIZE_MAX, r->arena))
                return;
        r->found->letter = arena_alloc(r->arena, sizeof letter);
        *r->found->letter = letter;
        r->found->record = copy_record(record, r->arena);
}

static void take_letter(struct reading *r, const struct record *record, const struct dead *letter)
{
        r->spots = memory_reserve(r->spots, &r->spot_room, r->spot_count + 1, sizeof *r->spots);
        r->spots[r->spot_count++] =
                (struct spot){record->partition, record->offset, record->timestamp_ms};
        keep_letter(r, letter);
}

static bool take(void *arg, const struct record *record)
{
        struct reading *r = arg;
        struct dead_mark mark;
        struct dead letter;

        if (dead_mark_read(&mark, record, r->scratch)) {
                mark.note = memory_string(mark.note);
                r->marks = memory_reserve(r->marks, &r->mark_room, r->mark_count + 1,
                                          sizeof *r->marks);
                r->marks[r->mark_count++] = mark;
        } else if (r->only) {
                take_one(r, record);
        } else if (dead_letter_read(&letter, record, r->group->name, r->query->value_most,
                                    r->scratch)) {
                take_letter(r, record, &letter);
        } else {
                r->group->strange++;
        }
        arena_reset(r->scratch);
        return true;
}

/* ---- the fold ---- */

static int compare_place(const struct dead_mark *a, int32_t partition, int64_t offset)
{
        if (a->partition != partition)
                return a->partition < partition ? -1 : 1;
        return (a->offset > offset) - (a->offset < offset);
}

/* Of one letter's, replayed comes first, and then the oldest. */
static int compare_marks(const void *a, const void *b)
{
        const struct dead_mark *left = a, *right = b;
        int order = compare_place(left, right->partition, right->offset);

        if (!order)
                order = (int)left->state - (int)right->state;
        return order ? order : (left->at_ms > right->at_ms) - (left->at_ms < right->at_ms);
}

/* NULL: the letter is open. */
static const struct dead_mark *mark_of(const struct reading *r, int32_t partition, int64_t offset)
{
        size_t from = 0, to = r->mark_count;

        while (from < to) {
                size_t middle = from + (to - from) / 2;

                if (compare_place(&r->marks[middle], partition, offset) < 0)
                        from = middle + 1;
                else
                        to = middle;
        }
        return from < r->mark_count && !compare_place(&r->marks[from], partition, offset)
                       ? &r->marks[from]
                       : NULL;
}

static void mark_letter(const struct reading *r, struct dead *letter)
{
        const struct dead_mark *mark = mark_of(r, letter->place.partition, letter->place.offset);

        letter->state = mark ? mark->state : DEAD_OPEN;
        letter->note = mark ? arena_string(r->arena, mark->note) : NULL;
}

static void count_letters(struct reading *r)
{
        struct dead_group *g = r->group;

        g->letters = r->spot_count;
        for (size_t i = 0; i < r->spot_count; i++) {
                const struct spot *s = &r->spots[i];

                if (mark_of(r, s->partition, s->offset))
                        continue;
                g->open++;
                if (!g->oldest_ms || s->at_ms < g->oldest_ms)
                        g->oldest_ms = s->at_ms;
        }
}

static void fold(struct reading *r, size_t first)
{
        if (r->mark_count)
                qsort(r->marks, r->mark_count, sizeof *r->marks, compare_marks);
        for (size_t i = first; i < r->kept_count; i++)
                if (strcmp(r->kept[i]->place.group, r->group->name) == 0)
                        mark_letter(r, r->kept[i]);
        if (r->only && r->found->letter)
                mark_letter(r, r->found->letter);
        if (r->group)
                count_letters(r);
}

/* ---- reading ---- */

static void forget_topic(struct reading *r)
{
        for (size_t i = 0; i < r->mark_count; i++)
                free(r->marks[i].note);
        r->mark_count = r->spot_count = 0;
}

static bool read_topic(struct reading *r, const char *topic, struct error *error)
{
        struct bus_config config = *r->query->bus;
        struct bus_through through = {.take = take, .arg = r, .stop = r->query->stop};
        bool good;

        config.topic = topic;
        config.quiet = true; /* the error says enough */
        good = bus_read_through(&config, &through, error);
        if (good)
                fold(r, 0);
        forget_topic(r);
        return good;
}

static void reading_end(struct reading *r)
{
        free(r->spots);
        free(r->marks);
        arena_close(&r->scratch);
}

struct topic_names {
        struct arena *arena;
        const char **topics;
        size_t count, room;
};

static void take_topic(void *arg, const char *topic)
{
        struct topic_names *n = arg;

        n->topics =
                arena_reserve(n->arena, n->topics, &n->room, n->count + 1, sizeof(const char *));
        n->topics[n->count++] = arena_string(n->arena, topic);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool find_topics(struct topic_names *n, const struct dead_query *query, struct error *error)
{
        struct bus_config config = *query->bus;

        config.quiet = true;
        if (query->group) {
                take_topic(n, arena_printf(n->arena, DEAD_TOPICS "%s", query->group));
                return true;
        }
        if (!bus_list_topics(&config, DEAD_TOPICS, take_topic, n, error))
                return false;
        if (n->count)
                qsort(n->topics, n->count, sizeof(const char *), compare_names);
        return true;
}

bool dead_letters_read(struct dead_letters *letters, const struct dead_query *query,
                       struct error *error)
{
        struct reading r = {.query = query};
        struct topic_names names = {.arena = arena_open()};
        bool good;

        *letters = (struct dead_letters){.arena = names.arena};
        r.arena = letters->arena;
        r.scratch = arena_open();
        good = find_topics(&names, query, error);
        letters->groups = arena_alloc(r.arena, names.count * sizeof *letters->groups + 1);
        for (size_t i = 0; good && i < names.count; i++) {
                r.group = &letters->groups[letters->group_count++];
                r.group->topic = names.topics[i];
                r.group->name = names.topics[i] + strlen(DEAD_TOPICS);
                good = read_topic(&r, names.topics[i], error);
        }
        prune(&r);
        letters->letters = r.kept;
        letters->count = r.kept_count;
        reading_end(&r);
        return good;
}

void dead_letters_close(struct dead_letters *letters)
{
        for (size_t i = 0; i < letters->count; i++)
                free(letters->letters[i]);
        free(letters->letters);
        arena_close(&letters->arena);
        *letters = (struct dead_letters){0};
}

bool dead_letters_look_up(const struct bus_config *bus, const struct dead_place *place,
                          struct arena *arena, struct dead_found *found, struct error *error)
{
        struct dead_query query = {.bus = bus};
        struct reading r = {.query = &query, .only = place, .found = found, .arena = arena};
        bool good;

        *found = (struct dead_found){0};
        r.scratch = arena_open();
        good = read_topic(&r, arena_printf(arena, DEAD_TOPICS "%s", place->group), error);
        reading_end(&r);
        if (good && !found->letter)
                return error_set(error, ERROR_NOT_FOUND, "there is no dead letter %.100s/%d/%lld",
                                 place->group, place->partition, (long long)place->offset);
        return good;
}

const struct dead *dead_letter_find(const struct bus_config *bus, const struct dead_place *place,
                                    struct arena *arena, struct error *error)
{
        struct dead_found found;

        return dead_letters_look_up(bus, place, arena, &found, error) ? found.letter : NULL;
}
