# How two clusters become linked: one draws a code (`cloud link invite`), a person types it at the other (`cloud link
# join`), and both say their public numbers in packets that only who knows the code can make. The inviter answers once
# the link is one of its cluster's values. All routines run with the cluster's mutex held, unless they say otherwise.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

.section .rodata
purpose_meet:           .ascii  "QuRe link"
PURPOSE_MEET            = . - purpose_meet

.bss
.balign 4
.global meet_invited
meet_invited:           .space 4        # 1: a code was drawn here,
meet_until:             .space 4        # clock_ms until which it counts
meet_used:              .space 4        # 1: by the cluster of this number
meet_taken:             .space X25519_BYTES
meet_pending:           .space 4        # 1: its link is to become a value
meet_pending_name:      .space NAME_SIZE
.global meet_joining
meet_joining:           .space 4        # 1: this cluster has asked another one
.global meet_event
meet_event:             .space 4        # signalled when that has answered:
.global meet_name
meet_name:              .space NAME_SIZE
.global meet_public
meet_public:            .space X25519_BYTES
.global meet_code
meet_code:              .space 12       # INVITE_CODE_BYTES, and what invite_write may read
meet_key:               .space HMAC_SIZE
.global meet_addressee
meet_addressee:         .space NAME_SIZE    # of a question that goes by a relay

.text

# Makes the key of the code.
# In: meet_code.
# Clobbers: EAX, ECX, EDX.
.global meet_derive
meet_derive:
    push    esi
    mov     eax, offset meet_key
    mov     edx, offset meet_code
    mov     ecx, INVITE_CODE_BYTES
    call    hmac_key
    mov     eax, offset wide_made
    mov     edx, offset meet_key
    mov     esi, offset purpose_meet
    mov     ecx, PURPOSE_MEET
    call    hmac_sha256
    mov     eax, offset meet_key
    mov     edx, offset wide_made
    mov     ecx, SHA256_BYTES
    call    hmac_key
    mov     dword ptr [meet_invited], 0     # an earlier code counts no longer
    mov     dword ptr [meet_joining], 0
    pop     esi
    ret

# Draws a code, with which one cluster can link. May sleep.
# Clobbers: EAX, ECX, EDX.
.global meet_draw
meet_draw:
    mov     eax, offset meet_code
    mov     edx, INVITE_CODE_BYTES
    call    generator_fill
    call    meet_derive
    call    clock_ms
    add     eax, INVITE_MS
    mov     [meet_until], eax
    mov     dword ptr [meet_used], 0
    mov     dword ptr [meet_invited], 1
    mov     eax, offset wide_event
    jmp     event_signal

# Whether a link is being made here.
# Out: CF when none is.
# Clobbers: EAX.
.global meet_open
meet_open:
    cmp     dword ptr [meet_joining], 1
    jae     9f
    cmp     dword ptr [meet_invited], 1
    jb      9f
    call    clock_ms
    sub     eax, [meet_until]
    cmp     eax, 0x80000000
    jae     9f                          # in time
    mov     dword ptr [meet_invited], 0
    stc
9:  ret

# Asks the other cluster for its number, with the code. May sleep.
# In: EDX address, EBP port.
# Clobbers: EAX, ECX, EDX.
.global meet_ask
meet_ask:
    cmp     dword ptr [wide_address], 0
    je      9f                          # not yet
    push    edi
    push    edx
    call    wide_blank
    mov     byte ptr [wide_out + WIDE_KIND], WIDE_JOIN
    call    meet_introduce
    pop     edx
    push    edx
    mov     eax, offset meet_addressee
    call    relay_name
    mov     edi, eax
    pop     edx
    mov     eax, WIDE_AT_WAY
    call    meet_put
    pop     edi
9:  ret

# Seals the packet with the code, and sends it. May sleep.
# In: EDX address, EBP port, EAX WIDE_AT_*, EDI id of the addressee, if it goes by a relay.
# Clobbers: EAX, ECX, EDX.
meet_put:
    push    eax
    mov     ecx, WIDE_SUMMARY_SIZE
    mov     eax, offset meet_key
    call    wide_seal
    pop     eax
    mov     eax, [wide_sockets + eax*4]
    test    dl, dl
    jnz     wide_put
    mov     eax, edi
    jmp     relay_put

