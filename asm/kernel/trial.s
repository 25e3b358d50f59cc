# A kernel on trial keeps what it prints where the next kernel finds it (trial.inc): after a panic, a hang or a triple
# fault that is all there is to tell why it failed.

.include "macros.inc"
.include "bootinfo.inc"
.include "memory.inc"
.include "trial.inc"
.include "slots.inc"

LOG = KERNEL_SPACE + TRIAL_LOG

.text

# Takes the pages that the log is in, where a disk has slots and the machine has memory there. Called before any page is
# given out.
.global trial_reserve
trial_reserve:
    cmp     byte ptr [boot_info + bi_slot], 0
    je      1f
    cmp     dword ptr [pages_low_end], (TRIAL_LOG >> 12) + TRIAL_LOG_PAGES
    jb      1f
    cmp     dword ptr [page_lowest], TRIAL_LOG >> 12
    ja      1f
    mov     byte ptr [trial_log], 1
    mov     eax, TRIAL_LOG >> 12
    mov     ecx, TRIAL_LOG_PAGES
    mov     edx, 1
    jmp     pages_mark
1:  ret

# Begins to keep what is printed, in a kernel on trial.
trial_init:
    cmp     byte ptr [boot_info + bi_trial], 0
    je      1f
    cmp     byte ptr [trial_log], 0
    je      1f
    mov     eax, [boot_info + bi_revision]
    mov     [LOG + tl_revision], eax
    not     eax
    mov     [LOG + tl_other_bits], eax
    mov     dword ptr [LOG + tl_reason], SLOT_RESULT_FAILED
    mov     dword ptr [LOG + tl_end], 0
    mov     dword ptr [LOG + tl_magic], TRIAL_LOG_MAGIC
    mov     dword ptr [print_put], offset trial_put
1:  ret

INITCALL 1z, trial_init

# Prints a character, and keeps it.
# In: AL. Preserves all but the flags, as the printer does.
trial_put:
    push    ecx
    mov     ecx, [LOG + tl_end]
    inc     dword ptr [LOG + tl_end]
    and     ecx, TRIAL_TEXT_BYTES - 1
    mov     [LOG + tl_text + ecx], al
    pop     ecx
    jmp     print_put_plain

# Notes why the trial ends, if there is one. Callable with interrupts off.
# In: EAX SLOT_RESULT_*.
# Clobbers: nothing.
.global trial_reason
trial_reason:
    cmp     dword ptr [print_put], offset trial_put
    jne     1f
    mov     [LOG + tl_reason], eax
1:  ret

# Whether there is what a trial of a revision has left.
# In: EAX revision.
# Out: EAX SLOT_RESULT_*; CF when there is nothing.
# Clobbers: nothing else.
.global trial_left
trial_left:
    cmp     byte ptr [trial_log], 0
    je      1f
    cmp     dword ptr [LOG + tl_magic], TRIAL_LOG_MAGIC
    jne     1f
    cmp     eax, [LOG + tl_revision]
    jne     1f
    not     eax
    cmp     eax, [LOG + tl_other_bits]
    jne     1f
    mov     eax, [LOG + tl_reason]
    sub     eax, SLOT_RESULT_FAILED     # what else may stand there
    cmp     eax, SLOT_RESULT_HUNG - SLOT_RESULT_FAILED + 1
    cmc
    jc      1f
    add     eax, SLOT_RESULT_FAILED     # CF is clear
    ret
1:  stc
    ret

# Prints what the last trial printed.
# Out: CF when there is nothing.
.global trial_show
trial_show:
    push    esi
    push    edi
    mov     al, [trial_log]
    cmp     al, 1
    jc      2f
    mov     eax, [LOG + tl_revision]
    call    trial_left
    jc      2f
    mov     edi, [LOG + tl_end]
    xor     esi, esi
    cmp     edi, TRIAL_TEXT_BYTES
    jbe     1f
    lea     esi, [edi - TRIAL_TEXT_BYTES]
1:  cmp     esi, edi
    je      2f                          # CF is clear
    mov     ecx, esi
    and     ecx, TRIAL_TEXT_BYTES - 1
    mov     al, [LOG + tl_text + ecx]
    call    print_char
    inc     esi
    jmp     1b
2:  pop     edi
    pop     esi
    ret

.bss
trial_log:          .space 1                # 1: there is memory for it
