# How SSH's keys are made (RFC 4253, 7 to 9; RFC 8731): curve25519-sha256, proved by the host key. One algorithm of each
# kind is spoken, so there is nothing to choose but whether the client has it too. Each side may begin anew; we do when
# the keys have had a gibibyte or an hour (RFC 4253, 9).

.include "macros.inc"
.include "errors.inc"
.include "ssh.inc"
.include "ssh-host.inc"

COOKIE_BYTES            = 16
LISTS                   = 10            # of names, in KEXINIT
RENEW_BYTES             = 1 << 30
RENEW_MS                = 3600000

# A string that is known when the kernel is made.
.macro SSH_TEXT text:req
    .byte   0, 0
    .byte   (.Lssh_text_end\@ - .Lssh_text\@) >> 8, (.Lssh_text_end\@ - .Lssh_text\@) & 0xFF
.Lssh_text\@:
    .ascii  "\text"
.Lssh_text_end\@:
.endm

.section .rodata
# What we speak, as KEXINIT has it. Of the codes none is used: the cipher has its own.
ssh_offer:
    SSH_TEXT "curve25519-sha256,curve25519-sha256@libssh.org,kex-strict-s-v00@openssh.com"
    SSH_TEXT "ssh-ed25519"
    SSH_TEXT "chacha20-poly1305@openssh.com"
    SSH_TEXT "chacha20-poly1305@openssh.com"
    SSH_TEXT "hmac-sha2-256-etm@openssh.com"
    SSH_TEXT "hmac-sha2-256-etm@openssh.com"
    SSH_TEXT "none"
    SSH_TEXT "none"
    .long   0, 0                        # no languages
    .byte   0, 0, 0, 0, 0               # no guess follows; reserved
SSH_OFFER_BYTES         = . - ssh_offer
ssh_notice:                             # EXT_INFO (RFC 8308, 3.1), after the message
    .byte   0, 0, 0, 1
    SSH_TEXT "server-sig-algs"
    SSH_TEXT "ssh-ed25519"
SSH_NOTICE_BYTES        = . - ssh_notice

.balign 4
# Of each list of the client's KEXINIT: two names, one of which has to be there, and what is missing else. 0: any list.
ssh_needed:
    .long   name_curve, name_libssh, text_exchange
    .long   name_ed25519, name_ed25519, text_host_key
    .long   name_chacha, name_chacha, text_cipher
    .long   name_chacha, name_chacha, text_cipher
    .long   0, 0, 0
    .long   0, 0, 0
    .long   name_none, name_none, text_compression
    .long   name_none, name_none, text_compression
    .long   0, 0, 0
    .long   0, 0, 0

STRING name_curve, "curve25519-sha256"
STRING name_libssh, "curve25519-sha256@libssh.org"
.global name_ed25519
STRING name_ed25519, "ssh-ed25519"
STRING name_chacha, "chacha20-poly1305@openssh.com"
STRING name_none, "none"
STRING text_exchange, "no common exchange of keys: this server has curve25519-sha256"
STRING text_host_key, "no common host key: this server has ssh-ed25519"
STRING text_cipher, "no common cipher: this server has chacha20-poly1305@openssh.com"
STRING text_compression, "no common compression: this server has none"
STRING renew_name, "ssh.rekey"

.text

# Sends KEXINIT: from now on nothing else goes out until NEWKEYS. The connection's task calls it. May sleep.
# In: EBX client.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_exchange_begin
ssh_exchange_begin:
    lea     edi, [ebx + SSH_OURS]
    mov     eax, 1 + COOKIE_BYTES + SSH_OFFER_BYTES
    stosd
    mov     al, MESSAGE_KEXINIT
    stosb
    mov     eax, edi
    mov     edx, COOKIE_BYTES
    call    generator_fill
    add     edi, COOKIE_BYTES
    mov     esi, offset ssh_offer
    mov     ecx, SSH_OFFER_BYTES
    rep movsb
    mov     eax, MESSAGE_KEXINIT
    call    ssh_begin
    jc      1f
    lock or dword ptr [ebx + SSH_HAS], HAS_BEGUN
    lea     edx, [ebx + SSH_OURS + 5]
    mov     ecx, COOKIE_BYTES + SSH_OFFER_BYTES
    call    ssh_put_bytes
    call    ssh_send
1:  ret

# Begins an exchange when the keys are old: by bytes, or KiB of the setting ssh.rekey, or by time. The connection's task
# calls it. May sleep.
# In: EBX client.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_exchange_look
ssh_exchange_look:
    mov     eax, [ebx + SSH_HAS]
    and     eax, HAS_REST | HAS_KEYS | HAS_BEGUN
    cmp     eax, HAS_REST | HAS_KEYS
    jne     .Lssh_exchange_look_done
    call    clock_ms
    sub     eax, [ebx + SSH_SINCE]
    cmp     eax, RENEW_MS
    jae     ssh_exchange_begin
    cmp     dword ptr [ebx + SSH_TRAFFIC], RENEW_BYTES
    jae     ssh_exchange_begin
    mov     eax, offset renew_name
    call    env_get
    jc      .Lssh_exchange_look_done
    call    parse_number
    jc      .Lssh_exchange_look_done
    cmp     eax, RENEW_BYTES >> 10
    jae     .Lssh_exchange_look_done
    shl     eax, 10
    jz      .Lssh_exchange_look_done
    cmp     [ebx + SSH_TRAFFIC], eax
    jae     ssh_exchange_begin
.Lssh_exchange_look_done:
    clc
    ret

# The client's KEXINIT.
# In: EBX client, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_kexinit
ssh_take_kexinit:
    push    ebp
    lock and dword ptr [ebx + SSH_HAS], ~HAS_REST
    add     esi, COOKIE_BYTES
    cmp     esi, edi
    ja      .Lssh_take_kexinit_short
    xor     ebp, ebp                    # EBP: the list's place in ssh_needed; bit 0: the client guesses wrong
.Lssh_take_kexinit_list:
    call    ssh_take_string
    jc      .Lssh_take_kexinit_short
    test    ebp, ebp
    jnz     1f
    call    ssh_kex_signs
1:  call    ssh_kex_list
    jc      .Lssh_take_kexinit_none
    add     ebp, 12
    cmp     ebp, LISTS * 12
    jb      .Lssh_take_kexinit_list
    call    ssh_take_byte
    jc      .Lssh_take_kexinit_short
    test    al, al
    jz      2f
    test    ebp, 1
    jz      2f
    lock or dword ptr [ebx + SSH_HAS], HAS_GUESSED
2:  lock or dword ptr [ebx + SSH_HAS], HAS_INIT
    LOAD_STRING edx, "kex-strict: KEXINIT is not the first packet" # what came before is in no key: CVE-2023-48795
    mov     eax, [ebx + SSH_HAS]
    and     eax, HAS_KEYS | HAS_STRICT
    cmp     eax, HAS_STRICT
    jne     3f
    cmp     dword ptr [ebx + SSH_RECEIVED], 1
    jne     .Lssh_take_kexinit_wrong
3:  call    ssh_kex_digest
    jmp     .Lssh_take_kexinit_done
.Lssh_take_kexinit_none:
    mov     edx, [ssh_needed + eax + 8]
    mov     eax, REASON_EXCHANGE
    call    ssh_disconnect
    jmp     .Lssh_take_kexinit_done
.Lssh_take_kexinit_short:
    LOAD_STRING edx, "KEXINIT is cut off"
.Lssh_take_kexinit_wrong:
    mov     eax, REASON_PROTOCOL
    call    ssh_disconnect
.Lssh_take_kexinit_done:
    pop     ebp
    ret

# Takes what stands among the client's exchanges and is none; it counts in the first KEXINIT only.
# In: EBX client, EAX list, ECX its bytes.
# Clobbers: EDX.
ssh_kex_signs:
    test    dword ptr [ebx + SSH_HAS], HAS_KEYS
    jnz     2f
    push    eax
    push    ecx
    LOAD_STRING edx, "kex-strict-c-v00@openssh.com"
    call    ssh_lists
    jne     1f
    lock or dword ptr [ebx + SSH_HAS], HAS_STRICT
1:  pop     ecx
    pop     eax
    push    eax
    push    ecx
    LOAD_STRING edx, "ext-info-c"
    call    ssh_lists
    pop     ecx
    pop     eax
    jne     2f
    lock or dword ptr [ebx + SSH_HAS], HAS_NOTICE
2:  ret

