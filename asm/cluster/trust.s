# Who is believed. A cluster has a name and a key; every packet carries a code that only who has the key can make
# (HMAC-SHA-256), the sender's session, which it draws at each boot, and a number that counts its packets. A session
# that is not known is believed when a packet of it shows that it speaks now (session.s). See docs/protocols/cluster.md.
#
# A cluster without a key is open: its packets have codes too, made with a key that everybody knows.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "crypto.inc"
.include "cluster.inc"
.include "names.inc"

SETTING_SIZE            = 128           # more than a name and a key take

.bss
.balign 4
.global trust_open
trust_open:             .space 4        # 1: the cluster has no key
.global trust_name
trust_name:             .space NAME_SIZE
.global trust_session
trust_session:          .space SESSION_SIZE
.global trust_confirmed
trust_confirmed:        .space 4        # 1: a coordinator's view has had this session as ours
.global trust_sequence
trust_sequence:         .space 4        # of the last packet that was sent
.global trust_key
trust_key:              .space HMAC_SIZE
    # the cluster's key itself, for those who are invited
.global trust_secret
trust_secret:           .space KEY_SIZE
.global trust_public
trust_public:           .space X25519_BYTES # of this boot: its session follows from it
trust_private:          .space X25519_BYTES # and what belongs to it
trust_digest:           .space SHA256_BYTES
.global code_given
code_given:             .space CODE_SIZE     # of the packet that was checked last
.global code_made
code_made:              .space SHA256_BYTES
setting:                .space SETTING_SIZE
.global key_parsed
key_parsed:             .space KEY_SIZE

STRING setting_name, "opt/org.qure/cluster"
STRING open_name, "open"
# What keeps codes of packets apart from all else that may be made with the key one day.
STRING purpose, "QuRe cluster 6 packets "

.text

# Draws a session that nobody knows. What the node kept of its last boot is in the generator by now, if it has a disk.
.global trust_begin
trust_begin:
    mov     eax, offset node
    mov     edx, NODE_SIZE
    call    generator_stir
    mov     dword ptr [trust_confirmed], 0
    call    session_recount

# Draws a session that stands for nothing.
session_draw:
    mov     eax, offset trust_session
    mov     edx, SESSION_SIZE
    call    generator_fill
    or      byte ptr [trust_session], 1 # never 0
    ret

# Makes the session that this node speaks with: draws a private number; its public one has a digest, of which the
# session is a part. So whoever knows the session knows whose public number it is. Some milliseconds of work, which an
# open cluster saves: it has no key to replace, and whoever takes a key speaks with a new session.
.global trust_speak
trust_speak:
    cmp     dword ptr [trust_open], 0
    jne     session_draw
    mov     eax, offset trust_private
    mov     edx, X25519_BYTES
    call    generator_fill
    mov     eax, offset trust_public
    mov     edx, offset trust_private
    mov     ecx, offset x25519_base
    call    x25519
    mov     eax, offset trust_session
    mov     edx, offset trust_public
    jmp     session_of

# The session that goes with a public number.
# In: EAX where it goes, EDX public number.
session_of:
    push    eax
    mov     eax, offset trust_digest
    mov     ecx, X25519_BYTES
    call    sha256
    or      byte ptr [trust_digest], 1  # never 0
    pop     eax
    mov     edx, offset trust_digest
    mov     ecx, SESSION_SIZE
    jmp     mem_copy

# Whether a public number is that of a session.
# In: EAX session, EDX public number.
# Out: ZF when it is.
.global session_shows
session_shows:
    push    ebx
    sub     esp, SESSION_SIZE
    mov     ebx, eax
    mov     eax, esp
    call    session_of
    mov     eax, ebx
    mov     edx, esp
    call    session_same
    lea     esp, [esp + SESSION_SIZE]
    pop     ebx
    ret

# What this node and another share, that nobody else can know.
# In: EAX where it goes, X25519_BYTES; EDX the other's public number.
# Out: ZF when there is nothing: the other's number is none.
.global trust_agree
trust_agree:
    mov     ecx, edx
    mov     edx, offset trust_private
    jmp     x25519

# Takes the key that counts: the one on the node's disk, else the one that the machine was given, else none.
.global trust_load
trust_load:
    push    ebx
    push    esi
    push    edi
    mov     esi, offset node + NODE_CLUSTER
    mov     ebx, offset node + NODE_KEY
    cmp     byte ptr [esi], 0
    jne     .Ltrust_load_keyed
    mov     eax, offset setting_name
    mov     edx, offset setting
    mov     ecx, SETTING_SIZE - 1
    call    setting_read
    jc      .Ltrust_load_open
    mov     byte ptr [setting + eax], 0
    mov     eax, offset setting         # NAME KEY
    mov     dl, ' '
    call    string_find
    jc      .Ltrust_load_damaged
    mov     byte ptr [eax], 0
    inc     eax
    mov     edx, offset setting
    call    trust_parse
    jc      .Ltrust_load_damaged
    mov     esi, offset setting
    mov     ebx, offset key_parsed
    jmp     .Ltrust_load_keyed
