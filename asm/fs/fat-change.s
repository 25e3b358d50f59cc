# Names in FAT directories come and go: create, mkdir, unlink, rmdir, rename. What somebody has open is not removed or
# renamed, for an object is its entry. EBX = FAT record where FS_* routines do not say otherwise.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"
.include "fat.inc"

.text

# Begins an entry: of now, without content.
# In: EDI NEW record, EDX id of its directory, AL attributes.
# Out: CF and EAX error.
fat_new:
    push    edx
    push    eax
    push    edi
    xor     eax, eax
    mov     ecx, NEW_SIZE_OF / 4
    rep stosd
    pop     edi
    pop     eax
    mov     [edi + NEW_ENTRY + DIR_ATTRIBUTES], al
    call    fat_now
    mov     [edi + NEW_ENTRY + DIR_CREATED_TIME], edx
    mov     [edi + NEW_ENTRY + DIR_TIME], edx
    shr     edx, 16
    mov     [edi + NEW_ENTRY + 18], dx  # last access
    pop     eax
    call    fat_directory
    jc      1f
    mov     [edi + NEW_DIRECTORY], eax
1:  ret

# Gives an entry its first cluster.
# In: EAX cluster, EDI entry.
# Clobbers: EAX.
fat_entry_chain:
    mov     [edi + DIR_CLUSTER_LOW], ax
    shr     eax, 16
    cmp     dword ptr [ebx + FAT_BITS], 32
    jne     1f
    mov     [edi + DIR_CLUSTER_HIGH], ax
1:  ret

# FS_CREATE.
# In: EAX mount, EDX path, ECX = NODE record.
# Out: CF and EAX error.
.global fat_create
fat_create:
    FRAME   NEW_SIZE_OF
    push    ebx
    push    esi
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    push    ecx
    mov     eax, edx
    call    fat_vacant
    jc      .Lfat_create_failed
    lea     edi, [ebp - NEW_SIZE_OF]
    mov     esi, ecx
    mov     al, ATTRIBUTE_ARCHIVE
    call    fat_new
    jc      .Lfat_create_failed
    mov     eax, esi
    call    fat_add
    jc      .Lfat_create_failed
    pop     edi
    push    eax
    lea     eax, [ebx + FAT_NAME]
    mov     edx, esi
    mov     ecx, 256
    call    string_copy
    call    sync_later
    pop     eax
    call    fat_node
    jmp     .Lfat_create_done
.Lfat_create_failed:
    pop     ecx
    stc
.Lfat_create_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# The place of a name that is not there yet.
# In: EAX path.
# Out: EDX id of the directory, ECX name; CF and EAX error: ERROR_EXISTS.
fat_vacant:
    call    fat_path
    jnc     1f
    cmp     eax, ERROR_NOT_FOUND
    stc
    jne     2f
    jecxz   2f
    clc
    ret
1:  mov     eax, ERROR_EXISTS
2:  stc
    ret

# FS_MKDIR.
# In: EAX mount, EDX path.
# Out: CF and EAX error.
.global fat_mkdir
fat_mkdir:
    FRAME   NEW_SIZE_OF + 8
    push    ebx
    push    esi
    push    edi
    # Locals: NEW record; below it -4 cluster, -8 cluster of the parent
    mov     ebx, [eax + MOUNT_DATA]
    mov     eax, edx
    call    fat_vacant
    jc      .Lfat_mkdir_done
    lea     edi, [ebp - NEW_SIZE_OF]
    mov     esi, ecx
    mov     al, ATTRIBUTE_DIRECTORY
    push    edx
    call    fat_new
    pop     edx
    jc      .Lfat_mkdir_done
    mov     eax, edx
    call    fat_parent
    mov     [ebp - NEW_SIZE_OF - 8], eax
    xor     eax, eax
    call    fat_allocate
    jc      .Lfat_mkdir_done
    mov     [ebp - NEW_SIZE_OF - 4], eax
    call    fat_entry_chain
    push    esi
    mov     eax, [ebp - NEW_SIZE_OF - 4]
    xor     edx, edx
    mov     ecx, [ebx + FAT_SHIFT]
    mov     esi, 512
    shl     esi, cl
    mov     ecx, esi
    xor     esi, esi
    call    fat_store
    pop     esi
    jc      .Lfat_mkdir_undo_store
    # The directory itself, and its parent: 0 stands for the root.
    mov     eax, [ebp - NEW_SIZE_OF - 4]
    xor     edx, edx
    call    fat_raw
    jc      .Lfat_mkdir_undo
    mov     edx, [ebp - NEW_SIZE_OF - 4]
    call    fat_dot
    add     eax, DIR_SIZE_OF
    mov     edx, [ebp - NEW_SIZE_OF - 8]
    call    fat_dot
    mov     byte ptr [eax + 1], '.'
    mov     eax, ecx
    call    sector_dirty
    mov     eax, esi
    call    fat_add
    jc      .Lfat_mkdir_undo
    call    sync_later
    jmp     .Lfat_mkdir_done
