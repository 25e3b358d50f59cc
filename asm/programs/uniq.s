# Shows one of equal lines that follow each other.

.include "program.inc"
.include "options.inc"
.include "room.inc"

DESCRIPTION "[-cdu] [PATH...]", "show one of equal lines that follow each other"
DETAIL "-c says how many there are, -d shows only those that there are several of, -u those that there is one of. sort"
DETAIL "brings equal lines together."

COUNT_WIDTH     = 7

.text

# Takes options and paths.
.global _start
_start:
    lea     eax, [esp + 4]
    mov     edx, offset options
    call    options_take
    call    lines_begin
    mov     eax, offset kept
    call    room_make
    xor     ebp, ebp                    # EBP: how many lines are as the kept one
.Lnext:
    call    line_next
    jc      .Lend
    mov     esi, eax                    # ESI: line, EBX: bytes
    mov     ebx, edx
    test    ebp, ebp
    jz      .Lkeep
    cmp     ebx, [kept_bytes]
    jne     .Lother
    mov     ecx, ebx
    mov     edi, [kept + ROOM_START]
    push    esi
    cmp     ecx, ecx
    repe cmpsb
    pop     esi
    jne     .Lother
    inc     ebp
    jmp     .Lnext
.Lother:
    call    show
.Lkeep:
    mov     edx, [kept + ROOM_START]
    mov     edi, edx
    add     edx, ebx
    mov     eax, offset kept
    call    room_reach
    mov     ecx, ebx
    mov     [kept_bytes], ebx
    rep movsb
    mov     ebp, 1
    jmp     .Lnext
.Lend:
    test    ebp, ebp
    jz      finish
    call    show
    jmp     finish

# Shows the kept line, if it is asked for.
# In: EBP how often it was there.
show:
    cmp     ebp, 1                      # -u leaves out what is repeated, -d what is single
    je      1f
    cmp     dword ptr [only_single], 0
    jne     4f
    jmp     2f
1:  cmp     dword ptr [only_repeated], 0
    jne     4f
2:  cmp     dword ptr [counts], 0
    je      3f
    mov     eax, ebp
    mov     edx, COUNT_WIDTH
    call    out_number
    mov     al, ' '
    call    out_byte
3:  mov     eax, [kept + ROOM_START]
    mov     edx, [kept_bytes]
    call    out_bytes
    mov     al, 10
    call    out_byte
4:  ret

.section .rodata
options:
    OPTION  'c', OPTION_SET, counts
    OPTION  'd', OPTION_SET, only_repeated
    OPTION  'u', OPTION_SET, only_single
    .byte   0

.bss
.balign 4
counts:         .space 4
only_repeated:  .space 4
only_single:    .space 4
kept_bytes:     .space 4
kept:           .space ROOM_SIZE
