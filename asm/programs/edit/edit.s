# edit: a full-screen editor.

.include "edit.inc"

LARGEST             = 0x400000      # bytes of a file
SPARE_BYTES         = 0x10000       # that a text may grow by
KEY_CTRL_F          = 6
KEY_CTRL_Q          = 17
KEY_CTRL_S          = 19

DESCRIPTION "PATH", "edit a text"
DETAIL "Ctrl-S saves, Ctrl-Q ends. Arrows, Home, End, PgUp and PgDn move the cursor, Ctrl-F finds a text, Ctrl-K"
DETAIL "cuts the line, Ctrl-U inserts it, Ctrl-L draws the screen anew."

.text

# Takes a path.
.global _start
_start:
    cmp     dword ptr [esp], 2
    jne     misused
    mov     esi, [esp + 8]
    mov     [edit_path], esi
    SYSTEM  handle_kind, 0
    or      edi, eax
    SYSTEM  handle_kind, 1
    or      edi, eax                    # both are HANDLE_CONSOLE
    jnz     1f
    SYSTEM  terminal, "offset asked", TERMINAL_ASK
    test    eax, eax
    jz      2f
1:  mov     eax, 2
    mov     edx, offset text_elsewhere
    call    put_to
    SYSTEM  exit, 1
2:  mov     edi, esi
    call    edit_load
    mov     edx, edi
    jc      fail
    call    edit_layout
    jc      fail
    mov     eax, offset text_begin
    call    out_text
    call    edit_blank
    call    edit_loop
    mov     eax, offset text_end_screen
    call    out_text
    jmp     finish

# Reads the file; one that is not there is an empty text.
# In: ESI path.
# Out: CF and EAX negated error code.
edit_load:
    push    esi
    push    edi
    SYSTEM  stat, esi, "offset about"
    test    eax, eax
    jns     .Ledit_load_there
    cmp     eax, -ERROR_NOT_FOUND
    je      .Ledit_load_memory
    stc
    jmp     .Ledit_load_done
.Ledit_load_there:
    mov     eax, -ERROR_IS_DIRECTORY
    cmp     dword ptr [about + STAT_KIND], NODE_DIRECTORY
    je      .Ledit_load_failed
    mov     eax, -ERROR_TOO_LONG
    cmp     dword ptr [about + STAT_BYTES + 4], 0
    jne     .Ledit_load_failed
    cmp     dword ptr [about + STAT_BYTES], LARGEST
    ja      .Ledit_load_failed
.Ledit_load_memory:
    mov     edi, [about + STAT_BYTES]
    add     edi, SPARE_BYTES
    mov     [edit_room], edi
    SYSTEM  memory_map, edi
    cmp     eax, -ERROR_COUNT
    ja      .Ledit_load_failed
    mov     [edit_text], eax
    cmp     dword ptr [about + STAT_BYTES], 0
    je      .Ledit_load_done            # CF is clear
    SYSTEM  open, esi, FILE_READ
    test    eax, eax
    js      .Ledit_load_failed
    mov     esi, eax
.Ledit_load_read:
    mov     ecx, [edit_text]
    mov     edx, [edit_room]
    add     ecx, [edit_bytes]
    sub     edx, [edit_bytes]
    SYSTEM  read, esi, ecx, edx
    test    eax, eax
    js      .Ledit_load_failed
    add     [edit_bytes], eax
    test    eax, eax
    jnz     .Ledit_load_read
    SYSTEM  close, esi
    clc
    jmp     .Ledit_load_done
.Ledit_load_failed:
    stc
.Ledit_load_done:
    pop     edi
    pop     esi
    ret

# Does keys until the editor ends.
edit_loop:
    call    edit_show
    SYSTEM  key, -1
    test    eax, eax
    js      2f
1:  mov     esi, [edit_message]
    mov     dword ptr [edit_message], 0
    call    edit_key
    cmp     dword ptr [edit_ended], 0
    jne     2f
    SYSTEM  key, 0
    test    eax, eax
    jns     1b                          # shown when all has been done that was typed
    jmp     edit_loop
2:  ret

# Does what a key says.
# In: EAX key, ESI the message that was shown.
edit_key:
    mov     edx, offset edit_keys
    call    edit_key_find
    jc      1f
    call    edx
    mov     eax, [edit_cursor]
    call    edit_column
    mov     [edit_goal], eax
    ret
1:  mov     edx, offset edit_keys_vertical
    call    edit_key_find
    jc      2f
    jmp     edx
2:  cmp     eax, 126
    ja      3f
    cmp     eax, ' '
    jae     edit_type
3:  ret

# Looks for a key in a table.
# In: EAX key, EDX table.
# Out: EDX its routine; CF when it is not there.
# Clobbers: ECX only.
edit_key_find:
    movzx   ecx, word ptr [edx]
    cmp     ecx, 1
    jc      1f
    add     edx, 6
    cmp     eax, ecx
    jne     edit_key_find
    mov     edx, [edx - 4]
