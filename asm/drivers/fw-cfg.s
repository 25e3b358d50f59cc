# Files that were given to the machine from outside: QEMU's firmware configuration device (docs/specs/fw_cfg.rst of
# QEMU), which the emulator has too. A node learns its cluster's name and key from it, so that images hold no secret.
#
# On other boards something else is at these ports, and must not be written: the device is looked for only where the
# host bridge says that the board is QEMU's.

.include "macros.inc"
.include "errors.inc"
.include "pci.inc"
.include "tasks.inc"

PORT_SELECTOR           = 0x510
PORT_DATA               = 0x511
KEY_SIGNATURE           = 0x00
KEY_DIRECTORY           = 0x19
SIGNATURE               = 0x554D4551    # "QEMU"
FILES_MAXIMUM           = 1024

ENTRY_BYTES             = 0             # u32   of the file, big endian
ENTRY_KEY               = 4             # u16   big endian
ENTRY_NAME              = 8             # 56 bytes, NUL terminated
ENTRY_SIZE              = 64

PCI_SUBSYSTEM           = 0x2C
SUBSYSTEM_QEMU          = 0x11001AF4    # Red Hat, "QEMU virtual machine"

.bss
.balign 4
setting_mutex:          .space MUTEX_SIZE   # held from choosing to the last byte read: the device has one place

.section .rodata
.balign 4
host_bridges:           .long 0x12378086, 0x29C08086, 0     # i440FX, Q35

ON_HOOK host_files, setting_find, setting_take

.text

# Reads a file.
# In: EAX name, EDX buffer, ECX its bytes.
# Out: EAX bytes that were stored; CF and EAX error when there is no such file.
.global setting_read
setting_read:
    push    ebx
    push    esi
    mov     ebx, edx
    mov     esi, ecx
    call    setting_find
    jc      .Lsetting_read_done
    cmp     edx, esi
    jbe     .Lsetting_read_fits
    mov     edx, esi
.Lsetting_read_fits:
    mov     esi, edx
    mov     ecx, edx
    mov     edx, ebx
    call    setting_take
    mov     eax, esi
    clc
.Lsetting_read_done:
    pop     esi
    pop     ebx
    ret

# Finds a file. May sleep.
# In: EAX name.
# Out: EAX its key, EDX its bytes; CF and EAX error when there is no such file.
setting_find:
    push    ebx
    push    esi
    sub     esp, ENTRY_SIZE
    mov     esi, eax
    mov     eax, offset setting_mutex
    call    mutex_lock
    call    setting_device
    jc      .Lsetting_find_absent
    mov     eax, KEY_DIRECTORY
    call    setting_select
    push    0
    mov     eax, esp
    mov     ecx, 4
    call    setting_bytes
    pop     ebx
    bswap   ebx
    cmp     ebx, FILES_MAXIMUM
    ja      .Lsetting_find_absent
.Lsetting_find_next:
    dec     ebx
    js      .Lsetting_find_absent
    mov     eax, esp
    mov     ecx, ENTRY_SIZE
    call    setting_bytes
    mov     byte ptr [esp + ENTRY_SIZE - 1], 0
    lea     eax, [esp + ENTRY_NAME]
    mov     edx, esi
    call    string_compare
    jne     .Lsetting_find_next
    movzx   eax, word ptr [esp + ENTRY_KEY]
    xchg    al, ah
    mov     edx, [esp + ENTRY_BYTES]
    bswap   edx
    clc
    jmp     .Lsetting_find_done
.Lsetting_find_absent:
    mov     eax, ERROR_NOT_FOUND
    stc
.Lsetting_find_done:
    pushad
    pushfd
    mov     eax, offset setting_mutex
    call    mutex_unlock
    popfd
    popad
    lea     esp, [esp + ENTRY_SIZE]
    pop     esi
    pop     ebx
    ret

# Reads the beginning of a file that was found. May sleep.
# In: EAX its key, EDX buffer, ECX bytes.
setting_take:
    pushad
    mov     eax, offset setting_mutex
    call    mutex_lock
    popad
    push    edx
    call    setting_select
    pop     eax
    call    setting_bytes
    mov     eax, offset setting_mutex
    jmp     mutex_unlock

# Whether the device is there.
# Out: CF when it is not.
setting_device:
    call    setting_board
    jc      9f
    mov     eax, KEY_SIGNATURE
    call    setting_select
    push    0
    mov     eax, esp
    mov     ecx, 4
    call    setting_bytes
    pop     eax
    cmp     eax, SIGNATURE
    je      9f                          # CF is clear
    stc
9:  ret

# Whether the board is QEMU's, or like it.
# Out: CF when it is not.
# Clobbers: EAX, ECX, EDX.
.global setting_board
setting_board:
    push    ebx
    mov     ebx, offset host_bridges
1:  mov     eax, [ebx]
    test    eax, eax
    jz      8f
    add     ebx, 4
    xor     edx, edx
    call    pci_find
    jc      1b
    mov     edx, PCI_SUBSYSTEM
    call    pci_read32
    cmp     eax, SUBSYSTEM_QEMU
    je      9f                          # CF is clear
8:  stc
9:  pop     ebx
    ret

# Chooses what is read next.
# In: EAX key.
setting_select:
    mov     edx, PORT_SELECTOR
    out     dx, ax
    ret

# Reads on.
# In: EAX buffer, ECX bytes.
setting_bytes:
    push    edi
    mov     edi, eax
    mov     edx, PORT_DATA
    test    ecx, ecx
    jz      2f
1:  in      al, dx
    stosb
    dec     ecx
    jnz     1b
2:  pop     edi
    ret
