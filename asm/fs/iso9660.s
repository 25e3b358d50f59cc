# ISO 9660, read: CDs and images of them, with the names of Rock Ridge or Joliet where these are. An object's id is the
# place of its directory record: block << 10 | offset / 2. Source: ECMA-119; IEEE P1282 (Rock Ridge), P1281 (SUSP);
# Joliet Specification. In all routines that are not called through class_fs_iso9660 EBX = ISO record; it is kept.

.include "macros.inc"
.include "errors.inc"
.include "date.inc"
.include "disk.inc"
.include "fs.inc"
.include "iso9660.inc"
.include "pages.inc"

.section .rodata
.balign 4
.global class_fs_iso9660
class_fs_iso9660:                       # FS_* of fs.inc
    .long   class_fs_iso9660_name, class_fs_iso9660_type
    .long   iso_probe, 0, iso_mount, iso_umount
    .long   iso_find, iso_next, 0, 0, iso_status
    .long   iso_read_at, 0, 0, 0, 0, 0, 0, 0, iso_stat, 0, 0, 0, 0, iso_space

iso_names:      .long iso_plain, iso_rock, iso_joliet

STRING class_fs_iso9660_name, "class_fs_iso9660"
STRING class_fs_iso9660_type, "iso9660"
STRING iso_about, "ISO 9660"
STRING iso_plain, "plain names"
STRING iso_rock, "Rock Ridge"
STRING iso_joliet, "Joliet"
STRING iso_class_file, "file"
STRING iso_class_directory, "directory"

.text

# Whether a volume holds an ISO 9660. May sleep.
# In: EAX volume.
# Out: EAX text about it; CF and EAX = ERROR_CORRUPT when not, or the drive's error.
iso_probe:
    push    ebx
    call    iso_create
    jc      1f
    mov     eax, ISO_DESCRIPTORS
    call    iso_descriptor
    push    eax
    pushfd
    call    iso_destroy
    popfd
    pop     eax
    jc      1f
    mov     eax, offset iso_about
1:  pop     ebx
    ret

# Makes the record of a volume.
# In: EAX volume.
# Out: EBX record; CF and EAX error, EBX as it was.
iso_create:
    push    esi
    mov     esi, eax
    mov     eax, ISO_SIZE_OF
    call    malloc
    jc      2f
    push    eax
    mov     eax, ISO_PAGES
    mov     edx, PAGES_FILES
    call    page_alloc_for
    pop     edx
    jc      1f
    mov     [edx + ISO_BUFFER], eax
    add     eax, 4096
    mov     [edx + ISO_AHEAD], eax
    mov     [edx + ISO_VOLUME], esi
    or      eax, -1
    mov     [edx + ISO_LBA], eax
    mov     [edx + ISO_AHEAD_LBA], eax
    mov     dword ptr [edx + ISO_AHEAD_HELD], 0
    mov     ebx, edx
    clc
    jmp     2f
1:  push    eax
    mov     eax, edx
    call    mfree
    pop     eax
    stc
2:  pop     esi
    ret

# Gives it back.
iso_destroy:
    mov     eax, [ebx + ISO_BUFFER]
    mov     edx, ISO_PAGES
    call    page_free
    mov     eax, ebx
    jmp     mfree

# Reads a volume descriptor.
# In: EAX block.
# Out: EAX data; CF and EAX error.
iso_descriptor:
    call    iso_block
    jc      2f
    cmp     dword ptr [eax + PVD_MAGIC], 0x30304443     # "CD00"
    jne     1f
    cmp     byte ptr [eax + PVD_MAGIC + 4], '1'
    je      2f                          # CF is clear
1:  mov     eax, ERROR_CORRUPT
    stc
2:  ret

# Mounts a volume. May sleep.
# In: EAX mount, its volume set.
# Out: MOUNT_DATA; CF and EAX on failure.
iso_mount:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    mov     eax, [edi + MOUNT_VOLUME]
    call    iso_create
    jc      .Liso_mount_done
    or      dword ptr [edi + MOUNT_FLAGS], MOUNT_READ_ONLY
    mov     eax, ISO_DESCRIPTORS
    call    iso_descriptor
    jc      .Liso_mount_failed
    mov     eax, [eax + 80]             # blocks of the volume
    mov     [ebx + ISO_BLOCKS], eax
    mov     dword ptr [ebx + ISO_ROOT], ISO_DESCRIPTORS << 10 | PVD_ROOT / 2
    call    iso_rock_find
    jc      .Liso_mount_failed
    cmp     dword ptr [ebx + ISO_NAMES], NAMES_ROCK
    je      .Liso_mount_good
    mov     esi, ISO_DESCRIPTORS        # else Joliet, if it is there
