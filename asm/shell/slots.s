# The two kernels of a disk, and the command `kernel`: a new one goes into the slot that is not the good one, and is on
# trial until it is confirmed. The loader (boot/loader/slot.s) takes the trial away before it starts it, so a kernel
# that fails has returned already; the good one notes that, and why. All changes are whole: docs/formats/boot-record.md.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "timer.inc"
.include "tasks.inc"
.include "bootinfo.inc"
.include "bootrecord.inc"
.include "slots.inc"
.include "signature.inc"
.include "download.inc"

TRIAL_MS            = 600000                # a kernel that nobody confirms in this time restarts the machine
SLOT_HEADER_BYTES   = 512
KI_LABEL            = 84
KI_LABEL_BYTES      = 32

.text

# A kernel on trial has so much time to be confirmed; a good one looks whether a trial has failed. May sleep.
slots_init:
    cmp     byte ptr [boot_info + bi_slot], 0
    je      1f
    cmp     byte ptr [boot_info + bi_trial], 0
    je      slots_settle
    PRINT   "This kernel is on trial: `kernel confirm` keeps it, else the machine restarts within 10 minutes.\n"
    call    trial_watch
    mov     eax, offset slots_timer
    mov     edx, TRIAL_MS
    jmp     timer_set
1:  ret

INITCALL 9, slots_init

# The time is over. Interrupts are off.
# In: EAX is not used.
slots_expired:
    cmp     byte ptr [boot_info + bi_trial], 0
    je      1f
    mov     eax, SLOT_RESULT_LATE
    call    trial_reason
    jmp     power_reset
1:  ret

TIMER slots_timer, slots_expired

# Gives the trial the time that the cluster's upgrade has for it, and says so.
# In: EDX milliseconds from now.
# Clobbers: EAX, ECX, EDX.
.global slots_trial_ends
slots_trial_ends:
    push    edx
    mov     eax, edx
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    PRINTF  "The cluster upgrades: it keeps this kernel within %u s, else the machine restarts.\n", eax
    pop     edx
    mov     eax, offset slots_timer
    jmp     timer_set

# Ends a trial that has failed: counts it, and notes the reason. May sleep.
slots_settle:
    push    ebx
    push    esi
    push    edi
    call    slots_boot
    jc      .Lslots_settle_done
    mov     esi, [slots_record + sr_trial]
    cmp     esi, 1
    ja      .Lslots_settle_done
    cmp     dword ptr [slots_record + sr_tries], 0
    jne     .Lslots_settle_done
    imul    esi, esi, SLOT_CONTENT_BYTES
    mov     esi, [slots_record + sr_contents + esi] # ESI: revision
    mov     eax, esi
    call    trial_left
    jnc     .Lslots_settle_known
    mov     eax, SLOT_RESULT_FAILED
.Lslots_settle_known:
    mov     edi, eax
    call    slots_end_trial
    mov     eax, esi
    call    slots_failure
    mov     [ecx], eax
    inc     dword ptr [ecx + 4]
    mov     edx, [slots_results + edi*4]
    PRINTF  "The kernel of revision %u %s on its trial: `kernel log` shows what it said.\n", esi, edx
    call    slots_write
    jnc     .Lslots_settle_done
    call    error_text
    PRINTF  "kernel: the end of the trial cannot be noted: %s\n", eax
.Lslots_settle_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether a kernel may be put on trial. Says why not.
# In: EAX revision.
# Out: CF when not.
.global slots_allowed
slots_allowed:
    call    slots_barred
    jnc     2f
    jecxz   1f
    PRINTF  "kernel: revision %u has failed %u times: `kernel allow %u` lets it be tried again\n", eax, ecx, eax
    stc
2:  ret
1:  PRINTF  "kernel: revision %u is below the lowest of this disk, %u\n", eax, [slots_record + sr_floor]
    stc
    ret

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
.global command_kernel
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
    xor     ecx, ecx
    cmp     dword ptr [ebx + 4], offset slots_install
    jne     .Lcommand_kernel_words
    call    slots_option
.Lcommand_kernel_words:
    cmp     dword ptr [ebx + 4], offset kernel_verify
    jne     1f
    cmp     edi, 2
    jne     1f
    xor     esi, esi                    # by the signatures that the slots have
    LOAD_STRING eax, "hda"
    jmp     .Lcommand_kernel_disk
