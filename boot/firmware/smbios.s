# The tables of SMBIOS, by which programs and people find out what machine this is: BIOS, board, processor, memory. The
# entry point is in the ROM; the structures are in SHADOW, for POST fills in what it finds. Source: DMTF DSP0134 2.6.1.

.include "firmware.inc"

.intel_syntax noprefix
.code16

VERSION                 = 0x26          # 2.6, as two digits
STRUCTURES              = 9
LONGEST                 = 54            # bytes of the longest structure with its texts: the processor's
MEMORY_MIB_MOST         = 0x7FFF        # of a memory device

# Kinds of structures.
BIOS                    = 0
SYSTEM                  = 1
CHASSIS                 = 3
PROCESSOR               = 4
MEMORY_ARRAY            = 16
MEMORY_DEVICE           = 17
MEMORY_RANGE            = 19
BOOT_STATUS             = 32
END_OF_TABLE            = 127

# Fields that POST fills in.
PROCESSOR_ID            = 0x08          # u64: what CPUID says
PROCESSOR_CORES         = 0x23          # 3 x u8: cores, those in use, threads
ARRAY_KIB               = 0x07          # u32
DEVICE_MIB              = 0x0C          # u16
RANGE_LAST_KIB          = 0x08          # u32
CPUID_FEATURES          = 1

# Characteristics of a BIOS: PCI, APM, boots CDs, in an order that can be chosen, EDD, diskettes of four kinds,
# keyboard, serial, printer and video services.
CAN                     = 1 << 7 | 1 << 10 | 1 << 15 | 1 << 16 | 1 << 19 | 0xF << 22 | 0xF << 27
CAN_ACPI                = 0x01
IS_VIRTUAL              = 0x10

# Handles.
HANDLE_ARRAY            = 0x1000
NO_HANDLE               = 0xFFFE        # no report of errors
NO_CACHE                = 0xFFFF

OTHER                   = 1
UNKNOWN                 = 2
SAFE                    = 3

# Head of a structure.
.macro STRUCTURE kind, bytes, handle
    .byte   \kind, \bytes
    .word   \handle
.endm

.text

# Puts the structures into memory.
# In: DS = BDA.
# Clobbers: EAX, EBX, ECX, EDX, SI, DI, ES.
.global smbios_init
smbios_init:
    mov     ax, SHADOW_SEGMENT
    mov     es, ax
    mov     si, offset structures
    mov     di, SHADOW_SMBIOS
    mov     cx, structures_end - structures
    rep movsb es:[di], cs:[si]
    mov     di, SHADOW_SMBIOS
    call    apic_present                # where there is none, CPUID need not be
    jc      1f
    mov     eax, CPUID_FEATURES
    cpuid
    mov     es:[di + processor - structures + PROCESSOR_ID], eax
    mov     es:[di + processor - structures + PROCESSOR_ID + 4], edx
    call    processor_count
    mov     es:[di + processor - structures + PROCESSOR_CORES], cl
    mov     es:[di + processor - structures + PROCESSOR_CORES + 1], cl
    mov     es:[di + processor - structures + PROCESSOR_CORES + 2], cl
1:  call    memory_end
    shr     eax, 10
    mov     ecx, eax                    # KiB up to 4 GiB,
    call    memory_above_4g
    shl     eax, 6
    lea     edx, [ecx + eax]            # and all
    mov     es:[di + array - structures + ARRAY_KIB], edx
    test    eax, eax
    jz      2f
    lea     ecx, [eax + 4 << 20]
2:  dec     ecx
    mov     es:[di + range - structures + RANGE_LAST_KIB], ecx
    shr     edx, 10
    cmp     edx, MEMORY_MIB_MOST
    jbe     3f
    mov     dx, MEMORY_MIB_MOST
3:  mov     es:[di + device - structures + DEVICE_MIB], dx
    ret