# Puts name and public number of this cluster into the packet.
# Clobbers: EAX, ECX, EDX.
meet_introduce:
    mov     eax, offset wide_out + WIDE_NAME
    mov     edx, offset trust_name
    mov     ecx, NAME_SIZE
    call    string_copy
    mov     eax, offset wide_out + WIDE_PUBLIC
    mov     edx, offset wide_public
    mov     ecx, X25519_BYTES
    jmp     mem_copy

# A packet that a code was used for. May sleep.
# In: ESI packet, EAX its kind.
# Clobbers: EAX, EBX, ECX, EDX.
.global meet_heard
meet_heard:
    mov     ebx, eax
    call    meet_open
    jc      .Lmeet_heard_stranger
    mov     eax, [meet_joining]
    cmp     ebx, WIDE_WELCOME
    je      1f
    xor     eax, 1
1:  test    eax, eax
    jz      .Lmeet_heard_stranger
    mov     edx, offset meet_key
    call    wide_coded
    jne     .Lmeet_heard_forged
    lea     eax, [esi + WIDE_NAME]
    call    name_is_good
    jc      .Lmeet_heard_forged
    lea     eax, [esi + WIDE_PUBLIC]
    mov     edx, offset wide_public
    mov     ecx, X25519_BYTES
    call    mem_compare
    je      .Lmeet_heard_forged         # its own
    cmp     ebx, WIDE_JOIN
    je      meet_asked
    lea     eax, [esi + WIDE_ECHO]
    mov     edx, offset wide_session
    call    session_same
    jne     .Lmeet_heard_forged
    mov     eax, offset meet_name
    lea     edx, [esi + WIDE_NAME]
    mov     ecx, NAME_SIZE
    call    mem_copy
    mov     eax, offset meet_public
    lea     edx, [esi + WIDE_PUBLIC]
    mov     ecx, X25519_BYTES
    call    mem_copy
    mov     dword ptr [meet_joining], 0
    mov     eax, offset meet_event
    jmp     event_signal
.Lmeet_heard_stranger:
    COUNT   wide_strangers
    ret
.Lmeet_heard_forged:
    COUNT   wide_forged
    ret

# Another cluster asks with the code: the first one that does is answered, once its link is a value. May sleep.
# In: ESI packet.
# Clobbers: EAX, EBX, ECX, EDX.
meet_asked:
    mov     eax, offset meet_taken
    lea     edx, [esi + WIDE_PUBLIC]
    mov     ecx, X25519_BYTES
    cmp     dword ptr [meet_used], 0
    jne     1f
    mov     dword ptr [meet_used], 1
    call    mem_copy
    jmp     2f
1:  call    mem_compare
    jne     .Lmeet_asked_other
2:  mov     eax, offset meet_taken
    call    link_known
    jnc     .Lmeet_asked_answer
    mov     eax, offset meet_pending_name
    lea     edx, [esi + WIDE_NAME]
    mov     ecx, NAME_SIZE
    call    mem_copy
    mov     dword ptr [meet_pending], 1
    ret
.Lmeet_asked_answer:
    push    edi
    push    ebp
    call    wide_blank
    mov     byte ptr [wide_out + WIDE_KIND], WIDE_WELCOME
    lea     edx, [esi + WIDE_SESSION]
    mov     eax, [esi + WIDE_NUMBER]
    call    wide_echo
    call    meet_introduce
    mov     edx, [wide_from]
    mov     ebp, [wide_from_port]
    mov     eax, [wide_from_socket]
    mov     edi, offset relay_sender
    call    meet_put
    pop     ebp
    pop     edi
    ret
.Lmeet_asked_other:
    COUNT   wide_forged
    ret

# Makes the link a value of the cluster, if one waits for that. The mutex is not held. May sleep, seconds.
# Clobbers: EAX, ECX, EDX.
.global meet_settle
meet_settle:
    xor     eax, eax
    xchg    eax, [meet_pending]
    test    eax, eax
    jz      9f
    push    ebx
    mov     eax, offset meet_pending_name
    mov     edx, offset meet_taken
    mov     ecx, offset link_nowhere
    xor     ebx, ebx
    call    link_put
    pop     ebx
    test    eax, eax
    jnz     9f
    mov     eax, offset meet_pending_name
    PRINTF  "cluster: linked with the cluster %s, by invitation\n", eax
    call    cloud_lock
    call    links_configure             # the next question is answered
    jmp     cloud_unlock
9:  ret
