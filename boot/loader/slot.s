# Which kernel is booted: a disk has room for two (docs/formats/boot-record.md). One is good; another one may be on
# trial, and is taken as long as it has tries left. Each try is counted on the disk before the kernel is read, so one
# that hangs is not tried for ever.

.include "loader.inc"

.intel_syntax noprefix
.code16

SLOT_RECORD_LBA         = 16383         # the last sector before the first partition
SLOT_MAGIC              = 0x4C535251    # "QRSL"
SLOT_VERSION            = 1
RECORD_PAUSE_TICKS      = 9             # 0.5 s before it is read once more
SLOT_GOOD               = 8             # fields of the record
SLOT_TRIAL              = 12
SLOT_TRIES              = 16
SLOT_PLACES             = 20            # two entries: u32 LBA, u32 sectors
SLOT_SUM                = 508           # all dwords add up to 0
SLOT_RECORD_BYTES       = 512

.text

# Chooses the kernel.
# Out: [kernel_lba], [kernel_sectors], [bi_slot], [bi_trial].
# Clobbers: all but segments.
.global slot_choose
slot_choose:
    mov     eax, [RECORD_IMAGE_LBA]     # without a record of slots, the only kernel
    add     eax, [RECORD_KERNEL_SECTOR]
    mov     [kernel_lba], eax
    mov     eax, [RECORD_KERNEL_SECTORS]
    mov     [kernel_sectors], eax
    cmp     byte ptr [BOOT_INFO_ADDRESS + bi_media], BOOT_MEDIA_CD
    je      .Lslot_choose_done
    cmp     dword ptr [RECORD_IMAGE_LBA], 0
    jne     .Lslot_choose_done
    call    slot_read
    jc      .Lslot_choose_done
    mov     eax, [SLOT_RECORD + SLOT_TRIAL]
    cmp     eax, 1
    ja      .Lslot_choose_good          # none
    cmp     dword ptr [SLOT_RECORD + SLOT_TRIES], 0
    je      .Lslot_choose_failed
    push    eax
    mov     edx, -1
    call    slot_count
    pop     eax
    mov     si, offset text_not_counted
    jc      .Lslot_choose_said
    mov     byte ptr [BOOT_INFO_ADDRESS + bi_trial], 1
    mov     si, offset text_trial
    push    eax
    call    print
    pop     eax
    jmp     slot_take
.Lslot_choose_failed:
    mov     si, offset text_failed
.Lslot_choose_said:
    call    print
.Lslot_choose_good:
    mov     eax, [SLOT_RECORD + SLOT_GOOD]
    jmp     slot_take
.Lslot_choose_done:
    ret

# After a sector that cannot be read: the kernel on trial has not been tried, and has all its tries yet.
# Clobbers: all but segments.
slot_untried:
    cmp     byte ptr [BOOT_INFO_ADDRESS + bi_trial], 0
    je      1f
    mov     edx, 1

# Counts the tries of the kernel on trial, on the disk.
# In: EDX 1 or -1.
# Out: CF when that cannot be written.
# Clobbers: EAX, EBX, ECX, EDX, ESI.
slot_count:
    add     [SLOT_RECORD + SLOT_TRIES], edx
    sub     [SLOT_RECORD + SLOT_SUM], edx
    mov     eax, SLOT_RECORD_LBA
    jmp     drive_write
1:  ret

# Reads the record of slots, and checks it.
# Out: [SLOT_RECORD]; CF when there is none.
# Clobbers: all but segments.
slot_read:
    mov     byte ptr [reads_left], REREADS
.Lslot_read_again:
    mov     eax, SLOT_RECORD_LBA
    call    drive_read_one
    jc      .Lslot_read_done
    mov     edi, SLOT_RECORD
    mov     ecx, SLOT_RECORD_BYTES
    mov     bx, offset memory_copy
    call    protected_call
    cmp     dword ptr [SLOT_RECORD], SLOT_MAGIC
    jne     1f
    cmp     dword ptr [SLOT_RECORD + 4], SLOT_VERSION
    jne     1f
    cmp     dword ptr [SLOT_RECORD + SLOT_GOOD], 1
    ja      1f
    mov     si, SLOT_RECORD
    mov     cx, SLOT_RECORD_BYTES / 4
    xor     edx, edx
3:  lodsd
    add     edx, eax
    loop    3b
    test    edx, edx
    jnz     1f
    mov     word ptr [fail_other], offset slot_other
    clc
    jmp     .Lslot_read_done
1:  cmp     dword ptr [SLOT_RECORD], SLOT_MAGIC
    jne     4f
    sub     byte ptr [reads_left], 1    # wrong bits, perhaps, and not those of the disk
    jc      .Lslot_read_done
    mov     cx, RECORD_PAUSE_TICKS
    call    pause
    jmp     .Lslot_read_again
4:  stc
.Lslot_read_done:
    mov     byte ptr [reads_left], REREADS # MOV keeps the flags
    ret

# Takes a slot.
# In: EAX slot, 0 or 1.
# Clobbers: EAX, EDX, SI.
slot_take:
    mov     [slot_taken], al
    lea     edx, [eax + 1]
    mov     [BOOT_INFO_ADDRESS + bi_slot], dl
    mov     edx, [SLOT_RECORD + SLOT_PLACES + eax*8 + 4]
    mov     eax, [SLOT_RECORD + SLOT_PLACES + eax*8]
    test    edx, edx                    # an empty slot has no image, and header_check says so
    jz      1f
    mov     [kernel_lba], eax
    mov     [kernel_sectors], edx
1:  ret

# After a kernel that could not be loaded: goes on with the other one, if there is one that was not tried yet.
# Out: returns only when there is none.
# Clobbers: all.
slot_other:
    mov     word ptr [fail_other], 0    # once
    movzx   eax, byte ptr [slot_taken]
    xor     al, 1
    cmp     byte ptr [unread], 0
    je      3f
    push    eax
    call    slot_untried
    pop     eax
    cmp     eax, [SLOT_RECORD + SLOT_TRIAL]
    jne     3f
    cmp     dword ptr [SLOT_RECORD + SLOT_TRIES], 0 # it is known to fail: better wait for the good one's drive
    je      1f
3:  cmp     dword ptr [SLOT_RECORD + SLOT_PLACES + eax*8 + 4], 0
    je      1f
    call    slot_take
    mov     byte ptr [BOOT_INFO_ADDRESS + bi_trial], 0
    mov     byte ptr [reads_left], REREADS
    mov     si, offset text_other
    call    print
    mov     sp, STACK_TOP
    jmp     boot_kernel
1:  ret

.data
text_trial:
    .ascii  ": a kernel on trial, "
    DECIMAL SLOT_RECORD + SLOT_TRIES
    .asciz  " tries left after this one"
text_failed:
    .asciz  ": the kernel on trial has failed, the good one starts"
text_not_counted:
    .asciz  ": tries cannot be counted on this drive, the good kernel starts"
text_other:
    .asciz  ".\nThe other kernel is tried"

slot_taken:     .byte 0