.data
structures:
    STRUCTURE BIOS, 0x18, 0x0000
    .byte   1, 2                        # maker, version
    .word   ROM_SEGMENT
    .byte   3, 0                        # date, 64 KiB
    .quad   CAN
    .byte   CAN_ACPI, IS_VIRTUAL
    .byte   0, 1, 0xFF, 0xFF            # release, no embedded controller
    .asciz  "QuRe"
    .asciz  "0.2.0"
    .asciz  "01/01/2026"
    .byte   0

    STRUCTURE SYSTEM, 0x1B, 0x0100
    .byte   1, 2, 3, 0                  # maker, name, version, no serial number
    .space  16                          # no UUID
    .byte   6, 0, 0                     # started by the power switch
    .asciz  "QuRe"
    .asciz  "PC (i440FX, PIIX)"
    .asciz  "1"
    .byte   0

    STRUCTURE CHASSIS, 0x15, 0x0300
    .byte   1, OTHER, 0, 0, 0           # maker
    .byte   SAFE, SAFE, SAFE, UNKNOWN
    .long   0
    .byte   0, 0, 0, 0
    .asciz  "QuRe"
    .byte   0

processor:
    STRUCTURE PROCESSOR, 0x2A, 0x0400
    .byte   1, 3, OTHER, 2              # socket, central, family, maker
    .quad   0
    .byte   0, 0
    .word   0, 0, 0                     # MHz, which nobody knows
    .byte   0x41, OTHER                 # there, and in use
    .word   NO_CACHE, NO_CACHE, NO_CACHE
    .byte   0, 0, 0
    .byte   1, 1, 1
    .word   UNKNOWN, OTHER
    .asciz  "CPU 0"
    .asciz  "QuRe"
    .byte   0

array:
    STRUCTURE MEMORY_ARRAY, 0x0F, HANDLE_ARRAY
    .byte   OTHER, 3, 3                 # system memory without error correction
    .long   0
    .word   NO_HANDLE, 1
    .word   0

device:
    STRUCTURE MEMORY_DEVICE, 0x1B, 0x1100
    .word   HANDLE_ARRAY, NO_HANDLE
    .word   0xFFFF, 0xFFFF              # widths are unknown
    .word   0
    .byte   9, 0, 1, 0                  # DIMM
    .byte   7                           # RAM
    .word   1 << 2                      # unknown
    .word   0
    .byte   0, 0, 0, 0
    .asciz  "DIMM 0"
    .byte   0

range:
    STRUCTURE MEMORY_RANGE, 0x0F, 0x1300
    .long   0, 0
    .word   HANDLE_ARRAY
    .byte   1
    .word   0

    STRUCTURE BOOT_STATUS, 0x0B, 0x2000
    .space  6
    .byte   0                           # no errors
    .word   0

    STRUCTURE END_OF_TABLE, 4, 0x7F00
    .word   0
structures_end:

# Entry point: its last 15 bytes add up to zero, and all of it.
ADDRESS                 = SHADOW + SHADOW_SMBIOS
SUM_ADDRESS             = (ADDRESS & 0xFF) + ((ADDRESS >> 8) & 0xFF) + ((ADDRESS >> 16) & 0xFF)
TABLE_BYTES             = structures_end - structures
SUM_TABLE               = (TABLE_BYTES & 0xFF) + (TABLE_BYTES >> 8)
SUM_DMI                 = '_' + 'D' + 'M' + 'I' + '_' + SUM_TABLE + SUM_ADDRESS + STRUCTURES + VERSION
SUM_ENTRY               = '_' + 'S' + 'M' + '_' + 0x1F + (VERSION >> 4) + (VERSION & 15) + LONGEST
.balign 16
    .ascii  "_SM_"
    .byte   (0x1000 - SUM_ENTRY) & 0xFF
    .byte   0x1F, VERSION >> 4, VERSION & 15
    .word   LONGEST
    .byte   0, 0, 0, 0, 0, 0
    .ascii  "_DMI_"
    .byte   (0x1000 - SUM_DMI) & 0xFF
    .word   TABLE_BYTES
    .long   ADDRESS
    .word   STRUCTURES
    .byte   VERSION
