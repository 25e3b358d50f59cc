# The connection between the two machines of a fork (docs/protocols/fork.md): each proves by the public number of its
# session that it is the member that it says, and what follows is sealed with a key that only these two can make, who
# also have the cluster's key. Both have drawn a part of it, so what was recorded opens nothing.

.include "macros.inc"
.include "errors.inc"
.include "crypto.inc"
.include "net.inc"
.include "cluster.inc"
.include "fork.inc"

PATIENCE_MS             = 10000         # for the other side

.section .rodata
seal_label:             .ascii  "QuRe fork 1     "
SEAL_LABEL_SIZE         = . - seal_label

.section .bss.kept, "aw", @nobits       # cluster_reset leaves it alone
.balign 4
    # clock_ms until which both sides are waited for; 0: PATIENCE_MS for each step
.global fork_until
fork_until:             .space 4
    # from here to `record`: the connection
.global connection
connection:
.global fork_socket
fork_socket:            .space 4
    # name of the other side, and of its session
.global fork_target
fork_target:            .space NAME_SIZE
.global fork_session
fork_session:           .space SESSION_SIZE
    # of one of several: frames of the window that the target lacks, a bit each; -1: it has not said
.global fork_lacks
fork_lacks:             .space 4
    # 1: it is one of several that take part
.global fork_takes_part
fork_takes_part:        .space 4
    # what both keys are made of: the label, both greetings, the number of the block
transcript:             .space SEAL_LABEL_SIZE
.global greeting_source
greeting_source:        .space GREETING_SIZE
.global greeting_target
greeting_target:        .space GREETING_SIZE
transcript_block:       .space 4
TRANSCRIPT_SIZE         = SEAL_LABEL_SIZE + 2 * GREETING_SIZE + 4
transcript_key:         .space HMAC_SIZE
secrets:                .space X25519_BYTES + KEY_SIZE
keys:                   .space 2 * CHACHA20_POLY1305_KEY_BYTES  # of what the source says, and the target,
keys_handover:          .space SHA256_BYTES     # and of a move's hand-over
KEYS                    = . - keys
fork_speaks:            .space 4        # address of the key of what is sent,
fork_hears:             .space 4        # and of what is received;
fork_spoken:            .space 4        # records so far
fork_heard:             .space 4
    .space CONNECTION_SIZE - (. - connection)
record:                 .space SEALED_MAXIMUM + POLY1305_BYTES

.text

# Makes this node's greeting. The cluster's mutex is held. May sleep.
# In: EAX where it goes.
.global greeting_make
greeting_make:
    push    ebx
    mov     ebx, eax
    mov     dword ptr [ebx + GREETING_MAGIC], GREETING_MAGIC_VALUE
    mov     dword ptr [ebx + GREETING_VERSION], GREETING_VERSION_VALUE
    mov     eax, [node + NODE_ID]
    mov     [ebx + GREETING_NODE], eax
    mov     eax, [node + NODE_ID + 4]
    mov     [ebx + GREETING_NODE + 4], eax
    lea     eax, [ebx + GREETING_NONCE]
    mov     edx, NONCE_SIZE
    call    generator_fill
    lea     eax, [ebx + GREETING_PUBLIC]
    mov     edx, offset trust_public
    mov     ecx, X25519_BYTES
    call    mem_copy
    pop     ebx
    ret

# Finds the member whose greeting this is. The cluster's mutex is held.
# In: EAX greeting.
# Out: EAX peer; CF and EAX text when it is none, or another one's.
.global greeting_member
greeting_member:
    push    ebx
    push    esi
    mov     ebx, eax
    cmp     dword ptr [ebx + GREETING_MAGIC], GREETING_MAGIC_VALUE
    jne     8f
    cmp     dword ptr [ebx + GREETING_VERSION], GREETING_VERSION_VALUE
    jne     8f
    lea     eax, [ebx + GREETING_NODE]
    call    peer_known
    jc      8f
    mov     esi, eax
    cmp     dword ptr [esi + PEER_VIEWED], 0
    je      8f
    lea     eax, [esi + PEER_SESSION]
    lea     edx, [ebx + GREETING_PUBLIC]
    call    session_shows
    jne     8f
    mov     eax, esi                    # CF is clear
    jmp     9f
8:  LOAD_STRING eax, "no member of this cluster has greeted"
    stc
9:  pop     esi
    pop     ebx
    ret

# Makes the keys from both greetings. The cluster's mutex is held.
# In: EAX the other's greeting, EDX 1 when this node is the source, else 0.
# Out: CF and EAX text when there are none.
.global seal_begin
seal_begin:
    push    ebx
    push    esi
    push    edi
    imul    edx, edx, CHACHA20_POLY1305_KEY_BYTES
    mov     ecx, offset keys + CHACHA20_POLY1305_KEY_BYTES
    sub     ecx, edx
    mov     [fork_speaks], ecx
    add     edx, offset keys
    mov     [fork_hears], edx
    mov     dword ptr [fork_spoken], 0
    mov     dword ptr [fork_heard], 0
    lea     edx, [eax + GREETING_PUBLIC]
    mov     eax, offset secrets
    call    trust_agree
    jz      .Lseal_begin_none
    mov     eax, offset secrets + X25519_BYTES
    mov     edx, offset trust_secret
    mov     ecx, KEY_SIZE
    call    mem_copy
    mov     eax, offset transcript_key
    mov     edx, offset secrets
    mov     ecx, X25519_BYTES + KEY_SIZE
    call    hmac_key
    mov     eax, offset transcript
    mov     edx, offset seal_label
    mov     ecx, SEAL_LABEL_SIZE
    call    mem_copy
    mov     edi, offset keys
    mov     dword ptr [transcript_block], 0
