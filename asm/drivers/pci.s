# PCI: finds every function behind configuration mechanism 1 once, at boot, and gives drivers a table to look in instead
# of the bus: addresses, sizes of the ranges, interrupt lines. The firmware has assigned all of them; nothing is moved
# here. Source: PCI Local Bus Specification 3.0, sections 3.2.2.3 (mechanism 1), 6.1 (header), 6.2.5 (base addresses).

.include "macros.inc"
.include "errors.inc"
.include "pci.inc"

PCI_ENABLE_BIT = 0x80000000
PCI_MULTI_FUNCTION = 0x80

.data
.balign 4
.global pci_count
pci_count:      .long 0                 # functions in pci_devices
pci_dropped:    .long 0                 # functions found when the table was full

.bss
.balign 16
.global pci_devices
pci_devices:    .skip PCI_TABLE_MAX * PCI_SIZE_OF

.text

INITCALL 4, pci_init

# Fills the device table. Runs once, at boot, before any driver.
# Out: CF clear always: a PC without PCI has an empty table.
pci_init:
    mov     eax, PCI_ENABLE_BIT
    mov     edx, PCI_PORT_ADDRESS
    pushfd
    cli
    out     dx, eax
    in      eax, dx                     # mechanism 1 reads back what was written; without it there is nothing to scan
    popfd
    cmp     eax, PCI_ENABLE_BIT
    jne     .Lpci_init_scanned
    mov     eax, PCI_ENABLE_BIT | PCI_REG_HEADER
    call    pci_config_read
    test    eax, PCI_MULTI_FUNCTION << 16
    jnz     .Lpci_init_bridges
    xor     eax, eax
    call    pci_scan_bus
    jmp     .Lpci_init_scanned

    # A multi-function device 0:0 is a chip set with several host bridges: function n is the head of bus n.
.Lpci_init_bridges:
    push    ebx
    xor     ebx, ebx
.Lpci_init_function:
    mov     eax, ebx
    shl     eax, 8
    or      eax, PCI_ENABLE_BIT
    call    pci_config_read
    cmp     ax, 0xFFFF
    je      .Lpci_init_next
    mov     eax, ebx
    call    pci_scan_bus
.Lpci_init_next:
    inc     ebx
    cmp     ebx, 8
    jb      .Lpci_init_function
    pop     ebx
.Lpci_init_scanned:
    cmp     dword ptr [pci_dropped], 0
    je      .Lpci_init_done
    PRINTF  "pci: the device table is full, %d functions are left out\n", [pci_dropped]
.Lpci_init_done:
    clc
    ret

# Scans one bus and, through its bridges, all buses below it.
# In: EAX bus number.
pci_scan_bus:
    push    ebx
    push    esi
    mov     ebx, eax
    shl     ebx, 16
    or      ebx, PCI_ENABLE_BIT         # EBX: configuration address of device and function
    xor     esi, esi                    # ESI: device
1:  mov     eax, ebx
    call    pci_scan_device
    add     ebx, 1 << 11
    inc     esi
    cmp     esi, 32
    jb      1b
    pop     esi
    pop     ebx
    ret

# Scans the functions of one device.
# In: EAX configuration address of its function 0.
pci_scan_device:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    call    pci_config_read
    cmp     ax, 0xFFFF
    je      .Lpci_scan_device_done
    lea     eax, [ebx + PCI_REG_HEADER]
    call    pci_config_read
    mov     edi, 1                      # functions to look at
    test    eax, PCI_MULTI_FUNCTION << 16
    jz      .Lpci_scan_device_functions
    mov     edi, 8
.Lpci_scan_device_functions:
    xor     esi, esi
.Lpci_scan_device_function:
    mov     eax, ebx
    call    pci_config_read
    cmp     ax, 0xFFFF
    je      .Lpci_scan_device_next
    mov     eax, ebx
    call    pci_add
    jc      .Lpci_scan_device_next
    cmp     byte ptr [eax + PCI_HEADER], 1
    jne     .Lpci_scan_device_next
    # Only downwards: a bridge whose secondary bus is not above its own was not set up, or would lead in a circle.
    movzx   edx, byte ptr [eax + PCI_BUSES + 1]
    movzx   ecx, byte ptr [eax + PCI_ADDRESS + 2]
    cmp     edx, ecx
    jbe     .Lpci_scan_device_next
    mov     eax, edx
    call    pci_scan_bus
.Lpci_scan_device_next:
    add     ebx, 1 << 8
    inc     esi
    cmp     esi, edi
    jb      .Lpci_scan_device_function
.Lpci_scan_device_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Enters one function into the table.
# In: EAX its configuration address.
# Out: EAX table entry, or CF when the table is full.
pci_add:
    cmp     dword ptr [pci_count], PCI_TABLE_MAX
    jb      1f
    inc     dword ptr [pci_dropped]
    stc
    ret
