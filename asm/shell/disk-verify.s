# fdisk DISK verify: an editor for the partition table that works on any console, for it only prints lines. All changes
# are made in memory; `w` writes sector 0 after two times Yes, and only a table without faults.

.include "macros.inc"
.include "errors.inc"
.include "keys.inc"
.include "disk.inc"

EDIT_STEP = 2048                                # sectors of + and -: 1 MiB, which is also the least size
EDIT_LEAP = 131072                              # sectors of > and <: 64 MiB

# The editor's state, on the stack of fdisk_verify.
EDIT_DISK = 0
EDIT_SECTOR = 4                                 # sector 0 as it is on the disk, boot code included
EDIT_SELECTED = 8                               # index of the selected entry
EDIT_QUIT = 12                                  # 1: leave
EDIT_TABLE = 16                                 # the edited table, 64 bytes
EDIT_SIZE_OF = EDIT_TABLE + MBR_ENTRIES * MBR_ENTRY_BYTES

# Keys and what they do. Routine: EAX = state.
.macro EDIT_KEY key:req, routine:req
    .long   \key, \routine
.endm

.section .rodata
.balign 4
edit_keys:
    EDIT_KEY KEY_UP, edit_up
    EDIT_KEY 'k', edit_up
    EDIT_KEY KEY_DOWN, edit_down
    EDIT_KEY 'j', edit_down
    EDIT_KEY '+', edit_grow
    EDIT_KEY '-', edit_shrink
    EDIT_KEY '>', edit_grow_far
    EDIT_KEY '<', edit_shrink_far
    EDIT_KEY 'a', edit_add
    EDIT_KEY 'd', edit_delete
    EDIT_KEY 'b', edit_bootable
    EDIT_KEY 't', edit_type
    EDIT_KEY 'r', edit_restore
    EDIT_KEY 'w', edit_write
    EDIT_KEY 'q', edit_quit
    EDIT_KEY KEY_ESCAPE, edit_quit
    EDIT_KEY KEY_CTRL_C, edit_quit
edit_keys_end:

.text

# The command.
# In: EAX disk.
# Out: EAX status.
.global fdisk_verify
fdisk_verify:
    FRAME   EDIT_SIZE_OF
    push    ebx
    push    esi
    push    edi
    lea     ebx, [ebp - EDIT_SIZE_OF]   # EBX: state
    mov     [ebx + EDIT_DISK], eax
    mov     dword ptr [ebx + EDIT_SELECTED], 0
    mov     dword ptr [ebx + EDIT_QUIT], 0
    call    fdisk_read
    jc      .Lfdisk_verify_failed
    mov     [ebx + EDIT_SECTOR], eax
    call    partition_table_valid
    jnc     .Lfdisk_verify_table
    mov     eax, [ebx + EDIT_DISK]
    add     eax, DISK_NAME
    PRINTF  "%s has no partition table to edit. 'fdisk %s init' makes one.\n", eax, eax
    mov     eax, [ebx + EDIT_SECTOR]
    call    mfree
    jmp     .Lfdisk_verify_failed
.Lfdisk_verify_table:
    mov     eax, [ebx + EDIT_DISK]
    cmp     dword ptr [eax + DISK_TABLE], TABLE_GPT
    jne     .Lfdisk_verify_edit
    add     eax, DISK_NAME
    PRINTF  "%s has a GUID partition table, which this cannot edit.\n", eax
    mov     eax, [ebx + EDIT_SECTOR]
    call    mfree
    jmp     .Lfdisk_verify_failed
.Lfdisk_verify_edit:
    mov     eax, ebx
    call    edit_load
    mov     eax, [ebx + EDIT_DISK]
    call    fdisk_title
    PRINT   "Keys: Up Down select    + - 1 MiB more, less    > < 64 MiB more, less    a add\n"
    PRINT   "      d delete    b toggle bootable    t set type    r restore    w write    q quit\n"
.Lfdisk_verify_show:
    mov     eax, ebx
    call    edit_show
.Lfdisk_verify_key:
    call    key_read
    mov     ecx, offset edit_keys
.Lfdisk_verify_search:
    cmp     [ecx], eax
    je      .Lfdisk_verify_found
    add     ecx, 8
    cmp     ecx, offset edit_keys_end
    jb      .Lfdisk_verify_search
    jmp     .Lfdisk_verify_key
.Lfdisk_verify_found:
    mov     eax, ebx
    call    [ecx + 4]
    cmp     dword ptr [ebx + EDIT_QUIT], 0
    je      .Lfdisk_verify_show
    mov     eax, [ebx + EDIT_SECTOR]
    call    mfree
    xor     eax, eax
    jmp     .Lfdisk_verify_done
