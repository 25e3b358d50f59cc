# What memory there is (E820, else E801, else AH=88h) and the gate of address line 20.

.include "loader.inc"

.intel_syntax noprefix
.code16

SMAP                    = 0x534D4150    # "SMAP"
E820_RAM                = 1
E820_BASE               = 0             # u64
E820_LENGTH             = 8             # u64
E820_TYPE               = 16            # u32
E820_ATTRIBUTES         = 20            # u32 (ACPI 3): bit 0 set means the entry counts

KBC_DATA                = 0x60
KBC_COMMAND             = 0x64
KBC_INPUT_FULL          = 2
KBC_WRITE_OUTPUT_PORT   = 0xD1
KBC_OUTPUT_A20          = 0xDF          # all outputs at rest, A20 open
SYSTEM_CONTROL_A        = 0x92
KBC_POLLS               = 0xFFFF
A20_POLLS               = 256           # some gates open late

.text

# Fills E820_MAP and [bi_e820], [bi_e820_count].
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
.global memory_map
memory_map:
    mov     dword ptr [BOOT_INFO_ADDRESS + bi_e820], E820_MAP
    xor     ebx, ebx
    mov     di, E820_MAP
.Lmemory_map_entry:
    mov     eax, 0xE820
    mov     edx, SMAP
    mov     ecx, E820_ENTRY_BYTES
    mov     dword ptr [di + E820_ATTRIBUTES], 1 # BIOSes that know 20 bytes leave it
    int     0x15
    jc      .Lmemory_map_end            # the end, or not supported
    cmp     eax, SMAP
    jne     .Lmemory_map_end
    mov     eax, [di + E820_LENGTH]
    or      eax, [di + E820_LENGTH + 4]
    jz      .Lmemory_map_next           # empty entries say nothing
    test    byte ptr [di + E820_ATTRIBUTES], 1
    jz      .Lmemory_map_next
    add     di, E820_ENTRY_BYTES
    inc     dword ptr [BOOT_INFO_ADDRESS + bi_e820_count]
    cmp     di, E820_MAP + E820_ENTRIES_MAX * E820_ENTRY_BYTES
    jae     .Lmemory_map_end
.Lmemory_map_next:
    test    ebx, ebx
    jnz     .Lmemory_map_entry
.Lmemory_map_end:
    cmp     dword ptr [BOOT_INFO_ADDRESS + bi_e820_count], 0
    jne     .Lmemory_map_done

    int     0x12                        # KiB below 640 KiB
    movzx   ecx, ax
    xor     eax, eax
    shl     ecx, 10
    call    memory_add
    mov     ax, 0xE801
    xor     bx, bx
    xor     cx, cx
    xor     dx, dx
    int     0x15
    jc      .Lmemory_map_old
    test    cx, cx                      # some BIOSes answer in AX, BX, some in CX, DX
    jnz     .Lmemory_map_pairs
    mov     cx, ax
    mov     dx, bx
.Lmemory_map_pairs:
    movzx   esi, dx
    movzx   ecx, cx                     # KiB from 1 MiB to 16 MiB
    shl     ecx, 10
    mov     eax, 0x100000
    call    memory_add
    mov     ecx, esi                    # units of 64 KiB from 16 MiB on
    shl     ecx, 16
    mov     eax, 0x1000000
    jmp     memory_add
.Lmemory_map_old:
    mov     ah, 0x88
    int     0x15
    movzx   ecx, ax                     # KiB from 1 MiB on
    shl     ecx, 10
    mov     eax, 0x100000
    jmp     memory_add
.Lmemory_map_done:
    ret

# Adds RAM to the map.
# In: EAX first byte, ECX bytes (0: nothing is added), DI entry.
# Out: DI next entry.
# Clobbers: nothing.
memory_add:
    jecxz   1f
    mov     [di + E820_BASE], eax
    mov     [di + E820_LENGTH], ecx
    mov     dword ptr [di + E820_BASE + 4], 0
    mov     dword ptr [di + E820_LENGTH + 4], 0
    mov     dword ptr [di + E820_TYPE], E820_RAM
    mov     dword ptr [di + E820_ATTRIBUTES], 1
    add     di, E820_ENTRY_BYTES
    inc     dword ptr [BOOT_INFO_ADDRESS + bi_e820_count]
1:  ret

# RAM from 1 MiB on without a hole, as far as addresses of 32 bits go.
# Out: EAX first address that is not RAM (KERNEL_BASE when there is none).
# Clobbers: ECX, EDX, ESI, EDI.
.global memory_above
memory_above:
    mov     eax, KERNEL_BASE
1:  mov     si, E820_MAP                # adjoining entries may come in any order
    mov     ecx, [BOOT_INFO_ADDRESS + bi_e820_count]
2:  cmp     dword ptr [si + E820_TYPE], E820_RAM
    jne     3f
    cmp     dword ptr [si + E820_BASE + 4], 0
    jne     3f
    cmp     [si + E820_BASE], eax
    ja      3f
    mov     edx, [si + E820_BASE]
    add     edx, [si + E820_LENGTH]
    mov     edi, [si + E820_LENGTH + 4]
    adc     edi, 0
    jz      4f
    mov     edx, 0xFFFFF000             # it goes past 4 GiB
4:  cmp     edx, eax
    jbe     3f
    mov     eax, edx
    jmp     1b
3:  add     si, E820_ENTRY_BYTES
    dec     ecx
    jnz     2b
    ret

# Opens the A20 gate by the first of the known ways that works, or ends the boot.
# Clobbers: EAX, ECX, EDX, SI.
.global a20_open
a20_open:
    mov     si, offset a20_ways
1:  lodsw
    test    ax, ax
    jz      2f
    call    ax
    call    a20_test
    jz      1b
    ret
2:  mov     si, offset text_a20
    jmp     fail

a20_bios:
    mov     ax, 0x2401
    int     0x15
a20_nothing:                            # most BIOSes open it before they boot
    ret
a20_port92:
    in      al, SYSTEM_CONTROL_A
    or      al, 2
    and     al, 0xFE                    # bit 0 would reset the processor
    out     SYSTEM_CONTROL_A, al
    ret
a20_controller:
    call    1f
    mov     al, KBC_WRITE_OUTPUT_PORT
    out     KBC_COMMAND, al
    call    1f
    mov     al, KBC_OUTPUT_A20
    out     KBC_DATA, al
1:  mov     cx, KBC_POLLS
2:  in      al, KBC_COMMAND
    test    al, KBC_INPUT_FULL
    loopnz  2b
    ret

# Compares 0000:0500 with FFFF:0510, which is the same memory while address line 20 is held down.
# Out: ZF set while the gate is closed.
# Clobbers: CX, EDX. The memory, the head of the boot info, keeps its contents.
a20_test:
    push    ds
    push    0xFFFF
    pop     ds
    mov     edx, es:[BOOT_INFO_ADDRESS]
    mov     ecx, A20_POLLS
1:  mov     es:[BOOT_INFO_ADDRESS], ecx
    cmp     [BOOT_INFO_ADDRESS + 16], ecx
    loope   1b                          # equal by chance once, but not again with another value
    mov     es:[BOOT_INFO_ADDRESS], edx
    pop     ds
    ret

.data
a20_ways:       .word a20_nothing, a20_bios, a20_port92, a20_controller, 0
text_a20:       .asciz "gate A20 stays closed (tried INT 15h AX=2401h, port 92h, keyboard controller)"