1:  push    ebx
    imul    ebx, [pci_count], PCI_SIZE_OF
    add     ebx, offset pci_devices
    inc     dword ptr [pci_count]
    mov     [ebx + PCI_ADDRESS], eax
    call    pci_config_read
    mov     [ebx + PCI_VENDOR], eax
    mov     eax, ebx
    mov     edx, PCI_REG_CLASS
    call    pci_read32
    mov     [ebx + PCI_REVISION], eax
    mov     eax, ebx
    mov     edx, PCI_REG_HEADER
    call    pci_read32
    shr     eax, 16
    and     al, 0x7F
    mov     [ebx + PCI_HEADER], al
    mov     eax, ebx
    mov     edx, PCI_REG_INTERRUPT
    call    pci_read32
    mov     [ebx + PCI_IRQ], ax
    mov     ecx, 6                      # base addresses of this header type
    cmp     byte ptr [ebx + PCI_HEADER], 0
    je      2f
    mov     ecx, 2
    cmp     byte ptr [ebx + PCI_HEADER], 1
    jne     4f
    push    ecx
    mov     eax, ebx
    mov     edx, PCI_REG_BUSES
    call    pci_read32
    mov     [ebx + PCI_BUSES], eax
    pop     ecx
    jmp     3f
2:  push    ecx
    mov     eax, ebx
    mov     edx, PCI_REG_SUBSYSTEM
    call    pci_read32
    mov     [ebx + PCI_SUBSYSTEM], eax
    pop     ecx
3:  mov     eax, ebx
    mov     edx, ecx
    call    pci_size_bars
4:  mov     eax, ebx
    pop     ebx
    clc
    ret

# Finds out base, size and type of a function's ranges. The size shows when all ones are written to a register: the bits
# that stay zero are the offset within the range. Meanwhile the function must not decode anything, so its command is
# taken away.
# In: EAX table entry, EDX number of base address registers.
pci_size_bars:
    push    ebp
    mov     ebp, esp
    sub     esp, 16
    push    ebx
    push    esi
    push    edi
    # Locals: -4 end of the registers, -8 command register, -12 base as it stood
    mov     ebx, eax
    lea     edx, [edx*4 + PCI_REG_BAR0]
    mov     [ebp - 4], edx
    mov     edx, PCI_REG_COMMAND
    call    pci_read32
    movzx   eax, ax                     # zeros to the status word: its bits are cleared by writing ones
    mov     [ebp - 8], eax
    mov     ecx, eax
    and     ecx, ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY)
    mov     eax, ebx
    mov     edx, PCI_REG_COMMAND
    call    pci_write32
    mov     esi, PCI_REG_BAR0
    lea     edi, [ebx + PCI_BARS]
.Lpci_size_bars_bar:
    mov     eax, ebx
    mov     edx, esi
    call    pci_read32
    mov     [ebp - 12], eax
    mov     eax, ebx
    mov     edx, esi
    call    pci_probe_bar               # EAX: the writable bits and the type bits
    test    eax, eax
    jz      .Lpci_size_bars_next
    mov     ecx, [ebp - 12]
    test    ecx, 1
    jnz     .Lpci_size_bars_port

    # Memory: bits 1-2 tell the width, bit 3 prefetchable.
    mov     dword ptr [edi + PCI_BAR_TYPE], PCI_BAR_MEMORY
    test    ecx, 8
    jz      .Lpci_size_bars_memory
    mov     dword ptr [edi + PCI_BAR_TYPE], PCI_BAR_PREFETCHABLE
.Lpci_size_bars_memory:
    and     ecx, ~15
    mov     [edi + PCI_BAR_BASE], ecx
    and     eax, ~15
    neg     eax
    mov     [edi + PCI_BAR_BYTES], eax
    mov     eax, [ebp - 12]
    and     eax, 6
    cmp     eax, 4
    jne     .Lpci_size_bars_next
    add     esi, 4                      # 64 bits wide: the next register is the upper half
    add     edi, PCI_BAR_SIZE_OF
    cmp     esi, [ebp - 4]
    jae     .Lpci_size_bars_done
    mov     eax, ebx
    mov     edx, esi
    call    pci_read32
    test    eax, eax
    jz      .Lpci_size_bars_next
    mov     dword ptr [edi - PCI_BAR_SIZE_OF + PCI_BAR_TYPE], PCI_BAR_UNREACHABLE
    jmp     .Lpci_size_bars_next

.Lpci_size_bars_port:
    and     ecx, 0xFFFC
    jz      .Lpci_size_bars_next        # no port assigned
    mov     dword ptr [edi + PCI_BAR_TYPE], PCI_BAR_IO
    mov     [edi + PCI_BAR_BASE], ecx
    and     eax, 0xFFFC                 # devices may leave the upper 16 bits of a port zero
    neg     eax
    movzx   eax, ax
    mov     [edi + PCI_BAR_BYTES], eax
.Lpci_size_bars_next:
    add     esi, 4
    add     edi, PCI_BAR_SIZE_OF
    cmp     esi, [ebp - 4]
    jb      .Lpci_size_bars_bar
.Lpci_size_bars_done:
    mov     ecx, [ebp - 8]
    mov     eax, ebx
    mov     edx, PCI_REG_COMMAND
    call    pci_write32
    pop     edi
    pop     esi
    pop     ebx
    leave
    ret

# Writes all ones to a base address register, reads what stays, and restores it.
# In: EAX table entry, EDX register.
# Out: EAX what was read back.
pci_probe_bar:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    call    pci_read32
    mov     edi, eax
    mov     eax, ebx
    mov     edx, esi
    mov     ecx, -1
    call    pci_write32
    mov     eax, ebx
    mov     edx, esi
    call    pci_read32
    push    eax
    mov     eax, ebx
    mov     edx, esi
    mov     ecx, edi
    call    pci_write32
    pop     eax
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads a dword of configuration space.
# In: EAX configuration address with the register in its lower byte.
# Out: EAX, all ones where there is no function.
# Locks: interrupts are off between the two ports, for another task may use them.
pci_config_read:
    pushfd
    cli
    mov     edx, PCI_PORT_ADDRESS
    and     al, 0xFC
    out     dx, eax
    mov     edx, PCI_PORT_DATA
    in      eax, dx
    popfd
    ret

# Reads a configuration register.
# In: EAX table entry, EDX register, dword aligned.
# Out: EAX value. Clobbers no more than usual; CF is not meaningful.
.global pci_read32
pci_read32:
    mov     eax, [eax + PCI_ADDRESS]
    mov     al, dl
    jmp     pci_config_read

# Writes a configuration register.
# In: EAX table entry, EDX register, dword aligned, ECX value.
.global pci_write32
pci_write32:
    mov     eax, [eax + PCI_ADDRESS]
    mov     al, dl
    and     al, 0xFC
    pushfd
    cli
    mov     edx, PCI_PORT_ADDRESS
    out     dx, eax
    mov     edx, PCI_PORT_DATA
    mov     eax, ecx
    out     dx, eax
    popfd
    ret

# Switches a function on.
# In: EAX table entry, EDX = PCI_COMMAND_* bits that are to be set beside those that are set already.
.global pci_enable
pci_enable:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    mov     edx, PCI_REG_COMMAND
    call    pci_read32
    movzx   ecx, ax
    or      ecx, esi
    mov     eax, ebx
    mov     edx, PCI_REG_COMMAND
    call    pci_write32
    pop     esi
    pop     ebx
    ret

# Finds a function by vendor and device.
# In: EAX vendor + device << 16, EDX index: 0 for the first that matches, 1 for the second ...
# Out: EAX table entry; CF set, EAX = ERROR_NOT_FOUND when there are not so many.
.global pci_find
pci_find:
    push    ebx
    push    esi
    mov     ebx, offset pci_devices + PCI_VENDOR
    mov     esi, -1
    call    pci_search
    lea     eax, [ebx - PCI_VENDOR]
    jnc     1f
    mov     eax, ERROR_NOT_FOUND
1:  pop     esi
    pop     ebx
    ret

# Finds a function by what it is.
# In: EAX class << 8 | subclass, EDX index as for pci_find.
# Out: as pci_find.
.global pci_find_class
pci_find_class:
    push    ebx
    push    esi
    mov     ebx, offset pci_devices + PCI_SUBCLASS
    mov     esi, 0xffff
    call    pci_search
    lea     eax, [ebx - PCI_SUBCLASS]
    jnc     1f
    mov     eax, ERROR_NOT_FOUND
1:  pop     esi
    pop     ebx
    ret

# Goes through the table for an entry with a value in a field.
# In: EAX value, ESI which of its bits count, EBX field of the table's first entry, EDX index as for pci_find.
# Out: EBX field of the entry that was found; CF set when there are not so many.
# Clobbers: ECX, EDX.
pci_search:
    push    edi
    mov     ecx, [pci_count]
    jecxz   3f
1:  mov     edi, [ebx]
    xor     edi, eax
    test    edi, esi
    jnz     2f
    sub     edx, 1
    jc      4f
2:  add     ebx, PCI_SIZE_OF
    dec     ecx
    jnz     1b
3:  stc
    pop     edi
    ret
4:  clc
    pop     edi
    ret
