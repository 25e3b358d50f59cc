# INT 10h AH=4Fh: VESA BIOS Extensions over the Bochs display interface, linear and banked modes of 4 to 32 bits a
# pixel. What there is and what the modes are like is in video-vbe-modes.s.
# Source: VBE Core Functions Standard 3.0; Bochs' description of the interface ("vbe-dispi").

.include "firmware.inc"
.include "video-vbe.inc"

.intel_syntax noprefix
.code16

.text

# INT 10h AH=4Fh.
# In: AL function.
# Out: AX VBE_OK; or AL 4Fh and AH why not; or VBE_ABSENT.
.global video_vbe
video_vbe:
    mov     word ptr [bp + F_AX], VBE_OK
    mov     si, offset vbe_functions
    call    function_find
    push    bx
    mov     ebx, [bp + F_EBX]
    mov     ecx, [bp + F_ECX]
    ret

# A function that is not there.
vbe_absent:
    mov     word ptr [bp + F_AX], VBE_ABSENT
    ret

# A function that the mode which is on does not have.
vbe_not_in_mode:
    mov     byte ptr [bp + F_AH], VBE_NOT_IN_MODE
    ret

# A function with a value that the display interface does not take.
vbe_not_by_hardware:
    mov     byte ptr [bp + F_AH], VBE_NOT_BY_HARDWARE
    ret

# A function with a value that means nothing.
.global vbe_failed
vbe_failed:
    mov     byte ptr [bp + F_AH], VBE_FAILED
    ret

# Reads a register of the display interface.
# In: AX register.
# Out: AX value.
# Clobbers: DX.
.global dispi_read
dispi_read:
    mov     dx, DISPI_PORT
    out     dx, ax
    inc     dx
    in      ax, dx
    ret

# Writes a register of the display interface.
# In: AX register, CX value.
# Clobbers: AX, DX.
.global dispi_write
dispi_write:
    mov     dx, DISPI_PORT
    out     dx, ax
    inc     dx
    mov     ax, cx
    out     dx, ax
    ret

# Leaves the linear modes, for one of the VGA's own.
# Clobbers: CX, DX.
.global vbe_off
vbe_off:
    push    ax
    mov     ax, DISPI_ENABLE
    xor     cx, cx
    call    dispi_write
    pop     ax
    ret

# The format of the mode that is on.
# Out: SI its entry in the table; CF when none of ours is on.
# Clobbers: AX, DX.
format_now:
    mov     ax, DISPI_ENABLE
    call    dispi_read
    test    al, ENABLE_ON
    stc
    jz      1f
    mov     ax, DISPI_BITS
    call    dispi_read

# Looks up a format.
# In: AL bits a pixel.
# Out: SI entry in the table; CF clear.
# Clobbers: nothing.
.global format_of
format_of:
    mov     si, offset formats - FORMAT_BYTES
2:  add     si, FORMAT_BYTES
    cmp     al, cs:[si + FORMAT_BITS]
    jne     2b
    clc
1:  ret

# How much room pixels take.
# In: EAX pixels, SI format.
# Out: EAX bytes; of one plane, where there are four.
# Clobbers: EDX.
.global pixels_to_bytes
pixels_to_bytes:
    movzx   edx, byte ptr cs:[si + FORMAT_BITS]
    cmp     dl, 4
    jne     1f
    shr     eax, 3
    ret
1:  add     dl, 7
    shr     dl, 3
    imul    eax, edx
    ret

# How many pixels have room.
# In: EAX bytes, SI format.
# Out: EAX pixels.
# Clobbers: ECX, EDX.
bytes_to_pixels:
    movzx   ecx, byte ptr cs:[si + FORMAT_BITS]
    cmp     cl, 4
    jne     1f
    shl     eax, 3
    ret
1:  add     cl, 7
    shr     cl, 3
    xor     edx, edx
    div     ecx
    ret

# AL=02h: sets a mode.
# In: BX number, SET_LINEAR, SET_NOT_CLEARED.
vbe_set_mode:
    mov     di, bx
    and     bx, NUMBER_MASK
    cmp     bx, FIRST_NUMBER
    jb      .Lvbe_set_mode_vga
    call    mode_find
    jc      vbe_failed
    mov     al, MODE_256
    cmp     byte ptr cs:[si + GEOMETRY_BITS], 4
    jne     .Lvbe_set_mode_base
    mov     al, MODE_PLANES
