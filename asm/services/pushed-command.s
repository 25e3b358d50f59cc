# `module list`, `module undo` and `module push`: what was pushed into this machine (docs/protocols/push.md).

.include "macros.inc"
.include "date.inc"
.include "pushed.inc"

STRING verb_list, "list"
STRING verb_undo, "undo"

.section .rodata
pushed_nothing:         .byte 0

.text

# Runs `module list`, `module undo` and `module push`. May sleep.
# In: EAX argc, at least 2, EDX argv.
# Out: EAX status; CF when the verb is another.
pushed_verb:
    push    ebx
    push    esi
    mov     ebx, edx
    mov     esi, eax
    mov     eax, [ebx + 4]
    mov     edx, offset verb_list
    call    string_compare
    jne     1f
    cmp     esi, 2
    jne     .Lpushed_verb_other
    call    pushed_list
    xor     eax, eax
    jmp     .Lpushed_verb_done
1:  mov     eax, [ebx + 4]
    mov     edx, offset verb_undo
    call    string_compare
    jne     .Lpushed_verb_other
    cmp     esi, 3
    jne     .Lpushed_verb_other
    mov     eax, [ebx + 8]
    call    pushed_undo
    mov     eax, 0
    jnc     .Lpushed_verb_done
    PRINTF  "module: %s: %s\n", [ebx+8], edx
    mov     eax, 1
.Lpushed_verb_done:
    clc
    jmp     2f
.Lpushed_verb_other:
    mov     eax, esi
    mov     edx, ebx
    call    typed_verb
2:  pop     esi
    pop     ebx
    ret

ON_HOOK module_verbs, pushed_verb

# Lists what differs from the image, and since when.
pushed_list:
    push    ebx
    push    esi
    push    edi
    mov     eax, offset pushed_mutex
    call    mutex_lock
    mov     esi, offset pushed_state + PUSHED_ENTRIES
    mov     ebx, [pushed_state + PUSHED_COUNT]
.Lpushed_list_next:
    sub     ebx, 1
    jc      .Lpushed_list_done
    mov     edx, [esi + DESIRED_SHA256]
    bswap   edx
    PRINTF  "%-12s  %08x  %7u bytes  since ", esi, edx, [esi+DESIRED_BYTES]
    mov     eax, [esi + DESIRED_SINCE]
    call    pushed_print_time
    LOAD_STRING eax, "the image's"
    cmp     dword ptr [esi + DESIRED_BEFORE_BYTES], 0
    je      .Lpushed_list_before
    LOAD_STRING eax, "another one"
.Lpushed_list_before:
    mov     edx, offset pushed_nothing
    test    dword ptr [esi + DESIRED_FLAGS], PUSHED_KEPT
    jz      .Lpushed_list_kept
    LOAD_STRING edx, ", kept for other kernels"
.Lpushed_list_kept:
    mov     ecx, offset pushed_nothing
    test    dword ptr [esi + DESIRED_FLAGS], PUSHED_PROGRAM
    jz      .Lpushed_list_print
    LOAD_STRING ecx, ", a program"
.Lpushed_list_print:
    PRINTF  "  after %s, for revision %u%s%s\n", eax, [esi+DESIRED_REVISION], edx, ecx
    add     esi, DESIRED_SIZE
    jmp     .Lpushed_list_next
.Lpushed_list_done:
    mov     eax, offset pushed_mutex
    call    mutex_unlock
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints a time.
# In: EAX seconds since 2000.
# Clobbers: EAX, ECX, EDX.
pushed_print_time:
    push    esi
    FRAME   DATE_SIZE
    lea     edx, [ebp - DATE_SIZE]
    call    date_from_seconds
    mov     esi, ebp
    PRINTF  "%04u-%02u-%02u %02u:%02u", [esi-DATE_SIZE+DATE_YEAR], [esi-DATE_SIZE+DATE_MONTH], [esi-DATE_SIZE+DATE_DAY], [esi-DATE_SIZE+DATE_HOUR], [esi-DATE_SIZE+DATE_MINUTE]
    ENDFRAME
    pop     esi
    ret
