# The tables of the MultiProcessor Specification 1.4, by which systems without ACPI find processors, I/O APIC and the
# routes of interrupts. The floating pointer is in the EBDA, the configuration table in SHADOW; both are there only
# where the processor has a local APIC. The routes are those of POST (pci.s) and of the MADT (acpi.s).

.include "firmware.inc"

.intel_syntax noprefix
.code16

MP_LENGTH               = 4             # header: u16
MP_CHECKSUM             = 7             # u8
MP_ENTRIES              = 34            # u16
LOCAL_APIC              = 0xFEE00000
LOCAL_APIC_VERSION      = 0x14
IO_APIC                 = 0xFEC00000
IO_APIC_VERSION         = 0x20

ENTRY_PROCESSOR         = 0
ENTRY_BUS               = 1
ENTRY_IO_APIC           = 2
ENTRY_INTERRUPT         = 3
ENTRY_LOCAL_INTERRUPT   = 4
PROCESSOR_ENABLED       = 1
PROCESSOR_BOOT          = 2
KIND_INT                = 0
KIND_NMI                = 1
KIND_EXTINT             = 3
AS_BUS                  = 0             # polarity and trigger as the bus has them
HIGH_LEVEL              = 0x0D          # active high, level
BUS_PCI                 = 0
BUS_ISA                 = 1
CPUID_FEATURES          = 1

.text

# Puts the tables into memory.
# Clobbers: EAX, EBX, ECX, EDX, SI, DI, ES.
.global mp_init
mp_init:
    call    apic_present
    jnc     1f
    ret
1:  push    EBDA_SEGMENT
    pop     es
    mov     si, offset pointer
    mov     di, EBDA_MP
    mov     cx, pointer_end - pointer
    rep movsb es:[di], cs:[si]
    mov     ax, SHADOW_SEGMENT
    mov     es, ax
    mov     si, offset header
    mov     di, SHADOW_MP
    mov     cx, header_end - header
    rep movsb es:[di], cs:[si]
    mov     eax, CPUID_FEATURES
    cpuid
    mov     ebx, eax                    # signature
    call    processor_count
    add     es:[SHADOW_MP + MP_ENTRIES], cx
    xor     ah, ah                      # APIC's identifier
2:  mov     al, ENTRY_PROCESSOR
    stosw
    mov     al, LOCAL_APIC_VERSION
    stosb
    cmp     ah, 1
    mov     al, PROCESSOR_ENABLED
    jae     3f
    mov     al, PROCESSOR_ENABLED | PROCESSOR_BOOT
3:  stosb
    mov     es:[di], ebx
    mov     es:[di + 4], edx
    mov     dword ptr es:[di + 8], 0
    mov     dword ptr es:[di + 12], 0
    add     di, 16
    inc     ah
    loop    2b
    mov     si, offset fixed
    mov     cx, fixed_end - fixed
    rep movsb es:[di], cs:[si]
    mov     dx, 1 << 2                  # slot and pin, as an entry has them
4:  mov     ax, ENTRY_INTERRUPT | KIND_INT << 8
    stosw
    mov     ax, HIGH_LEVEL
    stosw
    mov     al, BUS_PCI
    mov     ah, dl
    stosw
    mov     bx, dx
    shr     bx, 2
    add     bx, dx
    dec     bx                          # pin p of slot s leads to PIRQ (p + s - 1) mod 4
    and     bx, 3
    mov     ah, cs:[bx + pirq_lines]
    mov     al, 0                       # I/O APIC
    stosw
    inc     dx
    cmp     dx, (PCI_SLOTS + 1) << 2
    jb      4b
    mov     cx, di
    mov     di, SHADOW_MP
    sub     cx, di
    mov     es:[di + MP_LENGTH], cx
    call    checksum
    mov     es:[di + MP_CHECKSUM], al
    ret

.data

# Floating pointer. Its 16 bytes add up to zero.
MP_ADDRESS              = SHADOW + SHADOW_MP
SUM_ADDRESS             = (MP_ADDRESS & 0xFF) + ((MP_ADDRESS >> 8) & 0xFF) + (MP_ADDRESS >> 16)
SUM_POINTER             = '_' + 'M' + 'P' + '_' + SUM_ADDRESS + 1 + 4
    NOT_FOUND_HERE
pointer:
    .ascii  "_MP_"
    .long   MP_ADDRESS
    .byte   1, 4                        # paragraphs, revision 1.4
    .byte   (0x1000 - SUM_POINTER) & 0xFF
    .byte   0, 0, 0, 0, 0               # a configuration table; virtual wire mode
pointer_end:

header:
    .ascii  "PCMP"
    .word   0                           # length
    .byte   4, 0                        # revision 1.4, checksum
    .ascii  "QURE    "
    .ascii  "QUREEMU     "
    .long   0
    .word   0
    .word   (fixed_end - fixed) / 8 + PCI_SLOTS * PCI_PINS # and the processors
    .long   LOCAL_APIC
    .long   0
header_end:

# Entries of eight bytes each.
fixed:
    .byte   ENTRY_BUS, BUS_PCI
    .ascii  "PCI   "
    .byte   ENTRY_BUS, BUS_ISA
    .ascii  "ISA   "
    .byte   ENTRY_IO_APIC, 0, IO_APIC_VERSION, 1
    .long   IO_APIC
.macro ISA_INTERRUPT irq, input, flags
    .byte   ENTRY_INTERRUPT, KIND_INT
    .word   \flags
    .byte   BUS_ISA, \irq, 0, \input
.endm
    ISA_INTERRUPT 0, 2, AS_BUS
.irp irq, 1, 3, 4, 6, 7, 8, 12, 13, 14, 15
    ISA_INTERRUPT \irq, \irq, AS_BUS
.endr
.irp irq, 5, 9, 10, 11
    ISA_INTERRUPT \irq, \irq, HIGH_LEVEL
.endr
.macro LOCAL_INTERRUPT kind, input
    .byte   ENTRY_LOCAL_INTERRUPT, \kind
    .word   AS_BUS
    .byte   BUS_ISA, 0, 0xFF, \input   # of all local APICs
.endm
    LOCAL_INTERRUPT KIND_EXTINT, 0
    LOCAL_INTERRUPT KIND_NMI, 1
fixed_end:
