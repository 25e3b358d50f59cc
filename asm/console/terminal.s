# How large the terminal is that shows a console: 80 columns and 25 rows on the screen, what a client has said over SSH.
# What is at the other end of COM1 is asked, by moving its cursor far away and asking where that is (ECMA-48, CPR); most
# answer, some do not. When the answer says something new, the key KEY_SIZE comes. The variables `columns` and `rows`
# say it better than both.

.include "macros.inc"
.include "keys.inc"
.include "console.inc"
.include "terminal.inc"

SERIAL_COLUMNS      = 80                    # of a terminal that has not answered
SERIAL_ROWS         = 24
ANSWER_MS           = 300                   # that an answer takes at most, over a network too

.text

# Asks the terminal, if the running task's console has one.
# Clobbers: EAX, ECX, EDX.
.global terminal_ask
terminal_ask:
    call    console_own
    cmp     eax, offset console_first
    jne     1f
    INTERRUPTS_OFF
    mov     byte ptr [terminal_asked], 1
    LOAD_STRING eax, "\033[s\033[999;999H\033[6n\033[u"
    call    serial_text
    INTERRUPTS_RESTORE
1:  ret

# Asks, and waits for the answer, but for one time only for a terminal that gives none. May sleep.
# Clobbers: EAX, ECX, EDX.
.global terminal_await
terminal_await:
    call    terminal_ask
    cmp     byte ptr [terminal_asked], 0
    je      1f
    cmp     byte ptr [terminal_silent], 0
    jne     1f
    mov     eax, offset terminal_answered
    mov     edx, ANSWER_MS
    call    event_wait
    jnc     1f
    mov     byte ptr [terminal_silent], 1
1:  ret

# Takes the place of a terminal's cursor. Interrupts off.
# In: EAX row, EDX column, from 1.
# Out: CF when nobody has asked.
.global terminal_answer
terminal_answer:
    cmp     byte ptr [terminal_asked], 1
    jb      .Lterminal_answer_done
    mov     byte ptr [terminal_asked], 0
    mov     byte ptr [terminal_silent], 0
    push    eax
    push    edx
    mov     eax, offset terminal_answered
    call    event_broadcast
    pop     edx
    pop     eax
    lea     ecx, [eax - ROWS_LEAST]
    cmp     ecx, ROWS_MOST - ROWS_LEAST
    ja      .Lterminal_answer_taken
    lea     ecx, [edx - COLUMNS_LEAST]
    cmp     ecx, COLUMNS_MOST - COLUMNS_LEAST
    ja      .Lterminal_answer_taken
    mov     ecx, eax
    xchg    [terminal_rows], eax
    sub     eax, ecx
    mov     ecx, edx
    xchg    [terminal_columns], edx
    sub     edx, ecx
    or      eax, edx
    jz      .Lterminal_answer_taken
    mov     eax, KEY_SIZE
    mov     edx, offset console_first
    call    input_put
.Lterminal_answer_taken:
    clc
.Lterminal_answer_done:
    ret

# How large the terminal of the running task's console is.
# Out: EAX rows, ROWS_LEAST to ROWS_MOST; EDX columns, COLUMNS_LEAST to COLUMNS_MOST.
# Clobbers: ECX.
.global terminal_size
terminal_size:
    call    console_own
    mov     ecx, VGA_ROWS
    mov     edx, VGA_COLUMNS
    cmp     eax, offset console_first
    jne     2f
    mov     ecx, [terminal_rows]
    mov     edx, [terminal_columns]
    push    edx
    LOAD_STRING eax, "rows"
    mov     edx, ROWS_LEAST | ROWS_MOST << 16
    call    terminal_setting
    pop     edx
    push    ecx
    mov     ecx, edx
    LOAD_STRING eax, "columns"
    mov     edx, COLUMNS_LEAST | COLUMNS_MOST << 16
    call    terminal_setting
    mov     edx, ecx
    pop     ecx
1:  mov     eax, ecx
    ret
2:  mov     eax, [eax + CONSOLE_WIRE]
    test    eax, eax
    jz      1b
    cmp     dword ptr [eax + WIRE_ROWS], 0
    je      1b
    mov     ecx, [eax + WIRE_ROWS]
    mov     edx, [eax + WIRE_COLUMNS]
    jmp     1b

# Looks what the settings say.
# In: EAX name, EDX least | most << 16, ECX what it is without a setting.
# Out: ECX what it is.
# Clobbers: EAX, EDX.
terminal_setting:
    push    ebx
    push    ecx
    mov     ebx, edx
    call    env_get
    jc      1f
    call    parse_number
    jc      1f
    cmp     byte ptr [edx], 0
    jne     1f
    movzx   edx, bx
    cmp     eax, edx
    jb      1f
    mov     edx, ebx
    shr     edx, 16
    cmp     eax, edx
    ja      1f
    mov     [esp], eax
1:  pop     ecx
    pop     ebx
    ret

.data
.balign 4
terminal_rows:      .long SERIAL_ROWS       # of the terminal at COM1
terminal_columns:   .long SERIAL_COLUMNS

.bss
.balign 4
terminal_answered:  .space 4                # event: broadcast when it answers
terminal_silent:    .space 1                # 1: it did not answer when somebody waited
terminal_asked:     .space 1                # 1: the next place of a cursor is an answer
