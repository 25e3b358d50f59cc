/* Prints what an HTTP server says: fetch ADDRESS|NAME PATH. docs/programs.md says how programs in C are built. */
#include "qure.h"

enum { CONNECTIONS = 1, HTTP_PORT = 80, WAIT_MS = 5000, STATUS_ERROR = 1 };

static long length(const char *text)
{
    long count = 0;
    while (text[count] != 0)
        count++;
    return count;
}

static int fail(const char *what)
{
    qure_write(2, (long)what, length(what));
    qure_write(2, (long)"\n", 1);
    return STATUS_ERROR;
}

static int send_all(long handle, const char *text)
{
    long left = length(text);
    while (left > 0) {
        long taken = qure_send(handle, (long)text, left, 0, WAIT_MS);
        if (taken <= 0)
            return 0;
        text += taken;
        left -= taken;
    }
    return 1;
}

int main(int argc, char **argv)
{
    unsigned address;
    char piece[512];
    if (argc != 3)
        return fail("usage: fetch ADDRESS|NAME PATH");
    if (qure_resolve((long)argv[1], (long)&address) < 0)
        return fail("no such name");
    long handle = qure_socket(CONNECTIONS);
    if (handle < 0 || qure_connect(handle, (long)address, HTTP_PORT, WAIT_MS) < 0)
        return fail("no connection");
    if (!send_all(handle, "GET ") || !send_all(handle, argv[2]) ||
        !send_all(handle, " HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"))
        return fail("not sent");
    for (;;) {
        long bytes = qure_receive(handle, (long)piece, sizeof piece, 0, WAIT_MS);
        if (bytes < 0)
            return fail("broken off");
        if (bytes == 0)
            return 0;
        qure_write(1, (long)piece, bytes);
    }
}
