# The boot sector. The BIOS loads it to 7C00h and starts it in real mode, with the drive in DL. It loads what follows it
# on the disk, and calls the kernel in 32-bit protected mode. From a CD the BIOS has loaded all of it already.

.intel_syntax noprefix

.section .boot, "ax"
.code16
.global boot
boot:
    ljmp    0, offset start
start:
    xor     ax, ax
    mov     ds, ax
    mov     ss, ax
    mov     sp, offset boot
    cmp     dword ptr [image_mark], 0x444E4551
    je      1f
    mov     si, offset packet           # INT 13h AH=42h: read by number of the sector
    mov     ah, 0x42
    int     0x13
    jc      halt
1:  cli
    in      al, 0x92                    # A20: all of the memory
    or      al, 2
    out     0x92, al
    lgdt    [gdt_register]
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    ljmp    8, offset protected
halt:
    hlt
    jmp     halt

.code32
protected:
    mov     ax, 16
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     esp, offset boot
    cld
    call    kernel
    mov     dx, 0x604                   # off, in QEMU and in qure emu
    mov     ax, 0x2000
    out     dx, ax
1:  hlt
    jmp     1b

.balign 4
packet:
    .byte   16, 0
    .word   image_sectors, 0x7E00, 0    # how many, and where to
    .quad   1                           # from the second sector on

.balign 8
gdt:
    .quad   0
    .quad   0x00CF9A000000FFFF          # 8: code
    .quad   0x00CF92000000FFFF          # 16: data
gdt_register:
    .word   . - gdt - 1
    .long   gdt

.org 510
    .word   0xAA55
