# Paging: rights, error codes, accessed and dirty bits, large and global pages, accesses across pages, stale
# translations.
    .include "events.inc"
    .equ DIRECTORY, 0x20000
    .equ TABLE0, 0x21000        # identity for the first 4 MiB
    .equ TABLE1, 0x22000        # 00400000: pages with various rights
    .equ WINDOW, 0x400000

# Sets entry `page` of the window to physical 0x60000 + page * 4096 with flags.
.macro MAP page, flags
    mov dword ptr [TABLE1 + \page * 4], 0x60000 + \page * 4096 + \flags
.endm
.macro SHOW_ENTRY page
    SHOW [TABLE1 + \page * 4]
.endm

main:
    mov edi, DIRECTORY
    xor eax, eax
    mov ecx, 0xc00
    rep stosd
    mov edi, TABLE0
    mov eax, 7
    mov ecx, 1024
1:  stosd
    add eax, 4096
    loop 1b
    mov dword ptr [DIRECTORY], TABLE0 + 7
    mov dword ptr [DIRECTORY + 4], TABLE1 + 7
    mov dword ptr [DIRECTORY + 8], 0x000000e7 - 0x60  # 00800000: 4 MiB page onto 0
    MAP 0, 0
    MAP 1, 1
    MAP 2, 3
    MAP 3, 5
    MAP 4, 7
    MAP 5, 3
    MAP 6, 0
    MAP 7, 7
    MAP 8, 3
    mov eax, DIRECTORY
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    jmp 1f
1:
    # Supervisor without WP.
    PROBE mov eax, [WINDOW]
    PROBE mov [WINDOW], eax
    PROBE mov eax, [WINDOW + 0x1000]
    SHOW_ENTRY 1
    PROBE mov [WINDOW + 0x1000], eax
    SHOW_ENTRY 1
    PROBE mov eax, [WINDOW + 0x2000]
    SHOW_ENTRY 2
    PROBE mov [WINDOW + 0x2000], eax
    SHOW_ENTRY 2
    SHOW [DIRECTORY + 4]
    # With WP.
    mov eax, cr0
    or eax, 0x10000
    mov cr0, eax
    PROBE mov [WINDOW + 0x1000], eax
    PROBE mov [WINDOW + 0x3000], eax
    PROBE mov eax, [WINDOW + 0x3000]
    PROBE add dword ptr [WINDOW + 0x3000], 1
    PROBE cmp dword ptr [WINDOW + 0x3000], 1
    # Across pages: the second one is missing, and the first.
    PROBE mov eax, [WINDOW + 0x5ffe]
    PROBE mov [WINDOW + 0x5ffe], eax
    PROBE mov eax, [WINDOW + 0x6ffe]
    mov dword ptr [0x65ffc], 0x11223344
    mov dword ptr [0x67000], 0x55667788
    MAP 6, 7
    invlpg [WINDOW + 0x6000]
    mov dword ptr [WINDOW + 0x5ffd], 0xaabbccdd
    SHOW [0x65ffc]
    SHOW [0x66000]
    SHOW_ENTRY 6
    mov eax, [WINDOW + 0x6fff]
    SHOW eax
    # A page that moves: only INVLPG makes it so for certain.
    mov dword ptr [0x68000], 0x1111
    mov dword ptr [0x69000], 0x2222
    SHOW [WINDOW + 0x8000]
    mov dword ptr [TABLE1 + 8 * 4], 0x69003
    invlpg [WINDOW + 0x8000]
    SHOW [WINDOW + 0x8000]
    # Large pages.
    mov eax, cr4
    or eax, 0x10
    mov cr4, eax
    SHOW [0x800000 + 0x69000]
    SHOW [DIRECTORY + 8]
    mov dword ptr [0x800000 + 0x69000], 0x3333
    SHOW [0x69000]
    SHOW [DIRECTORY + 8]
    # Instruction fetch: missing page, and an instruction across the boundary.
    TRY
    mov eax, WINDOW + 0x9000
    jmp eax
9:  MAP 10, 7
    mov byte ptr [0x6afff], 0xb8
    mov dword ptr [resume], offset 9f
    mov eax, WINDOW + 0xafff
    jmp eax
9:  MAP 11, 7
    mov dword ptr [0x6b000], 0x12345678
    mov byte ptr [0x6b004], 0xc3
    mov eax, WINDOW + 0xafff
    call eax
    SHOW eax
    # The same code at another place after it.
    mov dword ptr [0x6c000], 0x87654321
    mov byte ptr [0x6c004], 0xc3
    mov dword ptr [TABLE1 + 11 * 4], 0x6c007
    invlpg [WINDOW + 0xb000]
    mov eax, WINDOW + 0xafff
    call eax
    SHOW eax
    # Code that is written through another linear address.
    mov byte ptr [0x6d000], 0xb8
    mov dword ptr [0x6d001], 0x01010101
    mov byte ptr [0x6d005], 0xc3
    MAP 13, 7
    mov ebx, WINDOW + 0xd000
    call ebx
    SHOW eax
    mov dword ptr [0x6d001], 0x02020202
    call ebx
    SHOW eax
    # The instruction right after is rewritten.
    mov eax, 0
    mov byte ptr [1f + 1], 0x77
1:  mov al, 0x11
    SHOW eax
    # String instructions stop at the fault and can go on.
    mov edi, WINDOW + 0xdff0
    mov ecx, 0x20
    mov al, 0x5a
    MAP 14, 0
    invlpg [WINDOW + 0xe000]
    PROBE rep stosb
    SHOW ecx
    SHOW edi
    MAP 14, 7
    mov dword ptr [resume], offset 9f
    rep stosb
    SHOW ecx
9:  mov esi, WINDOW + 0xdff8
    mov edi, WINDOW + 0xeffc
    MAP 15, 0
    mov ecx, 4
    PROBE rep movsd
    SHOW ecx
    SHOW esi
    SHOW edi
    # PUSHA and POP at a boundary leave ESP alone.
    MAP 15, 0
    mov [saved_esp], esp
    mov esp, WINDOW + 0x10008
    MAP 16, 7
    mov dword ptr [resume], offset 9f
    # The handler itself needs a stack: a fault here goes through a task gate or fails, so only the read direction is
    # tried.
    mov esp, [saved_esp]
9:  # Ring 3.
    USER user_read_supervisor
    USER user_write_read_only
    USER user_write
    SHOW_ENTRY 7
    # Global pages survive a load of CR3.
    mov eax, cr4
    or eax, 0x80
    mov cr4, eax
    mov dword ptr [TABLE1 + 8 * 4], 0x68103
    invlpg [WINDOW + 0x8000]
    SHOW [WINDOW + 0x8000]
    mov eax, cr3
    mov cr3, eax
    SHOW [WINDOW + 0x8000]
    mov eax, cr4
    and eax, ~0x80
    mov cr4, eax
    SHOW [WINDOW + 0x8000]
    # Clearing accessed and dirty bits.
    and dword ptr [TABLE1 + 7 * 4], ~0x60
    mov eax, cr3
    mov cr3, eax
    mov eax, [WINDOW + 0x7000]
    SHOW_ENTRY 7
    mov [WINDOW + 0x7000], eax
    SHOW_ENTRY 7
    # BOUND reads both bounds, of which the second is not there, before the first one refuses.
    MAP 20, 7
    mov dword ptr [TABLE1 + 21 * 4], 0
    mov dword ptr [WINDOW + 20 * 4096 + 0xffc], 0x7fffffff
    xor eax, eax
    PROBE bound eax, [WINDOW + 20 * 4096 + 0xffc]
    mov eax, cr0
    and eax, 0x7ffeffff
    mov cr0, eax
    jmp finish

    USER_CODE user_read_supervisor, mov eax, [WINDOW + 0x5000]
    USER_CODE user_write_read_only, mov [WINDOW + 0x3000], eax
    USER_CODE user_write, mov [WINDOW + 0x7000], eax
    .balign 4
saved_esp: .long 0
