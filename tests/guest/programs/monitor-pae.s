# A boot sector for those who look from outside: page tables of PAE paging with different rights, and it stands still.
.intel_syntax noprefix
.code16

POINTERS   = 0x10000
DIRECTORY  = 0x11000
TABLE      = 0x12000
DIRECTORY3 = 0x13000

.global _start
_start:
    cli
    cld
    lgdt    cs:[gdt_register]
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
    mov     edi, offset POINTERS
    xor     eax, eax
    mov     ecx, 4096
    rep     stosd
    # 2 MiB in pages with rights that change.
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
2:  xor     edx, edx
    test    ebx, 0x80000
    jz      3f
    mov     edx, 0x80000000
3:  test    ebx, 0x40000
    jz      4f
    xor     eax, eax
4:  stosd
    mov     eax, edx
    stosd
    add     ebx, 0x1000
    cmp     ebx, 0x200000
    jb      fill
    mov     dword ptr [POINTERS], offset DIRECTORY + 1
    mov     dword ptr [POINTERS + 24], offset DIRECTORY3 + 1
    mov     dword ptr [DIRECTORY], offset TABLE + 7
    mov     dword ptr [DIRECTORY + 8], 0x00200083
    mov     dword ptr [DIRECTORY + 16], 0x00600185
    mov     dword ptr [DIRECTORY + 20], 0x80000000
    mov     dword ptr [DIRECTORY3 + 8], offset TABLE + 5
    mov     dword ptr [DIRECTORY3 + 8 * 511], 0xffe0009b
    mov     ecx, 0xc0000080
    mov     eax, 0x800
    xor     edx, edx
    wrmsr
    mov     eax, offset POINTERS
    mov     cr3, eax
    mov     eax, 0x20
    mov     cr4, eax
    mov     eax, 0x80000011
    mov     cr0, eax
    mov     byte ptr [0x300123], 1
    xor     eax, eax
    mov     cr2, eax
    mov     eax, 0x11223344
stand:
    hlt
    jmp     stand

gdt_register:
    .word   0x17
    .long   gdt
.balign 8
gdt:
    .quad   0
    .quad   0x00cf9b000000ffff          # 08: code
    .quad   0x00cf92000000ffff          # 10: data
    .org    510
    .word   0xAA55
