# ACPI tables, by which an operating system finds the PCI bus, its interrupts and the power management ports. Source:
# ACPI 1.0b, 5.2. POST copies the tables to SHADOW, which is RAM, and makes their checksums; the root pointer stays in
# the ROM, for all its bytes are known when it is assembled. dsdt.s has the largest of them.

.include "firmware.inc"
.include "aml.inc"

.intel_syntax noprefix
.code16

ACPI_LENGTH             = 4             # header of a table: u32 length
ACPI_CHECKSUM           = 9             # u8

RSDT                    = 0x0000        # offsets in SHADOW
FADT                    = 0x0040
FACS                    = 0x00C0        # aligned to 64
MADT                    = 0x0100
HPET                    = 0x01C0
DSDT                    = 0x0200
FACS_BYTES              = 64
MADT_PROCESSOR_BYTES    = 8
MADT_PROCESSOR          = MADT_PROCESSOR_BYTES << 8 # type 0
RSDT_HEAD_BYTES         = 36
HPET_BLOCK              = 36            # timer block's identity in its table
HPET_BASE               = 0xFED00000
HPET_ID                 = 0xA201        # lower half of the identity: three comparators, revision 1

SCI_IRQ                 = 9
SMI_COMMAND             = 0xB2          # port; the commands switch SCI_EN in PM1 control on and off
SMI_ACPI_ENABLE         = 0xF1
SMI_ACPI_DISABLE        = 0xF0
LATENCY_NONE            = 0x0FFF        # processor states C2 and C3: not there
FADT_FLAGS              = 0x25          # WBINVD works, C1 works, no sleep button

.text

# Puts the ACPI tables into memory.
# In: DS = BDA.
# Clobbers: EAX, EBX, ECX, EDX, SI, DI, ES.
.global acpi_init
acpi_init:
    mov     ax, SHADOW_SEGMENT
    mov     es, ax
    mov     bx, offset tables
1:  mov     si, cs:[bx]
    mov     di, cs:[bx + 2]
    mov     cx, cs:[si + ACPI_LENGTH]
    push    di
    rep movsb es:[di], cs:[si]
    pop     di
    cmp     di, FACS                    # the one table without a checksum
    je      2f
    call    acpi_checksum
2:  add     bx, 4
    cmp     bx, offset tables_end
    jb      1b
    call    ports_absent
    call    apic_present
    jc      3f
    call    madt_processors
    mov     eax, SHADOW + MADT
    call    rsdt_append
3:  mov     ebx, HPET_BASE
    call    high_read
    cmp     ax, HPET_ID
    jne     4f
    mov     es:[HPET + HPET_BLOCK], eax
    mov     eax, SHADOW + HPET
    call    rsdt_append
    mov     di, HPET
    call    acpi_checksum
4:  xor     di, di                      # RSDT
    jmp     acpi_checksum

# Has the DSDT say which serial and parallel ports are not there.
# In: DS = BDA, ES = SHADOW_SEGMENT.
# Clobbers: AX, BX, CX, SI, DI.
ports_absent:
    mov     si, offset dsdt_ports
1:  mov     di, cs:[si]
    test    di, di
    jz      4f
    mov     ax, cs:[si + 2]
    add     si, 4
    xor     bx, bx
2:  cmp     ax, [bx + BDA_COM]          # and BDA_LPT, which follows
    je      1b
    add     bx, 2
    cmp     bx, BDA_EBDA
    jb      2b
    mov     byte ptr es:[di + DSDT], AML_ABSENT
    jmp     1b
4:  mov     di, DSDT
    jmp     acpi_checksum

# Adds a table to the RSDT.
# In: EAX its address, ES = SHADOW_SEGMENT.
# Clobbers: DI.
rsdt_append:
    mov     di, es:[RSDT + ACPI_LENGTH]
    mov     es:[RSDT + di], eax
    add     word ptr es:[RSDT + ACPI_LENGTH], 4
    ret

# Adds the processors after the first to the MADT.
# In: ES = SHADOW_SEGMENT.
# Clobbers: AX, CX, SI, DI.
madt_processors:
    call    processor_count
    mov     di, MADT
    mov     si, es:[di + ACPI_LENGTH]
    add     si, di
    mov     al, 1
1:  cmp     al, cl
    jae     2f
    mov     word ptr es:[si], MADT_PROCESSOR
    mov     es:[si + 2], al             # processor
    mov     es:[si + 3], al             # its APIC
    mov     dword ptr es:[si + 4], 1
    add     si, MADT_PROCESSOR_BYTES
    inc     ax
    jmp     1b
