# FAT directories: entries one after the other, paths, what an entry says. EBX = FAT record in all routines.

.include "macros.inc"
.include "errors.inc"
.include "date.inc"
.include "fs.inc"
.include "fat.inc"

STRING fat_class_file, "file"
STRING fat_class_directory, "directory"

SECONDS_1970_2000       = 946684800

.text

# The entry of an id.
# In: EAX id, not FAT_ID_ROOT.
# Out: EAX address; CF and EAX error.
# Clobbers: EAX only.
.global fat_entry_at
fat_entry_at:
    push    edx
    mov     edx, eax
    shr     eax, 4
    call    sector_get
    jc      1f
    and     edx, 15
    shl     edx, 5
    add     eax, edx                    # CF is clear
1:  pop     edx
    ret

# The first cluster that an entry names.
# In: EAX entry.
# Out: EAX cluster, 0 for none.
# Clobbers: EAX only.
.global fat_entry_cluster
fat_entry_cluster:
    push    edx
    movzx   edx, word ptr [eax + DIR_CLUSTER_LOW]
    cmp     dword ptr [ebx + FAT_BITS], 32
    jne     1f
    movzx   eax, word ptr [eax + DIR_CLUSTER_HIGH]
    shl     eax, 16
    or      edx, eax
1:  mov     eax, edx
    pop     edx
    ret

# The first cluster of a directory.
# In: EAX id.
# Out: EAX cluster, 0 for the root of FAT12 and FAT16; CF and EAX error.
# Clobbers: EAX only.
.global fat_directory
fat_directory:
    cmp     eax, FAT_ID_ROOT
    jne     1f
    mov     eax, [ebx + FAT_ROOT_CLUSTER] # CF is clear
    ret
1:  call    fat_entry_at
    jc      9f
    test    byte ptr [eax + DIR_ATTRIBUTES], ATTRIBUTE_DIRECTORY
    jz      2f
    call    fat_entry_cluster
    test    eax, eax
    jz      3f
    clc
    ret
2:  mov     eax, ERROR_NOT_DIRECTORY
    stc
    ret
3:  mov     eax, ERROR_CORRUPT
    stc
9:  ret

# The next entry of a directory that has a name.
# In: EAX first cluster of the directory, EDI address of the position: u32 offset in its content.
# Out: EAX id; its name is FAT_NAME, and its entries lie from FAT_SLOT to FAT_SLOT_END. CF and EAX error:
# ERROR_NOT_FOUND after the last.
.global fat_entry
fat_entry:
    FRAME   16
    push    esi
    # Locals: -4 first cluster, -8 part of a long name that came last or 0, -12 its checksum, -16 its parts
    mov     [ebp - 4], eax
.Lfat_entry_reset:
    mov     dword ptr [ebp - 8], 0
.Lfat_entry_next:
    mov     edx, [edi]
    mov     eax, ERROR_NOT_FOUND
    cmp     edx, FAT_DIRECTORY_MAX
    cmc
    jc      .Lfat_entry_done
    mov     eax, [ebp - 4]
    call    fat_place
    jc      .Lfat_entry_done
    mov     esi, eax
    call    sector_get
    jc      .Lfat_entry_done
    mov     ecx, edx
    and     ecx, 511
    add     eax, ecx                    # EAX: entry
    shr     ecx, 5
    shl     esi, 4
    or      esi, ecx                    # ESI: id
    mov     cl, [eax]
    cmp     cl, DIR_END
    je      .Lfat_entry_none
    add     dword ptr [edi], DIR_SIZE_OF
    cmp     cl, DIR_FREE
    je      .Lfat_entry_reset
    mov     ch, [eax + DIR_ATTRIBUTES]
    and     ch, ATTRIBUTE_LONG_MASK
    cmp     ch, ATTRIBUTE_LONG
    je      .Lfat_entry_long
    test    ch, ATTRIBUTE_LABEL
    jnz     .Lfat_entry_reset
    cmp     cl, '.'                     # the directory itself, and its parent
    je      .Lfat_entry_reset
    cmp     dword ptr [ebp - 8], 1
    jne     .Lfat_entry_short
    mov     ecx, eax
    call    fat_checksum
    cmp     al, [ebp - 12]
    mov     eax, ecx
    jne     .Lfat_entry_short
    push    eax
    push    edx
    mov     ecx, [ebp - 16]
    call    fat_long_name
    pop     edx
    pop     eax
    jnc     .Lfat_entry_named