1:  ret

# Types a character.
# In: EAX.
edit_type:
    push    eax
    mov     esi, esp
    mov     ecx, 1
    call    edit_insert
    pop     eax
    mov     eax, [edit_cursor]
    call    edit_column
    mov     [edit_goal], eax
    ret

# Key Enter.
edit_enter:
    mov     eax, 10
    jmp     edit_type

# Key Tab.
edit_tab:
    mov     eax, 9
    jmp     edit_type

# Key Left.
edit_left:
    mov     eax, [edit_cursor]
    sub     eax, 1
    adc     eax, 0
    mov     [edit_cursor], eax
    ret

# Key Right.
edit_right:
    mov     eax, [edit_cursor]
    cmp     eax, [edit_bytes]
    adc     eax, 0
    mov     [edit_cursor], eax
    ret

# Key Home.
edit_home:
    mov     eax, [edit_cursor]
    call    edit_line_start
    mov     [edit_cursor], eax
    ret

# Key End.
edit_end:
    mov     eax, [edit_cursor]
    call    edit_line_end
    mov     [edit_cursor], eax
    ret

# Key Backspace.
edit_backspace:
    cmp     dword ptr [edit_cursor], 0
    je      1f
    dec     dword ptr [edit_cursor]

# Key Delete.
edit_delete:
    mov     eax, [edit_cursor]
    cmp     eax, [edit_bytes]
    jae     1f
    mov     ecx, 1
    jmp     edit_remove
1:  ret

# Key Up.
edit_up:
    mov     eax, [edit_cursor]
    call    edit_line_start
    test    eax, eax
    jz      1f
    dec     eax
    call    edit_line_start
    mov     edx, [edit_goal]
    call    edit_at_column
    mov     [edit_cursor], eax
1:  ret

# Key Down.
edit_down:
    mov     eax, [edit_cursor]
    call    edit_line_end
    jc      1f
    inc     eax
    mov     edx, [edit_goal]
    call    edit_at_column
    mov     [edit_cursor], eax
1:  ret

# Key PgUp.
edit_page_up:
    mov     esi, offset edit_up
    jmp     edit_page

# Key PgDn.
edit_page_down:
    mov     esi, offset edit_down

# Moves the cursor by as many lines as are shown, less one.
# In: ESI routine for a line.
edit_page:
    push    edi
    mov     edi, [edit_rows]
1:  dec     edi
    jz      2f
    call    esi
    jmp     1b
2:  pop     edi
    ret

# Ctrl-K: cuts the line.
edit_cut:
    push    esi
    push    edi
    call    edit_home
    call    edit_line_end
    sbb     ecx, ecx                    # the line end goes too, if there is one
    lea     edi, [eax + ecx + 1]
    sub     edi, [edit_cursor]
    jz      2f
    mov     ebx, [edit_line]
    test    ebx, ebx
    jz      1f
    SYSTEM  memory_unmap, ebx
    mov     dword ptr [edit_line], 0
1:  SYSTEM  memory_map, edi
    cmp     eax, -ERROR_COUNT
    ja      3f
    mov     [edit_line], eax
    mov     [edit_line_bytes], edi
    mov     esi, [edit_text]
    add     esi, [edit_cursor]
    mov     ecx, edi
    mov     edx, edi
    mov     edi, eax
    rep movsb
    mov     ecx, edx
    call    edit_remove
2:  pop     edi
    pop     esi
    ret
3:  mov     dword ptr [edit_message], offset text_no_memory
    jmp     2b

# Ctrl-U: inserts the line that was cut.
edit_paste:
    mov     esi, [edit_line]
    test    esi, esi
    jz      1f
    mov     ecx, [edit_line_bytes]
    jmp     edit_insert
1:  ret

# Ctrl-F: asks for a text, and looks for it; Enter alone looks for the one before again.
edit_ask:
    push    esi
    push    edi
    mov     esi, offset edit_sought
    xor     edi, edi                    # EDI: characters
.Ledit_ask_show:
    mov     eax, offset text_find
    call    edit_status_begin
    test    edi, edi
    jz      .Ledit_ask_none
    mov     eax, esi
    call    edit_status_add
.Ledit_ask_none:
    call    edit_show
    SYSTEM  key, -1
    cmp     eax, KEY_SIZE
    je      .Ledit_ask_size
    cmp     eax, KEY_ENTER
    je      .Ledit_ask_find
    cmp     eax, KEY_BACKSPACE
    je      .Ledit_ask_shorter
    cmp     eax, ' '
    jb      .Ledit_ask_done
    cmp     eax, 126
    ja      .Ledit_ask_done
    cmp     edi, SOUGHT_BYTES - 1
    jae     .Ledit_ask_show
    mov     [esi + edi], al
    inc     edi
    jmp     .Ledit_ask_ended
.Ledit_ask_size:
    call    edit_resize
    jmp     .Ledit_ask_show
.Ledit_ask_shorter:
    sub     edi, 1
    jb      .Ledit_ask_done
.Ledit_ask_ended:
    mov     byte ptr [esi + edi], 0
    mov     [edit_sought_bytes], edi
    jmp     .Ledit_ask_show
.Ledit_ask_find:
    mov     dword ptr [edit_message], 0
    cmp     dword ptr [edit_sought_bytes], 0
    je      .Ledit_ask_done
    call    edit_find
    jmp     .Ledit_ask_return
.Ledit_ask_done:
    mov     dword ptr [edit_message], 0
.Ledit_ask_return:
    pop     edi
    pop     esi
    ret

# Ctrl-L: draws everything anew, and asks how large the terminal is.
edit_redraw:
    SYSTEM  terminal, "offset asked", TERMINAL_ASK
    jmp     edit_blank

# The terminal has another size.
edit_resize:
    call    edit_layout                 # without memory it stays as it is
    jmp     edit_blank

# Ctrl-Q: ends; a text that was changed only when it is said twice.
# In: also ESI the message that was shown.
edit_quit:
    mov     eax, offset text_not_saved
    cmp     dword ptr [edit_changed], 0
    je      1f
    cmp     esi, eax
    je      1f
    mov     [edit_message], eax
    ret
1:  mov     dword ptr [edit_ended], 1
    ret

# Ctrl-S: saves the text: under another name first, so that the file is the old one or the new one at each moment.
edit_save:
    push    esi
    push    edi
    mov     eax, [edit_path]
    call    part_open
    jc      .Ledit_save_failed
    mov     edi, eax
    mov     edx, [edit_text]
    mov     ecx, [edit_bytes]
    call    write_all
    jnc     .Ledit_save_whole
    push    eax
    SYSTEM  close, edi
    pop     eax
    call    part_remove
    jmp     .Ledit_save_failed
.Ledit_save_whole:
    SYSTEM  close, edi
    mov     eax, [edit_path]
    call    part_place
    test    eax, eax
    js      .Ledit_save_failed
    mov     dword ptr [edit_changed], 0
    mov     dword ptr [edit_message], offset text_saved
    jmp     .Ledit_save_done
.Ledit_save_failed:
    neg     eax
    SYSTEM  error_text, eax, "offset edit_status_text", STATUS_BYTES
    mov     dword ptr [edit_message], offset edit_status_text
.Ledit_save_done:
    pop     edi
    pop     esi
    ret

.macro EDIT_KEY key:req, routine:req
    .word   \key
    .long   \routine
.endm

.section .rodata
text_elsewhere:     .asciz "edit: it needs the console for itself\n"
text_begin:         .asciz "\033[?1049h"
text_end_screen:    .asciz "\033[?1049l"
text_find:          .asciz "find: "
text_saved:         .asciz "saved"
text_not_saved:     .asciz "the text is not saved; Ctrl-Q again ends without saving it, Ctrl-S saves it"
text_no_memory:     .asciz "there is no memory for the line"
edit_keys:
    EDIT_KEY KEY_ENTER, edit_enter
    EDIT_KEY KEY_TAB, edit_tab
    EDIT_KEY KEY_LEFT, edit_left
    EDIT_KEY KEY_RIGHT, edit_right
    EDIT_KEY KEY_HOME, edit_home
    EDIT_KEY KEY_CTRL_A, edit_home
    EDIT_KEY KEY_END, edit_end
    EDIT_KEY KEY_CTRL_E, edit_end
    EDIT_KEY KEY_BACKSPACE, edit_backspace
    EDIT_KEY KEY_DELETE, edit_delete
    EDIT_KEY KEY_CTRL_D, edit_delete
    EDIT_KEY KEY_CTRL_K, edit_cut
    EDIT_KEY KEY_CTRL_U, edit_paste
    EDIT_KEY KEY_CTRL_F, edit_ask
    EDIT_KEY KEY_CTRL_L, edit_redraw
    EDIT_KEY KEY_SIZE, edit_resize
    EDIT_KEY KEY_CTRL_S, edit_save
    EDIT_KEY KEY_CTRL_Q, edit_quit
    .word   0
edit_keys_vertical:                         # these keep to edit_goal
    EDIT_KEY KEY_UP, edit_up
    EDIT_KEY KEY_DOWN, edit_down
    EDIT_KEY KEY_PAGE_UP, edit_page_up
    EDIT_KEY KEY_PAGE_DOWN, edit_page_down
    .word   0

.bss
.balign 4
.global edit_path
edit_path:          .space 4
edit_goal:          .space 4        # column that Up and Down keep to
edit_ended:         .space 4        # 1: the editor is to end
edit_line:          .space 4        # line that was cut last: its address, or 0
edit_line_bytes:    .space 4
asked:              .space 8        # rows and columns, as known before an answer
about:              .space STAT_SIZE
