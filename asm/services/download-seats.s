# How many may download a kernel at once: each has a seat while its answer is sent. One that has had its seat for long
# gives way once somebody else has asked, so a slow client holds nobody up for ever.

.include "macros.inc"
.include "errors.inc"
.include "tcp.inc"
.include "http.inc"
.include "download.inc"

GIVES_WAY_MS            = 10000         # so long nobody has to give way

.text

# Takes a seat. That of a client whose connection is gone, by whatever end its task had, is free.
# In: EBX client, ESI seats.
# Out: EAX seat; CF and EAX = ERROR_BUSY when all are taken.
# Clobbers: ECX, EDX.
.global download_take
download_take:
    push    edi
    push    ebp
    call    clock_ms
    mov     ebp, eax
    INTERRUPTS_OFF
    call    download_free
    jc      1f
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     [edi + TAKEN_SOCKET], eax
    mov     [edi + TAKEN_SINCE], ebp
    mov     dword ptr [esi + DOWNLOADS_WANTED], 0
    mov     eax, edi
    INTERRUPTS_RESTORE
    clc
    jmp     2f
1:  mov     dword ptr [esi + DOWNLOADS_WANTED], 1
    INTERRUPTS_RESTORE
    mov     eax, ERROR_BUSY
    stc
2:  pop     ebp
    pop     edi
    ret

# Finds a free seat. Interrupts off.
# In: ESI seats.
# Out: EDI seat; CF when there is none.
# Clobbers: EAX, ECX, EDX.
download_free:
    lea     edi, [esi + DOWNLOADS_TAKEN]
    mov     ecx, [esi + DOWNLOADS_SEATS]
1:  mov     eax, [edi + TAKEN_SOCKET]
    test    eax, eax
    jz      2f                          # CF is clear
    push    ecx
    mov     edx, offset stream_type
    call    handle_find
    pop     ecx
    cmc
    jnc     2f
    add     edi, TAKEN_SIZE
    dec     ecx
    jnz     1b
    stc
2:  ret

# How many download.
# In: ESI seats.
# Out: EAX how many.
# Clobbers: ECX, EDX.
.global downloads_now
downloads_now:
    push    ebx
    push    edi
    xor     ebx, ebx
    lea     edi, [esi + DOWNLOADS_TAKEN]
    mov     ecx, [esi + DOWNLOADS_SEATS]
    INTERRUPTS_OFF
1:  mov     eax, [edi + TAKEN_SOCKET]
    test    eax, eax
    jz      2f
    push    ecx
    mov     edx, offset stream_type
    call    handle_find
    pop     ecx
    jc      2f
    inc     ebx
2:  add     edi, TAKEN_SIZE
    dec     ecx
    jnz     1b
    INTERRUPTS_RESTORE
    mov     eax, ebx
    pop     edi
    pop     ebx
    ret

# Whether a download is to give way.
# In: ESI seats, EAX seat.
# Out: CF when it is.
# Clobbers: EAX, ECX, EDX.
.global download_late
download_late:
    cmp     dword ptr [esi + DOWNLOADS_WANTED], 0
    je      1f                          # CF is clear
    mov     ecx, eax
    push    ecx
    call    clock_ms
    pop     ecx
    sub     eax, [ecx + TAKEN_SINCE]
    cmp     eax, GIVES_WAY_MS
    cmc
1:  ret
