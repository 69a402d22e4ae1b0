#include "base/yaml_inside.h"

#include <yaml.h>

struct survey {
        int depth, nodes, documents, anchors;
};

static bool refuse(const struct yaml *at, struct error *error, const char *what, int most)
{
        return yaml_error(at, error, "more than %d %s", most, what);
}

/* Keys count as nodes too. */
static bool count(struct survey *s, const yaml_event_t *e, const struct yaml *at,
                  struct error *error)
{
        bool begins = e->type == YAML_MAPPING_START_EVENT || e->type == YAML_SEQUENCE_START_EVENT;
        const yaml_char_t *anchor = e->type == YAML_SCALAR_EVENT ? e->data.scalar.anchor
                                    : e->type == YAML_MAPPING_START_EVENT
                                            ? e->data.mapping_start.anchor
                                    : begins ? e->data.sequence_start.anchor
                                             : NULL;

        s->depth += begins;
        s->depth -= e->type == YAML_MAPPING_END_EVENT || e->type == YAML_SEQUENCE_END_EVENT;
        s->nodes += begins || e->type == YAML_SCALAR_EVENT || e->type == YAML_ALIAS_EVENT;
        s->documents += e->type == YAML_DOCUMENT_START_EVENT;
        s->anchors += anchor != NULL;
        if (s->depth > DEEPEST)
                return yaml_error(at, error, "nested too deeply");
        if (s->nodes > 2 * MOST_NODES)
                return refuse(at, error, "keys and values", 2 * MOST_NODES);
        if (s->documents > MOST_DOCUMENTS)
                return refuse(at, error, "documents", MOST_DOCUMENTS);
        return s->anchors <= MOST_ANCHORS || refuse(at, error, "anchors", MOST_ANCHORS);
}

bool yaml_survey(const char *file, const char *text, size_t len, struct error *error)
{
        struct survey s = {0};
        yaml_parser_t parser;
        yaml_event_t event;
        bool within = true, more = true;

        if (!yaml_parser_initialize(&parser))
                return error_set(error, ERROR_INTERNAL, "%s: no memory for a YAML parser", file);
        yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
        while (within && more &&
               yaml_parser_parse(&parser, &event)) { /* the loader reports what is not YAML */
                struct yaml at = {.file = file, .line = (int)event.start_mark.line + 1};

                within = count(&s, &event, &at, error);
                more = event.type != YAML_STREAM_END_EVENT;
                yaml_event_delete(&event);
        }
        yaml_parser_delete(&parser);
        return within;
}
