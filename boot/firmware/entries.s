# What stands where IBM's BIOS had it, and every compatible one has it since: entries for programs that call a service
# without its interrupt, and tables that they read (IBM Personal System/2 and Personal Computer BIOS Interface Technical
# Reference; the AT's listing). Vectors that nobody has taken, and the NMI's, lead to their places here: who takes the
# vector table for code finds at address 8 the RET (C3h) of other PCs.

.include "firmware.inc"

.intel_syntax noprefix
.code16

FIRST                   = 0xE05B        # where firmware.ld places .entries
LAST                    = 0xFE6E        # and .entries_last, behind the font of 8 lines (font.s)

FEATURES                = 0x74          # second PIC, RTC, keyboard intercept, event wait; an EBDA is there

# Goes on with a routine of .text, which is too far for a near jump.
.macro ENTRY at:req, routine:req, base=FIRST
    .org    \at - \base
    ljmp    ROM_SEGMENT, offset \routine
.endm

.section .entries, "ax"
    ENTRY   0xE05B, post

    .org    0xE2C3 - FIRST
.global int_nmi
int_nmi:
    iret

    ENTRY   0xE3FE, int_disk

    .org    0xE6F2 - FIRST
    int     0x19                        # no room for a far jump
    iret
.global system_configuration
system_configuration:                   # 0xE6F5, what INT 15h AH=C0h tells of
    .word   8                           # bytes that follow
    .byte   0xFC, 0, 0                  # model AT, submodel, revision
    .byte   FEATURES, 0, 0, 0, 0

    .org    0xE729 - FIRST
.global serial_divisors
serial_divisors:                        # of 110, 150, 300, ... 9600 baud
    .word   1047, 768, 384, 192, 96, 48, 24, 12

    ENTRY   0xE739, int_serial
    ENTRY   0xE82E, int_keyboard
    ENTRY   0xE987, irq_keyboard
    ENTRY   0xEC59, int_disk
    ENTRY   0xEF57, irq_floppy

# For programs that read it or hang a copy of it into INT 1Eh: the driver itself goes by the diskette.
    .org    0xEFC7 - FIRST
.global diskette_parameters
diskette_parameters:
    .byte   0xDF, 0x02, 0x25, 0x02, 18, 0x1B, 0xFF, 0x6C, 0xF6, 0x0F, 0x08

    ENTRY   0xEFD2, int_printer
    ENTRY   0xF065, int_video
    ENTRY   0xF841, int_memory
    ENTRY   0xF84D, int_equipment
    ENTRY   0xF859, int_system

.section .entries_last, "ax"
    ENTRY   0xFE6E, int_time, LAST
    ENTRY   0xFEA5, irq_timer, LAST

# For vectors that nobody has taken, and INT 5, which would print the screen.
    .org    0xFF53 - LAST
.global int_ignore
int_ignore:
    iret
    iret
