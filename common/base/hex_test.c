#include "base/hex.h"

#include "testing/check.h"

static void digits_are_hex(void)
{
        static const char digits[] = "0123456789abcdefABCDEF";
        int known = 0;

        for (int c = 0; c < 256; c++)
                known += hex_digit((char)c) != -1;
        check_int(known, sizeof digits - 1);
        for (int i = 0; digits[i]; i++)
                check_int(hex_digit(digits[i]), i < 16 ? i : i - 6);
}

static void bytes_are_written_as_two_digits_each(void)
{
        const unsigned char bytes[] = {0x00, 0x7f, 0xa0, 0xff};
        char text[] = "..........";

        check(hex_write(text, bytes, sizeof bytes) == text + 8);
        check_text(text, "007fa0ff..");
}

int main(int argc, char **argv)
{
        static const struct story stories[] = {
                STORY(digits_are_hex),
                STORY(bytes_are_written_as_two_digits_each),
                {NULL, NULL},
        };

        return check_main(stories, argc, argv);
}
