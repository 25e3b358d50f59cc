# OOFS, reading on: a file that is read from one end to the other, and lies in one piece on the disk, comes into the
# cache by one command for several blocks. What goes wrong with a block that nobody has asked for yet is left to whoever
# asks.
# In all routines EBX = OOFS record (oofs.inc); it is kept.

.include "macros.inc"
.include "disk.inc"
.include "oofs.inc"

RUN_BLOCKS      = 16                    # at a time: 64 KiB

.text

# Brings a block of content into the cache, and proves it. When the block before it was the last to be brought so, or it
# is the first of its file, those come along that follow it in the file and on the disk.
# In: EDI tree, ECX index; ESI block, EDX its checksum.
# Out: EAX entry; CF and EAX error.
# Clobbers: EAX, EDX only.
.global oofs_run_load
oofs_run_load:
    FRAME   RUN_BLOCKS*4+4
    push    ecx
    push    esi
    push    edi
    # Locals: -4 blocks, then their checksums
    mov     [ebp - 4 - RUN_BLOCKS * 4], edx
    call    oofs_run_length
    mov     [ebp - 4], eax
    mov     edx, [edi + TREE_KEY]
    mov     [ebx + OOFS_RUN_KEY], edx
    lea     eax, [ecx + eax]
    mov     [ebx + OOFS_RUN_NEXT], eax
    cmp     dword ptr [ebp - 4], 1
    je      .Loofs_run_load_one
    mov     eax, edx
    xor     edx, edx
    call    cache_new
    jc      .Loofs_run_load_done
    push    eax                         # [ESP] the first entry
    xor     ecx, ecx
.Loofs_run_load_entry:
    inc     ecx
    cmp     ecx, [ebp - 4]
    jae     .Loofs_run_load_read
    call    cache_beside
    jnc     .Loofs_run_load_entry
    mov     [ebp - 4], ecx              # so many are together
    mov     eax, [esp]
    add     ecx, [eax + BLOCK_INDEX]
    mov     [ebx + OOFS_RUN_NEXT], ecx
.Loofs_run_load_read:
    lea     edx, [esi*8]                # OOFS_BLOCK_SECTORS
    mov     esi, [ebp - 4]
    shl     esi, 3
    mov     ecx, [esp]
    mov     ecx, [ecx + BLOCK_DATA]
    mov     eax, [ebx + OOFS_VOLUME]
    call    volume_read
    sbb     edi, edi                    # EDI: -1 when nothing of it counts
    mov     esi, [esp]                  # ESI: entry
    xor     ecx, ecx
.Loofs_run_load_prove:
    test    edi, edi
    jnz     .Loofs_run_load_forget
    push    ecx
    mov     eax, [esi + BLOCK_DATA]
    mov     edx, OOFS_BLOCK_BYTES
    call    crc32
    pop     ecx
    cmp     eax, [ebp + ecx*4 - 4 - RUN_BLOCKS * 4]
    je      .Loofs_run_load_next
.Loofs_run_load_forget:
    mov     eax, esi
    call    cache_unhash
.Loofs_run_load_next:
    add     esi, BLOCK_SIZE_OF
    inc     ecx
    cmp     ecx, [ebp - 4]
    jb      .Loofs_run_load_prove
    pop     eax
    test    dword ptr [eax + BLOCK_FLAGS], BLOCK_VALID
    jnz     .Loofs_run_load_done        # CF is clear
    mov     edi, [esp]
    mov     esi, [esp + 4]
    mov     ecx, [esp + 8]
.Loofs_run_load_one:
    mov     eax, [edi + TREE_KEY]
    xor     edx, edx
    mov     edi, [ebp - 4 - RUN_BLOCKS * 4]
    call    oofs_cache_load
.Loofs_run_load_done:
    pop     edi
    pop     esi
    pop     ecx
    ENDFRAME
    ret

# How many blocks are to be brought together.
# In: EDI tree, ECX index, ESI block; EBP frame of oofs_run_load.
# Out: EAX number, at least 1; the checksums of all but the first are noted.
# Clobbers: EAX, EDX only.
oofs_run_length:
    push    ecx
    push    esi
    jecxz   .Loofs_run_length_on
    mov     eax, [edi + TREE_KEY]
    cmp     [ebx + OOFS_RUN_KEY], eax
    jne     .Loofs_run_length_one
    cmp     [ebx + OOFS_RUN_NEXT], ecx
    jne     .Loofs_run_length_one
.Loofs_run_length_on:
    cmp     dword ptr [edi + TREE_DEPTH], 0
    je      .Loofs_run_length_one
    mov     eax, ecx
    xor     edx, edx
    push    ecx
    mov     ecx, TREE_FANOUT
    div     ecx
    push    edx
    mov     ecx, eax
    mov     edx, 1
    mov     eax, [edi + TREE_KEY]
    call    cache_find                  # oofs_tree_way has just been there
    pop     edx                         # EDX: slot
    pop     ecx
    jz      .Loofs_run_length_one
    mov     eax, [eax + BLOCK_DATA]
    lea     eax, [eax + TREE_POINTERS + edx*8]
    sub     edx, TREE_FANOUT
    neg     edx                         # EDX: pointers from this one to the end of the node
    cmp     edx, RUN_BLOCKS
    jbe     1f
    mov     edx, RUN_BLOCKS
1:  push    edi
    mov     edi, [edi + TREE_KEY]
    push    edx                         # [ESP] most blocks
    xor     edx, edx                    # EDX: blocks so far, less one
.Loofs_run_length_block:
    inc     edx
    cmp     edx, [esp]
    jae     .Loofs_run_length_end
    inc     ecx
    inc     esi
    cmp     [eax + edx*8 + POINTER_BLOCK], esi
    jne     .Loofs_run_length_end
    push    eax
    push    edx
    mov     eax, edi
    xor     edx, edx
    call    cache_find
    pop     edx
    pop     eax
    jnz     .Loofs_run_length_end
    push    dword ptr [eax + edx*8 + POINTER_CHECKSUM]
    pop     dword ptr [ebp + edx*4 - 4 - RUN_BLOCKS * 4]
    jmp     .Loofs_run_length_block
.Loofs_run_length_end:
    add     esp, 4
    pop     edi
    mov     esi, [esp]
    push    edx
    mov     eax, esi
    call    oofs_block_check
    mov     eax, [esp]
    lea     eax, [esi + eax - 1]
    jc      2f
    call    oofs_block_check
2:  pop     eax
    jnc     .Loofs_run_length_done
.Loofs_run_length_one:
    mov     eax, 1
.Loofs_run_length_done:
    pop     esi
    pop     ecx
    ret
