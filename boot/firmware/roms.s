# Expansion ROMs of PCI functions: POST copies each into the RAM at C0000h, one after the other at multiples of 2 KiB,
# and calls it, with a memory manager at hand (pmm.s). One that can boot the machine (a PXE ROM) leaves an entry for
# INT 19h (boot.s). The display adapter's ROM is not run: INT 10h is in this firmware. Sources: PCI Firmware
# Specification 3.0, 5.2; Plug and Play BIOS Specification 1.0A, 3.3 and 4.4; BIOS Boot Specification 1.01, 3.
#
# A ROM is taken if it is for a PC (code type 0), begins with AA55h and adds up to zero. It is called at offset 3, in
# "big real mode", with AX the function and ES:DI the installation check of Plug and Play, which has no functions. What
# it leaves of itself by its length byte stays. A bootstrap entry vector is what the boot device "network" starts; a
# boot connection vector is called at once.

.include "firmware.inc"

.intel_syntax noprefix
.code16

PCI_CLASS               = 0x08
PCI_ROM                 = 0x30
PCI_HEADER_TYPE         = 0x0E
HEADER_KIND             = 0x7F          # 0: a function with a ROM register at PCI_ROM
CLASS_DISPLAY           = 0x03
ROM_ADDRESS             = 0xFFFFF800
ROM_ENABLE              = 1

ROMS_FIRST              = 0xC000        # segments
ROMS_END                = 0xE000
ROM_ALIGN               = 0x80          # paragraphs: 2 KiB
ROM_SIGNATURE           = 0xAA55
ROM_PIECES              = 2             # u8: units of 512 bytes
ROM_ENTRY               = 3
ROM_PCI                 = 0x18          # u16: offset of the PCI data
ROM_PNP                 = 0x1A          # u16: offset of the first expansion header
PIECE_BYTES             = 512
PIECE_PARAGRAPHS        = 32
PCI_DATA_SIGNATURE      = 0x52494350    # "PCIR"
PCI_DATA_CODE           = 0x14          # u8: 0 for a PC
PNP_SIGNATURE           = 0x506E5024    # "$PnP"
PNP_NEXT                = 0x06          # u16: offset of the next header
PNP_BCV                 = 0x16          # u16: connects a drive that can boot to INT 13h
PNP_BEV                 = 0x1A          # u16: boots
PNP_HEADERS             = 4             # more are not looked at
OFFSET_MOST             = 0xFF00        # of a structure: it ends within the segment

PNP_UNSUPPORTED         = 0x82
PNP_CHECKSUM            = 8             # u8 in the installation check
DESCRIPTOR_DATA         = 0x93          # present, writable
MOVE_SOURCE             = 0x10          # descriptors in the table of INT 15h AH=87h
MOVE_TARGET             = 0x18
MOVE_BYTES              = 0x30
CR0_PE                  = 1
SELECTOR_USUAL          = 8             # 64 KiB
SELECTOR_BIG            = 16            # 4 GiB

.text

# Runs the ROMs of all functions.
# In: interrupts are on.
# Clobbers: all but SP.
.global roms_init
roms_init:
    IN_STATE mov word ptr [STATE_ROM_NEXT], ROMS_FIRST
    IN_STATE mov dword ptr [STATE_BEV], 0
    mov     ax, SHADOW_SEGMENT          # ROMs look here whether the BIOS knows Plug and Play
    mov     es, ax
    mov     si, offset pnp_installation
    mov     di, SHADOW_PNP
    mov     cx, pnp_installation_end - pnp_installation
    rep movsb es:[di], cs:[si]
    mov     di, SHADOW_PNP
    mov     cx, pnp_installation_end - pnp_installation
    call    checksum
    mov     es:[SHADOW_PNP + PNP_CHECKSUM], al
    call    pmm_begin
    xor     bx, bx
2:  call    pci_next
    jc      pmm_end
    push    bx
    call    rom_of_function
    pop     bx
    inc     bx
    jmp     2b

# Runs the ROM of a function, if it has one.
# In: BX function.
# Clobbers: all but SP.
rom_of_function:
    mov     di, PCI_CLASS + 3
    call    pci_read8
    cmp     al, CLASS_DISPLAY
    je      9f
    mov     di, PCI_HEADER_TYPE
    call    pci_read8
    test    al, HEADER_KIND
    jnz     9f
    mov     di, PCI_ROM
    call    pci_read32
    and     eax, ROM_ADDRESS
    jz      9f
    mov     esi, eax
    or      al, ROM_ENABLE              # only for this moment
    call    pci_write32
    push    esi
    call    rom_load
    pop     eax
    pushf
    mov     di, PCI_ROM
    call    pci_write32
    popf
    jc      9f
    call    rom_run
9:  ret

# Copies a ROM to where the next one goes.
# In: ESI physical address.
# Out: CF when it is none for a PC, is damaged or finds no room.
# Clobbers: EAX, CX, DX, ESI, DI, BP, ES.
rom_load:
    IN_STATE mov dx, [STATE_ROM_NEXT]
    cmp     dx, ROMS_END
    jae     .Lrom_load_bad
    call    rom_piece
    mov     es, dx
    cmp     word ptr es:[0], ROM_SIGNATURE
    jne     .Lrom_load_bad
    movzx   cx, byte ptr es:[ROM_PIECES]
    jcxz    .Lrom_load_bad
    mov     ax, cx
    shl     ax, 5
    add     ax, dx
    cmp     ax, ROMS_END
    ja      .Lrom_load_bad
    xor     ah, ah                      # the bytes of the whole add up to zero
.Lrom_load_piece:
    call    rom_piece
    mov     es, dx
    xor     di, di
    mov     bp, PIECE_BYTES
.Lrom_load_sum:
    add     ah, es:[di]
    inc     di
    dec     bp
    jnz     .Lrom_load_sum
    add     esi, PIECE_BYTES
    add     dx, PIECE_PARAGRAPHS
    loop    .Lrom_load_piece
    test    ah, ah
    jnz     .Lrom_load_bad
    IN_STATE mov es, [STATE_ROM_NEXT]
    mov     di, es:[ROM_PCI]
    cmp     di, OFFSET_MOST
    ja      .Lrom_load_bad
    cmp     dword ptr es:[di], PCI_DATA_SIGNATURE
    jne     .Lrom_load_bad
    cmp     byte ptr es:[di + PCI_DATA_CODE], 0
    jne     .Lrom_load_bad
    clc
    ret
.Lrom_load_bad:
    stc
    ret

# Copies 512 bytes from anywhere below 4 GiB.
# In: ESI physical address, DX segment.
# Clobbers: nothing.
rom_piece:
    pushad
    push    es
    mov     ebx, esi
    movzx   edx, dx
    shl     edx, 4
    xor     ax, ax
    mov     es, ax
    mov     di, POST_BUFFER
    mov     cx, MOVE_BYTES / 2
    rep stosw
    mov     si, POST_BUFFER
    mov     word ptr es:[si + MOVE_SOURCE], PIECE_BYTES - 1
    mov     es:[si + MOVE_SOURCE + 2], bx
    shr     ebx, 16
    mov     es:[si + MOVE_SOURCE + 4], bl
    mov     byte ptr es:[si + MOVE_SOURCE + 5], DESCRIPTOR_DATA
    mov     es:[si + MOVE_SOURCE + 7], bh
    or      edx, DESCRIPTOR_DATA << 24
    mov     word ptr es:[si + MOVE_TARGET], PIECE_BYTES - 1
    mov     es:[si + MOVE_TARGET + 2], edx
    mov     cx, PIECE_BYTES / 2
    mov     ah, 0x87
    int     0x15
    pop     es
    popad
    ret

# Calls a ROM that was copied, and finds out how it boots.
# In: BX function.
# Clobbers: all but SP.
rom_run:
    IN_STATE mov dx, [STATE_ROM_NEXT]
    mov     cx, ROM_ENTRY
    call    rom_call_big
    mov     es, dx
    movzx   ax, byte ptr es:[ROM_PIECES]        # it may have made itself shorter
    shl     ax, 5
    add     ax, dx
    add     ax, ROM_ALIGN - 1
    and     ax, -ROM_ALIGN
    IN_STATE mov [STATE_ROM_NEXT], ax
    mov     di, es:[ROM_PNP]
    mov     si, PNP_HEADERS
.Lrom_run_header:
    test    di, di
    jz      .Lrom_run_done
    cmp     di, OFFSET_MOST
    ja      .Lrom_run_done
    cmp     dword ptr es:[di], PNP_SIGNATURE
    jne     .Lrom_run_done
    mov     cx, es:[di + PNP_BEV]
    jcxz    .Lrom_run_drive
    IN_STATE cmp dword ptr [STATE_BEV], 0
    jne     .Lrom_run_next
    IN_STATE mov [STATE_BEV], cx
    IN_STATE mov [STATE_BEV + 2], es
    jmp     .Lrom_run_next
.Lrom_run_drive:
    mov     cx, es:[di + PNP_BCV]
    jcxz    .Lrom_run_next
    call    rom_call_big
.Lrom_run_next:
    mov     di, es:[di + PNP_NEXT]
    dec     si
    jnz     .Lrom_run_header
.Lrom_run_done:
    ret

# Calls a routine of a ROM that it has for POST: in "big real mode", with data segments of 4 GiB, by which it reaches
# what the memory manager gives it.
# In: DX:CX routine, BX function.
# Clobbers: EAX.
rom_call_big:
    push    di
    mov     di, SELECTOR_BIG
    call    limits_set
    call    rom_call
    mov     di, SELECTOR_USUAL
    call    limits_set
    pop     di
    ret

# Calls a routine of a ROM as the specifications want it.
# In: DX:CX routine, BX function.
# Clobbers: nothing.
.global rom_call
rom_call:
    pushad
    push    ds
    push    es
    push    fs
    push    gs
    push    cs                          # where it comes back to
    push    offset .Lrom_call_back
    push    dx
    push    cx
    mov     ax, bx
    mov     bx, -1                      # no ISA card's number, nor the port by which those are asked
    mov     dx, -1
    mov     di, SHADOW_SEGMENT
    mov     es, di
    mov     di, SHADOW_PNP
    retf
.Lrom_call_back:
    cld
    pop     gs
    pop     fs
    pop     es
    pop     ds
    popad
    ret

# Gives the data segments a limit. They keep what they hold.
# In: DI SELECTOR_*.
# Clobbers: EAX.
limits_set:
    pushf
    push    ds
    push    es
    push    fs
    push    gs
    cli
    lgdt    cs:[limits_pointer]
    mov     eax, cr0
    or      al, CR0_PE
    mov     cr0, eax
    mov     ds, di
    mov     es, di
    mov     fs, di
    mov     gs, di
    and     al, ~CR0_PE
    mov     cr0, eax
    pop     gs
    pop     fs
    pop     es
    pop     ds
    popf
    ret

# The Plug and Play BIOS: there is none but for the installation check, and no function is supported.
pnp_entry:
    mov     ax, PNP_UNSUPPORTED
    retf

.data
limits:
    .quad   0
    .quad   0x000093000000FFFF
    .quad   0x008F93000000FFFF
limits_pointer:
    .word   limits_pointer - limits - 1
    .long   ROM_SEGMENT * 16 + limits
    NOT_FOUND_HERE
pnp_installation:
    .ascii  "$PnP"
    .byte   0x10, pnp_installation_end - pnp_installation
    .word   0                           # no events
    .byte   0                           # checksum to come
    .long   0
    .word   pnp_entry, ROM_SEGMENT
    .word   pnp_entry                   # in 16-bit protected mode
    .long   ROM_SEGMENT * 16
    .long   0
    .word   ROM_SEGMENT
    .long   ROM_SEGMENT * 16
pnp_installation_end:
