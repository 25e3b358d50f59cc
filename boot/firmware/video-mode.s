# The VGA's registers for text modes, and its palette. Values are those of IBM's VGA; register names
# follow the IBM VGA technical reference.

.include "firmware.inc"
.include "video.inc"

.intel_syntax noprefix
.code16

MISC_TEXT               = 0x67          # 28 MHz clock, color addresses, RAM on, 400 lines
MISC_MONO               = MISC_TEXT & ~MISC_COLOUR
CRTC_PROTECT            = 0x11          # bit 7 of this register protects registers 0-7

BLANK                   = 0x0720
PAGE_BYTES_80           = 4096
PAGE_BYTES_40           = 2048
DAC_COLORS              = 64
GREY_SHIFT              = 3             # where a colour of monochrome modes has its brightness
OPTION_NOT_CLEARED      = 0x80
OPTIONS                 = 0x60          # 256 KiB of video memory
SWITCHES                = 0xF9          # EGA switches: color monitor
FLAGS                   = 0x51          # VGA, 400 lines, displays can be switched
DCC_VGA_COLOR           = 8             # display combination: VGA with color monitor

.text

# INT 10h AH=00h.
# In: AL mode, bit 7: do not clear the screen; 0-3 are text of 40 or 80 columns, 7 is monochrome text, those above
# are graphics.
.global video_set_mode
video_set_mode:
    call    vbe_off
    mov     bl, al
    and     bl, 0x7F
    cmp     bl, MODE_MONO_TEXT
    je      .Lvideo_set_mode_text
    cmp     bl, 3
    ja      video_graphics
.Lvideo_set_mode_text:
    mov     [BDA_VIDEO_MODE], bl
    and     al, OPTION_NOT_CLEARED
    or      al, OPTIONS
    mov     [BDA_VIDEO_OPTIONS], al
    mov     byte ptr [BDA_VIDEO_SWITCHES], SWITCHES
    mov     byte ptr [BDA_VIDEO_FLAGS], FLAGS
    mov     byte ptr [BDA_VIDEO_DCC], DCC_VGA_COLOR
    mov     byte ptr [BDA_LAST_ROW], 24
    mov     word ptr [BDA_COLUMNS], 40
    mov     word ptr [BDA_PAGE_BYTES], PAGE_BYTES_40
    mov     si, offset registers_40
    cmp     bl, 2
    jb      .Lvideo_set_mode_registers
    mov     word ptr [BDA_COLUMNS], 80
    mov     word ptr [BDA_PAGE_BYTES], PAGE_BYTES_80
    mov     si, offset registers_80
    cmp     bl, MODE_MONO_TEXT
    jne     .Lvideo_set_mode_registers
    mov     si, offset registers_mono
    mov     al, MISC_MONO
    jmp     .Lvideo_set_mode_write
.Lvideo_set_mode_registers:
    mov     al, MISC_TEXT
.Lvideo_set_mode_write:
    call    registers_write
    call    palette_write
    call    font_usual

    mov     byte ptr [BDA_PAGE], 0
    mov     word ptr [BDA_PAGE_START], 0
    mov     word ptr [BDA_CURSOR_SHAPE], 0x0607
    push    ds
    pop     es
    mov     di, BDA_CURSORS
    xor     ax, ax
    mov     cx, 8
    rep stosw
    test    byte ptr [BDA_VIDEO_OPTIONS], OPTION_NOT_CLEARED
    jnz     .Lvideo_set_mode_shown
    call    text_segment
    xor     di, di
    mov     eax, BLANK << 16 | BLANK
    mov     cx, 32768 / 4
    rep stosd
.Lvideo_set_mode_shown:
    call    screen_on
    mov     byte ptr [bp + F_AL], 0x30  # what a VGA leaves in AL after text modes
    ret

# Writes the registers of a mode.
# In: AL miscellaneous output, SI registers in the ROM: sequencer 0-4, CRTC 0-24, graphics 0-8, attribute 0-20.
# Out: BDA_CRTC.
# Clobbers: AX, CX, DX, SI.
.global registers_write
registers_write:
    mov     dx, MISC_PORT
    out     dx, al
    call    crtc_port
    mov     [BDA_CRTC], dx
    mov     dx, SEQUENCER_PORT
    mov     cx, 5
    call    indexed_write
    call    crtc_port
    mov     ax, CRTC_PROTECT | 0x0E << 8
    out     dx, ax
    mov     cx, 25
    call    indexed_write
    mov     dx, GRAPHICS_PORT
    mov     cx, 9
    call    indexed_write
    call    attribute_start
    xor     ah, ah
1:  mov     al, ah
    out     dx, al
    mov     al, cs:[si]
    inc     si
    out     dx, al
    inc     ah
    cmp     ah, 21
    jb      1b
    ret

# Ends the access to the attribute registers.
# Clobbers: AL, DX.
.global screen_on
screen_on:
    call    attribute_start
    mov     al, ATTRIBUTE_SCREEN_ON
    out     dx, al
    ret

# Has the attribute controller take an index next.
# Out: DX ATTRIBUTE_PORT.
# Clobbers: AL.
.global attribute_start
attribute_start:
    call    crtc_port
    add     dl, INPUT_STATUS
    in      al, dx
    mov     dx, ATTRIBUTE_PORT
    ret

# Where the CRT controller is: miscellaneous output says so.
# Out: DX CRTC_PORT or CRTC_MONO_PORT.
# Clobbers: nothing.
.global crtc_port
crtc_port:
    push    ax
    mov     dx, MISC_READ_PORT
    in      al, dx
    mov     dx, CRTC_PORT
    test    al, MISC_COLOUR
    jnz     1f
    mov     dl, CRTC_MONO_PORT & 0xFF
1:  pop     ax
    ret

# Where text is in memory.
# Out: ES.
# Clobbers: nothing.
.global text_segment
text_segment:
    push    ax
    mov     ax, TEXT_SEGMENT
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_MONO_TEXT
    jne     1f
    mov     ah, MONO_SEGMENT >> 8
    mov     al, MONO_SEGMENT & 0xFF
1:  mov     es, ax
    pop     ax
    ret

# Registers 0 to CX - 1 behind an index port.
# In: DX index port, SI values in the ROM.
# Out: SI after them.
# Clobbers: AX, CX.
indexed_write:
    xor     al, al
1:  mov     ah, cs:[si]
    inc     si
    out     dx, ax
    inc     al
    loop    1b
    ret

# The EGA's 64 colors: bits 0-2 are blue, green, red of two thirds, bits 3-5 of one third. In monochrome modes bits 3
# and 4 are the brightness.
# Clobbers: AX, BX, CX, DX, SI.
.global palette_write
palette_write:
    mov     dx, DAC_MASK_PORT
    mov     al, 0xFF
    out     dx, al
    mov     dx, DAC_WRITE_PORT
    xor     al, al
    out     dx, al
    inc     dx
    xor     bx, bx
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_MONO_TEXT
    je      palette_greys
    cmp     byte ptr [BDA_VIDEO_MODE], MODE_MONO_GRAPHICS
    je      palette_greys
1:  mov     cl, 2                       # red, green, blue
2:  mov     ah, bl
    shr     ah, cl
    xor     al, al
    test    ah, 1
    jz      3f
    add     al, 0x2A
3:  test    ah, 8
    jz      4f
    add     al, 0x15
4:  out     dx, al
    dec     cl
    jns     2b
    inc     bl
    cmp     bl, DAC_COLORS
    jb      1b
    ret

# The colours of monochrome modes.
# In: DX DAC_DATA_PORT, BX 0.
# Clobbers: AL, BX, SI.
palette_greys:
    mov     si, bx
    shr     si, GREY_SHIFT
    and     si, 3
    mov     al, cs:[si + greys]
    out     dx, al
    out     dx, al
    out     dx, al
    inc     bx
    cmp     bx, DAC_COLORS
    jb      palette_greys
    ret

# INT 10h AH=12h: BL=10h.
# Out: BH 0 color, 1 monochrome, BL 3: 256 KiB, CX switches; BL=30h to 36h: nothing to be chosen, accepted.
.global video_options
video_options:
    cmp     bl, 0x10
    jne     1f
    mov     word ptr [bp + F_BX], 0x0003
    mov     word ptr [bp + F_CX], SWITCHES & 0x0F
    call    crtc_port
    cmp     dl, CRTC_MONO_PORT & 0xFF
    jne     2f
    mov     byte ptr [bp + F_BH], 1
    ret
1:  sub     bl, 0x30
    cmp     bl, 0x36 - 0x30
    ja      2f
    mov     byte ptr [bp + F_AL], 0x12
2:  ret

# INT 10h AH=1Ah: displays, AL=00h get, 01h set.
# In: BL display of AL=01h.
# Out: AL 1Ah; of AL=00h BL display, VGA with color monitor if nobody has set another, BH none.
.global video_combination
video_combination:
    cmp     al, 1
    ja      2f
    mov     byte ptr [bp + F_AL], 0x1A
    je      1f                          # MOV keeps the flags
    movzx   bx, byte ptr [BDA_VIDEO_DCC]
    mov     [bp + F_BX], bx
    ret
1:  mov     [BDA_VIDEO_DCC], bl
2:  ret

.data
greys:
    .byte   0, 0x2A, 0x2A, 0x3F

# Text of 80 columns: 720 x 400.
.global text_80
text_80:
    VIDEO_MODE 3, 80, 24, 16, PAGE_BYTES_80, MISC_TEXT
registers_80:
    .byte   0x03, 0x00, 0x03, 0x00, 0x02
    .byte   0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F
    .byte   0x00, 0x4F, 0x0D, 0x0E, 0x00, 0x00, 0x00, 0x00
    .byte   0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF
    .byte   0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0E, 0x00, 0xFF
    .byte   0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07
    .byte   0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F
    .byte   0x0C, 0x00, 0x0F, 0x08, 0x00
# Text of 40 columns: 360 x 400.
.global text_40
text_40:
    VIDEO_MODE 1, 40, 24, 16, PAGE_BYTES_40, MISC_TEXT
registers_40:
    .byte   0x03, 0x08, 0x03, 0x00, 0x02
    .byte   0x2D, 0x27, 0x28, 0x90, 0x2B, 0xA0, 0xBF, 0x1F
    .byte   0x00, 0x4F, 0x0D, 0x0E, 0x00, 0x00, 0x00, 0x00
    .byte   0x9C, 0x8E, 0x8F, 0x14, 0x1F, 0x96, 0xB9, 0xA3, 0xFF
    .byte   0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0E, 0x00, 0xFF
    .byte   0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07
    .byte   0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F
    .byte   0x0C, 0x00, 0x0F, 0x08, 0x00
# Monochrome text of 80 columns: 720 x 400, at B0000. Line 13 of characters with attribute 1 is underlined.
.global text_mono
text_mono:
    VIDEO_MODE MODE_MONO_TEXT, 80, 24, 16, PAGE_BYTES_80, MISC_MONO
registers_mono:
    .byte   0x03, 0x00, 0x03, 0x00, 0x02
    .byte   0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F
    .byte   0x00, 0x4F, 0x0D, 0x0E, 0x00, 0x00, 0x00, 0x00
    .byte   0x9C, 0x8E, 0x8F, 0x28, 0x0D, 0x96, 0xB9, 0xA3, 0xFF
    .byte   0x00, 0x00, 0x00, 0x00, 0x00, 0x10, MAP_MONO, 0x00, 0xFF
    .byte   0x00, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08
    .byte   0x10, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18
    .byte   0x0E, 0x00, 0x0F, 0x08, 0x00
