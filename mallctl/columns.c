#include "mallctl/columns.h"

#include <string.h>

struct columns columns_open(struct arena *arena, int columns, const char *const *headings)
{
        struct columns t = {.arena = arena, .columns = columns};

        columns_add(&t, headings);
        return t;
}

void columns_add(struct columns *t, const char *const *cells)
{
        t->rows = arena_reserve(t->arena, t->rows, &t->room, t->count + 1, sizeof *t->rows);
        for (int c = 0; c < t->columns; c++)
                t->rows[t->count][c] = columns_clean(t->arena, cells[c]);
        t->count++;
}

/* What moves the cursor or turns the direction of what follows: control characters, also those of
   C1 (U+0080 to U+009F), and Unicode's bidirectional ones (UAX #9). Its length; 0: none of them. */
static size_t unprintable(const unsigned char *p)
{
        if (*p < ' ' || *p == 0x7f)
                return 1;
        if ((p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) || (p[0] == 0xd8 && p[1] == 0x9c))
                return 2;
        if (p[0] != 0xe2)
                return 0;
        if (p[1] == 0x80)
                return p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xaa && p[2] <= 0xae) ? 3 : 0;
        return p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9 ? 3 : 0;
}

const char *columns_clean(struct arena *arena, const char *text)
{
        char *clean = arena_string(arena, text), *to = clean;

        for (const char *from = clean; from && *from; to++) {
                size_t len = unprintable((const unsigned char *)from);

                *to = len ? '?' : *from;
                from += len ? len : 1;
        }
        if (to)
                *to = '\0';
        return clean;
}

/* In characters: UTF-8's following bytes take no column. */
static int width_of(const char *text)
{
        int width = 0;

        for (; *text; text++)
                width += ((unsigned char)*text & 0xc0) != 0x80;
        return width;
}

static int width_of_column(const struct columns *t, int column)
{
        int widest = 0;

        for (size_t r = 0; r < t->count; r++) {
                int width = width_of(t->rows[r][column]);

                widest = width > widest ? width : widest;
        }
        return widest;
}

void columns_print(const struct columns *t, FILE *out)
{
        int widths[MOST_COLUMNS];

        for (int c = 0; c < t->columns; c++)
                widths[c] = width_of_column(t, c);
        for (size_t r = 0; r < t->count; r++) {
                for (int c = 0; c < t->columns - 1; c++)
                        fprintf(out, "%s%*s  ", t->rows[r][c], widths[c] - width_of(t->rows[r][c]),
                                "");
                fprintf(out, "%s\n", t->rows[r][t->columns - 1]);
        }
}
