# Signatures of the DNS server's messages (TSIG, RFC 8945, with HMAC-SHA-256): a question's is taken off and checked,
# and what is answered to it is signed with the same key. All routines run with dns_mutex held.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "crypto.inc"
.include "dns.inc"

EPOCH                   = 946684800     # seconds from 1970 to 2000
TIME_BYTES              = 6
FUDGE_AT                = 6             # in SIGN_TIME
FIXED_BYTES             = 10            # time, fudge and the code's length, between the algorithm and the code
TAIL_BYTES              = 6             # number, error and the length of the rest, after it
MAC_MINIMUM             = 16            # RFC 8945, 5.2.2.1

.pushsection .rodata
.balign 4
tsig_algorithm:         .asciz  "\013hmac-sha256"
tsig_class:             .byte   0, DNS_ANY, 0, 0, 0, 0      # class and TTL of the record
.popsection

.text

# Checks the signature at the end of a question, if there is one, and takes it off.
# In: EBX answer structure, ESI message, ECX its bytes, DNS_HEADER_SIZE at least.
# Out: ECX bytes without it; EDX code that is answered, 0 when there is no signature or a good one; SIGN_* of the
# structure.
.global tsig_take
tsig_take:
    push    esi
    push    edi
    push    ebp
    mov     [ebx + ANSWER_BYTES], ecx
    mov     dword ptr [ebx + SIGN_STATE], SIGN_NONE
    call    tsig_find                   # ESI: the record, EDI: after its name
    mov     ecx, [ebx + ANSWER_BYTES]
    jc      .Ltsig_take_done
    mov     ecx, esi
    sub     ecx, [ebx + ANSWER_BASE]
    push    ecx                         # [esp]: bytes without it
    mov     eax, [edi + RECORD_CLASS]   # the upper half of the TTL, too
    cmp     eax, DNS_ANY << 8
    jne     .Ltsig_take_malformed
    cmp     word ptr [edi + RECORD_TTL + 2], 0
    jne     .Ltsig_take_malformed
    call    tsig_read                   # ESI: the code, EDI: after it
    jc      .Ltsig_take_malformed
    mov     dword ptr [ebx + SIGN_STATE], SIGN_FAILED
    mov     dword ptr [ebx + SIGN_LATER], 0
    call    tsig_reserve
    mov     edx, [ebx + ANSWER_BASE]
    mov     cx, [edx + DNS_ADDITIONALS]
    xchg    cl, ch
    dec     ecx
    xchg    cl, ch
    mov     [edx + DNS_ADDITIONALS], cx
    mov     ecx, [esp]
    call    tsig_check                  # EAX: error
    mov     [ebx + SIGN_ERROR], eax
    mov     edx, DNS_NOT_AUTHORITATIVE
    test    eax, eax
    jz      .Ltsig_take_good
    cmp     eax, DNS_FORMAT_ERROR
    je      .Ltsig_take_unsigned
    COUNT   dns_forged
    jmp     .Ltsig_take_end
.Ltsig_take_good:
    mov     dword ptr [ebx + SIGN_STATE], SIGN_GOOD
    xor     edx, edx
.Ltsig_take_end:
    pop     ecx
    jmp     .Ltsig_take_done
.Ltsig_take_unsigned:
    mov     dword ptr [ebx + SIGN_STATE], SIGN_NONE
.Ltsig_take_malformed:
    pop     ecx
    mov     edx, DNS_FORMAT_ERROR
.Ltsig_take_done:
    mov     [ebx + ANSWER_BYTES], ecx
    pop     ebp
    pop     edi
    pop     esi
    ret

# Finds the signature: the last record of a message. One in another place is an error.
# In: EBX answer structure, ESI message.
# Out: ESI where it begins, EDI after its name; CF when there is none, EDX code that is answered.
# Clobbers: EAX, ECX, EBP.
tsig_find:
    xor     ecx, ecx
    mov     ebp, 3
1:  movzx   eax, word ptr [esi + DNS_ANSWERS - 2 + ebp*2]
    xchg    al, ah
    add     ecx, eax                    # ECX: records
    dec     ebp
    jnz     1b
    cmp     word ptr [esi + DNS_ADDITIONALS], 0
    je      .Ltsig_find_none
    movzx   ebp, word ptr [esi + DNS_QUESTIONS]
    xchg    ebp, eax
    xchg    al, ah
    xchg    ebp, eax                    # EBP: questions
    mov     edx, [ebx + ANSWER_BYTES]
    add     edx, esi                    # EDX: after the message
    lea     edi, [esi + DNS_HEADER_SIZE]
.Ltsig_find_question:
    sub     ebp, 1
    jb      .Ltsig_find_record
    call    dns_name_skip
    jc      .Ltsig_find_none
    add     edi, 4
    jmp     .Ltsig_find_question
.Ltsig_find_record:
    mov     esi, edi                    # ESI: where the record begins
    call    dns_name_skip
    jc      .Ltsig_find_none
    lea     eax, [edi + RECORD_DATA]
    cmp     eax, edx
    ja      .Ltsig_find_none
    cmp     word ptr [edi + RECORD_TYPE], DNS_TSIG << 8
    je      .Ltsig_find_here
    movzx   eax, word ptr [edi + RECORD_LENGTH]
    xchg    al, ah
    lea     edi, [edi + eax + RECORD_DATA]
    dec     ecx
    jnz     .Ltsig_find_record
.Ltsig_find_none:
    xor     edx, edx
    stc
    ret
.Ltsig_find_here:
    dec     ecx
    jnz     .Ltsig_find_wrong
    movzx   eax, word ptr [edi + RECORD_LENGTH]
    xchg    al, ah
    lea     eax, [edi + eax + RECORD_DATA]
    cmp     eax, edx
    jne     .Ltsig_find_wrong
    clc
    ret
.Ltsig_find_wrong:
    mov     edx, DNS_FORMAT_ERROR
    stc
    ret

# Passes a name of a message.
# In: EDI name, EDX after the message.
# Out: EDI after the name, which may be after the message too; CF when there is none.
# Clobbers: EAX.
.global dns_name_skip
dns_name_skip:
    cmp     edi, edx
    jae     2f
    movzx   eax, byte ptr [edi]
    inc     edi
    test    eax, eax
    jz      1f                          # CF is clear
    cmp     eax, 0xC0
    jae     3f
    add     edi, eax
    cmp     eax, DNS_LABEL_MAXIMUM + 1
    jb      dns_name_skip
2:  stc
    ret
3:  inc     edi
    clc
1:  ret

# Reads the record.
# In: EBX answer structure, ESI where it begins, EDI after its name.
# Out: SIGN_NAME, SIGN_ALGORITHM, SIGN_TIME, SIGN_MAC_BYTES; ESI the code, EDI after it; CF when it is malformed.
# Clobbers: EAX, ECX, EDX, EBP.
tsig_read:
    mov     ebp, edi
    lea     edi, [ebx + SIGN_NAME]
    call    tsig_name
    jc      .Ltsig_read_done
    lea     esi, [ebp + RECORD_DATA]
    lea     edi, [ebx + SIGN_ALGORITHM]
    call    tsig_name
    jc      .Ltsig_read_done
    mov     edx, [ebx + ANSWER_BASE]
    add     edx, [ebx + ANSWER_BYTES]
    lea     eax, [esi + FIXED_BYTES + TAIL_BYTES]
    cmp     edx, eax
    jb      .Ltsig_read_done
    mov     eax, [esi]
    mov     [ebx + SIGN_TIME], eax
    mov     eax, [esi + 4]
    mov     [ebx + SIGN_TIME + 4], eax
    movzx   eax, word ptr [esi + 8]
    xchg    al, ah
    mov     [ebx + SIGN_MAC_BYTES], eax
    add     esi, FIXED_BYTES
    lea     edi, [esi + eax]
    lea     eax, [edi + TAIL_BYTES]
    cmp     edx, eax
    jb      .Ltsig_read_done
    movzx   ecx, word ptr [edi + 4]
    xchg    cl, ch
    add     eax, ecx
    cmp     eax, edx
    je      .Ltsig_read_done                          # CF is clear
    stc
.Ltsig_read_done:
    ret

# Reads a name of the message.
# In: EBX answer structure, ESI name, EDI where it goes.
# Out: ESI after it; CF when it is none.
# Clobbers: EAX, ECX, EDX.
tsig_name:
    mov     eax, [ebx + ANSWER_BASE]
    mov     edx, [ebx + ANSWER_BYTES]
    jmp     dns_name_read

# Says how long a signature of the answer may be.
# In: EBX answer structure.
# Clobbers: EAX, ECX, EDX.
tsig_reserve:
    lea     eax, [ebx + SIGN_NAME]
    call    dns_name_length
    push    eax
    lea     eax, [ebx + SIGN_ALGORITHM]
    call    dns_name_length
    pop     edx
    lea     eax, [eax + edx + RECORD_DATA + FIXED_BYTES + SHA256_BYTES + TAIL_BYTES + TIME_BYTES]
    mov     [ebx + ANSWER_RESERVE], eax
    ret

# Checks the key, the code in constant time, the clock, and how much of the code is there, in this order (RFC 8945,
# 5.2).
# In: EBX answer structure, ESI the code, EDI after it, ECX bytes of the message without the record.
# Out: EAX error, 0 when all is good, DNS_FORMAT_ERROR for a code that no key of ours makes; SIGN_KEY, SIGN_MAC.
# Clobbers: ECX, EDX, ESI, EDI, EBP.
tsig_check:
    mov     ebp, ecx
    mov     dword ptr [ebx + SIGN_KEY], 0
    lea     eax, [ebx + SIGN_ALGORITHM]
    mov     edx, offset tsig_algorithm
    call    dns_name_equal
    mov     eax, DNS_BAD_KEY
    jne     .Ltsig_check_done
    lea     eax, [ebx + SIGN_NAME]
    call    dns_key_find
    mov     [ebx + SIGN_KEY], eax
    mov     eax, DNS_BAD_KEY
    jc      .Ltsig_check_done
    mov     edx, [ebx + SIGN_MAC_BYTES]
    sub     edx, MAC_MINIMUM
    cmp     edx, SHA256_BYTES - MAC_MINIMUM
    mov     eax, DNS_FORMAT_ERROR
    ja      .Ltsig_check_done
    sub     esp, SHA256_SIZE + SHA256_BYTES
    mov     eax, esp
    mov     edx, [ebx + SIGN_KEY]
    add     edx, KEY_HMAC
    call    hmac_begin
    cmp     dword ptr [ebx + SIGN_ASKED], 0
    je      2f
    mov     eax, esp
    mov     edx, SHA256_BYTES
    call    tsig_add_before
2:  mov     eax, [ebx + ANSWER_BASE]    # signed is the number that the sender gave it
    mov     dx, [edi]
    xchg    dx, [eax + DNS_ID]
    push    edx
    mov     edx, eax
    mov     ecx, ebp
    lea     eax, [esp + 4]
    call    sha256_add
    pop     edx
    mov     eax, [ebx + ANSWER_BASE]
    mov     [eax + DNS_ID], dx
    movzx   ecx, word ptr [edi + 4]
    xchg    cl, ch
    add     ecx, 4                      # error, length, and what is so long
    lea     edx, [edi + 2]
    mov     eax, esp
    call    tsig_variables
    lea     eax, [esp + SHA256_SIZE]
    mov     edx, [ebx + SIGN_KEY]
    add     edx, KEY_HMAC
    mov     ecx, esp
    call    hmac_end
    mov     eax, esi
    lea     edx, [esp + SHA256_SIZE]
    mov     ecx, [ebx + SIGN_MAC_BYTES]
    call    secret_compare
    lea     esp, [esp + SHA256_SIZE + SHA256_BYTES]
    mov     eax, DNS_BAD_SIGNATURE
    jne     .Ltsig_check_done
    call    tsig_said
    call    tsig_clock
    movzx   ecx, word ptr [ebx + SIGN_TIME + FUDGE_AT]
    xchg    cl, ch
    mov     edx, [ebx + SIGN_TIME + 2]
    bswap   edx
    sub     eax, edx
    jns     1f
    neg     eax
1:  cmp     eax, ecx
    mov     eax, DNS_BAD_TIME
    ja      .Ltsig_check_done
    cmp     word ptr [ebx + SIGN_TIME], 0
    jne     .Ltsig_check_done
    mov     eax, DNS_BAD_CUT
    cmp     dword ptr [ebx + SIGN_MAC_BYTES], SHA256_BYTES
    jne     .Ltsig_check_done
    xor     eax, eax
.Ltsig_check_done:
    ret

# Takes over a question's code, which was found good, or what is beside an answer's (RFC 8945, 4.2).
# In: EBX answer structure, ESI the code, EDI after it.
# Out: SIGN_MAC, or SIGN_SAID and SIGN_THEIRS.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
tsig_said:
    cmp     dword ptr [ebx + SIGN_ASKED], 0
    jne     3f                          # the question's stays: a better answer may follow
    lea     edi, [ebx + SIGN_MAC]
    mov     ecx, [ebx + SIGN_MAC_BYTES]
    rep movsb
    ret
3:  movzx   eax, word ptr [edi + 2]
    xchg    al, ah
    cmp     eax, DNS_BAD_TIME
    jne     1f
    cmp     dword ptr [edi + 4], TIME_BYTES << 8    # the time follows, of which 32 bits count until 2106
    jne     2f
    mov     edx, [edi + 8]
    bswap   edx
    mov     [ebx + SIGN_THEIRS], edx
1:  mov     [ebx + SIGN_SAID], eax
2:  ret

# The time of the other one who signs: ours, unless it is known to differ.
# In: EBX answer structure.
# Out: EAX seconds since 1970.
# Clobbers: ECX, EDX.
tsig_clock:
    call    tsig_now
    add     eax, [ebx + SIGN_AHEAD]
    ret

# The time as signatures have it.
# Out: EAX seconds since 1970.
# Clobbers: ECX, EDX.
.global tsig_now
tsig_now:
    call    clock_seconds
    add     eax, EPOCH
    ret

# Takes what is signed of the record itself into a code (RFC 8945, 4.3.3).
# In: EBX answer structure, EAX SHA256 record, EDX error, length and other data, ECX bytes of these.
tsig_variables:
    push    esi
    mov     esi, eax
    push    ecx
    push    edx
    cmp     dword ptr [ebx + SIGN_LATER], 0
    jne     1f
    lea     eax, [ebx + SIGN_NAME]
    call    tsig_add_name
    mov     eax, esi
    mov     edx, offset tsig_class
    mov     ecx, 6
    call    sha256_add
    lea     eax, [ebx + SIGN_ALGORITHM]
    call    tsig_add_name
1:  mov     eax, esi
    lea     edx, [ebx + SIGN_TIME]
    mov     ecx, TIME_BYTES + 2
    call    sha256_add
    pop     edx
    pop     ecx
    mov     eax, esi
    cmp     dword ptr [ebx + SIGN_LATER], 0
    jne     2f                          # later messages of a transfer have the time only (RFC 8945, 5.3.1)
    call    sha256_add
2:  pop     esi
    ret

# Takes the code of the question, or of the message before, into a code (RFC 8945, 4.3.1); a question has none.
# In: EBX answer structure, EAX SHA256 record, EDX bytes of it, 0 for none.
tsig_add_before:
    test    edx, edx
    jz      1f
    push    esi
    mov     esi, eax
    push    edx
    xchg    dl, dh
    push    edx
    mov     edx, esp
    mov     ecx, 2
    call    sha256_add
    pop     edx
    pop     ecx
    mov     eax, esi
    lea     edx, [ebx + SIGN_MAC]
    call    sha256_add
    pop     esi
1:  ret

# Takes a name into a code.
# In: EAX name, ESI SHA256 record.
tsig_add_name:
    push    eax
    call    dns_name_length
    mov     ecx, eax
    pop     edx
    mov     eax, esi
    jmp     sha256_add

# Has the next message be a question that is signed with a key.
# In: EBX answer structure, EAX name of the key.
# Out: CF when it is not known.
# Clobbers: ECX, EDX, ESI, EDI.
.global tsig_ask
tsig_ask:
    call    dns_key_find
    jc      1f
    mov     [ebx + SIGN_KEY], eax
    lea     esi, [eax + KEY_NAME]
    lea     edi, [ebx + SIGN_NAME]
    mov     ecx, 256 / 4
    rep movsd
    mov     esi, offset tsig_algorithm
    lea     edi, [ebx + SIGN_ALGORITHM]
    call    dns_name_put
    xor     eax, eax
    mov     [ebx + SIGN_ERROR], eax
    mov     [ebx + SIGN_LATER], eax
    mov     [ebx + SIGN_SAID], eax
    mov     [ebx + SIGN_MAC_BYTES], eax
    mov     dword ptr [ebx + SIGN_STATE], SIGN_GOOD
    mov     dword ptr [ebx + SIGN_ASKED], 1     # what comes next is the answer
1:  ret

# Signs a message, if the question was signed: adds the record, for which there is room of ANSWER_RESERVE.
# In: EBX answer structure, ESI message, EAX its bytes.
# Out: EAX bytes.
.global tsig_sign
tsig_sign:
    cmp     dword ptr [ebx + SIGN_STATE], SIGN_NONE
    je      .Ltsig_sign_none
    push    esi
    push    edi
    push    ebp
    sub     esp, SHA256_SIZE + SHA256_BYTES + 12
    mov     ebp, eax                    # EBP: bytes
    mov     eax, [ebx + SIGN_ERROR]
    xchg    al, ah
    movzx   eax, ax
    lea     edi, [esp + SHA256_SIZE + SHA256_BYTES]     # EDI: error, length, other data
    mov     [edi], eax
    mov     dword ptr [edi + 4], 0
    mov     dword ptr [edi + 8], 0
    call    tsig_clock
    bswap   eax
    mov     ecx, 4
    cmp     dword ptr [ebx + SIGN_ERROR], DNS_BAD_TIME
    jne     1f
    mov     byte ptr [edi + 3], TIME_BYTES
    mov     [edi + 6], eax              # our time; that of the signature is the question's
    add     ecx, TIME_BYTES
    jmp     .Ltsig_sign_code
1:  mov     word ptr [ebx + SIGN_TIME], 0
    mov     [ebx + SIGN_TIME + 2], eax
    mov     word ptr [ebx + SIGN_TIME + FUDGE_AT], (DNS_SOON >> 8) | ((DNS_SOON & 255) << 8)
    cmp     dword ptr [ebx + SIGN_ERROR], DNS_BAD_SIGNATURE
    je      .Ltsig_sign_bare
    cmp     dword ptr [ebx + SIGN_ERROR], DNS_BAD_KEY
    jne     .Ltsig_sign_code
.Ltsig_sign_bare:
    mov     dword ptr [ebx + SIGN_MAC_BYTES], 0
    jmp     .Ltsig_sign_write
.Ltsig_sign_code:
    push    ecx
    lea     eax, [esp + 4]
    mov     edx, [ebx + SIGN_KEY]
    add     edx, KEY_HMAC
    call    hmac_begin
    lea     eax, [esp + 4]
    mov     edx, [ebx + SIGN_MAC_BYTES]
    call    tsig_add_before
    lea     eax, [esp + 4]
    mov     edx, esi
    mov     ecx, ebp
    call    sha256_add
    mov     ecx, [esp]
    lea     eax, [esp + 4]
    mov     edx, edi
    call    tsig_variables
    lea     eax, [ebx + SIGN_MAC]
    mov     edx, [ebx + SIGN_KEY]
    add     edx, KEY_HMAC
    lea     ecx, [esp + 4]
    call    hmac_end
    pop     ecx
    mov     dword ptr [ebx + SIGN_MAC_BYTES], SHA256_BYTES
    mov     dword ptr [ebx + SIGN_LATER], 1
.Ltsig_sign_write:
    mov     edx, edi
    call    tsig_write
    add     esp, SHA256_SIZE + SHA256_BYTES + 12
    pop     ebp
    pop     edi
    pop     esi
.Ltsig_sign_none:
    ret

# Writes the record.
# In: EBX answer structure, ESI message, EBP its bytes, EDX error, length and other data, ECX bytes of these.
# Out: EAX bytes with it.
# Clobbers: EDI.
tsig_write:
    push    esi
    push    edx
    push    ecx
    movzx   eax, word ptr [esi + DNS_ADDITIONALS]
    xchg    al, ah
    inc     eax
    xchg    al, ah
    mov     [esi + DNS_ADDITIONALS], ax
    mov     dx, [esi + DNS_ID]
    lea     edi, [esi + ebp]
    push    edx
    lea     esi, [ebx + SIGN_NAME]
    call    dns_name_put
    mov     word ptr [edi + RECORD_TYPE], DNS_TSIG << 8
    mov     dword ptr [edi + RECORD_CLASS], DNS_ANY << 8
    mov     word ptr [edi + RECORD_TTL + 2], 0
    add     edi, RECORD_DATA
    mov     ebp, edi                    # EBP: its data
    lea     esi, [ebx + SIGN_ALGORITHM]
    call    dns_name_put
    lea     esi, [ebx + SIGN_TIME]
    movsd
    movsd
    mov     eax, [ebx + SIGN_MAC_BYTES]
    mov     ecx, eax
    xchg    al, ah
    stosw
    lea     esi, [ebx + SIGN_MAC]
    rep movsb
    pop     eax
    stosw                               # the message's number
    pop     ecx
    pop     esi
    rep movsb
    mov     eax, edi
    sub     eax, ebp
    xchg    al, ah
    mov     [ebp + RECORD_LENGTH - RECORD_DATA], ax
    pop     esi
    mov     eax, edi
    sub     eax, esi
    ret

# Writes a name, in full.
# In: ESI name, EDI where it goes.
# Out: EDI after it.
# Clobbers: EAX, ECX, EDX, ESI.
.global dns_name_put
dns_name_put:
    mov     eax, esi
    call    dns_name_length
    mov     ecx, eax
    rep movsb
    ret
