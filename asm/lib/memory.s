# Blocks of memory: copy, fill, compare.

.include "macros.inc"

.text

# Copies bytes; the blocks do not overlap (or the destination is the lower one).
# In: EAX destination, EDX source, ECX bytes.
.global mem_copy
mem_copy:
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    mov     edx, ecx
    shr     ecx, 2
    rep movsd
    mov     ecx, edx
    and     ecx, 3
    rep movsb
    pop     edi
    pop     esi
    ret

# Copies bytes between blocks that may overlap.
# In: EAX destination, EDX source, ECX bytes.
.global mem_move
mem_move:
    cmp     eax, edx
    jbe     mem_copy
    push    esi
    push    edi
    lea     edi, [eax + ecx - 1]
    lea     esi, [edx + ecx - 1]
    std
    rep movsb
    cld
    pop     edi
    pop     esi
    ret

# Fills bytes with one value.
# In: EAX destination, DL value, ECX bytes.
.global mem_set
mem_set:
    push    edi
    mov     edi, eax
    movzx   eax, dl
    imul    eax, eax, 0x01010101
    mov     edx, ecx
    shr     ecx, 2
    rep stosd
    mov     ecx, edx
    and     ecx, 3
    rep stosb
    pop     edi
    ret

# Compares bytes.
# In: EAX, EDX blocks, ECX bytes.
# Out: ZF set when they are equal (also for no bytes), else CF tells unsigned order.
.global mem_compare
mem_compare:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    cmp     eax, eax                    # ZF for ECX = 0
    repe cmpsb
    pop     edi
    pop     esi
    ret
