# How much memory there is: the CMOS registers that say so, and INT 15h AH=87h, 88h, AX=E801h, E820h.

.include "firmware.inc"

.intel_syntax noprefix
.code16

SMAP                    = 0x534D4150    # "SMAP"
E820_RAM                = 1
E820_RESERVED           = 2
E820_BYTES              = 20
KIB_TO_16M              = 15 * 1024     # what E801h calls memory below 16 MiB
KIB_MAX_88              = 0xFC00        # old programs fail on more

CR0_PE                  = 1
MOVE_SOURCE             = 0x10          # selectors in the caller's table for AH=87h
MOVE_TARGET             = 0x18
MOVE_CODE               = 0x20
MOVE_STACK              = 0x28
MOVE_WORDS_MAX          = 0x8000

ENTRY_RAM               = 3             # entries of memory_map whose length CMOS says
ENTRY_KEPT              = 4             # the one after it, if expansion ROMs keep some
ENTRY_ABOVE_4G          = 6

.text

# Size of the memory above 1 MiB that systems may use.
# Out: EAX first address after the RAM that begins at 1 MiB, without what expansion ROMs keep.
# Clobbers: nothing.
.global memory_top
memory_top:
    call    memory_end
    IN_STATE sub eax, [STATE_KEPT]
    ret

# Size of the memory above 1 MiB.
# Out: EAX first address after the RAM that begins at 1 MiB.
# Clobbers: nothing.
.global memory_end
memory_end:
    xor     eax, eax
    mov     al, CMOS_ABOVE_16M + 1
    call    cmos_read
    mov     ah, al
    mov     al, CMOS_ABOVE_16M
    call    cmos_read
    shl     eax, 16
    jz      1f
    add     eax, 0x1000000
    ret
1:  mov     al, CMOS_EXTENDED_KIB + 1
    call    cmos_read
    mov     ah, al
    mov     al, CMOS_EXTENDED_KIB
    call    cmos_read
    shl     eax, 10
    add     eax, 0x100000
    ret

# INT 15h AH=88h.
# Out: AX KiB above 1 MiB.
.global system_extended_memory
system_extended_memory:
    call    memory_top
    sub     eax, 0x100000
    shr     eax, 10
    cmp     eax, KIB_MAX_88
    jbe     1f
    mov     ax, KIB_MAX_88
1:  mov     [bp + F_AX], ax
    jmp     service_ok

# INT 15h AH=E8h: AL=01h and AL=20h.
.global system_e8
system_e8:
    cmp     al, 0x20
    je      system_e820
    cmp     al, 0x01
    jne     service_unsupported

# AX=E801h: out: AX = CX KiB from 1 MiB to 16 MiB, BX = DX units of 64 KiB above 16 MiB
    call    memory_top
    xor     edx, edx
    sub     eax, 0x1000000
    jc      1f
    mov     edx, eax
    shr     edx, 16
    xor     eax, eax
1:  add     eax, 15 << 20
    shr     eax, 10
    mov     [bp + F_AX], ax
    mov     [bp + F_CX], ax
    mov     [bp + F_BX], dx
    mov     [bp + F_DX], dx
    jmp     service_ok

# AX=E820h.
# In: EDX "SMAP", EBX 0 or what the last call returned, ECX bytes of the buffer (20 or more), ES:DI buffer.
# Out: the entry EBX of the map; EAX "SMAP", ECX 20, EBX number of the next entry, 0 at the end; or CF.
system_e820:
    cmp     edx, SMAP
    jne     service_unsupported
    cmp     ecx, E820_BYTES
    jb      service_unsupported
    call    memory_entry_exists
    jc      service_unsupported
    mov     dword ptr [bp + F_EAX], SMAP
    mov     dword ptr [bp + F_ECX], E820_BYTES

    imul    si, bx, E820_BYTES          # the entry as the table has it; then the sizes that CMOS knows
    add     si, offset memory_map
    push    di
    mov     cx, E820_BYTES / 4
.Lsystem_e820_copy:
    mov     eax, cs:[si]
    add     si, 4
    stosd
    loop    .Lsystem_e820_copy
    pop     di
    cmp     bl, ENTRY_RAM
    jne     .Lsystem_e820_kept
    call    memory_top
    sub     eax, 0x100000
    mov     es:[di + 8], eax
.Lsystem_e820_kept:
    cmp     bl, ENTRY_KEPT
    jne     .Lsystem_e820_above
    call    memory_top
    mov     es:[di], eax
    IN_STATE mov eax, [STATE_KEPT]
    mov     es:[di + 8], eax
.Lsystem_e820_above:
    cmp     bl, ENTRY_ABOVE_4G
    jne     .Lsystem_e820_next
    call    memory_above_4g
    mov     es:[di + 10], eax           # a u64 in units of 64 KiB

.Lsystem_e820_next:
    inc     ebx
    cmp     bl, ENTRY_KEPT
    jne     .Lsystem_e820_exists
    IN_STATE cmp dword ptr [STATE_KEPT], 1
    adc     ebx, 0                      # an empty one is left out
.Lsystem_e820_exists:
    call    memory_entry_exists
    jnc     .Lsystem_e820_number
    xor     ebx, ebx
.Lsystem_e820_number:
    mov     [bp + F_EBX], ebx
    jmp     service_ok

# Whether the memory map has an entry.
# In: EBX number of an entry.
# Out: CF set when the map has none of that number.
# Clobbers: EAX.
memory_entry_exists:
    cmp     ebx, ENTRY_ABOVE_4G         # the last, and only in machines that have so much
    cmc
    jnc     1f
    stc
    jne     1f
    call    memory_above_4g
    cmp     eax, 1
1:  ret

# Size of the memory above 4 GiB.
# Out: EAX RAM above 4 GiB, in units of 64 KiB.
# Clobbers: nothing.
.global memory_above_4g
memory_above_4g:
    xor     eax, eax
    mov     al, CMOS_ABOVE_4G + 2
    call    cmos_read
    shl     eax, 8
    mov     al, CMOS_ABOVE_4G + 1
    call    cmos_read
    shl     eax, 8
    mov     al, CMOS_ABOVE_4G
    jmp     cmos_read

# INT 15h AH=87h: copies CX words. Interrupts are off meanwhile, and address line 20 is open.
# In: ES:SI six descriptors: null, ours, source, target, ours, ours.
.global system_block_move
system_block_move:
    cmp     cx, MOVE_WORDS_MAX
    ja      service_unsupported
    movzx   eax, si                     # the table describes itself, our code and our stack's segment
    mov     edx, es
    shl     edx, 4
    add     eax, edx
    or      eax, 0x93 << 24             # present, writable data
    mov     word ptr es:[si + 8], MOVE_STACK + 7
    mov     es:[si + 10], eax
    mov     word ptr es:[si + 14], 0
    mov     dword ptr es:[si + MOVE_CODE], 0x0000FFFF
    mov     dword ptr es:[si + MOVE_CODE + 4], 0x00009B00 + (ROM_SEGMENT >> 12)
    mov     dword ptr es:[si + MOVE_STACK], 0x0000FFFF
    mov     dword ptr es:[si + MOVE_STACK + 4], 0x00009300
    in      al, SYSTEM_CONTROL_A
    mov     ah, al
    push    ax
    or      al, 2
    and     al, 0xFE                    # bit 0 would reset the processor
    out     SYSTEM_CONTROL_A, al
    cli
    lgdt    es:[si + 8]                 # limit and 24 bits of base, as a descriptor has them
    mov     eax, cr0
    or      al, CR0_PE
    mov     cr0, eax
    ljmp    MOVE_CODE, offset 1f
1:  mov     dx, MOVE_SOURCE
    mov     ds, dx
    mov     dx, MOVE_TARGET
    mov     es, dx
    xor     si, si
    xor     di, di
    shr     cx, 1
    rep movsd
    adc     cx, cx
    rep movsw
    mov     dx, MOVE_STACK              # real mode wants limits of 64 KiB
    mov     ds, dx
    mov     es, dx
    dec     ax                          # PE is bit 0
    mov     cr0, eax
    ljmp    ROM_SEGMENT, offset 2f
2:  pop     ax
    mov     al, ah
    and     al, 0xFE
    out     SYSTEM_CONTROL_A, al
    mov     byte ptr [bp + F_AH], 0
    jmp     service_ok

.data
# The memory map: u64 base, u64 length, u32 type.
memory_map:
    .long   0, 0, EBDA, 0, E820_RAM
    .long   EBDA, 0, 0xA0000 - EBDA, 0, E820_RESERVED
    .long   SHADOW, 0, 0x100000 - SHADOW, 0, E820_RESERVED
    .long   0x100000, 0, 0, 0, E820_RAM
    .long   0, 0, 0, 0, E820_RESERVED   # ENTRY_KEPT
    .long   0xFFFF0000, 0, 0x10000, 0, E820_RESERVED
    .long   0, 1, 0, 0, E820_RAM
