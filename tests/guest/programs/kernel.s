# Tests of the kernel's services that run inside a machine: link this object with those of asm/ and type `selftest`.
# Prints a line for each test, `ok NAME` or `FAIL NAME`, and at the end `selftest: N passed, M failed`.

.include "macros.inc"
.include "selftest.inc"
.include "errors.inc"
.include "tasks.inc"
.include "date.inc"

.text

SELFTEST selftest, tests, "test the kernel's services"

# Snprintf: formats with one argument and what they give.
test_format:
    mov     ebx, offset format_cases
1:  mov     esi, [ebx]
    test    esi, esi
    jz      2f
    push    [ebx + 4]
    push    esi
    push    64
    push    offset buffer
    call    snprintf
    add     esp, 16
    mov     edi, eax
    mov     eax, offset buffer
    mov     edx, [ebx + 8]
    stc
    call    test_equal_text
    jc      3f
    mov     eax, offset buffer
    call    string_length
    cmp     eax, edi
    jne     3f
    add     ebx, 12
    jmp     1b
2:  mov     eax, offset buffer
    SNPRINTF eax, 5, "123456789"
    cmp     eax, 4
    jne     3f
    mov     eax, offset buffer
    LOAD_STRING edx, "1234"
    jmp     test_equal_text
3:  stc
    ret

# In: EAX text, EDX expected text.
# Out: CF when they differ, after saying so.
test_equal_text:
    push    eax
    push    edx
    call    string_compare
    pop     edx
    pop     eax
    je      1f
    PRINTF  "  got '%s', expected '%s'\n", eax, edx
    stc
    ret
1:  clc
    ret

# Parse_number: text, value, what remains; or failure.
test_numbers:
    mov     ebx, offset number_cases
1:  mov     eax, [ebx]
    test    eax, eax
    jz      2f
    stc
    call    parse_number
    jc      3f
    cmp     eax, [ebx + 4]
    jne     3f
    mov     eax, edx
    mov     edx, [ebx + 8]
    stc
    call    test_equal_text
    jc      3f
    add     ebx, 12
    jmp     1b
2:  mov     ebx, offset bad_numbers
5:  mov     eax, [ebx]
    test    eax, eax
    jz      6f
    clc
    call    parse_number
    jnc     3f
    add     ebx, 4
    jmp     5b
6:  clc
    ret
3:  PRINTF  "  number '%s'\n", [ebx]
    stc
    ret

# String_copy cuts, string_compare orders, mem_move overlaps.
test_strings:
    mov     eax, offset buffer
    LOAD_STRING edx, "abcdef"
    mov     ecx, 4
    call    string_copy
    cmp     eax, 3
    jne     9f
    mov     eax, offset buffer
    LOAD_STRING edx, "abd"
    call    string_compare
    jae     9f
    mov     eax, offset buffer + 1
    mov     edx, offset buffer
    mov     ecx, 4
    call    mem_move
    mov     eax, offset buffer
    LOAD_STRING edx, "aabc"
    stc
    call    test_equal_text
    jc      9f
    mov     eax, offset buffer
    mov     dl, 'b'
    stc
    call    string_find
    jc      9f
    cmp     eax, offset buffer + 2
    jne     9f
    clc
    ret
9:  stc
    ret

# Dates there and back, a step of 12 hours and some seconds through 130 years.
test_dates:
    xor     ebx, ebx
1:  mov     eax, ebx
    mov     edx, offset buffer
    call    date_from_seconds
    mov     eax, offset buffer
    call    date_to_seconds
    cmp     eax, ebx
    jne     9f
    add     ebx, 86400 * 7 - 43207
    jnc     1b
    mov     eax, 762480000              # 2024-02-29
    mov     edx, offset buffer
    call    date_from_seconds
    cmp     dword ptr [buffer + DATE_MONTH], 2
    jne     9f
    cmp     dword ptr [buffer + DATE_DAY], 29
    jne     9f
    cmp     dword ptr [buffer + DATE_WEEKDAY], 3
    jne     9f
    clc
    ret
9:  PRINTF  "  at %u seconds\n", ebx
    stc
    ret

# A sleep lasts as long as it should, by the ticks and by the PIT's counter.
test_sleep:
    call    clock_us
    mov     ebx, eax
    call    clock_ms
    mov     esi, eax
    mov     eax, 50
    call    task_sleep
    call    clock_us
    sub     eax, ebx
    mov     ebx, eax
    call    clock_ms
    sub     eax, esi
    cmp     eax, 50
    jb      9f
    cmp     eax, 100
    ja      9f
    cmp     ebx, 49000
    jb      9f
    cmp     ebx, 100000
    ja      9f
    clc
    ret
9:  PRINTF  "  %u ms by ticks, %u us by the counter\n", eax, ebx
    stc
    ret

HEAP_SLOTS  = 64
HEAP_ROUNDS = 4000

# Random allocations, each filled with its slot number, checked before it is freed; all is back at the end.
test_heap:
    call    heap_stats
    push    edx
    mov     dword ptr [random_state], 12345
    mov     ebx, HEAP_ROUNDS
1:  call    random
    mov     esi, eax
    and     esi, HEAP_SLOTS - 1
    mov     eax, [slots + esi*8]
    test    eax, eax
    jz      2f
    mov     ecx, [slots + esi*8 + 4]
    stc
    call    test_filled
    jc      9f
    mov     eax, [slots + esi*8]
    call    mfree
    mov     dword ptr [slots + esi*8], 0
    jmp     3f
2:  call    random
    and     eax, 0xFFF
    mov     [slots + esi*8 + 4], eax
    stc
    call    malloc
    jc      9f
    test    al, 15
    jnz     9f
    mov     [slots + esi*8], eax
    mov     ecx, [slots + esi*8 + 4]    # comes zeroed
    mov     edi, eax
    push    ecx
    xor     eax, eax
    cmp     eax, eax
    repe scasb
    pop     ecx
    jne     9f
    mov     eax, [slots + esi*8]
    mov     edx, esi
    call    mem_set
3:  dec     ebx
    jnz     1b
    call    heap_check
    mov     ebx, HEAP_SLOTS
4:  mov     eax, [slots + ebx*8 - 8]
    call    mfree
    mov     dword ptr [slots + ebx*8 - 8], 0
    dec     ebx
    jnz     4b
    call    heap_check
    call    heap_stats
    pop     eax
    cmp     eax, edx
    jne     8f
    clc
    ret
9:  pop     eax
8:  stc
    ret

# In: EAX block, ECX bytes, ESI slot.
# Out: CF when not all bytes are the slot's number.
test_filled:
    mov     edi, eax
    mov     eax, esi
    cmp     eax, eax
    repe scasb
    je      1f
    stc
    ret
1:  clc
    ret

# Pages come zeroed and aligned, and go back.
test_pages:
    mov     ebx, [pages_free]
    mov     eax, 5
    stc
    call    page_alloc
    jc      9f
    mov     esi, eax
    test    eax, 4095
    jnz     9f
    mov     edi, eax
    xor     eax, eax
    mov     ecx, 5 * 1024
    repe scasd
    jne     9f
    mov     eax, esi
    mov     dl, 0xFF
    mov     ecx, 5 * 4096
    call    mem_set
    mov     ecx, [pages_free]
    add     ecx, 5
    cmp     ecx, ebx
    jne     9f
    mov     eax, esi
    mov     edx, 5
    call    page_free
    cmp     ebx, [pages_free]
    jne     9f
    or      eax, -1                     # more than there is
    shr     eax, 12
    clc
    call    page_alloc
    jnc     9f
    cmp     eax, ERROR_NO_MEMORY
    jne     9f
    mov     eax, 0x7FFFFFFF
    clc
    call    malloc
    jnc     9f
    clc
    ret
9:  stc
    ret

WORKERS     = 4
ROUNDS      = 2000

# Several tasks change one number under a mutex, with a switch in the middle: no change is lost. All their memory comes
# back.
test_mutex:
    mov     eax, [pages_free]
    push    eax
    mov     dword ptr [counter], 0
    mov     dword ptr [running], WORKERS
    mov     ebx, WORKERS
1:  mov     eax, offset mutex_worker
    xor     edx, edx
    LOAD_STRING ecx, "worker"
    stc
    call    task_create
    jc      9f
    dec     ebx
    jnz     1b
2:  cmp     dword ptr [running], 0
    je      3f
    mov     eax, offset done
    mov     edx, 5000
    call    event_wait
    jnc     2b
    jmp     9f
3:  mov     eax, 30                     # the last one ends
    call    task_sleep
    pop     eax
    cmp     dword ptr [counter], WORKERS * ROUNDS
    jne     8f
    cmp     eax, [pages_free]
    jne     8f
    clc
    ret
9:  pop     eax
8:  PRINTF  "  counter %u, %u pages before, %u after\n", [counter], eax, [pages_free]
    stc
    ret

mutex_worker:
    mov     ebx, ROUNDS
1:  mov     eax, offset mutex
    call    mutex_lock
    mov     esi, [counter]
    test    bl, 15
    jnz     2f
    call    task_yield
2:  inc     esi
    mov     [counter], esi
    mov     eax, offset mutex
    call    mutex_unlock
    dec     ebx
    jnz     1b
    dec     dword ptr [running]
    mov     eax, offset done
    jmp     event_signal

# Tasks that never wait share the processor: the timer switches between them.
test_preemption:
    mov     dword ptr [spin], 1
    mov     dword ptr [counter], 0
    mov     dword ptr [running], 2
    mov     eax, offset spinner
    mov     edx, offset counter
    LOAD_STRING ecx, "spinner"
    call    task_create
    mov     eax, offset spinner
    mov     edx, offset other_counter
    mov     dword ptr [edx], 0
    LOAD_STRING ecx, "spinner"
    call    task_create
    mov     eax, 100
    call    task_sleep
    mov     dword ptr [spin], 0
1:  mov     eax, 10
    call    task_sleep
    cmp     dword ptr [running], 0
    jne     1b
    cmp     dword ptr [counter], 1000
    jb      9f
    cmp     dword ptr [other_counter], 1000
    jb      9f
    clc
    ret
9:  stc
    ret

spinner:
1:  inc     dword ptr [eax]
    cmp     dword ptr [spin], 0
    jne     1b
    dec     dword ptr [running]
    ret

# Events: a timeout, a signal before the wait, and a signal during it.
test_events:
    mov     dword ptr [event], 0
    mov     eax, offset event
    mov     edx, 20
    clc
    call    event_wait
    jnc     9f
    mov     eax, offset event
    call    event_signal
    mov     eax, offset event
    xor     edx, edx
    stc
    call    event_wait
    jc      9f
    cmp     dword ptr [event], 0
    jne     9f
    mov     eax, offset event_worker
    mov     edx, offset event
    LOAD_STRING ecx, "signaller"
    call    task_create
    mov     eax, offset event
    mov     edx, 1000
    stc
    call    event_wait
    jc      9f
    mov     eax, offset event
    xor     edx, edx
    clc
    call    event_wait
    jnc     9f
    clc
    ret
9:  stc
    ret

event_worker:
    push    eax
    mov     eax, 20
    call    task_sleep
    pop     eax
    jmp     event_signal

# Variables: set, replace, remove.
test_variables:
    LOAD_STRING eax, "selftest"
    LOAD_STRING edx, "one"
    stc
    call    env_set
    jc      9f
    LOAD_STRING eax, "selftest"
    LOAD_STRING edx, "another one"
    stc
    call    env_set
    jc      9f
    LOAD_STRING eax, "selftest"
    stc
    call    env_get
    jc      9f
    LOAD_STRING edx, "another one"
    stc
    call    test_equal_text
    jc      9f
    LOAD_STRING eax, "selftest"
    stc
    call    env_unset
    jc      9f
    LOAD_STRING eax, "selftest"
    call    env_get
    cmc
    ret
