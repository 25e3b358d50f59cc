# The links: the clusters with which this one exchanged keys, as its values `link.NAME` say, and the keys that follow.
# All routines run with the cluster's mutex held. See docs/protocols/wide-area.md.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

.section .rodata
purpose_identity:       .ascii  "QuRe link identity "
PURPOSE_IDENTITY        = . - purpose_identity
purpose_packets:        .ascii  "QuRe link packets"
PURPOSE_PACKETS         = . - purpose_packets
purpose_mapping:        .ascii  "QuRe link mapping"
PURPOSE_MAPPING         = . - purpose_mapping

.bss
.balign 4
.global links
links:                  .space LINKS * LINK_SIZE
.global links_stale
links_stale:            .space 4        # 1: the values have changed since the links were made of them
.global wide_public
wide_public:            .space X25519_BYTES     # this cluster's
.global wide_id
wide_id:                .space SHA256_BYTES     # of which it is the first bytes
wide_private:           .space X25519_BYTES
made_of:                .space KEY_SIZE # the cluster's key and name, of which they were made
made_of_name:           .space NAME_SIZE
shared:                 .space X25519_BYTES
shared_key:             .space HMAC_SIZE
made:                   .space SHA256_BYTES
message:                .space PURPOSE_IDENTITY + PURPOSE_PACKETS + 2 * X25519_BYTES    # longer than either
    # what link_read has read
.global link_public
link_public:            .space X25519_BYTES
.global link_host
link_host:              .space HOST_SIZE
link_address:           .space 4
link_port:              .space 4

ON_HOOK values_changed, links_changed

.text

# The values have changed.
links_changed:
    mov     dword ptr [links_stale], 1
    call    parent_changed
    mov     eax, offset wide_event
    jmp     event_signal

# Makes this cluster's identity, if its key is another one than before.
# Out: CF when it has no key.
.global links_identify
links_identify:
    cmp     dword ptr [trust_open], 1
    cmc
    jnc     1f
    ret
1:  mov     eax, offset made_of
    mov     edx, offset trust_secret
    mov     ecx, KEY_SIZE
    call    mem_compare
    jne     2f
    mov     eax, offset made_of_name
    mov     edx, offset trust_name
    call    string_compare
    jne     2f
    clc
    ret
2:  push    esi
    push    edi
    mov     edi, offset links           # keys of another identity are worth nothing
    xor     eax, eax
    mov     ecx, LINKS * LINK_SIZE / 4
    rep stosd
    mov     dword ptr [links_stale], 1
    mov     eax, offset made_of
    mov     edx, offset trust_secret
    mov     ecx, KEY_SIZE
    call    mem_copy
    mov     eax, offset made_of_name
    mov     edx, offset trust_name
    mov     ecx, NAME_SIZE
    call    mem_copy
    mov     eax, offset shared_key
    mov     edx, offset trust_secret
    mov     ecx, KEY_SIZE
    call    hmac_key
    mov     eax, offset message
    mov     edx, offset purpose_identity
    mov     ecx, PURPOSE_IDENTITY
    call    mem_copy
    mov     eax, offset message + PURPOSE_IDENTITY
    mov     edx, offset trust_name
    mov     ecx, NAME_SIZE
    call    string_copy
    lea     ecx, [eax + PURPOSE_IDENTITY]
    mov     eax, offset wide_private
    mov     edx, offset shared_key
    mov     esi, offset message
    call    hmac_sha256
    mov     eax, offset wide_public
    mov     edx, offset wide_private
    mov     ecx, offset x25519_base
    call    x25519
    mov     eax, offset wide_id
    mov     edx, offset wide_public
    mov     ecx, X25519_BYTES
    call    sha256
    pop     edi
    pop     esi
    clc
    ret

# Takes over which links the values name. The links that stay keep what is known of them.
.global links_configure
links_configure:
    push    ebx
    push    esi
    push    edi
    mov     dword ptr [links_stale], 0
    mov     ebx, offset links
1:  mov     dword ptr [ebx + LINK_KEPT], 0
    add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    mov     esi, offset values + VALUES_TEXT
2:  call    link_next
    jc      3f
    call    link_take
    jmp     2b
3:  mov     ebx, offset links
.Llinks_configure_gone:
    cmp     dword ptr [ebx + LINK_KEPT], 0
    jne     4f
    mov     edi, ebx
    xor     eax, eax
    mov     ecx, LINK_SIZE / 4
    rep stosd
    call    relay_forget
    call    hearsay_forget
4:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      .Llinks_configure_gone
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds the next value that is a link.
# In: ESI entry of the values.
# Out: EDI its name, link_public, link_host, link_address, link_port; ESI the entry after it; CF when there is none.
# Clobbers: EAX, EBX, ECX, EDX.
.global link_next
link_next:
    LOAD_STRING edx, "link."
    call    values_beginning
    jc      9f
    cmp     byte ptr [eax], 0
    je      link_next
    mov     edi, eax
    mov     dl, 0
    call    string_find
    inc     eax
    call    link_read
    jc      link_next
9:  ret

# Reads a public number, an address or a host, and a port.
# In: EAX text.
# Out: link_public, link_host, link_address, link_port; CF when it is no such text.
# Clobbers: ECX, EDX.
link_read:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, offset link_public
    mov     ecx, X25519_BYTES
    call    parse_hex_bytes
    jc      .Llink_read_done
    lodsb
    cmp     al, ' '
    jne     .Llink_read_bad
    mov     byte ptr [link_host], 0
    mov     eax, esi
    call    parse_address
    jc      1f
    cmp     byte ptr [edx], ' '
    je      2f
1:  mov     eax, offset link_host
    mov     dl, ' '
    call    host_read
    jc      .Llink_read_done
    mov     edx, esi
    cmp     byte ptr [edx], ' '
    jne     .Llink_read_bad
2:  mov     [link_address], eax
    lea     eax, [edx + 1]
    call    parse_number
    jc      .Llink_read_done
    mov     [link_port], eax
    cmp     eax, 0xFFFF
    ja      .Llink_read_bad
    cmp     byte ptr [edx], 0
    je      .Llink_read_done            # CF is clear
.Llink_read_bad:
    stc
.Llink_read_done:
    pop     edi
    pop     esi
    ret

# Finds a link by its public number.
# In: EAX number.
# Out: EBX link; CF when there is none.
# Clobbers: EAX, ECX, EDX.
.global link_known
link_known:
    mov     edx, LINK_PUBLIC
    mov     ecx, X25519_BYTES

# Finds a link by a field.
# In: EAX what is in it, EDX its place in a link, ECX how many bytes.
# Out: EBX link; CF when there is none.
# Clobbers: EAX, ECX, EDX.
.global link_with
link_with:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, ecx
    mov     ebp, edx
    mov     ebx, offset links
1:  cmp     byte ptr [ebx + LINK_NAME], 0
    je      2f
    lea     eax, [ebx + ebp]
    mov     edx, esi
    mov     ecx, edi
    call    mem_compare
    je      3f                          # CF is clear
2:  add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    stc
3:  pop     ebp
    pop     edi
    pop     esi
    ret

# Takes a link over from its value: what link_next has found.
# In: EDI name.
# Clobbers: EAX, EBX, ECX, EDX.
link_take:
    mov     eax, offset link_public
    call    link_known
    jnc     .Llink_take_known
    mov     eax, offset link_public
    mov     edx, offset wide_public
    mov     ecx, X25519_BYTES
    call    mem_compare
    je      .Llink_take_done            # this cluster itself
    mov     ebx, offset links
1:  cmp     byte ptr [ebx + LINK_NAME], 0
    je      .Llink_take_new
    add     ebx, LINK_SIZE
    cmp     ebx, offset links + LINKS * LINK_SIZE
    jb      1b
    PRINTF  "cluster: there is no room for the link %s\n", edi
    jmp     .Llink_take_done
.Llink_take_new:
    push    edi
    mov     edi, ebx
    xor     eax, eax
    mov     ecx, LINK_SIZE / 4
    rep stosd
    pop     edi
    lea     eax, [ebx + LINK_PUBLIC]
    mov     edx, offset link_public
    mov     ecx, X25519_BYTES
    call    mem_copy
    call    link_keys
    jz      .Llink_take_none
.Llink_take_known:
    lea     eax, [ebx + LINK_NAME]
    mov     edx, edi
    mov     ecx, NAME_SIZE
    call    string_copy
    mov     eax, [link_port]
    mov     [ebx + LINK_GIVEN_PORT], eax
    mov     dword ptr [ebx + LINK_KEPT], 1
    call    host_given
    jc      .Llink_take_done
    mov     eax, [link_address]
    mov     [ebx + LINK_GIVEN], eax
.Llink_take_done:
    ret
.Llink_take_none:
    PRINTF  "cluster: the value link.%s has no public number of a cluster\n", edi
    ret

# Makes the id of a link and the keys of both directions.
# In: EBX link with LINK_PUBLIC.
# Out: ZF when its number is none.
# Clobbers: EAX, ECX, EDX.
link_keys:
    mov     eax, offset shared
    mov     edx, offset wide_private
    lea     ecx, [ebx + LINK_PUBLIC]
    call    x25519
    jz      .Llink_keys_done
    mov     eax, offset shared_key
    mov     edx, offset shared
    mov     ecx, X25519_BYTES
    call    hmac_key
    mov     eax, offset made
    lea     edx, [ebx + LINK_PUBLIC]
    mov     ecx, X25519_BYTES
    call    sha256
    lea     eax, [ebx + LINK_ID]
    mov     edx, offset made
    mov     ecx, WIDE_ID_SIZE
    call    mem_copy
    mov     eax, offset wide_public
    lea     edx, [ebx + LINK_PUBLIC]
    lea     ecx, [ebx + LINK_SEND]
    call    link_direction
    lea     eax, [ebx + LINK_PUBLIC]
    mov     edx, offset wide_public
    lea     ecx, [ebx + LINK_RECEIVE]
    call    link_direction
    mov     eax, offset shared          # nothing of it stays
    xor     edx, edx
    mov     ecx, X25519_BYTES
    call    mem_set
    test    esp, esp                    # ZF clear
.Llink_keys_done:
    ret

# Makes the key of the codes from one cluster to another.
# In: EAX public number of who sends, EDX that of who receives, ECX HMAC record to fill; shared_key.
link_direction:
    push    esi
    push    ecx
    push    edx
    push    eax
    mov     eax, offset message
    mov     edx, offset purpose_packets
    mov     ecx, PURPOSE_PACKETS
    call    mem_copy
    pop     edx
    mov     eax, offset message + PURPOSE_PACKETS
    mov     ecx, X25519_BYTES
    call    mem_copy
    pop     edx
    mov     eax, offset message + PURPOSE_PACKETS + X25519_BYTES
    mov     ecx, X25519_BYTES
    call    mem_copy
    mov     eax, offset made
    mov     edx, offset shared_key
    mov     esi, offset message
    mov     ecx, PURPOSE_PACKETS + 2 * X25519_BYTES
    call    hmac_sha256
    pop     eax
    mov     edx, offset made
    mov     ecx, SHA256_BYTES
    call    hmac_key
    pop     esi
    ret

# What only this cluster can make, and each of its delegates makes again.
# Out: wide_made.
# Clobbers: EAX, ECX, EDX.
.global link_mapping
link_mapping:
    push    esi
    mov     eax, offset shared_key
    mov     edx, offset wide_private
    mov     ecx, X25519_BYTES
    call    hmac_key
    mov     eax, offset wide_made
    mov     edx, offset shared_key
    mov     esi, offset purpose_mapping
    mov     ecx, PURPOSE_MAPPING
    call    hmac_sha256
    pop     esi
    ret
