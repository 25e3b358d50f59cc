# INT 10h AX=4F0Ah: the functions of VBE that a program in 32-bit protected mode calls without INT 10h. It may copy
# table and code to where it likes, so nothing here knows its own address; ports are all that is used.
# Source: VBE Core Functions Standard 3.0, 3.3 and 4.13.

.include "firmware.inc"
.include "video-vbe.inc"

.intel_syntax noprefix
.code16

.text

# AX=4F0Ah.
# In: BL 0.
# Out: ES:DI table, CX its bytes with the code.
.global vbe_protected
vbe_protected:
    test    bl, bl
    jnz     vbe_failed
    mov     word ptr [bp + F_ES], ROM_SEGMENT
    mov     word ptr [bp + F_DI], offset protected
    mov     word ptr [bp + F_CX], protected_end - protected
    ret

.data
# Offsets from the table: set window, set start, set palette, ports.
protected:
    .word   protected_window - protected
    .word   protected_start - protected
    .word   protected_palette - protected
    .word   protected_ports - protected
protected_ports:
    .word   DISPI_PORT, DISPI_PORT + 1, DAC_WRITE_PORT, DAC_DATA_PORT
    .word   VBE_END                     # of ports
    .word   VBE_END                     # of memory, of which there is none

.code32
# Reads a register of the display interface.
# In: AL register.
# Out: EAX value.
# Clobbers: DX.
protected_read:
    movzx   eax, al
    mov     dx, DISPI_PORT
    out     dx, ax
    inc     edx
    in      ax, dx
    ret

# Writes a register of the display interface.
# In: AL register, CX value.
# Out: ZF where it holds the value.
# Clobbers: EAX, DX.
protected_write:
    movzx   eax, al
    mov     dx, DISPI_PORT
    out     dx, ax
    inc     edx
    mov     eax, ecx
    out     dx, ax
    in      ax, dx
    cmp     ax, cx
    ret

# Moves the window at A0000h; called near.
# In: BX 0, DX position, 64 KiB each.
# Out: AX VBE_OK, or AL 4Fh and AH VBE_FAILED.
# Clobbers: flags.
protected_window:
    pushad
    test    bx, bx
    jnz     protected_failed
    mov     ecx, edx
    mov     al, DISPI_BANK
    call    protected_write
    jne     protected_failed
protected_good:
    popad
    mov     ax, VBE_OK
    ret
protected_failed:
    popad
    mov     ax, VBE_OK | VBE_FAILED << 8
    ret

# Says where in memory the picture begins; called near.
# In: BL 0, BLANK_BIT set or not; DX:CX address in units of four bytes, bytes in the two highest bits.
# Out: AX VBE_OK, or AL 4Fh and AH VBE_FAILED.
# Clobbers: flags.
protected_start:
    pushad
    test    bl, ~BLANK_BIT & 0xFF
    jnz     protected_failed
    movzx   ecx, cx
    shl     edx, 16
    or      ecx, edx
    mov     al, DISPI_BITS
    call    protected_read
    mov     ebx, eax                    # EBX: bits a pixel
    mov     al, DISPI_VIRTUAL_WIDTH
    call    protected_read
    cmp     bl, 4
    je      1f
    rol     ecx, 2                      # ECX: address
    add     ebx, 7
    shr     ebx, 3                      # EBX: bytes a pixel
    imul    eax, ebx
    jmp     2f
1:  shr     eax, 3                      # four planes: units of four bytes are those of one of them
    xor     ebx, ebx
2:  xchg    eax, ecx
    jecxz   protected_failed            # no mode is on
    xor     edx, edx
    div     ecx
    mov     ecx, eax                    # ECX: line
    mov     eax, edx
    xor     edx, edx
    shl     eax, 3
    test    ebx, ebx
    jz      3f
    shr     eax, 3
    div     ebx
3:  mov     ebx, eax                    # EBX: pixel
    mov     al, DISPI_Y
    call    protected_write
    jne     protected_failed
    mov     ecx, ebx
    mov     al, DISPI_X
    call    protected_write
    jne     protected_failed
    jmp     protected_good

# Sets colours of the DAC; called near.
# In: BL 0, BLANK_BIT set or not; CX number, DX first, ES:EDI four bytes each: blue, green, red, one of nothing.
# Out: AX VBE_OK, or AL 4Fh and AH VBE_FAILED.
# Clobbers: flags.
protected_palette:
    pushad
    test    bl, ~BLANK_BIT & 0xFF
    jnz     protected_failed
    movzx   ecx, cx
    jecxz   protected_good
    mov     al, dl
    mov     dx, DAC_WRITE_PORT
    out     dx, al
    inc     edx
1:  mov     al, es:[edi + 2]
    out     dx, al
    mov     al, es:[edi + 1]
    out     dx, al
    mov     al, es:[edi]
    out     dx, al
    add     edi, 4
    loop    1b
    jmp     protected_good
protected_end:
.code16
