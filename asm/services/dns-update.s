# Changes of zones over the network (UPDATE, RFC 2136): prerequisites are looked at first, then all that is to change is
# read and checked, and only then changed, so an update is made whole or not at all. None is made without a signature of
# a key that is known (asm/services/dns-tsig.s). All routines run with dns_mutex held.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "dns.inc"

REMEMBERED              = 512           # updates whose signatures are remembered: a power of two

# An update that was made, or refused, a while ago.
PAST_CODE               = 0
PAST_TIME               = 4
PAST_MAC                = 8
PAST_MAC_BYTES          = 16
PAST_SIZE               = PAST_MAC + PAST_MAC_BYTES

.bss
.balign 4
update_first:           .space 4        # records that are to be entered or removed
update_last:            .space 4
update_next:            .space 4        # where the next record of the message begins
update_left:            .space 4        # how many there are
update_past:            .space REMEMBERED * PAST_SIZE
update_past_next:       .space 4        # entry that is forgotten next
update_floor:           .space 4        # time of the latest that was forgotten
update_data:            .space ZONE_DATA_MAXIMUM + 4

.text

# Makes an update.
# In: EBX answer structure, ESI message whose signature was checked.
# Out: EDX code that is answered.
# Clobbers: EAX, ECX.
.global dns_update
dns_update:
    mov     edx, DNS_REFUSED
    cmp     dword ptr [ebx + SIGN_STATE], SIGN_GOOD
    jne     1f
    push    esi
    push    edi
    push    ebp
    mov     ecx, [ebx + ANSWER_BYTES]
    call    dns_lease_find
    mov     [update_lease], eax
    call    update_before
    jnc     2f
    call    update_make
    call    update_remember
2:  pop     ebp
    pop     edi
    pop     esi
1:  ret

# Looks whether the update was seen before: it came twice, or a stranger repeats it. It is not made again.
# In: EBX answer structure.
# Out: EDX code that was answered; CF when it is new.
# Clobbers: EAX, ECX, ESI, EDI.
update_before:
    mov     edx, offset update_past
1:  lea     esi, [ebx + SIGN_MAC]
    lea     edi, [edx + PAST_MAC]
    mov     ecx, PAST_MAC_BYTES / 4
    repe cmpsd
    je      2f
    add     edx, PAST_SIZE
    cmp     edx, offset update_past + REMEMBERED * PAST_SIZE
    jb      1b
    mov     edx, DNS_SERVER_FAILURE     # it may be one that was forgotten
    mov     eax, [ebx + SIGN_TIME + 2]
    bswap   eax
    cmp     [update_floor], eax
    jae     3f                          # CF is clear
    push    edx
    push    eax
    call    update_born                 # or one of a life before
    pop     edx
    cmp     edx, eax                    # CF when it is
    cmc
    pop     edx
    ret
2:  mov     edx, [edx + PAST_CODE]
    clc
3:  ret

# When this machine was started, as signatures have it: who repeats what was signed before then is not obeyed, as nobody
# remembers that any more.
# Out: EAX seconds since 1970.
# Clobbers: ECX, EDX, ESI.
update_born:
    call    clock_ms
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    mov     esi, eax
    call    tsig_now
    sub     eax, esi
    ret

# Remembers an update.
# In: EBX answer structure, EDX code.
# Clobbers: EAX, ECX, ESI, EDI.
update_remember:
    mov     ecx, [update_past_next]
    lea     eax, [ecx + 1]
    and     eax, REMEMBERED - 1
    mov     [update_past_next], eax
    imul    ecx, ecx, PAST_SIZE
    lea     edi, [update_past + ecx]
    mov     eax, [edi + PAST_TIME]
    cmp     eax, [update_floor]
    jbe     1f
    mov     [update_floor], eax
1:  mov     [edi + PAST_CODE], edx
    mov     eax, [ebx + SIGN_TIME + 2]
    bswap   eax
    mov     [edi + PAST_TIME], eax
    add     edi, PAST_MAC
    lea     esi, [ebx + SIGN_MAC]
    mov     ecx, PAST_MAC_BYTES / 4
    rep movsd
    ret

# Does what the message says (RFC 2136, 3).
# In: EBX answer structure.
# Out: EDX code.
# Clobbers: EAX, ECX, ESI, EDI, EBP.
update_make:
    mov     esi, [ebx + ANSWER_BASE]
    call    update_zone
    test    edx, edx
    jnz     .Lupdate_make_done
    mov     dword ptr [update_first], 0
    mov     dword ptr [update_last], offset update_first
    mov     ebp, [ebx + ANSWER_BASE]
    movzx   eax, word ptr [ebp + DNS_ANSWERS]
    xchg    al, ah
    mov     [update_left], eax
.Lupdate_make_prerequisite:
    sub     dword ptr [update_left], 1
    jb      .Lupdate_make_read
    call    update_record
    jc      .Lupdate_make_drop
    call    update_prerequisite
    test    edx, edx
    jz      .Lupdate_make_prerequisite
    jmp     .Lupdate_make_drop
.Lupdate_make_read:
    mov     ebp, [ebx + ANSWER_BASE]
    movzx   eax, word ptr [ebp + DNS_AUTHORITIES]
    xchg    al, ah
    mov     [update_left], eax
.Lupdate_make_next:
    sub     dword ptr [update_left], 1
    jb      .Lupdate_make_apply
    call    update_record
    jc      .Lupdate_make_drop
    call    update_prepare
    test    edx, edx
    jz      .Lupdate_make_next
.Lupdate_make_drop:
    push    edx
1:  mov     eax, [update_first]
    test    eax, eax
    jz      2f
    mov     ecx, [eax + ZONE_NEXT]
    mov     [update_first], ecx
    call    dns_record_free
    jmp     1b
2:  pop     edx
.Lupdate_make_done:
    ret
.Lupdate_make_apply:
    mov     dword ptr [update_changed], 0
    mov     dword ptr [update_serial], 0
3:  mov     ebp, [update_first]
    test    ebp, ebp
    jz      4f
    mov     eax, [ebp + ZONE_NEXT]
    mov     [update_first], eax
    mov     dword ptr [ebp + ZONE_NEXT], 0
    call    update_apply
    jmp     3b
4:  COUNT   dns_updates
    call    update_count
    jmp     dns_keep

# Finds the zone that is to be changed.
# In: EBX answer structure, ESI message.
# Out: EDX code, 0 when it is ours; ANSWER_NAME, ANSWER_ZONE, update_next.
# Clobbers: EAX, ECX, ESI, EDI.
update_zone:
    mov     edx, DNS_FORMAT_ERROR
    cmp     word ptr [esi + DNS_QUESTIONS], 0x0100
    jne     .Lupdate_zone_done
    mov     eax, esi
    mov     edx, [ebx + ANSWER_BYTES]
    add     esi, DNS_HEADER_SIZE
    lea     edi, [ebx + ANSWER_NAME]
    call    dns_name_read
    mov     edx, DNS_FORMAT_ERROR
    jc      .Lupdate_zone_done
    lea     eax, [esi + 4]
    mov     [update_next], eax
    sub     eax, [ebx + ANSWER_BASE]
    cmp     eax, [ebx + ANSWER_BYTES]
    ja      .Lupdate_zone_done
    cmp     word ptr [esi], DNS_SOA << 8
    jne     .Lupdate_zone_done
    mov     edx, DNS_NOT_AUTHORITATIVE
    cmp     word ptr [esi + 2], DNS_IN << 8
    jne     .Lupdate_zone_done
    xor     eax, eax
    lea     edx, [ebx + ANSWER_NAME]
    mov     ecx, DNS_SOA
    call    dns_record_next
    mov     edx, DNS_NOT_AUTHORITATIVE
    jc      .Lupdate_zone_done
    mov     [ebx + ANSWER_ZONE], eax
    lea     eax, [ebx + ANSWER_NAME]    # the cluster makes its zone anew at any time
    mov     edx, offset dns_made
    call    dns_name_equal
    je      .Lupdate_zone_made
    xor     edx, edx
.Lupdate_zone_done:
    ret
.Lupdate_zone_made:
    cmp     dword ptr [update_lease], 0 # what has one stays when it is made anew,
    je      .Lupdate_zone_refused
    mov     eax, [ebx + SIGN_KEY]
    add     eax, KEY_BELOW
    mov     edx, offset dns_made
    call    dns_name_below
    cmc
    jnc     .Lupdate_zone_refused
    mov     edx, 0
    test    eax, eax
    jnz     .Lupdate_zone_done          # and is of a part that is the key's alone
.Lupdate_zone_refused:
    mov     edx, DNS_REFUSED
    ret

# Reads the next record's head.
# In: EBX answer structure.
# Out: ANSWER_OWNER its name, EDI what follows that, EAX type, ECX class, update_next; CF and EDX code when it is
# malformed, or in another zone.
# Clobbers: ESI.
update_record:
    mov     esi, [update_next]
    lea     edi, [ebx + ANSWER_OWNER]
    mov     eax, [ebx + ANSWER_BASE]
    mov     edx, [ebx + ANSWER_BYTES]
    call    dns_name_read
    jc      .Lupdate_record_malformed
    mov     edi, esi
    mov     edx, [ebx + ANSWER_BASE]
    add     edx, [ebx + ANSWER_BYTES]
    lea     esi, [edi + RECORD_DATA]
    cmp     edx, esi
    jb      .Lupdate_record_malformed
    movzx   eax, word ptr [edi + RECORD_LENGTH]
    xchg    al, ah
    add     esi, eax
    cmp     edx, esi
    jb      .Lupdate_record_malformed
    mov     [update_next], esi
    lea     eax, [ebx + ANSWER_OWNER]
    call    dns_zone_of
    mov     edx, DNS_NOT_IN_ZONE
    jc      9f
    cmp     eax, [ebx + ANSWER_ZONE]
    jne     7f
    movzx   eax, word ptr [edi + RECORD_TYPE]
    xchg    al, ah
    movzx   ecx, word ptr [edi + RECORD_CLASS]
    xchg    cl, ch
    clc
    ret
7:  stc
    ret
.Lupdate_record_malformed:
    mov     edx, DNS_FORMAT_ERROR
9:  ret

# Looks whether a prerequisite is met (RFC 2136, 3.2).
# In: EBX answer structure, EDI record behind its name, EAX type, ECX class.
# Out: EDX code.
# Clobbers: EAX, ECX, ESI, EDI, EBP.
update_prerequisite:
    mov     edx, DNS_FORMAT_ERROR
    cmp     dword ptr [edi + RECORD_TTL], 0
    jne     .Lupdate_prerequisite_done
    cmp     ecx, DNS_IN
    je      update_equal
    cmp     word ptr [edi + RECORD_LENGTH], 0
    jne     .Lupdate_prerequisite_done
    cmp     ecx, DNS_ANY
    je      .Lupdate_prerequisite_there
    cmp     ecx, DNS_NONE
    jne     .Lupdate_prerequisite_done
    mov     esi, DNS_NAME_IN_USE
    cmp     eax, DNS_ANY
    je      1f
    mov     esi, DNS_SET_EXISTS
1:  call    update_find
    mov     edx, esi
    jnc     .Lupdate_prerequisite_done
    xor     edx, edx
    ret
.Lupdate_prerequisite_there:
    mov     esi, DNS_NO_NAME
    cmp     eax, DNS_ANY
    je      2f
    mov     esi, DNS_NO_SET
2:  call    update_find
    mov     edx, esi
    jc      .Lupdate_prerequisite_done
    xor     edx, edx
.Lupdate_prerequisite_done:
    ret

# Finds a record with the name that was read.
# In: EBX answer structure, EAX type.
# Out: EAX record; CF when there is none.
# Clobbers: ECX, EDX.
update_find:
    mov     ecx, eax
    xor     eax, eax
    lea     edx, [ebx + ANSWER_OWNER]
    jmp     dns_record_next

# Looks whether the records of a name and type are those of the prerequisites: this one must be there, and each that is
# there must be among them (RFC 2136, 3.2.3).
# In: EBX answer structure, EDI record behind its name, EAX type.
# Out: EDX code.
# Clobbers: EAX, ECX, ESI, EDI, EBP.
update_equal:
    push    eax                         # [esp]: type
    call    update_decode
    test    edx, edx
    jnz     .Lupdate_equal_done
    mov     edi, eax
    lea     eax, [ebx + ANSWER_OWNER]
    mov     edx, [esp]
    mov     esi, offset update_data
    call    dns_record_same
    mov     edx, DNS_NO_SET
    jc      .Lupdate_equal_done
    push    dword ptr [update_next]
    push    dword ptr [update_left]
    sub     esp, 256                    # the name
    lea     esi, [ebx + ANSWER_OWNER]
    mov     edi, esp
    mov     ecx, 256 / 4
    rep movsd
    xor     ebp, ebp
.Lupdate_equal_record:
    mov     eax, ebp
    mov     edx, esp
    mov     ecx, [esp + 256 + 8]
    call    dns_record_next
    mov     edx, 0
    jc      .Lupdate_equal_restore
    mov     ebp, eax
    call    update_among
    jnc     .Lupdate_equal_record
    mov     edx, DNS_NO_SET
.Lupdate_equal_restore:
    lea     esp, [esp + 256]
    pop     dword ptr [update_left]
    pop     dword ptr [update_next]
.Lupdate_equal_done:
    pop     eax
    ret

# Looks whether a record is among the prerequisites.
# In: EBX answer structure, EBP record.
# Out: CF when it is not.
# Clobbers: EAX, ECX, EDX, ESI, EDI, update_next, update_left.
update_among:
    mov     esi, [ebx + ANSWER_BASE]
    movzx   eax, word ptr [esi + DNS_ANSWERS]
    xchg    al, ah
    mov     [update_left], eax
    lea     edi, [esi + DNS_HEADER_SIZE]
    lea     edx, [edi + DNS_NAME_MAXIMUM + 1]
    call    dns_name_skip               # the zone's name, which was read
    add     edi, 4
    mov     [update_next], edi
1:  sub     dword ptr [update_left], 1
    jb      2f
    call    update_record
    jc      2f
    cmp     eax, [ebp + ZONE_TYPE]
    jne     1b
    cmp     ecx, DNS_IN
    jne     1b
    push    ebp
    call    update_decode
    pop     ebp
    test    edx, edx
    jnz     1b
    cmp     eax, [ebp + ZONE_BYTES]
    jne     1b
    mov     ecx, eax
    mov     eax, [ebp + ZONE_DATA]
    mov     edx, offset update_data
    call    mem_compare
    jne     1b
    lea     eax, [ebx + ANSWER_OWNER]
    lea     edx, [ebp + ZONE_NAME]
    call    dns_name_equal
    jne     1b
    clc
    ret
2:  stc
    ret

# Reads a change: makes the record that is to be entered, or that says what is to be removed (RFC 2136, 3.4.1).
# In: EBX answer structure, EDI record behind its name, EAX type, ECX class.
# Out: EDX code.
# Clobbers: EAX, ECX, ESI, EDI, EBP.
update_prepare:
    push    ecx                         # [esp + 4]: class
    push    eax                         # [esp]: type
    mov     edx, [ebx + SIGN_KEY]
    add     edx, KEY_BELOW
    lea     eax, [ebx + ANSWER_OWNER]
    call    dns_name_below
    mov     edx, DNS_REFUSED
    jc      .Lupdate_prepare_done
    mov     edx, DNS_FORMAT_ERROR
    mov     esi, [edi + RECORD_TTL]
    bswap   esi                         # ESI: TTL
    xor     eax, eax
    cmp     dword ptr [esp + 4], DNS_IN
    je      .Lupdate_prepare_in
    test    esi, esi
    jnz     .Lupdate_prepare_done
    cmp     dword ptr [esp + 4], DNS_NONE
    je      .Lupdate_prepare_data
    cmp     dword ptr [esp + 4], DNS_ANY
    jne     .Lupdate_prepare_done
    cmp     word ptr [edi + RECORD_LENGTH], 0
    jne     .Lupdate_prepare_done
    cmp     dword ptr [esp], DNS_ANY
    je      .Lupdate_prepare_make
    cmp     dword ptr [esp], DNS_META
    jae     .Lupdate_prepare_done
    jmp     .Lupdate_prepare_make
.Lupdate_prepare_in:
    test    esi, esi
    jns     .Lupdate_prepare_data
    xor     esi, esi                    # RFC 2181, 8
.Lupdate_prepare_data:
    mov     eax, [esp]
    push    esi
    call    update_decode
    pop     esi
    test    edx, edx
    jnz     .Lupdate_prepare_done
.Lupdate_prepare_make:
    mov     edi, eax
    mov     ecx, esi
    lea     eax, [ebx + ANSWER_OWNER]
    mov     edx, [esp]
    mov     esi, offset update_data
    call    dns_record_make
    mov     edx, DNS_SERVER_FAILURE
    jc      .Lupdate_prepare_done
    mov     ecx, [esp + 4]
    mov     [eax + ZONE_CLASS], ecx
    mov     edx, [update_last]
    mov     [edx + ZONE_NEXT], eax
    mov     [update_last], eax
    xor     edx, edx
.Lupdate_prepare_done:
    lea     esp, [esp + 8]
    ret

# Reads the data of a record as the list has them: without pointers, and checked where the type is known.
# In: EBX answer structure, EDI record behind its name, EAX type.
# Out: EAX bytes in update_data; EDX code.
# Clobbers: ECX, ESI, EDI, EBP.
update_decode:
    movzx   ecx, word ptr [edi + RECORD_LENGTH]
    xchg    cl, ch                      # ECX: bytes
    lea     esi, [edi + RECORD_DATA]    # ESI: data
    mov     edi, offset update_data     # EDI: where they go
    mov     edx, DNS_REFUSED
    cmp     ecx, ZONE_DATA_MAXIMUM
    ja      .Lupdate_decode_done
    test    eax, eax
    jz      .Lupdate_decode_wrong
    cmp     eax, DNS_OPT
    je      .Lupdate_decode_wrong
    lea     edx, [eax - DNS_META]
    cmp     edx, DNS_ANY - DNS_META
    jbe     .Lupdate_decode_wrong
    mov     ebp, offset dns_types
1:  cmp     dword ptr [ebp], 0
    je      .Lupdate_decode_plain
    cmp     [ebp + 4], eax
    je      2f
    add     ebp, 12
    jmp     1b
2:  mov     ebp, [ebp + 8]              # EBP: what the data are made of
    add     ecx, esi                    # ECX: after them
.Lupdate_decode_next:
    mov     al, [ebp]
    inc     ebp
    mov     edx, 4
    cmp     al, 'a'
    je      .Lupdate_decode_number
    cmp     al, 'w'
    je      .Lupdate_decode_number
    mov     edx, 2
    cmp     al, 'h'
    je      .Lupdate_decode_number
    cmp     al, 'n'
    je      .Lupdate_decode_name
    cmp     al, 's'
    je      .Lupdate_decode_texts
    cmp     esi, ecx                    # the end
    jne     .Lupdate_decode_wrong
    mov     eax, edi
    sub     eax, offset update_data
    xor     edx, edx
    ret
.Lupdate_decode_number:
    mov     eax, ecx
    sub     eax, esi
    cmp     eax, edx
    jb      .Lupdate_decode_wrong
    xchg    ecx, edx
    rep movsb
    mov     ecx, edx
    jmp     .Lupdate_decode_next
.Lupdate_decode_name:
    push    ecx
    mov     eax, [ebx + ANSWER_BASE]
    mov     edx, ecx
    sub     edx, eax
    call    dns_name_read
    pop     ecx
    jc      .Lupdate_decode_wrong
    add     edi, eax
    cmp     esi, ecx
    jbe     .Lupdate_decode_next
    jmp     .Lupdate_decode_wrong
.Lupdate_decode_texts:
    call    update_texts
    jnc     .Lupdate_decode_next
.Lupdate_decode_wrong:
    mov     edx, DNS_FORMAT_ERROR
.Lupdate_decode_done:
    ret
.Lupdate_decode_plain:
    mov     edx, ecx
    cmp     eax, DNS_AAAA
    jne     4f
    cmp     ecx, 16
    jne     .Lupdate_decode_wrong
4:  rep movsb
    mov     eax, edx
    xor     edx, edx
    ret

# Reads the texts that are the rest of a record's data.
# In: ESI data, ECX after them, EDI where they go.
# Out: ESI and EDI after them; CF when they are malformed.
# Clobbers: EAX.
update_texts:
.Lupdate_texts_next:
    mov     eax, ecx
    sub     eax, esi
    jz      .Lupdate_texts_wrong
    push    ecx
    movzx   ecx, byte ptr [esi]
    inc     ecx
    cmp     eax, ecx
    jb      3f
    rep movsb
    pop     ecx
    cmp     esi, ecx
    jne     .Lupdate_texts_next
    ret                                 # CF is clear
3:  pop     ecx
.Lupdate_texts_wrong:
    stc
    ret
