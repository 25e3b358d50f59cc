# One allocation that fails on purpose, so that it can be tried what callers do without memory: `mem fail`, and tests
# that set refuse_count in the image.

.include "macros.inc"
.include "errors.inc"

.text

# Counts an allocation while one is to fail.
# In: EAX address of who asks.
# Out: CF and EAX error when it is to fail.
# Clobbers: EAX only.
.global refuse_next
refuse_next:
    dec     dword ptr [refuse_count]
    clc
    jnz     1f
    mov     [refuse_caller], eax
    mov     eax, ERROR_NO_MEMORY
    stc
1:  ret

# Has the allocation of this number fail.
# In: EAX number from now on, 0 for none.
.global refuse_begin
refuse_begin:
    mov     dword ptr [refuse_caller], 0
    mov     [refuse_count], eax
    ret

# Says whether it has failed, and has none fail any more.
.global refuse_show
refuse_show:
    xor     eax, eax
    mov     [refuse_count], eax
    mov     eax, [refuse_caller]
    test    eax, eax
    jz      1f
    call    symbol_find
    jc      1f
    PRINTF  "mem: the allocation by %s+0x%x has failed\n", eax, edx
    ret
1:  PRINT   "mem: no allocation has failed\n"
    ret

.data
.balign 4
.global refuse_count
refuse_count:       .long 0                 # allocations until the one that fails, that one included; 0: none does
refuse_caller:      .long 0                 # who asked for it
