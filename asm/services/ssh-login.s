# Who a client is (RFC 4252): whoever has the private half of a key of /net/ssh/authorized_keys, by a signature of this
# session. There are no passwords. The name of the user is not looked at: a machine has one, with all rights.

.include "macros.inc"
.include "log.inc"
.include "ssh.inc"

FAILURES_MOST           = 6             # keys that a client may offer in vain
LINE_BYTES              = 160
NAME_MOST               = 32            # bytes of the user's name that are logged
TRY_MS                  = 30000         # that a client waits at most because of earlier ones of its address

STRING login_source, "ssh"

.text

# A request for a service: it has to be the one that asks who the client is.
# In: EBX client, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_service
ssh_take_service:
    call    ssh_take_string
    jc      1f
    LOAD_STRING edx, "ssh-userauth"
    call    ssh_is
    jne     1f
    lock or dword ptr [ebx + SSH_HAS], HAS_SERVICE
    mov     eax, MESSAGE_SERVICE_ACCEPT
    call    ssh_begin
    jc      2f
    LOAD_STRING edx, "ssh-userauth"
    call    ssh_put_text
    jmp     ssh_send
1:  mov     eax, REASON_SERVICE
    LOAD_STRING edx, "there is only the service ssh-userauth"
    jmp     ssh_disconnect
2:  ret

# A request to be known.
# In: EBX client, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_user
ssh_take_user:
    test    dword ptr [ebx + SSH_HAS], HAS_USER
    jnz     .Lssh_take_user_known       # RFC 4252, 5.1: what comes later is not looked at; CF is clear
    call    ssh_take_string
    jc      ssh_login_wrong
    push    ecx
    push    eax                         # [esp]: the name, and its bytes
    call    ssh_take_string
    jc      .Lssh_take_user_wrong
    LOAD_STRING edx, "ssh-connection"
    call    ssh_is
    jne     .Lssh_take_user_other
    call    ssh_take_string
    jc      .Lssh_take_user_wrong
    LOAD_STRING edx, "publickey"
    call    ssh_is
    je      .Lssh_take_user_key
    LOAD_STRING edx, "none"             # asks what there is, and is no try
    call    ssh_is
    jne     .Lssh_take_user_other
    add     esp, 8
    jmp     ssh_login_failure
.Lssh_take_user_key:
    call    ssh_login_wait
    jc      .Lssh_take_user_over
    call    ssh_login_key
    jc      .Lssh_take_user_other
    jnz     .Lssh_take_user_asked
    pop     eax
    pop     ecx
    jmp     ssh_login_good
.Lssh_take_user_asked:                  # it was only asked whether the key would do
    add     esp, 8
    mov     eax, MESSAGE_USERAUTH_PK_OK
    call    ssh_begin
    jc      .Lssh_take_user_known
    mov     edx, offset name_ed25519
    call    ssh_put_text
    mov     edx, esi
    mov     ecx, HOST_KEY_BYTES
    call    ssh_put_string
    jmp     ssh_send
.Lssh_take_user_other:
    add     esp, 8
    inc     dword ptr [ebx + SSH_FAILURES]
    cmp     dword ptr [ebx + SSH_FAILURES], FAILURES_MOST
    jb      ssh_login_failure
    call    ssh_login_note
    mov     eax, REASON_TRIES
    LOAD_STRING edx, "too many keys that are not known here: offer one (IdentitiesOnly)"
    jmp     ssh_disconnect
.Lssh_take_user_wrong:
    add     esp, 8
    jmp     ssh_login_wrong
.Lssh_take_user_over:
    add     esp, 8
    stc
.Lssh_take_user_known:
    ret

# A request that is cut off.
# In: EBX client.
# Out: CF set.
# Clobbers: EAX, ECX, EDX, EDI.
ssh_login_wrong:
    mov     eax, REASON_PROTOCOL
    LOAD_STRING edx, "USERAUTH_REQUEST is cut off"
    jmp     ssh_disconnect

# Says that it was not enough, and what would be.
# In: EBX client.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, EDI.
ssh_login_failure:
    mov     eax, MESSAGE_USERAUTH_FAILURE
    call    ssh_begin
    jc      1f
    LOAD_STRING edx, "publickey"
    call    ssh_put_text
    mov     al, 0                       # nothing was enough in part
    stosb
    jmp     ssh_send
1:  ret

# Waits until a key of this client may be looked at: its connection is a try of its address, a wrong one until a key
# was right. May sleep.
# In: EBX client.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX.
ssh_login_wait:
    test    dword ptr [ebx + SSH_HAS], HAS_TRIED
    jnz     1f                          # CF is clear
    lock or dword ptr [ebx + SSH_HAS], HAS_TRIED
    call    ssh_keys_load               # the file may be another by now
    mov     edx, [ebx + CLIENT_ADDRESS]
    mov     ecx, TRY_MS
    call    guard_try
    jc      2f
    mov     edx, eax
    mov     eax, [ebx + CLIENT_SEAT]
    jmp     guard_wait
