# The RAM beneath the addresses from C0000 to EFFFF, which the host bridge shows: for expansion ROMs, tables, and what
# the firmware remembers. The last lies where no program loads to, for the EBDA does. Source: Intel 82441FX data sheet
# (290549), 3.2.18.

.include "firmware.inc"

.intel_syntax noprefix
.code16

HOST_BRIDGE             = 0x12378086    # 440FX
PCI_ID                  = 0x00
PAM1                    = 0x5A          # six bytes: C0000-EFFFF, 32 KiB each; bit 0 of each half read, bit 1 write
PAM3                    = 0x5C
ALL_OPEN                = 0x33333333
ALL_CLOSED              = 0x11111111    # read only,
STATE_OPEN              = 0x31111111    # but for EC000-EFFFF

.text

# The beginning of POST: RAM is there, to read and to write; what the firmware remembers is zero.
# Clobbers: EAX, BX, CX, DX, DI, ES.
.global shadow_open
shadow_open:
    mov     eax, ALL_OPEN
    mov     ecx, eax
    call    shadow_set
    push    STATE_SEGMENT
    pop     es
    xor     ax, ax
    xor     di, di
    mov     cx, STATE_BYTES / 2
    rep stosw
    ret

# The end of POST: ROMs and tables are read only, as programs that write to all of memory expect.
# Clobbers: EAX, BX, ECX, DX, DI.
.global shadow_close
shadow_close:
    mov     eax, ALL_CLOSED
    mov     ecx, STATE_OPEN

# Sets the attributes.
# In: EAX those of C0000-CFFFF in its lower half, ECX those of D0000-EFFFF.
# Clobbers: EAX, BX, DX, DI.
shadow_set:
    push    eax
    xor     bx, bx
    mov     di, PCI_ID
    call    pci_read32
    cmp     eax, HOST_BRIDGE
    pop     eax
    jne     1f
    mov     di, PAM1
    call    pci_write16
    mov     di, PAM3
    mov     eax, ecx
    call    pci_write32
1:  ret