1:  sub     edi, [ebx + 8]              # words before the disk
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
    call    kernel_load
    jnc     .Lcommand_kernel_done
    push    ecx
    mov     eax, offset slots_mutex     # one change after the other, and none is left half done by Ctrl-C
    call    mutex_lock
    pop     dword ptr [slots_unsigned]
    mov     eax, ebp
    push    esi
    call    slots_read
    pop     esi
    jc      .Lcommand_kernel_unlock
    call    edi
.Lcommand_kernel_unlock:
    pushfd
    push    eax
    mov     eax, offset slots_mutex
    call    mutex_unlock
    pop     eax
    popfd
    jnc     .Lcommand_kernel_done
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

# Takes `--unsigned` out of the words of `kernel install`.
# In: EDI argc, EBP argv.
# Out: EDI, EBP without it; ECX 1 when it was there, else 0.
# Clobbers: EAX, EDX.
slots_option:
    xor     ecx, ecx
    cmp     edi, 3
    jb      1f
    mov     eax, [ebp + 8]
    mov     edx, offset slots_word_unsigned
    push    ecx
    call    string_compare
    pop     ecx
    jne     1f
    inc     ecx
    mov     eax, [ebp + 4]
    mov     [ebp + 8], eax
    mov     eax, [ebp]
    mov     [ebp + 4], eax
    add     ebp, 4
    dec     edi
1:  ret

# Installs a kernel that is not on a drive: `kernel install URL`, or a revision that members of the cluster have. The
# record of slots is not locked while it comes. May sleep, for minutes.
# In: EDI routine of the command, ESI what is to be installed, EBP name of the disk, ECX 1 for --unsigned.
# Out: EAX status; CF when the command is another one.
# Clobbers: EDX; ECX only without CF.
kernel_load:
    cmp     edi, offset slots_install
    jne     .Lkernel_load_other
    push    ecx
    mov     eax, esi
    call    parse_number
    jc      1f
    cmp     byte ptr [edx], 0
    jne     1f
    test    eax, eax
    jnz     .Lkernel_load_given
1:  mov     eax, esi
    mov     dl, ':'                     # which no name of a drive has
    call    string_find
    jc      .Lkernel_load_drive
    xor     eax, eax
.Lkernel_load_given:
    pop     ecx
    neg     ecx
    and     ecx, FETCH_UNSIGNED
    or      ecx, FETCH_TRIAL | FETCH_BREAKS
    push    esi
    test    eax, eax
    jz      2f
    xor     esi, esi
2:  mov     edx, ebp
    call    break_clear
    call    download_kernel
    pop     esi
    jc      3f
    PRINTF  "Kernel %u is on trial at the next start; then `kernel confirm` keeps it.\n", eax
    xor     eax, eax
    ret
3:  mov     eax, 1
    clc
    ret
.Lkernel_load_drive:
    pop     ecx
.Lkernel_load_other:
    stc
    ret

# Lists the kernels of a disk, and what became of the last trial.
# In: EBX volume.
# Out: EAX status.
slots_list:
    push    edi
    xor     edi, edi                    # EDI: slot
.Lslots_list_slot:
    call    slots_describe
    jc      .Lslots_list_done
    inc     edi
    cmp     edi, 2
    jb      .Lslots_list_slot
    mov     edi, [slots_record + sr_result]
    dec     edi
    cmp     edi, SLOT_RESULT_HUNG
    jae     .Lslots_list_failures
    PRINTF  "The last trial, of revision %u, %s.\n", [slots_record+sr_result_revision], [slots_results + edi*4 + 4]
.Lslots_list_failures:
    mov     edi, offset slots_record + sr_failures
.Lslots_list_failure:
    cmp     dword ptr [edi + 4], SLOT_REFUSED
    jb      .Lslots_list_next
    PRINTF  "Revision %u is refused: it has failed %u times.\n", [edi], [edi + 4]
.Lslots_list_next:
    add     edi, 8
    cmp     edi, offset slots_record + sr_failures + SLOT_FAILURES * 8
    jb      .Lslots_list_failure
    xor     eax, eax
.Lslots_list_done:
    pop     edi
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
    PRINTF  "%u  %s, revision %u, sector %u", edi, eax, [ebp-SLOT_HEADER_BYTES+ki_revision], [slots_record+sr_places+edi*8]
    call    kernel_told
    cmp     [slots_record + sr_good], edi
    jne     .Lslots_describe_trial
    PRINT   ", good"
.Lslots_describe_trial:
    cmp     [slots_record + sr_trial], edi
    jne     .Lslots_describe_running
    PRINT   ", on trial"
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

