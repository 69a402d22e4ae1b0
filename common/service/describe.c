#include "service/describe.h"

#include "base/text.h"
#include "data/db.h"
#include "data/entity.h"
#include "event/event.h"
#include "service/document.h"

#include <string.h>

static void add_name(cJSON *list, const char *name)
{
        cJSON *known;

        cJSON_ArrayForEach (known, list)
                if (strcmp(known->valuestring, name) == 0)
                        return;
        cJSON_AddItemToArray(list, string_of(name));
}

static cJSON *searches_of(const struct entity *e)
{
        cJSON *searches = cJSON_CreateArray();

        for (const struct lookup *l = e->lookups; l && l->members[0]; l++)
                if (l->name)
                        add_name(searches, l->name);
        return searches;
}

static cJSON *collection_of(const struct entity *e, bool searches)
{
        return object_of((struct member[]){
                {"path", string_from("/%s", e->collection)},
                {"entity", string_of(e->item)},
                {"readOnly", cJSON_CreateBool(e->read_only)},
                {"listed", cJSON_CreateBool(!e->unlisted)},
                {"searches", searches ? searches_of(e) : NULL},
                {NULL},
        });
}

static cJSON *collections_of(const struct daemon *d, bool searches)
{
        cJSON *collections = cJSON_CreateArray();

        for (const struct entity *const *e = d->entities; e && *e; e++)
                if (!(*e)->internal)
                        cJSON_AddItemToArray(collections, collection_of(*e, searches));
        return collections;
}

static cJSON *hears_of(const struct daemon *d)
{
        cJSON *hears = cJSON_CreateArray();

        for (const struct reaction *r = d->reactions; r && r->type; r++)
                add_name(hears, r->type);
        return hears;
}

static cJSON *says_of(const struct daemon *d)
{
        cJSON *says = cJSON_CreateArray();
        const struct event_type *type;

        for (const struct entity *const *e = d->entities; e && *e; e++)
                for (size_t i = 0; (type = entity_says(*e, i)); i++)
                        add_name(says, type->name);
        for (const struct event_type *const *other = d->says; other && *other; other++)
                add_name(says, (*other)->name);
        return says;
}

/* NULL: it is no choice. */
static cJSON *choices_of(const struct setting *s, struct arena *arena)
{
        char *rest = arena_string(arena, s->choices), *choice;
        cJSON *list = rest ? cJSON_CreateArray() : NULL;

        while ((choice = strsep(&rest, "|")))
                add_name(list, choice);
        return list;
}

static cJSON *setting_of(const struct setting *s, struct arena *arena)
{
        static const char *const types[] = {
                [SETTING_TEXT] = "text",         [SETTING_NUMBER] = "number",
                [SETTING_DURATION] = "duration", [SETTING_SIZE] = "size",
                [SETTING_CHOICE] = "choice",
        };

        return object_of((struct member[]){
                {"name", string_of(s->name)},
                {"variable", string_of(config_variable(arena, s->name))},
                {"spring", string_of(s->spring)},
                {"flag", string_from("--%s", s->name)},
                {"type", string_of(types[s->type])},
                {"choices", choices_of(s, arena)},
                {"default", string_of(s->fallback)},
                {"dockerDefault", string_of(s->docker ? s->docker : s->fallback)},
                {"meaning", string_of(s->help)},
                {NULL},
        });
}

static cJSON *settings_list(const struct setting *settings)
{
        cJSON *list = cJSON_CreateArray();
        struct arena *arena = arena_open();

        for (const struct setting *s = settings; s->name; s++)
                if (s->type != SETTING_SWITCH)
                        cJSON_AddItemToArray(list, setting_of(s, arena));
        arena_close(&arena);
        return list;
}

/* As the names have it. */
static const char *unit_of(const char *name)
{
        static const char *const units[] = {"seconds", "bytes", NULL};

        for (const char *const *unit = units; *unit; unit++) {
                const char *found = strstr(name, *unit), *end = found ? found + strlen(*unit) : "-";

                if (!*end || strcmp(end, "_total") == 0)
                        return *unit;
        }
        return NULL;
}

static cJSON *labels_of(const struct metric_family *family)
{
        cJSON *labels = cJSON_CreateArray();

        for (int i = 0; i < METRIC_LABELS && family->labels[i]; i++)
                add_name(labels, family->labels[i]);
        return labels;
}

static void add_metric(void *arg, const struct metric_family *family)
{
        cJSON *list = arg, *known;

        cJSON_ArrayForEach (known, list)
                if (strcmp(cJSON_GetObjectItem(known, "name")->valuestring, family->name) == 0)
                        return;
        cJSON_AddItemToArray(list, object_of((struct member[]){
                                           {"name", string_of(family->name)},
                                           {"type", string_of(metric_kind_name(family->kind))},
                                           {"labels", labels_of(family)},
                                           {"unit", string_of(unit_of(family->name))},
                                           {"meaning", string_of(family->help)},
                                           {NULL},
                                   }));
}

static cJSON *metrics_of(const struct daemon *d)
{
        cJSON *list = cJSON_CreateArray();

        daemon_families(d, add_metric, list);
        return list;
}

void describe(const struct daemon *d, const struct setting *settings, FILE *out)
{
        cJSON *description = object_of((struct member[]){
                {"name", string_of(d->name)},
                {"summary", string_of(d->summary)},
                {"port", cJSON_CreateNumber(d->port)},
                {"collections", collections_of(d, true)},
                {"hears", hears_of(d)},
                {"says", says_of(d)},
                {"settings", settings_list(settings)},
                {"metrics", metrics_of(d)},
                {NULL},
        });
        char *text = cJSON_Print(description);

        fprintf(out, "%s\n", text);
        cJSON_free(text);
        cJSON_Delete(description);
}

/* As the steps of a service take them: unset is a file of its own, and a log. */
static const char *store_of(const struct daemon *d, const struct config *config)
{
        const char *url = d->entities ? config_text(config, "db-url") : NULL;

        if (!d->entities)
                return NULL;
        return url && db_url_is_shared(url) ? "postgresql" : "sqlite";
}

static const char *bus_of(const struct config *config)
{
        const char *url;

        if (!config_has(config, "bus-url"))
                return NULL;
        url = config_text(config, "bus-url");
        return !url || bus_is_local(&(struct bus_config){.url = url}) ? "log" : "kafka";
}

static cJSON *known(const char *kind)
{
        return kind ? string_of(kind) : NULL;
}

void describe_mall(const struct daemon *d, const struct config *config, struct text *out)
{
        cJSON *mall = object_of((struct member[]){
                {"store", known(store_of(d, config))},
                {"bus", known(bus_of(config))},
                {"collections", collections_of(d, false)},
                {"hears", hears_of(d)},
                {"says", says_of(d)},
                {NULL},
        });
        char *text = cJSON_PrintUnformatted(mall);

        text_string(out, text);
        cJSON_free(text);
        cJSON_Delete(mall);
}
