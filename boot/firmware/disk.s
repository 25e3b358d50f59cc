# INT 13h: disks (80h and up) by cylinder, head and sector and by the extensions, CDs (E0h and up) by the extensions.
# Sources: Phoenix Enhanced Disk Drive Specification 3.0, El Torito 1.0.

.include "firmware.inc"

.intel_syntax noprefix
.code16

DISK_BAD_COMMAND        = 0x01
DISK_WRITE_PROTECTED    = 0x03
DISK_NOT_FOUND          = 0x04

EDD_VERSION             = 0x30          # 3.0
EDD_FUNCTIONS           = 0x05          # 42h-44h, 47h, 48h, with the path to the drive
PACKET_BYTES            = 16
PACKET_COUNT            = 2
PACKET_BUFFER           = 4
PACKET_LBA              = 8
CD_SPEC_BYTES           = 19
DISKETTE                = 1             # AH=15h: without a line that tells of a change
FIXED_DISK              = 3

.text

# Each function below is entered as services.s says, and ends in disk_done with AH = status.

# Gives a status to the caller, with CF, and keeps it for AH=01h.
# In: AH status.
# Clobbers: nothing.
.global disk_done
disk_done:
    mov     [bp + F_AH], ah
    push    bx
    call    disk_status_byte
    mov     [bx], ah
    pop     bx
    test    ah, ah
    jz      service_ok
    jmp     service_carry

# Where the status of a request stands.
# In: BP frame, DS = BDA.
# Out: BX.
disk_status_byte:
    mov     bx, BDA_FLOPPY_STATUS
    test    byte ptr [bp + F_DL], FIRST_DISK
    jz      1f
    mov     bx, BDA_DISK_STATUS
1:  ret

# A request that cannot be: status 01h.
# In: BP frame, DS = BDA.
.global disk_unsupported
disk_unsupported:
    mov     ah, DISK_BAD_COMMAND
    jmp     disk_done

# INT 13h AH=00h, 0Dh: reset; AH=10h: ready? AH=11h: recalibrate. AH=47h: seek. All is well with a drive that exists.
disk_ready:
    call    drive_find
    jc      disk_unsupported
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_FLOPPY
    jne     1f
    cmp     byte ptr [bp + F_AH], 0
    jne     1f
    call    floppy_restart
    jmp     disk_done
1:
    mov     ah, DISK_GOOD
    jmp     disk_done

# INT 13h AH=01h.
# Out: AH status of the last request.
disk_last_status:
    call    disk_status_byte
    mov     ah, [bx]
    mov     [bp + F_AH], ah
    test    ah, ah
    jz      service_ok
    jmp     service_carry

# INT 13h AH=02h read, 03h write, 04h verify.
# In: AL sectors, CH and CL bits 6-7 cylinder, CL bits 0-5 sector, DH head, ES:BX buffer.
# Out: AL sectors done.
disk_read_chs:
    mov     al, REQUEST_READ
    jmp     disk_chs

# INT 13h AH=03h: as AH=02h, but writes.
disk_write_chs:
    mov     al, REQUEST_WRITE
    jmp     disk_chs

# INT 13h AH=04h: as AH=02h, but verifies.
disk_verify_chs:
    mov     al, REQUEST_VERIFY
disk_chs:
    IN_STATE mov [STATE_REQUEST_KIND], al
    call    drive_find
    jc      disk_unsupported
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_CD
    je      disk_unsupported
    mov     di, bx
    movzx   ax, byte ptr [bp + F_AL]
    test    ax, ax
    jz      disk_unsupported
    IN_STATE mov [STATE_REQUEST_COUNT], ax
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_FLOPPY
    jne     .Ldisk_chs_geometry
    call    floppy_transfer
    and     byte ptr [BDA_FLOPPY_SEEK], 0x7F # its interrupt has been waited for
.Ldisk_chs_done:
    IN_STATE mov al, [STATE_REQUEST_DONE]
    mov     [bp + F_AL], al
    jmp     disk_done
.Ldisk_chs_geometry:
    movzx   bx, dh
    IN_STATE cmp bx, [si + DRIVE_HEADS]
    jae     disk_unsupported
    mov     al, ch                      # cylinder
    mov     ah, cl
    shr     ah, 6
    IN_STATE mul word ptr [si + DRIVE_HEADS]
    add     ax, bx
    adc     dx, 0
    shl     edx, 16
    mov     dx, ax                      # track
    IN_STATE movzx eax, word ptr [si + DRIVE_TRACK_SECTORS]
    and     ecx, 63
    cmp     ax, cx
    jb      disk_unsupported
    dec     ecx                         # sectors count from 1
    js      disk_unsupported
    mul     edx
    add     eax, ecx
    IN_STATE mov [STATE_REQUEST_LBA], eax
    IN_STATE mov dword ptr [STATE_REQUEST_LBA + 4], 0
    call    disk_transfer
    jmp     .Ldisk_chs_done

# INT 13h AH=42h read, 43h write, 44h verify.
# In: DS:SI disk address packet.
# Out: its count tells what was done.
disk_read_packet:
    mov     al, REQUEST_READ
    jmp     disk_packet

# INT 13h AH=43h: as AH=42h, but writes.
disk_write_packet:
    mov     al, REQUEST_WRITE
    jmp     disk_packet

# INT 13h AH=44h: as AH=42h, but verifies.
disk_verify_packet:
    mov     al, REQUEST_VERIFY
disk_packet:
    IN_STATE mov [STATE_REQUEST_KIND], al
    mov     es, [bp + F_DS]
    mov     bx, si
    call    drive_find
    jc      disk_unsupported
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_FLOPPY
    je      disk_unsupported
    cmp     byte ptr es:[bx], PACKET_BYTES
    jb      disk_unsupported
    mov     ax, es:[bx + PACKET_COUNT]
    IN_STATE mov [STATE_REQUEST_COUNT], ax
    mov     eax, es:[bx + PACKET_LBA]
    IN_STATE mov [STATE_REQUEST_LBA], eax
    mov     eax, es:[bx + PACKET_LBA + 4]
    IN_STATE mov [STATE_REQUEST_LBA + 4], eax
    push    es
    push    bx
    les     di, es:[bx + PACKET_BUFFER]
    call    disk_transfer
    pop     bx
    pop     es
    IN_STATE mov cx, [STATE_REQUEST_DONE]
    mov     es:[bx + PACKET_COUNT], cx
    jmp     disk_done

# Does a request with the driver of its drive; of one that goes beyond the drive's end, what lies before it.
# In: STATE:SI drive, STATE:[STATE_REQUEST_*], ES:DI buffer.
# Out: AH status, STATE:[STATE_REQUEST_DONE].
# Clobbers: EAX, EBX, ECX, EDX, DI, ES.
disk_transfer:
    IN_STATE mov word ptr [STATE_REQUEST_DONE], 0
    IN_STATE mov eax, [si + DRIVE_SECTORS]
    IN_STATE mov ebx, [si + DRIVE_SECTORS + 4]
    IN_STATE sub eax, [STATE_REQUEST_LBA]
    IN_STATE sbb ebx, [STATE_REQUEST_LBA + 4]
    jb      .Ldisk_transfer_beyond
    jnz     1f
    IN_STATE movzx ebx, word ptr [STATE_REQUEST_COUNT]
    cmp     eax, ebx
    jae     1f
    IN_STATE mov [STATE_REQUEST_COUNT], ax # boot sectors ask for more than a short disk has, and take what comes
    test    ax, ax
    jz      .Ldisk_transfer_beyond
    call    1f
    test    ah, ah
    jz      .Ldisk_transfer_beyond
    ret
1:  IN_STATE cmp word ptr [STATE_REQUEST_COUNT], 0
    mov     ah, DISK_GOOD
    je      9f
    call    interrupts_as_caller
    mov     ax, di                      # keep the offset small: segments advance from sector to sector
    shr     ax, 4
    mov     bx, es
    add     ax, bx
    mov     es, ax
    and     di, 15
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_EMULATED
    je      emulated_transfer
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_CD
    jne     ata_transfer
    IN_STATE cmp byte ptr [STATE_REQUEST_KIND], REQUEST_WRITE
    mov     ah, DISK_WRITE_PROTECTED
    jne     atapi_transfer
    ret
.Ldisk_transfer_beyond:
    mov     ah, DISK_NOT_FOUND
9:  ret

# INT 13h AH=08h.
# Out: CH, CL last cylinder and sectors a track, DH last head, DL number of disks; for a diskette BL its kind, ES:DI its
# table of parameters.
disk_geometry:
    call    drive_find
    jc      .Ldisk_geometry_absent
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_CD
    je      disk_unsupported
    IN_STATE mov ax, [si + DRIVE_CYLINDERS]
    dec     ax
    shl     ah, 6
    IN_STATE or ah, [si + DRIVE_TRACK_SECTORS]
    xchg    al, ah
    mov     [bp + F_CX], ax
    IN_STATE mov al, [si + DRIVE_HEADS]
    dec     al
    mov     [bp + F_DH], al
    mov     byte ptr [bp + F_AL], 0
    mov     byte ptr [bp + F_BL], 0
    call    is_diskette
    jnz     2f
    IN_STATE mov al, [si + DRIVE_SELECT]
    mov     [bp + F_BX], al
    mov     byte ptr [bp + F_BX + 1], 0
    mov     word ptr [bp + F_ES], ROM_SEGMENT
    mov     word ptr [bp + F_DI], offset diskette_parameters
2:  call    drives_like
    mov     ah, DISK_GOOD
    call    disk_done
    mov     [bp + F_DL], al
    ret
.Ldisk_geometry_absent:
    mov     word ptr [bp + F_CX], 0
    mov     word ptr [bp + F_DX], 0
    mov     ah, 7                       # no such drive: its parameters are bad
    jmp     disk_done

# INT 13h AH=15h.
# Out: AH 3 and CX:DX sectors for a disk, AH 1 for a diskette, AH 0 for a number without a drive.
disk_kind:
    call    drive_find
    mov     byte ptr [bp + F_AH], 0
    jc      service_ok
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_CD
    je      service_ok
    mov     byte ptr [bp + F_AH], DISKETTE
    call    is_diskette
    je      service_ok
    mov     byte ptr [bp + F_AH], FIXED_DISK
    IN_STATE mov eax, [si + DRIVE_SECTORS]
    IN_STATE cmp dword ptr [si + DRIVE_SECTORS + 4], 0
    je      1f
    or      eax, -1
1:  mov     [bp + F_DX], ax
    shr     eax, 16
    mov     [bp + F_CX], ax
    jmp     service_ok

# INT 13h AH=41h.
# In: BX 55AAh.
# Out: BX AA55h, AH version, CX what is there.
disk_extensions:
    call    drive_find
    jc      disk_unsupported
    call    is_diskette
    je      disk_unsupported
    cmp     bx, 0x55AA
    jne     disk_unsupported
    mov     word ptr [bp + F_BX], 0xAA55
    mov     word ptr [bp + F_CX], EDD_FUNCTIONS
    mov     byte ptr [bp + F_AH], EDD_VERSION
    mov     byte ptr [BDA_DISK_STATUS], DISK_GOOD
    jmp     service_ok

# INT 13h AH=05h: formats a track of a diskette.
# In: AL sectors, CH cylinder, DH head, ES:BX marks.
disk_format:
    call    drive_find
    jc      disk_unsupported
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_FLOPPY
    jne     disk_unsupported
    mov     al, [bp + F_AL]
    call    floppy_format
    jmp     disk_done

# INT 13h AH=16h: has the diskette been changed?
# Out: AH 06h when it has.
disk_change:
    call    drive_find
    jc      disk_unsupported
    mov     ah, DISK_GOOD
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_FLOPPY
    jne     disk_done
    call    floppy_change
    jmp     disk_done

# INT 13h AH=17h, 18h: the kind of diskette that will be formatted. What is in the drive decides it.
# Out: ES:DI table of parameters.
disk_set_media:
    call    drive_find
    jc      disk_unsupported
    IN_STATE cmp byte ptr [si + DRIVE_TYPE], DRIVE_FLOPPY
    jne     disk_unsupported
    mov     ah, DISK_GOOD
    cmp     byte ptr [bp + F_AH], 0x18
    jne     disk_done
    mov     word ptr [bp + F_ES], ROM_SEGMENT
    mov     word ptr [bp + F_DI], offset diskette_parameters
    jmp     disk_done

# Does the request name a diskette, a real or an emulated one?
# In: BP frame.
# Out: ZF set when it does.
# Clobbers: nothing.
is_diskette:
    test    byte ptr [bp + F_DL], FIRST_DISK
    ret

# INT 13h AH=4Bh: AL=00h ends the emulation of a CD, AL=01h tells about it.
# In: DS:SI buffer of 19 bytes.
disk_emulation:
    cmp     al, 1
    ja      disk_unsupported
    IN_STATE cmp byte ptr [STATE_CD_SPEC], 0
    je      disk_unsupported            # not booted from a CD
    mov     es, [bp + F_DS]
    mov     di, si
    mov     si, STATE_CD_SPEC
    mov     cx, CD_SPEC_BYTES
1:  IN_STATE mov al, [si]
    inc     si
    stosb
    loop    1b
    test    byte ptr [bp + F_AL], 1
    mov     ah, DISK_GOOD
    jnz     disk_done
    IN_STATE mov byte ptr [STATE_EMULATION], 0
    jmp     disk_done

.data
.global disk_functions
disk_functions:
    .word   disk_unsupported, 22
    FUNCTION 0x42, disk_read_packet
    FUNCTION 0x00, disk_ready
    FUNCTION 0x01, disk_last_status
    FUNCTION 0x02, disk_read_chs
    FUNCTION 0x03, disk_write_chs
    FUNCTION 0x04, disk_verify_chs
    FUNCTION 0x05, disk_format
    FUNCTION 0x08, disk_geometry
    FUNCTION 0x0D, disk_ready
    FUNCTION 0x10, disk_ready
    FUNCTION 0x11, disk_ready
    FUNCTION 0x15, disk_kind
    FUNCTION 0x16, disk_change
    FUNCTION 0x17, disk_set_media
    FUNCTION 0x18, disk_set_media
    FUNCTION 0x41, disk_extensions
    FUNCTION 0x43, disk_write_packet
    FUNCTION 0x44, disk_verify_packet
    FUNCTION 0x47, disk_ready
    FUNCTION 0x48, disk_parameters
    FUNCTION 0x4B, disk_emulation
    FUNCTION 0x4E, disk_ready
