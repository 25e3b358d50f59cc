# Which kernel is booted: a disk has room for two (docs/formats/boot-record.md). One is good; another one may be on
# trial. The trial is taken away on the disk before that kernel is read, and only the kernel itself can make it the good
# one, so one that hangs is not tried again. The record that says all this is kept twice: what is written goes into the
# copy that did not count, so a write that is cut leaves the state before it.

.include "loader.inc"

.intel_syntax noprefix
.code16

SLOT_RECORD_LBA         = 16382         # two copies, in the last sectors before the first partition
SLOT_MAGIC              = 0x4C535251    # "QRSL"
SLOT_VERSION            = 2
SLOT_VERSION_SUMMED     = 1             # alone in the second sector; its dwords add up to 0
RECORD_PAUSE_TICKS      = 9             # 0.5 s before it is read once more
SLOT_GOOD               = 8             # fields of the record
SLOT_TRIAL              = 12
SLOT_TRIES              = 16
SLOT_PLACES             = 20            # two entries: u32 LBA, u32 sectors
SLOT_SEQUENCE           = 36
SLOT_FLOOR              = 40
SLOT_REVISIONS          = 64            # two entries: u32 revision, and what the kernel knows
SLOT_CONTENT_BYTES      = 24
SLOT_CHECK              = 508           # CRC-32 of all before it
SLOT_RECORD_BYTES       = 512
SLOT_SECOND             = CRC_TABLES    # the second copy waits here; the tables are made later
CRC_POLYNOMIAL          = 0xEDB88320

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
    call    slot_count                  # from here on this start is its only one
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

# After a sector that cannot be read: the kernel on trial has not been tried, and has its start yet.
# Clobbers: all but segments.
slot_untried:
    cmp     byte ptr [BOOT_INFO_ADDRESS + bi_trial], 0
    je      1f
    mov     edx, 1

# Counts the starts of the kernel on trial, on the disk.
# In: EDX 1 or -1.
# Out: CF when that cannot be written.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
slot_count:
    add     [SLOT_RECORD + SLOT_TRIES], edx
    inc     dword ptr [SLOT_RECORD + SLOT_SEQUENCE]
    mov     dword ptr [SLOT_RECORD + 4], SLOT_VERSION
    mov     di, SLOT_RECORD
    call    slot_sum
    mov     [SLOT_RECORD + SLOT_CHECK], eax
    xor     byte ptr [slot_copy], 1     # over the copy that does not count
    movzx   eax, byte ptr [slot_copy]
    add     eax, SLOT_RECORD_LBA
    jmp     drive_write
1:  ret

# CRC-32 of a record.
# In: DI record.
# Out: EAX.
# Clobbers: CX, DL, SI.
slot_sum:
    or      eax, -1
    mov     si, di
    mov     cx, SLOT_CHECK
1:  xor     al, [si]
    inc     si
    mov     dl, 8
2:  shr     eax, 1
    jnc     3f
    xor     eax, CRC_POLYNOMIAL
3:  dec     dl
    jnz     2b
    loop    1b
    not     eax
    ret

# Reads the copies of the record, and takes the one that counts.
# Out: [SLOT_RECORD], [slot_copy]; CF when there is none.
# Clobbers: all but segments.
slot_read:
    mov     byte ptr [reads_left], REREADS
.Lslot_read_again:
    mov     byte ptr [slot_damaged], 0
    mov     eax, SLOT_RECORD_LBA + 1
    mov     edi, SLOT_SECOND
    call    slot_copy_read
    setnc   [slot_copy]
    mov     eax, SLOT_RECORD_LBA
    mov     edi, SLOT_RECORD
    call    slot_copy_read
    setnc   al
    cmp     byte ptr [slot_damaged], 0
    je      .Lslot_read_whole
    sub     byte ptr [reads_left], 1    # wrong bits, perhaps, and not those of the disk
    jc      .Lslot_read_whole
    mov     cx, RECORD_PAUSE_TICKS
    call    pause
    jmp     .Lslot_read_again
.Lslot_read_whole:
    mov     byte ptr [reads_left], REREADS
    cmp     byte ptr [slot_copy], 0
    je      .Lslot_read_first                          # the second is none: the first counts, if it is one
    cmp     al, 0
    je      .Lslot_read_second
    mov     edx, [SLOT_SECOND + SLOT_SEQUENCE]
    cmp     edx, [SLOT_RECORD + SLOT_SEQUENCE]
    ja      .Lslot_read_second
    mov     byte ptr [slot_copy], 0
.Lslot_read_first:
    cmp     al, 1                       # CF when it is none
    jc      .Lslot_read_done
    jmp     .Lslot_read_taken
.Lslot_read_second:
    mov     si, SLOT_SECOND
    mov     di, SLOT_RECORD
    mov     cx, SLOT_RECORD_BYTES / 2
    rep movsw
.Lslot_read_taken:
    mov     word ptr [fail_other], offset slot_other
    clc
.Lslot_read_done:
    ret

# Reads a copy of the record, and judges it.
# In: EAX sector, EDI where it goes.
# Out: CF when it is none; [slot_damaged] 1 when it looks as if it were one.
# Clobbers: all but segments.
slot_copy_read:
    push    edi
    call    drive_read_one
    pop     edi
    jc      .Lslot_copy_read_done
    push    edi
    mov     ecx, SLOT_RECORD_BYTES
    mov     bx, offset memory_copy
    call    protected_call
    pop     edi
    cmp     dword ptr [di], SLOT_MAGIC
    stc
    jne     .Lslot_copy_read_done
    cmp     dword ptr [di + SLOT_GOOD], 1
    ja      .Lslot_copy_read_damaged
    cmp     dword ptr [di + 4], SLOT_VERSION
    jne     .Lslot_copy_read_summed
    call    slot_sum
    cmp     eax, [di + SLOT_CHECK]
    jne     .Lslot_copy_read_damaged
    ret                                 # CF is clear
.Lslot_copy_read_summed:
    cmp     dword ptr [di + 4], SLOT_VERSION_SUMMED
    jne     .Lslot_copy_read_damaged
    cmp     di, SLOT_SECOND
    jne     .Lslot_copy_read_damaged
    mov     si, di
    mov     cx, SLOT_RECORD_BYTES / 4
    xor     edx, edx
.Lslot_copy_read_add:
    lodsd
    add     edx, eax
    loop    .Lslot_copy_read_add
    test    edx, edx                    # CF is clear
    jz      .Lslot_copy_read_done
.Lslot_copy_read_damaged:
    mov     byte ptr [slot_damaged], 1
    stc
.Lslot_copy_read_done:
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
    imul    edx, eax, SLOT_CONTENT_BYTES
    mov     edx, [SLOT_RECORD + SLOT_REVISIONS + edx]
    cmp     edx, [SLOT_RECORD + SLOT_FLOOR]
    jb      1f
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
    .asciz  ": a kernel on trial, for this start alone"
text_failed:
    .asciz  ": the kernel on trial has failed, the good one starts"
text_not_counted:
    .asciz  ": the trial cannot be noted on this drive, the good kernel starts"
text_other:
    .asciz  ".\nThe other kernel is tried"

slot_taken:     .byte 0
slot_copy:      .byte 0                 # which copy of the record counts
slot_damaged:   .byte 0
