# lspci: what is on the PCI buses, from the table that pci.s made at boot.

.include "macros.inc"
.include "pci.inc"

.section .rodata
lspci_help:
    .ascii  "Lists the PCI functions: bus:device.function, class, vendor:device, names.\n"
    .ascii  "-v adds the interrupt line, the command register, and the ranges of ports and\n"
    .asciz  "memory.\n"
.balign 4
pci_bar_types:                          # by PCI_BAR_*
    .long   0, pci_bar_io, pci_bar_memory, pci_bar_prefetchable, pci_bar_unreachable

STRING pci_bar_io, "ports"
STRING pci_bar_memory, "memory"
STRING pci_bar_prefetchable, "memory, prefetchable,"
STRING pci_bar_unreachable, "memory above 4 GiB, lower half"

SHELL_COMMAND "lspci", lspci_command, "[-v]", "list the PCI devices", GROUP_SYSTEM, lspci_help

.text

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
lspci_command:
    push    ebx
    push    esi
    push    edi
    xor     edi, edi                    # EDI: whether verbose
    cmp     eax, 1
    je      .Llspci_command_list
    cmp     eax, 2
    jne     .Llspci_command_usage
    mov     eax, [edx + 4]
    LOAD_STRING edx, "-v"
    call    string_compare
    jne     .Llspci_command_usage
    inc     edi
.Llspci_command_list:
    mov     ebx, offset pci_devices
    mov     esi, [pci_count]
    test    esi, esi
    jnz     .Llspci_command_device
    PRINT   "There is no PCI bus.\n"
    jmp     .Llspci_command_good
.Llspci_command_device:
    mov     eax, ebx
    call    lspci_line
    test    edi, edi
    jz      .Llspci_command_next
    mov     eax, ebx
    call    lspci_details
.Llspci_command_next:
    add     ebx, PCI_SIZE_OF
    dec     esi
    jnz     .Llspci_command_device
.Llspci_command_good:
    xor     eax, eax
    jmp     .Llspci_command_done
.Llspci_command_usage:
    PRINT   "usage: lspci [-v]\n"
    mov     eax, 1
.Llspci_command_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints the line of one function.
# In: EAX = PCI device.
lspci_line:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    movzx   eax, byte ptr [ebx + PCI_ADDRESS + 2]
    movzx   ecx, byte ptr [ebx + PCI_ADDRESS + 1]
    mov     edx, ecx
    shr     edx, 3
    and     ecx, 7
    PRINTF  "%02x:%02x.%d ", eax, edx, ecx
    mov     eax, ebx
    call    pci_class_name
    mov     esi, eax
    mov     eax, ebx
    call    pci_vendor_name
    mov     edi, eax
    mov     eax, ebx
    call    pci_device_name
    movzx   ecx, word ptr [ebx + PCI_VENDOR]
    movzx   edx, word ptr [ebx + PCI_DEVICE]
    PRINTF  "%-24s %04x:%04x %s %s\n", esi, ecx, edx, edi, eax
    pop     edi
    pop     esi
    pop     ebx
    ret

# Prints what -v adds.
# In: EAX = PCI device.
lspci_details:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edx, PCI_REG_COMMAND
    call    pci_read32
    movzx   edx, byte ptr [ebx + PCI_INTERFACE]
    movzx   ecx, byte ptr [ebx + PCI_REVISION]
    movzx   eax, ax
    PRINTF  "        interface %02x, revision %02x, command %04x", edx, ecx, eax
    movzx   eax, byte ptr [ebx + PCI_PIN]
    test    eax, eax
    jz      1f
    add     eax, 'A' - 1
    movzx   edx, byte ptr [ebx + PCI_IRQ]
    PRINTF  ", INT%c on IRQ %d", eax, edx
1:  PRINT   "\n"
    cmp     byte ptr [ebx + PCI_HEADER], 1
    jne     2f
    movzx   eax, byte ptr [ebx + PCI_BUSES + 1]
    movzx   edx, byte ptr [ebx + PCI_BUSES + 2]
    PRINTF  "        leads to buses %02x to %02x\n", eax, edx
2:  lea     esi, [ebx + PCI_BARS]
    xor     edi, edi
3:  mov     eax, [esi + PCI_BAR_TYPE]
    test    eax, eax
    jz      4f
    mov     eax, [pci_bar_types + eax*4]
    PRINTF  "        range %d: %s %08x, %u bytes\n", edi, eax, [esi+PCI_BAR_BASE], [esi+PCI_BAR_BYTES]
4:  add     esi, PCI_BAR_SIZE_OF
    inc     edi
    cmp     edi, 6
    jb      3b
    pop     edi
    pop     esi
    pop     ebx
    ret