# Copies the kernel of another drive into the slot that is not good, and puts it on trial. May sleep.
# In: EBX volume, ESI name of the drive.
# Out: EAX status; CF and EAX error.
# Clobbers: ESI, EDI too.
slots_install:
    FRAME   16
    # Locals: -4 image, -8 its pages, -12 signature or 0, -16 name of the drive
    mov     [ebp - 16], esi
    mov     dword ptr [ebp - 12], 0
    mov     eax, esi
    call    slots_fetch
    jc      .Lslots_install_bad
    mov     [ebp - 4], eax
    mov     [ebp - 8], ecx
    mov     edi, edx                    # EDI: kernel, ESI: its sectors
    cmp     dword ptr [slots_unsigned], 0
    jne     .Lslots_install_trusted
    mov     eax, [ebp - 16]
    mov     ecx, esi
    call    kernel_signed
    jc      .Lslots_install_untrusted
    mov     [ebp - 12], edx
.Lslots_install_trusted:
    mov     eax, [edi + ki_revision]
    call    slots_allowed
    jc      .Lslots_install_refused
    mov     edx, [ebp - 12]
    call    slots_put_trial
    call    slots_install_free
    jc      .Lslots_install_done
    PRINTF  "Kernel %u is on trial at the next start; then `kernel confirm` keeps it.\n", ecx
    xor     eax, eax
    jmp     .Lslots_install_done
.Lslots_install_untrusted:
    PRINT   "kernel: `kernel install --unsigned` does not ask who made a kernel\n"
    PRINTF  "kernel: %s: %s\n", [ebp-16], eax
.Lslots_install_refused:
    call    slots_install_free
    jmp     .Lslots_install_no
.Lslots_install_bad:
    PRINTF  "kernel: %s: %s\n", [ebp-16], eax
.Lslots_install_no:
    mov     eax, 1
    clc
.Lslots_install_done:
    ENDFRAME
    ret

# Gives back what slots_install read.
# In: the frame of slots_install.
# Clobbers: nothing, and no flag.
slots_install_free:
    pushfd
    pushad
    mov     eax, [ebp - 4]
    mov     edx, [ebp - 8]
    call    page_free
    mov     eax, [ebp - 12]
    test    eax, eax
    jz      1f
    mov     edx, SIGNATURE_PAGES
    call    page_free
1:  popad
    popfd
    ret

# Makes the running kernel, which is on trial, the good one. May sleep.
# In: EBX volume.
# Out: EAX status; CF and EAX error.
# Clobbers: ESI, EDI too.
.global slots_confirm
slots_confirm:
    call    slots_running
    cmp     eax, [slots_record + sr_trial]
    jne     1f
    cmp     eax, SLOT_NONE
    je      1f
    mov     [slots_record + sr_good], eax
    imul    eax, eax, SLOT_CONTENT_BYTES
    mov     esi, [slots_record + sr_contents + eax]
    mov     edi, SLOT_RESULT_CONFIRMED
    call    slots_end_trial
    call    slots_forgive
    call    slots_write
    jc      2f
    mov     byte ptr [boot_info + bi_trial], 0
    INTERRUPTS_OFF
    call    trial_watch_end
    INTERRUPTS_RESTORE
    PRINT   "This kernel is the good one now.\n"
    xor     eax, eax
    ret
1:  PRINT   "kernel: the kernel that runs is not on trial\n"
    mov     eax, 1
    clc
2:  ret

# Lets a revision that has failed be tried again. May sleep.
# In: EBX volume, ESI the revision as text.
# Out: EAX status; CF and EAX error.
# Clobbers: ESI too.
slots_allow:
    push    esi
    mov     eax, esi
    call    parse_number
    jc      1f
    cmp     byte ptr [edx], 0
    jne     1f
    mov     esi, eax
    call    slots_forgive
    jc      1f
    pop     eax
    call    slots_write
    jc      2f
    xor     eax, eax
    ret
1:  pop     esi
    PRINTF  "kernel: no revision %s has failed on this disk\n", esi
    mov     eax, 1
    clc
2:  ret

# Prints what the last kernel on trial has said.
# Out: EAX status.
slots_log:
    call    trial_show
    mov     eax, 0
    jnc     1f
    PRINT   "kernel: nothing is left of a trial: that is kept until the power goes\n"
    mov     eax, 1
    clc
1:  ret

