#include "service/describe.h"

#include "data/entity.h"
#include "event/event.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

static cJSON *add_list(cJSON *to, const char *name)
{
        return cJSON_AddArrayToObject(to, name);
}

static void add_name(cJSON *list, const char *name)
{
        cJSON *known;

        cJSON_ArrayForEach (known, list)
                if (strcmp(known->valuestring, name) == 0)
                        return;
        cJSON_AddItemToArray(list, cJSON_CreateString(name));
}

static void add_text(cJSON *to, const char *name, const char *text)
{
        cJSON_AddItemToObject(to, name, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void add_collection(cJSON *list, const struct entity *e)
{
        cJSON *collection = cJSON_CreateObject(), *searches;
        char path[100];

        snprintf(path, sizeof path, "/%s", e->collection);
        cJSON_AddItemToArray(list, collection);
        cJSON_AddStringToObject(collection, "path", path);
        cJSON_AddStringToObject(collection, "entity", e->item);
        cJSON_AddBoolToObject(collection, "readOnly", e->read_only);
        cJSON_AddBoolToObject(collection, "listed", !e->unlisted);
        searches = add_list(collection, "searches");
        for (const struct lookup *l = e->lookups; l && l->members[0]; l++)
                if (l->name)
                        add_name(searches, l->name);
}

static void add_event(cJSON *says, const struct event_type *type)
{
        if (type)
                add_name(says, type->name);
}

static void add_rows_and_events(cJSON *description, const struct daemon *d)
{
        cJSON *collections = add_list(description, "collections"),
              *hears = add_list(description, "hears"), *says = add_list(description, "says");

        for (const struct reaction *r = d->reactions; r && r->type; r++)
                add_name(hears, r->type);
        for (const struct entity *const *e = d->entities; e && *e; e++) {
                if (!(*e)->internal)
                        add_collection(collections, *e);
                add_event(says, (*e)->says_created);
                add_event(says, (*e)->says_changed);
                add_event(says, (*e)->says_removed);
        }
        for (const struct event_type *const *type = d->says; type && *type; type++)
                add_event(says, *type);
}

static void add_choices(cJSON *setting, const char *choices)
{
        cJSON *list = add_list(setting, "choices");

        for (size_t len; *choices; choices += len + (choices[len] == '|')) {
                char choice[100];

                len = strcspn(choices, "|");
                snprintf(choice, sizeof choice, "%.*s", (int)len, choices);
                add_name(list, choice);
        }
}

static void add_setting(cJSON *list, const struct setting *s, struct arena *arena)
{
        static const char *const types[] = {
                [SETTING_TEXT] = "text",         [SETTING_NUMBER] = "number",
                [SETTING_DURATION] = "duration", [SETTING_SIZE] = "size",
                [SETTING_CHOICE] = "choice",
        };
        cJSON *setting = cJSON_CreateObject();

        cJSON_AddItemToArray(list, setting);
        cJSON_AddStringToObject(setting, "name", s->name);
        cJSON_AddStringToObject(setting, "variable", config_variable(arena, s->name));
        add_text(setting, "spring", s->spring);
        cJSON_AddStringToObject(setting, "flag", arena_printf(arena, "--%s", s->name));
        cJSON_AddStringToObject(setting, "type", types[s->type]);
        if (s->type == SETTING_CHOICE)
                add_choices(setting, s->choices);
        add_text(setting, "default", s->fallback);
        add_text(setting, "dockerDefault", s->docker ? s->docker : s->fallback);
        cJSON_AddStringToObject(setting, "meaning", s->help);
}

static void add_settings(cJSON *description, const struct setting *settings)
{
        cJSON *list = add_list(description, "settings");
        struct arena *arena = arena_open();

        for (const struct setting *s = settings; s->name; s++)
                if (s->type != SETTING_SWITCH)
                        add_setting(list, s, arena);
        arena_close(&arena);
}

void describe(const struct daemon *d, const struct setting *settings, FILE *out)
{
        cJSON *description;
        char *text;

        cJSON_InitHooks(&(cJSON_Hooks){memory_alloc, free}); /* so that no call here can fail */
        description = cJSON_CreateObject();
        cJSON_AddStringToObject(description, "name", d->name);
        cJSON_AddStringToObject(description, "summary", d->summary);
        cJSON_AddNumberToObject(description, "port", d->port);
        add_rows_and_events(description, d);
        add_settings(description, settings);
        text = cJSON_Print(description);
        fprintf(out, "%s\n", text);
        cJSON_free(text);
        cJSON_Delete(description);
}