.Lfdisk_verify_failed:
    mov     eax, 1
.Lfdisk_verify_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Takes the table as it is on the disk.
# In: EAX state.
edit_load:
    mov     edx, [eax + EDIT_SECTOR]
    add     edx, MBR_TABLE
    add     eax, EDIT_TABLE
    mov     ecx, MBR_ENTRIES * MBR_ENTRY_BYTES
    jmp     mem_copy

# Whether the table differs from the one on the disk.
# In: EAX state.
# Out: ZF set when it does not.
edit_compare:
    mov     edx, [eax + EDIT_SECTOR]
    add     edx, MBR_TABLE
    add     eax, EDIT_TABLE
    mov     ecx, MBR_ENTRIES * MBR_ENTRY_BYTES
    jmp     mem_compare

# Prints the table.
# In: EAX state.
edit_show:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    PRINT   "\n"
    call    table_head
    xor     edi, edi
1:  mov     esi, ' '
    cmp     edi, [ebx + EDIT_SELECTED]
    jne     2f
    mov     esi, '>'
2:  lea     eax, [ebx + EDIT_TABLE]
    mov     edx, edi
    mov     ecx, [ebx + EDIT_DISK]
    mov     ecx, [ecx + DISK_SECTORS]
    call    table_row
    inc     edi
    cmp     edi, MBR_ENTRIES
    jb      1b
    mov     eax, ebx
    call    edit_compare
    je      3f
    PRINT   "Changed; w writes it, r restores the old table.\n"
3:  pop     edi
    pop     esi
    pop     ebx
    ret

# The selected entry.
# In: EAX state.
# Out: EAX entry, EDX state.
edit_entry:
    mov     edx, eax
    mov     eax, [edx + EDIT_SELECTED]
    shl     eax, 4
    lea     eax, [edx + eax + EDIT_TABLE]
    ret

# As edit_entry; CF when the entry is unused, which it then has said.
edit_used:
    call    edit_entry
    cmp     byte ptr [eax + ENTRY_TYPE], 0
    jne     1f
    PRINT   "This entry is unused; a adds a partition.\n"
    stc
    ret
1:  clc
    ret

# Keys. In, all: EAX = state.

# Selects the entry above.
# In: EAX state.
edit_up:
    sub     dword ptr [eax + EDIT_SELECTED], 1
    and     dword ptr [eax + EDIT_SELECTED], MBR_ENTRIES - 1
    ret

# Selects the entry below.
# In: EAX state.
edit_down:
    inc     dword ptr [eax + EDIT_SELECTED]
    and     dword ptr [eax + EDIT_SELECTED], MBR_ENTRIES - 1
    ret

# Makes the selected entry an unused one.
# In: EAX state.
edit_delete:
    call    edit_used
    jc      9f
    xor     edx, edx
    mov     ecx, MBR_ENTRY_BYTES
    call    mem_set
9:  ret

# At most one partition is the one to boot: setting one clears the others.
edit_bootable:
    call    edit_used
    jc      9f
    xor     byte ptr [eax + ENTRY_STATUS], 0x80
    jz      9f
    lea     edx, [edx + EDIT_TABLE]
    mov     ecx, MBR_ENTRIES
1:  cmp     edx, eax
    je      2f
    mov     byte ptr [edx + ENTRY_STATUS], 0
2:  add     edx, MBR_ENTRY_BYTES
    loop    1b
9:  ret

# Takes the table from the disk again.
# In: EAX state.
edit_restore:
    push    eax
    call    edit_load
    pop     eax
    ret

# Ends the editor.
# In: EAX state.
edit_quit:
    mov     dword ptr [eax + EDIT_QUIT], 1
    call    edit_compare
    je      9f
    PRINT   "The changes were not written.\n"
9:  ret

# Asks for the type of the selected partition and sets it.
# In: EAX state.
edit_type:
    push    ebx
    FRAME   16
    call    edit_used
    jc      9f
    mov     ebx, eax
    PRINT   "Type, two hexadecimal digits: "
    lea     eax, [ebp - 16]
    mov     edx, 16
    call    line_read
    cmp     eax, 2
    jne     8f
    push    esi
    lea     esi, [ebp - 16]
    call    parse_hex_byte
    pop     esi
    jc      8f
    test    eax, eax
    jz      8f
    mov     [ebx + ENTRY_TYPE], al
    jmp     9f
8:  PRINT   "Not a type: 01 to ff.\n"
9:  ENDFRAME
    pop     ebx
    ret

# Makes the selected partition a step larger.
# In: EAX state.
edit_grow:
    mov     edx, EDIT_STEP
    jmp     edit_resize

# Makes the selected partition a step smaller.
# In: EAX state.
edit_shrink:
    mov     edx, -EDIT_STEP
    jmp     edit_resize

# Makes the selected partition a leap larger.
# In: EAX state.
edit_grow_far:
    mov     edx, EDIT_LEAP
    jmp     edit_resize

# Makes the selected partition a leap smaller.
# In: EAX state.
edit_shrink_far:
    mov     edx, -EDIT_LEAP

# Changes the size of the selected partition; its start stays. It ends before the next partition or the end of the disk.
# In: EAX state, EDX sectors more, or less when negative.
edit_resize:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, edx
    call    edit_used
    jc      .Ledit_resize_done
    mov     esi, eax                    # ESI: entry
    mov     eax, ebx
    mov     edx, [esi + ENTRY_START]
    mov     ecx, esi
    call    edit_room
    test    eax, eax
    jz      .Ledit_resize_occupied      # its start is not free: an old fault
    mov     edx, [esi + ENTRY_SECTORS]
    test    edi, edi
    js      .Ledit_resize_shrink
    add     edx, edi
    jc      .Ledit_resize_whole
    cmp     edx, eax
    jbe     .Ledit_resize_place
.Ledit_resize_whole:
    mov     edx, eax                    # as far as there is room
    cmp     edx, [esi + ENTRY_SECTORS]
    jne     .Ledit_resize_place
    PRINT   "There is no more room after it.\n"
    jmp     .Ledit_resize_done
.Ledit_resize_shrink:
    neg     edi
    mov     ecx, edx
    sub     ecx, edi
    jbe     .Ledit_resize_small
    cmp     ecx, EDIT_STEP
    jb      .Ledit_resize_small
    mov     edx, ecx
    cmp     edx, eax                    # shrinking also brings an entry back onto the disk
    ja      .Ledit_resize_whole
    jmp     .Ledit_resize_place
.Ledit_resize_small:
    PRINT   "A partition is at least 1 MiB.\n"
    jmp     .Ledit_resize_done
.Ledit_resize_occupied:
    PRINT   "Its first sector is not free: delete this entry.\n"
    jmp     .Ledit_resize_done
.Ledit_resize_place:
    mov     ecx, edx
    mov     edx, [esi + ENTRY_START]
    mov     eax, esi
    mov     esi, [ebx + EDIT_DISK]
    mov     esi, [esi + DISK_SECTORS]
    call    partition_place
.Ledit_resize_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# How many sectors are free from a sector on.
# In: EAX state, EDX sector, ECX entry that does not count, or 0.
# Out: EAX sectors, 0 when EDX itself is not free.
edit_room:
    push    ebx
    push    esi
    push    edi
    mov     esi, [eax + EDIT_DISK]
    mov     esi, [esi + DISK_SECTORS]   # ESI: end of the free space
    lea     ebx, [eax + EDIT_TABLE]
    mov     edi, MBR_ENTRIES
    cmp     edx, esi
    jae     .Ledit_room_none
.Ledit_room_entry:
    cmp     ebx, ecx
    je      .Ledit_room_next
    cmp     byte ptr [ebx + ENTRY_TYPE], 0
    je      .Ledit_room_next
    cmp     dword ptr [ebx + ENTRY_SECTORS], 0
    je      .Ledit_room_next
    mov     eax, [ebx + ENTRY_START]
    cmp     eax, edx
    ja      .Ledit_room_later
    add     eax, [ebx + ENTRY_SECTORS]  # it begins before the sector, or there
    jc      .Ledit_room_none
    cmp     eax, edx
    ja      .Ledit_room_none
    jmp     .Ledit_room_next
.Ledit_room_later:
    cmp     eax, esi
    jae     .Ledit_room_next
    mov     esi, eax
.Ledit_room_next:
    add     ebx, MBR_ENTRY_BYTES
    dec     edi
    jnz     .Ledit_room_entry
    mov     eax, esi
    sub     eax, edx
    jmp     .Ledit_room_done
.Ledit_room_none:
    xor     eax, eax
.Ledit_room_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Adds a partition in the largest free space. Partitions begin at whole MiB, the first after the boot image.
edit_add:
    FRAME   8
    push    ebx
    push    esi
    push    edi
    # Locals: -4 start of the largest space, -8 its sectors
    mov     ebx, eax
    mov     dword ptr [ebp - 8], 0
    lea     edi, [ebx + EDIT_TABLE]     # EDI: free entry; the selected one if it is
    call    edit_entry
    cmp     byte ptr [eax + ENTRY_TYPE], 0
    je      .Ledit_add_free
    mov     ecx, MBR_ENTRIES
    mov     eax, edi
.Ledit_add_search:
    cmp     byte ptr [eax + ENTRY_TYPE], 0
    je      .Ledit_add_free
    add     eax, MBR_ENTRY_BYTES
    loop    .Ledit_add_search
    PRINT   "All four entries are used.\n"
    jmp     .Ledit_add_done
.Ledit_add_free:
    mov     edi, eax
    mov     edx, PARTITION_FIRST_LBA    # free space begins there, or after a partition
    call    edit_larger
    lea     esi, [ebx + EDIT_TABLE]
.Ledit_add_space:
    cmp     byte ptr [esi + ENTRY_TYPE], 0
    je      .Ledit_add_next
    mov     edx, [esi + ENTRY_START]
    add     edx, [esi + ENTRY_SECTORS]
    jc      .Ledit_add_next
    add     edx, EDIT_STEP - 1
    jc      .Ledit_add_next
    and     edx, -EDIT_STEP
    cmp     edx, PARTITION_FIRST_LBA
    jb      .Ledit_add_next
    call    edit_larger
.Ledit_add_next:
    add     esi, MBR_ENTRY_BYTES
    lea     eax, [ebx + EDIT_TABLE + MBR_ENTRIES * MBR_ENTRY_BYTES]
    cmp     esi, eax
    jb      .Ledit_add_space
    cmp     dword ptr [ebp - 8], EDIT_STEP
    jae     .Ledit_add_place
    PRINT   "There is no free space of 1 MiB.\n"
    jmp     .Ledit_add_done
.Ledit_add_place:
    mov     byte ptr [edi + ENTRY_STATUS], 0
    mov     byte ptr [edi + ENTRY_TYPE], PARTITION_OOFS
    mov     eax, edi
    mov     edx, [ebp - 4]
    mov     ecx, [ebp - 8]
    mov     esi, [ebx + EDIT_DISK]
    mov     esi, [esi + DISK_SECTORS]
    call    partition_place
    sub     edi, ebx
    sub     edi, EDIT_TABLE
    shr     edi, 4
    mov     [ebx + EDIT_SELECTED], edi
.Ledit_add_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Keeps a start of free space in edit_add's locals if it is the largest yet.
# In: EBX state, EDX sector, EBP its frame.
edit_larger:
    mov     eax, ebx
    xor     ecx, ecx
    push    edx
    call    edit_room
    pop     edx
    cmp     eax, [ebp - 8]
    jbe     9f
    mov     [ebp - 4], edx
    mov     [ebp - 8], eax
9:  ret

# Writes the table if it has no fault, nothing of the disk is mounted, and the user says Yes twice.
edit_write:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    call    edit_compare
    jne     .Ledit_write_changed
    PRINT   "There is nothing to write: the table is as on the disk.\n"
    jmp     .Ledit_write_done
.Ledit_write_changed:
    xor     edi, edi
.Ledit_write_entry:
    lea     eax, [ebx + EDIT_TABLE]
    mov     edx, edi
    mov     ecx, [ebx + EDIT_DISK]
    mov     ecx, [ecx + DISK_SECTORS]
    call    partition_fault
    cmp     eax, PARTITION_UNUSED
    jbe     .Ledit_write_good
    PRINTF  "Not written: entry %d %s.\n", edi, eax
    jmp     .Ledit_write_done
.Ledit_write_good:
    inc     edi
    cmp     edi, MBR_ENTRIES
    jb      .Ledit_write_entry
    mov     eax, [ebx + EDIT_DISK]
    call    fdisk_free
    jc      .Ledit_write_done
    mov     eax, [ebx + EDIT_DISK]
    add     eax, DISK_NAME
    PRINTF  "This changes the partition table of %s. What is cut off is lost.\n", eax
    call    fdisk_confirm
    jc      .Ledit_write_done
    call    mounts_lock
    mov     eax, [ebx + EDIT_DISK]
    call    fdisk_free                  # still, after the questions?
    jc      .Ledit_write_unlock
    mov     eax, [ebx + EDIT_SECTOR]
    add     eax, MBR_TABLE
    lea     edx, [ebx + EDIT_TABLE]
    mov     ecx, MBR_ENTRIES * MBR_ENTRY_BYTES
    call    mem_copy
    mov     eax, [ebx + EDIT_DISK]
    mov     edx, [ebx + EDIT_SECTOR]
    call    fdisk_write
    jc      .Ledit_write_failed
    PRINT   "Written.\n"
    jmp     .Ledit_write_unlock
.Ledit_write_failed:
    call    error_text
    PRINTF  "Writing failed: %s. Look at the table with fdisk.\n", eax
    mov     dword ptr [ebx + EDIT_QUIT], 1
.Ledit_write_unlock:
    call    mounts_unlock
.Ledit_write_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