.Liso_mount_descriptor:
    inc     esi
    cmp     esi, ISO_DESCRIPTORS + ISO_DESCRIPTORS_MAX
    jae     .Liso_mount_good
    mov     eax, esi
    call    iso_descriptor
    jc      .Liso_mount_good
    cmp     byte ptr [eax + PVD_TYPE], 255
    je      .Liso_mount_good
    cmp     byte ptr [eax + PVD_TYPE], 2
    jne     .Liso_mount_descriptor
    cmp     word ptr [eax + PVD_ESCAPES], 0x2F25        # %/
    jne     .Liso_mount_descriptor
    mov     dl, [eax + PVD_ESCAPES + 2]
    cmp     dl, '@'
    je      .Liso_mount_joliet
    cmp     dl, 'C'
    je      .Liso_mount_joliet
    cmp     dl, 'E'
    jne     .Liso_mount_descriptor
.Liso_mount_joliet:
    mov     dword ptr [ebx + ISO_NAMES], NAMES_JOLIET
    shl     esi, 10
    lea     eax, [esi + PVD_ROOT / 2]
    mov     [ebx + ISO_ROOT], eax
.Liso_mount_good:
    mov     [edi + MOUNT_DATA], ebx
    xor     eax, eax
    jmp     .Liso_mount_done
.Liso_mount_failed:
    push    eax
    call    iso_destroy
    pop     eax
    stc
.Liso_mount_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Looks whether the root has the mark of Rock Ridge: an SP entry in its first record.
# Out: ISO_NAMES, ISO_SKIP; CF and EAX error.
iso_rock_find:
    push    esi
    mov     eax, [ebx + ISO_ROOT]
    call    iso_record
    jc      1f
    mov     eax, [eax + ENTRY_EXTENT]
    call    iso_block
    jc      1f
    mov     esi, eax
    cmp     byte ptr [esi + ENTRY_BYTES], ENTRY_MIN + 7
    jb      2f
    cmp     byte ptr [esi + ENTRY_NAME_BYTES], 1
    jne     2f
    cmp     word ptr [esi + ENTRY_MIN], 0x5053          # "SP"
    jne     2f
    cmp     word ptr [esi + ENTRY_MIN + 4], 0xEFBE
    jne     2f
    mov     dword ptr [ebx + ISO_NAMES], NAMES_ROCK
    movzx   eax, byte ptr [esi + ENTRY_MIN + 6]
    mov     [ebx + ISO_SKIP], eax
2:  clc
1:  pop     esi
    ret

# Reads the directory record of an id, and checks that it lies in its block.
# In: EAX id.
# Out: EAX record; CF and EAX error.
# Clobbers: EAX, EDX only.
iso_record:
    mov     edx, eax
    shr     eax, 10
    call    iso_block
    jc      2f
    and     edx, 0x3FF
    add     edx, edx
    lea     eax, [eax + edx]
    push    ecx
    movzx   ecx, byte ptr [eax + ENTRY_BYTES]
    add     edx, ecx
    cmp     edx, ISO_BLOCK_BYTES
    ja      1f
    movzx   edx, byte ptr [eax + ENTRY_NAME_BYTES]
    test    edx, edx
    jz      1f
    add     edx, ENTRY_NAME
    cmp     edx, ecx
    pop     ecx
    jbe     3f
    push    ecx
1:  pop     ecx
    mov     eax, ERROR_CORRUPT
    stc
2:  ret
3:  clc
    ret

# Ends a mount.
# In: EAX mount.
# Out: CF clear.
iso_umount:
    push    ebx
    mov     ebx, [eax + MOUNT_DATA]
    mov     dword ptr [eax + MOUNT_DATA], 0
    call    iso_destroy
    pop     ebx
    clc
    ret

# Prints a line about the volume.
# In: EAX mount.
# Out: CF clear.
iso_status:
    push    ebx
    mov     ebx, [eax + MOUNT_DATA]
    mov     eax, [ebx + ISO_NAMES]
    mov     eax, [iso_names + eax*4]
    PRINTF  "%s, %u blocks of 2 KiB, read only\n", eax, [ebx+ISO_BLOCKS]
    pop     ebx
    clc
    ret

# FS_SPACE.
# In: EAX mount.
# Out: EAX blocks of 4 KiB, EDX none free; CF clear.
iso_space:
    mov     eax, [eax + MOUNT_DATA]
    mov     eax, [eax + ISO_BLOCKS]
    shr     eax, 1
    xor     edx, edx
    ret

# The next record of a directory that has a name.
# In: EAX id of the directory, EDI address of the position: u32 offset in its content.
# Out: EAX id, its name in ISO_NAME; CF and EAX error: ERROR_NOT_FOUND after the last.
iso_entry:
    push    esi
    push    ebp
    mov     ebp, eax
