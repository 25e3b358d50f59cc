# Which copy of the machine this is. A machine that comes back from a snapshot cannot know that by itself: its memory is
# as it was, and what it would draw next somebody may have drawn already. Where the host has a counter that it changes
# then, that is looked at: QEMU's and the emulator's (-device vmgenid, docs/specs/vmgenid.rst of QEMU), which both have
# it as a file of the firmware configuration device.

.include "macros.inc"
.include "tasks.inc"
.include "generation.inc"

GENERATION_AT           = 40            # of the bytes in the file
FILE_BYTES              = GENERATION_AT + GENERATION_BYTES

.bss
.balign 4
.global generation
generation:             .space GENERATION_BYTES # as it was seen last; zeros where the host has none
    # how often it was another than before: what was drawn when this was lower is drawn anew
.global generation_count
generation_count:       .space 4
.global generation_key
generation_key:         .space 4        # of the file, 0: there is none
generation_now:         .space FILE_BYTES
generation_mutex:       .space MUTEX_SIZE

STRING generation_file, "etc/vmgenid_guid"

HOOK host_files, hook_none, hook_none       # asm/drivers/fw-cfg.s
HOST_FILE_FIND          = 0
HOST_FILE_TAKE          = 4
HOOK generation_changed, hook_none          # asm/net/renew.s

.text

# Looks for the counter, at boot.
generation_init:
    mov     eax, offset generation_file
    call    [host_files + HOST_FILE_FIND]
    jc      9f
    mov     [generation_key], eax
    call    generation_look
    mov     dword ptr [generation_count], 0
9:  clc
    ret
INITCALL 5, generation_init

# This machine has become the twin of another. Interrupts are off.
# Clobbers: EAX, ECX, EDX.
.global generation_landed
generation_landed:
    inc     dword ptr [generation_count]
    jmp     [generation_changed]

# Looks at the counter. May sleep.
# Clobbers: EAX, ECX, EDX.
.global generation_look
generation_look:
    cmp     dword ptr [generation_key], 0
    je      9f
    mov     eax, offset generation_mutex
    call    mutex_lock
    mov     eax, [generation_key]
    mov     edx, offset generation_now
    mov     ecx, FILE_BYTES
    call    [host_files + HOST_FILE_TAKE]
    mov     eax, offset generation
    mov     edx, offset generation_now + GENERATION_AT
    mov     ecx, GENERATION_BYTES
    call    mem_compare
    je      8f
    mov     eax, offset generation
    mov     edx, offset generation_now + GENERATION_AT
    mov     ecx, GENERATION_BYTES
    call    mem_copy
    inc     dword ptr [generation_count]
    call    [generation_changed]
8:  mov     eax, offset generation_mutex
    jmp     mutex_unlock
9:  ret
