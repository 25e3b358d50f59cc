# A boot sector that plays three buffers of 1000 frames at 11025 Hz by an AC'97 controller: frame n is 97 n on the left
# and its complement on the right. It leaves by the debug exit port, with 1 where there is no such controller.

.include "boot-sector.inc"

AC97                    = 0x24158086
MIXER                   = 0xC800
BUS_MASTER              = 0xC400
PCM_OUT                 = BUS_MASTER + 0x10
LIST                    = 0x6000
BUFFERS                 = 0x8000
FRAMES                  = 1000
RATE                    = 11025

.text
    BOOT_SECTOR
    mov     ebx, 0x80000000             # by slots, until it is there
1:  mov     eax, ebx
    call    select
    in      eax, dx
    cmp     eax, AC97
    je      2f
    add     ebx, 0x800
    cmp     ebx, 0x80010000
    jb      1b
    mov     al, 1
    out     0xF4, al
2:  lea     eax, [ebx + 0x10]
    call    select
    mov     eax, MIXER
    out     dx, eax
    lea     eax, [ebx + 0x14]
    call    select
    mov     eax, BUS_MASTER
    out     dx, eax
    lea     eax, [ebx + 4]
    call    select
    mov     ax, 5                       # ports and bus master
    out     dx, ax
    mov     si, offset settings
    mov     cx, 4
1:  lodsw
    mov     dx, ax
    lodsw
    out     dx, ax
    loop    1b
    mov     di, BUFFERS
    xor     ax, ax
    mov     cx, 3 * FRAMES
1:  stosw
    not     ax
    stosw
    not     ax
    add     ax, 97
    loop    1b
    mov     di, LIST
    mov     eax, BUFFERS
    mov     cx, 3
1:  stosd
    mov     dword ptr [di], 2 * FRAMES
    add     di, 4
    add     eax, 4 * FRAMES
    loop    1b
    mov     dx, PCM_OUT
    mov     eax, LIST
    out     dx, eax
    mov     dx, PCM_OUT + 5             # LVI
    mov     al, 2
    out     dx, al
    mov     dx, PCM_OUT + 11            # CR: run
    mov     al, 1
    out     dx, al
    mov     dx, PCM_OUT + 6             # SR, until it has halted; the timer wakes
1:  sti
    hlt
    cli
    in      al, dx
    test    al, 1
    jz      1b
    xor     ax, ax
    out     0xF4, al
    hlt

# Chooses a configuration register.
# In: EAX address.
# Out: DX the data port.
select:
    mov     dx, 0xCF8
    out     dx, eax
    mov     dx, 0xCFC
    ret

# Words for ports of the mixer: volumes, variable rates, the rate.
settings:
    .word   MIXER + 0x02, 0, MIXER + 0x18, 0x0808, MIXER + 0x2A, 9, MIXER + 0x2C, RATE

    BOOT_SECTOR_END
