# A program for /bin: threads that all use the FPU, each with numbers and a rounding of its own, and give the processor
# to each other in between. Says `fputest: done`, and before that what somebody has found who should not.

.intel_syntax noprefix
.include "system-calls.inc"

THREADS         = 3
ROUNDS          = 40
STATE_BYTES     = 108                   # of FNSAVE
STATE_TAGS      = 8                     # in it
NEW_CONTROL     = 0x37F                 # of an FPU that nobody has used
NEW_TAGS        = 0xFFFF
ROUNDING_SHIFT  = 10                    # in the control word
AREA_STATE      = 0                     # of each thread: its state as it was first, as it is now, its stack
AREA_NOW        = 128
AREA_BYTES      = 512

.text

.global _start
_start:
    call    must_be_new
    mov     ebp, THREADS - 1
1:  mov     eax, ebp
    inc     eax
    imul    eax, AREA_BYTES
    lea     ecx, [areas + eax]
    SYSTEM  thread_create, "offset work", ecx, ebp
    test    eax, eax
    js      3f
    dec     ebp
    jns     1b
2:  mov     ecx, [ended]
    cmp     ecx, THREADS
    je      4f
    SYSTEM  value_wait, "offset ended", ecx, -1
    jmp     2b
3:  mov     eax, offset text_none
    call    put
4:  mov     eax, offset text_done
    call    put
    SYSTEM  exit, 0

# Says so when somebody has left something in the FPU.
must_be_new:
    fnsave  [found]
    cmp     word ptr [found], NEW_CONTROL
    jne     1f
    cmp     word ptr [found + STATE_TAGS], NEW_TAGS
    je      2f
1:  mov     eax, offset text_used
    jmp     put
2:  ret

# A thread: fills the FPU, and looks whether that stays.
# In: EAX number.
work:
    mov     ebx, eax
    imul    edi, eax, AREA_BYTES
    add     edi, offset areas               # EDI: area
    call    must_be_new
    mov     [edi], ebx
    mov     ecx, 8
1:  fild    dword ptr [edi]
    add     dword ptr [edi], 10
    dec     ecx
    jnz     1b
    shl     ebx, ROUNDING_SHIFT
    or      ebx, NEW_CONTROL
    mov     [edi], ebx
    fldcw   [edi]
    fnsave  [edi + AREA_STATE]
    frstor  [edi + AREA_STATE]
    mov     ebp, ROUNDS
2:  SYSTEM  yield
    fnsave  [edi + AREA_NOW]
    frstor  [edi + AREA_NOW]
    push    edi
    lea     esi, [edi + AREA_STATE]
    lea     edi, [edi + AREA_NOW]
    mov     ecx, STATE_BYTES
    repe cmpsb
    pop     edi
    je      3f
    mov     eax, offset text_changed
    call    put
3:  dec     ebp
    jnz     2b
    lock inc dword ptr [ended]
    SYSTEM  value_wake
    SYSTEM  thread_exit

.section .rodata
text_none:      .asciz "fputest: no thread\n"
text_used:      .asciz "fputest: what another has left is there\n"
text_changed:   .asciz "fputest: another has changed what is in it\n"
text_done:      .asciz "fputest: done\n"

.bss
.balign 4
ended:          .space 4
found:          .space STATE_BYTES
areas:          .space THREADS * AREA_BYTES
