# The running kernel by HTTP, /kernel/running: whole or a range, in pieces from memory (asm/kernel/running.s). A copy
# tells who served it: this node's address, for whom it is reached by, and its cluster's name.
#
# One download at a time; others hear 503. One that has taken long gives way to whoever asks next.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"
.include "http.inc"
.include "running.inc"
.include "download.inc"

# More locals: SERVED_*.
FILE_SERVED             = FILE_OTHERS - SERVED_SIZE
FILE_SEAT               = FILE_SERVED - 4

STRING name_public, "public.address"

DOWNLOAD_SEATS running_seats, 1

.text

# Answers a request for the running kernel. May sleep.
# In: EBX client, EDX name of the cluster.
# Out: CF and EAX error: ERROR_NOT_FOUND when there is too little of it, ERROR_BUSY when another client downloads,
# others when the connection has ended.
.global http_running
http_running:
    push    esi
    push    edi
    FRAME   -FILE_SEAT
    mov     esi, edx
    call    running_bytes
    jc      .Lhttp_running_done
    mov     ecx, offset running_piece
    call    file_whole
    mov     dword ptr [ebp + FILE_TYPE], offset type_bytes
    call    running_serve
    lea     eax, [ebp + FILE_SERVED]
    call    running_patch
    lea     ecx, [ebp + FILE_TAG]
    SNPRINTF ecx, TAG_BYTES, "\"%08x\"", [ebp+FILE_SERVED+SERVED_CHECKSUM]
    call    file_conditions
    cmp     dword ptr [ebx + CLIENT_HEAD], 0
    jne     .Lhttp_running_head
    cmp     dword ptr [ebp + FILE_LEFT], 0
    je      .Lhttp_running_head
    mov     esi, offset running_seats
    call    download_take
    jc      .Lhttp_running_done
    mov     [ebp + FILE_SEAT], eax
    call    file_send
    mov     ecx, [ebp + FILE_SEAT]
    mov     dword ptr [ecx + TAKEN_SOCKET], 0
    jmp     .Lhttp_running_done
.Lhttp_running_head:
    call    file_send
.Lhttp_running_done:
    ENDFRAME
    pop     edi
    pop     esi
    ret

# Reads a piece, FILE_READER.
running_piece:
    push    ecx
    push    esi
    mov     esi, offset running_seats
    mov     eax, [ebp + FILE_SEAT]
    call    download_late
    pop     esi
    mov     ecx, [esp]
    jc      1f
    mov     eax, [ebp + FILE_FROM]
    lea     edx, [ebp + FILE_SERVED]
    call    running_read
    clc
1:  pop     eax
    ret

# Writes who serves this copy: on the LAN the address that the client has reached, else `set public.address ADDRESS` if
# there is one, for a router may have put another in its place.
# In: EBX client, ESI name of the cluster; the frame of http_running.
# Out: FILE_SERVED without its checksum.
# Clobbers: EAX, ECX, EDX, EDI.
running_serve:
    lea     edi, [ebp + FILE_SERVED]
    mov     ecx, SERVED_BYTES
    xor     eax, eax
    rep stosb
    mov     eax, [ebx + CLIENT_ADDRESS]
    xor     edx, edx
    call    route_find
    jc      1f
    cmp     edx, [ebx + CLIENT_ADDRESS] # the next neighbour is the client itself
    je      2f
1:  mov     eax, offset name_public
    call    env_get
    jc      2f
    call    parse_address
    jnc     3f
2:  mov     eax, [ebx + CLIENT_HANDLE]
    call    stream_local
    jc      4f
3:  mov     [ebp + FILE_SERVED + SERVED_ADDRESS], eax
4:  lea     eax, [ebp + FILE_SERVED + SERVED_CLUSTER]
    mov     edx, esi
    mov     ecx, SERVED_CLUSTER_BYTES
    jmp     string_copy
