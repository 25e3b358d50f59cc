# edit: a full-screen editor. It is a command of the shell and not a program, because the system calls give programs
# whole lines of the console, no keys.

.include "macros.inc"
.include "errors.inc"
.include "keys.inc"
.include "fs.inc"
.include "file.inc"
.include "cpu.inc"
.include "tasks.inc"
.include "shell.inc"
.include "edit.inc"

EDIT_LARGEST        = 0x400000              # bytes of a file
KEY_CTRL_F          = 6
KEY_CTRL_Q          = 17
KEY_CTRL_S          = 19

.text

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_edit:
    cmp     eax, 2
    jne     command_misused
    push    ebx
    push    esi
    push    edi
    mov     esi, [edx + 4]
    mov     eax, [task_current]
    mov     eax, [eax + TASK_CONTEXT]
    mov     edx, [eax + CONTEXT_OUTPUT]
    or      edx, [eax + CONTEXT_JOB]
    or      edx, [eax + CONTEXT_INPUT]
    jnz     .Lcommand_edit_elsewhere
    mov     eax, EDIT_SIZE
    call    malloc
    jc      .Lcommand_edit_failed
    mov     ebx, eax
    mov     [ebx + EDIT_PATH], esi
    call    edit_load
    jc      .Lcommand_edit_free
    call    edit_layout
    jc      .Lcommand_edit_unload
    mov     al, 1
    call    console_full
    call    terminal_ask
    call    edit_loop
    xor     eax, eax
    call    console_full
    mov     eax, [ebx + EDIT_FRAME]
    call    mfree
    mov     eax, [ebx + EDIT_CUT]
    test    eax, eax
    jz      .Lcommand_edit_uncut
    call    mfree
.Lcommand_edit_uncut:
    call    edit_unload
    mov     eax, ebx
    call    mfree
    xor     eax, eax
    jmp     .Lcommand_edit_done
.Lcommand_edit_unload:
    push    eax
    call    edit_unload
    pop     eax
.Lcommand_edit_free:
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
.Lcommand_edit_failed:
    call    path_complain
    jmp     .Lcommand_edit_done
.Lcommand_edit_elsewhere:
    LOAD_STRING eax, "edit: it needs the console for itself"
    call    shell_say
    mov     eax, 1
.Lcommand_edit_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Gives the memory of the text back.
# In: EBX editor.
edit_unload:
    mov     eax, [ebx + EDIT_TEXT]
    mov     edx, [ebx + EDIT_PAGES]
    jmp     page_free

# Reads the file; one that is not there is an empty text. May sleep.
# In: EBX editor, ESI path.
# Out: CF and EAX error.
edit_load:
    FRAME   NODE_SIZE_OF
    push    edi
    lea     edi, [ebp - NODE_SIZE_OF]
    mov     dword ptr [edi + NODE_BYTES], 0
    call    file_stat
    jnc     .Ledit_load_there
    cmp     eax, ERROR_NOT_FOUND
    je      .Ledit_load_memory
    stc
    jmp     .Ledit_load_done
.Ledit_load_there:
    mov     eax, ERROR_IS_DIRECTORY
    cmp     dword ptr [edi + NODE_KIND], NODE_FILE
    stc
    jne     .Ledit_load_done
    mov     eax, ERROR_TOO_LONG
    cmp     dword ptr [edi + NODE_BYTES + 4], 0
    stc
    jne     .Ledit_load_done
    cmp     dword ptr [edi + NODE_BYTES], EDIT_LARGEST + 1
    cmc
    jc      .Ledit_load_done
.Ledit_load_memory:
    mov     eax, [edi + NODE_BYTES]
    add     eax, EDIT_SPARE_BYTES + PAGE_SIZE - 1
    shr     eax, 12
    mov     [ebx + EDIT_PAGES], eax
    mov     ecx, eax
    shl     ecx, 12
    mov     [ebx + EDIT_ROOM], ecx
    call    page_alloc
    jc      .Ledit_load_done
    mov     [ebx + EDIT_TEXT], eax
    cmp     dword ptr [edi + NODE_BYTES], 0
    je      .Ledit_load_done            # CF is clear
    mov     ecx, FILE_READ
    call    file_open
    jc      .Ledit_load_free
    push    esi
    mov     esi, eax
.Ledit_load_read:
    mov     edi, [ebx + EDIT_TEXT]
    add     edi, [ebx + EDIT_BYTES]
    mov     ecx, [ebx + EDIT_ROOM]
    sub     ecx, [ebx + EDIT_BYTES]
    mov     eax, esi
    call    file_read
    jc      .Ledit_load_close
    add     [ebx + EDIT_BYTES], eax
    test    eax, eax
    jnz     .Ledit_load_read
.Ledit_load_close:
    pushfd
    push    eax
    mov     eax, esi
    call    file_close
    pop     eax
    popfd
    pop     esi
    jnc     .Ledit_load_done
.Ledit_load_free:
    push    eax
    mov     eax, [ebx + EDIT_TEXT]
    mov     edx, [ebx + EDIT_PAGES]
    call    page_free
    pop     eax
    stc
.Ledit_load_done:
    pop     edi
    ENDFRAME
    ret

# Does keys until the editor ends. May sleep.
# In: EBX editor.
edit_loop:
    push    esi
1:  call    edit_show
    call    key_read
2:  mov     esi, [ebx + EDIT_MESSAGE]
    mov     dword ptr [ebx + EDIT_MESSAGE], 0
    call    edit_key
    cmp     dword ptr [ebx + EDIT_ENDED], 0
    jne     3f
    call    key_poll
    jnc     2b                          # shown when all has been done that was typed
    jmp     1b
3:  call    break_clear
    pop     esi
    ret

# Does what a key says.
# In: EBX editor, EAX key, ESI the message that was shown.
edit_key:
    mov     edx, offset edit_keys
    call    edit_key_find
    jc      1f
    call    edx
    mov     eax, [ebx + EDIT_CURSOR]
    call    edit_column
    mov     [ebx + EDIT_GOAL], eax
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
# In: EBX editor, EAX.
edit_type:
    push    eax
    mov     esi, esp
    mov     ecx, 1
    call    edit_insert
    pop     eax
    mov     eax, [ebx + EDIT_CURSOR]
    call    edit_column
    mov     [ebx + EDIT_GOAL], eax
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
    mov     eax, [ebx + EDIT_CURSOR]
    sub     eax, 1
    adc     eax, 0
    mov     [ebx + EDIT_CURSOR], eax
    ret

# Key Right.
edit_right:
    mov     eax, [ebx + EDIT_CURSOR]
    cmp     eax, [ebx + EDIT_BYTES]
    adc     eax, 0
    mov     [ebx + EDIT_CURSOR], eax
    ret

# Key Home.
edit_home:
    mov     eax, [ebx + EDIT_CURSOR]
    call    edit_line_start
    mov     [ebx + EDIT_CURSOR], eax
    ret

# Key End.
edit_end:
    mov     eax, [ebx + EDIT_CURSOR]
    call    edit_line_end
    mov     [ebx + EDIT_CURSOR], eax
    ret

# Key Backspace.
edit_backspace:
    cmp     dword ptr [ebx + EDIT_CURSOR], 0
    je      1f
    dec     dword ptr [ebx + EDIT_CURSOR]

# Key Delete.
edit_delete:
    mov     eax, [ebx + EDIT_CURSOR]
    cmp     eax, [ebx + EDIT_BYTES]
    jae     1f
    mov     ecx, 1
    jmp     edit_remove
1:  ret

# Key Up.
edit_up:
    mov     eax, [ebx + EDIT_CURSOR]
    call    edit_line_start
    test    eax, eax
    jz      1f
    dec     eax
    call    edit_line_start
    mov     edx, [ebx + EDIT_GOAL]
    call    edit_at_column
    mov     [ebx + EDIT_CURSOR], eax
1:  ret

# Key Down.
edit_down:
    mov     eax, [ebx + EDIT_CURSOR]
    call    edit_line_end
    jc      1f
    inc     eax
    mov     edx, [ebx + EDIT_GOAL]
    call    edit_at_column
    mov     [ebx + EDIT_CURSOR], eax
1:  ret

# Key PgUp.
edit_page_up:
    mov     esi, offset edit_up
    jmp     edit_page

# Key PgDn.
edit_page_down:
    mov     esi, offset edit_down

# Moves the cursor by as many lines as are shown, less one.
# In: EBX editor, ESI routine for a line.
edit_page:
    push    edi
    mov     edi, [ebx + EDIT_ROWS]
1:  dec     edi
    jz      2f
    call    esi
    jmp     1b
2:  pop     edi
    ret

# Ctrl-K: cuts the line.
edit_cut:
    push    edi
    call    edit_home
    call    edit_line_end
    sbb     ecx, ecx                    # the line end goes too, if there is one
    lea     edi, [eax + ecx + 1]
    sub     edi, [ebx + EDIT_CURSOR]
    jz      2f
    mov     eax, [ebx + EDIT_CUT]
    test    eax, eax
    jz      1f
    call    mfree
1:  mov     [ebx + EDIT_CUT_BYTES], edi
    mov     dword ptr [ebx + EDIT_CUT], 0
    mov     eax, edi
    call    malloc
    jc      3f
    mov     [ebx + EDIT_CUT], eax
    mov     edx, [ebx + EDIT_TEXT]
    add     edx, [ebx + EDIT_CURSOR]
    mov     ecx, edi
    call    mem_copy
    mov     ecx, edi
    call    edit_remove
2:  pop     edi
    ret
3:  LOAD_STRING eax, "there is no memory for the line"
    mov     [ebx + EDIT_MESSAGE], eax
    pop     edi
    ret

