# Tests of keys out of a terminal's bytes, of the queues that they wait in, and of interrupt lines, that run inside a
# machine: link this object with those of asm/ and type `keytest`.

.include "macros.inc"
.include "selftest.inc"
.include "errors.inc"
.include "keys.inc"
.include "console.inc"

PAUSE               = 0xFE                  # no byte: the line is silent for a while
IRQ_LINES           = 16
IRQ_FREE            = 5                     # nothing of the machine uses it
IRQ_MORE            = 64                    # more handlers than there is room for
PIC_MASTER_MASK     = 0x21
PLAIN               = 0x2000                # keys from here on mean nothing

.text

SELFTEST keytest, key_tests, "test keys and interrupt lines"

# Each sequence of bytes gives its keys and no others, whatever came before.
test_sequences:
    mov     dword ptr [decoder + DECODE_CONSOLE], offset far_console
    mov     ebx, offset sequences
1:  movzx   ecx, byte ptr [ebx]
    jecxz   5f
    inc     ebx
2:  push    ecx
    mov     edx, offset decoder
    mov     al, [ebx]
    cli
    cmp     al, PAUSE
    je      3f
    call    keys_decode
    jmp     4f
3:  call    keys_pause
4:  sti
    pop     ecx
    inc     ebx
    dec     ecx
    jnz     2b
    movzx   esi, byte ptr [ebx]         # ESI: keys to come
    inc     ebx
    mov     eax, [far_console + CONSOLE_HEAD]
    sub     eax, [far_console + CONSOLE_TAIL]
    SAME    eax, esi
    call    compare_keys
    SAME    eax, 0
    SAME    dword ptr [decoder + DECODE_STATE], 0
    jmp     1b
5:  clc
    ret

# Takes keys out of the queue of the far console.
# In: EBX the words that they should be, ESI how many.
# Out: EAX how many are others; EBX after the words.
compare_keys:
    xor     edi, edi
1:  sub     esi, 1
    jc      2f
    mov     ecx, [far_console + CONSOLE_TAIL]
    inc     dword ptr [far_console + CONSOLE_TAIL]
    and     ecx, INPUT_KEYS - 1
    movzx   eax, word ptr [far_console + CONSOLE_RING + ecx*2]
    movzx   edx, word ptr [ebx]
    add     ebx, 2
    cmp     eax, edx
    je      1b
    inc     edi
    jmp     1b
2:  mov     eax, edi
    ret

# A queue keeps as many keys as it has room for, the oldest; Ctrl-C takes the place of all before it.
test_queue:
    mov     edi, [far_console + CONSOLE_HEAD]
    mov     ebx, INPUT_KEYS + 7
1:  cli
    lea     eax, [ebx + PLAIN]
    mov     edx, offset far_console
    call    input_put
    sti
    dec     ebx
    jnz     1b
    SAME    dword ptr [far_console + CONSOLE_KEYS], 1
    mov     eax, [far_console + CONSOLE_HEAD]
    sub     eax, edi
    SAME    eax, INPUT_KEYS
    SAME    byte ptr [far_console + CONSOLE_BREAK], 0
    and     edi, INPUT_KEYS - 1
    SAME    word ptr [far_console + CONSOLE_RING + edi*2], PLAIN + INPUT_KEYS + 7
    cli
    mov     eax, KEY_CTRL_C
    mov     edx, offset far_console
    call    input_put
    sti
    SAME    byte ptr [far_console + CONSOLE_BREAK], 1
    mov     eax, [far_console + CONSOLE_HEAD]
    sub     eax, [far_console + CONSOLE_TAIL]
    SAME    eax, 1
    mov     esi, 1
    mov     ebx, offset only_break
    call    compare_keys
    SAME    eax, 0
    clc
    ret

# Keys of our own console: what there is room for, in their order, and Ctrl-C as a wish to end.
test_own:
    call    break_take
    call    input_room
    mov     esi, eax
    mov     ebx, 3
