# PAE paging: PDPTE registers, 2 MiB pages, rights, error codes, NX, reserved bits, accessed and dirty bits, changes of
# mode.
    .include "events.inc"
    .equ POINTERS, 0x20000
    .equ DIRECTORY, 0x21000
    .equ TABLE0, 0x22000        # identity for the first 2 MiB
    .equ TABLE1, 0x23000        # 00400000: pages with various rights
    .equ DIRECTORY3, 0x24000    # the last gigabyte
    .equ TABLE3, 0x25000
    .equ OTHER, 0x26020         # another table of pointers
    .equ OLD_DIRECTORY, 0x27000 # of 32-bit paging
    .equ WINDOW, 0x400000
    .equ EFER, 0xc0000080

# Sets entry `page` of the window to physical 0x60000 + page * 4096 with flags.
.macro MAP page, flags, high=0
    mov dword ptr [TABLE1 + \page * 8], 0x60000 + \page * 4096 + \flags
    mov dword ptr [TABLE1 + \page * 8 + 4], \high
    invlpg [WINDOW + \page * 4096]
.endm
.macro SHOW_ENTRY page
    SHOW [TABLE1 + \page * 8]
    SHOW [TABLE1 + \page * 8 + 4]
.endm
.macro RELOAD
    mov eax, cr3
    mov cr3, eax
.endm
# Goes to an address from which only an exception leads back.
.macro FETCH address
    TRY
    mov eax, \address
    jmp eax
9:
.endm
# Calls a routine there that returns.
.macro RUN address
    TRY
    mov ebx, \address
    xor eax, eax
    call ebx
    SHOW eax
9:
.endm

main:
    mov edi, POINTERS
    xor eax, eax
    mov ecx, 0x2000
    rep stosd
    mov edi, TABLE0
    mov eax, 7
    mov ecx, 512
1:  stosd
    mov dword ptr [edi], 0
    add edi, 4
    add eax, 4096
    loop 1b
    mov dword ptr [POINTERS], DIRECTORY + 1
    mov dword ptr [POINTERS + 24], DIRECTORY3 + 1
    mov dword ptr [DIRECTORY], TABLE0 + 7
    mov dword ptr [DIRECTORY + 8], 0x200087           # 00200000: 2 MiB onto themselves
    mov dword ptr [DIRECTORY + 16], TABLE1 + 7
    mov dword ptr [DIRECTORY + 24], 0x000087          # 00600000: 2 MiB onto 0
    mov dword ptr [DIRECTORY3], TABLE3 + 7
    mov dword ptr [DIRECTORY3 + 511 * 8], 0x000087    # FFE00000: 2 MiB onto 0
    mov dword ptr [TABLE3 + 8], 0x60000 + 7
    mov eax, cr4
    or eax, 0x20
    mov cr4, eax
    mov eax, POINTERS
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    jmp 1f
1:  SHOW cr3
    SHOW cr4
    MAP 0, 0
    MAP 1, 1
    MAP 2, 3
    MAP 3, 5
    MAP 4, 7
    MAP 5, 3
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
    SHOW [DIRECTORY + 16]
    # No entry at each of the levels.
    PROBE mov eax, [0x40000000]
    PROBE mov eax, [0x00800000]
    PROBE mov [0xc0000000], eax
    # The last gigabyte.
    mov dword ptr [0x60010], 0x12345678
    SHOW [0xc0001010]
    SHOW [0xffe60010]
    mov dword ptr [0xffe60010], 0x87654321
    SHOW [0x60010]
    SHOW [DIRECTORY3 + 511 * 8]
    SHOW [DIRECTORY3]
    SHOW [TABLE3 + 8]
    # 2 MiB pages, with their marks, and INVLPG of one.
    SHOW [0x660010]
    SHOW [DIRECTORY + 24]
    mov dword ptr [0x660014], 0x5555
    SHOW [DIRECTORY + 24]
    mov dword ptr [0x260010], 0x2222
    mov dword ptr [DIRECTORY + 24], 0x200087
    invlpg [0x6ff000]
    SHOW [0x660010]
    mov dword ptr [DIRECTORY + 24], 0x002087
    invlpg [0x600000]
    PROBE mov eax, [0x660010]
    mov dword ptr [DIRECTORY + 24], 0x000087
    invlpg [0x600000]
    # With WP.
    mov eax, cr0
    or eax, 0x10000
    mov cr0, eax
    PROBE mov [WINDOW + 0x1000], eax
    PROBE mov eax, [WINDOW + 0x3000]
    PROBE add dword ptr [WINDOW + 0x3000], 1
    mov dword ptr [DIRECTORY + 24], 0x000085
    RELOAD
    PROBE mov [0x660010], eax
    PROBE mov eax, [0x660010]
    mov dword ptr [DIRECTORY + 16], TABLE1 + 5
    RELOAD
    PROBE mov [WINDOW + 0x4000], eax
    mov dword ptr [DIRECTORY + 16], TABLE1 + 7
    RELOAD
    PROBE mov [WINDOW + 0x4000], eax
    # Reserved bits: beyond 36 bits of address, and NX while that is off.
    MAP 6, 7, 0x10
    PROBE mov eax, [WINDOW + 0x6000]
    PROBE mov [WINDOW + 0x6000], eax
    FETCH WINDOW + 0x6000
    MAP 6, 7, 0x80000000
    PROBE mov eax, [WINDOW + 0x6000]
    SHOW_ENTRY 6
    MAP 6, 6, 0x80000010
    PROBE mov eax, [WINDOW + 0x6000]
    mov dword ptr [DIRECTORY + 28], 0x40000000
    RELOAD
    PROBE mov eax, [0x660010]
    mov dword ptr [DIRECTORY + 28], 0
    mov dword ptr [DIRECTORY + 20], 0x20
    RELOAD
    PROBE mov eax, [WINDOW + 0x4000]
    mov dword ptr [DIRECTORY + 20], 0
    RELOAD
    # Code, before there is NX.
    mov dword ptr [0x67000], 0x11223344
    mov byte ptr [0x67004], 0xb8        # mov eax, 12345678; ret
    mov dword ptr [0x67005], 0x12345678
    mov byte ptr [0x67009], 0xc3
    MAP 7, 7
    RUN WINDOW + 0x7004
    FETCH WINDOW
    # NX.
    mov ecx, EFER
    rdmsr
    SHOW eax
    SHOW edx
    or eax, 0x800
    wrmsr
    rdmsr
    SHOW eax
    RUN WINDOW + 0x7004
    MAP 7, 7, 0x80000000
    RUN WINDOW + 0x7004
    SHOW [WINDOW + 0x7000]
    SHOW_ENTRY 7
    FETCH WINDOW + 0x7004
    FETCH WINDOW
    FETCH 0x40000000
    FETCH 0x00800000
    PROBE mov eax, [WINDOW]
    MAP 6, 7, 0x80000010
    PROBE mov eax, [WINDOW + 0x6000]
    FETCH WINDOW + 0x6000
    # Allowed again: after INVLPG, and after the fault alone.
    MAP 7, 7
    RUN WINDOW + 0x7004
    MAP 7, 7, 0x80000000
    FETCH WINDOW + 0x7004
    mov dword ptr [TABLE1 + 7 * 8 + 4], 0
    RUN WINDOW + 0x7004
    # Of the directory, of a large page, and again without.
    mov dword ptr [DIRECTORY + 20], 0x80000000
    RELOAD
    RUN WINDOW + 0x7004
    SHOW [WINDOW + 0x7000]
    mov dword ptr [DIRECTORY + 20], 0
    RELOAD
    RUN WINDOW + 0x7004
    RUN 0x667004
    mov dword ptr [DIRECTORY + 28], 0x80000000
    RELOAD
    RUN 0x667004
    SHOW [0x667000]
    mov dword ptr [DIRECTORY + 28], 0
    RELOAD
    RUN 0x667004
    # An instruction whose second part must not be executed.
    mov byte ptr [0x67ffe], 0xb8
    mov dword ptr [0x67fff], 0x0badcafe
    mov byte ptr [0x68003], 0xc3
    MAP 8, 7, 0x80000000
    RUN WINDOW + 0x7ffe
    MAP 8, 7
    RUN WINDOW + 0x7ffe
    MAP 8, 7, 0x80000000
    RUN WINDOW + 0x7ffe
    MAP 8, 7
    # NX that is switched off is a reserved bit.
    MAP 7, 7, 0x80000000
    mov ecx, EFER
    xor eax, eax
    xor edx, edx
    wrmsr
    FETCH WINDOW + 0x7004
    PROBE mov eax, [WINDOW + 0x7004]
    mov eax, 0x800
    wrmsr
    PROBE mov eax, [WINDOW + 0x7004]
    # Ring 3.
    MAP 7, 7, 0x80000000
    USER user_read_supervisor
    USER user_write_read_only
    USER user_write
    USER user_execute
    USER user_execute_supervisor
    SHOW_ENTRY 7
    # Global pages, small and large, survive a load of CR3.
    mov eax, cr4
    or eax, 0x80
    mov cr4, eax
    mov dword ptr [0x69000], 0x1111
    mov dword ptr [0x6a000], 0x2222
    mov dword ptr [TABLE1 + 9 * 8], 0x69103
    invlpg [WINDOW + 0x9000]
    SHOW [WINDOW + 0x9000]
    mov dword ptr [TABLE1 + 9 * 8], 0x6a103
    invlpg [WINDOW + 0x9000]
    RELOAD
    SHOW [WINDOW + 0x9000]
    mov eax, cr4
    and eax, ~0x80
    mov cr4, eax
    SHOW [WINDOW + 0x9000]
    # Other pointers, and back: what was translated by the first is what they say now.
    mov dword ptr [OTHER], DIRECTORY + 1
    mov dword ptr [OTHER + 8], DIRECTORY + 1
    mov dword ptr [OTHER + 24], DIRECTORY + 1
    mov eax, OTHER
    mov cr3, eax
    SHOW cr3
    SHOW [0x40000000 + WINDOW + 0x9000]
    SHOW [0xc0000000 + WINDOW + 0x9000]
    PROBE mov eax, [0xffe60010]
    mov dword ptr [TABLE1 + 9 * 8], 0x69003
    mov eax, POINTERS
    mov cr3, eax
    SHOW [WINDOW + 0x9000]
    SHOW [0xffe60010]
    PROBE mov eax, [0x40000000 + WINDOW + 0x9000]
    mov dword ptr [TABLE1 + 9 * 8], 0x6a003
    mov dword ptr [OTHER + 24], 0
    mov eax, OTHER
    mov cr3, eax
    SHOW [0x40000000 + WINDOW + 0x9000]
    PROBE mov eax, [0xc0000000 + WINDOW + 0x9000]
    mov dword ptr [OTHER + 8], 0
    RELOAD
    PROBE mov eax, [0x40000000 + WINDOW + 0x9000]
    mov eax, POINTERS
    mov cr3, eax
    # Many loads of CR3, as compiled code makes them, with an entry that changes in between.
    mov esi, 3000
1:  mov eax, OTHER
    mov cr3, eax
    mov dword ptr [TABLE1 + 9 * 8], 0x69003
    mov ebx, [WINDOW + 0x9000]
    mov eax, POINTERS
    mov cr3, eax
    mov dword ptr [TABLE1 + 9 * 8], 0x6a003
    invlpg [WINDOW + 0x9000]
    add ebx, [WINDOW + 0x9000]
    add edi, ebx
    dec esi
    jnz 1b
    sub edi, 3000 * 0x3333
    SHOW ebx
    # 32-bit paging by the same CR3 register, without leaving.
    mov edi, OLD_DIRECTORY
    mov dword ptr [edi], 0x87
    mov dword ptr [edi + 4], 0x87
    mov eax, cr0
    and eax, 0x7fffffff
    mov cr0, eax
    mov cr3, edi
    mov eax, cr4
    and eax, ~0x20
    or eax, 0x10
    mov cr4, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    SHOW [WINDOW + 0x69000]
    PROBE mov eax, [0x800000]
    FETCH 0x800000
    mov eax, cr0
    and eax, 0x7ffeffff
    mov cr0, eax
    jmp finish

    USER_CODE user_read_supervisor, mov eax, [WINDOW + 0x5000]
    USER_CODE user_write_read_only, mov [WINDOW + 0x3000], eax
    USER_CODE user_write, mov [WINDOW + 0x7000], eax
user_execute:
    mov eax, WINDOW + 0x7004
    jmp eax
user_execute_supervisor:
    mov eax, WINDOW + 0x5000
    jmp eax
