# A kernel becomes two on other disks: what it knows of a file system that can be written to would be wrong there
# (docs/protocols/fork.md).

.include "macros.inc"
.include "fs.inc"

ON_HOOK fork_still, mounts_still

.text

# Whether all that is mounted is the same on another machine of this kernel.
# In: EAX 1, or 0, for which nothing is to be done.
# Out: CF and EAX text when it is not.
# Clobbers: ECX.
mounts_still:
    mov     ecx, offset mount_table
1:  mov     eax, [ecx + MOUNT_CLASS]
    test    eax, eax
    jz      2f
    cmp     eax, offset class_fs_boot
    je      2f
    cmp     eax, offset class_fs_iso9660
    jne     3f
2:  add     ecx, MOUNT_SIZE_OF
    cmp     ecx, offset mount_table + MOUNT_MAX * MOUNT_SIZE_OF
    jb      1b
    clc
    ret
3:  LOAD_STRING eax, "a disk is mounted: umount it first"
    stc
    ret
