# The POST memory manager: memory for expansion ROMs until the machine boots, of which they may keep parts above 1 MiB.
# Its structure is in RAM, and is gone when INT 19h begins. Source: POST Memory Manager Specification 1.01.
# It has 512 KiB from 10000h and all above 1 MiB, in up to 32 blocks; INT 15h leaves out those above 1 MiB that have the
# flag "permanent".

.include "firmware.inc"

.intel_syntax noprefix
.code16

PMM_SIGNATURE           = 0x5024        # "$P" of "$PMM"
PMM_CHECKSUM            = 6             # u8 in the structure
PMM_UNSUPPORTED         = -1
ANONYMOUS               = -1            # handle of blocks that are not looked for

# Flags of an allocation.
FLAG_CONVENTIONAL       = 0x01
FLAG_EXTENDED           = 0x02
FLAG_ALIGNED            = 0x04          # to the lowest bit that is set in the length
FLAG_KEPT               = 0x08          # after POST, too

CONVENTIONAL_FIRST      = 0x10000       # above what POST uses itself
CONVENTIONAL_END        = 0x90000
EXTENDED_FIRST          = 0x110000      # above what is reached without a descriptor
PARAGRAPHS_MOST         = 0x0FFFFFFF

# A block.
BLOCK_START             = 0             # u32: physical address
BLOCK_LENGTH            = 4             # u32: bytes; 0 where no block is described
BLOCK_HANDLE            = 8             # u32
BLOCK_FLAGS             = 12            # u32: FLAG_KEPT
BLOCK_BYTES             = 16
BLOCKS                  = SHADOW_PMM_BLOCKS
BLOCKS_END              = BLOCKS + 32 * BLOCK_BYTES

# What the caller finds restored, and its arguments above, from BP on.
P_AX                    = 32
P_DX                    = 24
P_FUNCTION              = 40            # u16
P_LENGTH                = 42            # u32: paragraphs
P_HANDLE                = 46            # u32
P_FLAGS                 = 50            # u16
P_FIND                  = 42            # u32: handle
P_BUFFER                = 42            # u32: address

.text

# Shows the POST memory manager to expansion ROMs.
# Clobbers: AX, CX, SI, DI, ES.
.global pmm_begin
pmm_begin:
    mov     ax, SHADOW_SEGMENT
    mov     es, ax
    mov     di, BLOCKS
    mov     cx, (BLOCKS_END - BLOCKS) / 2
    xor     ax, ax
    rep stosw
    mov     si, offset structure
    mov     di, SHADOW_PMM
    mov     cx, structure_end - structure
    rep movsb es:[di], cs:[si]
    mov     di, SHADOW_PMM
    mov     cx, structure_end - structure
    call    checksum
    mov     es:[SHADOW_PMM + PMM_CHECKSUM], al
    ret

# Takes it away: from now on memory belongs to what is booted, but for what ROMs keep.
# Clobbers: AX, ES.
.global pmm_end
pmm_end:
    mov     ax, SHADOW_SEGMENT
    mov     es, ax
    mov     dword ptr es:[SHADOW_PMM], 0
    ret

# The manager, called far with arguments as C has them: the function, then what it wants.
# Out: DX:AX address of the block, or 0; paragraphs; 0 when a block was freed; PMM_UNSUPPORTED.
# Clobbers: flags.
pmm_entry:
    pushad
    push    ds
    push    es
    mov     bp, sp
    cld
    mov     ax, SHADOW_SEGMENT
    mov     es, ax
    mov     eax, PMM_UNSUPPORTED
    cmp     word ptr es:[SHADOW_PMM], PMM_SIGNATURE # not all of it: who searches the ROM would find it here
    jne     1f
    mov     di, [bp + P_FUNCTION]
    cmp     di, 2
    ja      1f
    add     di, di
    call    cs:[di + functions]
1:  mov     [bp + P_AX], ax
    shr     eax, 16
    mov     [bp + P_DX], ax
    pop     es
    pop     ds
    popad
    retf

