# The packet filter: rules in an order, of which the first that fits a packet says whether it passes; what no rule fits
# passes. For this machine they see whole packets, put together from their fragments, so that nothing hides in a second
# one; of what is sent on, fragments but the first have no ports.

.include "macros.inc"
.include "net.inc"
.include "filter.inc"

.bss
.balign 4
.global filter_rules
filter_rules:           .space 4        # RULES rules and one that ends them; 0 while there never was any

.text

# Looks at a packet that came in.
# In: EBX interface, EDI IP header, EBP its bytes, ECX bytes of the packet. There are rules.
# Out: CF when it is to be dropped; it is counted.
# Clobbers: EAX, EDX.
.global filter_in
filter_in:
    push    esi
    push    ecx
    xor     esi, esi
    sub     ecx, ebp
    cmp     ecx, 4                      # ports
    jb      1f
    test    word ptr [edi + IP_FRAGMENT], 0xFF1F    # the offset, as a little-endian load finds it
    jnz     1f
    lea     esi, [edi + ebp]
1:  mov     eax, [edi + IP_SOURCE]
    mov     edx, [edi + IP_DESTINATION]
    movzx   ecx, byte ptr [edi + IP_PROTOCOL]
    call    filter_look                 # RULE_IN
    pop     ecx
    pop     esi
    ret

# Finds the rule for a packet.
# In: EBX interface, EAX source, EDX destination, CL protocol, CH way, ESI header of TCP or UDP, or 0 without one.
# Out: CF when it is to be dropped; it is counted.
.global filter_look
filter_look:
    push    edi
    push    ebp
    mov     edi, [filter_rules]
.Lfilter_look_rule:
    cmp     dword ptr [edi + RULE_ACTION], 0
    je      .Lfilter_look_done          # CF is clear
    cmp     [edi + RULE_WAY], ch
    jne     .Lfilter_look_next
    cmp     [edi + RULE_PROTOCOL], cl
    je      .Lfilter_look_interface
    cmp     byte ptr [edi + RULE_PROTOCOL], 0
    jne     .Lfilter_look_next
.Lfilter_look_interface:
    cmp     [edi + RULE_NETIF], ebx
    je      .Lfilter_look_addresses
    cmp     dword ptr [edi + RULE_NETIF], 0
    jne     .Lfilter_look_next
.Lfilter_look_addresses:
    mov     ebp, eax
    and     ebp, [edi + RULE_SOURCE_MASK]
    cmp     ebp, [edi + RULE_SOURCE]
    jne     .Lfilter_look_next
    mov     ebp, edx
    and     ebp, [edi + RULE_DESTINATION_MASK]
    cmp     ebp, [edi + RULE_DESTINATION]
    jne     .Lfilter_look_next
    cmp     dword ptr [edi + RULE_PORT_LAST], 0
    je      .Lfilter_look_found
    test    esi, esi
    jz      .Lfilter_look_next
    movzx   ebp, word ptr [esi + UDP_DESTINATION]   # TCP's is in the same place
    rol     bp, 8
    cmp     ebp, [edi + RULE_PORT]
    jb      .Lfilter_look_next
    cmp     ebp, [edi + RULE_PORT_LAST]
    jbe     .Lfilter_look_found
.Lfilter_look_next:
    add     edi, RULE_SIZE
    jmp     .Lfilter_look_rule
.Lfilter_look_found:
    inc     dword ptr [edi + RULE_HITS]
    cmp     dword ptr [edi + RULE_ACTION], RULE_PASS    # CF with RULE_DROP
    jae     .Lfilter_look_done
    COUNT   ip_filtered
    stc
.Lfilter_look_done:
    pop     ebp
    pop     edi
    ret
