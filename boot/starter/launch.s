# The last steps: what belongs to where the starter itself stands is moved there, and the kernel is entered. They are
# copied to low memory first, which no plan gives away, and are written to run there.

.include "starter.inc"

.intel_syntax noprefix
.code16

CR0_PE                  = 1

.text

# Starts what was loaded, as the plan says.
# In: the plan; does not return.
.global launch
launch:
    cmp     dword ptr [PLAN + pl_mode], MODE_DOS
    jne     1f
    call    dos_init
1:  mov     si, offset launch_begin
    mov     di, LAUNCH
    mov     cx, LAUNCH_PLAN - LAUNCH
    rep movsb
    mov     si, PLAN
    mov     di, LAUNCH_PLAN
    mov     cx, pl_list
    rep movsb
    mov     eax, [PLAN + pl_pieces]
    imul    ax, ax, PIECE_SIZE
    mov     si, PLAN + pl_list
    add     si, ax
    mov     eax, [PLAN + pl_moves]
    imul    cx, ax, MOVE_SIZE
    rep movsb
    cli
    ljmp    0, LAUNCH                           # further than a near jump reaches

.balign 8

# From here on at LAUNCH: the difference is in each address.
# In: LAUNCH_PLAN, interrupts off; does not return.
launch_begin:
    lgdt    [launch_gdt_pointer - launch_begin + LAUNCH]
    mov     eax, cr0
    or      al, CR0_PE
    mov     cr0, eax
    ljmp    CODE32, offset launch32 - launch_begin + LAUNCH
.code32

# In protected mode: moves what waits to its place, and enters a 32-bit kernel. Does not return.
launch32:
    mov     eax, DATA32
    mov     ds, eax
    mov     es, eax
    mov     fs, eax
    mov     gs, eax
    mov     ss, eax
    mov     ebx, LAUNCH_MOVES
    mov     edx, [LAUNCH_PLAN + pl_moves]
1:  sub     edx, 1
    jb      2f
    mov     edi, [ebx + MOVE_TO]
    mov     esi, [ebx + MOVE_FROM]
    mov     ecx, [ebx + MOVE_BYTES]
    rep movsb
    add     ebx, MOVE_SIZE
    jmp     1b
2:  cmp     dword ptr [LAUNCH_PLAN + pl_mode], MODE_PROTECTED
    jne     3f
    mov     eax, [LAUNCH_PLAN + pl_eax]
    mov     ebx, [LAUNCH_PLAN + pl_ebx]
    mov     esi, [LAUNCH_PLAN + pl_esi]
    mov     esp, [LAUNCH_PLAN + pl_stack]
    xor     edi, edi
    xor     ebp, ebp
    jmp     dword ptr [LAUNCH_PLAN + pl_entry]
3:  ljmp    CODE16, offset launch16 - launch_begin + LAUNCH
.code16

# On the way back to real mode. Does not return.
launch16:
    mov     ax, DATA16                  # real mode wants segments of 64 KiB in the descriptor caches
    mov     ds, ax
    mov     es, ax
    mov     fs, ax
    mov     gs, ax
    mov     ss, ax
    mov     eax, cr0
    and     al, ~CR0_PE & 0xFF
    mov     cr0, eax
    ljmp    0, offset launch_real - launch_begin + LAUNCH

# In real mode: enters the kernel. Does not return.
launch_real:
    xor     ax, ax
    mov     ds, ax
    mov     dl, [BOOT_INFO_ADDRESS + bi_drive]
    lss     sp, [LAUNCH_PLAN + pl_stack]
    push    dword ptr [LAUNCH_PLAN + pl_entry]
    mov     eax, [LAUNCH_PLAN + pl_eax]
    mov     ebx, [LAUNCH_PLAN + pl_ebx]
    mov     ecx, [LAUNCH_PLAN + pl_mode]
    mov     si, [LAUNCH_PLAN + pl_data]
    mov     es, si
    mov     fs, si
    mov     gs, si
    mov     ds, si
    xor     si, si
    cmp     cl, MODE_REAL
    je      4f
    sti
4:  retf

.balign 8
launch_gdt:     .quad 0
    .quad   0x00CF9B000000FFFF                  # CODE32: base 0, limit 4 GiB, accessed
    .quad   0x00CF93000000FFFF                  # DATA32
    .quad   0x00009B000000FFFF                  # CODE16: base 0, limit 64 KiB
    .quad   0x000093000000FFFF                  # DATA16
launch_gdt_pointer: .word launch_gdt_pointer - launch_gdt - 1
    .long   launch_gdt - launch_begin + LAUNCH
launch_end:
    .space  LAUNCH_PLAN - LAUNCH - (launch_end - launch_begin) # an error where they do not fit
