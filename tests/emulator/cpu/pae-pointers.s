# PAE paging where QEMU is not what the manual says (SDM 3A 4.4.1): the PDPTE registers are loaded with CR3, CR0 and
# CR4, reserved bits in what would be loaded are #GP(0), and a change in memory alone changes nothing. And what lies
# beyond 4 GiB.
    .include "events.inc"
    .equ POINTERS, 0x20000
    .equ DIRECTORY, 0x21000
    .equ TABLE, 0x22000
    .equ OTHER, 0x23040

main:
    mov edi, POINTERS
    xor eax, eax
    mov ecx, 0x1400
    rep stosd
    mov dword ptr [DIRECTORY], 0x87
    mov dword ptr [DIRECTORY + 8], TABLE + 7
    mov dword ptr [TABLE], 0x60007
    mov eax, cr4
    or eax, 0x20
    mov cr4, eax
    mov dword ptr [POINTERS], DIRECTORY + 3     # bit 1 is reserved
    mov eax, POINTERS
    mov cr3, eax                                # nothing is loaded without paging
    mov eax, cr0
    or eax, 0x80000000
    PROBE mov cr0, eax
    mov dword ptr [POINTERS], DIRECTORY + 1
    mov dword ptr [POINTERS + 8], 0x1e6         # reserved bits of an entry that is not there
    mov dword ptr [POINTERS + 12], -1
    mov eax, cr0
    or eax, 0x80000000
    PROBE mov cr0, eax
    SHOW cr3
    mov dword ptr [OTHER], DIRECTORY + 1
    mov dword ptr [OTHER + 16], DIRECTORY + 1 + 0x20
    mov eax, OTHER
    PROBE mov cr3, eax
    mov dword ptr [OTHER + 16], DIRECTORY + 1
    mov dword ptr [OTHER + 20], 0x10            # bit 36 of an address
    mov eax, OTHER
    PROBE mov cr3, eax
    SHOW cr3
    mov dword ptr [OTHER + 20], 0
    mov dword ptr [0x60000], 0x1234
    mov eax, OTHER
    PROBE mov cr3, eax
    SHOW cr3
    SHOW [0x200000]
    SHOW [0x80200000]
    # Changes in memory wait for the next load of CR3 or of some bits of CR4.
    mov dword ptr [OTHER + 24], DIRECTORY + 1
    PROBE mov eax, [0xc0200000]
    mov dword ptr [OTHER + 16], 0
    invlpg [0x80200000]
    SHOW [0x80200000]
    mov eax, cr4
    or eax, 0x80
    PROBE mov cr4, eax
    SHOW [0xc0200000]
    PROBE mov eax, [0x80200000]
    mov dword ptr [OTHER + 24], DIRECTORY + 1 + 4
    mov eax, cr4
    and eax, ~0x80
    PROBE mov cr4, eax
    mov dword ptr [OTHER + 24], DIRECTORY + 1
    mov eax, cr4
    and eax, ~0x80
    PROBE mov cr4, eax
    # Beyond 4 GiB there is nothing to read, to write or to execute.
    mov dword ptr [TABLE + 4], 1
    mov dword ptr [TABLE + 8], 0x60007
    mov eax, cr3
    mov cr3, eax
    SHOW [0x200000]
    mov dword ptr [0x200000], 0x5678
    SHOW [0x200000]
    SHOW [0x200ffe]
    SHOW [0x201000]
    PROBE jmp 0x200000
    # EFER has only NXE.
    mov ecx, 0xc0000080
    mov eax, 0x801
    xor edx, edx
    PROBE wrmsr
    mov eax, 0x800
    mov ecx, 0xc0000080
    xor edx, edx
    PROBE wrmsr
    # As CPUID says.
    mov eax, 0x80000000
    cpuid
    SHOW eax
    mov eax, 0x80000001
    cpuid
    SHOW edx
    mov eax, 1
    cpuid
    and edx, 0x40
    SHOW edx
    mov eax, cr0
    and eax, 0x7fffffff
    mov cr0, eax
    jmp finish