.Liso_entry_next:
    mov     eax, ebp
    call    iso_record
    jc      .Liso_entry_done
    test    byte ptr [eax + ENTRY_FLAGS], FLAG_DIRECTORY
    jz      .Liso_entry_file
    mov     edx, [edi]
    cmp     edx, [eax + ENTRY_SIZE]
    jae     .Liso_entry_none
    shr     edx, 11
    add     edx, [eax + ENTRY_EXTENT]
    mov     eax, edx
    shl     edx, 10
    mov     esi, edx                    # ESI: id of what follows
    call    iso_block
    jc      .Liso_entry_done
    mov     edx, [edi]
    and     edx, ISO_BLOCK_BYTES - 1
    movzx   ecx, byte ptr [eax + edx + ENTRY_BYTES]
    test    ecx, ecx
    jnz     .Liso_entry_record
    or      dword ptr [edi], ISO_BLOCK_BYTES - 1 # on to the next block
    inc     dword ptr [edi]
    jz      .Liso_entry_none
    jmp     .Liso_entry_next
.Liso_entry_record:
    cmp     ecx, ENTRY_MIN
    jb      .Liso_entry_damaged
    test    ecx, 1
    jnz     .Liso_entry_damaged
    add     [edi], ecx
    jc      .Liso_entry_none
    shr     edx, 1
    or      esi, edx
    mov     eax, esi
    call    iso_record
    jc      .Liso_entry_done
    cmp     byte ptr [eax + ENTRY_NAME_BYTES], 1
    jne     .Liso_entry_named
    cmp     byte ptr [eax + ENTRY_NAME], 1 # 0 is the directory itself, 1 its parent
    jbe     .Liso_entry_next
.Liso_entry_named:
    push    esi
    mov     esi, eax
    call    iso_name
    pop     eax
    clc
    jmp     .Liso_entry_done
.Liso_entry_file:
    mov     eax, ERROR_NOT_DIRECTORY
    stc
    jmp     .Liso_entry_done
.Liso_entry_damaged:
    mov     eax, ERROR_CORRUPT
    stc
    jmp     .Liso_entry_done
.Liso_entry_none:
    mov     eax, ERROR_NOT_FOUND
    stc
.Liso_entry_done:
    pop     ebp
    pop     esi
    ret

# FS_FIND.
# In: EAX mount, EDX path, ECX = NODE record to fill in.
# Out: CF and EAX error.
iso_find:
    FRAME   4
    push    ebx
    push    esi
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    mov     esi, edx
    push    ecx
    mov     eax, [ebx + ISO_ROOT]       # EAX: id
    mov     byte ptr [ebx + ISO_NAME], 0
.Liso_find_slash:
    cmp     byte ptr [esi], '/'
    jne     .Liso_find_part
    inc     esi
    jmp     .Liso_find_slash
.Liso_find_part:
    cmp     byte ptr [esi], 0
    je      .Liso_find_found
    mov     dword ptr [ebp - 4], 0
    push    eax                         # [ESP] id of the directory
.Liso_find_entry:
    call    break_check
    mov     eax, ERROR_ABORTED
    jc      .Liso_find_failed
    mov     eax, [esp]
    lea     edi, [ebp - 4]
    call    iso_entry
    jc      .Liso_find_failed
    mov     ecx, eax
    mov     eax, esi
    lea     edx, [ebx + ISO_NAME]
    push    ecx
    call    string_prefix
    pop     ecx
    jne     .Liso_find_entry
    cmp     byte ptr [eax], 0
    je      .Liso_find_step
    cmp     byte ptr [eax], '/'
    jne     .Liso_find_entry
.Liso_find_step:
    mov     esi, eax
    pop     eax
    mov     eax, ecx
    jmp     .Liso_find_slash
.Liso_find_failed:
    pop     edx
    pop     ecx
    stc
    jmp     .Liso_find_done
.Liso_find_found:
    pop     edi
    call    iso_node
.Liso_find_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# FS_STAT.
# In: EAX mount, EDX id, ECX = NODE record to fill in. Its name is empty.
# Out: CF and EAX error.
iso_stat:
    push    ebx
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    mov     edi, ecx
    mov     byte ptr [ebx + ISO_NAME], 0
    mov     eax, edx
    call    iso_node
    pop     edi
    pop     ebx
    ret

# Fills in a NODE record. Its name is ISO_NAME.
# In: EAX id, EDI = NODE record.
# Out: CF and EAX error.
iso_node:
    FRAME   DATE_SIZE
    push    esi
    mov     [edi + NODE_ID], eax
    call    iso_record
    jc      .Liso_node_done
    mov     esi, eax
    mov     eax, [esi + ENTRY_SIZE]
    mov     [edi + NODE_BYTES], eax
    xor     eax, eax
    mov     [edi + NODE_BYTES + 4], eax
    mov     [edi + NODE_VERSION], eax
    mov     dword ptr [edi + NODE_KIND], NODE_FILE
    mov     edx, offset iso_class_file
    test    byte ptr [esi + ENTRY_FLAGS], FLAG_DIRECTORY
    jz      .Liso_node_class
    mov     dword ptr [edi + NODE_KIND], NODE_DIRECTORY
    mov     edx, offset iso_class_directory
.Liso_node_class:
    lea     eax, [edi + NODE_CLASS]
    mov     ecx, 64
    call    string_copy
    lea     eax, [edi + NODE_NAME]
    lea     edx, [ebx + ISO_NAME]
    mov     ecx, 256
    call    string_copy
    mov     dword ptr [edi + NODE_MODIFIED], 0
    movzx   eax, byte ptr [esi + ENTRY_YEAR]
    sub     eax, 100                    # what is older than 2000 is not known
    jb      .Liso_node_good
    add     eax, 2000
    mov     [ebp - DATE_SIZE + DATE_YEAR], eax
    movzx   eax, byte ptr [esi + ENTRY_YEAR + 1]
    lea     ecx, [eax - 1]
    cmp     ecx, 12
    jae     .Liso_node_good
    mov     [ebp - DATE_SIZE + DATE_MONTH], eax
    movzx   eax, byte ptr [esi + ENTRY_YEAR + 2]
    mov     [ebp - DATE_SIZE + DATE_DAY], eax
    movzx   eax, byte ptr [esi + ENTRY_YEAR + 3]
    mov     [ebp - DATE_SIZE + DATE_HOUR], eax
    movzx   eax, byte ptr [esi + ENTRY_YEAR + 4]
    mov     [ebp - DATE_SIZE + DATE_MINUTE], eax
    movzx   eax, byte ptr [esi + ENTRY_YEAR + 5]
    mov     [ebp - DATE_SIZE + DATE_SECOND], eax
    lea     eax, [ebp - DATE_SIZE]
    call    date_to_seconds
    add     eax, 946684800
    mov     [edi + NODE_MODIFIED], eax
.Liso_node_good:
    clc
.Liso_node_done:
    pop     esi
    ENDFRAME
    ret

# FS_NEXT.
# In: EAX mount, EDX id of a directory, ECX = NODE record, EDI address of the position.
# Out: CF and EAX error: ERROR_NOT_FOUND after the last.
iso_next:
    push    ebx
    push    edi
    mov     ebx, [eax + MOUNT_DATA]
    push    ecx
    mov     eax, edx
    call    iso_entry
    pop     edi
    jc      1f
    call    iso_node
1:  pop     edi
    pop     ebx
    ret

# FS_READ_AT.
# In: EAX mount, EDX id, ECX buffer; ESI bytes, EDI address of the offset.
# Out: EAX bytes; CF and EAX error.
iso_read_at:
    FRAME   16
    push    ebx
    push    esi
    push    edi
    # Locals: -4 offset, -8 first block, -12 bytes read, -16 buffer
    mov     ebx, [eax + MOUNT_DATA]
    mov     [ebp - 16], ecx
    mov     dword ptr [ebp - 12], 0
    mov     eax, edx
    call    iso_record
    jc      .Liso_read_at_done
    mov     ecx, ERROR_IS_DIRECTORY
    test    byte ptr [eax + ENTRY_FLAGS], FLAG_DIRECTORY
    jnz     .Liso_read_at_refused
    mov     ecx, ERROR_NOT_SUPPORTED
    test    byte ptr [eax + ENTRY_FLAGS], FLAG_MORE
    jnz     .Liso_read_at_refused
    mov     edx, [eax + ENTRY_EXTENT]
    mov     [ebp - 8], edx
    cmp     dword ptr [edi + 4], 0
    jne     .Liso_read_at_end
    mov     edi, [edi]
    mov     [ebp - 4], edi
    mov     eax, [eax + ENTRY_SIZE]
    sub     eax, edi
    jbe     .Liso_read_at_end
    cmp     esi, eax
    jbe     .Liso_read_at_block
    mov     esi, eax                    # ESI: bytes left
.Liso_read_at_block:
    test    esi, esi
    jz      .Liso_read_at_end
    mov     eax, [ebp - 4]
    shr     eax, 11
    add     eax, [ebp - 8]
    call    iso_data
    jc      .Liso_read_at_done
    lea     edx, [ebp - 16]
    mov     ecx, ISO_BLOCK_BYTES
    call    read_part
    jmp     .Liso_read_at_block
.Liso_read_at_refused:
    mov     eax, ecx
    stc
    jmp     .Liso_read_at_done
.Liso_read_at_end:
    mov     eax, [ebp - 12]
    clc
.Liso_read_at_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret
