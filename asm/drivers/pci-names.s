# Names for what lspci shows: classes from the PCI Code and ID Assignment Specification 1.11, and the devices of the
# machines that QuRe runs on (QEMU, VMware, VirtualBox, the bundled emulator) with common network and disk hardware.

.include "macros.inc"
.include "pci.inc"

# An entry of a table: key, name.
.macro PCI_NAME key:req, text:req
    .pushsection .rodata.str, "a", @progbits
.Lpci_name\@: .asciz "\text"
    .popsection
    .long   \key, .Lpci_name\@
.endm

.section .rodata
pci_no_name: .byte 0
.balign 4

# Key: class << 8 | subclass; subclass 0xFF stands for all that are not listed. Ends with name 0.
pci_class_names:
    PCI_NAME 0x0000, "Unclassified device"
    PCI_NAME 0x0001, "VGA-compatible unclassified device"
    PCI_NAME 0x0100, "SCSI controller"
    PCI_NAME 0x0101, "IDE controller"
    PCI_NAME 0x0102, "Floppy controller"
    PCI_NAME 0x0104, "RAID controller"
    PCI_NAME 0x0105, "ATA controller"
    PCI_NAME 0x0106, "SATA controller"
    PCI_NAME 0x0107, "SAS controller"
    PCI_NAME 0x0108, "NVMe controller"
    PCI_NAME 0x01FF, "Mass storage controller"
    PCI_NAME 0x0200, "Ethernet controller"
    PCI_NAME 0x0280, "Network controller"
    PCI_NAME 0x02FF, "Network controller"
    PCI_NAME 0x0300, "VGA controller"
    PCI_NAME 0x0302, "3D controller"
    PCI_NAME 0x03FF, "Display controller"
    PCI_NAME 0x0400, "Video device"
    PCI_NAME 0x0401, "Audio device"
    PCI_NAME 0x0403, "HD audio device"
    PCI_NAME 0x04FF, "Multimedia device"
    PCI_NAME 0x0500, "RAM controller"
    PCI_NAME 0x05FF, "Memory controller"
    PCI_NAME 0x0600, "Host bridge"
    PCI_NAME 0x0601, "ISA bridge"
    PCI_NAME 0x0604, "PCI bridge"
    PCI_NAME 0x0607, "CardBus bridge"
    PCI_NAME 0x0680, "Bridge"
    PCI_NAME 0x06FF, "Bridge"
    PCI_NAME 0x0700, "Serial port"
    PCI_NAME 0x0701, "Parallel port"
    PCI_NAME 0x0780, "Communication controller"
    PCI_NAME 0x07FF, "Communication controller"
    PCI_NAME 0x0800, "Interrupt controller"
    PCI_NAME 0x0801, "DMA controller"
    PCI_NAME 0x0802, "Timer"
    PCI_NAME 0x0803, "RTC"
    PCI_NAME 0x0880, "System peripheral"
    PCI_NAME 0x08FF, "System peripheral"
    PCI_NAME 0x0900, "Keyboard controller"
    PCI_NAME 0x0902, "Mouse controller"
    PCI_NAME 0x09FF, "Input device"
    PCI_NAME 0x0AFF, "Docking station"
    PCI_NAME 0x0BFF, "Processor"
    PCI_NAME 0x0C00, "FireWire controller"
    PCI_NAME 0x0C03, "USB controller"
    PCI_NAME 0x0C05, "SMBus"
    PCI_NAME 0x0CFF, "Serial bus controller"
    PCI_NAME 0x0DFF, "Wireless controller"
    PCI_NAME 0x0EFF, "Intelligent I/O controller"
    PCI_NAME 0x0FFF, "Satellite controller"
    PCI_NAME 0x10FF, "Encryption controller"
    PCI_NAME 0x11FF, "Signal processing controller"
    .long   0, 0

# Key: vendor.
pci_vendor_names:
    PCI_NAME 0x1000, "LSI Logic"
    PCI_NAME 0x1002, "AMD/ATI"
    PCI_NAME 0x1013, "Cirrus Logic"
    PCI_NAME 0x1022, "AMD"
    PCI_NAME 0x1039, "SiS"
    PCI_NAME 0x104C, "Texas Instruments"
    PCI_NAME 0x106B, "Apple"
    PCI_NAME 0x10B7, "3Com"
    PCI_NAME 0x10DE, "NVIDIA"
    PCI_NAME 0x10EC, "Realtek"
    PCI_NAME 0x1106, "VIA"
    PCI_NAME 0x1234, "QEMU"
    PCI_NAME 0x1274, "Ensoniq"
    PCI_NAME 0x14E4, "Broadcom"
    PCI_NAME 0x15AD, "VMware"
    PCI_NAME 0x168C, "Atheros"
    PCI_NAME 0x1AF4, "Red Hat virtio"
    PCI_NAME 0x1B36, "Red Hat"
    PCI_NAME 0x1B4B, "Marvell"
    PCI_NAME 0x5333, "S3"
    PCI_NAME 0x8086, "Intel"
    PCI_NAME 0x80EE, "VirtualBox"
    .long   0, 0

# Key: device << 16 | vendor, as the dword at PCI_VENDOR.
pci_device_names:
    PCI_NAME 0x10008086, "82542 Ethernet"
    PCI_NAME 0x10048086, "82543GC Ethernet"
    PCI_NAME 0x100E8086, "82540EM Ethernet"
    PCI_NAME 0x100F8086, "82545EM Ethernet"
    PCI_NAME 0x10108086, "82546EB Ethernet"
    PCI_NAME 0x10198086, "82547EI Ethernet"
    PCI_NAME 0x107C8086, "82541PI Ethernet"
    PCI_NAME 0x10D38086, "82574L Ethernet"
    PCI_NAME 0x12098086, "82559ER Ethernet"
    PCI_NAME 0x12298086, "82557 Ethernet"
    PCI_NAME 0x12378086, "440FX host bridge"
    PCI_NAME 0x70008086, "PIIX3 ISA bridge"
    PCI_NAME 0x70108086, "PIIX3 IDE"
    PCI_NAME 0x70208086, "PIIX3 USB"
    PCI_NAME 0x71108086, "PIIX4 ISA bridge"
    PCI_NAME 0x71118086, "PIIX4 IDE"
    PCI_NAME 0x71128086, "PIIX4 USB"
    PCI_NAME 0x71138086, "PIIX4 power management"
    PCI_NAME 0x71908086, "440BX host bridge"
    PCI_NAME 0x71918086, "440BX AGP bridge"
    PCI_NAME 0x24158086, "82801AA audio"
    PCI_NAME 0x24488086, "82801 PCI bridge"
    PCI_NAME 0x24CD8086, "82801DB USB 2.0"
    PCI_NAME 0x265C8086, "82801FB USB 2.0"
    PCI_NAME 0x26688086, "82801FB HD audio"
    PCI_NAME 0x28298086, "82801HM SATA"
    PCI_NAME 0x29188086, "82801IB ISA bridge"
    PCI_NAME 0x29228086, "82801IR SATA"
    PCI_NAME 0x29308086, "82801I SMBus"
    PCI_NAME 0x29C08086, "82G33 host bridge"
    PCI_NAME 0x802910EC, "RTL8029 Ethernet"
    PCI_NAME 0x813910EC, "RTL8139 Ethernet"
    PCI_NAME 0x816810EC, "RTL8168 Ethernet"
    PCI_NAME 0x20001022, "79C970 PCnet Ethernet"
    PCI_NAME 0x00B81013, "GD 5446 VGA"
    PCI_NAME 0x11111234, "standard VGA"
    PCI_NAME 0x13711274, "ES1371 audio"
    PCI_NAME 0x00301000, "53C1030 SCSI"
    PCI_NAME 0x040515AD, "SVGA II"
    PCI_NAME 0x071015AD, "SVGA"
    PCI_NAME 0x072015AD, "VMXNET"
    PCI_NAME 0x074015AD, "VMCI"
    PCI_NAME 0x077015AD, "USB 2.0"
    PCI_NAME 0x077415AD, "USB"
    PCI_NAME 0x079015AD, "PCI bridge"
    PCI_NAME 0x07A015AD, "PCI Express port"
    PCI_NAME 0x07B015AD, "VMXNET3"
    PCI_NAME 0x07C015AD, "PVSCSI"
    PCI_NAME 0x07E015AD, "SATA"
    PCI_NAME 0x10001AF4, "network"
    PCI_NAME 0x10011AF4, "block"
    PCI_NAME 0x10021AF4, "balloon"
    PCI_NAME 0x10041AF4, "SCSI"
    PCI_NAME 0x10051AF4, "random source"
    PCI_NAME 0x00011B36, "PCI bridge"
    PCI_NAME 0x000D1B36, "xHCI USB"
    PCI_NAME 0x01001B36, "QXL VGA"
    PCI_NAME 0xBEEF80EE, "VGA"
    PCI_NAME 0xCAFE80EE, "guest service"
    .long   0, 0

.text

# Names a function's class.
# In: EAX = PCI device.
# Out: EAX text.
.global pci_class_name
pci_class_name:
    movzx   eax, word ptr [eax + PCI_SUBCLASS]
    mov     edx, offset pci_class_names
    call    pci_name
    jnc     1f
    or      eax, 0xFF
    call    pci_name
    jnc     1f
    LOAD_STRING eax, "Unknown class"
1:  ret

# Names a function's maker.
# In: EAX = PCI device.
# Out: EAX text.
.global pci_vendor_name
pci_vendor_name:
    movzx   eax, word ptr [eax + PCI_VENDOR]
    mov     edx, offset pci_vendor_names
    call    pci_name
    jnc     1f
    LOAD_STRING eax, "Unknown vendor"
1:  ret

# Names the function itself.
# In: EAX = PCI device.
# Out: EAX text, empty when it is not in the table.
.global pci_device_name
pci_device_name:
    mov     eax, [eax + PCI_VENDOR]
    mov     edx, offset pci_device_names
    call    pci_name
    jnc     1f
    mov     eax, offset pci_no_name
1:  ret

# Looks a key up.
# In: EAX key, EDX table.
# Out: EAX text; CF and EAX, EDX as they were when it is not there.
pci_name:
    mov     ecx, edx
1:  cmp     dword ptr [ecx + 4], 1      # the end has no name
    jb      2f
    cmp     [ecx], eax
    je      3f
    add     ecx, 8
    jmp     1b
2:  stc
    ret
3:  mov     eax, [ecx + 4]
    clc
    ret