.Lfat_mkdir_undo_store:
    mov     eax, ecx
.Lfat_mkdir_undo:
    push    eax
    mov     eax, [ebp - NEW_SIZE_OF - 4]
    call    fat_release
    pop     eax
    stc
.Lfat_mkdir_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# What ".." of the directories in a directory names: its first cluster, 0 for the root.
# In: EAX id of the directory.
# Out: EAX cluster.
fat_parent:
    cmp     eax, FAT_ID_ROOT
    je      1f
    call    fat_directory
    jnc     2f
1:  xor     eax, eax
2:  ret

# Fills in the entry "." of a directory.
# In: EAX entry, EDX cluster that it names, EDI the directory's own entry.
# Clobbers: none.
fat_dot:
    push    eax
    push    ecx
    push    edi
    push    esi
    mov     esi, edi
    mov     edi, eax
    mov     ecx, DIR_SIZE_OF / 4
    push    edi
    rep movsd
    pop     edi
    mov     dword ptr [edi], 0x2020202E
    mov     dword ptr [edi + 4], 0x20202020
    mov     word ptr [edi + 8], 0x2020
    mov     byte ptr [edi + 10], ' '
    mov     eax, edx
    call    fat_entry_chain
    pop     esi
    pop     edi
    pop     ecx
    pop     eax
    ret

# Finds what is to be removed or renamed.
# In: EAX path.
# Out: EAX id, EDX id of its directory; CF and EAX error: ERROR_BUSY when somebody has it open, or it is the root.
fat_owned:
    call    fat_path
    jc      2f
    cmp     eax, FAT_ID_ROOT
    je      1f
    push    eax
    push    edx
    mov     edx, eax
    mov     eax, [ebx + FAT_MOUNT]
    call    file_is_open
    pop     edx
    pop     eax
    jnc     2f
1:  mov     eax, ERROR_BUSY
    stc
2:  ret

# Removes what fat_path has just found: its entries, then its chain.
# In: EAX id, EDX id of its directory.
# Out: CF and EAX error.
fat_erase:
    push    esi
    mov     esi, edx
    call    fat_entry_at
    jc      9f
    call    fat_entry_cluster
    xchg    esi, eax
    call    fat_directory
    jc      9f
    mov     edx, [ebx + FAT_SLOT]
    mov     ecx, [ebx + FAT_SLOT_END]
    call    fat_remove
    jc      9f
    mov     eax, esi
    call    fat_release
9:  pop     esi
    ret

# FS_UNLINK.
# In: EAX mount, EDX path.
# Out: CF and EAX error.
.global fat_unlink
fat_unlink:
    push    ebx
    mov     ebx, [eax + MOUNT_DATA]
    mov     eax, edx
    call    fat_owned
    jc      9f
    push    eax
    call    fat_entry_at
    jc      8f
    test    byte ptr [eax + DIR_ATTRIBUTES], ATTRIBUTE_DIRECTORY
    mov     eax, ERROR_IS_DIRECTORY
    stc
    jnz     8f
    pop     eax
    call    fat_erase
    jmp     9f
8:  pop     edx
9:  pop     ebx
    ret

# Whether a directory has no entries.
# In: EAX id.
# Out: CF and EAX error: ERROR_NOT_EMPTY. FAT_SLOT and FAT_SLOT_END are kept.
fat_vacated:
    push    edi
    push    dword ptr [ebx + FAT_SLOT]
    push    dword ptr [ebx + FAT_SLOT_END]
    call    fat_directory
    jc      2f
    push    0
    mov     edi, esp
    call    fat_entry
    pop     edx
    jnc     1f
    cmp     eax, ERROR_NOT_FOUND
    je      2f                          # CF is clear
    stc
    jmp     2f
1:  mov     eax, ERROR_NOT_EMPTY
    stc
2:  pop     dword ptr [ebx + FAT_SLOT_END]
    pop     dword ptr [ebx + FAT_SLOT]
    pop     edi
    ret

# FS_RMDIR.
# In: EAX mount, EDX path.
# Out: CF and EAX error.
.global fat_rmdir
fat_rmdir:
    push    ebx
    mov     ebx, [eax + MOUNT_DATA]
    mov     eax, edx
    call    fat_owned
    jc      1f
    push    edx
    push    eax
    call    fat_vacated
    pop     ecx
    pop     edx
    jc      1f
    mov     eax, ecx
    call    fat_erase
1:  pop     ebx
    ret

# FS_RENAME. The new entries come before the old ones go, so that a power cut leaves one of them at least.
# In: EAX mount, EDX path, ECX new path.
# Out: CF and EAX error.
.global fat_rename
fat_rename:
    FRAME   NEW_SIZE_OF + 28
    push    ebx
    push    esi
    push    edi
    # Locals: NEW record; below it -4 id, -8 directory, -12 and -16 its entries, -20 new path, -24 new directory,
    # -28 name
    lea     edi, [ebp - NEW_SIZE_OF]    # EDI: NEW record
    mov     ebx, [eax + MOUNT_DATA]
    mov     [edi - 20], ecx
    mov     eax, edx
    call    fat_owned
    jc      .Lfat_rename_done
    mov     [edi - 4], eax
    mov     [edi - 8], edx
    mov     edx, [ebx + FAT_SLOT]
    mov     [edi - 12], edx
    mov     edx, [ebx + FAT_SLOT_END]
    mov     [edi - 16], edx
    call    fat_entry_at
    jc      .Lfat_rename_done
    push    edi
    mov     esi, eax
    mov     ecx, DIR_SIZE_OF / 4
    rep movsd
    pop     edi
    mov     eax, [edi - 20]
    call    fat_path
    mov     [edi - 24], edx
    mov     [edi - 28], ecx
    jnc     .Lfat_rename_found
    cmp     eax, ERROR_NOT_FOUND
    jne     .Lfat_rename_failed
    test    ecx, ecx
    jz      .Lfat_rename_failed
    call    fat_rename_within
    jc      .Lfat_rename_done
    jmp     .Lfat_rename_move

    # There is something of that name: itself, in other letters maybe, or what it replaces.
.Lfat_rename_found:
    call    fat_rename_over
    jc      .Lfat_rename_done
    je      .Lfat_rename_done
.Lfat_rename_move:
    mov     eax, [edi - 24]
    call    fat_directory
    jc      .Lfat_rename_done
    mov     [edi + NEW_DIRECTORY], eax
    mov     eax, [edi - 28]
    call    fat_add
    jc      .Lfat_rename_done
    mov     eax, [edi - 8]
    call    fat_directory
    jc      .Lfat_rename_done
    mov     edx, [edi - 12]
    mov     ecx, [edi - 16]
    call    fat_remove
    jc      .Lfat_rename_done
    test    byte ptr [edi + NEW_ENTRY + DIR_ATTRIBUTES], ATTRIBUTE_DIRECTORY
    jz      .Lfat_rename_done           # CF is clear
    call    fat_rename_parent
    jmp     .Lfat_rename_done
.Lfat_rename_failed:
    stc
.Lfat_rename_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Makes room for a name that is taken: what has it goes, if it may.
# In: EBX volume, EDI fat_rename's NEW record, EAX id of what has the new path.
# Out: ZF set and EAX 0 when it is what is renamed, by the same name; CF and EAX error.
# Clobbers: ECX, EDX, ESI.
fat_rename_over:
    mov     edx, [edi - 20]
    mov     [edi - 28], edx
.Lfat_rename_over_part:
    mov     cl, [edx]
    inc     edx
    cmp     cl, '/'
    jne     .Lfat_rename_over_end
    mov     [edi - 28], edx
.Lfat_rename_over_end:
    test    cl, cl
    jnz     .Lfat_rename_over_part
    cmp     eax, [edi - 4]
    jne     .Lfat_rename_over_other
    lea     eax, [ebx + FAT_NAME]
    mov     edx, [edi - 28]
    call    string_compare
    jne     .Lfat_rename_over_goes
    xor     eax, eax                    # ZF set
    ret
.Lfat_rename_over_other:
    mov     esi, eax
    mov     eax, [edi - 20]
    call    fat_owned
    jc      .Lfat_rename_over_done
    call    fat_entry_at
    jc      .Lfat_rename_over_done
    mov     cl, [eax + DIR_ATTRIBUTES]
    mov     ch, [edi + NEW_ENTRY + DIR_ATTRIBUTES]
    and     ecx, ATTRIBUTE_DIRECTORY << 8 | ATTRIBUTE_DIRECTORY
    mov     eax, ERROR_NOT_DIRECTORY
    cmp     ecx, ATTRIBUTE_DIRECTORY << 8
    je      .Lfat_rename_over_failed
    mov     eax, ERROR_IS_DIRECTORY
    cmp     ecx, ATTRIBUTE_DIRECTORY
    je      .Lfat_rename_over_failed
    jecxz   .Lfat_rename_over_erase
    mov     eax, esi
    call    fat_vacated
    jc      .Lfat_rename_over_done
    call    fat_rename_within
    jc      .Lfat_rename_over_done
.Lfat_rename_over_erase:
    mov     eax, esi
    mov     edx, [edi - 24]
    call    fat_erase
    jc      .Lfat_rename_over_done
.Lfat_rename_over_goes:
    test    esp, esp                    # ZF and CF clear
    ret
.Lfat_rename_over_failed:
    stc
.Lfat_rename_over_done:
    ret

# Has the ".." of a directory that was moved name its new parent.
# In: EBX volume, EDI fat_rename's NEW record.
# Out: CF and EAX error.
# Clobbers: ECX, EDX, ESI.
fat_rename_parent:
    lea     eax, [edi + NEW_ENTRY]
    call    fat_entry_cluster
    mov     edx, DIR_SIZE_OF
    call    fat_raw
    jc      .Lfat_rename_parent_done
    push    edi
    push    eax
    mov     esi, ecx
    mov     eax, [edi - 24]
    call    fat_parent
    pop     edi
    push    eax
    mov     eax, esi                    # looking has taken it out of sight
    call    sector_get
    pop     eax
    jc      .Lfat_rename_parent_kept
    call    fat_entry_chain
    mov     eax, esi
    call    sector_dirty
    clc
.Lfat_rename_parent_kept:
    pop     edi
.Lfat_rename_parent_done:
    ret

# Whether a directory would become a part of itself.
# In: EDI fat_rename's NEW record, its entry and new directory set.
# Out: CF and EAX = ERROR_INVALID when so, or another error.
fat_rename_within:
    push    esi
    push    ebp
    test    byte ptr [edi + NEW_ENTRY + DIR_ATTRIBUTES], ATTRIBUTE_DIRECTORY
    jz      .Lfat_rename_within_done    # CF is clear
    lea     eax, [edi + NEW_ENTRY]
    call    fat_entry_cluster
    mov     esi, eax
    mov     ebp, 1000                   # a path is not so deep, a circle is
    mov     eax, [edi - 24]
    call    fat_parent
.Lfat_rename_within_up:
    test    eax, eax
    jz      .Lfat_rename_within_done
    cmp     eax, esi
    je      .Lfat_rename_within_is
    mov     edx, DIR_SIZE_OF            # ".."
    call    fat_raw
    jc      .Lfat_rename_within_done
    call    fat_entry_cluster
    dec     ebp
    jnz     .Lfat_rename_within_up
.Lfat_rename_within_is:
    mov     eax, ERROR_INVALID
    stc
.Lfat_rename_within_done:
    pop     ebp
    pop     esi
    ret
