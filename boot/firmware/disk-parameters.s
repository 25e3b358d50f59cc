# INT 13h AH=48h: what a drive is, and the way to it. Sources: Phoenix Enhanced Disk Drive Specification 3.0, table 10;
# T13 1572D (EDD-3), 8.21.

.include "firmware.inc"

.intel_syntax noprefix
.code16

PARAMETERS_BYTES        = 26
PARAMETERS_DISK         = 0x02          # the geometry is valid
PARAMETERS_CD           = 0x74          # removable, reports changes, can be locked, geometry is not valid
TABLE_END               = 30            # after a pointer to the drive's parameter table
NO_TABLE                = 0xFFFFFFFF
KEY                     = 0xBEDD
PATH_BYTES              = 36            # Phoenix: the device's part has 8 bytes
PATH_BYTES_T13          = 44            # T13: 16

# The path.
PATH_KEY                = 0
PATH_LENGTH             = 2
PATH_BUS                = 6             # 4 characters
PATH_KIND               = 10            # 8 characters
PATH_SLOT               = 19            # after the bus, which is 0; then the function
PATH_CHANNEL            = 21
PATH_UNIT               = 26            # 0 master, 1 slave

CLASS_IDE               = 0x0101
PRIMARY_BIT             = 0x80          # of 1F0h; 170h has it not
SLAVE_BIT               = 0x10
PCI_CLASS               = 0x08

.text

# INT 13h AH=48h.
# In: DS:SI buffer, its first word its size.
# Out: filled as far as there is room: u16 size, u16 flags, u32 cylinders, u32 heads, u32 sectors a track, u64 sectors,
# u16 bytes a sector; far pointer to a table; the path.
.global disk_parameters
disk_parameters:
    mov     es, [bp + F_DS]
    mov     di, si
    call    drive_find
    jc      disk_unsupported
    mov     cx, es:[di]                 # CX: room
    cmp     cx, PARAMETERS_BYTES
    jb      disk_unsupported
    push    di
    mov     ax, PARAMETERS_BYTES
    stosw
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_CD
    je      1f
    mov     ax, PARAMETERS_DISK
    stosw
    IN_STATE movzx eax, word ptr [si + DRIVE_CYLINDERS]
    stosd
    IN_STATE movzx eax, word ptr [si + DRIVE_HEADS]
    stosd
    IN_STATE movzx eax, word ptr [si + DRIVE_TRACK_SECTORS]
    stosd
    jmp     2f
1:  mov     ax, PARAMETERS_CD
    stosw
    or      eax, -1
    stosd
    stosd
    stosd
2:  IN_STATE mov eax, [si + DRIVE_SECTORS]
    stosd
    IN_STATE mov eax, [si + DRIVE_SECTORS + 4]
    stosd
    IN_STATE mov ax, [si + DRIVE_SECTOR_BYTES]
    stosw
    cmp     cx, TABLE_END
    jb      3f
    or      eax, NO_TABLE
    stosd
    call    disk_path
3:  mov     ax, di
    pop     di
    sub     ax, di
    stosw
    mov     ah, DISK_GOOD
    jmp     disk_done

# The path to an IDE drive: where its controller is among PCI devices, its channel, and which of two it is. Its bytes
# add up to zero.
# In: ES:DI place, CX room from the buffer's beginning on, STATE:SI drive.
# Out: DI behind it; as it was where there is no room, no such controller, or the drive is an emulated one.
# Clobbers: EAX, EBX, CX, DX.
disk_path:
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_CD
    ja      .Ldisk_path_none
    mov     ax, PATH_BYTES              # AX: how long it will be
    cmp     cx, TABLE_END + PATH_BYTES
    jb      .Ldisk_path_none
    cmp     cx, TABLE_END + PATH_BYTES_T13
    jb      1f
    mov     ax, PATH_BYTES_T13
1:  push    ax
    call    ide_controller
    pop     cx                          # CX: how long
    jc      .Ldisk_path_none
    push    di
    push    cx
    xor     al, al
    rep stosb
    pop     cx
    pop     di
    mov     word ptr es:[di + PATH_KEY], KEY
    mov     es:[di + PATH_LENGTH], cl
    mov     dword ptr es:[di + PATH_BUS], 'P' | 'C' << 8 | 'I' << 16 | ' ' << 24
    mov     dword ptr es:[di + PATH_KIND], 'A' | 'T' << 8 | 'A' << 16 | ' ' << 24
    mov     dword ptr es:[di + PATH_KIND + 4], 0x20202020
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_CD
    jne     2f
    mov     word ptr es:[di + PATH_KIND + 3], 'P' | 'I' << 8
2:  mov     al, bl
    shr     al, 3
    mov     ah, bl
    and     ah, 7
    mov     es:[di + PATH_SLOT], ax
    IN_STATE test byte ptr [si + DRIVE_PORT], PRIMARY_BIT
    setz    es:[di + PATH_CHANNEL]
    IN_STATE test byte ptr [si + DRIVE_SELECT], SLAVE_BIT
    setnz   es:[di + PATH_UNIT]
    xor     al, al
3:  sub     al, es:[di]
    inc     di
    loop    3b
    mov     es:[di - 1], al
.Ldisk_path_none:
    ret

# Looks for an IDE controller among the PCI devices.
# Out: BX its function, or CF.
# Clobbers: EAX, DX.
ide_controller:
    push    di
    xor     bx, bx
1:  call    pci_next
    jc      2f
    mov     di, PCI_CLASS
    call    pci_read32
    shr     eax, 16
    sub     ax, CLASS_IDE
    je      2f                          # CF is clear
    inc     bx
    jmp     1b
2:  pop     di
    ret
