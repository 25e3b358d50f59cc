# A kernel that only looks at what the loader handed over and says so on COM1: one line `NAME VALUE` for each thing,
# then `end`. It is linked like the real one (docs/formats/kernel-image.md) and takes the real one's place in the tests
# of the boot chain.

.include "bootinfo.inc"

.intel_syntax noprefix

COM1                    = 0x3F8
BSS_DWORDS              = 5000

# ---------------------------------------------------------------- 16-bit part

.section .text16, "ax"
.code16

# Called by the loader in real mode.
# In: ES:BX boot info, CS = DS its segment; returns with RETF.
.global entry16
entry16:
    mov     si, offset text16
1:  lodsb
    test    al, al
    jz      2f
    call    char16
    jmp     1b
2:  mov     ax, es
    shl     ax, 4
    add     ax, bx
    cmp     ax, BOOT_INFO_ADDRESS
    mov     al, '1'
    je      3f
    mov     al, '0'
3:  call    char16
    mov     al, '\n'
    call    char16
    retf
char16:
    mov     ah, al
    mov     dx, COM1 + 5
1:  in      al, dx
    test    al, 0x20
    jz      1b
    mov     dx, COM1
    mov     al, ah
    out     dx, al
    ret
text16: .asciz "\nreal-mode-entry "

# ---------------------------------------------------------------- 32-bit part

.text
.code32

# Entered by the loader in protected mode.
# In: EBX boot info, ESP 7C00h.
.global entry32
entry32:
    pushfd
    pop     eax
    shr     eax, 9
    and     eax, 1
    mov     esi, offset name_interrupts
    call    show
    mov     eax, cs
    mov     esi, offset name_cs
    call    show
    mov     eax, ss
    mov     esi, offset name_ss
    call    show
    mov     eax, esp
    mov     esi, offset name_esp
    call    show
    mov     eax, [pointer]              # the dword and its address in this instruction were relocated
    sub     eax, offset entry32
    mov     esi, offset name_relocated
    call    show
    mov     edi, offset bss
    mov     ecx, BSS_DWORDS
    xor     eax, eax
    repe scasd
    setne   al
    mov     esi, offset name_bss
    call    show
    mov     edi, offset fields
1:  movzx   edx, byte ptr [edi]
    mov     eax, [ebx + edx]
    lea     esi, [edi + 1]
    call    show
2:  inc     edi
    cmp     byte ptr [edi], 0
    jne     2b
    inc     edi
    cmp     byte ptr [edi], 255
    jne     1b
    mov     esi, [ebx + bi_symbols]
    mov     eax, [esi + 12]             # first symbol: lowest address
    mov     esi, offset name_symbol
    call    show
    mov     esi, [ebx + bi_lines]
    mov     eax, [esi + 20]             # first group: lowest address
    mov     esi, offset name_line
    call    show
    mov     esi, [ebx + bi_e820]
    mov     ecx, [ebx + bi_e820_count]
3:  push    esi
    mov     eax, [esi]
    mov     ebp, [esi + 8]
    mov     edi, [esi + 16]
    mov     esi, offset name_ram
    call    show
    mov     eax, ebp
    mov     esi, offset name_length
    call    show
    mov     eax, edi
    mov     esi, offset name_type
    call    show
    pop     esi
    add     esi, 24
    dec     ecx
    jnz     3b
    mov     esi, offset name_end
    call    text
    mov     al, '\n'
    call    char
4:  cli
    hlt
    jmp     4b

# In: ESI name, EAX value; prints `NAME XXXXXXXX`.
# Clobbers: EAX, EDX, ESI.
show:
    push    eax
    call    text
    mov     al, ' '
    call    char
    pop     edx
    push    ecx
    mov     ecx, 8
1:  rol     edx, 4
    mov     al, dl
    and     al, 15
    cmp     al, 10
    sbb     al, 0x69
    das
    call    char
    loop    1b
    pop     ecx
    mov     al, '\n'
char:
    push    edx
    push    eax
    mov     dx, COM1 + 5
1:  in      al, dx
    test    al, 0x20
    jz      1b
    mov     dx, COM1
    pop     eax
    out     dx, al
    pop     edx
    ret
text:
    lodsb
    test    al, al
    jz      1f
    call    char
    jmp     text
1:  ret

.data
pointer:                .long entry32
name_interrupts:        .asciz "interrupts"
name_cs:                .asciz "cs"
name_ss:                .asciz "ss"
name_esp:               .asciz "esp"
name_relocated:         .asciz "relocation-error"
name_bss:               .asciz "bss-error"
name_symbol:            .asciz "first-symbol"
name_line:              .asciz "first-line"
name_ram:               .asciz "map-base"
name_length:            .asciz "map-length"
name_type:              .asciz "map-type"
name_end:               .asciz "end"
# Boot info fields: offset, name; 255 ends the table.
fields:
    .byte   bi_magic
    .asciz  "magic"
    .byte   bi_version
    .asciz  "version"
    .byte   bi_drive
    .asciz  "drive-media-sector"
    .byte   bi_image_lba
    .asciz  "image-lba"
    .byte   bi_image_sectors
    .asciz  "image-sectors"
    .byte   bi_kernel_base
    .asciz  "kernel-base"
    .byte   bi_kernel_bytes
    .asciz  "kernel-bytes"
    .byte   bi_bss_bytes
    .asciz  "bss-bytes"
    .byte   bi_kernel16_base
    .asciz  "kernel16-base"
    .byte   bi_free
    .asciz  "free"
    .byte   bi_revision
    .asciz  "revision"
    .byte   bi_partition
    .asciz  "partition"
    .byte   bi_bda_com1
    .asciz  "com1"
    .byte   255

    .space  200000, 0x5A                # as large as a real kernel

.bss
bss:                    .space BSS_DWORDS * 4
