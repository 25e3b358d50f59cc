# How a machine without the key gets it: a member draws a code of 80 bits (`cloud invite`), a person types it at the
# other machine (`cloud join CODE`), and that asks the group. The two prove to each other that they know the code, and
# the key goes over enciphered by it: who has recorded a join and does not know the code learns nothing. An invitation
# counts once, for ten minutes. See docs/protocols/cluster.md. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "crypto.inc"
.include "cluster.inc"
.include "names.inc"

INVITE_CHARACTERS       = 16
INVITE_GROUP            = 4             # characters between two hyphens
PURPOSE_CODES           = 1             # what keys are made of the code for
PURPOSE_CIPHER          = 2

.bss
.balign 4
invite_open:            .space 4        # 1: this node has invited somebody
invite_until:           .space 4        # clock_ms
invite_used:            .space 4        # 1: by the machine that drew invite_nonce
invite_bytes:           .space 12       # the code, and the purpose of the key that is made of it
invite_codes:           .space HMAC_SIZE    # key of the codes of packets
invite_cipher:          .space HMAC_SIZE    # and of what enciphers the key
invite_nonce:           .space NONCE_SIZE   # inviting: of the machine that has used the invitation; joining: our own
invite_asks:            .space 4        # 1: this node has asked, and waits
.global invite_event
invite_event:           .space 4        # signalled when the answer has come
invite_given:           .space CODE_SIZE
invite_made:            .space SHA256_BYTES
.global invite_text
invite_text:            .space INVITE_TEXT_SIZE
.global invite_name
invite_name:            .space NAME_SIZE    # of the cluster, when the answer has come

.section .rodata
characters:             .ascii  "0123456789abcdefghjkmnpqrstvwxyz"  # as Crockford's: no i, l, o, u

.text

# Makes the two keys of the code.
# In: invite_bytes.
invite_derive:
    push    ebx
    push    esi
    mov     ebx, PURPOSE_CODES
    mov     esi, offset invite_codes
1:  mov     eax, esi                    # first the key that is the code, then with it that of the purpose
    mov     edx, offset invite_bytes
    mov     ecx, INVITE_CODE_BYTES
    call    hmac_key
    mov     [invite_bytes + INVITE_CODE_BYTES], bl
    push    esi
    mov     eax, offset invite_made
    mov     edx, esi
    mov     esi, offset invite_bytes + INVITE_CODE_BYTES
    mov     ecx, 1
    call    hmac_sha256
    pop     esi
    mov     eax, esi
    mov     edx, offset invite_made
    mov     ecx, SHA256_BYTES
    call    hmac_key
    mov     esi, offset invite_cipher
    inc     ebx
    cmp     ebx, PURPOSE_CIPHER
    je      1b
    pop     esi
    pop     ebx
    ret

# Draws a code: from now on one machine can join with it. An earlier one counts no longer.
# Out: invite_text.
.global invite_draw
invite_draw:
    push    ebx
    push    esi
    push    edi
    mov     eax, offset invite_bytes
    mov     edx, INVITE_CODE_BYTES
    call    generator_fill
    call    invite_derive
    call    clock_ms
    add     eax, INVITE_MS
    mov     [invite_until], eax
    mov     dword ptr [invite_open], 1
    mov     dword ptr [invite_used], 0
    mov     eax, offset invite_bytes
    mov     edx, offset invite_text
    call    invite_write
    pop     edi
    pop     esi
    pop     ebx
    ret

# Writes a code as people type it.
# In: EAX code, with one more byte that can be read; EDX where the text goes, INVITE_TEXT_SIZE bytes.
# Clobbers: EAX, ECX, EDX.
.global invite_write
invite_write:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, edx
    xor     esi, esi                    # bits so far
1:  mov     ecx, esi
    shr     ecx, 3
    mov     ah, [ebx + ecx]
    mov     al, [ebx + ecx + 1]         # behind the last byte is one that no character reaches
    mov     ecx, esi
    and     ecx, 7
    shl     eax, cl
    movzx   eax, ax
    shr     eax, 11
    mov     al, [characters + eax]
    stosb
    add     esi, 5
    cmp     esi, INVITE_CODE_BYTES * 8
    je      2f
    mov     eax, esi
    xor     edx, edx
    mov     ecx, INVITE_GROUP * 5
    div     ecx
    test    edx, edx
    jnz     1b
    mov     al, '-'
    stosb
    jmp     1b
