# Reading a line at the console, with editing. The line stays on one row: when it is longer, a window of it is shown.
# When another task prints meanwhile, the console takes the line away (line_hide) and shows it again below (line_show).

.include "macros.inc"
.include "keys.inc"
.include "console.inc"

ROW_COLUMNS         = 80                    # of a row at most
PAGE_ROWS           = 12                    # that PgUp and PgDn move the screen
WINDOW_STEP         = 16                    # the window moves by so much more than it must, so that not each key moves
                                            # it
PROMPT_LEAVES       = 20                    # columns; of a longer prompt the end is shown

STRING text_too_long, "\nThis line is longer than the 511 characters that the shell takes."

HOOK line_history, hook_none, hook_none, hook_none # of the shell
HISTORY_REWIND      = 0                     # a new line begins
HISTORY_OLDER       = 4                     # EAX line as it is now -> EAX string, or CF
HISTORY_NEWER       = 8
# In: EAX line, EDX characters before the cursor, ECX 256 bytes for what is to be typed after them.
HOOK completion, line_no_word

.text

# There is nothing to complete.
line_no_word:
    mov     byte ptr [ecx], 0
    ret

# Reads a line with echo; Enter ends it. It is given up by Ctrl-C, by Ctrl-D where nothing has been typed, and when the
# task is to end. May sleep.
# In: EAX buffer, EDX its size (at least 1).
# Out: EAX length, the buffer is NUL terminated; CF and length 0 when it was given up, ECX by which key. What stands in
# the row already is the prompt.
.global line_read
line_read:
    xor     ecx, ecx

# The same with the history behind Up and Down, in a row of its own, and with a prompt that is asked for whenever the
# line is drawn, so that it can change while the line is edited.
# In: also ECX routine that writes the prompt: EAX buffer, EDX its size -> EAX characters; it runs with interrupts off.
.global line_read_history
line_read_history:
    push    ebx
    push    eax
    push    edx
    push    ecx
    call    console_own
    add     eax, CONSOLE_LINE
    call    mutex_lock
    pop     ecx
    pop     edx
    pop     eax
    pushfd
    call    console_lock
    call    line_begin
    cmp     dword ptr [line_prompt_routine], 0
    je      .Lline_read_prompt
    call    vga_at_start
    je      .Lline_read_row
    mov     al, 10
    call    console_put
.Lline_read_row:
    call    line_draw_here
    call    vga_show_cursor
    jmp     .Lline_read_shown
.Lline_read_prompt:
    mov     eax, offset line_prompt
    call    vga_row_text
    call    line_prompt_take
.Lline_read_shown:
    mov     byte ptr [line_hidden], 0
    mov     byte ptr [line_active], 1
    call    console_unlock
    popfd
.Lline_read_key:
    call    key_take
    jc      .Lline_read_ended
    cmp     eax, KEY_TAB
    jne     .Lline_read_edit
    call    line_tab
    jmp     .Lline_read_key
.Lline_read_edit:
    pushfd
    call    console_lock
    call    line_key
    sbb     ebx, ebx                    # all ones when the line is complete
    call    vga_show_cursor
    mov     eax, [line_length]
    mov     ecx, [line_given_up]
    call    console_unlock
    popfd
    test    ebx, ebx
    jz      .Lline_read_key
.Lline_read_done:
    push    eax
    push    ecx
    call    console_own
    add     eax, CONSOLE_LINE
    call    mutex_unlock
    pop     ecx
    pop     eax
    pop     ebx
    cmp     ecx, 1
    cmc                                 # CF when it was given up
    ret
.Lline_read_ended:
    pushfd
    call    console_lock
    mov     dword ptr [line_length], 0
    call    line_end_input
    call    console_unlock
    popfd
    xor     eax, eax
    mov     ecx, KEY_CTRL_D
    jmp     .Lline_read_done

# Begins with an empty line.
# In: EAX buffer, EDX its size, ECX routine that writes the prompt, or 0. The console is locked.
# Clobbers: EAX, ECX, EDX.
line_begin:
    push    eax
    push    edx
    push    ecx
    call    terminal_size
    cmp     edx, ROW_COLUMNS
    jbe     1f
    mov     edx, ROW_COLUMNS
1:  mov     [line_columns], edx
    pop     ecx
    pop     edx
    pop     eax
    mov     [line_buffer], eax
    dec     edx
    mov     [line_most], edx
    mov     [line_prompt_routine], ecx
    xor     ecx, ecx
    mov     [line_length], ecx
    mov     [line_cursor], ecx
    mov     [line_window], ecx
    mov     [line_searching], ecx
    mov     [line_overflow], ecx
    call    [line_history + HISTORY_REWIND]
    ret

# Takes what is in line_prompt, and gives the rest of the row to the line.
# In: EAX characters, at most ROW_COLUMNS.
line_prompt_take:
    CHECK   eax, be, ROW_COLUMNS, "line_prompt_take: the prompt is longer than a row"
    mov     [line_prompt_length], eax
    mov     dword ptr [line_prompt_start], offset line_prompt
    mov     edx, [line_columns]
    sub     edx, PROMPT_LEAVES
    sub     eax, edx
    jbe     1f
    add     [line_prompt_start], eax
    mov     [line_prompt_length], edx
1:  mov     eax, [line_columns]
    dec     eax
    sub     eax, [line_prompt_length]
    mov     [line_room], eax
    ret

# Does what a key says.
# In: EAX key; interrupts off.
# Out: CF when the line is complete.
line_key:
    mov     edx, -PAGE_ROWS
    cmp     eax, KEY_PAGE_DOWN
    je      line_page
    neg     edx
    cmp     eax, KEY_PAGE_UP
    je      line_page
    push    eax
    call    vga_page_end
    call    line_reveal
    pop     eax
    cmp     dword ptr [line_searching], 0
    je      .Lline_key_edit
    call    line_search_key
    jnc     .Lline_key_done
.Lline_key_edit:
    cmp     eax, KEY_CTRL_D
    jne     .Lline_key_table
    mov     ecx, [line_length]
    or      ecx, [line_prompt_routine]
    jz      line_end_input
.Lline_key_table:
    mov     edx, offset line_keys
1:  movzx   ecx, word ptr [edx]
    test    ecx, ecx
    jz      2f
    add     edx, 6
    cmp     eax, ecx
    jne     1b
    call    [edx - 4]
    clc
    ret
2:  cmp     eax, KEY_ENTER
    je      line_enter
    cmp     eax, KEY_CTRL_C
    je      line_give_up
    cmp     eax, ' '
    jb      .Lline_key_done
    cmp     eax, 126
    ja      .Lline_key_done
    call    line_insert
.Lline_key_done:
    clc
    ret

# Keys PgUp and PgDn. In: EDX rows.
line_page:
    mov     eax, edx
    jmp     vga_page

line_enter:
    mov     dword ptr [line_given_up], 0
    mov     eax, [line_prompt_routine]
    and     eax, [line_overflow]
    jz      line_complete
    push    esi                             # the beginning of a command is another command
    push    edi
    mov     esi, offset text_too_long
    mov     eax, esi
    call    string_length
    mov     edi, eax
    call    line_put
    pop     edi
    pop     esi

# Nothing is to be done with the line.
line_drop:
    mov     dword ptr [line_length], 0
    mov     dword ptr [line_given_up], KEY_CTRL_C
line_complete:
    mov     al, 10
    call    console_put
line_leave:
    mov     byte ptr [line_active], 0
    mov     eax, [line_buffer]
    add     eax, [line_length]
    mov     byte ptr [eax], 0
    stc
    ret

line_give_up:
    mov     al, '^'
    call    console_put
    mov     al, 'C'
    call    console_put
    call    break_clear                 # it has been read
    jmp     line_drop

# Key Ctrl-D: the end of a program's input, where nothing has been typed; in the shell's own lines it only removes.
line_end_input:
    mov     dword ptr [line_given_up], KEY_CTRL_D
    jmp     line_leave

# Inserts a character at the cursor. Where there is no room, the shell does not take the line.
# In: AL.
line_insert:
    mov     ecx, [line_length]
    cmp     ecx, [line_most]
    jae     1f
    push    eax
    mov     edx, [line_buffer]
    add     edx, [line_cursor]          # make room
    CHECK   ecx, ae, [line_cursor], "line_insert: the cursor is behind the line"
    sub     ecx, [line_cursor]
    lea     eax, [edx + 1]
    call    mem_move
    pop     eax
    mov     edx, [line_buffer]
    mov     ecx, [line_cursor]
    mov     [edx + ecx], al
    inc     dword ptr [line_length]
    inc     dword ptr [line_cursor]
    mov     ecx, [line_cursor]
    cmp     ecx, [line_length]
    jne     line_draw
    sub     ecx, [line_window]
    cmp     ecx, [line_room]
    ja      line_draw
    jmp     console_put                 # at the end it is just an echo
1:  or      dword ptr [line_overflow], -1
    ret

# Key Backspace: removes the character left of the cursor.
line_backspace:
    cmp     dword ptr [line_cursor], 0
    je      1f
    mov     eax, [line_cursor]
    cmp     eax, [line_length]
    jne     2f
    cmp     dword ptr [line_window], 0
    jne     2f
    dec     dword ptr [line_cursor]
    dec     dword ptr [line_length]
    mov     al, 8
    call    console_put
    mov     al, ' '
    call    console_put
    mov     al, 8
    jmp     console_put
2:  dec     dword ptr [line_cursor]
    jmp     line_delete
1:  ret

# Deletes the character at the cursor.
line_delete:
    mov     ecx, [line_length]
    sub     ecx, [line_cursor]
    jbe     1f
    dec     ecx
    mov     eax, [line_buffer]
    add     eax, [line_cursor]
    lea     edx, [eax + 1]
    call    mem_copy
    dec     dword ptr [line_length]
    jmp     line_draw
1:  ret

# Key Left.
line_left:
    mov     eax, [line_cursor]
    sub     eax, 1
    jb      1f
    mov     [line_cursor], eax
    cmp     eax, [line_window]
    jb      line_draw
    mov     al, 8
    jmp     console_put
1:  ret

# Key Right.
line_right:
    mov     eax, [line_cursor]
    cmp     eax, [line_length]
    jae     1f
    inc     dword ptr [line_cursor]
    mov     ecx, [line_cursor]
    sub     ecx, [line_window]
    cmp     ecx, [line_room]
    ja      line_draw
    add     eax, [line_buffer]
    mov     al, [eax]
    jmp     console_put
1:  ret

# Key Home: the cursor goes to the first character.
line_home:
    mov     dword ptr [line_cursor], 0
    jmp     line_draw

# Key End: the cursor goes after the last character.
line_end:
    mov     eax, [line_length]
    mov     [line_cursor], eax
    jmp     line_draw

# Ctrl-K: removes what is right of the cursor.
line_cut_end:
    mov     eax, [line_cursor]
    mov     [line_length], eax
    jmp     line_draw

# Ctrl-U: removes what is left of the cursor.
line_cut_start:
    mov     edx, [line_buffer]
    mov     eax, edx
    add     edx, [line_cursor]
    mov     ecx, [line_length]
    sub     ecx, [line_cursor]
    mov     [line_length], ecx
    call    mem_copy
    jmp     line_home

# Key Escape: removes the whole line.
line_clear:
    mov     dword ptr [line_length], 0
    jmp     line_home

# Ctrl-L: shows the line alone, on an empty screen.
line_clear_screen:
    call    console_blank
    jmp     line_draw_here

# Key Up: the line before in the history.
line_up:
    mov     eax, [line_history + HISTORY_OLDER]
    jmp     1f

# Key Down: the next line of the history.
line_down:
    mov     eax, [line_history + HISTORY_NEWER]
1:  cmp     dword ptr [line_prompt_routine], 0
    je      2f
    push    eax
    mov     eax, [line_buffer]          # the line as it is: history keeps what was typed and not entered
    add     eax, [line_length]
    mov     byte ptr [eax], 0
    mov     eax, [line_buffer]
    pop     edx
    call    edx
    jc      2f
    mov     edx, eax
    mov     eax, [line_buffer]
    mov     ecx, [line_most]
    inc     ecx
    call    string_copy
    mov     [line_length], eax
    jmp     line_end
2:  ret

# Key Tab: completes the word before the cursor. May sleep.
line_tab:
    FRAME   256
    push    esi
    pushfd
    call    console_lock
    mov     ecx, [line_prompt_routine]
    mov     eax, [line_buffer]
    mov     edx, [line_cursor]
    call    console_unlock
    popfd
    jecxz   3f
    lea     ecx, [ebp - 256]
    call    [completion]
    lea     esi, [ebp - 256]
    pushfd
    call    console_lock
    call    line_reveal
    call    line_search_end
1:  lodsb
    test    al, al
    jz      2f
    call    line_insert
    jmp     1b
2:  call    vga_show_cursor
    call    console_unlock
    popfd
3:  pop     esi
    ENDFRAME
    ret

# Draws the row anew: prompt, the window around the cursor, and the cursor.
.global line_draw
line_draw:
    mov     al, 13
    call    console_put
    call    console_clear_line_end

# The same in a row that is empty.
line_draw_here:
    push    esi
    push    edi
    mov     ecx, [line_prompt_routine]
    jecxz   .Lline_draw_here_window
    cmp     dword ptr [line_searching], 0
    je      .Lline_draw_here_prompt
    mov     ecx, offset line_search_prompt
.Lline_draw_here_prompt:
    mov     eax, offset line_prompt
    mov     edx, ROW_COLUMNS
    call    ecx
    call    line_prompt_take
.Lline_draw_here_window:
    mov     eax, [line_cursor]          # the window follows the cursor
    cmp     eax, [line_window]
    jae     .Lline_draw_here_right
    mov     [line_window], eax
.Lline_draw_here_right:
    sub     eax, [line_room]
    jbe     .Lline_draw_here_row
    cmp     eax, [line_window]
    jbe     .Lline_draw_here_row
    add     eax, WINDOW_STEP
    mov     [line_window], eax
.Lline_draw_here_row:
    mov     esi, [line_prompt_start]
    mov     edi, [line_prompt_length]
    call    line_put
    mov     esi, [line_buffer]
    add     esi, [line_window]
    mov     edi, [line_length]
    CHECK   edi, ae, [line_window], "line_draw: the window begins behind the line"
    sub     edi, [line_window]
    cmp     edi, [line_room]
    jbe     .Lline_draw_here_fits
    mov     edi, [line_room]
.Lline_draw_here_fits:
    mov     eax, [line_window]
    add     eax, edi
    push    eax                         # first character that is not shown
    call    line_put
    pop     edi
    sub     edi, [line_cursor]
.Lline_draw_here_back:
    dec     edi
    js      .Lline_draw_here_done
    mov     al, 8
    call    console_put
    jmp     .Lline_draw_here_back
.Lline_draw_here_done:
    pop     edi
    pop     esi
    ret

# Puts EDI characters at ESI on the console.
# Clobbers: ESI, EDI.
line_put:
    dec     edi
    js      1f
    lodsb
    call    console_put
    jmp     line_put
1:  ret

# Makes room for what another task prints: on the screen the line goes away; a serial line is often somebody's log,
# there the next text begins in a new row. Interrupts off.
.global line_hide
line_hide:
    cmp     byte ptr [line_active], 0
    je      1f
    cmp     byte ptr [line_hidden], 0
    jne     1f
    mov     byte ptr [line_hidden], 1
    call    vga_at_start
    je      1f
    mov     al, 13
    call    serial_put
    mov     al, 10
    call    serial_put
    mov     al, 13
    call    vga_put
    jmp     vga_clear_line_end
1:  ret

# Shows it again when what was printed has ended its row. Interrupts off.
.global line_show
line_show:
    cmp     byte ptr [line_active], 0
    je      1f
    cmp     byte ptr [line_hidden], 0
    je      1f
    call    vga_at_start
    jne     1f
    mov     byte ptr [line_hidden], 0
    jmp     line_draw_here
1:  ret

# Shows it again because a key came. Interrupts off.
line_reveal:
    cmp     byte ptr [line_hidden], 0
    je      2f
    mov     byte ptr [line_hidden], 0
    call    vga_at_start
    je      1f
    mov     al, 10
    call    console_put
1:  jmp     line_draw_here
2:  ret

# Forgets the line: panic does not want it back.
.global line_abandon
line_abandon:
    mov     byte ptr [line_active], 0
    ret

.macro LINE_KEY key:req, routine:req
    .word   \key
    .long   \routine
.endm

.section .rodata
line_keys:
    LINE_KEY KEY_BACKSPACE, line_backspace
    LINE_KEY KEY_DELETE, line_delete
    LINE_KEY KEY_CTRL_D, line_delete
    LINE_KEY KEY_LEFT, line_left
    LINE_KEY KEY_RIGHT, line_right
    LINE_KEY KEY_HOME, line_home
    LINE_KEY KEY_CTRL_A, line_home
    LINE_KEY KEY_END, line_end
    LINE_KEY KEY_CTRL_E, line_end
    LINE_KEY KEY_CTRL_K, line_cut_end
    LINE_KEY KEY_CTRL_U, line_cut_start
    LINE_KEY KEY_ESCAPE, line_clear
    LINE_KEY KEY_CTRL_L, line_clear_screen
    LINE_KEY KEY_UP, line_up
    LINE_KEY KEY_DOWN, line_down
    LINE_KEY KEY_CTRL_R, line_search
    .word   0

.section .bss.console, "aw", @nobits
.balign 4
.global line_buffer
line_buffer:        .space 4
.global line_most
line_most:          .space 4                # characters that fit
.global line_length
line_length:        .space 4
.global line_cursor
line_cursor:        .space 4                # 0 to line_length
line_window:        .space 4                # first character shown
line_room:          .space 4                # columns for the window
line_columns:       .space 4                # of the row
line_prompt_start:  .space 4
line_prompt_length: .space 4
line_given_up:      .space 4                # KEY_* by which, or 0
line_overflow:      .space 4                # -1: there was no room for a character
.global line_prompt_routine
line_prompt_routine: .space 4               # asked for the prompt at each drawing; 0: it stands there already
line_active:        .space 1                # 1: a line is being edited
line_hidden:        .space 1                # 1: it is not on the screen now
line_prompt:        .space ROW_COLUMNS
