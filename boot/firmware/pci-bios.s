# The PCI BIOS: INT 1Ah AH=B1h, its entry for 32-bit protected mode, the directory by which systems find that, and the
# table of how interrupt pins are routed. Source: PCI BIOS Specification 2.1; Standard BIOS 32-bit Service Directory
# Proposal 0.4; PCI IRQ Routing Table Specification 1.0.
#
# A caller in protected mode has a code segment that begins where it likes and nothing else of ours, so the code for 32
# bits knows no address of its own.

.include "firmware.inc"
.include "pci-access.inc"

.intel_syntax noprefix
.code16

PCI_SIGNATURE           = 0x20494350    # "PCI "
PCI_SERVICE             = 0x49435024    # "$PCI"
PCI_BIOS_VERSION        = 0x0210
MECHANISM_1             = 0x01
PCI_CLASS               = 0x08
PCI_UNSUPPORTED         = 0x81
PCI_BAD_VENDOR          = 0x83
PCI_NOT_FOUND           = 0x86
PCI_BAD_REGISTER        = 0x87
PCI_BUFFER_SMALL        = 0x89

BIOS32_AT               = 0xE000        # where firmware.ld puts the directory
BIOS32_HEADER_BYTES     = 16
BIOS32_NO_SERVICE       = 0x80
BIOS32_NO_FUNCTION      = 0x81

ISA_BRIDGE              = 1 << 3        # device 1, function 0: the PIIX3
PIIX                    = 0x122E8086    # the router that it is compatible with
FIRST_LINK              = 0x60          # PIRQA#: links are the PIIX's registers
LINK_IRQS               = 1 << 5 | 1 << 10 | 1 << 11
SLOT_BYTES              = 16

# The services, in code of the size at hand.
# In: AL function, with bit 7 or without; others as its part says.
# Out: AH 0, or CF and AH an error.
# Clobbers: nothing else.
.macro PCI_SERVICES si, di, suffix
    and     al, 0x7F                    # 81h-8Fh are the same for callers in protected mode
    cmp     al, 0x01
    je      .Lpci_present\suffix
    cmp     al, 0x02
    je      .Lpci_device\suffix
    cmp     al, 0x03
    je      .Lpci_class\suffix
    cmp     al, 0x0E
    je      .Lpci_routing\suffix
    ja      .Lpci_unsupported\suffix
    cmp     al, 0x08
    jae     .Lpci_access\suffix
.Lpci_unsupported\suffix:
    mov     ah, PCI_UNSUPPORTED
    stc
    ret

# AL=01h.
# Out: EDX "PCI ", AL mechanism, BX version, CL last bus, EDI physical address of the entry in protected mode.
.Lpci_present\suffix:
    mov     edx, PCI_SIGNATURE
    mov     edi, ROM_SEGMENT * 16
    add     edi, offset pci_entry
    mov     bx, PCI_BIOS_VERSION
    mov     cl, 0
    mov     ax, MECHANISM_1
    ret

# AL=02h.
# In: CX device, DX vendor, SI index.
# Out: BX function.
.Lpci_device\suffix:
    cmp     dx, 0xFFFF
    je      .Lpci_vendor\suffix
    push    eax
    push    ecx
    push    edx
    push    esi
    push    edi
    push    bx
    shl     ecx, 16
    mov     cx, dx
    xor     bx, bx
1:  call    pci_next\suffix
    jc      .Lpci_searched\suffix
    cmp     eax, ecx
    jne     2f
    sub     si, 1
    jc      .Lpci_found\suffix
2:  inc     bx
    jmp     1b
.Lpci_found\suffix:
    pop     di                          # not the caller's BX
    clc
    jmp     3f
.Lpci_searched\suffix:
    pop     bx
3:  pop     edi
    pop     esi
    pop     edx
    pop     ecx
    pop     eax
    mov     ah, 0
    jnc     4f
    mov     ah, PCI_NOT_FOUND
4:  ret
.Lpci_vendor\suffix:
    mov     ah, PCI_BAD_VENDOR
    stc
    ret

# AL=03h.
# In: ECX class code, SI index.
# Out: BX function.
.Lpci_class\suffix:
    push    eax
    push    ecx
    push    edx
    push    esi
    push    edi
    push    bx
    shl     ecx, 8
    xor     bx, bx
1:  call    pci_next\suffix
    jc      .Lpci_searched\suffix
    mov     di, PCI_CLASS
    call    pci_read32\suffix
    mov     al, 0                       # without the revision
    cmp     eax, ecx
    jne     2f
    sub     si, 1
    jc      .Lpci_found\suffix
2:  inc     bx
    jmp     1b

# AL=08h-0Ah read, 0Bh-0Dh write a byte, word, dword.
# In: BX function, DI register; CL, CX, ECX value.
# Out: the value there.
.Lpci_access\suffix:
    push    edx
    push    eax
    sub     al, 0x08
    cmp     al, 3
    jb      1f
    sub     al, 3
1:  movzx   edx, al                     # bits that the register's number must not have: 0, 1, 3
    shr     dl, 1
    add     dl, al
    test    di, dx
    jnz     .Lpci_register\suffix
    cmp     di, 0xFF
    ja      .Lpci_register\suffix
    pop     eax
    push    eax
    cmp     al, 0x0B
    jae     .Lpci_write\suffix
    cmp     al, 0x09
    je      2f
    ja      3f
    call    pci_read8\suffix
    mov     cl, al
    jmp     4f
2:  call    pci_read16\suffix
    mov     cx, ax
    jmp     4f
3:  call    pci_read32\suffix
    mov     ecx, eax
    jmp     4f
.Lpci_write\suffix:
    cmp     al, 0x0C
    mov     eax, ecx
    je      5f
    ja      6f
    call    pci_write8\suffix
    jmp     4f
5:  call    pci_write16\suffix
    jmp     4f
6:  call    pci_write32\suffix
4:  pop     eax
    pop     edx
    mov     ah, 0
    clc
    ret
.Lpci_register\suffix:
    pop     eax
    pop     edx
    mov     ah, PCI_BAD_REGISTER
    stc
    ret

# AL=0Eh: how interrupt pins are routed.
# In: ES:DI the size of a buffer and a far pointer to it.
# Out: BX 0: no IRQ is PCI's alone; there the size that it takes, and in the buffer the table's slots.
.Lpci_routing\suffix:
    push    ecx
    mov     cx, es:[\di]
    mov     word ptr es:[\di], .Lslots_end - .Lslots
    cmp     cx, .Lslots_end - .Lslots
    jb      .Lpci_small\suffix
    push    es
    push    esi
    push    edi
    les     \di, es:[\di + 2]
    call    1f
1:  pop     \si
    add     \si, offset .Lslots - 1b
    mov     ecx, .Lslots_end - .Lslots
    cld
    rep movsb es:[\di], cs:[\si]
    pop     edi
    pop     esi
    pop     es
    pop     ecx
    xor     bx, bx
    mov     ah, 0
    ret
.Lpci_small\suffix:
    pop     ecx
    mov     ah, PCI_BUFFER_SMALL
    ret                                 # CF is the comparison's
.endm

.text

# As PCI_SERVICES.
# In: AL function.
pci_services:
    PCI_SERVICES si, di

# INT 1Ah AH=B1h.
# In: AL function.
.global pci_bios
pci_bios:
    call    pci_services
    mov     [bp + F_AX], ax
    mov     [bp + F_BX], bx
    mov     [bp + F_ECX], ecx
    mov     [bp + F_EDX], edx
    mov     [bp + F_EDI], edi
    jc      service_carry
    jmp     service_ok

.code32
    PCI_ACCESS _32

# As PCI_SERVICES, in 32-bit code.
# In: AL function.
pci_services_32:
    PCI_SERVICES esi, edi, _32

# Entry for 32-bit protected mode; called far.
# In: AL function.
pci_entry:
    call    pci_services_32
    retf
.code16

# The routing table. Its bytes add up to zero.
.balign 16
table:
    .ascii  "$PIR"
    .word   0x0100
    .word   .Lslots_end - table
    .byte   0, ISA_BRIDGE
    .word   0                           # IRQs that are PCI's alone
    .long   PIIX
    .zero   4 + 11
    .byte   (0x10000 - SUM_TABLE) & 0xFF
.Lslots:
SUM_SLOTS               = 0
slot                    = 1             # the host bridge has no interrupt
.rept PCI_SLOTS
    .byte   0, slot << 3
pin                     = 0
.rept PCI_PINS                          # pin p of slot s, counted from 1, leads to PIRQ (p + s - 2) mod 4
link                    = FIRST_LINK + (pin + slot - 1) % PCI_PINS
    .byte   link
    .word   LINK_IRQS
SUM_SLOTS               = SUM_SLOTS + link + (LINK_IRQS & 0xFF) + (LINK_IRQS >> 8)
pin                     = pin + 1
.endr
    .byte   slot, 0
SUM_SLOTS               = SUM_SLOTS + (slot << 3) + slot
slot                    = slot + 1
.endr
.Lslots_end:
TABLE_BYTES             = 32 + PCI_SLOTS * SLOT_BYTES
SUM_HEADER              = '$' + 'P' + 'I' + 'R' + 1 + (TABLE_BYTES & 0xFF) + (TABLE_BYTES >> 8)
SUM_TABLE               = SUM_HEADER + ISA_BRIDGE + 0x86 + 0x80 + 0x2E + 0x12 + SUM_SLOTS

# The directory. Its bytes add up to zero.
.section .bios32, "ax"
BIOS32_ENTRY            = ROM_SEGMENT * 16 + BIOS32_AT + BIOS32_HEADER_BYTES
SUM_ADDRESS             = (BIOS32_ENTRY & 0xFF) + ((BIOS32_ENTRY >> 8) & 0xFF) + (BIOS32_ENTRY >> 16)
    .ascii  "_32_"
    .long   BIOS32_ENTRY
    .byte   0, 1                        # revision, paragraphs
    .byte   (0x1000 - ('_' + '3' + '2' + '_' + SUM_ADDRESS + 1)) & 0xFF
    .zero   5

.code32
# Says where a service is; called far.
# In: EAX name, BL 0.
# Out: AL 0, EBX physical address of its segment, ECX bytes, EDX offset of its entry; or AL an error.
# Clobbers: nothing else.
bios32_directory:
    test    bl, bl
    jnz     2f
    cmp     eax, PCI_SERVICE
    jne     1f
    mov     ebx, ROM_SEGMENT * 16
    mov     ecx, 0x10000
    mov     edx, offset pci_entry
    mov     al, 0
    retf
1:  mov     al, BIOS32_NO_SERVICE
    retf
2:  mov     al, BIOS32_NO_FUNCTION
    retf
