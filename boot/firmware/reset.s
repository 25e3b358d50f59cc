# The processor's first instruction, and the bytes at fixed places that old programs look at.

.include "firmware.inc"

.intel_syntax noprefix
.code16

MODEL_AT                = 0xFC

.section .reset, "ax"

# Where the processor begins, FFFF:0000.
.global reset_vector
reset_vector:                           # FFFF:0000, also physical FFFFFFF0
    ljmp    ROM_SEGMENT, offset post
    .ascii  "01/01/26"                  # FFFF:0005: release date
    .byte   0
    .byte   MODEL_AT                    # FFFF:000E
    .byte   0
