# INT 19h: the search for something to boot: disks in their order, then CDs (El Torito 1.0 without emulation), or the
# network by an expansion ROM. INT 18h: nothing.

.include "firmware.inc"

.intel_syntax noprefix
.code16

SIGNATURE               = 0xAA55
BOOT_DEVICES            = 4             # the last kind that can be booted, of CMOS's numbers
BOOT_ORDER              = 0x0032        # where CMOS says nothing: disks, CDs
READ_TRIES              = 4
READ_PAUSE_TICKS        = 5             # 0.27 s between tries,
SECONDS_LEAST           = 2             # then between rounds: each one twice as long as the one before,
SECONDS_MOST            = 60            # until they are so long
NO_MEDIUM               = 0x31          # statuses of INT 13h for a drive that has nothing in it
NO_DISKETTE             = 0x80
NO_COMMAND              = 0x01          # and for a sector that it does not have
NO_SECTOR               = 0x04
TICKS_10_S              = 182
WARM                    = 0x1234
CD_CHUNK_SECTORS        = 16            # 32 KiB a request

# El Torito
VOLUME_RECORD_LBA       = 17
VOLUME_CATALOG          = 0x47          # u32: sector of the catalog
VOLUME_TEXT_BYTES       = 30
CATALOG_KEY             = 30            # u16 AA55h in the validation entry
CATALOG_DEFAULT         = 32            # the default entry
ENTRY_BOOTABLE          = 0x88
ENTRY_MEDIA             = 1             # u8: 0 without emulation
ENTRY_SEGMENT           = 2             # u16: 0 is 7C0h
ENTRY_COUNT             = 6             # u16: sectors of 512 bytes
ENTRY_LBA               = 8             # u32
SPEC_BYTES              = 0x13
SPEC_SEGMENT            = 12
SPEC_COUNT              = 14

.text

# INT 19h; does not return.
.global boot
boot:
    xor     ax, ax
    mov     ss, ax
    mov     sp, BOOT_ADDRESS
    mov     ds, ax
    sti
    cld
    IN_STATE mov byte ptr [STATE_EMULATION], 0
    IN_STATE mov byte ptr [STATE_UNREAD], 0
    mov     al, CMOS_BOOT_THIRD
    call    cmos_read
    and     ax, 0x00F0
    shl     ax, 4
    mov     al, CMOS_BOOT_ORDER
    call    cmos_read                   # AX: a device in each four bits, the first in the lowest
    test    ax, 0x0FFF
    jnz     1f
    mov     ax, BOOT_ORDER
1:  push    ax
    and     ax, 15
    cmp     al, BOOT_DEVICES
    ja      2f
    mov     si, ax
    mov     dl, cs:[si + boot_first]
    add     si, ax
    call    cs:[si + boot_routines]
2:  pop     ax
    shr     ax, 4
    jnz     1b
    int     0x18

# Tries all drives of a kind.
# In: DL the first of them.
# Clobbers: all.
boot_floppies:
boot_disks:
    call    drive_find
    jc      boot_none
    push    dx
    call    boot_disk
    pop     dx
    inc     dl
    jmp     boot_disks
boot_cds:
    call    drive_find
    jc      boot_none
    push    dx
    call    boot_cd
    pop     dx
    inc     dl
    jmp     boot_cds
boot_none:
    ret

# Boots from the network, by the ROM that can (roms.s), else by the firmware's own client (network.s); returns when it
# comes back.
# Clobbers: all; DS = 0.
boot_network:
    mov     si, offset text_network
    call    say
    call    say_flush
    IN_STATE cmp dword ptr [STATE_BEV], 0
    je      network_boot
    IN_STATE mov cx, [STATE_BEV]
    IN_STATE mov dx, [STATE_BEV + 2]
    xor     bx, bx
    call    rom_call
    xor     ax, ax
    mov     ds, ax
    ret

