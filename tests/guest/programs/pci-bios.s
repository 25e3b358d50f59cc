# A boot sector that asks the PCI BIOS the same by INT 1Ah and by its entry for 32-bit protected mode, which it looks
# for as old kernels do, and says on COM1 what it answers: AX BX ECX EDX and CF. What is each firmware's own is left
# out.

.include "boot-sector.inc"

OWN_CODE_32             = 0x08
DATA                    = 0x10
OWN_CODE_16             = 0x18
ROM                     = 0xF000
DIRECTORY               = 0x5F32335F    # "_32_"
PCI_SERVICE             = 0x49435024    # "$PCI"
PARAGRAPH               = 16
REQUEST_BYTES           = 16
RESULTS                 = 0x8800
BUFFER                  = 0x9000
BUFFER_BYTES            = 0x400
FIRST_LINKS             = 3             # the link of a slot's first pin is at 2, and so on each three bytes

# What is asked: registers.
.macro REQUEST function, bx=0, ecx=0, edx=0, index=0, register=0
    .word   \function, \bx
    .long   \ecx, \edx
    .word   \index, \register
.endm

.text
    BOOT_SECTOR
    mov     ax, 0x0202
    mov     bx, 0x7E00
    mov     cx, 2
    mov     dh, 0
    int     0x13
    jmp     main

# EAX as eight digits.
show_long:
    push    ax
    shr     eax, 16
    call    show
    pop     ax
    jmp     show

# A row for each request's answer.
show_results:
    mov     bp, RESULTS
1:  mov     ax, ds:[bp]
    call    show
    mov     ax, ds:[bp + 2]
    call    show
    mov     eax, ds:[bp + 4]
    call    show_long
    mov     eax, ds:[bp + 8]
    call    show_long
    mov     ax, ds:[bp + 12]
    call    show
    call    row
    add     bp, REQUEST_BYTES
    cmp     bp, RESULTS + requests_end - requests
    jb      1b
    mov     al, '-'
    call    put

# A new row.
row:
    mov     al, '\n'                    # and on in `put`
    SERIAL_PUT

    SERIAL_SHOW

# Puts the requests where their answers will be.
prepare:
    mov     si, offset requests
    mov     di, RESULTS
    mov     cx, (requests_end - requests) / 2
    rep movsw
    ret

# Asks, in code of the size at hand.
# In: BP request, which its answer replaces.
.macro ASK call:vararg
1:  mov     ax, ds:[ebp]
    mov     bx, ds:[ebp + 2]
    mov     ecx, ds:[ebp + 4]
    mov     edx, ds:[ebp + 8]
    movzx   esi, word ptr ds:[ebp + 12]
    movzx   edi, word ptr ds:[ebp + 14]
    \call
    mov     ds:[ebp], ax
    mov     ds:[ebp + 2], bx
    mov     ds:[ebp + 4], ecx
    mov     ds:[ebp + 8], edx
    sbb     ax, ax
    neg     ax
    mov     ds:[ebp + 12], ax
    add     ebp, REQUEST_BYTES
    cmp     ebp, RESULTS + requests_end - requests
    jb      1b
.endm

    BOOT_SECTOR_END

main:
    call    row
    call    prepare
    mov     ebp, RESULTS
    ASK     int 0x1A
    call    show_results
    mov     ax, 0xB10E                  # no room: only how much it takes is said
    mov     di, offset routing_16
    int     0x1A
    mov     al, 0
    call    show
    mov     word ptr [routing_16], BUFFER_BYTES
    mov     ax, 0xB10E
    mov     bx, 0x1111
    int     0x1A
    mov     al, 0
    call    show
    mov     ax, bx
    call    show
    call    show_links

    mov     ax, ROM
    mov     es, ax
    xor     edi, edi
1:  cmp     dword ptr es:[edi], DIRECTORY
    je      2f
    add     di, PARAGRAPH
    jnz     1b
    mov     al, '?'
    call    put
    jmp     end
2:  mov     eax, es:[edi + 4]
    mov     [directory], eax
    mov     cx, PARAGRAPH
    xor     ax, ax
3:  add     al, es:[edi]
    inc     di
    loop    3b
    call    show                        # its sum
    call    prepare_again

    cli
    lgdt    [gdt_register]
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    ljmp    OWN_CODE_32, offset in_32

prepare_again:
    xor     ax, ax
    mov     es, ax
    mov     di, BUFFER
    mov     cx, BUFFER_BYTES / 2
    rep stosw
    jmp     prepare

# The links of the first slot.
show_links:
    mov     si, BUFFER + 2
    mov     cx, 4
1:  mov     ax, [si]
    mov     ah, 0
    call    show
    add     si, FIRST_LINKS
    loop    1b
    jmp     row

.code32
in_32:
    mov     ax, DATA
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    movzx   esp, sp
    mov     eax, PCI_SERVICE
    xor     ebx, ebx
    mov     bl, 1
    lcall   [directory]
    mov     [statuses], al
    mov     eax, PCI_SERVICE + 1
    xor     ebx, ebx
    lcall   [directory]
    mov     [statuses + 1], al
    mov     eax, PCI_SERVICE
    xor     ebx, ebx
    lcall   [directory]
    mov     [statuses + 2], al
    add     ebx, edx                    # our segment begins at 0, whatever it asks for
    mov     [entry], ebx
    mov     ebp, RESULTS
    ASK     lcall [entry]
    ljmp    OWN_CODE_16, offset in_16
.code16
in_16:
    mov     eax, cr0
    and     al, ~1
    mov     cr0, eax
    ljmp    0, offset 1f
1:  xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     ax, [statuses]
    call    show
    mov     ax, [statuses + 2]
    call    show
    call    row
    call    show_results
end:
    mov     al, '!'
    call    put
1:  hlt
    jmp     1b

.data
requests:
    REQUEST 0xB101
    REQUEST 0xB102, ecx=0x7000, edx=0x8086          # the ISA bridge
    REQUEST 0xB102, ecx=0x7000, edx=0x8086, index=1
    REQUEST 0xB102, ecx=0x7000, edx=0xFFFF
    REQUEST 0xB103, ecx=0x010180                    # an IDE controller
    REQUEST 0xB103, ecx=0x010180, index=1
    REQUEST 0xB108, bx=0x0008, register=1
    REQUEST 0xB109, bx=0x0008, register=2
    REQUEST 0xB109, bx=0x0008, register=3
    REQUEST 0xB10A, bx=0x0008, register=0
    REQUEST 0xB10A, bx=0x0008, register=2
    REQUEST 0xB10A, bx=0x00F8, register=0           # nobody
    REQUEST 0xB10B, bx=0x0009, ecx=0x55, register=0x3C
    REQUEST 0xB108, bx=0x0009, register=0x3C
    REQUEST 0xB10C, bx=0x0009, ecx=0x1234, register=0x101
    REQUEST 0xB104
    REQUEST 0xB106
requests_end:
routing_16:             .word 0, BUFFER, 0
directory:              .word 0, 0, OWN_CODE_32
entry:                  .word 0, 0, OWN_CODE_32
statuses:               .long 0
.balign 8
gdt:
    .quad   0
    .quad   0x00CF9A000000FFFF
    .quad   0x00CF92000000FFFF
    .quad   0x00009A000000FFFF
gdt_register:
    .word   gdt_register - gdt - 1
    .long   gdt
