# The mounted volume of a kernel that moves goes along (docs/protocols/fork.md): block by block, those that are in use,
# then those that were written meanwhile, until nobody may write any more. What decides where the files are is its first
# sector: a volume without its own there is mounted only by force. It is an OOFS, whose map says what is in use.

.include "macros.inc"
.include "errors.inc"
.include "pages.inc"
.include "memory.inc"
.include "disk.inc"
.include "fs.inc"
.include "oofs.inc"
.include "fork.inc"

WRITES_END_MS           = 10
WRITES_END_TRIES        = 200

ON_HOOK fork_apart, volume_move_apart

.bss
.balign 4
move_pages:             .space 4        # of the bits, and one for a block
move_sector:            .space 512      # the first sector of the volume

.text

# Prepares the move of the volume that is mounted, if one is: from here on writes to it are noted. May sleep.
# Out: watch_volume, 0: nothing is mounted from a hard disk; CF and EAX text of why it cannot move.
.global volume_move_begin
volume_move_begin:
    push    ebx
    push    esi
    push    edi
    call    volume_move_find
    jc      .Lvolume_move_begin_done
    test    ebx, ebx
    jz      .Lvolume_move_begin_done    # CF is clear
    mov     edi, [ebx + MOUNT_VOLUME]
    mov     eax, edi
    call    volume_sector_read
    jc      .Lvolume_move_begin_done
    mov     eax, edi
    call    volume_move_room
    mov     [move_pages], eax
    mov     edx, PAGES_OTHER
    call    page_alloc_for
    mov     edx, eax
    LOAD_STRING eax, "there is not enough free memory for the map of its volume"
    jc      .Lvolume_move_begin_done
    mov     [watch_bits], edx
    mov     [watch_volume], edi
    mov     eax, [ebx + MOUNT_HANDLE]
    call    volume_move_map
    jnc     .Lvolume_move_begin_done
    call    volume_move_end
    LOAD_STRING eax, "its volume was unmounted"
    stc
.Lvolume_move_begin_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# How much memory the move of a volume takes.
# In: EAX volume.
# Out: EAX pages.
.global volume_move_room
volume_move_room:
    mov     eax, [eax + VOLUME_SECTORS]
    shr     eax, 3 + OOFS_REGION_SHIFT
    add     eax, 2                      # what is begun of the last region, and the page for a block
    ret

# Finds what is mounted from hard disks.
# Out: EBX mount or 0; CF and EAX text when it is of a kind that cannot move, or more than one.
# Clobbers: EAX, ECX, EDX.
.global volume_move_find
volume_move_find:
    xor     ebx, ebx
    mov     ecx, offset mount_table
1:  cmp     dword ptr [ecx + MOUNT_CLASS], 0
    je      2f
    mov     edx, [ecx + MOUNT_VOLUME]
    test    edx, edx
    jz      2f
    mov     edx, [edx + VOLUME_DISK]
    test    edx, edx
    jz      2f
    cmp     dword ptr [edx + DISK_KIND], DISK_HARD
    jne     2f
    LOAD_STRING eax, "a file system is mounted from its disk that is no OOFS: umount it"
    cmp     dword ptr [ecx + MOUNT_CLASS], offset class_fs_oofs
    jne     8f
    LOAD_STRING eax, "two volumes are mounted, and one can move: umount the other"
    test    ebx, ebx
    jnz     8f
    mov     ebx, ecx
2:  add     ecx, MOUNT_SIZE_OF
    cmp     ecx, offset mount_table + MOUNT_MAX * MOUNT_SIZE_OF
    jb      1b
    clc
    ret
8:  stc
    ret

# Notes the blocks that the volume uses: in its map, or held by the last commit and by snapshots.
# In: EAX handle of the mount.
# Out: CF when it is none any more.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
volume_move_map:
    push    ebp
    call    mount_enter
    jc      .Lvolume_move_map_done
    mov     ebx, [ebp + MOUNT_DATA]
    mov     eax, [ebx + OOFS_STATE + STATE_BLOCKS]
    call    oofs_regions_of
    mov     edi, eax                    # EDI: regions that are to be looked at
1:  dec     edi
    mov     esi, edi
    shl     esi, OOFS_BLOCK_SHIFT
    add     esi, [watch_bits]
    mov     ecx, edi
    call    oofs_map_read
    jc      2f
    call    oofs_bits_add
    mov     eax, edi
    call    oofs_held
    jc      2f
    call    oofs_bits_add
    jmp     3f
2:  push    edi                         # what is not known counts as used
    mov     edi, esi
    or      eax, -1
    mov     ecx, OOFS_BLOCK_BYTES / 4
    rep stosd
    pop     edi
3:  test    edi, edi
    jnz     1b
    call    mount_leave
    clc
.Lvolume_move_map_done:
    pop     ebp
    ret

# Leaves what only this machine needs out of what is sent.
# Clobbers: EAX, EDX.
volume_move_apart:
    mov     eax, [watch_bits]
    test    eax, eax
    jz      1f
    mov     edx, [move_pages]
    call    fork_leave_out
1:  ret

# Brings the next block that was not read since it was written. The first has what decides, and is never among them.
# May sleep.
# In: EAX block to begin with.
# Out: EAX block, ESI its 4096 bytes; CF when there is none, and EAX then is 0, or a text when it cannot be read.
# Clobbers: ECX, EDX.
.global volume_move_next
volume_move_next:
    push    ebx
    push    edi
    mov     ebx, eax
    mov     edi, [watch_volume]
    mov     ecx, [edi + VOLUME_SECTORS]
    shr     ecx, 3                      # ECX: blocks
    mov     edx, [watch_bits]
    btr     dword ptr [edx], 0
1:  xor     eax, eax
    cmp     ebx, ecx
    cmc
    jc      .Lvolume_move_next_done
    test    bl, 31
    jnz     2f
    mov     esi, ebx
    shr     esi, 3
    cmp     dword ptr [edx + esi], 0
    jne     2f
    add     ebx, 32
    jmp     1b
2:  btr     [edx], ebx                  # before it is read: write_leave notes what is written meanwhile
    jc      3f
    inc     ebx
    jmp     1b
3:  mov     esi, [move_pages]
    dec     esi
    shl     esi, 12
    add     esi, edx
    mov     ecx, esi
    push    esi
    lea     edx, [ebx*8]
    mov     eax, edi
    mov     esi, OOFS_BLOCK_SECTORS
    call    volume_read
    pop     esi
    mov     eax, ebx
    jnc     .Lvolume_move_next_done
    LOAD_STRING eax, "its volume cannot be read"
.Lvolume_move_next_done:
    pop     edi
    pop     ebx
    ret

# From here on nobody writes: who does waits. May sleep.
# Out: CF and EAX text when a write does not end, or the first sector cannot be read, which may be another by now.
.global volume_move_still
volume_move_still:
    push    ebx
    mov     eax, [task_current]
    call    write_keep
    mov     ebx, WRITES_END_TRIES
1:  cmp     dword ptr [writes_running], 0
    je      3f
    mov     eax, WRITES_END_MS
    call    task_sleep
    dec     ebx
    jnz     1b
    LOAD_STRING eax, "its disk does not end a write"
    pop     ebx
    stc
    ret
3:  pop     ebx
    mov     eax, [watch_volume]
    test    eax, eax
    jz      9f                          # CF is clear

# Reads the first sector. May sleep.
# In: EAX volume.
# Out: move_sector; CF and EAX text.
# Clobbers: ECX, EDX.
volume_sector_read:
    push    esi
    xor     edx, edx
    mov     ecx, offset move_sector
    mov     esi, 1
    call    volume_read
    LOAD_STRING eax, "its volume cannot be read"
    pop     esi
9:  ret

# Ends the move of a volume, or what was prepared for it: it is here, and who waits writes on.
# Clobbers: EAX, ECX, EDX.
.global volume_move_end
volume_move_end:
    xor     eax, eax
    call    write_keep
    xor     eax, eax
    mov     [watch_volume], eax
    xchg    eax, [watch_bits]
    test    eax, eax
    jz      1f
    mov     edx, [move_pages]
    call    page_free
1:  ret

# Makes this machine's volume the one that has the files.
# Out: CF and EAX error.
# Clobbers: ECX, EDX.
.global volume_move_here
volume_move_here:
    mov     eax, [watch_volume]
    jmp     volume_sector_write

# Makes a volume one that is mounted by force only: its files are elsewhere, or on their way.
# In: EAX volume.
# Out: CF and EAX error.
# Clobbers: ECX, EDX.
.global volume_move_away
volume_move_away:
    push    edi
    push    eax
    mov     edi, offset move_sector
    mov     ecx, 512 / 4
    xor     eax, eax
    rep stosd
    mov     edi, offset move_sector
    mov     dword ptr [edi], OOFS_MAGIC
    mov     dword ptr [edi + 4], OOFS_MAGIC_AWAY
    mov     word ptr [edi + MBR_MAGIC], MBR_MAGIC_VALUE
    pop     eax
    pop     edi

# Writes the first sector.
# In: EAX volume, move_sector.
# Out: CF and EAX error.
# Clobbers: ECX, EDX.
volume_sector_write:
    push    ebx
    push    esi
    mov     ebx, eax
    xor     edx, edx
    mov     ecx, offset move_sector
    mov     esi, 1
    call    volume_write
    jc      1f
    mov     eax, ebx
    call    volume_flush
1:  pop     esi
    pop     ebx
    ret
