#include "event/dead_letters_inside.h"

#include <stdlib.h>
#include <string.h>

/* Each letter of the topics, so that the counts are right however many there are. */
struct spot {
        int64_t offset, at_ms;
        int32_t partition;
        uint16_t group; /* its index */
        bool is_open;
};

/* One that is kept. */
struct pick {
        struct spot spot;
        struct dead *letter; /* NULL: not found yet */
        struct dead_mark mark;
        bool is_marked;
        const char *note;
};

struct reading {
        const struct dead_query *query;
        struct arena *arena, *scratch;
        const char *group; /* whose topic is read */
        /* the survey */
        struct dead_group *counts;
        uint16_t group_at;
        struct spot *spots;
        struct dead_mark *marks; /* without their texts */
        size_t spot_count, spot_room, mark_count, mark_room;
        /* the texts */
        struct pick *picks; /* of the topic, by place */
        size_t pick_count;
        struct dead_found *found; /* for a single one: its record; else NULL */
};

/* ---- the survey: which letters are there, and which of them are open ---- */

static int compare_numbers(int64_t a, int64_t b)
{
        return (a > b) - (a < b);
}

static int compare_place(int32_t partition, int64_t offset, int32_t partition2, int64_t offset2)
{
        return partition != partition2 ? compare_numbers(partition, partition2)
                                       : compare_numbers(offset, offset2);
}

static int compare_marks(const void *a, const void *b)
{
        const struct dead_mark *left = a, *right = b;

        return compare_place(left->partition, left->offset, right->partition, right->offset);
}

/* Nobody can say of a letter what became of it before it is there. Offsets tell that within a
   partition, and between two only time does. */
static bool comes_after(const struct dead_mark *mark, const struct spot *letter)
{
        return mark->own_partition == letter->partition ? mark->own_offset > letter->offset
                                                        : mark->at_ms >= letter->at_ms;
}

/* By the marks, which are sorted. */
static bool is_open(const struct reading *r, const struct spot *letter)
{
        size_t from = 0, to = r->mark_count;

        while (from < to) {
                size_t middle = from + (to - from) / 2;
                const struct dead_mark *m = &r->marks[middle];

                if (compare_place(m->partition, m->offset, letter->partition, letter->offset) < 0)
                        from = middle + 1;
                else
                        to = middle;
        }
        for (const struct dead_mark *m = r->marks + from; m < r->marks + r->mark_count; m++) {
                if (m->partition != letter->partition || m->offset != letter->offset)
                        return true;
                if (comes_after(m, letter))
                        return false;
        }
        return true;
}

static void add_mark(struct reading *r, const struct dead_mark *mark)
{
        r->marks = memory_reserve(r->marks, &r->mark_room, r->mark_count + 1, sizeof *r->marks);
        r->marks[r->mark_count] = *mark;
        r->marks[r->mark_count].by = r->marks[r->mark_count].why = NULL;
        r->mark_count++;
}

static void add_spot(struct reading *r, const struct record *record)
{
        r->spots = memory_reserve(r->spots, &r->spot_room, r->spot_count + 1, sizeof *r->spots);
        r->spots[r->spot_count++] = (struct spot){.offset = record->offset,
                                                  .at_ms = record->timestamp_ms,
                                                  .partition = record->partition,
                                                  .group = r->group_at};
}

static bool survey_record(void *arg, const struct record *record)
{
        struct reading *r = arg;
        struct dead_mark mark;

        if (dead_mark_read(&mark, record, r->scratch))
                add_mark(r, &mark);
        else if (dead_is_letter(record))
                add_spot(r, record);
        else
                r->counts->strange++;
        arena_reset(r->scratch);
        return true;
}

/* The letters of the topic that was read last, from the first of them on. */
static void fold(struct reading *r, size_t first)
{
        struct dead_group *g = r->counts;

        g->letters = r->spot_count - first;
        if (r->mark_count)
                qsort(r->marks, r->mark_count, sizeof *r->marks, compare_marks);
        for (struct spot *s = r->spots + first; s < r->spots + r->spot_count; s++) {
                s->is_open = is_open(r, s);
                if (!s->is_open)
                        continue;
                g->open++;
                if (!g->oldest_ms || s->at_ms < g->oldest_ms)
                        g->oldest_ms = s->at_ms;
        }
        r->mark_count = 0;
}

/* ---- the choice ---- */

/* Open ones first, and of them the newest. */
static int compare_worth(const void *a, const void *b)
{
        const struct spot *left = a, *right = b;

        if (left->is_open != right->is_open)
                return left->is_open ? -1 : 1;
        if (left->at_ms != right->at_ms)
                return left->at_ms > right->at_ms ? -1 : 1;
        return compare_place(right->partition, right->offset, left->partition, left->offset);
}

