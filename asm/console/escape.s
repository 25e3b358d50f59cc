# Control sequences in what programs print (ECMA-48, and those of xterm that programs use): the terminal of a console
# gets them as they are, and the screen does what they say: ESC [ with A B C D G H d f, J K, m, s u, and ?1049 h l. What
# is not known changes nothing on the screen. What the kernel prints does not come here.

.include "macros.inc"
.include "process.inc"
.include "console.inc"

PARAMETERS          = 8                     # of a sequence; more are not looked at
PARAMETER_MOST      = 9999

FULL_SCREEN         = 1049                  # ?1049h begins the drawing of whole screens, ?1049l ends it

ATTRIBUTE           = 0x07                  # light grey on black
BRIGHT              = 0x08
REVERSED            = 0x80                  # not in the screen's attribute: foreground and background are exchanged

# What a parameter of SGR does to the colours.
LOOK_FIRST          = 0                     # parameters from this one
LOOK_LAST           = 1                     # to this one
LOOK_KEPT           = 2                     # bits that stay
LOOK_SET            = 3                     # bits that are set
LOOK_FACTOR         = 4                     # what the colour of that number is multiplied with
LOOK_SIZE           = 5

# Values of escape_state.
STATE_TEXT          = 0
STATE_BEGUN         = 1                     # after ESC
STATE_SEQUENCE      = 2                     # after ESC [
STATE_STRING        = 3                     # in a text for the terminal, such as the title of its window

PRINT_PIECE         = 256                   # bytes that a program prints in one piece

.text

# Shows a byte that a program prints. Between console_begin and console_end.
# In: AL; interrupts off.
# Clobbers: EAX, ECX, EDX.
escape_put:
    movzx   ecx, byte ptr [escape_state]
    test    ecx, ecx
    jnz     1f
    cmp     al, 27
    jne     console_put
1:  push    eax
    call    console_line_put
    pop     eax
    movzx   ecx, byte ptr [escape_state]
    jmp     [escape_states + ecx*4]

escape_begin:
    mov     byte ptr [escape_state], STATE_BEGUN
    ret

# After ESC.
escape_begun:
    cmp     al, 27
    je      escape_done
    cmp     al, '['
    je      .Lescape_begun_sequence
    mov     ecx, offset escape_strings_end - escape_strings
    push    edi
    mov     edi, offset escape_strings
    repne scasb
    pop     edi
    je      .Lescape_begun_string
    cmp     al, ' '                     # what says a character set has two characters
    jb      escape_end
    cmp     al, '0'
    jb      escape_done
    mov     ecx, offset escape_cursor_save
    cmp     al, '7'
    je      .Lescape_begun_do
    mov     ecx, offset escape_cursor_restore
    cmp     al, '8'
    jne     escape_end
.Lescape_begun_do:
    mov     byte ptr [escape_state], STATE_TEXT
    jmp     ecx
.Lescape_begun_sequence:
    push    edi
    mov     edi, offset escape_parameters
    xor     eax, eax
    mov     ecx, PARAMETERS
    rep stosd
    pop     edi
    mov     [escape_count], eax
    mov     [escape_private], al
    mov     byte ptr [escape_state], STATE_SEQUENCE
    ret
.Lescape_begun_string:
    mov     byte ptr [escape_state], STATE_STRING
    ret

# In a text that is not for the screen: up to BEL or ESC \.
escape_string:
    cmp     al, 7
    je      escape_end
    cmp     al, 27
    je      escape_begin
    ret
escape_end:
    mov     byte ptr [escape_state], STATE_TEXT
escape_done:
    ret

# After ESC [: parameters in decimal with ; between them, and a character that says what is to be done.
escape_sequence:
    cmp     al, 27
    je      escape_begin
    cmp     al, 0x18                    # CAN
    je      escape_end
    cmp     al, '0'
    jb      escape_private_mark
    cmp     al, '9'
    jbe     escape_digit
    cmp     al, ';'
    je      .Lescape_sequence_next
    cmp     al, '@'
    jb      escape_private_mark
    mov     byte ptr [escape_state], STATE_TEXT
    mov     ah, [escape_private]
    mov     edx, offset escape_finals