1:  mov     eax, edi
    mov     edx, offset transcript_key
    mov     esi, offset transcript
    mov     ecx, TRANSCRIPT_SIZE
    call    hmac_sha256
    inc     dword ptr [transcript_block]
    add     edi, SHA256_BYTES
    cmp     edi, offset keys + KEYS
    jb      1b
    mov     edi, offset secrets
    xor     eax, eax
    mov     ecx, (X25519_BYTES + KEY_SIZE) / 4
    rep stosd
    mov     dword ptr [move_state], MOVE_NONE   # what was said of an earlier move goes with its key
    mov     eax, offset handover_key
    mov     edx, offset keys_handover
    mov     ecx, SHA256_BYTES
    call    hmac_key
    clc
    jmp     .Lseal_begin_done
.Lseal_begin_none:
    LOAD_STRING eax, "the other side shows no number that keys can be made of"
    stc
.Lseal_begin_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# How long the other side is waited for.
# In: EDX milliseconds, where fork_until says nothing.
# Out: EDX.
# Clobbers: EAX.
.global fork_patience
fork_patience:
    cmp     dword ptr [fork_until], 0
    je      1f
    call    clock_ms
    mov     edx, [fork_until]
    sub     edx, eax
    cmp     edx, 1
    jge     1f
    mov     edx, 1                      # what is here already counts
1:  ret

# Sends bytes as they are. May sleep.
# In: ESI bytes, EDI how many.
# Out: CF and EAX text.
.global fork_send
fork_send:
    mov     edx, PATIENCE_MS
    call    fork_patience
    mov     eax, [fork_socket]
    call    stream_send
    jc      error_text_failed
    cmp     eax, edi
    mov     eax, ERROR_TIMEOUT
    jb      error_text_failed
    ret                                 # CF is clear

# Receives as many bytes: all of them within the patience. May sleep.
# In: ESI buffer, EDI how many.
# Out: CF and EAX text.
.global fork_receive
fork_receive:
    push    ebx
    push    esi
    push    edi
    mov     edx, PATIENCE_MS
    call    fork_patience
    call    clock_ms
    lea     ebx, [eax + edx]
1:  call    clock_ms
    mov     edx, ebx
    sub     edx, eax
    mov     eax, ERROR_TIMEOUT
    jbe     2f
    cmp     edx, PATIENCE_MS
    ja      2f
    mov     eax, [fork_socket]
    xor     ecx, ecx
    call    stream_receive
    jc      2f
    add     esi, eax
    sub     edi, eax
    jz      3f                          # CF is clear
    test    eax, eax
    jnz     1b
    mov     eax, ERROR_RESET
2:  call    error_text_failed
3:  pop     edi
    pop     esi
    pop     ebx
    ret

# Text of an error.
# In: EAX error.
# Out: CF, EAX text.
.global error_text_failed
error_text_failed:
    call    error_text
    stc
    ret

# Sends a record. May sleep.
# In: EAX SEALED_*, EDX value, ESI data, ECX bytes of them.
# Out: CF and EAX text.
.global sealed_send
sealed_send:
    push    esi
    push    edi
    mov     edi, offset record
    mov     [edi + SEALED_KIND], eax
    mov     [edi + SEALED_VALUE], edx
    lea     eax, [ecx + SEALED_DATA - SEALED_KIND]
    mov     [edi + SEALED_BYTES], eax
    push    ecx
    add     edi, SEALED_DATA
    shr     ecx, 2
    rep movsd
    mov     ecx, [esp]
    and     ecx, 3
    rep movsb
    pop     edi
    mov     esi, offset record
    lea     ecx, [edi + SEALED_DATA]
    mov     eax, [fork_speaks]
    mov     edx, [fork_spoken]
    inc     dword ptr [fork_spoken]
    call    chacha20_poly1305_seal
    add     edi, SEALED_DATA + POLY1305_BYTES
    call    fork_send
    pop     edi
    pop     esi
    ret

# Receives a record. May sleep.
# Out: EAX SEALED_*, EDX value, ESI data, ECX bytes of them; CF and EAX text.
.global sealed_receive
sealed_receive:
    push    edi
    mov     esi, offset record
    mov     edi, 4
    call    fork_receive
    jc      .Lsealed_receive_done
    mov     eax, [fork_hears]
    mov     edx, [fork_heard]
    call    chacha20_poly1305_length
    lea     edi, [eax - (SEALED_DATA - SEALED_KIND)]
    cmp     edi, PAGE_SIZE
    ja      .Lsealed_receive_forged
    push    edi
    add     edi, SEALED_DATA - SEALED_KIND + POLY1305_BYTES
    add     esi, SEALED_KIND
    call    fork_receive
    pop     edi
    jc      .Lsealed_receive_done
    mov     esi, offset record
    mov     eax, [fork_hears]
    mov     edx, [fork_heard]
    inc     dword ptr [fork_heard]
    lea     ecx, [edi + SEALED_DATA]
    call    chacha20_poly1305_open
    jc      .Lsealed_receive_forged
    mov     eax, [esi + SEALED_KIND]
    mov     edx, [esi + SEALED_VALUE]
    add     esi, SEALED_DATA
    mov     ecx, edi
    clc
    jmp     .Lsealed_receive_done
.Lsealed_receive_forged:
    LOAD_STRING eax, "what came was not made by the other side for this try"
    stc
.Lsealed_receive_done:
    pop     edi
    ret