2:  sub     si, di
    mov     es:[di + ACPI_LENGTH], si

# Makes the bytes of a table add up to zero.
# In: ES:DI table.
# Clobbers: AL, CX, SI.
acpi_checksum:
    mov     byte ptr es:[di + ACPI_CHECKSUM], 0
    mov     cx, es:[di + ACPI_LENGTH]
    call    checksum
    mov     es:[di + ACPI_CHECKSUM], al
    ret

# What bytes lack to add up to zero.
# In: ES:DI bytes, CX their number.
# Out: AL.
# Clobbers: CX, SI.
.global checksum
checksum:
    mov     si, di
    xor     al, al
1:  sub     al, es:[si]
    inc     si
    loop    1b
    ret

.data

# Root System Description Pointer. Its 20 bytes add up to zero.
RSDT_ADDRESS            = SHADOW + RSDT
SUM_SIGNATURE           = 'R' + 'S' + 'D' + ' ' + 'P' + 'T' + 'R' + ' '
SUM_OEM                 = 'Q' + 'U' + 'R' + 'E' + ' ' + ' '
SUM_ADDRESS             = (RSDT_ADDRESS & 0xFF) + ((RSDT_ADDRESS >> 8) & 0xFF) + ((RSDT_ADDRESS >> 16) & 0xFF)
.balign 16
    .ascii  "RSD PTR "
    .byte   (0x1000 - SUM_SIGNATURE - SUM_OEM - SUM_ADDRESS) & 0xFF
    .ascii  "QURE  "
    .byte   0                           # ACPI 1.0
    .long   RSDT_ADDRESS

# ROM address and place in SHADOW of each table.
tables:
    .word   rsdt, RSDT
    .word   fadt, FADT
    .word   dsdt, DSDT
    .word   facs, FACS
    .word   madt, MADT
    .word   hpet, HPET
tables_end:

rsdt:
    ACPI_TABLE RSDT, (RSDT_HEAD_BYTES + 4), 1 # the others come behind where there are such devices
    .long   SHADOW + FADT

fadt:
    ACPI_TABLE FACP, 116, 1
    .long   SHADOW + FACS
    .long   SHADOW + DSDT
    .byte   0, 0                        # two 8259A
    .word   SCI_IRQ
    .long   SMI_COMMAND
    .byte   SMI_ACPI_ENABLE, SMI_ACPI_DISABLE, 0, 0
    .long   PM_BASE, 0                  # PM1a, PM1b event
    .long   PM_BASE + 4, 0              # PM1a, PM1b control
    .long   0                           # PM2 control
    .long   PM_BASE + 8                 # timer
    .long   0, 0                        # general purpose events
    .byte   4, 2, 0, 4, 0, 0, 0, 0      # bytes of the above
    .word   LATENCY_NONE, LATENCY_NONE
    .word   0, 0                        # flush
    .byte   0, 0                        # duty
    .byte   0, 0, CMOS_CENTURY          # day and month alarm, century
    .byte   0, 0, 0
    .long   FADT_FLAGS

# Multiple APIC Description Table, for processors with a local APIC: the first of them, and the I/O APIC; the other
# processors are added behind. The timer's IRQ 0 comes in at input 2; the PIIX leads PIRQs and the SCI to their inputs
# active high.
madt:
    ACPI_TABLE APIC, (madt_end - madt), 1
    .long   0xFEE00000, 1               # there are 8259As as well
    .byte   0, 8, 0, 0                  # processor 0 has APIC 0
    .long   1
    .byte   1, 12, 0, 0                 # I/O APIC 0
    .long   0xFEC00000, 0
    .byte   2, 10, 0, 0
    .long   2
    .word   0
.irp irq, 5, 9, 10, 11
    .byte   2, 10, 0, \irq
    .long   \irq
    .word   0x000D                      # active high, level
.endr
    .byte   4, 6, 0xFF                  # NMI at LINT1 of all
    .word   0
    .byte   1
madt_end:

# IA-PC HPET specification 1.0a, 3.2.4: the timer block's identity is what its first register says.
hpet:
    ACPI_TABLE HPET, (hpet_end - hpet), 1
    .long   0
    .byte   0, 64, 0, 0                 # in memory, 64 bits
    .quad   HPET_BASE
    .byte   0                           # number
    .word   0                           # least periodic count
    .byte   0                           # no page protection
hpet_end:

facs:   .ascii "FACS"
    .long   FACS_BYTES
    .space  FACS_BYTES - 8