static int compare_picks(const void *a, const void *b)
{
        const struct spot *left = &((const struct pick *)a)->spot,
                          *right = &((const struct pick *)b)->spot;

        if (left->group != right->group)
                return left->group < right->group ? -1 : 1;
        return compare_place(left->partition, left->offset, right->partition, right->offset);
}

/* Where not all open ones have room: the newest show what fails now, and the oldest are what an
   alarm is about, so those between are left out. */
static size_t choose(struct reading *r, size_t open)
{
        size_t most = r->query->most, count = r->spot_count < most ? r->spot_count : most,
               left_out = open > most ? open - most : 0,
               newest = left_out ? count - count / 2 : count;

        if (r->spot_count)
                qsort(r->spots, r->spot_count, sizeof *r->spots, compare_worth);
        r->picks = arena_alloc(r->arena, count * sizeof *r->picks + 1);
        for (size_t i = 0; i < count; i++)
                r->picks[i].spot = r->spots[i < newest ? i : i + left_out];
        if (count)
                qsort(r->picks, count, sizeof *r->picks, compare_picks);
        r->pick_count = count;
        return left_out;
}

/* ---- the texts of those that are kept ---- */

static struct pick *pick_of(struct reading *r, int32_t partition, int64_t offset)
{
        size_t from = 0, to = r->pick_count;

        while (from < to) {
                size_t middle = from + (to - from) / 2;
                const struct spot *s = &r->picks[middle].spot;
                int order = compare_place(s->partition, s->offset, partition, offset);

                if (!order)
                        return &r->picks[middle];
                if (order < 0)
                        from = middle + 1;
                else
                        to = middle;
        }
        return NULL;
}

/* Of one letter's marks, replayed counts, and then the oldest. */
static void take_mark(struct reading *r, const struct dead_mark *mark)
{
        struct pick *pick = pick_of(r, mark->partition, mark->offset);

        if (!pick || !comes_after(mark, &pick->spot) ||
            (pick->is_marked &&
             (mark->state > pick->mark.state ||
              (mark->state == pick->mark.state && mark->at_ms >= pick->mark.at_ms))))
                return;
        pick->is_marked = true;
        pick->mark = *mark;
        pick->note = dead_note(mark->state, mark->at_ms, mark->by, mark->why, r->arena);
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

static void take_letter(struct reading *r, const struct record *record)
{
        struct pick *pick = pick_of(r, record->partition, record->offset);
        struct dead letter;

        if (!pick || pick->letter)
                return;
        if (!dead_letter_read(&letter, record, r->group, r->query->value_most, r->scratch))
                return;
        pick->letter = dead_letter_keep(&letter, r->arena);
        if (r->found)
                r->found->record = copy_record(record, r->arena);
}

static bool take_texts(void *arg, const struct record *record)
{
        struct reading *r = arg;
        struct dead_mark mark;

        if (dead_mark_read(&mark, record, r->scratch))
                take_mark(r, &mark);
        else
                take_letter(r, record);
        arena_reset(r->scratch);
        return true;
}

static void mark_picks(struct reading *r)
{
        for (struct pick *p = r->picks; p < r->picks + r->pick_count; p++) {
                if (!p->letter)
                        continue;
                p->letter->state = p->is_marked ? p->mark.state : DEAD_OPEN;
                p->letter->note = p->note;
        }
}

/* ---- reading ---- */

static bool read_topic(struct reading *r, const char *topic,
                       bool (*take)(void *arg, const struct record *record), struct error *error)
{
        struct bus_config config = *r->query->bus;
        struct bus_through through = {.take = take, .arg = r, .stop = r->query->stop};

        config.topic = topic;
        config.quiet = true; /* the error says enough */
        r->group = topic + strlen(DEAD_TOPICS);
        return bus_read_through(&config, &through, error);
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

static bool find_topics(struct topic_names *n, const struct bus_config *bus, struct error *error)
{
        struct bus_config config = *bus;

        config.quiet = true;
        if (!bus_list_topics(&config, DEAD_TOPICS, take_topic, n, error))
                return false;
        if (n->count)
                qsort(n->topics, n->count, sizeof(const char *), compare_names);
        return true;
}

static bool survey(struct reading *r, struct dead_letters *letters, const struct topic_names *names,
                   struct error *error)
{
        size_t count = names->count < DEAD_GROUPS_MOST ? names->count : DEAD_GROUPS_MOST;

        letters->groups_left = names->count - count;
        letters->groups = arena_alloc(r->arena, count * sizeof *letters->groups + 1);
        for (size_t i = 0; i < count; i++) {
                size_t first = r->spot_count;

                r->counts = &letters->groups[letters->group_count++];
                r->group_at = (uint16_t)i;
                r->counts->topic = names->topics[i];
                r->counts->name = names->topics[i] + strlen(DEAD_TOPICS);
                if (!read_topic(r, names->topics[i], survey_record, error))
                        return false;
                fold(r, first);
        }
        return true;
}

/* Topic by topic, as the picks lie. */
static bool read_texts(struct reading *r, const struct dead_letters *letters, struct error *error)
{
        struct pick *all = r->picks;
        size_t count = r->pick_count, to;
        bool good = true;

        for (size_t from = 0; good && from < count; from = to) {
                for (to = from; to < count && all[to].spot.group == all[from].spot.group; to++)
                        ;
                r->picks = all + from;
                r->pick_count = to - from;
                good = read_topic(r, letters->groups[all[from].spot.group].topic, take_texts,
                                  error);
                mark_picks(r);
        }
        r->picks = all;
        r->pick_count = count;
        return good;
}

static int compare_age(const void *a, const void *b)
{
        const struct dead *left = *(struct dead *const *)a, *right = *(struct dead *const *)b;

        if (left->at_ms != right->at_ms)
                return left->at_ms > right->at_ms ? -1 : 1;
        return compare_numbers(right->place.offset, left->place.offset);
}

static void gather(const struct reading *r, struct dead_letters *letters)
{
        letters->letters = arena_alloc(r->arena, r->pick_count * sizeof(struct dead *) + 1);
        for (size_t i = 0; i < r->pick_count; i++)
                if (r->picks[i].letter)
                        letters->letters[letters->count++] = r->picks[i].letter;
        if (letters->count)
                qsort(letters->letters, letters->count, sizeof(struct dead *), compare_age);
}

static size_t count_open(const struct dead_letters *letters)
{
        size_t open = 0;

        for (size_t i = 0; i < letters->group_count; i++)
                open += letters->groups[i].open;
        return open;
}

bool dead_letters_read(struct dead_letters *letters, const struct dead_query *query,
                       struct error *error)
{
        struct arena *arena = arena_open();
        struct reading r = {.query = query, .arena = arena, .scratch = arena_open()};
        struct topic_names names = {.arena = arena};
        bool good = true;

        *letters = (struct dead_letters){.arena = arena};
        if (query->group)
                take_topic(&names, arena_printf(arena, DEAD_TOPICS "%s", query->group));
        else
                good = find_topics(&names, query->bus, error);
        good = good && survey(&r, letters, &names, error);
        if (good) {
                letters->unlisted = choose(&r, count_open(letters));
                good = read_texts(&r, letters, error);
                gather(&r, letters);
        }
        free(r.spots);
        free(r.marks);
        arena_close(&r.scratch);
        return good;
}

void dead_letters_close(struct dead_letters *letters)
{
        arena_close(&letters->arena);
        *letters = (struct dead_letters){0};
}

bool dead_groups_list(const struct bus_config *bus, struct arena *arena, const char *const **groups,
                      size_t *count, struct error *error)
{
        struct topic_names names = {.arena = arena};

        if (!find_topics(&names, bus, error))
                return false;
        for (size_t i = 0; i < names.count; i++)
                names.topics[i] += strlen(DEAD_TOPICS);
        *groups = names.topics;
        *count = names.count;
        return true;
}

/* ---- a single one ---- */

bool dead_letters_look_up(const struct bus_config *bus, const struct dead_place *place,
                          struct arena *arena, struct dead_found *found, struct error *error)
{
        struct dead_query query = {.bus = bus, .value_most = SIZE_MAX};
        struct pick pick = {.spot = {.partition = place->partition, .offset = place->offset}};
        struct reading r = {.query = &query,
                            .arena = arena,
                            .scratch = arena_open(),
                            .picks = &pick,
                            .pick_count = 1,
                            .found = found};
        const char *topic;
        bool good;

        *found = (struct dead_found){0};
        topic = arena_printf(arena, DEAD_TOPICS "%s", place->group);
        good = read_topic(&r, topic, take_texts, error);
        if (good && pick.letter) { /* its time is known now, by which marks are judged */
                pick.spot.at_ms = pick.letter->at_ms;
                pick.is_marked = false;
                pick.note = NULL;
                good = read_topic(&r, topic, take_texts, error);
        }
        mark_picks(&r);
        found->letter = pick.letter;
        arena_close(&r.scratch);
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
