# INT 10h AH=1Bh and 1Ch, AX=4F04h and 4F10h: what the display can do and how it is, its state to be kept and restored,
# and its power.
# Source: IBM VGA technical reference; VBE Core Functions Standard 3.0; VBE/PM 1.0.

.include "firmware.inc"
.include "video.inc"
.include "video-vbe.inc"

.intel_syntax noprefix
.code16

STATE_BYTES             = 64            # of the table of AH=1Bh
STATE_BDA               = 4             # 30 bytes of the BIOS data area, from the mode on
STATE_ROWS              = 0x22          # 3 bytes: from BDA_LAST_ROW on
STATE_DCC               = 0x25          # u8
STATE_COLORS            = 0x27          # u16
STATE_PAGES             = 0x29          # u8
STATE_LINES             = 0x2A          # u8: LINES_*
STATE_MEMORY            = 0x31          # u8
MEMORY_256_KIB          = 3
BDA_FIRST_BYTES         = 30            # from BDA_VIDEO_MODE on
BDA_SECOND_BYTES        = 7             # from BDA_LAST_ROW on
LINES_200               = 0
LINES_350               = 1
LINES_400               = 2
LINES_480               = 3

# Entry of the table of modes.
MODE_COLORS             = 1             # u16
MODE_PAGES              = 3             # u8
MODE_LINES              = 4             # u8
MODE_ENTRY_BYTES        = 5

# Entry of the table of parts.
PART_BLOCKS             = 0             # u8: 64 bytes each
PART_SAVE               = 1             # u16: ES:DI in, after it out
PART_RESTORE            = 3             # u16: the same
PART_BYTES              = 5
BLOCK_SHIFT             = 6
PARTS                   = 4             # bits of CX; the last one is VBE's
PARTS_VGA               = 3
VECTOR_GRAPHICS         = 0x43
VECTOR_GRAPHICS_HIGH    = 0x1F

DAC_COLOURS             = 256
SEQUENCER_CLOCKING      = 1
CLOCKING_SCREEN_OFF     = 0x20
CRTC_PROTECT            = 0x11
POWER_STATES            = 0x0F30        # BH standby, suspend, off, reduced; BL version
POWER_STATE_LAST        = 4

.text

# INT 10h AH=1Bh: what the display can do and how it is.
# In: BX 0; ES:DI room for STATE_BYTES.
# Out: AL 1Bh.
.global video_functionality
video_functionality:
    test    bx, bx
    jnz     .Lvideo_functionality_done
    mov     byte ptr [bp + F_AL], 0x1B
    push    di
    mov     cx, STATE_BYTES / 2
    xor     ax, ax
    rep stosw
    pop     di
    mov     word ptr es:[di], offset functionality
    mov     word ptr es:[di + 2], ROM_SEGMENT
    mov     al, [BDA_VIDEO_DCC]
    mov     es:[di + STATE_DCC], al
    mov     byte ptr es:[di + STATE_MEMORY], MEMORY_256_KIB
    mov     al, [BDA_VIDEO_MODE]
    mov     bx, offset modes
.Lvideo_functionality_look:
    cmp     al, cs:[bx]
    je      .Lvideo_functionality_mode
    add     bx, MODE_ENTRY_BYTES
    cmp     bx, offset modes_end
    jb      .Lvideo_functionality_look
    jmp     .Lvideo_functionality_data
.Lvideo_functionality_mode:
    mov     ax, cs:[bx + MODE_COLORS]
    mov     es:[di + STATE_COLORS], ax
    mov     ax, cs:[bx + MODE_PAGES]    # and MODE_LINES
    mov     es:[di + STATE_PAGES], ax
.Lvideo_functionality_data:
    push    di
    add     di, STATE_BDA
    mov     si, BDA_VIDEO_MODE
    mov     cx, BDA_FIRST_BYTES
    rep movsb
    mov     si, BDA_LAST_ROW
    movsb
    movsw
    pop     di
.Lvideo_functionality_done:
    ret

# INT 10h AH=1Ch: AL=00h how much room the state takes, 01h save, 02h restore.
# In: CX bits 0 registers, 1 BIOS data, 2 colours; ES:BX room.
# Out: AL 1Ch; of AL=00h BX blocks of 64 bytes.
.global video_state
video_state:
    cmp     al, 2
    ja      1f
    test    cx, ~((1 << PARTS_VGA) - 1)
    jnz     1f
    mov     byte ptr [bp + F_AL], 0x1C
    jmp     state
1:  ret

# AX=4F04h: the same, with VBE's registers.
# In: DL function; CX bits 0 to 3; ES:BX room.
# Out: of DL=00h BX blocks of 64 bytes.
.global vbe_state
vbe_state:
    mov     al, [bp + F_DL]
    cmp     al, 2
    ja      vbe_failed

# Keeps the state of the display, or restores it.
# In: AL 0 size, 1 save, 2 restore; CX bits of parts; BX room in ES.
# Clobbers: AX, BX, CX, DX, SI, DI.
state:
    mov     di, bx
    mov     si, offset parts
    xor     bx, bx                      # BX: blocks
    mov     ah, PARTS
.Lstate_part:
    shr     cx, 1
    jnc     .Lstate_next
    add     bl, cs:[si + PART_BLOCKS]
    cmp     al, 1
    jb      .Lstate_next
    pusha
    je      .Lstate_save
    call    cs:[si + PART_RESTORE]
    jmp     .Lstate_done
.Lstate_save:
    call    cs:[si + PART_SAVE]
.Lstate_done:
    popa
    movzx   dx, byte ptr cs:[si + PART_BLOCKS]
    shl     dx, BLOCK_SHIFT
    add     di, dx
.Lstate_next:
    add     si, PART_BYTES
    dec     ah
    jnz     .Lstate_part
    test    al, al
    jnz     .Lstate_end
    mov     [bp + F_BX], bx
.Lstate_end:
    ret

# Saves registers behind an index port.
# In: DX port, AH the first, CX how many; ES:DI.
# Out: DI after them.
# Clobbers: AL, AH, CX.
indexed_save:
    mov     al, ah
    out     dx, al
    inc     dx
    in      al, dx
    dec     dx
    stosb
    inc     ah
    loop    indexed_save
    ret

# Restores them.
# In: as indexed_save.
# Out: DI after them.
# Clobbers: AL, AH, CX.
indexed_restore:
    mov     al, ah
    out     dx, al
    inc     dx
    mov     al, es:[di]
    inc     di
    out     dx, al
    dec     dx
    inc     ah
    loop    indexed_restore
    ret

# Registers: miscellaneous output, sequencer 1 to 4, CRTC, graphics controller, attribute controller, then indices.
hardware_save:
    mov     dx, MISC_READ_PORT
    in      al, dx
    stosb
    mov     dx, SEQUENCER_PORT
    in      al, dx
    mov     bl, al
    mov     ah, 1
    mov     cx, 4
    call    indexed_save
    mov     al, bl
    out     dx, al
    call    crtc_port
    in      al, dx
    mov     bh, al
    xor     ah, ah
    mov     cx, 25
    call    indexed_save
    mov     al, bh
    out     dx, al
    push    bx
    mov     dx, GRAPHICS_PORT
    in      al, dx
    mov     bl, al
    xor     ah, ah
    mov     cx, 9
    call    indexed_save
    mov     al, bl
    out     dx, al
    mov     ah, bl
    xor     cx, cx
1:  call    attribute_start
    mov     al, cl
    out     dx, al
    inc     dx
    in      al, dx
    stosb
    inc     cx
    cmp     cl, 21
    jb      1b
    call    screen_on
    mov     al, ah
    stosb
    pop     ax                          # sequencer, CRTC
    stosw
    ret

# Restores them.
hardware_restore:
    mov     dx, MISC_PORT
    mov     al, es:[di]
    inc     di
    out     dx, al
    mov     dx, SEQUENCER_PORT
    mov     ah, 1
    mov     cx, 4
    call    indexed_restore
    call    crtc_port
    mov     ax, CRTC_PROTECT
    out     dx, ax
    xor     ah, ah
    mov     cx, 25
    call    indexed_restore
    mov     dx, GRAPHICS_PORT
    xor     ah, ah
    mov     cx, 9
    call    indexed_restore
    call    attribute_start
    xor     ah, ah
1:  mov     al, ah
    out     dx, al
    mov     al, es:[di]
    inc     di
    out     dx, al
    inc     ah
    cmp     ah, 21
    jb      1b
    call    screen_on
    mov     dx, GRAPHICS_PORT
    mov     al, es:[di]
    out     dx, al
    mov     dx, SEQUENCER_PORT
    mov     al, es:[di + 1]
    out     dx, al
    call    crtc_port
    mov     al, es:[di + 2]
    out     dx, al
    ret

# What the BIOS data area and vectors say of the display.
data_save:
    mov     si, BDA_VIDEO_MODE
    mov     cx, BDA_FIRST_BYTES
    rep movsb
    mov     si, BDA_LAST_ROW
    mov     cx, BDA_SECOND_BYTES
    rep movsb
    IN_STATE mov ax, [STATE_VBE_MODE]
    stosw
    push    ds
    push    0
    pop     ds
    mov     eax, [VECTOR_GRAPHICS_HIGH * 4]
    stosd
    mov     eax, [VECTOR_GRAPHICS * 4]
    stosd
    pop     ds
    ret

# Restores it.
data_restore:
    mov     si, di
    mov     di, BDA_VIDEO_MODE
    push    ds
    push    es
    pop     ds
    pop     es
    mov     cx, BDA_FIRST_BYTES
    rep movsb
    mov     di, BDA_LAST_ROW
    mov     cx, BDA_SECOND_BYTES
    rep movsb
    lodsw
    IN_STATE mov [STATE_VBE_MODE], ax
    push    ds
    push    es
    push    0
    pop     es
    lodsd
    mov     es:[VECTOR_GRAPHICS_HIGH * 4], eax
    lodsd
    mov     es:[VECTOR_GRAPHICS * 4], eax
    pop     ds
    pop     es
    ret

# The DAC: its mask and colours.
colours_save:
    mov     dx, DAC_MASK_PORT
    in      al, dx
    stosb
    inc     dx                          # DAC_READ_PORT
    xor     al, al
    out     dx, al
    mov     dx, DAC_DATA_PORT
    mov     cx, 3 * DAC_COLOURS
    rep insb
    ret

# Restores them.
colours_restore:
    mov     dx, DAC_MASK_PORT
    mov     al, es:[di]
    out     dx, al
    mov     dx, DAC_WRITE_PORT
    xor     al, al
    out     dx, al
    inc     dx
    lea     si, [di + 1]
    mov     cx, 3 * DAC_COLOURS
    rep outs dx, byte ptr es:[si]
    ret

# The display interface: ENABLE, then size and all after it.
interface_save:
    mov     ax, DISPI_ENABLE
    call    dispi_read
    stosw
    mov     bx, offset interface
1:  movzx   ax, byte ptr cs:[bx]
    test    ax, ax
    jz      2f
    call    dispi_read
    stosw
    inc     bx
    jmp     1b
2:  ret

# Restores it.
interface_restore:
    call    vbe_off                     # sizes are taken while it is off
    mov     si, es:[di]
    mov     bx, offset interface
1:  movzx   ax, byte ptr cs:[bx]
    test    ax, ax
    jz      3f
    add     di, 2
    cmp     al, DISPI_BANK
    jne     2f
    call    interface_on
    mov     ax, DISPI_BANK
2:  mov     cx, es:[di]
    call    dispi_write
    inc     bx
    jmp     1b
3:  ret

# Switches the display interface as it was, without clearing its memory.
# In: SI ENABLE.
# Clobbers: AX, CX, DX.
interface_on:
    mov     ax, DISPI_ENABLE
    mov     cx, si
    or      cl, ENABLE_NOT_CLEARED
    jmp     dispi_write

# AX=4F10h: the display's power. BL=00h tells what there is, 01h sets BH, 02h gets it.
# In: BL, BH 0 on, 1 standby, 2 suspend, 4 off.
# Out: of BL=00h BX; of BL=02h BH.
.global vbe_power
vbe_power:
    cmp     bl, 1
    jb      1f
    je      2f
    cmp     bl, 2
    jne     vbe_failed
    IN_STATE mov al, [STATE_DISPLAY_POWER]
    mov     [bp + F_BH], al
    ret
1:  mov     word ptr [bp + F_BX], POWER_STATES
    ret
2:  cmp     bh, POWER_STATE_LAST
    ja      vbe_failed
    IN_STATE mov [STATE_DISPLAY_POWER], bh
    mov     dx, SEQUENCER_PORT
    mov     al, SEQUENCER_CLOCKING
    out     dx, al
    inc     dx
    in      al, dx
    and     al, ~CLOCKING_SCREEN_OFF
    test    bh, bh
    jz      3f
    or      al, CLOCKING_SCREEN_OFF
3:  out     dx, al
    ret

.data
.macro MODE number, colors, pages, lines
    .byte   \number
    .word   \colors
    .byte   \pages, \lines
.endm
modes:
    MODE    0, 16, 8, LINES_400
    MODE    1, 16, 8, LINES_400
    MODE    2, 16, 8, LINES_400
    MODE    3, 16, 8, LINES_400
    MODE    4, 4, 1, LINES_200
    MODE    5, 4, 1, LINES_200
    MODE    6, 2, 1, LINES_200
    MODE    MODE_MONO_TEXT, 0, 8, LINES_400
    MODE    0x0D, 16, 8, LINES_200
    MODE    0x0E, 16, 4, LINES_200
    MODE    MODE_MONO_GRAPHICS, 0, 2, LINES_350
    MODE    0x10, 16, 2, LINES_350
    MODE    0x11, 2, 1, LINES_480
    MODE    0x12, 16, 1, LINES_480
    MODE    0x13, 256, 1, LINES_200
modes_end:

.macro PART blocks, save, restore
    .byte   \blocks
    .word   \save, \restore
.endm
parts:
    PART    1, hardware_save, hardware_restore
    PART    1, data_save, data_restore
    PART    13, colours_save, colours_restore
    PART    1, interface_save, interface_restore

# Registers of the display interface, in the order in which they are restored: it is switched on before the bank.
interface:
    .byte   DISPI_WIDTH, DISPI_HEIGHT, DISPI_BITS, DISPI_BANK, DISPI_VIRTUAL_WIDTH, DISPI_X, DISPI_Y, 0

# What the display can do (IBM VGA technical reference, static functionality table).
functionality:
    .byte   0xFF, 0xE0, 0x0F            # modes 0 to 7, 0Dh to 13h
    .space  4
    .byte   1 << LINES_400              # in text modes
    .byte   8, 2                        # fonts that are there, and can be used at once
    .byte   0xE6, 0x0E                  # greys, fonts, palette, colours, their pages; state, blinking, displays
    .space  2
    .byte   0, 0                        # no table of pointers