2:  mov     byte ptr [edi], 0
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads a code as people type it: hyphens and case do not count.
# In: EAX text, EDX where its INVITE_CODE_BYTES go.
# Out: CF when it is none.
.global invite_parse
invite_parse:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     ebp, edx
    xor     ebx, ebx                    # EBX: bits, the last EDI of them not in invite_bytes yet
    xor     edi, edi
    xor     edx, edx                    # characters so far
.Linvite_parse_next:
    lodsb
    cmp     al, '-'
    je      .Linvite_parse_next
    test    al, al
    jz      .Linvite_parse_end
    or      al, 0x20                    # digits have that bit already
    xor     ecx, ecx
.Linvite_parse_look:
    cmp     al, [characters + ecx]
    je      .Linvite_parse_known
    inc     ecx
    cmp     ecx, 32
    jb      .Linvite_parse_look
    jmp     .Linvite_parse_bad
.Linvite_parse_known:
    inc     edx
    cmp     edx, INVITE_CHARACTERS
    ja      .Linvite_parse_bad
    shl     ebx, 5
    or      ebx, ecx
    add     edi, 5
    cmp     edi, 8
    jb      .Linvite_parse_next
    sub     edi, 8
    mov     ecx, edi
    mov     eax, ebx
    shr     eax, cl
    lea     ecx, [edx + edx*4]          # bits so far, the last EDI of them left
    sub     ecx, edi
    shr     ecx, 3
    mov     [ebp + ecx - 1], al
    jmp     .Linvite_parse_next
.Linvite_parse_end:
    cmp     edx, INVITE_CHARACTERS
    je      .Linvite_parse_done         # CF is clear
.Linvite_parse_bad:
    stc
.Linvite_parse_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Asks the group for the key that goes with a code. May sleep.
# In: EAX code as people type it, 0 to ask once more.
# Out: CF when it is none.
.global invite_ask
invite_ask:
    test    eax, eax
    jz      1f
    mov     edx, offset invite_bytes
    call    invite_parse
    jc      9f
    call    invite_derive
    mov     eax, offset invite_nonce
    mov     edx, NONCE_SIZE
    call    generator_fill
    mov     dword ptr [invite_open], 0
    mov     dword ptr [invite_asks], 1
    mov     dword ptr [invite_event], 0
1:  mov     eax, KIND_JOIN
    call    packet_build
    mov     eax, offset cluster_out + CLOUD_NONCE
    mov     edx, offset invite_nonce
    mov     ecx, NONCE_SIZE
    call    mem_copy
    mov     edx, CLUSTER_GROUP
    mov     ecx, CLOUD_JOIN_SIZE
    mov     eax, offset invite_codes
    call    packet_send_with
    clc
9:  ret

# The code that was drawn here counts no longer: the cluster's key is another one.
.global invite_close
invite_close:
    mov     dword ptr [invite_open], 0
    ret

# Nobody has answered.
.global invite_forget
invite_forget:
    mov     dword ptr [invite_asks], 0
    ret

# A packet that a code was used for: asks for a key, or brings one. May sleep.
# In: EBX packet, ESI bytes, EDI sender's address.
.global invite_heard
invite_heard:
    push    ebp
    movzx   ebp, byte ptr [ebx + CLOUD_KIND]
    mov     eax, [invite_open]
    cmp     ebp, KIND_JOIN
    je      1f
    mov     eax, [invite_asks]
1:  test    eax, eax
    jz      .Linvite_heard_forged
    mov     eax, offset invite_given
    lea     edx, [ebx + CLOUD_CODE]
    mov     ecx, CODE_SIZE
    call    mem_copy
    mov     eax, ebx
    mov     ecx, esi
    mov     edx, offset invite_codes
    call    trust_code
    mov     eax, offset invite_given
    mov     edx, offset code_made
    mov     ecx, CODE_SIZE
    call    secret_compare
    jne     .Linvite_heard_forged
    cmp     [ebx + CLOUD_ADDRESS], edi
    jne     .Linvite_heard_forged
    cmp     ebp, KIND_JOIN
    jne     .Linvite_heard_welcome
    call    invite_answer
    jmp     .Linvite_heard_done