# Function 0: allocates a block, or tells how long one can be.
# In: BP frame, ES = SHADOW_SEGMENT.
# Out: EAX address or paragraphs; 0 for none.
# Clobbers: all but BP.
allocate:
    mov     ecx, [bp + P_LENGTH]
    test    ecx, ecx
    jz      largest
    cmp     ecx, PARAGRAPHS_MOST
    ja      .Lallocate_none
    mov     ebx, -16                    # EBX: bits that a start may have
    shl     ecx, 4                      # ECX: bytes
    test    byte ptr [bp + P_FLAGS], FLAG_ALIGNED
    jz      .Lallocate_handle
    mov     eax, ecx
    neg     eax
    and     eax, ecx                    # the lowest bit
    neg     eax
    mov     ebx, eax
.Lallocate_handle:
    mov     eax, [bp + P_HANDLE]
    cmp     eax, ANONYMOUS
    je      .Lallocate_conventional
    call    block_of_handle
    jnc     .Lallocate_none             # it is in use
.Lallocate_conventional:
    mov     al, [bp + P_FLAGS]
    and     al, FLAG_CONVENTIONAL | FLAG_KEPT
    cmp     al, FLAG_CONVENTIONAL       # what is kept is above 1 MiB
    jne     .Lallocate_extended
    call    conventional
    call    place
    jnc     .Lallocate_found
.Lallocate_extended:
    test    byte ptr [bp + P_FLAGS], FLAG_EXTENDED
    jz      .Lallocate_none
    call    extended
    call    place
    jc      .Lallocate_none
.Lallocate_found:
    mov     si, BLOCKS
.Lallocate_look:
    cmp     dword ptr es:[si + BLOCK_LENGTH], 0
    je      .Lallocate_free
    add     si, BLOCK_BYTES
    cmp     si, BLOCKS_END
    jb      .Lallocate_look
.Lallocate_none:
    xor     eax, eax
    ret
.Lallocate_free:
    mov     es:[si + BLOCK_START], eax
    mov     es:[si + BLOCK_LENGTH], ecx
    mov     edx, [bp + P_HANDLE]
    mov     es:[si + BLOCK_HANDLE], edx
    mov     dx, [bp + P_FLAGS]
    and     dx, FLAG_KEPT
    mov     es:[si + BLOCK_FLAGS], dx
    push    eax
    call    kept_count
    pop     eax
    ret

# How long a block can be.
# In: BP frame, ES = SHADOW_SEGMENT.
# Out: EAX paragraphs.
# Clobbers: all but BP.
largest:
    xor     ecx, ecx                    # ECX: the longest yet
    test    byte ptr [bp + P_FLAGS], FLAG_CONVENTIONAL
    jz      1f
    call    conventional
    call    longest
1:  test    byte ptr [bp + P_FLAGS], FLAG_EXTENDED
    jz      2f
    call    extended
    call    longest
2:  mov     eax, ecx
    shr     eax, 4
    ret

# Bounds of the memory below 1 MiB that POST has for others.
# Out: EDI first, EDX end.
# Clobbers: nothing.
conventional:
    mov     edi, CONVENTIONAL_FIRST
    mov     edx, CONVENTIONAL_END
    ret

# Bounds of the memory above it.
# Out: EDI first, EDX end.
# Clobbers: EAX.
extended:
    mov     edi, EXTENDED_FIRST
    call    memory_end
    mov     edx, eax
    ret

# Finds room as high as there is some.
# In: EDI first, EDX end, ECX bytes, EBX bits that a start may have, ES = SHADOW_SEGMENT.
# Out: EAX start; CF when there is none.
# Clobbers: ESI.
place:
    mov     eax, edx
.Lplace_below:
    sub     eax, ecx
    jc      .Lplace_done
    and     eax, ebx
    cmp     eax, edi
    jb      .Lplace_done                # CF
    mov     si, BLOCKS - BLOCK_BYTES
.Lplace_next:
    add     si, BLOCK_BYTES
    cmp     si, BLOCKS_END
    jb      .Lplace_block
    ret                                 # CF is clear
.Lplace_block:
    push    ecx
    add     ecx, eax                    # its end
    cmp     es:[si + BLOCK_START], ecx
    pop     ecx
    jae     .Lplace_next
    push    eax
    sub     eax, es:[si + BLOCK_START]
    cmp     eax, es:[si + BLOCK_LENGTH]
    pop     eax
    jge     .Lplace_next                # it begins behind the block; before it the difference is negative
    cmp     dword ptr es:[si + BLOCK_LENGTH], 0
    je      .Lplace_next
    mov     eax, es:[si + BLOCK_START]
    jmp     .Lplace_below
