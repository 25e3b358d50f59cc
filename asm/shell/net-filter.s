# The `filter` command: the rules of the packet filter (asm/net/filter.s).

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "filter.inc"

.pushsection .rodata.str, "a", @progbits
filter_help:
    .ascii  "  filter                        shows the rules, and how many packets each has decided about\n"
    .ascii  "  filter add drop|pass in|out [eth0] [tcp|udp|icmp|igmp] [from ADDRESS[/BITS]] [to ADDRESS[/BITS]] [port FIRST[-LAST]]\n"
    .ascii  "                                adds one after the others; the port is the destination's\n"
    .ascii  "  filter del NUMBER             takes one away\n"
    .ascii  "  filter clear                  takes all away\n"
    .ascii  "The first rule that fits a packet says what becomes of it; what none fits passes. `save` keeps the rules\n"
    .asciz  "for the next start.\n"
.popsection

SHELL_COMMAND "filter", command_filter, "[add drop|pass in|out [eth0] [tcp|udp|icmp|igmp] [from ADDRESS[/BITS]] [to ADDRESS[/BITS]] [port FIRST[-LAST]] | del NUMBER | clear]", "show or set the rules by which packets are dropped", GROUP_NETWORK, filter_help

.pushsection .data
.balign 4
filter_words:           .long word_add, filter_add, word_del, filter_del, word_clear, filter_clear, 0
# A word and its value.
filter_actions:         .long word_drop, RULE_DROP, word_pass, RULE_PASS, 0
filter_ways:            .long word_in, RULE_IN, word_out, RULE_OUT, 0
filter_protocols:       .long word_icmp, PROTOCOL_ICMP, word_igmp, PROTOCOL_IGMP
    .long   word_tcp, PROTOCOL_TCP, word_udp, PROTOCOL_UDP, 0
# A word and the routine for what follows it.
filter_options:         .long word_from, filter_from, word_to, filter_to, word_port, filter_port, 0
.popsection
STRING word_add, "add"
STRING word_del, "del"
STRING word_clear, "clear"
STRING word_drop, "drop"
STRING word_pass, "pass"
STRING word_in, "in"
STRING word_out, "out"
STRING word_icmp, "icmp"
STRING word_igmp, "igmp"
STRING word_tcp, "tcp"
STRING word_udp, "udp"
STRING word_from, "from"
STRING word_to, "to"
STRING word_port, "port"

RULE_WORDS              = 12            # more than one can have, without repeating itself

.bss
.balign 4
filter_new:             .space RULE_SIZE    # the rule that is read

.text

# Shell command: shows or sets the rules.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_filter:
    push    ebx
    push    esi
    push    edi
    push    ebp
    lea     edi, [eax - 1]              # EDI: words,
    lea     esi, [edx + 4]              # ESI: the first
    test    edi, edi
    jnz     .Lcommand_filter_word
    call    filter_show
    xor     eax, eax
    jmp     .Lcommand_filter_done
.Lcommand_filter_word:
    mov     edx, offset filter_words
    call    filter_word
    jc      .Lcommand_filter_usage
    call    eax
    jnc     .Lcommand_filter_good
    test    eax, eax
    jz      .Lcommand_filter_usage
    call    error_text
    PRINTF  "filter: %s\n", eax
    mov     eax, 1
    jmp     .Lcommand_filter_done
.Lcommand_filter_usage:
    PRINT   "usage: filter [add drop|pass in|out [eth0] [tcp|udp|icmp|igmp] [from ADDRESS[/BITS]] [to ADDRESS[/BITS]] [port FIRST[-LAST]] | del NUMBER | clear]\n"
    mov     eax, 1
    jmp     .Lcommand_filter_done
.Lcommand_filter_good:
    xor     eax, eax
.Lcommand_filter_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Takes a word that is in a table.
# In: ESI words, EDI how many, EDX table.
# Out: EAX its value, ESI and EDI what follows; CF when it is not there.
filter_word:
    push    ebx
    mov     ebx, edx
    test    edi, edi
    jz      2f
1:  cmp     dword ptr [ebx], 0
    je      2f
    mov     eax, [esi]
    mov     edx, [ebx]
    call    string_compare
    je      3f
    add     ebx, 8
    jmp     1b
2:  stc
    jmp     4f
3:  mov     eax, [ebx + 4]
    add     esi, 4
    dec     edi
    clc
4:  pop     ebx
    ret

# Words of the command, see filter_words.
# In: ESI words that follow, EDI how many.
# Out: CF and EAX error; 0 when the words are wrong.
# Clobbers: EBX, ECX, EDX, ESI, EDI, EBP.
filter_add:
    push    edi
    mov     edi, offset filter_new
    mov     ecx, RULE_SIZE / 4
    xor     eax, eax
    rep     stosd
    pop     edi
    mov     edx, offset filter_actions
    call    filter_word
    jc      filter_wrong
    mov     [filter_new + RULE_ACTION], eax
    mov     edx, offset filter_ways
    call    filter_word
    jc      filter_wrong
    mov     [filter_new + RULE_WAY], al
.Lfilter_add_option:
    test    edi, edi
    jz      .Lfilter_add_enter
    mov     edx, offset filter_protocols
    call    filter_word
    jc      .Lfilter_add_word
    mov     [filter_new + RULE_PROTOCOL], al
    jmp     .Lfilter_add_option
.Lfilter_add_word:
    mov     edx, offset filter_options
    call    filter_word
    jc      .Lfilter_add_interface
    test    edi, edi
    jz      filter_wrong
    call    eax
    jc      filter_wrong
    add     esi, 4
    dec     edi
    jmp     .Lfilter_add_option
.Lfilter_add_interface:
    mov     eax, [esi]
    call    net_find
    jc      filter_wrong
    mov     [filter_new + RULE_NETIF], eax
    add     esi, 4
    dec     edi
    jmp     .Lfilter_add_option
.Lfilter_add_enter:
    cmp     dword ptr [filter_new + RULE_PORT_LAST], 0
    je      .Lfilter_add_table
    mov     al, [filter_new + RULE_PROTOCOL]    # only these two have ports
    cmp     al, PROTOCOL_TCP
    je      .Lfilter_add_table
    cmp     al, PROTOCOL_UDP
    jne     filter_wrong
.Lfilter_add_table:
    cmp     dword ptr [filter_rules], 0
    jne     .Lfilter_add_last
    mov     eax, (RULES + 1) * RULE_SIZE
    call    malloc
    jc      .Lfilter_add_done
    mov     [filter_rules], eax         # it stays: somebody may be looking at it
.Lfilter_add_last:
    mov     edi, [filter_rules]
    xor     ecx, ecx
1:  cmp     dword ptr [edi + RULE_ACTION], 0
    je      2f
    add     edi, RULE_SIZE
    inc     ecx
    jmp     1b
2:  mov     eax, ERROR_TABLE_FULL
    cmp     ecx, RULES
    cmc
    jc      .Lfilter_add_done
    mov     esi, offset filter_new
    mov     ecx, RULE_SIZE / 4
    INTERRUPTS_OFF
    rep     movsd
    INTERRUPTS_RESTORE
    clc
.Lfilter_add_done:
    ret
filter_wrong:
    xor     eax, eax
    stc
    ret

# Enters the rule of a text.
# In: EAX text, which is cut into words.
# Out: CF when it is none, or there is no room.
.global filter_read
filter_read:
    pushad
    mov     ebp, esp
    sub     esp, RULE_WORDS * 4
    mov     esi, eax
    xor     edi, edi                    # EDI: words
1:  mov     al, [esi]                   # what is before a word
    test    al, al
    jz      3f
    inc     esi
    cmp     al, ' '
    jbe     1b
    cmp     edi, RULE_WORDS
    cmc
    jc      4f
    lea     eax, [esi - 1]
    mov     [esp + edi*4], eax
    inc     edi
2:  mov     al, [esi]                   # and after its first character
    test    al, al
    jz      3f
    inc     esi
    cmp     al, ' '
    ja      2b
    mov     byte ptr [esi - 1], 0
    jmp     1b
3:  mov     esi, esp
    push    ebp
    call    filter_add
    pop     ebp
4:  mov     esp, ebp
    popad
    ret

# See filter_add.
filter_clear:
    test    edi, edi
    jnz     filter_wrong
    mov     edi, [filter_rules]
    test    edi, edi
    jz      1f                          # CF is clear
    mov     ecx, RULES * RULE_SIZE / 4
    xor     eax, eax                    # clears CF
    INTERRUPTS_OFF
    rep     stosd
    INTERRUPTS_RESTORE
1:  ret

# See filter_add.
filter_del:
    cmp     edi, 1
    jne     filter_wrong
    mov     eax, [esi]
    call    parse_number
    jc      filter_wrong
    cmp     byte ptr [edx], 0
    jne     filter_wrong
    mov     edi, [filter_rules]
    test    edi, edi
    jz      3f
1:  cmp     dword ptr [edi + RULE_ACTION], 0
    je      3f
    dec     eax
    jz      2f
    add     edi, RULE_SIZE
    jmp     1b
2:  lea     esi, [edi + RULE_SIZE]
    mov     ecx, [filter_rules]
    add     ecx, (RULES + 1) * RULE_SIZE
    sub     ecx, esi
    shr     ecx, 2
    INTERRUPTS_OFF
    rep     movsd
    INTERRUPTS_RESTORE
    clc
    ret
3:  mov     eax, ERROR_NOT_FOUND
    stc
    ret

# Options, see filter_options.
# In: ESI the word that follows.
# Out: CF when it is none.
# Clobbers: EAX, EBX, ECX, EDX.
filter_from:
    mov     ebx, offset filter_new + RULE_SOURCE
    jmp     filter_network
filter_to:
    mov     ebx, offset filter_new + RULE_DESTINATION

# Reads an address with the bits of its mask.
# In: EBX where address and mask go, ESI word.
filter_network:
    mov     eax, [esi]
    call    parse_address
    jc      .Lfilter_network_none
    mov     [ebx], eax
    mov     ecx, -1
    cmp     byte ptr [edx], 0
    je      1f
    cmp     byte ptr [edx], '/'
    jne     .Lfilter_network_none
    lea     eax, [edx + 1]
    call    parse_number
    jc      .Lfilter_network_none
    cmp     byte ptr [edx], 0
    jne     .Lfilter_network_none
    cmp     eax, 32
    ja      .Lfilter_network_none
    mov     ecx, eax
    neg     ecx
    mov     edx, -1
    shl     edx, cl
    cmp     eax, 1
    sbb     ecx, ecx                    # a shift by 32 is none
    not     ecx
    and     ecx, edx
    bswap   ecx
1:  mov     [ebx + RULE_SOURCE_MASK - RULE_SOURCE], ecx
    and     [ebx], ecx
    clc
    ret
.Lfilter_network_none:
    stc
    ret

# See filter_from.
filter_port:
    mov     eax, [esi]
    call    parse_number
    jc      2f
    mov     [filter_new + RULE_PORT], eax
    cmp     byte ptr [edx], 0
    je      1f
    cmp     byte ptr [edx], '-'
    jne     2f
    lea     eax, [edx + 1]
    call    parse_number
    jc      2f
    cmp     byte ptr [edx], 0
    jne     2f
1:  mov     [filter_new + RULE_PORT_LAST], eax
    cmp     eax, 65535
    ja      2f
    test    eax, eax
    jz      2f
    cmp     eax, [filter_new + RULE_PORT]   # CF when the last comes before the first
    ret
2:  stc
    ret

# Shows the rules.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
filter_show:
    FRAME   RULE_TEXT_BYTES
    xor     esi, esi
1:  mov     eax, esi
    lea     edx, [ebp - RULE_TEXT_BYTES]
    call    filter_text
    jc      2f
    inc     esi
    lea     eax, [ebp - RULE_TEXT_BYTES]
    PRINTF  "%u  %s: %u packets\n", esi, eax, ecx
    jmp     1b
2:  ENDFRAME
    ret

# Writes a rule as `filter add` reads it.
# In: EAX its number from 0, EDX where it goes, RULE_TEXT_BYTES.
# Out: EAX characters, ECX packets that it has decided about; CF after the last.
# Clobbers: EDX.
.global filter_text
filter_text:
    push    ebx
    push    esi
    push    edi
    mov     edi, edx
    mov     ebx, [filter_rules]
    test    ebx, ebx
    stc
    jz      .Lfilter_text_done
.Lfilter_text_find:
    cmp     dword ptr [ebx + RULE_ACTION], 1
    jb      .Lfilter_text_done
    sub     eax, 1
    jb      .Lfilter_text_found
    add     ebx, RULE_SIZE
    jmp     .Lfilter_text_find
.Lfilter_text_found:
    push    edi
    mov     eax, [ebx + RULE_ACTION]
    mov     edx, offset filter_actions
    call    filter_name
    mov     ecx, eax
    movzx   eax, byte ptr [ebx + RULE_WAY]
    mov     edx, offset filter_ways
    call    filter_name
    SNPRINTF edi, RULE_TEXT_BYTES, "%s %s", ecx, eax
    add     edi, eax
    mov     eax, [ebx + RULE_NETIF]
    add     eax, NETIF_NAME
    cmp     eax, NETIF_NAME
    je      .Lfilter_text_protocol
    call    filter_text_word
.Lfilter_text_protocol:
    movzx   eax, byte ptr [ebx + RULE_PROTOCOL]
    test    eax, eax
    jz      .Lfilter_text_source
    mov     edx, offset filter_protocols
    call    filter_name
    call    filter_text_word
.Lfilter_text_source:
    lea     esi, [ebx + RULE_SOURCE]
    mov     edx, offset word_from
    call    filter_text_network
    lea     esi, [ebx + RULE_DESTINATION]
    mov     edx, offset word_to
    call    filter_text_network
    mov     eax, [ebx + RULE_PORT_LAST]
    test    eax, eax
    jz      .Lfilter_text_end
    SNPRINTF edi, 32, " port %u-%u", [ebx+RULE_PORT], eax
    add     edi, eax
.Lfilter_text_end:
    mov     ecx, [ebx + RULE_HITS]
    pop     edx
    mov     eax, edi
    sub     eax, edx
    clc
.Lfilter_text_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Writes a blank and a word.
# In: EAX word, EDI where they go.
# Out: EDI their end.
# Clobbers: EAX.
filter_text_word:
    SNPRINTF edi, 16, " %s", eax
    add     edi, eax
    ret

# Writes a network, if a rule names one.
# In: ESI address and mask, EDX word, EDI where they go.
# Out: EDI their end.
# Clobbers: EAX, ECX.
filter_text_network:
    mov     eax, [esi + RULE_SOURCE_MASK - RULE_SOURCE]
    test    eax, eax
    jz      1f
    call    filter_bits
    SNPRINTF edi, 32, " %s %I/%u", edx, [esi], ecx
    add     edi, eax
1:  ret

# The word of a value that is in a table.
# In: EAX value, EDX table.
# Out: EAX word.
filter_name:
    cmp     [edx + 4], eax
    je      1f
    add     edx, 8
    jmp     filter_name
1:  mov     eax, [edx]
    ret

# The bits of a mask.
# In: EAX mask.
# Out: ECX bits.
filter_bits:
    xor     ecx, ecx
1:  shr     eax, 1
    adc     ecx, 0
    test    eax, eax
    jnz     1b
    ret