.Linvite_heard_welcome:
    lea     eax, [ebx + CLOUD_NONCE]
    mov     edx, offset invite_nonce
    mov     ecx, NONCE_SIZE
    call    mem_compare
    jne     .Linvite_heard_forged
    mov     dword ptr [invite_asks], 0
    lea     eax, [ebx + CLOUD_SECRET]
    lea     edx, [ebx + CLOUD_NONCE]
    call    invite_encipher
    lea     eax, [ebx + CLOUD_SECRET]
    call    name_is_good
    jc      .Linvite_heard_forged
    mov     eax, offset invite_name
    lea     edx, [ebx + CLOUD_SECRET]
    mov     ecx, NAME_SIZE
    call    string_copy
    mov     eax, offset key_parsed
    lea     edx, [ebx + CLOUD_SECRET + NAME_SIZE]
    mov     ecx, KEY_SIZE
    call    mem_copy
    mov     eax, offset invite_name
    call    cluster_rejoin
    mov     eax, offset invite_event
    call    event_signal
    jmp     .Linvite_heard_done
.Linvite_heard_forged:
    COUNT   cloud_forged
.Linvite_heard_done:
    pop     ebp
    ret

# Gives the key to the machine that has asked for it, if it is the first one to do so with this code, and in time.
# In: EBX packet, EDI sender's address.
invite_answer:
    push    esi
    call    clock_ms
    sub     eax, [invite_until]
    jns     .Linvite_answer_over
    mov     eax, offset invite_nonce
    lea     edx, [ebx + CLOUD_NONCE]
    mov     ecx, NONCE_SIZE
    cmp     dword ptr [invite_used], 0
    jne     .Linvite_answer_again
    mov     dword ptr [invite_used], 1
    call    mem_copy
    lea     eax, [ebx + CLOUD_NAME]
    PRINTF  "cluster: %s %I has joined by invitation\n", eax, edi
    jmp     .Linvite_answer_give
.Linvite_answer_again:
    call    mem_compare                 # our answer may have been lost
    jne     .Linvite_answer_over
.Linvite_answer_give:
    mov     eax, KIND_WELCOME
    call    packet_build
    call    session_reply
    mov     esi, offset cluster_out
    lea     eax, [esi + CLOUD_NONCE]
    lea     edx, [ebx + CLOUD_NONCE]
    mov     ecx, NONCE_SIZE
    call    mem_copy
    lea     eax, [esi + CLOUD_NONCE + NONCE_SIZE]
    mov     edx, NONCE_SIZE
    call    generator_fill
    lea     eax, [esi + CLOUD_SECRET]
    mov     edx, offset trust_name
    mov     ecx, NAME_SIZE
    call    mem_copy
    lea     eax, [esi + CLOUD_SECRET + NAME_SIZE]
    mov     edx, offset trust_secret
    mov     ecx, KEY_SIZE
    call    mem_copy
    lea     eax, [esi + CLOUD_SECRET]
    lea     edx, [esi + CLOUD_NONCE]
    call    invite_encipher
    mov     edx, edi
    mov     ecx, CLOUD_WELCOME_SIZE
    mov     eax, offset invite_codes
    call    packet_send_with
    jmp     .Linvite_answer_done
.Linvite_answer_over:
    COUNT   cloud_forged
.Linvite_answer_done:
    pop     esi
    ret

# Enciphers a name and a key, or deciphers them: adds a stream that nobody can make without the code, and that no other
# pair of nonces has.
# In: EAX the 64 bytes, EDX the two nonces, of who asks and of who answers.
invite_encipher:
    push    ebx
    push    esi
    push    edi
    sub     esp, 2 * NONCE_SIZE + 4
    mov     edi, eax
    mov     eax, esp
    mov     ecx, 2 * NONCE_SIZE
    call    mem_copy
    xor     ebx, ebx
1:  mov     [esp + 2 * NONCE_SIZE], ebx
    mov     eax, offset invite_made
    mov     edx, offset invite_cipher
    mov     esi, esp
    mov     ecx, 2 * NONCE_SIZE + 4
    call    hmac_sha256
    xor     ecx, ecx
2:  mov     al, [invite_made + ecx]
    xor     [edi], al
    inc     edi
    inc     ecx
    cmp     ecx, SHA256_BYTES
    jb      2b
    inc     ebx
    cmp     ebx, (NAME_SIZE + KEY_SIZE) / SHA256_BYTES
    jb      1b
    add     esp, 2 * NONCE_SIZE + 4
    pop     edi
    pop     esi
    pop     ebx
    ret
