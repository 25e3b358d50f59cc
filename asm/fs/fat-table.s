# The file allocation table: entries of 12, 16 and 28 bits, chains of clusters, free clusters. A chain is not trusted:
# a number that is no cluster's is an error, and whoever follows a chain knows how long it can be.
# Source: FAT32 File System Specification 1.03, section 4. EBX = FAT record in all routines.

.include "macros.inc"
.include "errors.inc"
.include "fat.inc"

.text

# The value of an entry.
# In: EAX cluster, below FAT_LIMIT.
# Out: EAX value; CF and EAX error.
# Clobbers: EAX only.
fat_get:
    CHECK   eax, b, [ebx+FAT_LIMIT], "fat_get: there is no such cluster"
    push    ecx
    push    edx
    push    esi
    mov     ecx, eax
    cmp     dword ptr [ebx + FAT_BITS], 16
    je      .Lfat_get_fat16
    ja      .Lfat_get_fat32
    mov     edx, eax                    # 12 bits: byte 1.5 n, which may be the last of a sector
    shr     edx, 1
    add     edx, eax
    mov     eax, edx
    call    fat_byte
    jc      .Lfat_get_done
    mov     esi, eax
    lea     eax, [edx + 1]
    call    fat_byte
    jc      .Lfat_get_done
    shl     eax, 8
    or      eax, esi
    test    cl, 1
    jz      1f
    shr     eax, 4
1:  and     eax, 0xFFF                  # CF is clear
    jmp     .Lfat_get_done
.Lfat_get_fat16:
    shr     eax, 8
    add     eax, [ebx + FAT_FIRST]
    call    sector_get
    jc      .Lfat_get_done
    movzx   ecx, cl
    movzx   eax, word ptr [eax + ecx*2]
    jmp     .Lfat_get_done
.Lfat_get_fat32:
    shr     eax, 7
    add     eax, [ebx + FAT_FIRST]
    call    sector_get
    jc      .Lfat_get_done
    and     ecx, 127
    mov     eax, [eax + ecx*4]
    and     eax, 0x0FFFFFFF
.Lfat_get_done:
    pop     esi
    pop     edx
    pop     ecx
    ret

# A byte of the first FAT.
# In: EAX offset.
# Out: EAX; CF and EAX error.
# Clobbers: EAX only.
fat_byte:
    push    edx
    mov     edx, eax
    and     edx, 511
    shr     eax, 9
    add     eax, [ebx + FAT_FIRST]
    call    sector_get
    jc      1f
    movzx   eax, byte ptr [eax + edx]
1:  pop     edx
    ret

# The cluster after another one.
# In: EAX cluster.
# Out: EAX cluster or FAT_END; CF and EAX = ERROR_CORRUPT when the chain leads nowhere.
# Clobbers: EAX only.
.global fat_next
fat_next:
    cmp     eax, 2
    jb      .Lfat_next_odd
    cmp     eax, [ebx + FAT_LIMIT]
    jae     .Lfat_next_odd
    call    fat_get
    jc      .Lfat_next_done
    cmp     eax, 2
    jb      .Lfat_next_odd
    cmp     eax, [ebx + FAT_LIMIT]
    cmc
    jnc     .Lfat_next_done
    push    ecx
    mov     ecx, [ebx + FAT_BITS]
    cmp     ecx, 32
    jne     .Lfat_next_bits
    mov     ecx, 28
.Lfat_next_bits:
    push    edx
    mov     edx, 1
    shl     edx, cl
    sub     edx, 8                      # these and all above are ends
    cmp     eax, edx
    pop     edx
    pop     ecx
    jb      .Lfat_next_odd
    mov     eax, FAT_END
    clc
    ret
.Lfat_next_odd:
    mov     eax, ERROR_CORRUPT
    stc
.Lfat_next_done:
    ret

# The sector of a place in a chain, or in the root directory of FAT12 and FAT16.
# In: EAX first cluster, 0 for that root; EDX offset in bytes.
# Out: EAX sector; CF and EAX = ERROR_NOT_FOUND after the end, or another error.
# Clobbers: EAX only.
.global fat_place
fat_place:
    push    ecx
    push    edx
    push    esi
    push    edi
    mov     edi, eax                    # EDI: first cluster
    shr     edx, 9                      # EDX: sector of the content
    test    eax, eax
    jnz     .Lfat_place_chain
    mov     eax, ERROR_NOT_FOUND
    cmp     edx, [ebx + FAT_ROOT_SECTORS]
    cmc
    jc      .Lfat_place_done
    mov     eax, [ebx + FAT_ROOT]
    add     eax, edx
    jmp     .Lfat_place_done            # CF is clear
.Lfat_place_chain:
    mov     ecx, [ebx + FAT_SHIFT]
    mov     esi, edx
    shr     esi, cl                     # ESI: number of the cluster in the chain
    xor     ecx, ecx
    cmp     edi, [ebx + FAT_AT_FIRST]
    jne     .Lfat_place_step
    cmp     esi, [ebx + FAT_AT_INDEX]
    jb      .Lfat_place_step
    mov     ecx, [ebx + FAT_AT_INDEX]
    mov     eax, [ebx + FAT_AT_CLUSTER]
.Lfat_place_step:
    cmp     ecx, esi
    je      .Lfat_place_found
    call    fat_next
    jc      .Lfat_place_done
    cmp     eax, FAT_END
    je      .Lfat_place_end
    inc     ecx
    jmp     .Lfat_place_step
.Lfat_place_end:
    mov     eax, ERROR_NOT_FOUND
    stc
    jmp     .Lfat_place_done
.Lfat_place_found:
    cmp     eax, 2
    jb      .Lfat_place_damaged
    cmp     eax, [ebx + FAT_LIMIT]
    jae     .Lfat_place_damaged
    mov     [ebx + FAT_AT_FIRST], edi
    mov     [ebx + FAT_AT_INDEX], esi
    mov     [ebx + FAT_AT_CLUSTER], eax
    mov     ecx, [ebx + FAT_SHIFT]
    sub     eax, 2
    shl     eax, cl
    add     eax, [ebx + FAT_DATA]
    mov     esi, 1
    shl     esi, cl
    dec     esi
    and     edx, esi
    add     eax, edx
    clc
    jmp     .Lfat_place_done
.Lfat_place_damaged:
    mov     eax, ERROR_CORRUPT
    stc
.Lfat_place_done:
    pop     edi
    pop     esi
    pop     edx
    pop     ecx
    ret

# Counts the free clusters. May take long on a large volume.
# Out: EAX number; CF and EAX error.
.global fat_count
fat_count:
    push    esi
    push    edi
    mov     esi, 2
    xor     edi, edi
1:  cmp     esi, [ebx + FAT_LIMIT]
    jae     3f
    mov     eax, esi
    call    fat_get
    jc      9f
    cmp     eax, 1
    adc     edi, 0
    inc     esi
    jmp     1b
3:  mov     eax, edi
    clc
9:  pop     edi
    pop     esi
    ret

# Sets an entry, in all copies of the table.
# In: EAX cluster, below FAT_LIMIT; EDX value: a cluster, 0, or FAT_END.
# Out: CF and EAX error.
# Clobbers: EAX only.
.global fat_set
fat_set:
    CHECK   eax, ae, 2, "fat_set: there is no such cluster"
    CHECK   eax, b, [ebx+FAT_LIMIT], "fat_set: there is no such cluster"
    push    ecx
    push    edx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax                    # ESI: cluster
    mov     edi, [ebx + FAT_FIRST]      # EDI: first sector of this copy
    mov     ebp, [ebx + FAT_COPIES]
.Lfat_set_copy:
    mov     eax, esi
    cmp     dword ptr [ebx + FAT_BITS], 16
    je      .Lfat_set_fat16
    ja      .Lfat_set_fat32
    shr     eax, 1
    lea     ecx, [eax + esi]            # ECX: offset of the first of its two bytes
    mov     eax, edx
    mov     ah, 0xFF                    # AH: bits of the byte that are the entry's
    test    esi, 1
    jz      1f
    shl     eax, 4
    mov     ah, 0xF0
1:  call    fat_set_byte
    jc      .Lfat_set_done
    inc     ecx
    mov     eax, edx
    shr     eax, 8
    mov     ah, 0x0F
    test    esi, 1
    jz      2f
    mov     eax, edx
    shr     eax, 4
    mov     ah, 0xFF
2:  call    fat_set_byte
    jc      .Lfat_set_done
    jmp     .Lfat_set_next
.Lfat_set_fat16:
    shr     eax, 8
    add     eax, edi
    push    eax
    call    sector_get
    pop     ecx
    jc      .Lfat_set_done
    push    esi
    and     esi, 255
    mov     [eax + esi*2], dx
    pop     esi
    mov     eax, ecx
    call    sector_dirty
    jmp     .Lfat_set_next
.Lfat_set_fat32:
    shr     eax, 7
    add     eax, edi
    push    eax
    call    sector_get
    pop     ecx
    jc      .Lfat_set_done
    push    esi
    and     esi, 127
    lea     eax, [eax + esi*4]
    mov     esi, [eax]
    xor     esi, edx
    and     esi, 0xF0000000             # four bits are nobody's, and stay
    xor     esi, edx
    mov     [eax], esi
    pop     esi
    mov     eax, ecx
    call    sector_dirty
.Lfat_set_next:
    add     edi, [ebx + FAT_SECTORS]
    dec     ebp
    jnz     .Lfat_set_copy
    clc
.Lfat_set_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     edx
    pop     ecx
    ret

# Sets bits of a byte of one copy of the table.
# In: AL bits, AH which of them; ECX offset, EDI first sector of the copy.
# Out: CF and EAX error.
# Clobbers: EAX only.
fat_set_byte:
    push    ecx
    push    edx
    push    esi
    mov     edx, eax
    mov     eax, ecx
    shr     eax, 9
    add     eax, edi
    mov     esi, eax
    call    sector_get
    jc      1f
    and     ecx, 511
    add     eax, ecx
    and     dl, dh
    not     dh
    and     [eax], dh
    or      [eax], dl
    mov     eax, esi
    call    sector_dirty
    clc
1:  pop     esi
    pop     edx
    pop     ecx
    ret

# Takes a free cluster, which ends a chain.
# In: EAX cluster that it comes after, 0 for none.
# Out: EAX cluster; CF and EAX error: ERROR_NO_SPACE.
# Clobbers: EAX only.
.global fat_allocate
fat_allocate:
    push    ecx
    push    edx
    push    esi
    mov     esi, eax
    mov     edx, [ebx + FAT_HINT]
    mov     ecx, [ebx + FAT_LIMIT]
    sub     ecx, 2                      # ECX: clusters to look at
.Lfat_allocate_next:
    cmp     edx, [ebx + FAT_LIMIT]
    jb      1f
    mov     edx, 2
1:  mov     eax, edx
    call    fat_get
    jc      .Lfat_allocate_done
    test    eax, eax
    jz      .Lfat_allocate_found
    inc     edx
    dec     ecx
    jnz     .Lfat_allocate_next
    mov     eax, ERROR_NO_SPACE
    stc
    jmp     .Lfat_allocate_done
.Lfat_allocate_found:
    mov     ecx, edx                    # ECX: cluster
    mov     eax, edx
    mov     edx, FAT_END
    call    fat_set
    jc      .Lfat_allocate_done
    test    esi, esi
    jz      2f
    mov     eax, esi
    mov     edx, ecx
    call    fat_set
    jc      .Lfat_allocate_done
2:  lea     edx, [ecx + 1]
    mov     [ebx + FAT_HINT], edx
    cmp     dword ptr [ebx + FAT_FREE], FAT_FREE_UNKNOWN
    je      3f
    dec     dword ptr [ebx + FAT_FREE]
3:  mov     eax, ecx
    clc
.Lfat_allocate_done:
    pop     esi
    pop     edx
    pop     ecx
    ret

# Gives a chain back. A chain that leads nowhere is given back as far as it goes.
# In: EAX first cluster, 0 for none.
# Out: CF and EAX when the drive fails.
.global fat_release
fat_release:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, [ebx + FAT_LIMIT]      # EDI: no chain is longer
    mov     dword ptr [ebx + FAT_AT_FIRST], 0
1:  mov     eax, esi
    cmp     eax, 2
    jb      8f
    cmp     eax, [ebx + FAT_LIMIT]
    jae     8f
    call    fat_get
    jc      9f
    test    eax, eax
    jz      8f                          # free already: a circle, or another's chain
    push    eax
    mov     eax, esi
    xor     edx, edx
    call    fat_set
    pop     esi
    jc      9f
    cmp     dword ptr [ebx + FAT_FREE], FAT_FREE_UNKNOWN
    je      2f
    inc     dword ptr [ebx + FAT_FREE]
2:  dec     edi
    jnz     1b
8:  clc
9:  pop     edi
    pop     esi
    ret

# The sector of a place in a chain, which is made longer for it if need be. What is new has any content.
# In: EAX first cluster, not 0; EDX offset in bytes.
# Out: EAX sector; CF and EAX error.
# Clobbers: EAX only.
.global fat_reach
fat_reach:
    push    ecx
    push    esi
    mov     esi, eax
.Lfat_reach_again:
    mov     eax, esi
    call    fat_place
    jnc     .Lfat_reach_done
    cmp     eax, ERROR_NOT_FOUND
    stc
    jne     .Lfat_reach_done
    mov     eax, esi                    # the end, from where the last walk ended
    cmp     eax, [ebx + FAT_AT_FIRST]
    jne     1f
    mov     eax, [ebx + FAT_AT_CLUSTER]
1:  mov     ecx, eax
    call    fat_next
    jc      .Lfat_reach_done
    cmp     eax, FAT_END
    jne     1b
    mov     eax, ecx
    call    fat_allocate
    jnc     .Lfat_reach_again
.Lfat_reach_done:
    pop     esi
    pop     ecx
    ret
