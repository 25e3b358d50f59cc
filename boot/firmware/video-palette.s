# INT 10h AH=0Bh and 10h: the palette of the attribute controller, and the colours of the DAC.
# Source: IBM VGA technical reference.

.include "firmware.inc"
.include "video.inc"

.intel_syntax noprefix
.code16

REGISTER_MODE           = 0x10          # of the attribute controller
REGISTER_BORDER         = 0x11
REGISTER_PAGE           = 0x14
MODE_BLINK              = 0x08
MODE_PAGES_OF_16        = 0x80
BRIGHT                  = 0x10          # of a colour in modes of 200 lines
RED_SHARE               = 77            # of 256, how bright a colour is
GREEN_SHARE             = 151
BLUE_SHARE              = 28

.text

# INT 10h AH=10h: palette. The functions are in the table of AL below.
# In: AL function.
.global video_palette
video_palette:
    mov     si, offset palette_functions
    call    function_find
    push    offset screen_on            # RET goes to the routine, and from there to screen_on
    push    bx
    mov     bx, [bp + F_BX]
    mov     cx, [bp + F_CX]
    ret

# Writes a register of the attribute controller.
# In: BL register, BH value.
# Clobbers: AL, DX.
attribute_write:
    call    1f
    mov     al, bh
    out     dx, al
    ret

# Reads a register of the attribute controller.
# In: BL register.
# Out: BH value.
# Clobbers: AL, DX.
attribute_read:
    call    1f
    inc     dx
    in      al, dx
    mov     bh, al
    ret
1:  call    attribute_start
    mov     al, bl
    out     dx, al
    ret

# INT 10h AX=1001h: sets the colour of the border.
# In: BH colour.
palette_border:
    mov     bl, REGISTER_BORDER
    jmp     attribute_write

# INT 10h AX=1002h: sets the palette and the border.
# In: ES:DX 17 colours.
palette_all:
    mov     si, dx
    xor     bl, bl
1:  mov     bh, es:[si]
    inc     si
    cmp     bl, 16
    jne     2f
    inc     bl                          # the 17th is the border, register 17
2:  call    attribute_write
    inc     bl
    cmp     bl, 17
    jbe     1b
    ret

# INT 10h AX=1003h: bit 7 of an attribute means blinking, or a bright background.
# In: BL 1 or 0.
palette_blink:
    mov     cl, bl
    mov     bl, REGISTER_MODE
    call    attribute_read
    and     bh, ~MODE_BLINK
    test    cl, cl
    jz      attribute_write
    or      bh, MODE_BLINK
    jmp     attribute_write

# INT 10h AX=1008h: reads the colour of the border.
# Out: BH colour.
palette_get_border:
    mov     bl, REGISTER_BORDER

# INT 10h AX=1007h: reads a register of the palette.
# In: BL register.
# Out: BH value.
palette_get:
    call    attribute_read
    mov     [bp + F_BH], bh
    ret

# INT 10h AX=1009h: reads the palette and the border.
# In: ES:DX room for 17 colours.
palette_get_all:
    mov     di, dx
    xor     bl, bl
1:  call    attribute_read
    mov     al, bh
    stosb
    inc     bl
    cmp     bl, 16
    jb      1b
    mov     bl, REGISTER_BORDER
    call    attribute_read
    mov     es:[di], bh
    ret

# INT 10h AX=1010h: sets a colour of the DAC.
# In: BX number, DH red, CH green, CL blue.
dac_set:
    mov     si, dx
    mov     al, bl
    mov     dx, DAC_WRITE_PORT
    out     dx, al
    inc     dx
    mov     ax, si
    mov     al, ah
    out     dx, al
    mov     al, ch
    out     dx, al
    mov     al, cl
    out     dx, al
    ret

# INT 10h AX=1015h: reads a colour of the DAC.
# In: BL number.
# Out: DH red, CH green, CL blue.
dac_get:
    mov     al, bl
    mov     dx, DAC_READ_PORT
    out     dx, al
    mov     dx, DAC_DATA_PORT
    in      al, dx
    mov     [bp + F_DH], al
    in      al, dx
    mov     [bp + F_CH], al
    in      al, dx
    mov     [bp + F_CL], al
    ret

# INT 10h AX=1012h: sets colours of the DAC.
# In: BX first, CX number, ES:DX colours.
dac_set_block:
    mov     si, dx
    mov     al, bl
    mov     dx, DAC_WRITE_PORT
    out     dx, al
    inc     dx
    imul    cx, cx, 3
    push    ds
    push    es
    pop     ds
    rep outsb
    pop     ds
    ret

# INT 10h AX=1017h: reads colours of the DAC.
# In: BX first, CX number, ES:DX room for them.
dac_get_block:
    mov     di, dx
    mov     al, bl
    mov     dx, DAC_READ_PORT
    out     dx, al
    mov     dx, DAC_DATA_PORT
    imul    cx, cx, 3
    rep insb
    ret

# INT 10h AX=1013h: which of the DAC's colours the palette leads to.
# In: BL 0: pages of 64 colours with BH 0, of 16 with 1; BL 1: page BH.
dac_page:
    mov     cx, bx
    mov     bl, REGISTER_MODE
    call    attribute_read
    cmp     cl, 1
    ja      2f
    je      1f
    and     bh, ~MODE_PAGES_OF_16
    shl     ch, 7
    or      bh, ch
    jmp     attribute_write
1:  test    bh, MODE_PAGES_OF_16
    jnz     3f
    shl     ch, 2                       # pages of 64
3:  mov     bh, ch
    and     bh, 0x0F
    mov     bl, REGISTER_PAGE
    jmp     attribute_write
2:  ret

# INT 10h AX=101Ah: the other way round.
# Out: BL 0 pages of 64, 1 of 16 colours; BH page.
dac_get_page:
    mov     bl, REGISTER_MODE
    call    attribute_read
    mov     cl, bh
    shr     cl, 7
    mov     bl, REGISTER_PAGE
    call    attribute_read
    and     bh, 0x0F
    test    cl, cl
    jnz     1f
    shr     bh, 2
1:  mov     [bp + F_BL], cl
    mov     [bp + F_BH], bh
    ret

# INT 10h AX=1018h: sets the mask through which colours are looked up.
# In: BL mask.
dac_set_mask:
    mov     dx, DAC_MASK_PORT
    mov     al, bl
    out     dx, al
    ret

# INT 10h AX=1019h: reads it.
# Out: BL mask.
dac_get_mask:
    mov     dx, DAC_MASK_PORT
    in      al, dx
    mov     [bp + F_BL], al
    ret

# INT 10h AX=101Bh: makes greys of colours of the DAC, as bright as they are.
# In: BX first, CX number.
dac_greys:
    jcxz    2f
1:  mov     al, bl
    mov     dx, DAC_READ_PORT
    out     dx, al
    mov     dx, DAC_DATA_PORT
    mov     si, 0x80                    # rounded
    mov     ah, RED_SHARE
    call    dac_add
    mov     ah, GREEN_SHARE
    call    dac_add
    mov     ah, BLUE_SHARE
    call    dac_add
    mov     dx, DAC_WRITE_PORT
    mov     al, bl
    out     dx, al
    inc     dx
    mov     ax, si
    mov     al, ah
    out     dx, al
    out     dx, al
    out     dx, al
    inc     bl
    loop    1b
2:  ret

# Adds a component's share of brightness.
# In: AH share, DX port, SI sum.
# Out: SI sum.
# Clobbers: AX.
dac_add:
    in      al, dx
    mul     ah
    add     si, ax
    ret

# INT 10h AH=0Bh: colours of the CGA's modes.
# In: BH 0: BL background, bit 4 bright colours; BH 1: BL which three colours.
.global video_cga_colors
video_cga_colors:
    push    offset screen_on            # RET goes there
    cmp     bh, 1
    ja      3f
    mov     ch, 1
    mov     cl, bl
    je      1f                          # MOV keeps the flags
    mov     ch, BRIGHT
    mov     bh, bl
    and     bh, 7
    test    bl, 8
    jz      2f
    or      bh, BRIGHT
2:  xor     bl, bl
    call    attribute_write
1:  and     cl, ch                      # CH the bit that CL says of registers 1 to 3
    mov     bl, 1
4:  call    attribute_read
    not     ch
    and     bh, ch
    not     ch
    or      bh, cl
    call    attribute_write
    inc     bl
    cmp     bl, 3
    jbe     4b
3:  ret

.data
palette_functions:
    .word   service_nothing, 16
    FUNCTION 0x00, attribute_write
    FUNCTION 0x01, palette_border
    FUNCTION 0x02, palette_all
    FUNCTION 0x03, palette_blink
    FUNCTION 0x07, palette_get
    FUNCTION 0x08, palette_get_border
    FUNCTION 0x09, palette_get_all
    FUNCTION 0x10, dac_set
    FUNCTION 0x12, dac_set_block
    FUNCTION 0x13, dac_page
    FUNCTION 0x15, dac_get
    FUNCTION 0x17, dac_get_block
    FUNCTION 0x18, dac_set_mask
    FUNCTION 0x19, dac_get_mask
    FUNCTION 0x1A, dac_get_page
    FUNCTION 0x1B, dac_greys