.Lescape_sequence_look:
    movzx   ecx, word ptr [edx]
    jecxz   escape_done
    add     edx, 6
    cmp     ax, cx
    jne     .Lescape_sequence_look
    push    [edx - 4]
    call    vga_page_end
    ret                                 # to the routine
.Lescape_sequence_next:
    cmp     dword ptr [escape_count], PARAMETERS
    adc     dword ptr [escape_count], 0
    ret
escape_private_mark:
    cmp     al, ' '
    jb      escape_done
    mov     [escape_private], al
    ret
escape_digit:
    mov     ecx, [escape_count]
    cmp     ecx, PARAMETERS
    jae     escape_done
    imul    edx, [escape_parameters + ecx*4], 10
    movzx   eax, al
    lea     eax, [eax + edx - '0']
    cmp     eax, PARAMETER_MOST
    jbe     1f
    mov     eax, PARAMETER_MOST
1:  mov     [escape_parameters + ecx*4], eax
    ret

# The parameters of a movement.
# Out: EAX the first, at least 1; EDX the second, at least 1.
# Clobbers: EAX, EDX only.
escape_two:
    mov     eax, [escape_parameters]
    cmp     eax, 1
    adc     eax, 0
    mov     edx, [escape_parameters + 4]
    cmp     edx, 1
    adc     edx, 0
    ret

# Moves the cursor to a place, or to the edge. Who draws whole screens, on a terminal that may be larger than ours, is
# not seen beyond it.
# In: EAX row, EDX column, from 0; negative ones are 0.
escape_move:
    test    eax, eax
    jns     1f
    xor     eax, eax
1:  test    edx, edx
    jns     2f
    xor     edx, edx
2:  cmp     dword ptr [escape_owner], 0
    jne     vga_move
    cmp     eax, VGA_ROWS - 1
    jbe     3f
    mov     eax, VGA_ROWS - 1
3:  cmp     edx, VGA_COLUMNS - 1
    jbe     4f
    mov     edx, VGA_COLUMNS - 1
4:  jmp     vga_move

# CUP, HVP: to row and column.
escape_place:
    call    escape_two
    dec     eax
    dec     edx
    jmp     escape_move

# VPA: to a row.
escape_row:
    call    vga_place
    call    escape_to
    xchg    eax, ecx
    jmp     escape_move

# CHA: to a column.
escape_column:
    call    vga_place
    call    escape_to
    mov     edx, ecx
    jmp     escape_move

# The only parameter as a row or column.
# Out: ECX, from 0.
# Clobbers: ECX only.
escape_to:
    mov     ecx, [escape_parameters]
    sub     ecx, 1
    adc     ecx, 0
    ret

# CUU: up.
escape_up:
    call    escape_by
    sub     eax, ecx
    jmp     escape_move

# CUD: down.
escape_down:
    call    escape_by
    add     eax, ecx
    jmp     escape_move

# CUF: right.
escape_right:
    call    escape_by
    add     edx, ecx
    jmp     escape_move

# CUB: left.
escape_left:
    call    escape_by
    sub     edx, ecx
    jmp     escape_move

# How far a movement goes.
# Out: ECX rows or columns, EAX and EDX the cursor's.
escape_by:
    call    escape_two
    push    eax
    call    vga_place
    pop     ecx
    ret

# DECSC, SCOSC: keeps the cursor's place.
escape_cursor_save:
    call    vga_place
    mov     [escape_kept], eax
    mov     [escape_kept + 4], edx
    ret

# DECRC, SCORC: goes back there.
escape_cursor_restore:
    mov     eax, [escape_kept]
    mov     edx, [escape_kept + 4]
    jmp     vga_move

