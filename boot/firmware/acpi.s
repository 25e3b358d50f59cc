# ACPI tables: enough for an operating system to find the power management ports and to switch the machine off. Source:
# ACPI 1.0b, 5.2. POST copies the tables to the EBDA, which is RAM, and makes their checksums; the root pointer stays in
# the ROM, for all its bytes are known when it is assembled.

.include "firmware.inc"

.intel_syntax noprefix
.code16

ACPI_LENGTH             = 4             # header of a table: u32 length
ACPI_CHECKSUM           = 9             # u8

RSDT                    = EBDA_ACPI + 0x000     # offsets in the EBDA
FADT                    = EBDA_ACPI + 0x040
DSDT                    = EBDA_ACPI + 0x0C0
FACS                    = EBDA_ACPI + 0x100     # aligned to 64
FACS_BYTES              = 64

SCI_IRQ                 = 9
SMI_COMMAND             = 0xB2          # port; the commands switch SCI_EN in PM1 control on and off
SMI_ACPI_ENABLE         = 0xF1
SMI_ACPI_DISABLE        = 0xF0
LATENCY_NONE            = 0x0FFF        # processor states C2 and C3: not there
FADT_FLAGS              = 0x25          # WBINVD works, C1 works, no sleep button

.text

# Puts the ACPI tables into memory.
# In: FS = EBDA.
# Clobbers: AX, BX, CX, SI, DI, ES.
.global acpi_init
acpi_init:
    push    fs
    pop     es
    mov     bx, offset tables
1:  mov     si, cs:[bx]
    mov     di, cs:[bx + 2]
    mov     cx, cs:[si + ACPI_LENGTH]
    push    di
    push    cx
2:  mov     al, cs:[si]
    inc     si
    stosb
    loop    2b
    pop     cx
    pop     di
    cmp     di, FACS                    # the one table without a checksum
    je      4f
    xor     al, al
    mov     si, di
3:  sub     al, es:[si]
    inc     si
    loop    3b
    mov     es:[di + ACPI_CHECKSUM], al
4:  add     bx, 4
    cmp     bx, offset tables_end
    jb      1b
    ret

.data

# Root System Description Pointer. Its 20 bytes add up to zero.
RSDT_ADDRESS            = EBDA + RSDT
SUM_SIGNATURE           = 'R' + 'S' + 'D' + ' ' + 'P' + 'T' + 'R' + ' '
SUM_OEM                 = 'Q' + 'U' + 'R' + 'E' + ' ' + ' '
SUM_ADDRESS             = (RSDT_ADDRESS & 0xFF) + ((RSDT_ADDRESS >> 8) & 0xFF) + ((RSDT_ADDRESS >> 16) & 0xFF)
.balign 16
    .ascii  "RSD PTR "
    .byte   (0x1000 - SUM_SIGNATURE - SUM_OEM - SUM_ADDRESS) & 0xFF
    .ascii  "QURE  "
    .byte   0                           # ACPI 1.0
    .long   RSDT_ADDRESS

# Head of a table: signature, length, revision, checksum to come, who made it.
.macro ACPI_TABLE signature, bytes, revision
    .ascii  "\signature"
    .long   \bytes
    .byte   \revision, 0
    .ascii  "QURE  "
    .ascii  "QUREEMU "
    .long   1
    .ascii  "QURE"
    .long   1
.endm

# ROM address and place in the EBDA of each table.
tables:
    .word   rsdt, RSDT
    .word   fadt, FADT
    .word   dsdt, DSDT
    .word   facs, FACS
tables_end:

rsdt:
    ACPI_TABLE RSDT, 40, 1
    .long   EBDA + FADT

fadt:
    ACPI_TABLE FACP, 116, 1
    .long   EBDA + FACS
    .long   EBDA + DSDT
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

# Differentiated System Description Table: Name (\_S5, Package () {0, 0, 0, 0}), sleep type 0 is soft off.
dsdt:
    ACPI_TABLE DSDT, 49, 1
    .byte   0x08, '\\'                  # NameOp, root
    .ascii  "_S5_"
    .byte   0x12, 0x06, 4               # PackageOp, 6 bytes with this one, 4 elements
    .byte   0, 0, 0, 0                  # ZeroOp

facs:   .ascii "FACS"
    .long   FACS_BYTES
    .space  FACS_BYTES - 8