# INT 18h: a while later all begins anew, for a drive may come to itself, or a server on the network; a key begins it at
# once. Does not return.
.global boot_nothing
boot_nothing:
    sti
    mov     ax, BDA_SEGMENT
    mov     ds, ax
    IN_STATE cmp byte ptr [STATE_UNREAD], 0
    jne     boot_unread
    mov     si, offset text_nothing
    call    say
    mov     al, SECONDS_MOST
    call    boot_wait
    jnz     1f
    mov     word ptr [BDA_RESET_FLAG], WARM
    ljmp    ROM_SEGMENT, offset post    # with a search for drives
1:  int     0x19

# A drive that is there cannot be read.
# In: DS = BDA.
boot_unread:
    mov     si, offset text_again
    call    say
    IN_STATE mov al, [STATE_BOOT_SECONDS]
    cmp     al, SECONDS_LEAST
    jae     1f
    mov     al, SECONDS_LEAST
1:  push    ax
    movzx   eax, al
    call    say_decimal
    mov     si, offset text_again_key
    call    say
    pop     ax
    mov     bl, al
    add     bl, bl
    cmp     bl, SECONDS_MOST
    jbe     2f
    mov     bl, SECONDS_MOST
2:  IN_STATE mov [STATE_BOOT_SECONDS], bl
    call    boot_wait
    int     0x19

# Waits, but no longer than until a key is pressed, which it takes.
# In: AL seconds.
# Out: ZF clear when there was a key.
# Clobbers: AX, BX, CX, DX, DS.
boot_wait:
    mov     ah, TICKS_10_S
    mul     ah
    mov     bl, 10
    xor     dx, dx
    movzx   bx, bl
    div     bx
    mov     cx, ax

# Waits for so many ticks, as boot_wait does.
# In: CX ticks, 18.2 a second.
# Out: ZF clear when there was a key.
# Clobbers: AX, CX, DX, DS.
boot_pause:
    push    BDA_SEGMENT
    pop     ds
    mov     dx, [BDA_TICKS]
1:  mov     ah, 1
    int     0x16
    jnz     2f
    sti
    hlt
    cmp     dx, [BDA_TICKS]
    je      1b
    mov     dx, [BDA_TICKS]
    dec     cx
    jnz     1b
    ret
2:  xor     ax, ax
    int     0x16
    or      dx, 1
    ret

# Boots a disk that has a boot sector.
# In: DL drive, DS = 0; returns, with a sentence, when it has none.
# Clobbers: AX, BX, CX, SI, ES.
boot_disk:
    push    ds
    pop     es
    mov     di, READ_TRIES
1:  mov     ax, 0x0201
    mov     bx, BOOT_ADDRESS
    mov     cx, 1
    xor     dh, dh
    int     0x13
    jnc     2f
    call    boot_again
    jc      boot_unreadable
    jmp     1b
2:  mov     si, offset text_no_signature
    cmp     dl, FIRST_DISK
    jb      1f                          # old diskettes have none
    cmp     word ptr [BOOT_ADDRESS + 510], SIGNATURE
    jne     boot_refused
1:  mov     si, offset text_no_code     # a partition table alone
    cmp     word ptr [BOOT_ADDRESS], 0
    je      boot_refused
    mov     si, offset text_boots
    call    boot_say
    xor     bx, bx

# Enters a boot sector. Does not return.
# In: DL drive, BX:0 where to (0: BOOT_ADDRESS).
boot_start:
    push    dx
    call    say_flush
    pop     dx
    mov     ax, BOOT_ADDRESS
    test    bx, bx
    jz      1f
    xor     ax, ax
1:  push    bx
    push    ax
    and     byte ptr [BDA_SEGMENT * 16 + BDA_FLOPPY_SEEK], 0x7F # POST's interrupts
    xor     ax, ax
    mov     es, ax
    mov     fs, ax
    movzx   edx, dl
    mov     eax, SIGNATURE              # as SeaBIOS
    xor     ebx, ebx
    xor     ecx, ecx
    xor     esi, esi
    xor     edi, edi
    xor     ebp, ebp
    retf

boot_unreadable:
    mov     si, offset text_unreadable
    call    boot_say
    mov     al, ah
    call    say_hex8
    mov     al, 'h'
    call    say_char
    mov     al, '\n'
    jmp     say_char

# After a request that has failed: is it worth another try? Then it is given some time.
# In: DL drive, AH status, DI tries left, DS = 0.
# Out: CF when it is not; DI one less.
# Clobbers: AL, CX.
boot_again:
    cmp     ah, NO_MEDIUM
    je      .Lboot_again_no
    cmp     ah, NO_COMMAND
    je      .Lboot_again_no
    cmp     ah, NO_SECTOR
    je      .Lboot_again_no
    cmp     ah, NO_DISKETTE
    jne     1f
    cmp     dl, FIRST_DISK
    jb      .Lboot_again_no
1:  IN_STATE mov byte ptr [STATE_UNREAD], 1
    cmp     ah, NO_DISKETTE             # it has taken its time
    je      .Lboot_again_no
    dec     di
    jz      .Lboot_again_no
    push    ax
    push    dx
    mov     ah, 0
    int     0x13                        # reset
    mov     cx, READ_PAUSE_TICKS
    call    boot_pause
    pop     dx
    pop     ax
    push    0
    pop     ds
    clc
    ret
.Lboot_again_no:
    stc
    ret

# Prints the name of a drive and a text, such as why it is not booted.
# In: DL drive, SI text in the ROM.
boot_refused:
boot_say:
    push    si
    push    ax
    mov     si, offset text_drive
    call    say
    mov     al, dl
    call    say_hex8
    pop     ax
    pop     si
    jmp     say

# Boots a CD with a boot catalog.
# In: DL drive, DS = 0; returns, with a sentence, when it has none.
# Clobbers: EAX, EBX, ECX, SI, DI, ES.
boot_cd:
    push    ds
    pop     es
    mov     eax, VOLUME_RECORD_LBA
    mov     bx, POST_BUFFER / 16
    mov     cx, 1
    call    cd_read
    jc      boot_unreadable
    mov     si, POST_BUFFER
    mov     di, offset volume_text
    mov     cx, VOLUME_TEXT_BYTES
.Lboot_cd_identifier:
    lodsb
    cmp     al, cs:[di]
    lea     di, [di + 1]                # keeps the flags
    loope   .Lboot_cd_identifier
    mov     si, offset text_no_record
    jne     boot_refused
    mov     eax, [POST_BUFFER + VOLUME_CATALOG]
    mov     cx, 1
    call    cd_read
    jc      boot_unreadable
    call    catalog_sum
    mov     si, offset text_bad_catalog
    test    bx, bx
    jnz     boot_refused
    cmp     byte ptr [POST_BUFFER], 1
    jne     boot_refused
    cmp     word ptr [POST_BUFFER + CATALOG_KEY], SIGNATURE
    jne     boot_refused
    mov     si, offset text_not_bootable
    cmp     byte ptr [POST_BUFFER + CATALOG_DEFAULT], ENTRY_BOOTABLE
    jne     boot_refused
    mov     di, STATE_CD_SPEC            # what INT 13h AH=4Bh tells
    IN_STATE mov byte ptr [di], SPEC_BYTES
    IN_STATE mov [di + SPEC_DRIVE], dl
    mov     al, [POST_BUFFER + CATALOG_DEFAULT + ENTRY_MEDIA]
    and     al, 0x0F
    cmp     al, EMULATED_DISK
    ja      boot_refused                # SI still says that the catalog has nothing to start
    IN_STATE mov [di + SPEC_MEDIA], al
    mov     eax, [POST_BUFFER + CATALOG_DEFAULT + ENTRY_LBA]
    IN_STATE mov [di + SPEC_LBA], eax
    mov     bx, [POST_BUFFER + CATALOG_DEFAULT + ENTRY_SEGMENT]
    cmp     bx, BOOT_ADDRESS / 16
    jne     .Lboot_cd_segment
    xor     bx, bx                      # 0000:7C00 is what most boot sectors expect