# Whether the client has what we speak.
# In: EAX list, ECX its bytes, EBP where its names are in ssh_needed, with bit 0 of what was first so far.
# Out: bit 0 of EBP is set when the client's first exchange or host key is not ours; CF when it has none of the names,
# and EAX where they are.
# Clobbers: EAX, ECX, EDX.
ssh_kex_list:
    push    edi
    push    esi
    push    ecx
    push    eax
    mov     edi, ebp
    and     edi, ~1                     # rows have 12 bytes: bit 0 is free
    mov     edx, [ssh_needed + edi]
    test    edx, edx
    jz      .Lssh_kex_list_good
    call    ssh_lists
    jc      .Lssh_kex_list_good         # the first is ours
    je      1f
    mov     eax, [esp]
    mov     ecx, [esp + 4]
    mov     edx, [ssh_needed + edi + 4]
    call    ssh_lists
    stc
    jne     .Lssh_kex_list_done
1:  cmp     edi, 12                     # of the first two lists the client's guess depends
    ja      .Lssh_kex_list_good
    or      ebp, 1
.Lssh_kex_list_good:
    clc
.Lssh_kex_list_done:
    pop     eax
    pop     ecx
    pop     esi
    mov     eax, edi
    pop     edi
    ret

# Answers KEXINIT, unless ours went first, and begins the exchange's hash: what each side has said so far.
# In: EBX client.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ssh_kex_digest:
    test    dword ptr [ebx + SSH_HAS], HAS_BEGUN
    jnz     1f
    call    ssh_exchange_begin
    jc      2f
1:  lea     eax, [ebx + SSH_DIGEST]
    call    sha256_begin
    lea     eax, [ebx + SSH_HELLO]
    mov     esi, eax
    call    string_length
    mov     ecx, eax
    mov     edx, esi
    call    ssh_digest_string
    mov     edx, offset ssh_hello
    mov     ecx, [ssh_hello_bytes]
    call    ssh_digest_string
    lea     edx, [ebx + SSH_PACKET + PACKET_PAYLOAD]
    mov     ecx, [ebx + SSH_BYTES]
    call    ssh_digest_string
    lea     edx, [ebx + SSH_OURS + 4]
    mov     ecx, [ebx + SSH_OURS]
    call    ssh_digest_string
    clc
2:  ret

# Adds a string to the exchange's hash.
# In: EBX client, EDX its bytes, ECX how many.
# Clobbers: EAX, ECX, EDX.
ssh_digest_string:
    push    edx
    push    ecx
    mov     eax, ecx
    bswap   eax
    push    eax
    mov     edx, esp
    mov     ecx, 4
    lea     eax, [ebx + SSH_DIGEST]
    call    sha256_add
    pop     eax
    pop     ecx
    pop     edx
    lea     eax, [ebx + SSH_DIGEST]
    jmp     sha256_add

# Waits until keys may be exchanged with a client that is not known yet. May sleep.
# In: EBX client.
# Out: CF when its connection has given way.
# Clobbers: EAX, ECX, EDX.
ssh_exchange_wait:
    test    dword ptr [ebx + SSH_HAS], HAS_USER
    jnz     1f                          # CF is clear
    mov     edx, [ebx + CLIENT_ADDRESS]
    call    guard_pace
    mov     edx, eax
    mov     eax, [ebx + CLIENT_SEAT]
    jmp     guard_wait
1:  ret

# The client's half of the exchange: answers with ours and the proof by the host key, and goes on with other keys.
# In: EBX client, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_init
ssh_take_init:
    lock and dword ptr [ebx + SSH_HAS], ~HAS_INIT
    call    ssh_take_string
    jc      .Lssh_take_init_wrong
    cmp     ecx, X25519_BYTES
    jne     .Lssh_take_init_wrong
    cmp     esi, edi
    jne     .Lssh_take_init_wrong
    mov     esi, eax                    # ESI: the client's public number
    call    ssh_exchange_wait
    jc      .Lssh_take_init_done
    lea     eax, [ebx + SSH_SECRET]
    mov     edx, X25519_BYTES
    call    generator_fill
    lea     eax, [ebx + SSH_PUBLIC]
    lea     edx, [ebx + SSH_SECRET]
    mov     ecx, offset x25519_base
    call    x25519
    sub     esp, X25519_BYTES
    mov     eax, esp
    lea     edx, [ebx + SSH_SECRET]
    mov     ecx, esi
    call    x25519
    pushfd
    lea     edi, [ebx + SSH_SECRET]
    xor     eax, eax
    mov     ecx, X25519_BYTES / 4
    rep stosd
    lea     eax, [esp + 4]
    call    ssh_share
    popfd
    mov     edi, esp
    mov     ecx, X25519_BYTES / 4
    mov     eax, 0
    rep stosd
    lea     esp, [esp + X25519_BYTES]
    jz      .Lssh_take_init_zero        # RFC 8731, 3: a number that leads nowhere
    call    ssh_reply
    jc      .Lssh_take_init_done
    jmp     ssh_change