.Lfat_entry_short:
    mov     [ebx + FAT_SLOT], edx
    call    fat_short_name
.Lfat_entry_named:
    cmp     byte ptr [ebx + FAT_NAME], 0
    je      .Lfat_entry_reset
    mov     eax, [edi]
    mov     [ebx + FAT_SLOT_END], eax
    mov     eax, esi
    clc
    jmp     .Lfat_entry_done
.Lfat_entry_long:
    call    fat_entry_part
    jc      .Lfat_entry_reset
    jmp     .Lfat_entry_next
.Lfat_entry_none:
    mov     eax, ERROR_NOT_FOUND
    stc
.Lfat_entry_done:
    pop     esi
    ENDFRAME
    ret

# A part of a long name: the last one first, then down to 1, all with the same checksum.
# In: EAX entry, EBX volume, EBP frame of fat_entry, CL the entry's first byte, EDX its offset in the directory.
# Out: CF when it goes on with nothing.
# Clobbers: EAX, ECX, EDX.
fat_entry_part:
    movzx   ecx, cl
    test    cl, LONG_LAST
    jz      .Lfat_entry_part_part
    and     ecx, LONG_LAST - 1
    jz      .Lfat_entry_part_not
    cmp     ecx, LONG_PARTS
    ja      .Lfat_entry_part_not
    mov     [ebp - 8], ecx
    mov     [ebp - 16], ecx
    mov     [ebx + FAT_SLOT], edx
    mov     dl, [eax + LONG_CHECKSUM]
    mov     [ebp - 12], dl
    call    fat_long_part
    jmp     .Lfat_entry_part_done
.Lfat_entry_part_part:
    dec     dword ptr [ebp - 8]
    jle     .Lfat_entry_part_not
    cmp     ecx, [ebp - 8]
    jne     .Lfat_entry_part_not
    mov     dl, [eax + LONG_CHECKSUM]
    cmp     [ebp - 12], dl
    jne     .Lfat_entry_part_not
    call    fat_long_part
.Lfat_entry_part_done:
    clc
    ret
.Lfat_entry_part_not:
    stc
    ret

# Follows a path. May sleep.
# In: EAX path.
# Out: EAX id, its name FAT_NAME, its entries FAT_SLOT to FAT_SLOT_END; EDX id of the directory that has it. CF and EAX
# error; with ERROR_NOT_FOUND EDX is the directory and ECX the name if only the last part is missing, else ECX is 0.
.global fat_path
fat_path:
    FRAME   8
    push    esi
    push    edi
    # Locals: -4 position, -8 directory
    mov     esi, eax
    mov     eax, FAT_ID_ROOT
    mov     [ebp - 8], eax
    mov     byte ptr [ebx + FAT_NAME], 0
.Lfat_path_slash:
    cmp     byte ptr [esi], '/'
    jne     .Lfat_path_part
    inc     esi
    jmp     .Lfat_path_slash
.Lfat_path_part:
    cmp     byte ptr [esi], 0
    je      .Lfat_path_found
    mov     [ebp - 8], eax
    call    fat_directory
    jc      .Lfat_path_failed
    mov     dword ptr [ebp - 4], 0
    push    eax                         # [ESP] first cluster
.Lfat_path_entry:
    mov     eax, [esp]
    lea     edi, [ebp - 4]
    call    fat_entry
    jc      .Lfat_path_missing
    mov     ecx, eax
    mov     eax, esi
    call    fat_name_compare
    jne     .Lfat_path_entry
    pop     esi
    mov     esi, eax
    mov     eax, ecx
    jmp     .Lfat_path_slash
.Lfat_path_missing:
    pop     ecx
    cmp     eax, ERROR_NOT_FOUND
    jne     .Lfat_path_failed
    mov     ecx, esi                    # a name that nobody has, if nothing follows it
.Lfat_path_rest:
    inc     esi
    cmp     byte ptr [esi], '/'
    je      .Lfat_path_failed
    cmp     byte ptr [esi], 0
    jne     .Lfat_path_rest
    jmp     .Lfat_path_fail
.Lfat_path_failed:
    xor     ecx, ecx
.Lfat_path_fail:
    stc
    jmp     .Lfat_path_done
.Lfat_path_found:
    clc
.Lfat_path_done:
    mov     edx, [ebp - 8]
    pop     edi
    pop     esi
    ENDFRAME
    ret

# Fills in a NODE record. Its name is FAT_NAME.
# In: EAX id, EDI = NODE record.
# Out: CF and EAX error.
.global fat_node
fat_node:
    push    esi
    mov     [edi + NODE_ID], eax
    mov     esi, eax
    xor     eax, eax
    mov     [edi + NODE_BYTES], eax
    mov     [edi + NODE_BYTES + 4], eax
    mov     [edi + NODE_VERSION], eax
    mov     [edi + NODE_MODIFIED], eax
    lea     eax, [edi + NODE_NAME]
    lea     edx, [ebx + FAT_NAME]
    mov     ecx, 256
    call    string_copy
    cmp     esi, FAT_ID_ROOT
    je      .Lfat_node_directory
    mov     eax, esi
    call    fat_entry_at
    jc      .Lfat_node_done
    mov     esi, eax
    movzx   eax, word ptr [esi + DIR_DATE]
    movzx   edx, word ptr [esi + DIR_TIME]
    call    fat_time
    mov     [edi + NODE_MODIFIED], eax
    test    byte ptr [esi + DIR_ATTRIBUTES], ATTRIBUTE_DIRECTORY
    jnz     .Lfat_node_directory
    mov     eax, [esi + DIR_BYTES]
    mov     [edi + NODE_BYTES], eax
    mov     dword ptr [edi + NODE_KIND], NODE_FILE
    mov     edx, offset fat_class_file
    jmp     .Lfat_node_class
.Lfat_node_directory:
    mov     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    mov     edx, offset fat_class_directory
.Lfat_node_class:
    lea     eax, [edi + NODE_CLASS]
    mov     ecx, 64
    call    string_copy
    clc
.Lfat_node_done:
    pop     esi
    ret

# Converts a date and a time of an entry.
# In: EAX date, EDX time.
# Out: EAX seconds since 1970, 0 when it is not known or before 2000.
fat_time:
    FRAME   DATE_SIZE
    mov     ecx, edx
    and     ecx, 31
    add     ecx, ecx
    mov     [ebp - DATE_SIZE + DATE_SECOND], ecx
    mov     ecx, edx
    shr     ecx, 5
    and     ecx, 63
    mov     [ebp - DATE_SIZE + DATE_MINUTE], ecx
    shr     edx, 11
    mov     [ebp - DATE_SIZE + DATE_HOUR], edx
    mov     ecx, eax
    and     ecx, 31
    jz      1f
    mov     [ebp - DATE_SIZE + DATE_DAY], ecx
    mov     ecx, eax
    shr     ecx, 5
    and     ecx, 15
    jz      1f
    cmp     ecx, 12
    ja      1f
    mov     [ebp - DATE_SIZE + DATE_MONTH], ecx
    shr     eax, 9
    sub     eax, 20
    jb      1f
    add     eax, 2000
    mov     [ebp - DATE_SIZE + DATE_YEAR], eax
    lea     eax, [ebp - DATE_SIZE]
    call    date_to_seconds
    add     eax, SECONDS_1970_2000
    jmp     2f
1:  xor     eax, eax
2:  ENDFRAME
    ret
