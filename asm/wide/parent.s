# The cluster registers its domain in the zone of another server: the value `dns.parent` says where. Whoever holds the
# address from which the cluster speaks sees to it; asm/services/dns-register.s enters it. A server on the link is told
# that address, any other one the public address, once a linked cluster has reached it. See docs/protocols/dns.md.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"
.include "dns.inc"

TEXT_BYTES              = 256
ROW_BYTES               = 64            # of both rows of the zone

ON_HOOK dns_parent, parent_wish

.section .rodata
value_parent:           .asciz  "dns.parent"
word_addresses:         .asciz  "addresses"

.bss
parent_text:            .space TEXT_BYTES

.text

# Finds what the value says.
# Out: ESI text; CF when there is none.
# Clobbers: EAX, ECX, EDX.
parent_value:
    mov     eax, offset value_parent
    mov     edx, offset values
    call    values_find
    jc      9f
    mov     dl, 0
    call    string_find
    lea     esi, [eax + 1]
    clc
9:  ret

# The values have changed. The mutex is held.
# Clobbers: EAX, ECX, EDX.
.global parent_changed
parent_changed:
    push    esi
    call    parent_value
    pop     esi
    jnc     dns_register_wake
    ret

# What is to be entered of the cluster. May sleep.
# In: EDI block of REGISTER_*, zeros.
# Out: EAX WISH_*; the block's REGISTER_NEAR and those after it with WISH_GOOD, else ECX outcome that is told, 0: none.
# Clobbers: EDX, ESI, EDI, EBP.
parent_wish:
    call    cloud_lock
    call    parent_look
    jmp     cloud_unlock_keep

# See parent_wish; the mutex is held.
parent_look:
    xor     ecx, ecx
    call    agreement_speaks            # who does not hears no values either
    jne     .Lparent_look_other
    call    parent_value
    mov     ecx, 0
    jc      .Lparent_look_none
    push    esi
    call    delegate_service
    mov     ebp, esi
    pop     esi
    mov     ecx, OUTCOME_ADDRESS
    jc      .Lparent_look_none
    mov     ecx, OUTCOME_OTHER
    cmp     dword ptr [ebp + SERVICE_RECORD], 0
    je      .Lparent_look_other
    mov     eax, [ebp + SERVICE_ADDRESS]
    mov     [edi + REGISTER_NEAR], eax
    call    parent_read
    mov     ecx, OUTCOME_WORDS
    jc      .Lparent_look_none
    mov     eax, offset domain_served
    lea     edx, [edi + REGISTER_NAME]
    call    zone_parse
    mov     ecx, OUTCOME_DOMAIN
    jc      .Lparent_look_none
    lea     eax, [edi + REGISTER_NAME]
    lea     edx, [edi + REGISTER_ZONE]
    call    dns_name_below
    mov     ecx, OUTCOME_DOMAIN
    jc      .Lparent_look_none
    test    eax, eax                    # the zone itself is the server's
    jz      .Lparent_look_none
    cmp     dword ptr [wide_address], 0
    je      1f
    call    public_proven
    mov     [edi + REGISTER_FAR], eax
    test    eax, eax                    # a moment without a proof changes nothing
    jz      1f
    mov     [dns_outside], eax
1:  mov     eax, WISH_GOOD
    ret
.Lparent_look_none:
    xor     eax, eax                    # WISH_NONE
    mov     [dns_outside], eax
    ret
.Lparent_look_other:
    mov     eax, WISH_OTHER
    mov     dword ptr [dns_outside], 0
    ret

# The rows of the cluster's zone that a parent leads to. The mutex is held.
# In: EDI where the next row goes.
# Out: EDI.
# Clobbers: EAX, ECX, EDX, ESI.
.global parent_rows
parent_rows:
    call    parent_value
    jc      9f
    call    delegate_service
    jc      9f
    mov     edx, [esi + SERVICE_ADDRESS]
    SNPRINTF edi, ROW_BYTES, "@ NS ns\nns A %I\n", edx
    add     edi, eax
9:  ret

# Reads what the value says: SERVER ZONE KEY, and `addresses` where only addresses are to be entered.
# In: ESI text, EDI block.
# Out: the block; CF when it is malformed.
# Clobbers: EAX, ECX, EDX, ESI.
parent_read:
    call    parent_word
    jc      .Lparent_read_done
    lea     eax, [edi + REGISTER_SERVER]
    mov     edx, offset parent_text
    mov     ecx, TEXT_BYTES
    call    string_copy
    call    parent_word
    jc      .Lparent_read_done
    lea     edx, [edi + REGISTER_ZONE]
    call    zone_parse
    jc      .Lparent_read_done
    call    parent_word
    jc      .Lparent_read_done
    lea     edx, [edi + REGISTER_KEY]
    call    zone_parse
    jc      .Lparent_read_done
    mov     dword ptr [edi + REGISTER_KIND], REGISTER_SERVES
    call    parent_word
    cmc
    jnc     .Lparent_read_done                          # nothing follows
    mov     edx, offset word_addresses
    call    string_compare
    stc
    jne     .Lparent_read_done
    mov     dword ptr [edi + REGISTER_KIND], REGISTER_BELOW
    cmp     byte ptr [esi], 1
    cmc                                 # CF when something follows
.Lparent_read_done:
    ret

# Takes the next word.
# In: ESI text.
# Out: EAX parent_text with the word, ESI after it and a blank; CF when there is none, or none that is so short.
# Clobbers: EDX.
parent_word:
    mov     edx, offset parent_text
1:  lodsb
    cmp     al, ' '
    je      3f
    test    al, al
    jz      2f
    mov     [edx], al
    inc     edx
    cmp     edx, offset parent_text + TEXT_BYTES
    jb      1b
    stc
    ret
2:  dec     esi
3:  mov     byte ptr [edx], 0
    mov     eax, offset parent_text
    cmp     edx, offset parent_text + 1 # CF when it is empty
    ret