9:  stc
    ret

# Symbols and lines know this routine, if the tables are loaded.
test_symbols:
    mov     eax, offset test_symbols + 4
    stc
    call    symbol_find
    jc      9f
    cmp     edx, 4
    jne     9f
    LOAD_STRING edx, "test_symbols"
    stc
    call    test_equal_text
    jc      9f
    mov     eax, offset test_symbols + 4
    call    line_find
    ret
9:  stc
    ret

# Out: EAX a pseudo-random number (linear congruence, upper bits).
# Clobbers: EAX only.
random:
    imul    eax, [random_state], 1103515245
    add     eax, 12345
    mov     [random_state], eax
    shr     eax, 8
    ret

.macro TEXT text
    .pushsection .rodata.str, "a", @progbits
.Ltext\@: .asciz "\text"
    .popsection
    .long   .Ltext\@
.endm

.macro FORMAT_CASE format:req, argument:req, expected:req
    TEXT    "\format"
    .long   \argument
    TEXT    "\expected"
.endm

.macro NUMBER_CASE text:req, number:req, rest=""
    TEXT    "\text"
    .long   \number
    TEXT    "\rest"
.endm

.section .rodata
.balign 4
tests:
    CASE    "format", test_format
    CASE    "numbers", test_numbers
    CASE    "strings", test_strings
    CASE    "dates", test_dates
    CASE    "sleep", test_sleep
    CASE    "heap", test_heap
    CASE    "pages", test_pages
    CASE    "mutex", test_mutex
    CASE    "preemption", test_preemption
    CASE    "events", test_events
    CASE    "variables", test_variables
    CASE    "symbols", test_symbols
    .long   0
format_cases:
    FORMAT_CASE "plain", 0, "plain"
    FORMAT_CASE "%u", 4294967295, "4294967295"
    FORMAT_CASE "%d", -17, "-17"
    FORMAT_CASE "%6d|", -17, "   -17|"
    FORMAT_CASE "%06d", -17, "-00017"
    FORMAT_CASE "%-6d|", -17, "-17   |"
    FORMAT_CASE "%x", 0xBEEF, "beef"
    FORMAT_CASE "%08x", 0xBEEF, "0000beef"
    FORMAT_CASE "%3u", 12345, "12345"
    FORMAT_CASE "%c%%", 65, "A%"
    FORMAT_CASE "%5s|", sample, "  abc|"
    FORMAT_CASE "%-5s|", sample, "abc  |"
    FORMAT_CASE "%s", 0, "(null)"
    FORMAT_CASE "%I", 0x0101A8C0, "192.168.1.1"
    FORMAT_CASE "%-16I|", 0xFFFFFFFF, "255.255.255.255 |"
    FORMAT_CASE "%M", sample_mac, "52:54:00:12:34:0f"
    FORMAT_CASE "%q", 0, "%q"
    .long   0
number_cases:
    NUMBER_CASE "0", 0
    NUMBER_CASE "4294967295x", 0xFFFFFFFF, "x"
    NUMBER_CASE "0xFfeE,", 0xFFEE, ","
    NUMBER_CASE "0x", 0, "x"
    NUMBER_CASE "12 3", 12, " 3"
    .long   0
bad_numbers:
    TEXT    ""
    TEXT    "x"
    TEXT    "-1"
    TEXT    "4294967296"
    TEXT    "0x100000000"
    .long   0
sample:
    .asciz  "abc"
sample_mac:
    .byte   0x52, 0x54, 0, 0x12, 0x34, 0x0F

.bss
.balign 16
slots:          .space HEAP_SLOTS * 8       # address, bytes
mutex:          .space MUTEX_SIZE
counter:        .space 4
other_counter:  .space 4
running:        .space 4                    # workers that have not ended
spin:           .space 4
event:          .space 4
done:           .space 4
random_state:   .space 4
buffer:         .space 64
