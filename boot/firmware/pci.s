# PCI: configuration mechanism 1, and POST's work: every function of bus 0 gets its ports, memory and interrupt line.
# Source: PCI Local Bus Specification 2.2, 3.2.2.3 and 6.2.5; Intel 82371SB (PIIX3) and 82371AB (PIIX4) data sheets.

.include "firmware.inc"
.include "pci-access.inc"

.intel_syntax noprefix
.code16

PCI_COMMAND             = 0x04
PCI_CLASS               = 0x08
PCI_BAR0                = 0x10
PCI_BARS                = 6
PCI_INTERRUPT_LINE      = 0x3C
PCI_INTERRUPT_PIN       = 0x3D
PCI_ROM                 = 0x30
HEADER_KIND             = 0x7F          # 0: a function with a register at PCI_ROM
ROM_ADDRESS             = 0xFFFFF800
COMMAND_USUAL           = 0x0103        # I/O, memory, SERR#
CLASS_BRIDGE            = 0x06
BAR_IO                  = 0x01
BAR_64BIT               = 0x04          # bits 1-2 of a memory BAR

IO_FIRST                = 0xC000        # ports for devices: from here up
MEMORY_LAST             = 0xFEC00000    # memory for devices: from here down

PIIX_PIRQ               = 0x60          # four bytes: IRQ of PIRQA# to PIRQD#
PIIX_IDE_TIMING         = 0x40          # two words: primary, secondary channel
PIIX_IDE_ENABLE         = 0x8000        # the channel answers at its ports
PIIX4_PMBA              = 0x40
PIIX4_PMREGMISC         = 0x80          # bit 0: the power management ports answer
ELCR                    = 0x4D0         # edge/level control of IRQ 0-7, then 8-15
ELCR_IRQ10_11           = 0x0C00
SCI_IRQ                 = 9
CHIP_BYTES              = 6             # entry of the table of chips

.text

    PCI_ACCESS

# Gives every function what it needs.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
.global pci_init
pci_init:
    IN_STATE mov dword ptr [STATE_PCI_IO], IO_FIRST
    IN_STATE mov dword ptr [STATE_PCI_MEMORY], MEMORY_LAST
    xor     bx, bx
.Lpci_init_function:
    call    pci_next
    jc      .Lpci_init_done
    push    eax
    mov     di, PCI_CLASS + 3
    call    pci_read8
    cmp     al, CLASS_BRIDGE
    je      .Lpci_init_bridge
    call    pci_bars
    call    pci_interrupt
.Lpci_init_bridge:
    mov     di, PCI_COMMAND
    call    pci_read16
    or      ax, COMMAND_USUAL
    call    pci_write16
    pop     eax
    mov     si, offset chips            # chips with work of their own
.Lpci_init_chip:
    cmp     eax, cs:[si]
    je      .Lpci_init_found
    add     si, CHIP_BYTES
    cmp     si, offset chips_end
    jb      .Lpci_init_chip
    jmp     .Lpci_init_next
.Lpci_init_found:
    call    cs:[si + 4]
.Lpci_init_next:
    inc     bx
    jmp     .Lpci_init_function
.Lpci_init_done:
    ret

# Gives addresses to the base address registers of a function.
# In: BX function.
# Clobbers: EAX, ECX, DX, DI, ESI.
pci_bars:
    mov     di, PCI_BAR0
.Lpci_bars_bar:
    or      eax, -1                     # a BAR that is written with ones keeps those that count its size
    call    pci_write32
    call    pci_read32
    mov     esi, eax
    test    eax, eax
    jz      .Lpci_bars_next
    test    al, BAR_IO
    jnz     .Lpci_bars_port
    and     al, 0xF0
    neg     eax                         # size
    mov     ecx, eax
    neg     ecx                         # mask
    jz      .Lpci_bars_next
    neg     eax
    IN_STATE add eax, [STATE_PCI_MEMORY]
    and     eax, ecx
    IN_STATE mov [STATE_PCI_MEMORY], eax
    call    pci_write32
    test    si, BAR_64BIT
    jz      .Lpci_bars_next
    add     di, 4
    xor     eax, eax
    call    pci_write32
    jmp     .Lpci_bars_next
.Lpci_bars_port:
    movzx   ecx, ax
    or      ecx, 0xFFFF0000             # devices may leave the upper half out
    and     cl, 0xFC                    # mask
    mov     eax, ecx
    not     eax                         # size - 1
    IN_STATE add eax, [STATE_PCI_IO]
    and     eax, ecx
    sub     eax, ecx                    # and the size
    mov     esi, eax
    add     eax, ecx
    IN_STATE mov [STATE_PCI_IO], esi
    call    pci_write32
.Lpci_bars_next:
    add     di, 4
    cmp     di, PCI_BAR0 + PCI_BARS * 4
    jb      .Lpci_bars_bar

    mov     di, PCI_HEADER_TYPE         # an expansion ROM has an address, too, and is switched off
    call    pci_read8
    test    al, HEADER_KIND
    jnz     .Lpci_bars_done
    mov     di, PCI_ROM
    mov     eax, ROM_ADDRESS
    call    pci_write32
    call    pci_read32
    and     eax, ROM_ADDRESS
    jz      .Lpci_bars_done
    mov     ecx, eax                    # mask
    IN_STATE add eax, [STATE_PCI_MEMORY]
    and     eax, ecx
    IN_STATE mov [STATE_PCI_MEMORY], eax
    call    pci_write32
.Lpci_bars_done:
    ret

# Tells a function the IRQ to which the board leads its pin.
# In: BX function.
# Clobbers: EAX, DX, DI.
pci_interrupt:
    mov     di, PCI_INTERRUPT_PIN
    call    pci_read8
    test    al, al
    jz      1f
    mov     di, bx                      # pins of neighbouring devices are turned by one
    shr     di, 3
    movzx   ax, al
    add     di, ax
    sub     di, 2
    and     di, 3
    mov     al, cs:[di + pirq_lines]
    mov     di, PCI_INTERRUPT_LINE
    call    pci_write8
1:  ret

# The ISA bridge routes PIRQA#-PIRQD#; their IRQs are level triggered.
# Clobbers: EAX, DX, DI.
piix_isa:
    mov     di, PIIX_PIRQ
    mov     eax, cs:[pirq_lines]
    call    pci_write32
    mov     dx, ELCR
    mov     ax, ELCR_IRQ10_11
    out     dx, al
    inc     dx
    mov     al, ah
    out     dx, al
    ret

# Both channels answer at the compatible ports.
# Clobbers: EAX, DX, DI.
piix_ide:
    mov     di, PIIX_IDE_TIMING
    mov     eax, PIIX_IDE_ENABLE << 16 | PIIX_IDE_ENABLE
    jmp     pci_write32

# Power management at PM_BASE, its events on IRQ 9.
# Clobbers: EAX, DX, DI.
piix4_power:
    mov     di, PCI_INTERRUPT_LINE
    mov     al, SCI_IRQ
    call    pci_write8
    mov     di, PIIX4_PMBA
    mov     eax, PM_BASE | BAR_IO
    call    pci_write32
    mov     di, PIIX4_PMREGMISC
    mov     al, 1
    jmp     pci_write8

.data
.global pirq_lines
pirq_lines:     .byte 10, 10, 11, 11

# Vendor and device id, routine that is called with BX = function.
.macro CHIP vendor, device, routine
    .word   \vendor, \device, \routine
.endm
chips:
    CHIP    0x8086, 0x7000, piix_isa    # PIIX3
    CHIP    0x8086, 0x7110, piix_isa    # PIIX4
    CHIP    0x8086, 0x7010, piix_ide
    CHIP    0x8086, 0x7111, piix_ide
    CHIP    0x8086, 0x7113, piix4_power
chips_end:
