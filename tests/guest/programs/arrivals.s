# Tests of processes that come from another machine, whose records lie: link this object with those of asm/ and type
# `arrivaltest`. Prints a line for each test, and at the end `arrivaltest: N passed, M failed`.

.include "macros.inc"
.include "selftest.inc"
.include "errors.inc"
.include "cpu.inc"
.include "file.inc"
.include "job.inc"

STORM               = 3000
TEXT                = 0x08048000            # a region that the tests give
OUTSIDE             = 0x20000000            # where there is none

# A record that is refused: routine, EDX, what it is made of, a dword that is changed in it, to what, bytes.
ROW_ROUTINE         = 0
ROW_VALUE           = 4
ROW_FROM            = 8
ROW_AT              = 12
ROW_TO              = 16
ROW_BYTES           = 20
ROW_SIZE            = 24

.macro LIE routine:req, value:req, from:req, at:req, to:req, bytes:req
    .long   \routine, \value, \from, \at, \to, \bytes
.endm

.text

SELFTEST arrivaltest, arrival_tests, "test processes that come from another machine"

# Begins a process with a region.
# Out: EBX process.
begin:
    mov     eax, [running_checksum]
    mov     [description + JOB_IMAGE], eax
    mov     esi, offset description
    mov     ecx, JOB_SIZE
    call    process_arrive
    jc      9f
    mov     esi, offset region
    xor     edx, edx
    mov     ecx, 8
    call    arrive_region
9:  ret

# What is right is taken, stands, and goes without a trace.
test_taken:
    mov     edi, [pages_free]
    call    begin
    MUST    nc
    mov     esi, offset content
    mov     edx, TEXT
    mov     ecx, PAGE_SIZE
    SUCCEEDS arrive_page
    mov     esi, offset thread
    mov     ecx, MOVED_SIZE
    SUCCEEDS arrive_thread
    SAME    dword ptr [ebx + PROCESS_THREADS], 1
    inc     dword ptr [ebx + PROCESS_REFS]
    mov     eax, 50
    call    task_sleep
    SAME    dword ptr [ebx + PROCESS_THREADS], 1
    call    threads_halt
    SAME    ecx, 0
    mov     eax, ebx
    call    process_kill                # it is still gone through
    mov     eax, 50
    call    task_sleep
    SAME    dword ptr [ebx + PROCESS_ENDED], 0
    call    threads_halt
    SAME    ecx, 1
    call    process_undo
    mov     eax, 50
    call    task_sleep
    SAME    dword ptr [ebx + PROCESS_ENDED], 1
    mov     eax, ebx
    call    process_release
    SAME    edi, [pages_free]
    clc
    ret

# Descriptions that lie.
test_descriptions:
    mov     edi, offset descriptions
1:  call    row_made
    mov     eax, [running_checksum]
    cmp     dword ptr [edi + ROW_AT], JOB_IMAGE
    je      2f
    mov     [esi + JOB_IMAGE], eax
2:  FAILS   process_arrive
    add     edi, ROW_SIZE
    cmp     edi, offset descriptions_end
    jb      1b
    clc
    ret

# Other records that lie: nothing comes of one, and the process goes without a trace.
test_records:
    push    [pages_free]
    call    begin
    MUST    nc
    mov     edi, offset records
1:  call    row_made
    push    edi
    FAILS   [edi+ROW_ROUTINE]
    pop     edi
    add     edi, ROW_SIZE
    cmp     edi, offset records_end
    jb      1b
    SAME    dword ptr [ebx + PROCESS_THREADS], 0
    call    process_undo
    pop     eax
    SAME    eax, [pages_free]
    clc
    ret

# Any bytes at all: nothing of the kernel's breaks.
test_storm:
    mov     edi, STORM
    call    begin
    MUST    nc
1:  mov     eax, offset made
    mov     edx, 64
    call    generator_fill
    mov     esi, offset made + 8
    mov     edx, [made]
    mov     ecx, [made + 4]
    test    ecx, 1
    jz      2f
    and     dword ptr [esi + CARRIED_KIND], 31
    and     edx, STREAMS - 1
2:  and     ecx, PAGE_SIZE - 1
    mov     eax, [made + 60]
    and     eax, 3
    cmp     eax, 1
    jne     3f
    mov     ecx, PAGE_SIZE
    and     edx, 0xFFF000
    add     edx, TEXT & ~0xFFFFFF
3:  call    [storm_routines + eax*4]
    dec     edi
    jnz     1b
    call    process_undo
    mov     eax, 100
    call    task_sleep
    clc
    ret

# Makes a record of a row.
# In: EDI row. Out: ESI record, EDX value, ECX bytes.
row_made:
    push    edi
    mov     esi, [edi + ROW_FROM]
    mov     eax, [edi + ROW_AT]
    mov     edx, [edi + ROW_TO]
    mov     edi, offset made
    mov     ecx, PAGE_SIZE / 4
    rep movsd
    pop     edi
    mov     esi, offset made
    mov     [esi + eax], edx
    mov     edx, [edi + ROW_VALUE]
    mov     ecx, [edi + ROW_BYTES]
    ret

.section .rodata
.balign 4
arrival_tests:
    CASE    "what is right", test_taken
    CASE    "descriptions that lie", test_descriptions
    CASE    "records that lie", test_records
    CASE    "any bytes", test_storm
    .long   0

storm_routines:
    .long   arrive_region, arrive_page, arrive_handle, arrive_thread

descriptions:
    LIE     process_arrive, 0, description, JOB_IMAGE, 1, JOB_SIZE
    LIE     process_arrive, 0, description, JOB_PRIORITY, "PRIORITY_PROGRAM + 1", JOB_SIZE
    LIE     process_arrive, 0, description, JOB_FEATURES, -1, JOB_SIZE
    LIE     process_arrive, 0, description, "JOB_FEATURES + 4", -1, JOB_SIZE
    LIE     process_arrive, 0, description, "JOB_LABEL + TASK_NAME_SIZE - 4", 0x41414141, JOB_SIZE
    LIE     process_arrive, 0, description, "JOB_PLACE + PLACE_BYTES - 4", 0x41414141, JOB_SIZE
    LIE     process_arrive, 0, description, JOB_PLACE, 0x41414141, JOB_SIZE
    LIE     process_arrive, 0, description, JOB_SIZE, 0, "JOB_SIZE - 1"
    LIE     process_arrive, 0, description, JOB_SIZE, 0, "JOB_SIZE + 1"
descriptions_end:

records:
    LIE     arrive_region, 0, region, 0, 0x20000001, 8
    LIE     arrive_region, 0, region, 4, 0x08049001, 8
    LIE     arrive_region, 0, region, 0, 0, 8
    LIE     arrive_region, 0, region, 4, KERNEL_SPACE, 8
    LIE     arrive_region, 0, region, 4, 0, 8
    LIE     arrive_region, 0, region, 8, 0, 8           # it is there
    LIE     arrive_region, 4, further, 8, 0, 8
    LIE     arrive_region, 0, further, 8, 0, 4
    LIE     arrive_page, OUTSIDE, content, 0, 0, PAGE_SIZE
    LIE     arrive_page, KERNEL_SPACE, content, 0, 0, PAGE_SIZE
    LIE     arrive_page, 0xFFFFF000, content, 0, 0, PAGE_SIZE
    LIE     arrive_page, "TEXT + 1", content, 0, 0, PAGE_SIZE
    LIE     arrive_page, TEXT, content, 0, 0, "PAGE_SIZE - 1"
    LIE     arrive_thread, 0, thread, MOVED_EFLAGS, 0x3000, MOVED_SIZE      # IOPL
    LIE     arrive_thread, 0, thread, MOVED_EFLAGS, 0x100, MOVED_SIZE       # TF
    LIE     arrive_thread, 0, thread, MOVED_EFLAGS, 0x4000, MOVED_SIZE      # NT
    LIE     arrive_thread, 0, thread, MOVED_EFLAGS, 0x20000, MOVED_SIZE     # VM
    LIE     arrive_thread, 0, thread, MOVED_EFLAGS, 0x200, MOVED_SIZE       # IF, which is not the source's to say
    LIE     arrive_thread, 0, thread, MOVED_EIP, KERNEL_SPACE, MOVED_SIZE
    LIE     arrive_thread, 0, thread, MOVED_ESP, KERNEL_SPACE, MOVED_SIZE
    LIE     arrive_thread, 0, thread, MOVED_PRIORITY, 15, MOVED_SIZE
    LIE     arrive_thread, 0, thread, MOVED_HAS_FPU, 2, MOVED_SIZE
    LIE     arrive_thread, 0, thread, MOVED_SIZE, 0, "MOVED_SIZE - 4"
    LIE     arrive_handle, 32, handle, 0, STREAM_CONSOLE, CARRIED_SIZE
    LIE     arrive_handle, -1, handle, 0, STREAM_CONSOLE, CARRIED_SIZE
    LIE     arrive_handle, 1, handle, 0, STREAM_CONSOLE, "CARRIED_SIZE - 1"
    LIE     arrive_handle, 1, handle, 0, STREAM_DIRECTORY, CARRIED_SIZE
    LIE     arrive_handle, 1, handle, 0, 8, CARRIED_SIZE
    LIE     arrive_handle, 1, handle, 0, 18, CARRIED_SIZE
    LIE     arrive_handle, 1, handle, 0, -1, CARRIED_SIZE
    LIE     arrive_handle, 1, handle, 0, CARRIED_SAME, CARRIED_SIZE         # of handle 0, which there is not
    LIE     arrive_handle, 1, handle, 0, STREAM_FILE, CARRIED_SIZE
    LIE     arrive_handle, 1, file, CARRIED_DATA, 0x41414141, "CARRIED_SIZE + 8"
    LIE     arrive_handle, 1, file, CARRIED_FLAGS, "FILE_WRITE | FILE_CREATE", "CARRIED_SIZE + 8"
    LIE     arrive_handle, 1, file, "CARRIED_DATA + 4", 0x41414141, "CARRIED_SIZE + 8"
    LIE     arrive_handle, 1, file, "PAGE_SIZE - 4", 0, "CARRIED_SIZE + 8"    # nothing is mounted
    LIE     arrive_handle, 1, socket, CARRIED_FLAGS, 70000, CARRIED_SIZE
records_end:

.data
.balign 4
description:
    .long   0, PRIORITY_PROGRAM
    .org    description + JOB_LABEL
    .asciz  "tested"
    .org    description + JOB_PLACE
    .asciz  "/"
    .org    description + PAGE_SIZE
region:
    .long   TEXT, TEXT + 4 * PAGE_SIZE
    .org    region + PAGE_SIZE
further:
    .long   OUTSIDE, OUTSIDE + PAGE_SIZE
    .org    further + PAGE_SIZE
thread:
    .org    thread + MOVED_EIP
    .long   TEXT, 0, STACK_END - 16, PRIORITY_PROGRAM, 0
    .org    thread + PAGE_SIZE
handle:
    .org    handle + PAGE_SIZE
file:
    .long   STREAM_FILE, FILE_READ, 0, 0
    .asciz  "/net/of"
    .org    file + PAGE_SIZE
socket:
    .long   STREAM_SOCKET, 0, 1, 0
    .org    socket + PAGE_SIZE
content:
    .fill   PAGE_SIZE, 1, 0x90

.bss
.balign 4
made:               .space 2 * PAGE_SIZE
