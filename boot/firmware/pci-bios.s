# INT 1Ah AH=B1h: the PCI BIOS. Source: PCI BIOS Specification 2.1.

.include "firmware.inc"

.intel_syntax noprefix
.code16

PCI_SIGNATURE           = 0x20494350    # "PCI "
PCI_BIOS_VERSION        = 0x0210
MECHANISM_1             = 0x01
PCI_CLASS               = 0x08
PCI_UNSUPPORTED         = 0x81
PCI_BAD_VENDOR          = 0x83
PCI_NOT_FOUND           = 0x86
PCI_BAD_REGISTER        = 0x87

.text

# INT 1Ah AH=B1h: the PCI BIOS.
# In: AL function.
# Out: AH 0, or CF and AH an error.
.global pci_bios
pci_bios:
    and     al, 0x7F                    # 81h-8Fh are the same for callers in protected mode
    push    cx
    mov     si, offset pci_functions
    call    function_find
    pop     cx
    push    bx
    mov     bx, [bp + F_BX]
    mov     si, [bp + F_SI]
    ret

pci_unsupported:
    mov     ah, PCI_UNSUPPORTED
    jmp     pci_error
pci_not_found:
    mov     ah, PCI_NOT_FOUND
pci_error:
    mov     [bp + F_AH], ah
    jmp     service_carry
pci_good:
    mov     byte ptr [bp + F_AH], 0
    jmp     service_ok

# AL=01h.
# Out: EDX "PCI ", AL mechanism, BX version, CL last bus, EDI 0: no entry in protected mode.
pci_bios_present:
    mov     dword ptr [bp + F_EDX], PCI_SIGNATURE
    mov     byte ptr [bp + F_AL], MECHANISM_1
    mov     word ptr [bp + F_BX], PCI_BIOS_VERSION
    mov     byte ptr [bp + F_CL], 0
    mov     dword ptr [bp + F_EDI], 0
    jmp     pci_good

# AL=02h.
# In: CX device, DX vendor, SI index.
# Out: BX function.
pci_find_device:
    cmp     dx, 0xFFFF
    mov     ah, PCI_BAD_VENDOR
    je      pci_error
    shl     ecx, 16
    mov     cx, dx
    xor     bx, bx
1:  call    pci_next
    jc      pci_not_found
    cmp     eax, ecx
    jne     2f
    sub     si, 1
    jc      pci_found
2:  inc     bx
    jmp     1b
pci_found:
    mov     [bp + F_BX], bx
    jmp     pci_good

# AL=03h.
# In: ECX class code, SI index.
# Out: BX function.
pci_find_class:
    xor     bx, bx
    and     ecx, 0xFFFFFF
1:  call    pci_next
    jc      pci_not_found
    mov     di, PCI_CLASS
    call    pci_read32
    shr     eax, 8
    cmp     eax, ecx
    jne     2f
    sub     si, 1
    jc      pci_found
2:  inc     bx
    jmp     1b

# AL=08h-0Ah read, 0Bh-0Dh write a byte, word, dword.
# In: BX function, DI register, CL, CX, ECX value.
# Out: the value there.
pci_read_byte:
    call    pci_register
    call    pci_read8
    mov     [bp + F_CL], al
    jmp     pci_good

# AL=09h: reads a word of configuration space.
# Out: CX value.
pci_read_word:
    call    pci_register
    call    pci_read16
    mov     [bp + F_CX], ax
    jmp     pci_good

# AL=0Ah: reads a dword of configuration space.
# Out: ECX value.
pci_read_dword:
    call    pci_register
    call    pci_read32
    mov     [bp + F_ECX], eax
    jmp     pci_good

# AL=0Bh: writes a byte of configuration space.
# In: CL value.
pci_write_byte:
    call    pci_register
    call    pci_write8
    jmp     pci_good

# AL=0Ch: writes a word of configuration space.
# In: CX value.
pci_write_word:
    call    pci_register
    call    pci_write16
    jmp     pci_good

# AL=0Dh: writes a dword of configuration space.
# In: ECX value.
pci_write_dword:
    call    pci_register
    call    pci_write32
    jmp     pci_good

# Checks the register for its size.
# In: DI register.
# Out: EAX = ECX; returns to the caller's caller with an error when the register is bad.
# Clobbers: SI.
pci_register:
    movzx   si, byte ptr [bp + F_AL]
    and     si, 0x7F
    mov     al, cs:[si + register_masks - 8]
    xor     ah, ah
    test    di, ax
    jnz     1f
    cmp     di, 0xFF
    ja      1f
    mov     eax, ecx
    ret
1:  pop     ax
    mov     ah, PCI_BAD_REGISTER
    jmp     pci_error

.data
pci_functions:
    .word   pci_unsupported, 9
    FUNCTION 0x01, pci_bios_present
    FUNCTION 0x02, pci_find_device
    FUNCTION 0x03, pci_find_class
    FUNCTION 0x08, pci_read_byte
    FUNCTION 0x09, pci_read_word
    FUNCTION 0x0A, pci_read_dword
    FUNCTION 0x0B, pci_write_byte
    FUNCTION 0x0C, pci_write_word
    FUNCTION 0x0D, pci_write_dword
# By function, from 08h: bits that the register's number must not have.
register_masks: .byte 0, 1, 3, 0, 1, 3
