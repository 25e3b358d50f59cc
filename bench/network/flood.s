# Two machines that flood each other over Intel 82540EM cards, without interrupts. Each has a window of frames under
# way: a frame that comes in lets one go out, and silence lets a new window go out. On COM1: `R` at the first frame that
# was received, `D` when as many as `iterations` says have come; it goes on until somebody ends it. The bytes of a
# frame, without check sequence, are in flags from bit 8 on.
.include "frame.inc"

CTRL            = 0x0000
CTRL_SLU        = 1 << 6
CTRL_RST        = 1 << 26
STATUS          = 0x0008
STATUS_LU       = 1 << 1
IMC             = 0x00D8
RCTL            = 0x0100
RCTL_ON         = (1 << 1) | (1 << 3) | (1 << 15) | (1 << 26)   # on, promiscuous, broadcast, without check sequence; buffers of 2048 bytes
TCTL            = 0x0400
TCTL_ON         = (1 << 1) | (1 << 3) | (0x0F << 4) | (0x40 << 12)
TIPG            = 0x0410
RDBAL           = 0x2800
RDT             = 0x2818
TDBAL           = 0x3800
TDT             = 0x3818
RING_ADDRESS_HIGH = 4                   # from RDBAL or TDBAL
RING_BYTES      = 8
RING_HEAD       = 16
RING_TAIL       = 24

RX_RING         = BUF1
TX_RING         = BUF1 + 0x2000
RX_BUFFERS      = BUF2
FRAME           = BUF0
DESCRIPTORS     = 256
TX_COMMAND      = 0x0B                  # end of packet, check sequence, report status
WINDOW          = 128
SILENCE         = 200000                # looks without a frame before a new window

# Out: ESI registers of the card, which is ready.
setup:  mov     ebx, 0x80000000
1:      mov     eax, ebx
        call    read_config
        cmp     eax, 0x100E8086
        je      2f
        add     ebx, 1 << 11
        cmp     ebx, 0x80010000
        jb      1b
        ud2
2:      lea     eax, [ebx + 4]
        call    read_config
        or      eax, 6                  # memory, bus master
        out     dx, eax
        lea     eax, [ebx + 0x10]
        call    read_config
        and     eax, ~15
        mov     esi, eax
        mov     [registers], eax

        mov     dword ptr [esi + IMC], -1
        or      dword ptr [esi + CTRL], CTRL_SLU
3:      test    dword ptr [esi + STATUS], STATUS_LU
        jz      3b
        mov     dword ptr [esi + IMC], -1

        mov     edi, RX_RING            # both rings and the frame, zeroed
        xor     eax, eax
        mov     ecx, 0x4000 / 4
        rep stosd
        mov     edi, FRAME
        mov     ecx, 2048 / 4
        rep stosd
        mov     eax, RX_BUFFERS
        mov     edi, RX_RING
        mov     ecx, DESCRIPTORS
4:      mov     [edi], eax
        add     eax, 2048
        add     edi, 16
        loop    4b
        mov     edi, TX_RING
        mov     ecx, DESCRIPTORS
        movzx   edx, word ptr [flags + 1]
        or      edx, TX_COMMAND << 24
5:      mov     dword ptr [edi], FRAME
        mov     [edi + 8], edx
        mov     dword ptr [edi + 12], 1 # done, hence free
        add     edi, 16
        loop    5b
        lea     edi, [esi + RDBAL]
        mov     eax, RX_RING
        call    ring
        lea     edi, [esi + TDBAL]
        mov     eax, TX_RING
        call    ring
        mov     dword ptr [esi + RDT], DESCRIPTORS - 1

        mov     edi, FRAME              # to everybody, from our address, of a type for experiments
        mov     dword ptr [edi], -1
        mov     word ptr [edi + 4], -1
        mov     eax, [esi + 0x5400]
        mov     [edi + 6], eax
        mov     ax, [esi + 0x5404]
        mov     [edi + 10], ax
        mov     word ptr [edi + 12], 0xB588
        mov     dword ptr [esi + TIPG], 10 | (8 << 10) | (6 << 20)
        mov     dword ptr [esi + TCTL], TCTL_ON
        mov     dword ptr [esi + RCTL], RCTL_ON
        ret

# In: EAX ring, EDI its registers.
ring:   mov     [edi], eax
        mov     dword ptr [edi + RING_ADDRESS_HIGH], 0
        mov     dword ptr [edi + RING_BYTES], DESCRIPTORS * 16
        mov     dword ptr [edi + RING_HEAD], 0
        mov     dword ptr [edi + RING_TAIL], 0
        ret

# In: EAX address of a configuration register. Out: EAX its value, DX the port to write it.
read_config:
        mov     dx, 0xCF8
        out     dx, eax
        mov     dx, 0xCFC
        in      eax, dx
        ret

# In: EBP frames. EBX next receive descriptor, EDI next transmit descriptor, as numbers; ECX frames that may go out.
bench:  mov     esi, [registers]
        xor     ebx, ebx
        xor     edi, edi
        mov     ecx, WINDOW
        mov     dword ptr [quiet], SILENCE
1:      jecxz   4f
2:      mov     eax, edi                # send what may go out, as far as the ring has room
        shl     eax, 4
        add     eax, TX_RING
        test    byte ptr [eax + 12], 1
        jz      3f
        mov     dword ptr [eax + 12], 0
        inc     edi
        and     edi, DESCRIPTORS - 1
        dec     ecx
        jnz     2b
3:      mov     [esi + TDT], edi
4:      mov     eax, ebx                # receive what has come
        shl     eax, 4
        add     eax, RX_RING
        test    byte ptr [eax + 12], 1
        jnz     5f
        dec     dword ptr [quiet]
        jnz     1b
        mov     ecx, WINDOW
        mov     dword ptr [quiet], SILENCE
        jmp     1b
5:      mov     dword ptr [quiet], SILENCE
        cmp     byte ptr [begun], 0
        je      8f
6:      mov     dword ptr [eax + 12], 0
        mov     edx, ebx
        inc     ebx
        and     ebx, DESCRIPTORS - 1
        inc     ecx
        dec     ebp
        jz      9f
7:      mov     eax, ebx
        shl     eax, 4
        add     eax, RX_RING
        test    byte ptr [eax + 12], 1
        jz      10f
        cmp     ecx, WINDOW
        jb      6b
10:     mov     [esi + RDT], edx
        cmp     ecx, WINDOW
        jbe     1b
        mov     ecx, WINDOW
        jmp     1b

8:      inc     byte ptr [begun]        # from now on to this neighbour alone
        mov     edx, [eax]
        push    [edx + 6]
        pop     [FRAME]
        mov     dx, [edx + 10]
        mov     [FRAME + 4], dx
        push    eax
        mov     al, 'R'
        call    put_character
        pop     eax
        jmp     6b

9:      push    edx
        mov     al, 'D'
        call    put_character
        pop     edx
        jmp     7b                      # EBP wraps: for the other one

registers:
        .long   0
quiet:  .long   0
begun:  .byte   0
        .p2align 4