# Puts a kernel on trial, or ends the trial when it is the good one. May sleep.
# In: EBX volume, ESI number of the slot.
# Out: EAX status; CF and EAX error.
# Clobbers: ESI, EDI too.
slots_select:
    mov     eax, esi
    call    parse_number
    jc      .Lslots_select_none
    cmp     byte ptr [edx], 0
    jne     .Lslots_select_none
    cmp     eax, 1
    ja      .Lslots_select_none
    cmp     dword ptr [slots_record + sr_places + eax*8 + 4], 0
    je      .Lslots_select_none
    cmp     eax, [slots_record + sr_good]
    je      .Lslots_select_good
    push    eax
    imul    eax, eax, SLOT_CONTENT_BYTES
    mov     eax, [slots_record + sr_contents + eax]
    call    slots_allowed
    pop     eax
    jc      .Lslots_select_no
    mov     [slots_record + sr_trial], eax
    mov     dword ptr [slots_record + sr_tries], 1
    jmp     .Lslots_select_write
.Lslots_select_good:
    mov     eax, [slots_record + sr_trial]
    cmp     eax, SLOT_NONE
    je      .Lslots_select_write
    imul    eax, eax, SLOT_CONTENT_BYTES
    mov     esi, [slots_record + sr_contents + eax]
    mov     edi, SLOT_RESULT_ENDED
    call    slots_end_trial
.Lslots_select_write:
    call    slots_write
    jc      .Lslots_select_done
    xor     eax, eax
    ret
.Lslots_select_none:
    PRINTF  "kernel: there is no kernel %s\n", esi
.Lslots_select_no:
    mov     eax, 1
    clc
.Lslots_select_done:
    ret

SHELL_COMMAND "kernel", command_kernel, "list|install [--unsigned] DRIVE|URL|REVISION|confirm|select SLOT|allow REVISION|verify [FILE]|trust FILE|log [DISK]", "show and choose the kernels of a disk", GROUP_SYSTEM, kernel_text

.section .rodata
kernel_text:
    .ascii  "A disk has room for two kernels. `kernel install hdc` copies that of the CD in hdc into the slot that is\n"
    .ascii  "not the good one's, and puts it on trial: the next start takes it, once. While it runs, `kernel confirm`\n"
    .ascii  "makes it the good one. When it panics, is not confirmed within 10 minutes (within 2, if it is on trial for\n"
    .ascii  "`cloud upgrade`), or cannot be loaded, the machine restarts with the good one, and `kernel log` shows\n"
    .ascii  "what it said. A revision that failed twice is refused until `kernel allow`. `kernel select 0` puts\n"
    .ascii  "another one on trial, or ends the trial when that is the good one. DISK is hda if left out.\n"
    .ascii  "`kernel install http://HOST/kernel/1207` loads one from a web server, with its signature at the same URL\n"
    .ascii  "and .sig; `kernel install 1207` from the cluster's members. Each piece is proven as it comes.\n"
    .ascii  "A kernel is installed when a key that this one trusts has signed it; with --unsigned nobody asks. `kernel\n"
    .ascii  "verify` proves the kernels of the disk by their signatures, `kernel verify FILE` says which of them the\n"
    .ascii  "signature in FILE is of; `kernel trust FILE` takes over a\n"
    .asciz  "list of keys that one of the keys before has signed.\n"
.balign 4
slots_verbs:                                # word, routine, words before the disk
    .long   slots_word_list, slots_list, 2, slots_word_install, slots_install, 3
    .long   slots_word_confirm, slots_confirm, 2, slots_word_select, slots_select, 3
    .long   slots_word_allow, slots_allow, 3, slots_word_log, slots_log, 2
    .long   slots_word_verify, kernel_verify, 3, slots_word_trust, kernel_trust, 3, 0
slots_results:                              # by SLOT_RESULT_*
    .long   0, slots_was_confirmed, slots_was_lost, slots_was_panic, slots_was_late, slots_was_ended, slots_was_hung
STRING slots_word_list, "list"
STRING slots_word_install, "install"
STRING slots_word_confirm, "confirm"
STRING slots_word_select, "select"
STRING slots_word_allow, "allow"
STRING slots_word_log, "log"
STRING slots_was_confirmed, "was confirmed"
STRING slots_was_lost, "was not confirmed"
STRING slots_was_panic, "panicked"
STRING slots_was_late, "was not confirmed in time"
STRING slots_was_ended, "was ended by a person"
STRING slots_was_hung, "hung"
STRING slots_word_verify, "verify"
STRING slots_word_trust, "trust"
STRING slots_word_unsigned, "--unsigned"

.bss
.balign 4
slots_unsigned:     .space 4                    # 1: nobody asks who made the kernel that is installed
