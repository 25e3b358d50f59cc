# What a stranger must not guess: initial sequence numbers (RFC 6528), SYN cookies (RFC 4987), ports (RFC 6056) and the
# start of the timestamp clock. All come from one keyed hash over the connection's addresses: HalfSipHash-2-4 of
# Aumasson and Bernstein, with a key that is drawn at the first use, and again when the machine is another copy.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"

COOKIE_SHIFT            = 16            # a cookie's count goes on every 65.5 s
COOKIE_LIFETIME         = 2             # counts

.bss
.balign 4
secret_key:             .space 8
secret_generation:      .space 4        # generation_count when it was drawn, and 1 more; 0: it was not
secret_input:           .space 24
secret_count:           .space 4        # numbers that were drawn

.data
.balign 4
# Maximum segment sizes that a cookie can stand for, ascending.
cookie_sizes:           .long 64, 256, 536, 1024, 1220, 1360, 1440, 1460

.text

# Draws the key, unless there is one of this copy of the machine. May sleep.
secret_start:
    mov     eax, [generation_count]
    inc     eax
    cmp     eax, [secret_generation]
    je      9f
    push    eax
    mov     eax, offset secret_key
    mov     edx, 8
    call    generator_fill
    pop     [secret_generation]
9:  ret

# One round of SipHash with words of 32 bits: v0 EAX, v1 EBX, v2 ECX, v3 EDX.
.macro SIP_ROUND
    add     eax, ebx
    rol     ebx, 5
    xor     ebx, eax
    rol     eax, 16
    add     ecx, edx
    rol     edx, 8
    xor     edx, ecx
    add     eax, edx
    rol     edx, 7
    xor     edx, eax
    add     ecx, ebx
    rol     ebx, 13
    xor     ebx, ecx
    rol     ecx, 16
.endm

# Hashes words with the key.
# In: EAX words, EDX how many.
# Out: EAX hash.
.global secret_hash
secret_hash:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    call    secret_start
    mov     eax, [secret_key]
    mov     ebx, [secret_key + 4]
    mov     ecx, 0x6C796765
    xor     ecx, eax
    mov     edx, 0x74656462
    xor     edx, ebx
    push    edi
1:  xor     edx, [esi]
    SIP_ROUND
    SIP_ROUND
    xor     eax, [esi]
    add     esi, 4
    dec     edi
    jnz     1b
    pop     edi
    shl     edi, 26                     # bytes of the input, in the highest byte
    xor     edx, edi
    SIP_ROUND
    SIP_ROUND
    xor     eax, edi
    xor     ecx, 0xFF
    SIP_ROUND
    SIP_ROUND
    SIP_ROUND
    SIP_ROUND
    mov     eax, ebx
    xor     eax, edx
    pop     edi
    pop     esi
    pop     ebx
    ret

# Hashes the addresses of a connection and two words more.
# In: EBX control block, EAX and EDX the words.
# Out: EAX hash.
secret_connection:
    mov     [secret_input + 16], eax
    mov     [secret_input + 20], edx
    mov     eax, [ebx + TCB_LOCAL]
    mov     [secret_input], eax
    mov     eax, [ebx + TCB_REMOTE]
    mov     [secret_input + 4], eax
    mov     eax, [ebx + TCB_LOCAL_PORT]
    mov     [secret_input + 8], eax
    mov     eax, [ebx + TCB_REMOTE_PORT]
    mov     [secret_input + 12], eax
    mov     eax, offset secret_input
    mov     edx, 6
    jmp     secret_hash

# A number that nobody can guess: identifications, ports and delays that a stranger must not hit.
# Out: EAX number.
# Clobbers: ECX, EDX.
.global secret_number
secret_number:
    inc     dword ptr [secret_count]
    call    task_time
    push    eax
    push    dword ptr [secret_count]
    mov     eax, esp
    mov     edx, 2
    call    secret_hash
    add     esp, 8
    ret

# Chooses the initial sequence number and the start of the timestamps of a connection. The number grows with time, so
# that a new life of the same connection begins beyond the old one.
# In: EBX control block with its addresses.
.global secret_sequence
secret_sequence:
    xor     eax, eax
    mov     edx, 1
    call    secret_connection
    push    eax
    call    clock_fine
    imul    eax, eax, 250               # RFC 9293, 3.4.1: a step each 4 us
    pop     edx
    add     eax, edx
    mov     [ebx + TCB_ISS], eax
    xor     eax, eax
    mov     edx, 2
    call    secret_connection
    mov     [ebx + TCB_TS_OFFSET], eax
    ret

# The hash in a cookie.
# In: EBX control block with the addresses, EAX the other side's initial sequence number, EDX count and index of the
# segment size, as they are in the cookie.
# Out: EAX cookie.
cookie_make:
    push    edx
    call    secret_connection
    and     eax, 0x00FFFFFF
    pop     edx
    shl     edx, 24
    or      eax, edx
    ret

# Makes a SYN cookie.
# In: EBX control block with the addresses and MSS, EAX the other side's initial sequence number.
# Out: EAX the initial sequence number that we answer with.
.global cookie_write
cookie_write:
    push    eax
    mov     edx, 7                      # largest of the sizes that fits
1:  mov     eax, [cookie_sizes + edx*4]
    cmp     eax, [ebx + TCB_MSS]
    jbe     2f
    dec     edx
    jnz     1b
2:  push    edx
    call    clock_fine
    pop     edx
    shr     eax, COOKIE_SHIFT
    and     eax, 31
    shl     eax, 3
    or      edx, eax
    pop     eax
    jmp     cookie_make

# Checks a cookie that came back.
# In: EBX control block with the addresses, EAX the other side's initial sequence number, EDX the cookie.
# Out: EAX segment size; CF when it is none of ours, or too old.
.global cookie_read
cookie_read:
    push    esi
    mov     esi, edx
    push    eax
    call    clock_fine
    shr     eax, COOKIE_SHIFT
    mov     ecx, esi
    shr     ecx, 27
    sub     eax, ecx
    and     eax, 31
    cmp     eax, COOKIE_LIFETIME
    pop     eax
    jae     8f
    mov     edx, esi
    shr     edx, 24
    call    cookie_make
    cmp     eax, esi
    jne     8f
    shr     esi, 24
    and     esi, 7
    mov     eax, [cookie_sizes + esi*4]
    clc
    pop     esi
    ret
8:  stc
    pop     esi
    ret

# A place to begin the search for a free port (RFC 6056, algorithm 3).
# In: EBX control block with the addresses.
# Out: EAX number.
.global secret_port
secret_port:
    mov     dword ptr [ebx + TCB_LOCAL_PORT], 0
    call    clock_fine
    mov     edx, 3
    jmp     secret_connection
