# The two kernels of a disk, and the command `kernel`: a new one goes into the slot that is not the good one, and is on
# trial until it is confirmed. The loader (boot/loader/slot.s) counts the tries.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "timer.inc"
.include "bootinfo.inc"
.include "bootrecord.inc"
.include "slots.inc"

TRIAL_MS            = 600000                # a kernel that nobody confirms in this time restarts the machine
SLOT_HEADER_BYTES   = 512
KI_REVISION         = 28
KI_LABEL            = 84
KI_LABEL_BYTES      = 32

.text

# A kernel on trial has so much time to be confirmed.
slots_init:
    cmp     byte ptr [boot_info + bi_trial], 0
    je      1f
    PRINT   "This kernel is on trial: `kernel confirm` keeps it, else the machine restarts in 10 minutes.\n"
    mov     eax, offset slots_timer
    mov     edx, TRIAL_MS
    jmp     timer_set
1:  ret

INITCALL 9, slots_init

# The time is over. Interrupts are off.
# In: EAX is not used.
slots_expired:
    cmp     byte ptr [boot_info + bi_trial], 0
    jne     power_reset
    ret

TIMER slots_timer, slots_expired

# Reads a disk's record; makes one for its only kernel when it has none. May sleep.
# In: EAX name of the disk.
# Out: EBX volume, slots_record; CF and EAX error.
# Clobbers: ESI too.
slots_read:
    call    volume_find
    jc      .Lslots_read_done
    mov     ebx, eax
    mov     ecx, [ebx + VOLUME_DISK]
    mov     eax, ERROR_NOT_SUPPORTED
    cmp     dword ptr [ecx + DISK_SECTOR_BYTES], 512
    stc
    jne     .Lslots_read_done
    mov     eax, ebx
    mov     edx, SLOT_RECORD_LBA
    mov     ecx, offset slots_record
    mov     esi, 1
    call    volume_read
    jc      .Lslots_read_done
    call    slots_sum
    jnz     .Lslots_read_make
    cmp     dword ptr [slots_record + sr_magic], SLOT_MAGIC
    jne     .Lslots_read_make
    cmp     dword ptr [slots_record + sr_version], SLOT_VERSION
    jne     .Lslots_read_make
    cmp     dword ptr [slots_record + sr_good], 1
    jbe     .Lslots_read_good
.Lslots_read_make:
    mov     eax, ebx
    xor     edx, edx
    mov     ecx, offset slots_record
    mov     esi, 1
    call    volume_read
    jc      .Lslots_read_done
    mov     eax, ERROR_CORRUPT
    cmp     dword ptr [slots_record + br_magic], BOOT_RECORD_MAGIC
    stc
    jne     .Lslots_read_done
    cmp     dword ptr [slots_record + br_image_lba], 1
    cmc
    jc      .Lslots_read_done
    push    [slots_record + br_kernel_sector]
    mov     ecx, SLOT_RECORD_BYTES / 4
    push    edi
    mov     edi, offset slots_record
    xor     eax, eax
    rep stosd
    pop     edi
    pop     eax
    mov     dword ptr [slots_record + sr_magic], SLOT_MAGIC
    mov     dword ptr [slots_record + sr_version], SLOT_VERSION
    mov     dword ptr [slots_record + sr_trial], SLOT_NONE
    mov     [slots_record + sr_places], eax
    neg     eax
    add     eax, SLOT_SECOND_LBA
    mov     [slots_record + sr_places + 4], eax
    mov     dword ptr [slots_record + sr_places + 8], SLOT_SECOND_LBA
.Lslots_read_good:
    clc
.Lslots_read_done:
    ret

# Adds up the record.
# Out: EAX sum; ZF set when it is 0.
# Clobbers: ECX.
slots_sum:
    xor     eax, eax
    mov     ecx, SLOT_RECORD_BYTES / 4
1:  add     eax, [slots_record + ecx*4 - 4]
    dec     ecx
    jnz     1b
    test    eax, eax
    ret

# Writes the record, and waits until it is on stable storage. Whoever writes a kernel writes the record before, so a
# partition that lies where they would be ends both. May sleep.
# In: EBX volume.
# Out: CF and EAX error: ERROR_NO_SPACE where a partition begins before the end of the slots.
# Clobbers: ESI too.
slots_write:
    mov     eax, [ebx + VOLUME_DISK]
    add     eax, DISK_PARTITION
    mov     ecx, DISK_PARTITIONS
1:  cmp     dword ptr [eax + VOLUME_SECTORS], 0
    je      2f
    cmp     dword ptr [eax + VOLUME_START], SLOT_RECORD_LBA
    jbe     3f
2:  add     eax, VOLUME_SIZE_OF
    dec     ecx
    jnz     1b
    mov     dword ptr [slots_record + sr_sum], 0
    call    slots_sum
    sub     [slots_record + sr_sum], eax
    mov     eax, ebx
    mov     edx, SLOT_RECORD_LBA
    mov     ecx, offset slots_record
    mov     esi, 1
    call    volume_write
    jc      4f
    mov     eax, ebx
    jmp     volume_flush
3:  mov     eax, ERROR_NO_SPACE
    stc
4:  ret

# Takes the boot image of a drive or a disk into memory, and proves it. May sleep.
# In: EAX name of the drive.
# Out: EAX image, ECX pages that it takes, EDX its kernel, ESI the kernel's sectors; CF and EAX text.
slots_fetch:
    push    ebx
    push    edi
    call    volume_find
    jc      .Lslots_fetch_error
    mov     ebx, eax
    mov     eax, 1
    call    page_alloc
    jc      .Lslots_fetch_error
    mov     edi, eax
    mov     eax, ebx
    xor     edx, edx
    mov     ecx, edi
    mov     esi, 1
    call    volume_read
    push    [edi + br_image_lba]
    push    [edi + br_image_sectors]
    push    [edi + br_magic]
    pushfd
    push    eax
    mov     eax, edi
    mov     edx, 1
    call    page_free
    pop     eax
    popfd
    pop     edi
    pop     esi                         # ESI: sectors of the image
    pop     edx                         # EDX: where it begins
    jc      .Lslots_fetch_error
    cmp     edi, BOOT_RECORD_MAGIC
    jne     .Lslots_fetch_none
    cmp     esi, SLOT_RECORD_LBA
    ja      .Lslots_fetch_none
    lea     edi, [esi + 7]              # EDI: pages
    shr     edi, 3
    jz      .Lslots_fetch_none
    push    edx
    mov     eax, edi
    call    page_alloc
    pop     edx
    jc      .Lslots_fetch_error
    push    eax
    push    esi
    call    slots_in_units
    mov     ecx, eax
    mov     eax, ebx
    call    slots_transfer
    pop     ecx
    pop     ebx                         # EBX: image
    jc      .Lslots_fetch_unread
    mov     eax, ebx
    call    boot_image_prove
    jc      .Lslots_fetch_bad
    mov     edx, [ebx + br_kernel_sector]
    shl     edx, 9
    add     edx, ebx
    mov     esi, [ebx + br_kernel_sectors]
    mov     eax, ebx
    mov     ecx, edi
    clc
    jmp     .Lslots_fetch_done
.Lslots_fetch_unread:
    call    error_text
.Lslots_fetch_bad:
    push    eax
    mov     eax, ebx
    mov     edx, edi
    call    page_free
    pop     eax
    stc
    jmp     .Lslots_fetch_done
.Lslots_fetch_none:
    LOAD_STRING eax, "there is no boot image on it"
    stc
    jmp     .Lslots_fetch_done
.Lslots_fetch_error:
    call    error_text
    stc
.Lslots_fetch_done:
    pop     edi
    pop     ebx
    ret

# Counts by the sectors of the drive.
# In: EBX volume, EDX and ESI sectors of 512 bytes.
# Out: EDX and ESI sectors of the drive.
# Clobbers: ECX.
slots_in_units:
    mov     ecx, [ebx + VOLUME_DISK]
    cmp     dword ptr [ecx + DISK_SECTOR_BYTES], 512
    je      .Lslots_in_units_done
    shr     edx, 2                      # in sectors of a CD
    add     esi, 3
    shr     esi, 2
.Lslots_in_units_done:
    ret

# Reads sectors in pieces. May sleep.
# In: EAX volume, EDX first sector, ECX memory, ESI sectors.
# Out: CF and EAX error.
slots_transfer:
    push    ebx
    push    edi
    push    ebp
    mov     ebx, eax
    mov     edi, ecx
    mov     ebp, esi
1:  mov     esi, ebp
    cmp     esi, 64
    jbe     2f
    mov     esi, 64
2:  mov     eax, ebx
    mov     ecx, edi
    push    edx
    call    volume_read
    pop     edx
    jc      3f
    add     edx, esi
    mov     eax, [ebx + VOLUME_DISK]
    mov     eax, [eax + DISK_SECTOR_BYTES]
    imul    eax, esi
    add     edi, eax
    sub     ebp, esi
    jnz     1b
3:  pop     ebp
    pop     edi
    pop     ebx
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_kernel:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, edx
    mov     edi, eax
    mov     ebx, offset slots_verbs
    cmp     edi, 2
    jb      .Lcommand_kernel_usage
.Lcommand_kernel_verb:
    mov     eax, [ebx]
    test    eax, eax
    jz      .Lcommand_kernel_usage
    mov     edx, [ebp + 4]
    call    string_compare
    je      .Lcommand_kernel_found
    add     ebx, 12
    jmp     .Lcommand_kernel_verb
.Lcommand_kernel_found:
    sub     edi, [ebx + 8]              # words before the disk
    jb      .Lcommand_kernel_usage
    cmp     edi, 1
    ja      .Lcommand_kernel_usage
    mov     esi, [ebp + 8]              # ESI: what to install or select
    LOAD_STRING eax, "hda"
    jb      .Lcommand_kernel_disk
    mov     edx, [ebx + 8]
    mov     eax, [ebp + edx*4]
.Lcommand_kernel_disk:
    mov     ebp, eax                    # EBP: name of the disk
    mov     edi, [ebx + 4]
    push    esi
    call    slots_read
    pop     esi
    jc      .Lcommand_kernel_failed
    call    edi
    jc      .Lcommand_kernel_failed
    jmp     .Lcommand_kernel_done
.Lcommand_kernel_failed:
    call    error_text
    PRINTF  "kernel: %s: %s\n", ebp, eax
    mov     eax, 1
    jmp     .Lcommand_kernel_done
.Lcommand_kernel_usage:
    mov     edx, ebp
    call    command_misused
.Lcommand_kernel_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Lists the kernels of a disk.
# In: EBX volume.
# Out: EAX status.
slots_list:
    push    edi
    xor     edi, edi                    # EDI: slot
1:  call    slots_describe
    jc      2f
    inc     edi
    cmp     edi, 2
    jb      1b
    xor     eax, eax
2:  pop     edi
    ret

# Prints the line of a slot.
# In: EBX volume, EDI slot.
# Out: CF and EAX error.
# Clobbers: ESI too.
slots_describe:
    FRAME   SLOT_HEADER_BYTES
    mov     eax, [slots_record + sr_places + edi*8 + 4]
    test    eax, eax
    jz      .Lslots_describe_empty
    mov     eax, ebx
    mov     edx, [slots_record + sr_places + edi*8]
    lea     ecx, [ebp - SLOT_HEADER_BYTES]
    mov     esi, 1
    call    volume_read
    jc      .Lslots_describe_done
    mov     byte ptr [ebp - SLOT_HEADER_BYTES + KI_LABEL + KI_LABEL_BYTES - 1], 0
    lea     eax, [ebp - SLOT_HEADER_BYTES + KI_LABEL]
    cmp     dword ptr [ebp - SLOT_HEADER_BYTES + ki_magic], KERNEL_MAGIC_LOW
    je      .Lslots_describe_known
    LOAD_STRING eax, "no kernel"
.Lslots_describe_known:
    PRINTF  "%u  %s, revision %u, sector %u", edi, eax, [ebp-SLOT_HEADER_BYTES+KI_REVISION], [slots_record+sr_places+edi*8]
    cmp     [slots_record + sr_good], edi
    jne     .Lslots_describe_trial
    PRINT   ", good"
.Lslots_describe_trial:
    cmp     [slots_record + sr_trial], edi
    jne     .Lslots_describe_running
    cmp     dword ptr [slots_record + sr_tries], 0
    jne     .Lslots_describe_tried
    cmp     byte ptr [boot_info + bi_trial], 0
    jne     .Lslots_describe_tried
    PRINT   ", has failed its trial"
    jmp     .Lslots_describe_running
.Lslots_describe_tried:
    PRINTF  ", on trial, %u tries left", [slots_record+sr_tries]
.Lslots_describe_running:
    call    slots_running
    cmp     eax, edi
    jne     .Lslots_describe_end
    PRINT   ", running"
.Lslots_describe_end:
    PRINT   "\n"
    clc
    jmp     .Lslots_describe_done
.Lslots_describe_empty:
    PRINTF  "%u  empty\n", edi
    clc
.Lslots_describe_done:
    ENDFRAME
    ret

# Which slot the running kernel came from.
# Out: EAX slot, SLOT_NONE when it came from a drive without slots, such as a CD.
# Clobbers: EAX only.
slots_running:
    movzx   eax, byte ptr [boot_info + bi_slot]
    dec     eax
    ret

# Copies the kernel of another drive into the slot that is not good, and puts it on trial. May sleep.
# In: EBX volume, ESI name of the drive.
# Out: EAX status; CF and EAX error.
# Clobbers: ESI, EDI too.
slots_install:
    FRAME   16
    # Locals: -4 image, -8 its pages, -12 sectors of the kernel, -16 slot
    mov     eax, esi
    push    esi
    call    slots_fetch
    pop     edi
    jc      .Lslots_install_bad
    mov     [ebp - 4], eax
    mov     [ebp - 8], ecx
    mov     [ebp - 12], esi
    mov     edi, edx                    # EDI: kernel
    mov     ecx, [slots_record + sr_good]
    xor     ecx, 1
    mov     [ebp - 16], ecx
    mov     edx, SLOT_RECORD_LBA        # does it fit?
    jecxz   .Lslots_install_first
    jmp     .Lslots_install_room
.Lslots_install_first:
    mov     edx, SLOT_SECOND_LBA
.Lslots_install_room:
    sub     edx, [slots_record + sr_places + ecx*8]
    mov     eax, ERROR_NO_SPACE
    cmp     edx, esi
    jb      .Lslots_install_free
    mov     dword ptr [slots_record + sr_trial], SLOT_NONE
    mov     dword ptr [slots_record + sr_places + ecx*8 + 4], 0
    call    slots_write                 # nobody takes it while it is written
    jc      .Lslots_install_free
    mov     ecx, [ebp - 16]
    mov     edx, [slots_record + sr_places + ecx*8]
    mov     esi, [ebp - 12]
    call    slots_copy
    jc      .Lslots_install_free
    mov     eax, ebx
    call    volume_flush
    jc      .Lslots_install_free
    mov     ecx, [ebp - 16]
    mov     eax, [ebp - 12]
    mov     [slots_record + sr_places + ecx*8 + 4], eax
    mov     [slots_record + sr_trial], ecx
    mov     dword ptr [slots_record + sr_tries], SLOT_TRIES_FIRST
    call    slots_write
.Lslots_install_free:
    pushfd
    push    eax
    mov     eax, [ebp - 4]
    mov     edx, [ebp - 8]
    call    page_free
    pop     eax
    popfd
    jc      .Lslots_install_done
    mov     ecx, [ebp - 16]
    PRINTF  "Kernel %u is on trial from the next start on, %u tries; then `kernel confirm` keeps it.\n", ecx, SLOT_TRIES_FIRST
    xor     eax, eax
    jmp     .Lslots_install_done
.Lslots_install_bad:
    PRINTF  "kernel: %s: %s\n", edi, eax
    mov     eax, 1
    clc
.Lslots_install_done:
    ENDFRAME
    ret

# Writes a kernel. May sleep.
# In: EBX volume, EDX first sector, EDI memory, ESI sectors.
# Out: CF and EAX error.
# Clobbers: ESI, EDI too.
slots_copy:
    push    ebp
    mov     ebp, esi
1:  mov     esi, ebp
    cmp     esi, 64
    jbe     2f
    mov     esi, 64
2:  mov     eax, ebx
    mov     ecx, edi
    push    edx
    call    volume_write
    pop     edx
    jc      3f
    add     edx, esi
    mov     eax, esi
    shl     eax, 9
    add     edi, eax
    sub     ebp, esi
    jnz     1b
3:  pop     ebp
    ret

# Makes the running kernel, which is on trial, the good one. May sleep.
# In: EBX volume.
# Out: EAX status; CF and EAX error.
slots_confirm:
    call    slots_running
    cmp     eax, [slots_record + sr_trial]
    jne     1f
    cmp     eax, SLOT_NONE
    je      1f
    mov     [slots_record + sr_good], eax
    mov     dword ptr [slots_record + sr_trial], SLOT_NONE
    call    slots_write
    jc      2f
    mov     byte ptr [boot_info + bi_trial], 0
    PRINT   "This kernel is the good one now.\n"
    xor     eax, eax
    ret
1:  PRINT   "kernel: the kernel that runs is not on trial\n"
    mov     eax, 1
    clc
2:  ret

# Puts a kernel on trial, or ends the trial when it is the good one. May sleep.
# In: EBX volume, ESI number of the slot.
# Out: EAX status; CF and EAX error.
slots_select:
    mov     eax, esi
    call    parse_number
    jc      1f
    cmp     byte ptr [edx], 0
    jne     1f
    cmp     eax, 1
    ja      1f
    cmp     dword ptr [slots_record + sr_places + eax*8 + 4], 0
    je      1f
    mov     dword ptr [slots_record + sr_trial], SLOT_NONE
    cmp     eax, [slots_record + sr_good]
    je      2f
    mov     [slots_record + sr_trial], eax
    mov     dword ptr [slots_record + sr_tries], SLOT_TRIES_FIRST
2:  call    slots_write
    mov     eax, 0
    ret
1:  PRINTF  "kernel: there is no kernel %s\n", esi
    mov     eax, 1
    clc
    ret

SHELL_COMMAND "kernel", command_kernel, "list|install DRIVE|confirm|select SLOT [DISK]", "show and choose the kernels of a disk", GROUP_SYSTEM, kernel_text

.section .rodata
kernel_text:
    .ascii  "A disk has room for two kernels. `kernel install hdc` copies that of the CD in hdc into the slot that is\n"
    .ascii  "not the good one's, and puts it on trial: the next three starts take it. Once it runs, `kernel confirm`\n"
    .ascii  "makes it the good one. When it panics, is not confirmed within 10 minutes, or cannot be loaded, the\n"
    .ascii  "machine restarts, and at the end with the good one. `kernel select 0` puts another one on trial, or ends\n"
    .asciz  "the trial when that is the good one. DISK is hda if left out.\n"
.balign 4
slots_verbs:                                # word, routine, words before the disk
    .long   slots_word_list, slots_list, 2, slots_word_install, slots_install, 3
    .long   slots_word_confirm, slots_confirm, 2, slots_word_select, slots_select, 3, 0
STRING slots_word_list, "list"
STRING slots_word_install, "install"
STRING slots_word_confirm, "confirm"
STRING slots_word_select, "select"

.bss
.balign 4
slots_record:       .space SLOT_RECORD_BYTES