1:  ret
2:  push    edi
    mov     eax, REASON_TRIES
    LOAD_STRING edx, "too many tries in vain from this address: try again in some minutes"
    call    ssh_disconnect
    pop     edi
    ret

# Looks at a key, and at the signature if there is one.
# In: EBX client, ESI fields after the method, EDI their end.
# Out: ZF when it has signed and is known; else ESI the key when it is known and has not signed; CF when it will not do.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ssh_login_key:
    call    ssh_take_byte
    jc      .Lssh_login_key_done
    push    eax
    call    ssh_take_string
    jc      .Lssh_login_key_no
    mov     edx, offset name_ed25519
    call    ssh_is
    jne     .Lssh_login_key_no
    call    ssh_take_string
    jc      .Lssh_login_key_no
    cmp     ecx, HOST_KEY_BYTES
    jne     .Lssh_login_key_no
    call    ssh_key_type
    jne     .Lssh_login_key_no
    push    eax
    lea     edx, [eax + KEY_TYPE_BYTES + 4]
    call    ssh_key_find
    pop     edx                         # EDX: the key
    jc      .Lssh_login_key_no
    pop     eax
    test    eax, eax
    jz      .Lssh_login_key_asked
    push    eax
    push    edx
    mov     edx, esi                    # EDX: where what is signed ends
    call    ssh_take_string
    jc      .Lssh_login_key_unsigned
    cmp     ecx, SIGNATURE_BYTES
    jne     .Lssh_login_key_unsigned
    cmp     esi, edi
    jne     .Lssh_login_key_unsigned
    push    edx
    call    ssh_type
    pop     edx
    jne     .Lssh_login_key_unsigned
    cmp     dword ptr [eax + KEY_TYPE_BYTES], ED25519_BYTES << 24
    jne     .Lssh_login_key_unsigned
    add     eax, KEY_TYPE_BYTES + 4
    push    eax
    lea     edi, [ebx + SSH_PREFIX]     # the session, over the head of the packet
    mov     eax, SHA256_BYTES
    call    ssh_put_number
    lea     esi, [ebx + SSH_SESSION]
    mov     ecx, SHA256_BYTES / 4
    rep movsd
    pop     eax
    lea     esi, [ebx + SSH_PREFIX]
    mov     ecx, edx
    sub     ecx, esi
    pop     edx
    add     edx, KEY_TYPE_BYTES + 4
    call    ed25519_verify
    jc      .Lssh_login_key_no
    pop     eax
    cmp     eax, eax                    # ZF, and no CF
    ret
.Lssh_login_key_asked:
    mov     esi, edx
    test    esp, esp                    # neither
    ret
.Lssh_login_key_unsigned:
    pop     edx
.Lssh_login_key_no:
    pop     eax
    stc
.Lssh_login_key_done:
    ret

# The client is known from here on.
# In: EBX client, EAX its name, ECX bytes of that.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ssh_login_good:
    sub     esp, LINE_BYTES + NAME_MOST + 4
    mov     esi, eax
    lea     edi, [esp + LINE_BYTES]
    cmp     ecx, NAME_MOST
    jbe     1f
    mov     ecx, NAME_MOST
1:  jecxz   3f
2:  lodsb
    cmp     al, ' '
    ja      .Lssh_login_good_sign
    mov     al, '?'                     # nothing of it moves a cursor
.Lssh_login_good_sign:
    cmp     al, 127
    jb      .Lssh_login_good_put
    mov     al, '?'
.Lssh_login_good_put:
    stosb
    loop    2b
3:  mov     byte ptr [edi], 0
    lock or dword ptr [ebx + SSH_HAS], HAS_USER
    mov     edi, esp
    lea     esi, [esp + LINE_BYTES]
    SNPRINTF edi, LINE_BYTES, "%s from %I", esi, [ebx+CLIENT_ADDRESS]
    mov     eax, offset login_source
    mov     edx, edi
    mov     ecx, LOG_INFO
    call    log_write
    add     esp, LINE_BYTES + NAME_MOST + 4
    mov     edx, [ebx + CLIENT_ADDRESS]
    call    guard_right
    mov     eax, [ebx + CLIENT_SEAT]
    mov     edx, SEAT_HELD
    call    guard_phase
    mov     eax, MESSAGE_USERAUTH_SUCCESS
    call    ssh_begin
    jc      4f
    jmp     ssh_send
4:  ret

# Says in the log that a client was not known, if it has tried.
# In: EBX client.
# Clobbers: EAX, ECX, EDX.
.global ssh_login_note
ssh_login_note:
    mov     eax, [ebx + SSH_HAS]
    and     eax, HAS_TRIED | HAS_USER
    cmp     eax, HAS_TRIED
    jne     1f
    lock and dword ptr [ebx + SSH_HAS], ~HAS_TRIED
    push    edi
    sub     esp, LINE_BYTES
    mov     edi, esp
    SNPRINTF edi, LINE_BYTES, "no key of %I is known here", [ebx+CLIENT_ADDRESS]
    mov     eax, offset login_source
    mov     edx, edi
    mov     ecx, LOG_WARNING
    call    log_write
    add     esp, LINE_BYTES
    pop     edi
1:  ret