1:  cli
    lea     eax, [ebx + 'a']
    mov     edx, offset console_first
    call    input_put
    sti
    dec     ebx
    jnz     1b
    call    input_room
    sub     eax, esi
    SAME    eax, -3
    mov     ebx, 3
2:  call    key_poll
    MUST    nc
    lea     ecx, [ebx + 'a']
    SAME    eax, ecx
    dec     ebx
    jnz     2b
    FAILS   key_poll
    call    input_room
    SAME    eax, esi
    SUCCEEDS break_check
    call    break_source
    SAME    eax, offset console_first + CONSOLE_BREAKS
    cli
    mov     eax, KEY_CTRL_C
    mov     edx, offset console_first
    call    input_put
    sti
    FAILS   break_check
    call    break_take                  # the key goes as well
    SUCCEEDS break_check
    FAILS   key_poll
    cli
    mov     eax, KEY_CTRL_C
    mov     edx, offset console_first
    call    input_put
    mov     eax, 'q'
    mov     edx, offset console_first
    call    input_put
    sti
    call    break_clear                 # the keys stay
    SUCCEEDS break_check
    call    key_poll
    SAME    eax, KEY_CTRL_C
    call    key_poll
    SAME    eax, 'q'
    clc
    ret

# A handler: notes its argument.
note_interrupt:
    shl     dword ptr [noted], 4
    or      [noted], eax
    ret

# Handlers share a line, which is open from the first on; there are no lines beyond the last, and no more handlers than
# there is room for.
test_lines:
    in      al, PIC_MASTER_MASK
    movzx   ebx, al
    bt      ebx, IRQ_FREE
    MUST    c
    mov     eax, IRQ_FREE
    mov     edx, offset note_interrupt
    mov     ecx, 1
    SUCCEEDS irq_register
    mov     eax, IRQ_FREE
    mov     edx, offset note_interrupt
    mov     ecx, 2
    SUCCEEDS irq_register
    in      al, PIC_MASTER_MASK
    movzx   eax, al
    xor     eax, ebx
    SAME    eax, 1 << IRQ_FREE          # no other
    mov     dword ptr [noted], 0
    int     32 + IRQ_FREE
    SAME    dword ptr [noted], 0x21     # the latest first
    mov     eax, IRQ_LINES
    mov     edx, offset note_interrupt
    FAILS   irq_register
    SAME    eax, ERROR_INVALID
    mov     dword ptr [noted], 0
.irp line, 7, 15
    mov     eax, \line
    mov     edx, offset note_interrupt
    mov     ecx, 3
    SUCCEEDS irq_register
    int     32 + \line                  # nobody asked for it
.endr
    SAME    dword ptr [noted], 0
    mov     ebx, IRQ_MORE
1:  mov     eax, IRQ_FREE
    mov     edx, offset note_interrupt
    mov     ecx, 3
    call    irq_register
    jc      2f
    dec     ebx
    jnz     1b
2:  MUST    c
    SAME    eax, ERROR_TABLE_FULL
    in      al, 0xA1
    test    al, 1                       # that of the RTC is open
    MUST    z
    clc
    ret

# Bytes, and the keys that they give.
.macro KEYS bytes:req, keys:vararg
    .byte   .Lkeys\@ - . - 1
    .byte   \bytes
.Lkeys\@:
    .byte   (.Lend\@ - . - 1) / 2
    .ifnb \keys
    .word   \keys
    .endif
.Lend\@:
.endm

# A task: types a key a little later.
# In: EAX console.
typist:
    mov     ebx, eax
    lea     eax, [ebx + CONSOLE_KEYS]   # which wakes who waits, and is no key
    call    event_signal
    mov     eax, 30
    call    task_sleep
    cli
    mov     eax, 'k'
    mov     edx, ebx
    call    input_put
    sti
    ret

# Who waits for a key gets the one that is typed then, whatever else wakes it.
test_waiting:
    mov     edi, offset key_read