.Ltrust_load_damaged:
    PRINT   "cluster: the key that this machine was given is none: expected NAME and 64 hexadecimal digits\n"
.Ltrust_load_open:
    call    trust_served
    mov     dword ptr [trust_open], 1
    mov     edi, offset key_parsed      # zeros are what everybody knows
    xor     eax, eax
    mov     ecx, KEY_SIZE / 4
    rep stosd
    mov     esi, offset open_name
    mov     ebx, offset key_parsed
    jmp     .Ltrust_load_derive
.Ltrust_load_keyed:
    mov     dword ptr [trust_open], 0
.Ltrust_load_derive:
    mov     eax, offset trust_secret
    mov     edx, ebx
    mov     ecx, KEY_SIZE
    call    mem_copy
    mov     eax, offset trust_name
    mov     edx, esi
    mov     ecx, NAME_SIZE
    call    string_copy
    mov     eax, ebx
    mov     edx, offset trust_key
    call    trust_derive
    call    keyring_ready
    mov     edi, offset key_parsed
    xor     eax, eax
    mov     ecx, KEY_SIZE / 4
    rep stosd
    mov     edi, offset setting
    mov     ecx, SETTING_SIZE / 4
    rep stosd
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says whose cluster a machine may join that got its kernel from another and no key: a kernel has none.
# Clobbers: EAX, ECX, EDX.
trust_served:
    cmp     byte ptr [served_cluster], 0
    je      1f
    mov     eax, offset served_cluster
    mov     edx, offset open_name
    call    string_compare
    je      1f
    mov     eax, offset served_cluster
    PRINTF  "cluster: this kernel came from %I of the cluster %s: `cloud invite` there, then `cloud join CODE` here\n", [served_address], eax
1:  ret

# Makes the key of packets from the cluster's key and its name.
# In: EAX key, KEY_SIZE bytes; EDX HMAC record to fill.
.global trust_derive
trust_derive:
    push    ebx
    push    esi
    push    edi
    mov     ebx, edx
    xchg    eax, edx
    mov     ecx, KEY_SIZE
    call    hmac_key
    mov     edi, offset setting
    mov     eax, edi
    mov     edx, offset purpose
    mov     ecx, SETTING_SIZE
    call    string_copy
    add     edi, eax
    mov     eax, edi
    mov     edx, offset trust_name
    mov     ecx, NAME_SIZE
    call    string_copy
    lea     ecx, [edi + eax]
    mov     esi, offset setting
    sub     ecx, esi
    mov     eax, offset code_made
    mov     edx, ebx
    call    hmac_sha256
    mov     eax, ebx
    mov     edx, offset code_made
    mov     ecx, SHA256_BYTES
    call    hmac_key
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads a name and a key as people write them.
# In: EAX key, 64 hexadecimal digits and then nothing but an end of line; EDX name.
# Out: key_parsed; CF when they are none.
.global trust_parse
trust_parse:
    push    esi
    push    edi
    mov     esi, eax
    mov     eax, edx
    cmp     byte ptr [eax], 0
    je      .Ltrust_parse_bad
    call    name_is_good
    jc      .Ltrust_parse_bad
    mov     edi, offset key_parsed
    mov     ecx, KEY_SIZE
    call    parse_hex_bytes
    jc      .Ltrust_parse_bad
    cmp     byte ptr [esi], 10
    jne     .Ltrust_parse_end
    inc     esi
.Ltrust_parse_end:
    cmp     byte ptr [esi], 0
    je      .Ltrust_parse_done          # CF is clear
.Ltrust_parse_bad:
    stc
.Ltrust_parse_done:
    pop     edi
    pop     esi
    ret

# Makes the key that trust_parse read, or none, this node's own; it counts from now on. The node must join anew.
# In: EAX name, empty for none.
.global trust_adopt
trust_adopt:
    push    esi
    push    edi
    push    eax
    mov     edi, offset node + NODE_CLUSTER
    xor     eax, eax
    mov     ecx, NAME_SIZE / 4
    rep stosd
    mov     esi, offset key_parsed
    mov     edi, offset node + NODE_KEY
    mov     ecx, KEY_SIZE / 4
    rep movsd
    pop     edx
    mov     eax, offset node + NODE_CLUSTER
    mov     ecx, NAME_SIZE
    call    string_copy
    pop     edi
    pop     esi
    jmp     trust_load

# Draws a key.
# Out: key_parsed.
.global trust_draw
trust_draw:
    mov     eax, offset key_parsed
    mov     edx, KEY_SIZE
    jmp     generator_fill

# Prints the node's key as people type it, if it has one of its own.
.global trust_print_key
trust_print_key:
    push    ebx
    mov     ebx, offset node + NODE_KEY
1:  mov     eax, [ebx]
    bswap   eax
    PRINTF  "%08x", eax
    add     ebx, 4
    cmp     ebx, offset node + NODE_KEY + KEY_SIZE
    jb      1b
    PRINT   "\n"
    pop     ebx
    ret

# Signs a packet that is about to be sent.
# In: EAX packet, ECX bytes, EDX HMAC record.
.global trust_sign
trust_sign:
    push    ebx
    push    esi
    push    edi
    push    edx
    mov     ebx, eax
    mov     esi, ecx
    mov     eax, [trust_session]
    mov     [ebx + CLOUD_SESSION], eax
    mov     eax, [trust_session + 4]
    mov     [ebx + CLOUD_SESSION + 4], eax
    inc     dword ptr [trust_sequence]
    mov     eax, [trust_sequence]
    mov     [ebx + CLOUD_SEQUENCE], eax
    mov     eax, [cluster_netif]
    mov     eax, [eax + NETIF_ADDRESS]
    mov     [ebx + CLOUD_ADDRESS], eax
    and     byte ptr [ebx + CLOUD_FLAGS], ~FLAG_OPEN & 0xFF
    cmp     dword ptr [trust_open], 0
    je      1f
    or      byte ptr [ebx + CLOUD_FLAGS], FLAG_OPEN
1:  mov     eax, ebx
    mov     ecx, esi
    pop     edx
    call    trust_code
    mov     esi, offset code_made
    lea     edi, [ebx + CLOUD_CODE]
    mov     ecx, CODE_SIZE / 4
    rep movsd
    pop     edi
    pop     esi
    pop     ebx
    ret

# The code of a packet.
# In: EAX packet, ECX bytes, EDX HMAC record.
# Out: code_made; the packet's own code is zeros then.
.global trust_code
trust_code:
    push    esi
    push    edi
    mov     esi, eax
    lea     edi, [eax + CLOUD_CODE]
    push    ecx
    xor     eax, eax
    mov     ecx, CODE_SIZE / 4
    rep stosd
    pop     ecx
    mov     eax, offset code_made
    call    hmac_sha256
    pop     edi
    pop     esi
    ret

# Whether a packet was made by one who has the cluster's key, and comes from where it says.
# In: EAX packet, ECX bytes, at least CLOUD_SIZE; EDX sender's address.
# Out: CF when not; it has been counted.
.global trust_check
trust_check:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     edi, edx
    movzx   eax, byte ptr [ebx + CLOUD_FLAGS]
    and     eax, FLAG_OPEN
    neg     eax
    sbb     eax, eax
    neg     eax                         # 1 when it is of an open cluster
    cmp     eax, [trust_open]
    jne     .Ltrust_check_other
    cmp     [ebx + CLOUD_ADDRESS], edi  # before the code, for what is made with the next key has the node take that
    jne     .Ltrust_check_forged
    mov     eax, [ebx + CLOUD_SESSION]
    or      eax, [ebx + CLOUD_SESSION + 4]
    jz      .Ltrust_check_forged
    mov     esi, ecx
    mov     eax, offset code_given
    lea     edx, [ebx + CLOUD_CODE]
    mov     ecx, CODE_SIZE
    call    mem_copy
    mov     eax, ebx
    mov     ecx, esi
    mov     edx, offset trust_key
    call    trust_coded
    clc
    je      .Ltrust_check_done
    mov     eax, ebx
    mov     ecx, esi
    mov     edx, edi
    call    keyring_check
    jc      .Ltrust_check_forged
    jmp     .Ltrust_check_done
.Ltrust_check_other:
    COUNT   cloud_other
    stc
    jmp     .Ltrust_check_done
.Ltrust_check_forged:
    COUNT   cloud_forged
    stc
.Ltrust_check_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether a packet's code, which is in code_given, was made with a key.
# In: EAX packet, ECX bytes, EDX HMAC record.
# Out: ZF when it was.
.global trust_coded
trust_coded:
    call    trust_code
    mov     eax, offset code_given
    mov     edx, offset code_made
    mov     ecx, CODE_SIZE
    jmp     secret_compare
