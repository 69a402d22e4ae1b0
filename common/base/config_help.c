#include "base/config_value.h"

#include <string.h>

enum { COLUMNS = 4, BETWEEN = 2 };

/* One line of the table; an arena holds the cells. */
struct help_row {
        const char *cells[COLUMNS];
};

static const char *default_cell(struct arena *arena, const struct setting *s)
{
        const char *fallback = s->fallback ? s->fallback : "-";

        return s->docker ? arena_printf(arena, "%s (%s)", fallback, s->docker) : fallback;
}

static struct help_row row_of(struct arena *arena, const struct setting *s)
{
        if (s->type == SETTING_SWITCH)
                return (struct help_row){{arena_printf(arena, "--%s", s->name), "", "", s->help}};
        return (struct help_row){{
                arena_printf(arena, "--%s %s", s->name, config_value_name(s)),
                s->only_flag ? "" : config_variable(arena, s->name),
                default_cell(arena, s),
                s->spring ? arena_printf(arena, "%s; also %s", s->help, s->spring) : s->help,
        }};
}

static void widths_take(int widths[COLUMNS], const struct help_row *row)
{
        for (int i = 0; i < COLUMNS; i++) {
                int width = (int)strlen(row->cells[i]);

                if (width > widths[i])
                        widths[i] = width;
        }
}

/* The last column is not padded: no line ends with blanks. */
static void row_write(struct text *out, const struct help_row *row, const int widths[COLUMNS])
{
        text_string(out, "  ");
        for (int i = 0; i < COLUMNS - 1; i++)
                text_printf(out, "%-*s", widths[i] + BETWEEN, row->cells[i]);
        text_printf(out, "%s\n", row->cells[COLUMNS - 1]);
}

static void rows_write(struct text *out, const struct setting *settings, bool switches,
                       const int widths[COLUMNS])
{
        for (const struct setting *s = settings; s->name; s++) {
                struct help_row row = row_of(out->arena, s);

                if ((s->type == SETTING_SWITCH) == switches)
                        row_write(out, &row, widths);
        }
}

void config_help(const struct setting *settings, const char *usage, struct text *out)
{
        static const struct help_row heading = {
                {"flag", "variable", "default (docker)", "meaning"}};
        static const struct help_row fixed[] = {
                {{"--help, -h", "", "", "show this and exit"}},
                {{"--version", "", "", "show the version and exit"}},
        };
        int widths[COLUMNS] = {0};
        struct help_row row;

        widths_take(widths, &heading);
        for (const struct setting *s = settings; s->name; s++) {
                row = row_of(out->arena, s);
                widths_take(widths, &row);
        }
        text_printf(out, "%s%s\n", usage, usage[0] && usage[strlen(usage) - 1] == '\n' ? "" : "\n");
        row_write(out, &heading, widths);
        rows_write(out, settings, false, widths);
        rows_write(out, settings, true, widths);
        for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
                row_write(out, &fixed[i], widths);
}
