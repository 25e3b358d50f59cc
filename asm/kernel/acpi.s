# As much of ACPI as switching off needs: RSDP -> RSDT -> FADT -> DSDT, and in the DSDT the package _S5_ with the sleep
# type to write. The DSDT is a program; the package is found by its name, not by running it. (ACPI specification 6.4,
# chapters 4, 5, 20.)

.include "macros.inc"
.include "memory.inc"
.include "errors.inc"

# The RSDP is in the first KiB of the EBDA or in one of these. The BIOS itself comes first: below it many machines
# decode nothing.
BIOS_ROM            = KERNEL_SPACE + 0xF0000
BIOS_EXTENSION      = KERNEL_SPACE + 0xE0000
BIOS_PART_BYTES     = 0x10000
EBDA_BYTES          = 1024

RSDP_BYTES          = 20                    # of revision 0, what the checksum covers
RSDP_RSDT           = 16
TABLE_SIGNATURE     = 0
TABLE_BYTES         = 4
TABLE_HEADER        = 36
SIGNATURE_FADT      = 0x50434146            # "FACP"
SIGNATURE_S5        = 0x5F35535F            # "_S5_"

FADT_DSDT           = 40
FADT_SMI_COMMAND    = 48
FADT_ACPI_ENABLE    = 52
FADT_PM1A_CONTROL   = 64
FADT_PM1B_CONTROL   = 68

CONTROL_SCI_ENABLED = 1                     # the machine is in ACPI mode
CONTROL_SLEEP       = 1 << 13
CONTROL_TYPE_SHIFT  = 10

# AML.
AML_NAME            = 0x08
AML_ROOT            = 0x5C                  # backslash
AML_PACKAGE         = 0x12
AML_BYTE            = 0x0A

.text

# Finds the FADT.
# Out: EAX its address; CF and EAX error when this machine has no ACPI.
.global acpi_find
acpi_find:
    push    ebx
    push    esi
    mov     eax, [boot_ebda]
    test    eax, eax
    jz      .Lacpi_find_rom
    PHYS_TO_VIRT eax
    mov     edx, EBDA_BYTES
    call    rsdp_search
    jnc     .Lacpi_find_rsdp
.Lacpi_find_rom:
    mov     eax, BIOS_ROM
    mov     edx, BIOS_PART_BYTES
    call    rsdp_search
    jnc     .Lacpi_find_rsdp
    mov     eax, BIOS_EXTENSION
    mov     edx, BIOS_PART_BYTES
    call    rsdp_search
    jc      .Lacpi_find_none
.Lacpi_find_rsdp:
    mov     eax, [eax + RSDP_RSDT]
    call    acpi_table
    jc      .Lacpi_find_done
    mov     ebx, eax
    mov     esi, [ebx + TABLE_BYTES]
    sub     esi, TABLE_HEADER
    jbe     .Lacpi_find_none
    shr     esi, 2
.Lacpi_find_table:
    dec     esi
    js      .Lacpi_find_none
    mov     eax, [ebx + TABLE_HEADER + esi*4]
    call    acpi_table
    jc      .Lacpi_find_done
    cmp     dword ptr [eax + TABLE_SIGNATURE], SIGNATURE_FADT
    jne     .Lacpi_find_table
    clc
    jmp     .Lacpi_find_done
.Lacpi_find_none:
    mov     eax, ERROR_NO_DEVICE
    stc
.Lacpi_find_done:
    pop     esi
    pop     ebx
    ret

# Makes a table visible.
# In: EAX physical address.
# Out: EAX linear address; CF and EAX error without memory for its mapping.
acpi_table:
    push    eax
    mov     edx, TABLE_HEADER
    call    physical_map
    pop     edx
    jc      1f
    mov     eax, [eax + TABLE_BYTES]
    xchg    eax, edx
    jmp     physical_map
1:  ret

# Looks for "RSD PTR " at 16-byte boundaries.
# In: EAX address, EDX bytes.
# Out: EAX address; CF when it is not there.
rsdp_search:
1:  cmp     dword ptr [eax], 0x20445352 # "RSD "
    jne     2f
    cmp     dword ptr [eax + 4], 0x20525450 # "PTR "
    jne     2f
    push    edx
    xor     edx, edx                    # the bytes add up to 0
    mov     ecx, RSDP_BYTES
3:  add     dl, [eax + ecx - 1]
    dec     ecx
    jnz     3b
    test    dl, dl
    pop     edx
    jz      4f
2:  add     eax, 16
    sub     edx, 16
    ja      1b
    stc
    ret
4:  clc
    ret

# Brings the machine into ACPI mode, if it is not. May sleep.
# In: EAX FADT.
.global acpi_enable
acpi_enable:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     edx, [ebx + FADT_SMI_COMMAND]
    mov     al, [ebx + FADT_ACPI_ENABLE]
    test    edx, edx
    jz      2f
    test    al, al
    jz      2f
    mov     ecx, edx
    mov     edx, [ebx + FADT_PM1A_CONTROL]
    mov     ah, al
    in      al, dx
    test    al, CONTROL_SCI_ENABLED
    jnz     2f
    mov     edx, ecx
    mov     al, ah
    out     dx, al
    mov     esi, 30
1:  mov     edx, [ebx + FADT_PM1A_CONTROL]
    in      ax, dx
    test    al, CONTROL_SCI_ENABLED
    jnz     2f
    mov     eax, 10
    call    task_sleep
    dec     esi
    jnz     1b
2:  pop     esi
    pop     ebx
    ret

# The sleep types of S5.
# In: EAX FADT.
# Out: EAX value for PM1a_CNT, in its upper half that for PM1b_CNT; CF and EAX error when the DSDT has no _S5_.
.global acpi_soft_off
acpi_soft_off:
    push    ebx
    push    esi
    mov     eax, [eax + FADT_DSDT]
    call    acpi_table
    jc      .Lacpi_soft_off_done
    mov     esi, eax
    mov     ebx, [esi + TABLE_BYTES]
    lea     ebx, [esi + ebx - 8]        # name, package header and two numbers take more
    add     esi, TABLE_HEADER
1:  cmp     esi, ebx
    jae     8f
    inc     esi
    cmp     dword ptr [esi], SIGNATURE_S5
    jne     1b
    cmp     byte ptr [esi + 4], AML_PACKAGE # Name (_S5_, Package ...), with or without a root prefix
    jne     1b
    cmp     byte ptr [esi - 1], AML_NAME
    je      2f
    cmp     byte ptr [esi - 1], AML_ROOT
    jne     1b
2:  movzx   eax, byte ptr [esi + 5]     # package length: bits 6-7 say how many bytes follow
    shr     eax, 6
    lea     esi, [esi + eax + 7]        # after the number of elements
    call    aml_number
    mov     ecx, eax
    call    aml_number
    shl     eax, CONTROL_TYPE_SHIFT
    shl     ecx, CONTROL_TYPE_SHIFT
    or      eax, CONTROL_SLEEP
    or      ecx, CONTROL_SLEEP
    shl     eax, 16
    mov     ax, cx
    clc
    jmp     .Lacpi_soft_off_done
8:  mov     eax, ERROR_NOT_SUPPORTED
    stc
.Lacpi_soft_off_done:
    pop     esi
    pop     ebx
    ret

# Reads a small integer of AML.
# In: ESI an integer in AML.
# Out: EAX its value, 0-7; ESI after it.
# Clobbers: EAX only.
aml_number:
    xor     eax, eax
    lodsb
    cmp     al, AML_BYTE
    jne     1f
    lodsb
1:  and     eax, 7                      # ZeroOp is 0, OneOp is 1: their own values
    ret

# Writes the power management control registers.
# In: EAX FADT, ECX values as acpi_soft_off gives them.
.global acpi_write_control
acpi_write_control:
    push    ebx
    mov     ebx, eax
    mov     edx, [ebx + FADT_PM1A_CONTROL]
    mov     eax, ecx
    out     dx, ax
    mov     edx, [ebx + FADT_PM1B_CONTROL]
    test    edx, edx
    jz      1f
    shr     ecx, 16
    mov     eax, ecx
    out     dx, ax
1:  pop     ebx
    ret
