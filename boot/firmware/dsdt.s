# The differentiated system description table: what an operating system cannot find by looking. The root bridge with
# its windows, the routing of its interrupts through the links of the PIIX, the devices of the ISA bus, and soft off.
# Source: ACPI 2.0, chapters 6, 7 and 16; Intel 82371SB (PIIX3) data sheet, 2.2.9, for the routing registers.

.include "firmware.inc"
.include "aml.inc"

.intel_syntax noprefix
.code16

ISA_ADDRESS             = 0x00010000    # device 1, function 0
PIRQ_REGISTER           = 0x60          # four bytes; bit 7: not routed
PIRQ_DISABLED           = 0x80
LINK_ABSENT             = 0x09          # _STA: present, not enabled
LINK_ENABLED            = 0x0B
INTERRUPT_FIELD         = 5             # offset of the number in the descriptor below
PCI_MEMORY_FIRST        = 0xE0000000    # above all RAM; POST gives away addresses from FEC00000 down
PCI_MEMORY_LAST         = 0xFEBFFFFF

# An interrupt that is shared, level triggered and, as the PIIX leads it to the 8259As, active high.
.macro RESOURCE_INTERRUPTS count, numbers:vararg
    .byte   0x89
    .word   2 + 4 * \count
    .byte   0x09, \count
    .long   \numbers
.endm

# The link of a PIRQ: where it may lead, where it leads, and how to change that.
.macro INTERRUPT_LINK letter, uid
    AML_DEVICE link_\letter, LNK\letter
    AML_PNP 0x0C0F
    AML_UID \uid
    AML_RESOURCES link_\letter\()_possible, _PRS
    RESOURCE_INTERRUPTS 3, 5, 10, 11
    AML_RESOURCES_END link_\letter\()_possible
    AML_METHOD link_\letter\()_status, _STA, 0
    .byte   AML_RETURN_OP
    .ascii  "LSTAPRQ\letter"
    AML_END link_\letter\()_status
    AML_METHOD link_\letter\()_disable, _DIS, 0
    .byte   AML_OR_OP
    .ascii  "PRQ\letter"
    AML_BYTE PIRQ_DISABLED
    .ascii  "PRQ\letter"
    AML_END link_\letter\()_disable
    AML_METHOD link_\letter\()_current, _CRS, 0
    .byte   AML_RETURN_OP
    .ascii  "LCRSPRQ\letter"
    AML_END link_\letter\()_current
    AML_METHOD link_\letter\()_set, _SRS, 9
    .byte   AML_DWORD_FIELD_OP, AML_ARGUMENT0
    AML_BYTE INTERRUPT_FIELD
    .ascii  "INTN"
    .byte   AML_STORE_OP
    .ascii  "INTNPRQ\letter"
    AML_END link_\letter\()_set
    AML_END link_\letter
.endm

.data
.global dsdt
dsdt:
    ACPI_TABLE DSDT, (dsdt_end - dsdt), 1

    AML_NAME "\\_S5_"                   # sleep type 0 is soft off on the PIIX4
    .byte   0x12, 6, 4, 0, 0, 0, 0

    AML_SCOPE processors, "\\_PR_"
    .byte   0x5B, 0x83, 11              # Processor (CPU0, 0, 0, 0) {}: no power states
    .ascii  "CPU0"
    .byte   0
    .long   0
    .byte   0
    AML_END processors

    AML_SCOPE system, "\\_SB_"
    AML_DEVICE pci0, PCI0
    AML_PNP 0x0A03
    AML_RESOURCES pci0_resources, _CRS
    RESOURCE_BUSES 0, 255
    RESOURCE_IO 0xCF8, 8
    RESOURCE_IO_WINDOW 0, 0xCF7
    RESOURCE_IO_WINDOW 0xD00, 0xFFFF
    RESOURCE_MEMORY_WINDOW 0xA0000, 0xBFFFF
    RESOURCE_MEMORY_WINDOW PCI_MEMORY_FIRST, PCI_MEMORY_LAST
    AML_RESOURCES_END pci0_resources

    # Pin p of slot s leads to PIRQ (p + s - 1) mod 4.
    AML_NAME _PRT
    .byte   0x12
    AML_LENGTH routing
    .byte   PCI_SLOTS * PCI_PINS
.set route, 4
.rept PCI_SLOTS * PCI_PINS
    .byte   0x12, 14, 4                 # Package () {address, pin, link, 0}
    AML_DWORD (route >> 2) << 16 | 0xFFFF
    AML_BYTE route & 3
    .ascii  "LNK"
    .byte   'A' + (((route & 3) + (route >> 2) - 1) & 3), 0
