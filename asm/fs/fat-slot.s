# Places of entries in FAT directories: looking for room, making the entries of an object, freeing them.
# EBX = FAT record in all routines.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"
.include "fat.inc"

.text

# The raw entry at a place of a directory.
# In: EAX first cluster of the directory, EDX offset.
# Out: EAX entry, ECX its sector; CF and EAX error.
# Clobbers: EAX, ECX only.
.global fat_raw
fat_raw:
    call    fat_place
    jc      1f
    mov     ecx, eax
    call    sector_get
    jc      1f
    push    edx
    and     edx, 511
    add     eax, edx
    pop     edx
    clc
1:  ret

# Whether a short name is in a directory.
# In: EAX first cluster; ESI 11 characters.
# Out: ZF when it is; CF and EAX error.
fat_short_used:
    push    edi
    push    ebp
    mov     ebp, eax
    xor     edx, edx
.Lfat_short_used_entry:
    mov     eax, ebp
    call    fat_raw
    jc      .Lfat_short_used_failed
    cmp     byte ptr [eax], DIR_END
    je      .Lfat_short_used_not
    cmp     byte ptr [eax], DIR_FREE
    je      .Lfat_short_used_next
    mov     cl, [eax + DIR_ATTRIBUTES]
    and     cl, ATTRIBUTE_LONG_MASK
    cmp     cl, ATTRIBUTE_LONG
    je      .Lfat_short_used_next
    push    esi
    mov     edi, eax
    mov     ecx, 11
    repe cmpsb
    pop     esi
    je      .Lfat_short_used_is
.Lfat_short_used_next:
    add     edx, DIR_SIZE_OF
    cmp     edx, FAT_DIRECTORY_MAX
    jb      .Lfat_short_used_entry
    jmp     .Lfat_short_used_not
.Lfat_short_used_failed:
    cmp     eax, ERROR_NOT_FOUND
    stc
    jne     .Lfat_short_used_done
.Lfat_short_used_not:
    test    esp, esp                    # ZF clear, CF clear
    jmp     .Lfat_short_used_done
.Lfat_short_used_is:
    cmp     eax, eax
.Lfat_short_used_done:
    pop     ebp
    pop     edi
    ret

# Finds room for entries in a directory, which is made longer for them if need be.
# In: EAX first cluster, ECX entries.
# Out: EAX offset of the first; CF and EAX error.
fat_room:
    FRAME   16
    push    esi
    push    edi
    # Locals: -4 first cluster, -8 entries, -12 whether the end was passed, -16 sector
    mov     [ebp - 4], eax
    mov     [ebp - 8], ecx
    mov     dword ptr [ebp - 12], 0
    xor     edx, edx                    # EDX: offset
    xor     esi, esi                    # ESI: free entries that end there
.Lfat_room_entry:
    mov     eax, ERROR_NO_SPACE
    cmp     edx, FAT_DIRECTORY_MAX
    cmc
    jc      .Lfat_room_done
    mov     eax, [ebp - 4]
    call    fat_raw
    jnc     .Lfat_room_look
    cmp     eax, ERROR_NOT_FOUND
    stc
    jne     .Lfat_room_done
    cmp     dword ptr [ebp - 4], 0      # the root of FAT12 and FAT16 has its size
    mov     eax, ERROR_NO_SPACE
    stc
    je      .Lfat_room_done
    call    fat_room_more
    jc      .Lfat_room_done
    jmp     .Lfat_room_entry
.Lfat_room_look:
    cmp     dword ptr [ebp - 12], 0
    jne     .Lfat_room_free
    cmp     byte ptr [eax], DIR_END
    je      .Lfat_room_end
    cmp     byte ptr [eax], DIR_FREE
    je      .Lfat_room_free
    xor     esi, esi
    jmp     .Lfat_room_next
.Lfat_room_end:
    inc     dword ptr [ebp - 12]
.Lfat_room_free:
    inc     esi
    cmp     esi, [ebp - 8]
    jae     .Lfat_room_found
.Lfat_room_next:
    add     edx, DIR_SIZE_OF
    jmp     .Lfat_room_entry
.Lfat_room_found:
    cmp     dword ptr [ebp - 12], 0     # what follows the end may hold anything: it is the end now
    je      .Lfat_room_good
    add     edx, DIR_SIZE_OF
    mov     eax, [ebp - 4]
    call    fat_raw
    jc      .Lfat_room_last
    mov     byte ptr [eax], DIR_END
    mov     eax, ecx
    call    sector_dirty
.Lfat_room_last:
    sub     edx, DIR_SIZE_OF
.Lfat_room_good:
    mov     eax, [ebp - 8]
    dec     eax
    shl     eax, 5
    sub     edx, eax
    mov     eax, edx
    clc
.Lfat_room_done:
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Makes a directory a cluster longer, of zeros.
# In: EDX offset at which it ends, EBP frame of fat_room.
# Out: CF and EAX error.
# Clobbers: EAX, ECX only.
fat_room_more:
    push    edx
    push    esi
    mov     eax, [ebp - 4]
    mov     ecx, [ebx + FAT_SHIFT]
    push    ebp
    mov     ebp, 512
    shl     ebp, cl
    mov     ecx, ebp
    pop     ebp
    xor     esi, esi
    call    fat_store
    jnc     1f
    mov     eax, ecx                    # CF is set
1:  pop     esi
    pop     edx
    ret

# Makes the entries of an object: a short one, with a long name before it if need be.
# In: EAX name, EDI NEW record with NEW_ENTRY and NEW_DIRECTORY.
# Out: EAX id; CF and EAX error.
.global fat_add
fat_add:
    push    esi
    push    ebp
    call    fat_name_make               # FAT_LONG, FAT_SHORT
    jc      .Lfat_add_done
    mov     [edi + NEW_PARTS], ecx
    test    ecx, ecx
    jz      .Lfat_add_plain
    xor     ebp, ebp                    # EBP: tries
.Lfat_add_alias:
    mov     eax, ebp
    call    fat_name_alias
    lea     esi, [ebx + FAT_SHORT]
    mov     eax, [edi + NEW_DIRECTORY]
    call    fat_short_used
    jc      .Lfat_add_done
    jne     .Lfat_add_named
    inc     ebp
    cmp     ebp, 1000
    jb      .Lfat_add_alias
    mov     eax, ERROR_NO_SPACE
    stc
    jmp     .Lfat_add_done
.Lfat_add_plain:
.Lfat_add_named:
    push    edi
    lea     esi, [ebx + FAT_SHORT]
    mov     ecx, 11
    rep movsb
    pop     edi
    mov     byte ptr [edi + NEW_ENTRY + DIR_CASE], 0
    mov     eax, [edi + NEW_DIRECTORY]
    mov     ecx, [edi + NEW_PARTS]
    inc     ecx
    call    fat_room
    jc      .Lfat_add_done
    mov     [edi + NEW_OFFSET], eax
    mov     edx, eax
    mov     esi, [edi + NEW_PARTS]      # ESI: part
.Lfat_add_part:
    test    esi, esi
    jz      .Lfat_add_short
    mov     eax, [edi + NEW_DIRECTORY]
    call    fat_raw
    jc      .Lfat_add_done
    push    ecx
    mov     ecx, esi
    cmp     esi, [edi + NEW_PARTS]
    jne     1f
    or      ecx, LONG_LAST
1:  call    fat_long_put
    pop     eax
    call    sector_dirty
    add     edx, DIR_SIZE_OF
    dec     esi
    jmp     .Lfat_add_part
.Lfat_add_short:
    mov     eax, [edi + NEW_DIRECTORY]
    call    fat_raw
    jc      .Lfat_add_done
    push    ecx
    push    edi
    mov     esi, edi
    mov     edi, eax
    mov     ecx, DIR_SIZE_OF / 4
    rep movsd
    pop     edi
    mov     eax, [esp]
    call    sector_dirty
    pop     eax
    shl     eax, 4
    shr     edx, 5
    and     edx, 15
    or      eax, edx                    # CF is clear
.Lfat_add_done:
    pop     ebp
    pop     esi
    ret

# Frees the entries of an object.
# In: EAX first cluster of its directory, EDX offset of the first, ECX offset after the last.
# Out: CF and EAX error.
.global fat_remove
fat_remove:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, ecx
1:  cmp     edx, edi
    jae     2f
    mov     eax, esi
    call    fat_raw
    jc      3f
    mov     byte ptr [eax], DIR_FREE
    mov     eax, ecx
    call    sector_dirty
    add     edx, DIR_SIZE_OF
    jmp     1b
2:  call    sync_later
3:  pop     edi
    pop     esi
    ret
