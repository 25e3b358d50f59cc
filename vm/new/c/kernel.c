/* The kernel: says hello on the screen and at the first serial line. */

static void out(unsigned short port, unsigned char byte) {
    __asm__ volatile("outb %0, %1" : : "a"(byte), "Nd"(port));
}

void kernel(void) {
    volatile unsigned short *screen = (unsigned short *)0xB8000;
    for (const char *text = "Hello from NAME!"; *text != 0; text++) {
        out(0x3F8, *text);
        *screen++ = 0x1F00 | *text;
    }
}