.Lboot_cd_segment:
    IN_STATE mov [di + SPEC_SEGMENT], bx
    mov     cx, [POST_BUFFER + CATALOG_DEFAULT + ENTRY_COUNT]
    IN_STATE mov [di + SPEC_COUNT], cx
    push    bx
    test    bx, bx
    jnz     .Lboot_cd_count
    mov     bx, BOOT_ADDRESS / 16
.Lboot_cd_count:
    add     cx, 3
    shr     cx, 2                       # sectors of 2048 bytes
    jnz     .Lboot_cd_chunk
    inc     cx
.Lboot_cd_chunk:
    push    cx
    cmp     cx, CD_CHUNK_SECTORS
    jbe     .Lboot_cd_read
    mov     cx, CD_CHUNK_SECTORS
.Lboot_cd_read:
    push    cx
    call    cd_read
    pop     si
    pop     cx
    jc      .Lboot_cd_unreadable
    movzx   edi, si
    add     eax, edi
    shl     si, 7                       # paragraphs
    add     bx, si
    sub     cx, di
    jnz     .Lboot_cd_chunk
    mov     si, offset text_boots
    call    boot_say
    pop     bx
    IN_STATE cmp byte ptr [STATE_CD_SPEC + SPEC_MEDIA], 0
    je      boot_start
    call    emulation_begin
    jmp     boot_start
.Lboot_cd_unreadable:
    pop     bx
    jmp     boot_unreadable

# Adds up the validation entry of the catalog: the sum is zero.
# Out: BX sum.
# Clobbers: AX, CX, SI.
catalog_sum:
    mov     si, POST_BUFFER             # the validation entry adds up to zero
    xor     bx, bx
    mov     cx, 16
.Lcatalog_sum_sum:
    lodsw
    add     bx, ax
    loop    .Lcatalog_sum_sum
    ret

# Reads sectors of a CD, in several tries if need be.
# In: DL drive, EAX sector, CX number, BX segment.
# Out: CF and AH status; EAX as it was on success.
# Clobbers: ESI, DI.
cd_read:
    mov     di, READ_TRIES
1:  push    eax
    call    cd_read_once
    jnc     2f
    push    cx
    call    boot_again
    pop     cx
    mov     si, ax
    pop     eax
    jnc     1b
    mov     ax, si
    ret
2:  pop     esi
    ret

# Reads sectors of a CD.
# In: DL drive, EAX sector, CX number, BX segment.
# Out: CF and AH status.
# Clobbers: SI.
cd_read_once:
    push    0                           # the packet, from its end: INT 13h writes into it after it has read,
    push    0                           # so it must not lie where the data goes
    push    eax
    push    bx
    push    0
    push    cx
    push    16
    mov     si, sp
    push    ds
    push    ss
    pop     ds
    mov     ah, 0x42
    int     0x13
    pop     ds
    mov     si, sp
    jc      1f
    mov     eax, ss:[si + 8]
1:  lea     sp, [si + 16]               # keeps CF
    ret

.data
# Boot devices as CMOS numbers them: nothing, diskettes, disks, CDs, the network. Their first drives, and what tries
# them.
boot_first:
    .byte   0, 0, FIRST_DISK, FIRST_CD, 0
boot_routines:
    .word   boot_none, boot_floppies, boot_disks, boot_cds, boot_network
volume_text:            .ascii "\0CD001\1EL TORITO SPECIFICATION"
text_network:           .asciz "Network starts\n"
text_drive:             .asciz "Drive "
text_boots:             .asciz "h starts\n"
text_unreadable:        .asciz "h: cannot be read, status "
text_no_signature:      .asciz "h: no boot sector, it does not end in AA55h\n"
text_no_code:           .asciz "h: its first sector holds no program\n"
text_no_record:         .asciz "h: no El Torito boot record in sector 17\n"
text_bad_catalog:       .asciz "h: the boot catalog is damaged\n"
text_not_bootable:      .asciz "h: the boot catalog has no bootable entry\n"
text_again:             .asciz "A drive cannot be read. It is tried again in "
text_again_key:         .asciz " s, or when a key is pressed.\n"
text_nothing:           .asciz "No bootable device. Attach one and press a key.\n"
