# What a node keeps of kernels on its own volume, as persistent objects: the list of keys that it trusts, and how often
# it has served a kernel.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "signature.inc"

.bss
.balign 4
keys_recalled:          .space 1        # 1: what this node keeps of its keys was read

STRING keys_class, "kernel_keys"        # the list that the node took over last

.text

# Where this node keeps what it keeps.
# Out: EAX mount; CF and EAX = ERROR_NO_DEVICE when it keeps nothing.
# Clobbers: EAX only.
.global kernel_store_find
kernel_store_find:
    call    volume_kept
    cmp     eax, 1
    jnc     1f
    mov     eax, ERROR_NO_DEVICE
1:  ret

# Takes up the list of keys that this node keeps, once. One that cannot be read is not passed over: keys that it took
# away would be trusted again. May sleep.
# Out: CF and EAX text.
.global kernel_keys_recall
kernel_keys_recall:
    FRAME   KEYS_BYTES_MAX
    push    esi
    cmp     byte ptr [keys_recalled], 1
    je      .Lkernel_keys_recall_done   # CF is clear
    call    kernel_store_find
    cmc
    jnc     .Lkernel_keys_recall_done
    mov     edx, offset keys_class
    lea     ecx, [ebp - KEYS_BYTES_MAX]
    mov     esi, KEYS_BYTES_MAX
    call    object_load
    jnc     .Lkernel_keys_recall_found
    cmp     eax, ERROR_NOT_FOUND
    je      .Lkernel_keys_recall_known
    call    error_text
    stc
    jmp     .Lkernel_keys_recall_done
.Lkernel_keys_recall_found:
    mov     edx, eax
    lea     eax, [ebp - KEYS_BYTES_MAX]
    call    keys_recall
    jc      .Lkernel_keys_recall_done
.Lkernel_keys_recall_known:
    mov     byte ptr [keys_recalled], 1
    clc
.Lkernel_keys_recall_done:
    pop     esi
    ENDFRAME
    ret

# Keeps a list of keys that was taken over. May sleep.
# In: ECX list, ESI its bytes.
# Out: CF and EAX error: ERROR_NO_DEVICE when this node keeps nothing.
.global kernel_keys_keep
kernel_keys_keep:
    call    kernel_store_find
    jc      1f
    mov     edx, offset keys_class
    jmp     object_save
1:  ret