.set route, route + 1
.endr
    AML_END routing

    AML_DEVICE isa, "ISA_"
    AML_NAME _ADR
    AML_DWORD ISA_ADDRESS
    .byte   0x5B, 0x80                  # OperationRegion (PIRQ, PCI_Config, 60h, 4)
    .ascii  "PIRQ"
    .byte   2
    AML_BYTE PIRQ_REGISTER
    AML_BYTE 4
    AML_ISA_DEVICE rtc, "RTC_", 0x0B00, 8, 0x70, 2
    AML_END rtc
    AML_ISA_DEVICE keyboard, "KBD_", 0x0303, 1, 0x60, 1, 0x64, 1
    AML_END keyboard
    AML_ISA_DEVICE mouse, "MOU_", 0x0F13, 12, 0, 0
    AML_END mouse
    AML_ISA_DEVICE diskettes, "FDC0", 0x0700, 6, 0x3F2, 4, 0x3F7, 1, 2
    AML_END diskettes
    AML_ISA_DEVICE com1, COM1, 0x0501, 4, 0x3F8, 8
    AML_UID 1
    AML_END com1
    AML_ISA_DEVICE com2, COM2, 0x0501, 3, 0x2F8, 8
    AML_UID 2
    AML_END com2
    AML_ISA_DEVICE com3, COM3, 0x0501, 4, 0x3E8, 8
    AML_UID 3
    AML_STATUS com3_status
    AML_END com3
    AML_ISA_DEVICE com4, COM4, 0x0501, 3, 0x2E8, 8
    AML_UID 4
    AML_STATUS com4_status
    AML_END com4
    AML_ISA_DEVICE lpt1, LPT1, 0x0400, 7, 0x378, 3
    AML_STATUS lpt1_status
    AML_END lpt1
    AML_ISA_DEVICE pic, "PIC_", 0x0000, 2, 0x20, 2, 0xA0, 2
    AML_END pic
    AML_ISA_DEVICE timer, "TMR_", 0x0100, 0, 0x40, 4
    AML_END timer
    AML_ISA_DEVICE dma, "DMA_", 0x0200, 0, 0x00, 16, 0xC0, 32
    AML_END dma
    AML_ISA_DEVICE fpu, "FPU_", 0x0C04, 13, 0xF0, 1
    AML_END fpu
    AML_DEVICE board, MBRD              # ports that no bus gives away
    AML_PNP 0x0C02
    AML_RESOURCES board_resources, _CRS
    RESOURCE_IO 0x61, 1
    RESOURCE_IO 0x80, 16
    RESOURCE_IO 0x92, 1
    RESOURCE_IO 0xB2, 2
    RESOURCE_IO 0x4D0, 2
    RESOURCE_IO PM_BASE, 64
    AML_RESOURCES_END board_resources
    AML_END board
    AML_END isa
    AML_END pci0

    .byte   0x5B, 0x81                  # Field (PCI0.ISA.PIRQ, ByteAcc): four fields of 8 bits
    AML_LENGTH pirqs
    .byte   0x2F, 3
    .ascii  "PCI0ISA_PIRQ"
    .byte   1
    .ascii  "PRQA\10PRQB\10PRQC\10PRQD\10"
    AML_END pirqs

    # LSTA (register): is a link in use? LCRS (register): its current resources.
    AML_METHOD link_status, LSTA, 1
    .byte   AML_IF_OP
    AML_LENGTH link_unused
    .byte   AML_AND_OP, AML_ARGUMENT0
    AML_BYTE PIRQ_DISABLED
    .byte   AML_NO_TARGET, AML_RETURN_OP
    AML_BYTE LINK_ABSENT
    AML_END link_unused
    .byte   AML_RETURN_OP
    AML_BYTE LINK_ENABLED
    AML_END link_status
    AML_METHOD link_current, LCRS, 9
    AML_RESOURCES link_buffer, CRSB
    RESOURCE_INTERRUPTS 1, 0
    AML_RESOURCES_END link_buffer
    .byte   AML_DWORD_FIELD_OP
    .ascii  "CRSB"
    AML_BYTE INTERRUPT_FIELD
    .ascii  "INTN"
    .byte   AML_IF_OP
    AML_LENGTH link_used
    .byte   AML_LESS_OP, AML_ARGUMENT0
    AML_BYTE PIRQ_DISABLED
    .byte   AML_STORE_OP, AML_ARGUMENT0
    .ascii  "INTN"
    AML_END link_used
    .byte   AML_RETURN_OP
    .ascii  "CRSB"
    AML_END link_current

    INTERRUPT_LINK A, 1
    INTERRUPT_LINK B, 2
    INTERRUPT_LINK C, 3
    INTERRUPT_LINK D, 4
    AML_END system
dsdt_end:

# Ports that may be missing: where in the table it says whether one is there, and its address.
.global dsdt_ports
dsdt_ports:
    .word   com3_status - dsdt, 0x3E8
    .word   com4_status - dsdt, 0x2E8
    .word   lpt1_status - dsdt, 0x378
    .word   0
