# Tells over COM1 what a Multiboot 1 loader has given it.

.include "report.inc"

FLAGS                   = 3             # modules on pages, memory

.text
.balign 4
    .long   0x1BADB002, FLAGS, -(0x1BADB002 + FLAGS)

.global _start
_start:
    mov     esp, offset stack
    TAKE_LOW_MEMORY
    push    eax
    pushfd
    pop     ebp
    SAY     "\nkernel\n"
    pop     eax
    push    eax
    SAY     "eax "
    pop     eax
    call    say_number
    and     ebp, 0x20200                # VM and IF
    SHOW    "flags", ebp
    mov     eax, cr0
    and     eax, 0x80000001
    SHOW    "cr0", eax
    SHOW    "given", [ebx]
    SHOW    "lower", [ebx + 4]
    SHOW    "device", [ebx + 12]
    SAY     "line "
    mov     esi, [ebx + 16]
    call    say
    SAY     "\n"
    SHOW    "bss", [zeros]
    SHOW    "data", [data]
    mov     edi, [ebx + 24]
    mov     ebp, [ebx + 20]
    SHOW    "modules", ebp
1:  sub     ebp, 1
    jb      2f
    SAY     "module "
    mov     esi, [edi + 8]
    call    say
    SAY     "\n"
    mov     eax, [edi + 4]
    sub     eax, [edi]
    SHOW    "bytes", eax
    mov     eax, [edi]
    SHOW    "content", [eax]
    mov     eax, [edi]
    and     eax, 0xFFF
    SHOW    "in page", eax
    add     edi, 16
    jmp     1b
2:  mov     esi, [ebx + 48]             # RAM above 1 MiB, by the map
    mov     ebp, [ebx + 44]
    add     ebp, esi
3:  cmp     esi, ebp
    jae     5f
    cmp     dword ptr [esi + 20], 1
    jne     4f
    cmp     dword ptr [esi + 4], 0x100000
    jne     4f
    push    esi
    SHOW    "map", [esi + 4]
    pop     esi
    mov     eax, [esi + 12]
    add     eax, 0x100000               # what is kept for ACPI differs: whole MiB
    and     eax, 0xFFF00000
    push    esi
    SHOW    "up to", eax
    pop     esi
4:  add     esi, [esi]
    add     esi, 4
    jmp     3b
5:  LEAVE

.data
data:       .long 0x600DDA7A

.bss
zeros:      .space 8192
    .space  4096
stack:
