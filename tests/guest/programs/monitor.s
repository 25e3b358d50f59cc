# A boot sector for those who look from outside: it gives every register a value that it can be known by, pages with
# different rights, interrupt controllers in all their modes, and stands still.
.intel_syntax noprefix
.code16

DIRECTORY = 0x10000
TABLE     = 0x11000
STACK     = 0x6f00
MASTER    = 0x20
SLAVE     = 0xa0
IO_APIC   = 0xfec00000
APIC      = 0xfee00000

.global _start
_start:
    cli
    cld
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, offset STACK
    mov     ax, 0x0201                  # the second sector, which has the tables
    mov     bx, 0x7e00
    mov     cx, 2
    xor     dh, dh
    int     0x13
    cli
    lgdt    cs:[gdt_register]
    lidt    cs:[idt_register]
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    ljmp    0x08, offset protected

.code32
protected:
    mov     ax, 0x10
    mov     ss, ax
    mov     ds, ax
    mov     es, ax
    mov     ax, 0x1b
    mov     fs, ax
    mov     ax, 0x20
    mov     gs, ax
    mov     esp, offset STACK
    mov     ax, 0x28
    lldt    ax
    mov     ax, 0x30
    ltr     ax

    # Page tables: 4 MiB with rights that change, 4 MiB at once, and the window of the APICs.
    mov     edi, offset DIRECTORY
    xor     eax, eax
    mov     ecx, 2048
    rep     stosd
    mov     edi, offset TABLE
    mov     ebx, 3
fill:
    mov     eax, ebx
    test    bh, 0x40
    jz      1f
    or      al, 4
1:  test    bh, 0x80
    jz      2f
    and     al, 0xfd
2:  cmp     ebx, 0x200000
    jae     3f
    stosd
    jmp     4f
3:  add     edi, 4
4:  add     ebx, 0x1000
    cmp     ebx, 0x400000
    jb      fill
    mov     dword ptr [DIRECTORY], offset TABLE + 7
    mov     dword ptr [DIRECTORY + 4], 0x00400083
    mov     dword ptr [DIRECTORY + 4 * 0x3fb], 0xfec0009b
    mov     eax, offset DIRECTORY
    mov     cr3, eax
    mov     eax, 0x210                  # PSE, OSFXSR
    mov     cr4, eax
    mov     eax, 0x80000011
    mov     cr0, eax
    mov     byte ptr [0x500123], 1

    # 8259As: the slave with automatic end of interrupt off, special fully nested master.
    mov     al, 0x11
    out     MASTER, al
    out     SLAVE, al
    mov     al, 0x30
    out     MASTER + 1, al
    mov     al, 0x38
    out     SLAVE + 1, al
    mov     al, 4
    out     MASTER + 1, al
    mov     al, 2
    out     SLAVE + 1, al
    mov     al, 0x11
    out     MASTER + 1, al
    mov     al, 1
    out     SLAVE + 1, al
    mov     al, 0xfb
    out     MASTER + 1, al
    mov     al, 0x5e
    out     SLAVE + 1, al
    mov     al, 0xc2                    # the lowest priority is IR2's
    out     MASTER, al
    mov     al, 0x0b
    out     SLAVE, al
    mov     dx, 0x4d1
    mov     al, 0x0c
    out     dx, al

    # I/O APIC: input 3 a masked level for a logical destination, 5 an NMI, 7 lowest priority.
    mov     esi, offset io_apic_values
    mov     ecx, 6
5:  lodsd
    mov     [IO_APIC], eax
    lodsd
    mov     [IO_APIC + 0x10], eax
    loop    5b
    mov     dword ptr [IO_APIC], 0x14

    # Local APIC: pairs of offset and value, the command last.
    mov     esi, offset apic_values
    mov     ecx, 14
6:  lodsd
    mov     ebx, eax
    lodsd
    mov     [APIC + ebx], eax
    loop    6b

    fninit
    fldpi
    fld1
    fldz
    fstp    st(0)
    movups  xmm1, [quarters]
    movups  xmm6, [quarters]
    pcmpeqd xmm2, xmm2
    xor     eax, eax
    mov     dr0, eax
    mov     dr1, eax
    mov     dr2, eax
    mov     dr3, eax
    mov     eax, 0x00300123
    mov     cr2, eax
    mov     eax, 0x11223344
    mov     ebx, 0x55667788
    mov     ecx, 0x99aabbcc
    mov     edx, 0xddeeff00
    mov     esi, 0x01234567
    mov     edi, 0x89abcdef
    mov     ebp, 0xfedcba98
    push    0xc97                       # all arithmetic flags but zero, and direction
    popfd
stand:
    hlt
    jmp     stand

    .org    510
    .word   0xAA55

gdt_register:
    .word   0x37
    .long   gdt
idt_register:
    .word   0x7f
    .long   0x1200

.balign 8
gdt:
    .quad   0
    .quad   0x00cf9b000000ffff          # 08: code
    .quad   0x00cf92000000ffff          # 10: data
    .quad   0x0040f20123450fff          # 18: data of ring 3, 4 KiB at 12345h
    .quad   0x8b0097400100ffff          # 20: 16 bits, expand-down, 64 KiB at 8B400100h
    .quad   0x000082007e000007          # 28: a local table
    .quad   0x000089006e000067          # 30: a task state

io_apic_values:
    .long   0x17, 0x03000000, 0x16, 0x0001a955
    .long   0x1b, 0x00000000, 0x1a, 0x00010400
    .long   0x1f, 0xff000000, 0x1e, 0x00010977
apic_values:
    .long   0x0f0, 0x1f7, 0x080, 0x20, 0x0d0, 0x01000000, 0x0e0, 0xffffffff
    .long   0x320, 0x200ef, 0x340, 0x10000, 0x350, 0x08700, 0x360, 0x00400, 0x370, 0x100fe
    .long   0x3e0, 0x0b, 0x280, 0, 0x280, 0, 0x310, 0x05000000, 0x300, 0x44061
quarters:
    .quad   0x0123456789abcdef, 0xfedcba9876543210