1:  call    console_own
    mov     edx, eax
    mov     eax, offset typist
    LOAD_STRING ecx, "tested"
    SUCCEEDS task_create
    mov     eax, 10
    call    task_sleep
    call    edi
    MUST    nc
    SAME    eax, 'k'
    FAILS   key_poll
    cmp     edi, offset key_take
    mov     edi, offset key_take
    jne     1b
    clc
    ret

.section .rodata
.balign 4
key_tests:
    CASE    "sequences", test_sequences
    CASE    "queue", test_queue
    CASE    "own keys", test_own
    CASE    "waiting for a key", test_waiting
    CASE    "interrupt lines", test_lines
    .long   0
only_break:
    .word   KEY_CTRL_C
sequences:
    KEYS    "'a', 'Z', 0x7E", 'a', 'Z', 0x7E
    KEYS    "13", KEY_ENTER
    KEYS    "13, 10, 'x'", KEY_ENTER, 'x'
    KEYS    "10, 10", 10, 10
    KEYS    "13, 13, 10", KEY_ENTER, KEY_ENTER
    KEYS    "13, 'x', 10", KEY_ENTER, 'x', 10
    KEYS    "127, 8, 9", KEY_BACKSPACE, 8, 9
    KEYS    "27, '[', 'A', 27, '[', 'B', 27, '[', 'C'", KEY_UP, KEY_DOWN, KEY_RIGHT
    KEYS    "27, '[', 'D', 27, '[', 'H', 27, '[', 'F'", KEY_LEFT, KEY_HOME, KEY_END
    KEYS    "27, 'O', 'P', 27, 'O', 'Q'", KEY_F1, KEY_F1+1
    KEYS    "27, 'O', 'R', 27, 'O', 'S'", KEY_F1+2, KEY_F1+3
    KEYS    "27, 'O', 'A', 'B'", KEY_UP, 'B'
    KEYS    "27, '[', '1', '~', 27, '[', '2', '~'", KEY_HOME, KEY_INSERT
    KEYS    "27, '[', '3', '~', 27, '[', '4', '~'", KEY_DELETE, KEY_END
    KEYS    "27, '[', '5', '~', 27, '[', '6', '~'", KEY_PAGE_UP, KEY_PAGE_DOWN
    KEYS    "27, '[', '1', '1', '~', 27, '[', '1', '5', '~'", KEY_F1, KEY_F1+4
    KEYS    "27, '[', '2', '1', '~', 27, '[', '2', '3', '~'", KEY_F1+9, KEY_F1+10
    KEYS    "27, '[', '2', '4', '~', 'x'", 'x'
    KEYS    "27, '[', '1', ';', '5', 'C'", KEY_RIGHT
    KEYS    "27, '[', '3', ';', '2', '~'", KEY_DELETE
    KEYS    "27, '[', '1', ';', '2', ';', '9', 'A'", KEY_UP
    KEYS    "27, '[', '3', ';', '2', ';', '9', '~'", KEY_DELETE
    KEYS    "27, '[', ' ', 'A'", KEY_UP
    KEYS    "27, '[', '1', ';', '3', 'R'", KEY_F1+2
    KEYS    "27, '[', 'Z', 27, '[', '9', '9', '~'"
    KEYS    "27, '[', '?', '2', '5', 'h', 'x'", 'x'
    KEYS    "27, '[', '@', 'x'", 'x'
    KEYS    "27, 'x'", KEY_ESCAPE, 'x'
    KEYS    "27, 13, 10", KEY_ESCAPE, KEY_ENTER
    KEYS    "27, 27, 'x'", KEY_ESCAPE, KEY_ESCAPE, 'x'
    KEYS    "27, PAUSE, 'A'", KEY_ESCAPE, 'A'
    KEYS    "PAUSE, 'x', PAUSE", 'x'
    KEYS    "27, '[', PAUSE, '5', '~'", KEY_PAGE_UP
    .byte   0

.bss
.balign 4
decoder:        .space DECODE_SIZE
noted:          .space 4
far_console:    .space CONSOLE_SIZE