# Ctrl-U: inserts the line that was cut.
edit_paste:
    mov     esi, [ebx + EDIT_CUT]
    test    esi, esi
    jz      1f
    mov     ecx, [ebx + EDIT_CUT_BYTES]
    jmp     edit_insert
1:  ret

# Ctrl-F: asks for a text, and looks for it; Enter alone looks for the one before again. May sleep.
edit_ask:
    FRAME   EDIT_STATUS_BYTES
    push    esi
    push    edi
    lea     esi, [ebx + EDIT_FIND]
    xor     edi, edi                    # EDI: characters
.Ledit_ask_show:
    lea     eax, [ebp - EDIT_STATUS_BYTES]
    mov     [ebx + EDIT_MESSAGE], eax
    mov     ecx, offset edit_find_none
    test    edi, edi
    jz      .Ledit_ask_none
    mov     ecx, esi
.Ledit_ask_none:
    SNPRINTF eax, EDIT_STATUS_BYTES, "find: %s", ecx
    call    edit_show
    call    key_read
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
    cmp     edi, EDIT_FIND_BYTES - 1
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
    mov     [ebx + EDIT_FIND_LENGTH], edi
    jmp     .Ledit_ask_show
.Ledit_ask_find:
    mov     dword ptr [ebx + EDIT_MESSAGE], 0
    cmp     dword ptr [ebx + EDIT_FIND_LENGTH], 0
    je      .Ledit_ask_done
    call    edit_find
    jmp     .Ledit_ask_return
.Ledit_ask_done:
    mov     dword ptr [ebx + EDIT_MESSAGE], 0
.Ledit_ask_return:
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Ctrl-L: draws everything anew, and asks how large the terminal is.
edit_redraw:
    push    edi
    mov     edi, [ebx + EDIT_SHOWN]
    xor     eax, eax
    mov     ecx, [ebx + EDIT_CELLS]
    rep stosb
    pop     edi
    call    console_clear
    jmp     terminal_ask

# The terminal has another size.
edit_resize:
    call    edit_layout                 # without memory it stays as it is
    jmp     console_clear

# Ctrl-Q: ends; a text that was changed only when it is said twice.
# In: also ESI the message that was shown.
edit_quit:
    LOAD_STRING eax, "the text is not saved; Ctrl-Q again ends without saving it, Ctrl-S saves it"
    cmp     dword ptr [ebx + EDIT_CHANGED], 0
    je      1f
    cmp     esi, eax
    je      1f
    mov     [ebx + EDIT_MESSAGE], eax
    ret
1:  mov     dword ptr [ebx + EDIT_ENDED], 1
    ret

# Ctrl-S: saves the text: under another name first, so that the file is the old one or the new one at each moment. May
# sleep.
edit_save:
    FRAME   RESOLVED_BYTES
    push    esi
    push    edi
    lea     esi, [ebp - RESOLVED_BYTES]
    mov     ecx, [ebx + EDIT_PATH]
    SNPRINTF esi, RESOLVED_BYTES, "%s.new", ecx
    mov     ecx, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE
    call    file_open
    jc      .Ledit_save_failed
    mov     edi, eax
    push    esi
    mov     esi, [ebx + EDIT_TEXT]
    mov     ecx, [ebx + EDIT_BYTES]
    call    file_write
    pop     esi
    jc      .Ledit_save_close
    cmp     eax, [ebx + EDIT_BYTES]
    mov     eax, ERROR_NO_SPACE
    jb      .Ledit_save_close
    clc
.Ledit_save_close:
    pushfd
    push    eax
    mov     eax, edi
    call    file_close
    pop     eax
    popfd
    jc      .Ledit_save_failed
    mov     edi, [ebx + EDIT_PATH]
    call    file_rename
    jc      .Ledit_save_failed
    mov     dword ptr [ebx + EDIT_CHANGED], 0
    LOAD_STRING eax, "saved"
    jmp     .Ledit_save_say
.Ledit_save_failed:
    call    error_text
.Ledit_save_say:
    mov     [ebx + EDIT_MESSAGE], eax
    pop     edi
    pop     esi
    ENDFRAME
    ret

.macro EDIT_KEY key:req, routine:req
    .word   \key
    .long   \routine
.endm

SHELL_COMMAND "edit", command_edit, "PATH", "edit a text", GROUP_FILES, edit_text

.section .rodata
edit_find_none:
    .asciz  ""
edit_text:
    .ascii  "Ctrl-S saves, Ctrl-Q ends. Arrows, Home, End, PgUp and PgDn move the cursor, Ctrl-F finds a text, Ctrl-K\n"
    .asciz  "cuts the line, Ctrl-U inserts it, Ctrl-L draws the screen anew.\n"
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
edit_keys_vertical:                         # these keep to EDIT_GOAL
    EDIT_KEY KEY_UP, edit_up
    EDIT_KEY KEY_DOWN, edit_down
    EDIT_KEY KEY_PAGE_UP, edit_page_up
    EDIT_KEY KEY_PAGE_DOWN, edit_page_down
    .word   0
