# The local APIC of processors that have one: after reset it lets no interrupt of the 8259As through. Virtual wire mode
# (MultiProcessor Specification 1.4, 3.6.2.2) makes the machine look like a PC/AT.

.include "firmware.inc"

.intel_syntax noprefix
.code16

EFLAGS_ID               = 1 << 21       # can be changed: there is CPUID
CPUID_FEATURES          = 1
FEATURE_APIC            = 9             # bit of EDX
CR0_PE                  = 1
DATA_4G                 = 0x08          # selectors of the table below
DATA_64K                = 0x10
PROCESSORS_MAX          = 8             # that the tables have room for

APIC                    = 0xFEE00000
APIC_SPURIOUS           = 0x0F0         # bit 8: the APIC works
APIC_LINT0              = 0x350
APIC_LINT1              = 0x360
SPURIOUS_ENABLED        = 0x10F         # vector 0Fh, like a spurious one of the master 8259A
LVT_EXTINT              = 0x700         # LINT0: the 8259As deliver the vector
LVT_NMI                 = 0x400

.text

# Does the processor have a local APIC?
# Out: CF clear when it has.
# Clobbers: EAX, EBX, ECX, EDX.
.global apic_present
apic_present:
    pushfd
    pop     eax
    mov     ecx, eax
    xor     eax, EFLAGS_ID
    push    eax
    popfd
    pushfd
    pop     eax
    cmp     eax, ecx
    stc
    je      1f                          # a 486 or older
    mov     eax, CPUID_FEATURES
    cpuid
    bt      edx, FEATURE_APIC
    cmc
1:  ret

# How many processors the machine has.
# Out: CX.
# Clobbers: AL.
.global processor_count
processor_count:
    mov     al, CMOS_PROCESSORS
    call    cmos_read
    movzx   cx, al
    inc     cx
    cmp     cx, PROCESSORS_MAX
    jbe     1f
    mov     cx, PROCESSORS_MAX
1:  ret

# Reads a register beyond the reach of real mode.
# In: EBX address.
# Out: EAX.
# Clobbers: BX, CX, EDX.
.global high_read
high_read:
    pushf
    cli
    push    ds
    lgdt    cs:[descriptors_pointer]
    mov     edx, cr0
    or      dl, CR0_PE
    mov     cr0, edx
    jmp     1f
1:  mov     cx, DATA_4G
    mov     ds, cx
    mov     eax, [ebx]
    mov     cx, DATA_64K
    mov     ds, cx
    and     dl, ~CR0_PE
    mov     cr0, edx
    jmp     2f
2:  pop     ds
    popf
    ret

# Has the local APIC, where there is one, let the interrupt controllers through. Interrupts must be off.
# Clobbers: EAX, EBX, ECX, EDX.
.global apic_init
apic_init:
    call    apic_present
    jc      9f
    push    ds                          # its registers are beyond the reach of real mode
    lgdt    cs:[descriptors_pointer]
    mov     eax, cr0
    or      al, CR0_PE
    mov     cr0, eax
    jmp     1f
1:  mov     bx, DATA_4G
    mov     ds, bx
    mov     ebx, APIC
    mov     dword ptr [ebx + APIC_SPURIOUS], SPURIOUS_ENABLED # first: a disabled APIC masks what follows
    mov     dword ptr [ebx + APIC_LINT0], LVT_EXTINT
    mov     dword ptr [ebx + APIC_LINT1], LVT_NMI
    mov     bx, DATA_64K
    mov     ds, bx
    and     al, ~CR0_PE
    mov     cr0, eax
    jmp     2f
2:  pop     ds
9:  ret

.data
.balign 8
descriptors:
    .quad   0
    .quad   0x00CF93000000FFFF          # DATA_4G: data, base 0, limit 4 GiB
    .quad   0x000093000000FFFF          # DATA_64K: data, limit 64 KiB
descriptors_end:
descriptors_pointer:
    .word   descriptors_end - descriptors - 1
    .long   ROM_SEGMENT * 16 + descriptors
