# Kernels by HTTP, for nodes that upgrade: `/kernel/REVISION`, whole or a range, and its signature
# `/kernel/REVISION.sig` (docs/protocols/upgrade.md, "Propagation"). They come from the slots of the disk that was
# started, whether they run or not. A node without slots serves the kernel that it runs from memory, as the build made
# it.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"
.include "http.inc"
.include "disk.inc"
.include "bootinfo.inc"
.include "slots.inc"
.include "signature.inc"
.include "running.inc"
.include "download.inc"

SECTOR_BYTES            = 512
SECTOR_SHIFT            = 9

# More locals, relative to EBP.
KERNEL_REVISION         = FILE_OTHERS - 4
KERNEL_SIGNATURE        = KERNEL_REVISION - 4   # 1: its signature is asked for
KERNEL_SEAT             = KERNEL_SIGNATURE - 4
KERNEL_WHOLE            = KERNEL_SEAT - 4       # 1: all of it is asked for
KERNEL_PAGES            = KERNEL_WHOLE - 4      # SIGNATURE_PAGES of memory, or 0
KERNEL_SLOTTED          = KERNEL_PAGES - SLOTTED_SIZE
KERNEL_SERVED           = KERNEL_SLOTTED - SERVED_SIZE
KERNEL_LOCALS           = -KERNEL_SERVED

DOWNLOAD_SEATS kernel_seats, 2

STRING path_kernel, "/kernel/"
STRING path_signature, ".sig"

.text

# Answers a request for a kernel or its signature. May sleep.
# In: EBX client, ESI path that was asked for, NUL terminated.
# Out: CF and EAX error: ERROR_NOT_FOUND when the path is none of those, or there is no such kernel here; ERROR_BUSY
# when two others download; others when the connection has ended.
.global http_kernel
http_kernel:
    push    esi
    push    edi
    FRAME   KERNEL_LOCALS
    call    kernel_path
    jc      .Lhttp_kernel_missing
    mov     dword ptr [ebp + KERNEL_PAGES], 0
    mov     ecx, offset signature_begin
    cmp     dword ptr [ebp + KERNEL_SIGNATURE], 0
    jne     1f
    mov     eax, [ebp + KERNEL_REVISION]
    lea     edi, [ebp + KERNEL_SLOTTED]
    call    slot_find
    mov     ecx, offset kernel_from_slot
    jnc     1f
    mov     ecx, offset kernel_from_memory
1:  call    ecx
    jc      .Lhttp_kernel_missing
    mov     dword ptr [ebp + FILE_TYPE], offset type_bytes
    call    file_conditions
    cmp     dword ptr [ebp + KERNEL_SIGNATURE], 0
    jne     .Lhttp_kernel_head
    cmp     dword ptr [ebx + CLIENT_HEAD], 0
    jne     .Lhttp_kernel_head
    cmp     dword ptr [ebp + FILE_LEFT], 0
    je      .Lhttp_kernel_head
    call    kernel_send
    jmp     .Lhttp_kernel_done
.Lhttp_kernel_head:
    call    file_send
    call    kernel_pages_free
    jmp     .Lhttp_kernel_done
.Lhttp_kernel_missing:
    call    kernel_pages_free
    mov     eax, ERROR_NOT_FOUND
    stc
.Lhttp_kernel_done:
    ENDFRAME
    pop     edi
    pop     esi
    ret

# Gives the memory of a signature back.
# In: the frame of http_kernel.
# Clobbers: nothing, and no flag.
kernel_pages_free:
    pushfd
    pushad
    xor     eax, eax
    xchg    eax, [ebp + KERNEL_PAGES]
    test    eax, eax
    jz      1f
    mov     edx, SIGNATURE_PAGES
    call    page_free
1:  popad
    popfd
    ret

# Takes a path apart: `/kernel/REVISION` or `/kernel/REVISION.sig`. A revision is digits as the system writes them, so
# each kernel has one path.
# In: ESI path; the frame of http_kernel.
# Out: KERNEL_REVISION, KERNEL_SIGNATURE; CF when it is another path.
# Clobbers: EAX, ECX, EDX.
kernel_path:
    mov     dword ptr [ebp + KERNEL_PAGES], 0
    mov     eax, esi
    mov     edx, offset path_kernel
    call    string_prefix
    jne     8f
    cmp     byte ptr [eax], '1'
    jb      8f
    cmp     byte ptr [eax], '9'
    ja      8f
    call    parse_number
    jc      9f
    mov     [ebp + KERNEL_REVISION], eax
    mov     dword ptr [ebp + KERNEL_SIGNATURE], 0
    cmp     byte ptr [edx], 0
    je      9f                          # CF is clear
    inc     dword ptr [ebp + KERNEL_SIGNATURE]
    mov     eax, edx
    mov     edx, offset path_signature
    call    string_compare
    je      9f
8:  stc
9:  ret

# Begins the answer with a kernel of a slot.
# In: the frame of http_kernel with KERNEL_SLOTTED.
# Out: CF clear.
# Clobbers: EAX, ECX.
kernel_from_slot:
    mov     eax, [ebp + KERNEL_SLOTTED + SLOTTED_BYTES]
    mov     ecx, offset kernel_slot_piece
    call    file_whole
    lea     ecx, [ebp + FILE_TAG]
    SNPRINTF ecx, TAG_BYTES, "\"%08x\"", [ebp+KERNEL_SLOTTED+SLOTTED_CHECKSUM]
    clc
    ret

# Begins the answer with the kernel that runs, from memory and as the build made it, if it is of this revision.
# In: the frame of http_kernel.
# Out: CF when it is not.
# Clobbers: EAX, ECX, EDI.
kernel_from_memory:
    call    kernel_runs
    jc      1f
    mov     ecx, offset kernel_memory_piece
    call    file_whole
    lea     edi, [ebp + KERNEL_SERVED]
    mov     ecx, SERVED_SIZE / 4
    xor     eax, eax
    rep stosd
    lea     eax, [ebp + KERNEL_SERVED]
    call    running_patch
    lea     ecx, [ebp + FILE_TAG]
    SNPRINTF ecx, TAG_BYTES, "\"%08x\"", [ebp+KERNEL_SERVED+SERVED_CHECKSUM]
    clc
1:  ret

# Whether the kernel that is asked for runs.
# In: the frame of http_kernel.
# Out: EAX bytes of its image; CF when it does not, or too little of it is in memory.
kernel_runs:
    mov     eax, [boot_info + bi_revision]
    cmp     eax, [ebp + KERNEL_REVISION]
    je      running_bytes
    stc
    ret

# Begins the answer with the signature of a kernel. May sleep.
# In: EBX client; the frame of http_kernel.
# Out: CF when there is none.
# Clobbers: EAX, ECX, EDX, EDI.
signature_begin:
    mov     eax, SIGNATURE_PAGES
    call    page_alloc
    jc      1f
    mov     [ebp + KERNEL_PAGES], eax
    mov     edi, eax
    mov     eax, [ebp + KERNEL_REVISION]
    call    kernel_signature
    jnc     signature_whole
1:  ret

# In: EAX bytes of the signature in KERNEL_PAGES; the frame of http_kernel.
# Out: CF clear.
# Clobbers: EAX, ECX, EDX.
signature_whole:
    mov     ecx, offset signature_piece
    call    file_whole
    mov     edx, [ebp + KERNEL_PAGES]   # no two signatures end alike
    add     edx, [ebp + FILE_BYTES]
    lea     ecx, [ebp + FILE_TAG]
    SNPRINTF ecx, TAG_BYTES, "\"%08x%08x\"", [edx-64], [edx-60]
    clc
    ret

# Sends a kernel, in a seat, and counts it when all of it was sent. May sleep.
# In: EBX client; the frame of http_kernel.
# Out: CF and EAX error.
# Clobbers: ECX, EDX, ESI, EDI.
kernel_send:
    mov     eax, [ebp + FILE_LEFT]
    xor     ecx, ecx
    cmp     eax, [ebp + FILE_BYTES]
    sete    cl
    mov     [ebp + KERNEL_WHOLE], ecx
    mov     esi, offset kernel_seats
    call    download_take
    jc      2f
    mov     [ebp + KERNEL_SEAT], eax
    call    kernels_served_now
    call    file_send
    pushfd
    push    eax
    mov     ecx, [ebp + KERNEL_SEAT]
    mov     dword ptr [ecx + TAKEN_SOCKET], 0
    call    kernels_served_now
    pop     eax
    popfd
    jc      2f
    cmp     dword ptr [ebp + KERNEL_WHOLE], 0
    je      1f
    call    download_counted
1:  clc
2:  ret

# Counts anew how many kernels are being served.
# Clobbers: EAX, ECX, EDX, ESI.
.global kernels_served_now
kernels_served_now:
    mov     esi, offset kernel_seats
    call    downloads_now
    jmp     downloads_note

# Whether a download is to end, because it lasts long and others wait.
# In: the frame of http_kernel.
# Out: CF when it is.
# Clobbers: EAX, EDX.
kernel_late:
    push    ecx
    push    esi
    mov     esi, offset kernel_seats
    mov     eax, [ebp + KERNEL_SEAT]
    call    download_late
    pop     esi
    pop     ecx
    ret

# Reads a piece of a slot's kernel, FILE_READER: whole sectors, of which some bytes may be too many in front.
kernel_slot_piece:
    call    kernel_late
    jc      .Lkernel_slot_piece_done
    push    esi
    push    edi
    mov     eax, [ebp + FILE_FROM]
    mov     edx, eax
    and     eax, SECTOR_BYTES - 1       # EAX: bytes in front
    shr     edx, SECTOR_SHIFT
    add     edx, [ebp + KERNEL_SLOTTED + SLOTTED_SECTOR]
    mov     esi, PIECE_BYTES
    sub     esi, eax
    cmp     ecx, esi
    jbe     1f
    mov     ecx, esi
1:  push    ecx                         # [esp + 4]: bytes that come
    push    eax                         # [esp]: bytes in front
    lea     esi, [eax + ecx + SECTOR_BYTES - 1]
    shr     esi, SECTOR_SHIFT
    mov     ecx, edi
    mov     eax, [ebp + KERNEL_SLOTTED + SLOTTED_VOLUME]
    call    volume_read
    pop     esi
    pop     ecx
    jc      2f
    mov     eax, [slots_changes]        # it is another one's by now, or being written
    cmp     eax, [ebp + KERNEL_SLOTTED + SLOTTED_CHANGES]
    stc
    jne     2f
    mov     eax, ecx
    add     esi, edi
    rep movsb
    clc
2:  pop     edi
    pop     esi
.Lkernel_slot_piece_done:
    ret

# Reads a piece of the kernel that runs, FILE_READER.
kernel_memory_piece:
    call    kernel_late
    jc      1f
    push    ecx
    mov     eax, [ebp + FILE_FROM]
    lea     edx, [ebp + KERNEL_SERVED]
    call    running_read
    pop     eax
    clc
1:  ret

# Reads a piece of a signature, FILE_READER.
signature_piece:
    push    esi
    push    edi
    mov     eax, ecx
    mov     esi, [ebp + KERNEL_PAGES]
    add     esi, [ebp + FILE_FROM]
    rep movsb
    pop     edi
    pop     esi
    clc
    ret
