# The table of video parameters that the pointer at 40:A8 leads to: what each mode writes to the VGA's registers, in the
# form that programs for the EGA and the VGA know. POST makes it of the tables that INT 10h AH=00h goes by. Source: IBM
# Personal System/2 and Personal Computer BIOS Interface Technical Reference, BIOS data area, "Save Pointer".

.include "firmware.inc"
.include "video.inc"

.intel_syntax noprefix
.code16

POINTERS_BYTES          = 32            # seven far pointers, of which the first is used
ENTRIES                 = 29
ENTRY_SHIFT             = 6             # an entry has 64 bytes
ENTRY_BYTES             = 3             # of the list below
SEQUENCER_BYTES         = 4             # its first register is left out
CRTC_BYTES              = 25
GRAPHICS_BYTES          = 9
ATTRIBUTE_BYTES         = 20            # its last one is, too

.text

# Makes the table.
# In: DS = BDA.
# Clobbers: AX, BX, CX, SI, DI, ES.
.global video_parameters_init
video_parameters_init:
    mov     ax, SHADOW_SEGMENT
    mov     es, ax
    mov     di, SHADOW_VIDEO
    mov     [BDA_VIDEO_SAVE], di
    mov     [BDA_VIDEO_SAVE + 2], ax
    xor     ax, ax
    mov     cx, (POINTERS_BYTES + (ENTRIES << ENTRY_SHIFT)) / 2
    rep stosw
    mov     word ptr es:[SHADOW_VIDEO], SHADOW_VIDEO + POINTERS_BYTES
    mov     word ptr es:[SHADOW_VIDEO + 2], SHADOW_SEGMENT
    mov     bx, offset entries
1:  movzx   di, byte ptr cs:[bx]
    shl     di, ENTRY_SHIFT
    add     di, SHADOW_VIDEO + POINTERS_BYTES
    mov     si, cs:[bx + 1]
    inc     si                          # columns, last row, font, bytes of a page
    mov     cx, MODE_MISC - MODE_COLUMNS
    rep movsb es:[di], cs:[si]
    mov     al, cs:[si]
    add     si, MODE_REGISTERS - MODE_MISC + 1
    mov     cx, SEQUENCER_BYTES
    rep movsb es:[di], cs:[si]
    stosb
    mov     cx, CRTC_BYTES
    rep movsb es:[di], cs:[si]
    push    si
    add     si, GRAPHICS_BYTES
    mov     cx, ATTRIBUTE_BYTES
    rep movsb es:[di], cs:[si]
    pop     si
    mov     cx, GRAPHICS_BYTES
    rep movsb es:[di], cs:[si]
    add     bx, ENTRY_BYTES
    cmp     bx, offset entries_end
    jb      1b
    ret

.data
# Number of an entry and its mode; those that are not here are all zeros.
.macro ENTRY number, mode:vararg
    .byte   \number
    .word   \mode
.endm
entries:
    ENTRY   0x04, modes
    ENTRY   0x05, modes + MODE_BYTES
    ENTRY   0x06, modes + 2 * MODE_BYTES
    ENTRY   0x07, text_mono
    ENTRY   0x0D, modes + 3 * MODE_BYTES
    ENTRY   0x0E, modes + 4 * MODE_BYTES
    ENTRY   0x11, modes + 5 * MODE_BYTES # 0Fh
    ENTRY   0x12, modes + 6 * MODE_BYTES # 10h
    ENTRY   0x17, text_40
    ENTRY   0x18, text_80
    ENTRY   0x19, text_mono
    ENTRY   0x1A, modes + 7 * MODE_BYTES # 11h
    ENTRY   0x1B, modes + 8 * MODE_BYTES # 12h
    ENTRY   0x1C, modes + 9 * MODE_BYTES # 13h
entries_end:
