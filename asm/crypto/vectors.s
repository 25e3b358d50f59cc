# Routines that use XMM registers, for processors that have SSE2 and SSSE3. Programs do not see these registers, and
# nobody saves them: CR4.OSFXSR is set only while such a routine runs, with interrupts off, and they are zeros after it.

.include "macros.inc"
.include "cpu.inc"

VECTORS_EDX             = 1 << 26 | 1 << 24     # CPUID.1:EDX: SSE2, FXSR
VECTORS_ECX             = 1 << 9                # CPUID.1:ECX: SSSE3

PIECE                   = 1024                  # bytes with interrupts off: 7500 instructions of ChaCha20's

.bss
.balign 4
.global vectors
vectors:                .space 4                # 1: the processor has them

.text

# Looks whether the processor has them.
# Clobbers: EAX, ECX, EDX.
.global vectors_init
vectors_init:
    push    ebx
    mov     eax, 1
    cpuid
    pop     ebx
    and     edx, VECTORS_EDX
    cmp     edx, VECTORS_EDX
    jne     1f
    and     ecx, VECTORS_ECX
    jz      1f
    mov     dword ptr [vectors], 1
1:  ret

# Has a routine work on bytes with the XMM registers at hand: on a piece after the other, with interrupts off.
# In: EDI routine, ESI bytes, ECX how many. It has ESI and ECX of a piece, and the other registers as they are, but EAX;
# it leaves ESI behind the piece.
# Out: ESI behind the bytes.
# Clobbers: EAX, ECX, EDI, and what the routine does.
.global vectors_call
vectors_call:
    test    ecx, ecx
    jz      .Lvectors_call_done
.Lvectors_call_next:
    push    edi
    push    ecx
    cmp     ecx, PIECE
    jbe     1f
    mov     ecx, PIECE
1:  INTERRUPTS_OFF
    mov     eax, cr4
    push    eax
    or      eax, CR4_OSFXSR
    mov     cr4, eax
    mov     eax, cr0
    push    eax
    and     eax, ~(CR0_EM | CR0_TS)
    mov     cr0, eax
    call    edi
.irp number, 0, 1, 2, 3, 4, 5, 6, 7
    pxor    xmm\number, xmm\number
.endr
    pop     eax
    mov     cr0, eax
    pop     eax
    mov     cr4, eax
    INTERRUPTS_RESTORE
    pop     ecx
    pop     edi
    sub     ecx, PIECE
    ja      .Lvectors_call_next
.Lvectors_call_done:
    ret
