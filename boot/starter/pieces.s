# Reading: the plan, and the pieces that it names, each to its place.

.include "starter.inc"

.intel_syntax noprefix
.code16

CHUNK_BYTES             = CHUNK_SECTORS * 512

.text

# Reads the plan from the sectors after the starter. Ends the boot when it is none.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI, EBP.
.global plan_read
plan_read:
    mov     eax, [RECORD_IMAGE_LBA]
    add     eax, [RECORD_KERNEL_SECTOR]
    mov     ecx, PLAN_SECTORS
    call    drive_read
    mov     edi, PLAN
    mov     ecx, PLAN_SECTORS * 512
    mov     bx, offset copy
    call    protected_call
    mov     si, offset text_plan
    cmp     dword ptr [PLAN + pl_magic], PLAN_MAGIC
    jne     fail
    cmp     dword ptr [PLAN + pl_version], PLAN_VERSION
    jne     fail
    cmp     dword ptr [PLAN + pl_moves], LAUNCH_MOVES_MAX
    ja      fail
    cmp     dword ptr [PLAN + pl_pieces], (PLAN_SECTORS * 512 - pl_list) / PIECE_SIZE
    ja      fail
    ret

# Reads all pieces. Ends the boot when the drive cannot be read.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI, EBP.
.global pieces_load
pieces_load:
    mov     word ptr [piece], PLAN + pl_list
    mov     eax, [PLAN + pl_pieces]
    mov     [pieces_left], eax
1:  sub     dword ptr [pieces_left], 1
    jb      9f
    mov     si, [piece]
    add     word ptr [piece], PIECE_SIZE
    call    piece_load
    jmp     1b
9:  ret

# Reads one piece.
# In: SI its entry in the plan.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI, EBP.
piece_load:
    mov     eax, [si + PIECE_ADDRESS]
    mov     [place], eax
    mov     eax, [si + PIECE_BYTES]
    mov     [bytes_left], eax
    mov     eax, [si + PIECE_SECTOR]
    add     eax, [RECORD_IMAGE_LBA]
    mov     [sector], eax
    push    dword ptr [si + PIECE_ZEROS]
.Lpiece_load_chunk:
    mov     ecx, [bytes_left]
    jecxz   .Lpiece_load_zeros
    cmp     ecx, CHUNK_BYTES
    jbe     1f
    mov     ecx, CHUNK_BYTES
1:  push    ecx
    add     ecx, 511
    shr     ecx, 9
    mov     eax, [sector]
    add     [sector], ecx
    call    drive_read
    pop     ecx
    mov     edi, [place]
    add     [place], ecx
    sub     [bytes_left], ecx
    mov     bx, offset copy
    call    protected_call
    jmp     .Lpiece_load_chunk
.Lpiece_load_zeros:
    pop     ecx
    mov     edi, [place]
    mov     bx, offset clear
    jmp     protected_call

.code32

# In protected mode: copies.
# In: ESI from, EDI to, ECX bytes.
# Clobbers: ECX, ESI, EDI.
copy:
    rep movsb
    ret

# In protected mode: clears.
# In: EDI from here on, ECX bytes.
# Clobbers: EAX, ECX, EDI.
clear:
    xor     eax, eax
    rep stosb
    ret

.data
.balign 4
place:          .long 0
bytes_left:     .long 0
sector:         .long 0
pieces_left:    .long 0
piece:          .word 0
text_plan:      .asciz "there is no plan of version 1 after the starter"
