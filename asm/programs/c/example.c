/* Prints its arguments, and fails on purpose when one of them is "fault": docs/programs.md says how it is built. */
#include "qure.h"

static long length(const char *text)
{
    long count = 0;
    while (text[count] != 0)
        count++;
    return count;
}

static void put(const char *text)
{
    qure_write(1, (long)text, length(text));
}

static double half(double value)
{
    return value / 2;
}

int main(int argc, char **argv)
{
    volatile double number = 1;
    for (int i = 1; i < argc; i++) {
        put(argv[i]);
        put("\n");
        number = half(number);
        if (argv[i][0] == 'f')
            *(volatile int *)16 = 1;
    }
    return number < 0.3 ? 7 : 0;
}