.Lplace_done:
    ret

# The longest room between blocks.
# In: EDI first, EDX end, ECX the longest yet, ES = SHADOW_SEGMENT.
# Out: ECX the longest.
# Clobbers: EAX, EBX, SI.
longest:
    mov     eax, edx                    # below the end, and below each block
    call    room_below
    mov     si, BLOCKS
1:  cmp     dword ptr es:[si + BLOCK_LENGTH], 0
    je      2f
    mov     eax, es:[si + BLOCK_START]
    cmp     eax, edx
    jae     2f
    call    room_below
2:  add     si, BLOCK_BYTES
    cmp     si, BLOCKS_END
    jb      1b
    ret

# The room that ends somewhere.
# In: EAX its end, EDI first, ECX the longest yet, ES = SHADOW_SEGMENT.
# Out: ECX the longest.
# Clobbers: EAX, EBX.
room_below:
    push    si
    push    edx
    mov     ebx, edi                    # EBX: where it begins
    mov     si, BLOCKS
1:  mov     edx, es:[si + BLOCK_START]
    cmp     edx, eax
    jae     2f
    add     edx, es:[si + BLOCK_LENGTH]
    cmp     edx, ebx
    jbe     2f
    mov     ebx, edx
2:  add     si, BLOCK_BYTES
    cmp     si, BLOCKS_END
    jb      1b
    sub     eax, ebx
    jbe     3f
    cmp     eax, ecx
    jbe     3f
    mov     ecx, eax
3:  pop     edx
    pop     si
    ret

# Looks up a block.
# In: EAX handle, ES = SHADOW_SEGMENT.
# Out: SI its entry; CF when there is none.
# Clobbers: nothing.
block_of_handle:
    mov     si, BLOCKS
1:  cmp     dword ptr es:[si + BLOCK_LENGTH], 0
    je      2f
    cmp     eax, es:[si + BLOCK_HANDLE]
    je      3f                          # CF is clear
2:  add     si, BLOCK_BYTES
    cmp     si, BLOCKS_END
    jb      1b
    stc
3:  ret

# Function 1: finds a block.
# In: BP frame, ES = SHADOW_SEGMENT.
# Out: EAX address, or 0.
# Clobbers: SI.
find:
    mov     eax, [bp + P_FIND]
    cmp     eax, ANONYMOUS
    je      1f
    call    block_of_handle
    mov     eax, es:[si + BLOCK_START]
    jnc     2f
1:  xor     eax, eax
2:  ret

# Function 2: frees a block.
# In: BP frame, ES = SHADOW_SEGMENT.
# Out: EAX 0, or 1 where none begins there.
# Clobbers: EDX, SI.
free:
    mov     eax, [bp + P_BUFFER]
    mov     si, BLOCKS
1:  cmp     dword ptr es:[si + BLOCK_LENGTH], 0
    je      2f
    cmp     eax, es:[si + BLOCK_START]
    je      3f
2:  add     si, BLOCK_BYTES
    cmp     si, BLOCKS_END
    jb      1b
    mov     eax, 1
    ret
3:  xor     eax, eax
    mov     es:[si + BLOCK_LENGTH], eax

# Finds out from where on memory is kept: from the lowest of the blocks that are to be.
# In: ES = SHADOW_SEGMENT.
# Out: EAX 0.
# Clobbers: EDX, SI.
kept_count:
    call    memory_end
    mov     edx, eax
    mov     si, BLOCKS
1:  cmp     dword ptr es:[si + BLOCK_LENGTH], 0
    je      2f
    test    byte ptr es:[si + BLOCK_FLAGS], FLAG_KEPT
    jz      2f
    cmp     edx, es:[si + BLOCK_START]
    jbe     2f
    mov     edx, es:[si + BLOCK_START]
2:  add     si, BLOCK_BYTES
    cmp     si, BLOCKS_END
    jb      1b
    sub     eax, edx
    IN_STATE mov [STATE_KEPT], eax
    xor     eax, eax
    ret

.data
functions:
    .word   allocate, find, free
    NOT_FOUND_HERE
structure:
    .ascii  "$PMM"
    .byte   1, structure_end - structure, 0
    .word   pmm_entry, ROM_SEGMENT
    .space  5
structure_end:
