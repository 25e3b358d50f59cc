# more: a text a page at a time, on terminals of any size.

.include "macros.inc"
.include "keys.inc"
.include "tasks.inc"
.include "shell.inc"

TAB                 = 8

.text

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
more_command:
    cmp     eax, 2
    ja      command_misused
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, [edx + 4]              # 0 when there is no argument
    call    reader_open
    jc      .Lmore_command_done
    mov     eax, [task_current]
    mov     eax, [eax + TASK_CONTEXT]
    mov     edi, [eax + CONTEXT_OUTPUT]
    or      edi, [eax + CONTEXT_JOB]    # EDI: 0 when somebody looks at it
    jnz     .Lmore_command_begin
    call    terminal_await
.Lmore_command_begin:
    xor     ebp, ebp                    # EBP: column
    push    ebp                         # [ESP]: row
.Lmore_command_byte:
    call    reader_byte
    jc      .Lmore_command_close
    cmp     al, 10
    je      .Lmore_command_row
    cmp     al, 9
    je      .Lmore_command_tab
    cmp     al, ' '
    jb      .Lmore_command_hidden
    cmp     al, 126
    jbe     .Lmore_command_shown
.Lmore_command_hidden:
    mov     al, '.'
.Lmore_command_shown:
    inc     ebp
    jmp     .Lmore_command_column
.Lmore_command_tab:
    or      ebp, TAB - 1
    inc     ebp
.Lmore_command_column:
    push    eax
    call    terminal_size
    pop     eax
    cmp     ebp, edx
    jbe     .Lmore_command_print
    mov     ebp, 1                      # it has gone to the next row
    jmp     .Lmore_command_count
.Lmore_command_row:
    xor     ebp, ebp
.Lmore_command_count:
    inc     dword ptr [esp]
.Lmore_command_print:
    call    print_char
    test    ebp, ebp
    jnz     .Lmore_command_byte
    test    edi, edi
    jnz     .Lmore_command_byte
    call    terminal_size
    dec     eax
    cmp     [esp], eax
    jb      .Lmore_command_byte
    call    more_wait
    jc      .Lmore_command_close
    test    eax, eax
    jz      .Lmore_command_page
    call    terminal_size
    lea     eax, [eax - 2]
.Lmore_command_page:
    mov     [esp], eax
    jmp     .Lmore_command_byte
.Lmore_command_close:
    pop     eax
    test    ebp, ebp
    jz      .Lmore_command_ended
    PRINT   "\n"
.Lmore_command_ended:
    call    reader_close
.Lmore_command_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Waits for a key that says how to go on. May sleep.
# Out: EAX 0 for a page, 1 for a row; CF when it is enough.
more_wait:
    push    esi
    PRINT   "-- more: Space, Enter, Q --"
.Lmore_wait_key:
    call    key_read
    mov     esi, offset more_keys
.Lmore_wait_look:
    movzx   edx, word ptr [esi]
    test    edx, edx
    jz      .Lmore_wait_key
    movzx   ecx, word ptr [esi + 2]
    add     esi, 4
    cmp     eax, edx
    jne     .Lmore_wait_look
    PRINT   "\r                           \r"
    mov     eax, ecx
    cmp     ecx, 2
    cmc
    pop     esi
    ret

.section .rodata
# Keys, and what more_wait says then; 2: enough.
more_keys:
    .word   ' ', 0, KEY_PAGE_DOWN, 0, KEY_ENTER, 1, KEY_DOWN, 1
    .word   'q', 2, 'Q', 2, KEY_ESCAPE, 2, KEY_CTRL_C, 2, 0

SHELL_COMMAND "more", more_command, "[PATH]", "show a text a page at a time", GROUP_FILES, more_help

more_help:
    .ascii  "Space or PgDn goes on by a page, Enter or Down by a row, Q ends. Without a path it shows its input, such\n"
    .asciz  "as in help | more.\n"