.Lvbe_set_mode_base:
    or      al, OPTION_NOT_CLEARED      # linear memory is cleared below
    push    si
    push    di
    call    video_set_mode
    pop     di
    pop     si
    mov     word ptr [bp + F_AX], VBE_OK
    mov     byte ptr [BDA_VIDEO_MODE], MODE_OTHER
    IN_STATE mov [STATE_VBE_MODE], di
    mov     ax, DISPI_WIDTH
    mov     cx, cs:[si + GEOMETRY_WIDTH]
    call    dispi_write
    shr     cx, 3
    mov     [BDA_COLUMNS], cx
    mov     ax, DISPI_HEIGHT
    mov     cx, cs:[si + GEOMETRY_HEIGHT]
    call    dispi_write
    shr     cx, 4
    dec     cx
    mov     [BDA_LAST_ROW], cl
    mov     ax, DISPI_BITS
    movzx   cx, byte ptr cs:[si + GEOMETRY_BITS]
    call    dispi_write
    mov     ax, DISPI_ENABLE
    mov     cx, di
    shr     cx, 8                       # SET_LINEAR and SET_NOT_CLEARED are ENABLE's bits, a byte higher
    and     cx, ENABLE_LINEAR | ENABLE_NOT_CLEARED
    or      cx, ENABLE_ON
    jmp     dispi_write
.Lvbe_set_mode_vga:
    mov     ax, di
    shr     ax, 8
    and     al, OPTION_NOT_CLEARED
    or      al, bl
    call    video_set_mode
    mov     word ptr [bp + F_AX], VBE_OK
    ret

# AL=03h.
# Out: BX the mode, as it was set.
vbe_get_mode:
    mov     ax, DISPI_ENABLE
    call    dispi_read
    test    al, ENABLE_ON
    IN_STATE mov ax, [STATE_VBE_MODE]
    jnz     1f
    movzx   ax, byte ptr [BDA_VIDEO_MODE]
1:  mov     [bp + F_BX], ax
    ret

# What INFO_WINDOW_CALL leads to: 4F05h without the way through INT 10h.
# In: BH 0 set, 1 get; BL window; DX position.
# Out: DX position.
# Clobbers: AX.
.global window_call
window_call:
    push    cx
    mov     cx, dx
    mov     ax, DISPI_BANK
    test    bh, bh
    jnz     1f
    call    dispi_write
    mov     dx, cx
    jmp     2f
1:  call    dispi_read
    mov     dx, ax
2:  pop     cx
    retf

# AL=05h: moves the window at A0000h.
# In: BH 0 set, 1 get; BL window 0; DX position, 64 KiB each.
# Out: DX position.
vbe_window:
    call    format_now
    jc      vbe_not_in_mode
    IN_STATE test word ptr [STATE_VBE_MODE], SET_LINEAR
    jnz     vbe_not_in_mode
    cmp     bx, 0x0100
    je      1f
    test    bx, bx
    jnz     vbe_failed
    mov     ax, DISPI_BANK
    mov     cx, [bp + F_DX]
    call    dispi_write
    mov     ax, DISPI_BANK
    call    dispi_read
    cmp     ax, cx
    jne     vbe_failed
    ret
1:  mov     ax, DISPI_BANK
    call    dispi_read
    mov     [bp + F_DX], ax
    ret

# AL=06h: the length of lines.
# In: BL 0 set CX pixels, 1 get, 2 set CX bytes, 3 get the longest.
# Out: BX bytes, CX pixels, DX lines.
vbe_line_length:
    call    format_now
    jc      vbe_not_in_mode
    movzx   eax, cx
    cmp     bl, 1
    jb      .Lvbe_line_length_pixels
    je      .Lvbe_line_length_get
    cmp     bl, 3
    ja      vbe_failed
    je      .Lvbe_line_length_longest
    call    bytes_to_pixels
    jmp     .Lvbe_line_length_pixels
.Lvbe_line_length_longest:
    mov     ax, DISPI_HEIGHT            # as long as the lines of a picture have room
    call    dispi_read
    movzx   ecx, ax
    mov     ax, DISPI_MEMORY
    call    dispi_read
    movzx   eax, ax
    shl     eax, 16
    cmp     byte ptr cs:[si + FORMAT_PLANES], 1
    je      .Lvbe_line_length_room
    shr     eax, 2
.Lvbe_line_length_room:
    xor     edx, edx
    div     ecx
    call    bytes_to_pixels
    cmp     eax, 0xFFF8
    jbe     .Lvbe_line_length_whole
    mov     ax, 0xFFF8
.Lvbe_line_length_whole:
    and     ax, 0xFFF8
    push    ax
    call    .Lvbe_line_length_tell
    pop     cx
    mov     [bp + F_CX], cx
    ret
.Lvbe_line_length_pixels:
    lea     ecx, [eax + 7]              # lines begin at whole bytes of every format
    and     cl, ~7
    mov     ax, DISPI_VIRTUAL_WIDTH
    call    dispi_write
    mov     ax, DISPI_VIRTUAL_WIDTH
    call    dispi_read
    cmp     ax, cx
    jne     vbe_not_by_hardware
.Lvbe_line_length_get:
    mov     ax, DISPI_VIRTUAL_WIDTH
    call    dispi_read
    mov     [bp + F_CX], ax
.Lvbe_line_length_tell:
    push    ax
    mov     ax, DISPI_VIRTUAL_HEIGHT
    call    dispi_read
    mov     [bp + F_DX], ax
    pop     ax
    movzx   eax, ax
    call    pixels_to_bytes
    mov     [bp + F_BX], ax
    ret

# AL=07h: where in memory the picture begins.
# In: BL 0 set CX pixel and DX line, 1 get.
# Out: CX, DX.
vbe_start:
    call    format_now
    jc      vbe_not_in_mode
    and     bl, ~BLANK_BIT
    cmp     bl, 1
    ja      vbe_failed
    je      1f
    mov     ax, DISPI_X
    call    dispi_write
    mov     ax, DISPI_X
    call    dispi_read
    cmp     ax, cx
    jne     vbe_failed
    mov     cx, [bp + F_DX]
    mov     ax, DISPI_Y
    call    dispi_write
    mov     ax, DISPI_Y
    call    dispi_read
    cmp     ax, cx
    jne     vbe_failed
    ret
1:  mov     byte ptr [bp + F_BH], 0
    mov     ax, DISPI_X
    call    dispi_read
    mov     [bp + F_CX], ax
    mov     ax, DISPI_Y
    call    dispi_read
    mov     [bp + F_DX], ax
    ret

# AL=08h: how many bits the DAC's components have.
# In: BL 0 set BH, 1 get.
# Out: BH 6 or 8.
vbe_dac_width:
    call    format_now
    jc      vbe_not_in_mode
    cmp     byte ptr cs:[si + FORMAT_MODEL], MODEL_DIRECT
    je      vbe_not_in_mode
    cmp     bl, 1
    ja      vbe_failed
    mov     ax, DISPI_ENABLE
    call    dispi_read
    cmp     bl, 1
    je      2f
    and     ax, ~ENABLE_DAC_8
    cmp     bh, 8
    jb      1f
    or      al, ENABLE_DAC_8
1:  mov     cx, ax
    mov     ax, DISPI_ENABLE
    call    dispi_write
2:  test    al, ENABLE_DAC_8
    mov     byte ptr [bp + F_BH], 6
    jz      3f
    mov     byte ptr [bp + F_BH], 8
3:  ret

# AL=09h: colours of the DAC.
# In: BL 0 set, 1 get; CX number, DX first, ES:DI four bytes each: blue, green, red, one of nothing.
vbe_palette:
    and     bl, ~BLANK_BIT
    cmp     bl, 1
    ja      vbe_failed
    jcxz    .Lvbe_palette_done
    mov     al, [bp + F_DL]
    je      .Lvbe_palette_get                          # JCXZ and MOV keep the flags
    mov     dx, DAC_WRITE_PORT
    out     dx, al
    inc     dx
.Lvbe_palette_set:
    mov     al, es:[di + 2]
    out     dx, al
    mov     al, es:[di + 1]
    out     dx, al
    mov     al, es:[di]
    out     dx, al
    add     di, 4
    loop    .Lvbe_palette_set
    ret
.Lvbe_palette_get:
    mov     dx, DAC_READ_PORT
    out     dx, al
    mov     dx, DAC_DATA_PORT
.Lvbe_palette_one:
    in      al, dx
    mov     es:[di + 2], al
    in      al, dx
    mov     es:[di + 1], al
    in      al, dx
    mov     es:[di], al
    mov     byte ptr es:[di + 3], 0
    add     di, 4
    loop    .Lvbe_palette_one
.Lvbe_palette_done:
    ret

.data
vbe_functions:
    .word   vbe_absent, 13
    FUNCTION 0x00, vbe_information
    FUNCTION 0x01, vbe_mode_information
    FUNCTION 0x02, vbe_set_mode
    FUNCTION 0x03, vbe_get_mode
    FUNCTION 0x04, vbe_state
    FUNCTION 0x05, vbe_window
    FUNCTION 0x06, vbe_line_length
    FUNCTION 0x07, vbe_start
    FUNCTION 0x08, vbe_dac_width
    FUNCTION 0x09, vbe_palette
    FUNCTION 0x0A, vbe_protected
    FUNCTION 0x10, vbe_power
    FUNCTION 0x15, vbe_monitor

formats:
    .byte   4, 4, MODEL_PLANES, 0, 0, 0, 0, 0, 0, 0, 0, 0
    .byte   8, 1, MODEL_PACKED, 0, 0, 0, 0, 0, 0, 0, 0, 0
    .byte   15, 1, MODEL_DIRECT, 5, 10, 5, 5, 5, 0, 1, 15, 0
    .byte   16, 1, MODEL_DIRECT, 5, 11, 6, 5, 5, 0, 0, 0, 0
    .byte   24, 1, MODEL_DIRECT, 8, 16, 8, 8, 8, 0, 0, 0, 0
    .byte   32, 1, MODEL_DIRECT, 8, 16, 8, 8, 8, 0, 8, 24, 2
