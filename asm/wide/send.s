# Packets to other clusters are made here. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "wide.inc"

.bss
.balign 4
.global wide_sockets
wide_sockets:           .space 8        # WIDE_AT_*: handles, 0 while this node is not the delegate
.global wide_session
wide_session:           .space SESSION_SIZE     # of this delegate
.global wide_number
wide_number:            .space 4        # of the last packet that was sent in it
wide_padding:           .space 2        # so that the packet begins at a multiple of four
.global wide_framed
wide_framed:            .space 2        # bytes of the packet, for a connection
.global wide_out
wide_out:               .space WIDE_MAXIMUM
.global wide_made
wide_made:              .space SHA256_BYTES

.text

# Begins a packet: zeros but for the header, which echoes what was heard of the link.
# In: AL kind, EBX link.
# Clobbers: EAX, ECX, EDX.
.global wide_build
wide_build:
    mov     ecx, WIDE_MAXIMUM / 4

# The same, with zeros in ECX dwords only.
.global wide_begin
wide_begin:
    push    edi
    push    eax
    call    wide_clear
    pop     eax
    mov     [wide_out + WIDE_KIND], al
    lea     edx, [ebx + LINK_SESSION]
    mov     eax, [ebx + LINK_NUMBER]
    call    wide_echo
    pop     edi
    ret

# Begins a packet for nobody in particular.
# Clobbers: EAX, ECX, EDX, EDI.
.global wide_blank
wide_blank:
    mov     ecx, WIDE_MAXIMUM / 4

# The same, with zeros in so many dwords only.
# In: ECX dwords, those of the header at least.
# Clobbers: EAX, ECX, EDX, EDI.
wide_clear:
    mov     edi, offset wide_out
    xor     eax, eax
    rep stosd
    mov     dword ptr [wide_out + WIDE_MAGIC], WIDE_MAGIC_VALUE
    mov     byte ptr [wide_out + WIDE_VERSION], WIDE_VERSION_VALUE
    mov     eax, [wide_session]
    mov     [wide_out + WIDE_SESSION], eax
    mov     eax, [wide_session + 4]
    mov     [wide_out + WIDE_SESSION + 4], eax
    mov     eax, offset wide_out + WIDE_ID
    mov     edx, offset wide_id
    mov     ecx, WIDE_ID_SIZE
    jmp     mem_copy

# Has the packet say what was heard.
# In: EDX session, EAX number of it.
# Clobbers: ECX.
.global wide_echo
wide_echo:
    mov     [wide_out + WIDE_ECHO_NUMBER], eax
    mov     ecx, [edx]
    mov     [wide_out + WIDE_ECHO], ecx
    mov     ecx, [edx + 4]
    mov     [wide_out + WIDE_ECHO + 4], ecx
    ret

# Sends the packet to where the link is. May sleep.
# In: EBX link, ECX bytes.
# Out: CF when that is not known.
# Clobbers: EAX, ECX, EDX.
.global wide_send_link
wide_send_link:
    mov     edx, [ebx + LINK_ADDRESS]
    cmp     edx, 1
    jb      9f
    push    ebp
    mov     ebp, [ebx + LINK_PORT]
    mov     eax, [ebx + LINK_SOCKET]
    call    wide_send
    pop     ebp
    clc
9:  ret

# Sends the packet. May sleep.
# In: EBX link, ECX bytes, EDX address, EBP port, EAX WIDE_AT_*.
# Clobbers: EAX, ECX, EDX.
.global wide_send
wide_send:
    CHECK   eax, be, WIDE_AT_WAY, "wide_send: no such socket"
    mov     eax, [wide_sockets + eax*4]

# The same by a socket: EAX its handle.
.global wide_send_by
wide_send_by:
    push    eax
    lea     eax, [ebx + LINK_SEND]
    call    wide_seal
    pop     eax
    test    dl, dl
    jnz     wide_put
    lea     eax, [ebx + LINK_ID]
    jmp     relay_put

# Puts number, addressee and code into the packet.
# In: EAX HMAC record, ECX bytes, EDX address, EBP port.
# Clobbers: EAX only.
.global wide_seal
wide_seal:
    push    esi
    push    ecx
    push    edx
    push    eax
    mov     eax, edx
    test    al, al
    jnz     1f
    xor     eax, eax                    # by a relay, nobody is seen
1:  mov     [wide_out + WIDE_SEEN], eax
    mov     eax, ebp
    mov     [wide_out + WIDE_SEEN_PORT], ax
    inc     dword ptr [wide_number]
    mov     eax, [wide_number]
    mov     [wide_out + WIDE_NUMBER], eax
    pop     edx
    mov     eax, offset wide_made
    mov     esi, offset wide_out
    call    hmac_sha256
    mov     eax, offset wide_out + WIDE_CODE
    mov     edx, offset wide_made
    mov     ecx, WIDE_CODE_SIZE
    call    mem_copy
    pop     edx
    pop     ecx
    pop     esi
    ret

# Sends the packet as it is. What cannot be sent is lost, as on the way. May sleep.
# In: EAX socket, ECX bytes, EDX address, EBP port.
# Clobbers: EAX, ECX, EDX.
.global wide_put
wide_put:
    CHECK   ecx, be, WIDE_MAXIMUM, "wide_put: more bytes than a packet has"
    cmp     ebp, WIDE_BY_TCP
    jae     connection_put
    push    esi
    push    edi
    mov     edi, ecx
    mov     ecx, ebp
    mov     esi, offset wide_out
    call    udp_send
    pop     edi
    pop     esi
    ret
