# INT 10h AX=4F15h: the identity of the monitor that the board has, as its EDID says it.
# Source: VBE/DDC Standard 1.1; VESA Enhanced EDID Standard, release A (EDID 1.3); VESA and Industry Standards and
# Guidelines for Computer Display Monitor Timing, for the timing of 1024 x 768.

.include "firmware.inc"
.include "video-vbe.inc"

.intel_syntax noprefix
.code16

DDC_KINDS               = 0x0103        # BH seconds for a block, BL DDC1 and DDC2
EDID_BYTES              = 128
CENTIMETRES             = 30 | 23 << 8       # across, down
GAMMA_2_2               = 120           # hundredths after 1
ANALOGUE                = 0x08          # with separate synchronization
FEATURES                = 0xEE          # standby, suspend, off; colour, sRGB; the first timing is the preferred one
TIMING_16_10            = 0x00          # at 60 Hz
TIMING_4_3              = 0x40
TIMING_5_4              = 0x80
TIMING_16_9             = 0xC0

.text

# AX=4F15h.
# In: BL 0 what there is, 1 read block DX to ES:DI; CX controller, which is not looked at.
# Out: of BL=00h BX.
.global vbe_monitor
vbe_monitor:
    cmp     bl, 1
    ja      vbe_failed
    je      1f
    mov     word ptr [bp + F_BX], DDC_KINDS
    ret
1:  cmp     word ptr [bp + F_DX], 0     # there are no more
    jne     vbe_failed
    mov     si, offset edid
    mov     cx, EDID_BYTES - 1
    push    di
    rep movsb es:[di], cs:[si]
    pop     di
    mov     cx, EDID_BYTES - 1
    call    checksum
    mov     es:[di + EDID_BYTES - 1], al
    ret

# A standard timing at 60 Hz.
.macro TIMING width, shape
    .byte   \width / 8 - 31, \shape
.endm

.data
edid:
    .byte   0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00
    .byte   0x46, 0x45                  # QRE
    .word   1                           # product
    .long   1
    .byte   1, 2026 - 1990              # week, year
    .byte   1, 3                        # EDID 1.3
    .byte   ANALOGUE
    .word   CENTIMETRES
    .byte   GAMMA_2_2, FEATURES
    .byte   0xEE, 0x91, 0xA3, 0x54, 0x4C, 0x99, 0x26, 0x0F, 0x50, 0x54 # the colours of sRGB
    .byte   0xA1, 0x08, 0x00            # 720 x 400 at 70 Hz; 640 x 480, 800 x 600, 1024 x 768 at 60 Hz
    TIMING  1280, TIMING_5_4
    TIMING  1280, TIMING_4_3
    TIMING  1600, TIMING_4_3
    TIMING  1280, TIMING_16_10
    TIMING  1440, TIMING_16_10
    TIMING  1680, TIMING_16_10
    TIMING  1920, TIMING_16_10
    TIMING  1920, TIMING_16_9
    # 1024 x 768: 65 MHz, 320 and 38 of blanks, synchronization 24 and 3 after the picture for 136 and 6, 304 x 228 mm,
    # both polarities negative.
    .word   6500
    .byte   0x00, 0x40, 0x41, 0x00, 0x26, 0x30, 0x18, 0x88, 0x36, 0x00, 0x30, 0xE4, 0x10, 0x00, 0x00, 0x18
    .byte   0, 0, 0, 0xFD, 0, 50, 75, 30, 82, 21, 0 # ranges: 50-75 Hz, 30-82 kHz, 210 MHz
    .ascii  "\n      "
    .byte   0, 0, 0, 0xFC, 0
    .ascii  "QuRe monitor\n"
    .byte   0, 0, 0, 0x10, 0            # nothing
    .space  13
    .byte   0                           # no blocks follow; the checksum is made
edid_end:
.if edid_end - edid != EDID_BYTES - 1
.error  "an EDID has 128 bytes"
.endif
