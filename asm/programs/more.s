# Shows a text a page at a time, on terminals of any size.

.include "program.inc"
.include "keys.inc"
.include "terminal.inc"

TAB             = 8

ENOUGH          = 2                     # what a key says, beside 0 for a page and 1 for a row

DESCRIPTION "[PATH]", "show a text a page at a time"
DETAIL "Space or PgDn goes on by a page, Enter or Down by a row, Q ends. Without a path it shows its input, such"
DETAIL "as in help | more."

.text

# Takes a path.
.global _start
_start:
    mov     esi, [esp + 8]              # ESI: path, or 0
    cmp     dword ptr [esp], 2
    ja      misused
    je      1f
    SYSTEM  handle_kind, 0
    cmp     eax, HANDLE_CONSOLE         # nobody types a text to see it page by page
    je      misused
1:  SYSTEM  handle_kind, 1
    mov     edi, eax                    # EDI: HANDLE_CONSOLE when somebody looks at it
    mov     eax, esi
    call    input_open
    jc      finish
    cmp     edi, HANDLE_CONSOLE
    jne     2f
    SYSTEM  terminal, "offset rows", TERMINAL_ASK_WAIT
    mov     edi, eax                    # EDI: 0 when there are keys; a job shows all at once
2:  xor     ebp, ebp                    # EBP: column
    xor     esi, esi                    # ESI: row
.Lmore_byte:
    call    input_byte
    jc      .Lmore_end
    cmp     al, 10
    je      .Lmore_row
    cmp     al, 9
    je      .Lmore_tab
    cmp     al, ' '
    jb      .Lmore_hidden
    cmp     al, 126
    jbe     .Lmore_shown
.Lmore_hidden:
    mov     al, '.'
.Lmore_shown:
    inc     ebp
    jmp     .Lmore_column
.Lmore_tab:
    or      ebp, TAB - 1
    inc     ebp
.Lmore_column:
    cmp     ebp, [columns]
    jbe     .Lmore_print
    mov     ebp, 1                      # it has gone to the next row
    jmp     .Lmore_count
.Lmore_row:
    xor     ebp, ebp
.Lmore_count:
    inc     esi
.Lmore_print:
    call    out_byte
    test    ebp, ebp
    jnz     .Lmore_byte
    test    edi, edi
    jnz     .Lmore_byte
    mov     eax, [rows]
    dec     eax
    cmp     esi, eax
    jb      .Lmore_byte
    call    ask
    mov     esi, 0
    cmp     eax, 1
    jb      .Lmore_byte
    ja      .Lmore_end
    mov     esi, [rows]
    sub     esi, 2
    jmp     .Lmore_byte
.Lmore_end:
    test    ebp, ebp
    jz      finish
    mov     al, 10
    call    out_byte
    jmp     finish

# Waits for a key that says how to go on.
# Out: EAX 0 for a page, 1 for a row, ENOUGH.
ask:
    mov     eax, offset text_ask
    call    out_text
    call    out_flush
1:  SYSTEM  key, -1
    test    eax, eax
    js      finish
    mov     edx, offset key_table
2:  movzx   ecx, word ptr [edx]
    jecxz   1b
    add     edx, 4
    cmp     eax, ecx
    jne     2b
    movzx   edx, word ptr [edx - 2]
    push    edx
    SYSTEM  terminal, "offset rows", 0  # it may have another size by now
    mov     eax, offset text_gone
    call    out_text
    pop     eax
    ret

.section .rodata
key_table:
    .word   ' ', 0, KEY_PAGE_DOWN, 0, KEY_ENTER, 1, KEY_DOWN, 1
    .word   'q', ENOUGH, 'Q', ENOUGH, KEY_ESCAPE, ENOUGH, KEY_CTRL_C, ENOUGH, 0
text_ask:       .asciz "-- more: Space, Enter, Q --"
text_gone:      .asciz "\r\033[K"

.bss
.balign 4
rows:           .space 4                # of the terminal
columns:        .space 4