.Lssh_take_init_zero:
    LOAD_STRING edx, "the public number is of small order"
    mov     eax, REASON_EXCHANGE
    jmp     ssh_disconnect
.Lssh_take_init_wrong:
    LOAD_STRING edx, "ECDH_INIT is not a number of 32 bytes"
    mov     eax, REASON_PROTOCOL
    jmp     ssh_disconnect
.Lssh_take_init_done:
    ret

# Writes the shared secret as a number (RFC 4251, 5: mpint; RFC 8731, 3.1): without zeros in front, and not negative.
# In: EBX client, EAX the secret, X25519_BYTES.
# Clobbers: EAX, ECX, EDX, EDI.
ssh_share:
    push    esi
    mov     esi, eax
    mov     ecx, X25519_BYTES
1:  cmp     byte ptr [esi], 0
    jne     2f
    inc     esi
    dec     ecx
    jnz     1b
    jmp     3f                          # it is refused
2:  mov     dl, [esi]
    shr     dl, 7
    movzx   edx, dl                     # EDX: 1 when a zero has to go before it
3:  lea     edi, [ebx + SSH_SHARED]
    lea     eax, [ecx + edx]
    call    ssh_put_number
    test    edx, edx
    jz      4f
    mov     byte ptr [edi], 0
    inc     edi
4:  rep movsb
    sub     edi, ebx
    sub     edi, SSH_SHARED
    mov     [ebx + SSH_SHARED_BYTES], edi
    pop     esi
    ret

# Ends the exchange's hash, signs it, and sends ECDH_REPLY.
# In: EBX client, ESI the client's public number.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ssh_reply:
    sub     esp, HOST_KEY_BYTES + 1 + ED25519_BYTES
    mov     eax, offset ssh_host_mutex
    call    mutex_lock
    mov     edi, esp
    call    ssh_host_blob
    mov     edx, esp
    mov     ecx, HOST_KEY_BYTES
    call    ssh_digest_string
    mov     edx, esi
    mov     ecx, X25519_BYTES
    call    ssh_digest_string
    lea     edx, [ebx + SSH_PUBLIC]
    mov     ecx, X25519_BYTES
    call    ssh_digest_string
    lea     eax, [ebx + SSH_DIGEST]
    lea     edx, [ebx + SSH_SHARED]
    mov     ecx, [ebx + SSH_SHARED_BYTES]
    call    sha256_add
    lea     eax, [ebx + SSH_DIGEST]
    lea     edx, [ebx + SSH_HASH]
    call    sha256_end
    lea     eax, [esp + HOST_KEY_BYTES + 1]
    mov     edx, offset ssh_host + HOST_SEED
    lea     esi, [ebx + SSH_HASH]
    mov     ecx, SHA256_BYTES
    call    ed25519_sign
    mov     eax, offset ssh_host_mutex
    call    mutex_unlock
    test    dword ptr [ebx + SSH_HAS], HAS_KEYS
    jnz     1f
    lea     esi, [ebx + SSH_HASH]
    lea     edi, [ebx + SSH_SESSION]
    mov     ecx, SHA256_BYTES / 4
    rep movsd
1:  mov     eax, MESSAGE_ECDH_REPLY
    call    ssh_begin
    jc      2f
    mov     edx, esp
    mov     ecx, HOST_KEY_BYTES
    call    ssh_put_string
    lea     edx, [ebx + SSH_PUBLIC]
    mov     ecx, X25519_BYTES
    call    ssh_put_string
    mov     eax, SIGNATURE_BYTES
    call    ssh_put_number
    mov     edx, offset name_ed25519
    call    ssh_put_text
    lea     edx, [esp + HOST_KEY_BYTES + 1]
    mov     ecx, ED25519_BYTES
    call    ssh_put_string
    call    ssh_send
2:  lea     esp, [esp + HOST_KEY_BYTES + 1 + ED25519_BYTES]
    ret

# Sends NEWKEYS, goes on with the new key, and sends what was held. Makes the key ready that the client's NEWKEYS
# begins.
# In: EBX client.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ssh_change:
    mov     eax, MESSAGE_NEWKEYS
    call    ssh_begin
    jc      .Lssh_change_done
    call    ssh_send
    jc      .Lssh_change_done
    lea     eax, [ebx + SSH_MUTEX]      # the others still wait
    call    mutex_lock
    mov     eax, 'D'
    lea     edi, [ebx + SSH_SEND_KEY]
    call    ssh_derive
    mov     eax, 'C'
    lea     edi, [ebx + SSH_NEXT_KEY]
    call    ssh_derive
    lea     edi, [ebx + SSH_SHARED]
    xor     eax, eax
    mov     ecx, (SHARED_BYTES + 3) / 4
    rep stosd
    mov     edx, [ebx + SSH_HAS]
    lock or dword ptr [ebx + SSH_HAS], HAS_SEALS | HAS_REPLY
    test    edx, HAS_STRICT
    jz      1f
    mov     dword ptr [ebx + SSH_SENT], 0
1:  mov     dword ptr [ebx + SSH_TRAFFIC], 0
    call    clock_ms
    mov     [ebx + SSH_SINCE], eax
    lock and dword ptr [ebx + SSH_HAS], ~HAS_BEGUN
    lea     eax, [ebx + SSH_MUTEX]
    call    mutex_unlock
    test    dword ptr [ebx + SSH_HAS], HAS_NOTICE
    jz      2f
    lock and dword ptr [ebx + SSH_HAS], ~HAS_NOTICE # said once
    mov     eax, MESSAGE_EXT_INFO
    call    ssh_begin
    jc      .Lssh_change_done
    mov     edx, offset ssh_notice
    mov     ecx, SSH_NOTICE_BYTES
    call    ssh_put_bytes
    call    ssh_send
    jc      .Lssh_change_done
2:  call    ssh_send_held
    pushfd
    lea     eax, [ebx + SSH_EVENT]
    call    event_broadcast
    popfd
.Lssh_change_done:
    ret

# The client's NEWKEYS: its packets are sealed by the new key from here on.
# In: EBX client, ESI fields, EDI their end.
# Out: CF clear.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_newkeys
ssh_take_newkeys:
    lea     esi, [ebx + SSH_NEXT_KEY]
    lea     edi, [ebx + SSH_RECEIVE_KEY]
    mov     ecx, CHACHA20_POLY1305_KEY_BYTES / 4
    rep movsd
    lock and dword ptr [ebx + SSH_HAS], ~HAS_REPLY
    lock or dword ptr [ebx + SSH_HAS], HAS_KEYS | HAS_REST
    test    dword ptr [ebx + SSH_HAS], HAS_STRICT
    jz      1f
    mov     dword ptr [ebx + SSH_RECEIVED], 0
1:  clc
    ret

# Makes a key (RFC 4253, 7.2) of the shared secret, the hash, a letter and the session.
# In: EBX client, EAX letter, EDI where CHACHA20_POLY1305_KEY_BYTES go.
# Clobbers: EAX, ECX, EDX.
ssh_derive:
    push    eax
    call    ssh_derive_begin
    lea     eax, [ebx + SSH_DIGEST]
    mov     edx, esp
    mov     ecx, 1
    call    sha256_add
    lea     eax, [ebx + SSH_DIGEST]
    lea     edx, [ebx + SSH_SESSION]
    mov     ecx, SHA256_BYTES
    call    sha256_add
    lea     eax, [ebx + SSH_DIGEST]
    mov     edx, edi
    call    sha256_end
    call    ssh_derive_begin            # the second half is made of the first
    lea     eax, [ebx + SSH_DIGEST]
    mov     edx, edi
    mov     ecx, SHA256_BYTES
    call    sha256_add
    lea     eax, [ebx + SSH_DIGEST]
    lea     edx, [edi + SHA256_BYTES]
    call    sha256_end
    pop     eax
    ret

# Begins a key: with the shared secret and the hash.
# In: EBX client.
# Clobbers: EAX, ECX, EDX.
ssh_derive_begin:
    lea     eax, [ebx + SSH_DIGEST]
    call    sha256_begin
    lea     eax, [ebx + SSH_DIGEST]
    lea     edx, [ebx + SSH_SHARED]
    mov     ecx, [ebx + SSH_SHARED_BYTES]
    call    sha256_add
    lea     eax, [ebx + SSH_DIGEST]
    lea     edx, [ebx + SSH_HASH]
    mov     ecx, SHA256_BYTES
    jmp     sha256_add