# ED: blanks from the cursor on (0), up to it (1), or all (2, 3).
escape_erase_screen:
    mov     ecx, VGA_CELLS
    xor     edx, edx
    jmp     1f

# EL: the same of its row.
escape_erase_row:
    call    vga_place
    imul    edx, eax, VGA_COLUMNS
    lea     ecx, [edx + VGA_COLUMNS]
1:  push    ecx                         # EDX: the first cell, ECX: behind the last
    push    edx
    call    vga_place
    imul    eax, eax, VGA_COLUMNS
    add     eax, edx                    # EAX: the cursor's
    pop     edx
    pop     ecx
    cmp     dword ptr [escape_parameters], 1
    ja      vga_erase
    je      2f
    mov     edx, eax
    jmp     vga_erase
2:  lea     ecx, [eax + 1]
    jmp     vga_erase

# SGR: colours. Those of 256 and more, which we do not have, end the sequence.
escape_colours:
    push    ebx
    push    esi
    xor     esi, esi
.Lescape_colours_parameter:
    mov     edx, [escape_parameters + esi*4]
    mov     ebx, offset escape_looks
.Lescape_colours_look:
    movzx   eax, byte ptr [ebx + LOOK_FIRST]
    movzx   ecx, byte ptr [ebx + LOOK_LAST]
    add     ebx, LOOK_SIZE
    cmp     edx, ecx
    ja      .Lescape_colours_next
    sub     edx, eax
    jb      .Lescape_colours_other
    mov     al, [ebx - LOOK_SIZE + LOOK_FACTOR]
    mul     byte ptr [escape_map + edx]
    or      al, [ebx - LOOK_SIZE + LOOK_SET]
    mov     cl, [ebx - LOOK_SIZE + LOOK_KEPT]
    mov     dl, [escape_look]
    xor     dl, ATTRIBUTE
    and     cl, dl
    or      al, cl
    xor     al, ATTRIBUTE
    mov     [escape_look], al
    jmp     .Lescape_colours_done
.Lescape_colours_other:
    add     edx, eax
.Lescape_colours_next:
    cmp     ebx, offset escape_looks_end
    jb      .Lescape_colours_look
    cmp     edx, 38
    je      .Lescape_colours_end
    cmp     edx, 48
    je      .Lescape_colours_end
.Lescape_colours_done:
    inc     esi
    cmp     esi, PARAMETERS
    jae     .Lescape_colours_end
    cmp     esi, [escape_count]
    jbe     .Lescape_colours_parameter
.Lescape_colours_end:
    movzx   eax, byte ptr [escape_look]
    xor     al, ATTRIBUTE
    test    al, REVERSED
    jz      1f
    and     al, 0x77
    ror     al, 4
1:  call    console_color
    pop     esi
    pop     ebx
    ret

# Begins the drawing of whole screens: what goes beyond the edge is not seen, and the screen is blank when it ends,
# which it does with the process at the latest.
escape_full:
    mov     edx, [task_current]
    mov     edx, [edx + TASK_PROCESS]
    mov     al, 1
    jmp     1f

# Ends it.
escape_full_end:
    xor     eax, eax
    xor     edx, edx
1:  cmp     dword ptr [escape_parameters], FULL_SCREEN
    jne     2f
    mov     [escape_owner], edx
    call    vga_clip
    jmp     vga_clear
2:  ret

# Prints a program's bytes. May sleep.
# In: ESI bytes, ECX how many.
# Out: EAX bytes; CF clear.
.global console_write
console_write:
    push    ebx
    push    esi
    push    edi
    mov     ebx, ecx
    mov     edi, ecx
.Lconsole_write_piece:
    mov     ecx, edi
    jecxz   .Lconsole_write_done
    cmp     ecx, PRINT_PIECE
    jbe     .Lconsole_write_begin
    mov     ecx, PRINT_PIECE
.Lconsole_write_begin:
    sub     edi, ecx
    pushfd
    push    ecx
    call    console_begin
    pop     ecx
.Lconsole_write_byte:
    lodsb
    push    ecx
    call    escape_put
    pop     ecx
    dec     ecx
    jnz     .Lconsole_write_byte
    call    console_end
    popfd
    jmp     .Lconsole_write_piece
.Lconsole_write_done:
    mov     eax, ebx
    clc
    pop     edi
    pop     esi
    pop     ebx
    ret

# Puts the console in order that a process of which the last thread ends has used: its keys and its screen. May sleep.
# In: EBX process; the running task is its.
.global console_leave
console_leave:
    INTERRUPTS_OFF
    call    console_own
    cmp     [eax + CONSOLE_TAKER], ebx
    jne     1f
    mov     dword ptr [eax + CONSOLE_TAKER], 0
1:  call    console_take
    mov     eax, [escape_owner]
    INTERRUPTS_RESTORE
    cmp     eax, ebx
    jne     2f
    push    esi
    mov     esi, offset escape_orderly
    mov     ecx, offset escape_orderly_end - escape_orderly
    call    console_write
    pop     esi
2:  ret

.section .rodata
.balign 4
escape_states:                              # in the order of STATE_*
    .long   escape_begin, escape_begun, escape_sequence, escape_string

# What ends a sequence, with what stands before it << 8 -> its routine.
.macro ESCAPE_FINAL final:req, routine:req
    .word   \final
    .long   \routine
.endm
escape_finals:
    ESCAPE_FINAL 'A', escape_up
    ESCAPE_FINAL 'B', escape_down
    ESCAPE_FINAL 'C', escape_right
    ESCAPE_FINAL 'D', escape_left
    ESCAPE_FINAL 'G', escape_column
    ESCAPE_FINAL 'H', escape_place
    ESCAPE_FINAL 'J', escape_erase_screen
    ESCAPE_FINAL 'K', escape_erase_row
    ESCAPE_FINAL 'd', escape_row
    ESCAPE_FINAL 'f', escape_place
    ESCAPE_FINAL 'm', escape_colours
    ESCAPE_FINAL 's', escape_cursor_save
    ESCAPE_FINAL 'u', escape_cursor_restore
    ESCAPE_FINAL ('?' << 8) + 'h', escape_full
    ESCAPE_FINAL ('?' << 8) + 'l', escape_full_end
    .word   0

escape_looks:                               # LOOK_* rows
    .byte   0, 0, 0, ATTRIBUTE, 0
    .byte   1, 1, 0xFF, BRIGHT, 0
    .byte   7, 7, 0xFF, REVERSED, 0
    .byte   22, 22, ~BRIGHT & 0xFF, 0, 0
    .byte   27, 27, ~REVERSED & 0xFF, 0, 0
    .byte   30, 37, 0xF8, 0, 1
    .byte   39, 39, 0xF8, ATTRIBUTE, 0
    .byte   40, 47, 0x8F, 0, 16
    .byte   49, 49, 0x8F, 0, 0
    .byte   90, 97, 0xF0, BRIGHT, 1
    .byte   100, 107, 0x8F, 0, 16           # the brighter half would blink
escape_looks_end:
escape_map:                                 # the screen's number of red, green and so on
    .byte   0, 4, 2, 6, 1, 5, 3, 7
escape_strings:                             # DCS, SOS, OSC, PM, APC
    .ascii  "PX]^_"
escape_strings_end:
escape_orderly:
    .ascii  "\033\\\033[m\033[?1049l"        # also after half of a sequence
escape_orderly_end:

.section .bss.console, "aw", @nobits
.balign 4
escape_owner:       .space 4                # process that draws whole screens, or 0
escape_parameters:  .space PARAMETERS * 4
escape_count:       .space 4                # separators between them, at most PARAMETERS
escape_kept:        .space 8                # row and column
escape_state:       .space 1                # STATE_*
escape_private:     .space 1                # what a sequence began with, or has before its end; 0: nothing
escape_look:        .space 1                # attribute, with REVERSED, xor ATTRIBUTE: it begins with 0
.balign 4
