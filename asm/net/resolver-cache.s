# What the resolver has learnt: names and their addresses, as long as they hold. A full table loses what expires first.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "dns.inc"

CACHE_ENTRIES           = 64

# A name that was asked for.
CACHE_EXPIRES           = 0             # clock_ms
CACHE_COUNT             = 4             # addresses; 0: there is no such name
CACHE_ADDRESSES         = 8
CACHE_NAME              = CACHE_ADDRESSES + 4 * RESOLVE_MAXIMUM

.bss
.balign 4
cache_entries:          .space CACHE_ENTRIES * 4
cache_mutex:            .space MUTEX_SIZE

.text

# Looks a name up in what is known.
# In: EBX question.
# Out: its addresses in the question; CF when nothing is known.
# Clobbers: EAX, ECX, EDX.
.global names_find
names_find:
    push    esi
    push    edi
    push    ebp
    mov     eax, offset cache_mutex
    call    mutex_lock
    xor     ebp, ebp
1:  mov     esi, [cache_entries + ebp*4]
    test    esi, esi
    jz      2f
    lea     eax, [ebx + ASK_NAME]
    lea     edx, [esi + CACHE_NAME]
    call    dns_name_equal
    jne     2f
    call    clock_ms
    sub     eax, [esi + CACHE_EXPIRES]
    jns     2f
    COUNT   dns_known
    add     esi, CACHE_COUNT
    mov     eax, [esi]
    CHECK   eax, be, RESOLVE_MAXIMUM, "names_find: more addresses than a name has"
    mov     [ebx + ASK_COUNT], eax
    add     esi, 4
    lea     edi, [ebx + ASK_ADDRESSES]
    mov     ecx, RESOLVE_MAXIMUM
    rep movsd
    clc
    jmp     3f
2:  inc     ebp
    cmp     ebp, CACHE_ENTRIES
    jb      1b
    stc
3:  pushfd
    mov     eax, offset cache_mutex
    call    mutex_unlock
    popfd
    pop     ebp
    pop     edi
    pop     esi
    ret

# Keeps what was learnt: in place of the same name, in a free entry, or of what expires first.
# In: EBX question.
# Clobbers: EAX, ECX, EDX.
.global names_enter
names_enter:
    push    esi
    push    edi
    push    ebp
    lea     eax, [ebx + ASK_NAME]
    call    dns_name_length
    CHECK   eax, be, DNS_NAME_MAXIMUM, "names_enter: the name is too long"
    CHECK   "dword ptr [ebx+ASK_COUNT]", be, RESOLVE_MAXIMUM, "names_enter: more addresses than a name has"
    push    eax
    add     eax, CACHE_NAME
    call    malloc
    pop     ecx
    jc      .Lnames_enter_done
    mov     ebp, eax                    # EBP: the new entry
    lea     edi, [ebp + CACHE_NAME]
    lea     esi, [ebx + ASK_NAME]
    rep movsb
    mov     eax, [ebx + ASK_COUNT]
    mov     [ebp + CACHE_COUNT], eax
    lea     esi, [ebx + ASK_ADDRESSES]
    lea     edi, [ebp + CACHE_ADDRESSES]
    mov     ecx, RESOLVE_MAXIMUM
    rep movsd
    call    clock_ms
    imul    edx, [ebx + ASK_TTL], 1000
    add     edx, eax
    mov     [ebp + CACHE_EXPIRES], edx
    mov     eax, offset cache_mutex
    call    mutex_lock
    call    names_place
    CHECK_ENTRY eax, cache_entries, 4, CACHE_ENTRIES, "names_enter: no entry of the cache"
    xchg    ebp, [eax]
    mov     eax, offset cache_mutex
    call    mutex_unlock
    test    ebp, ebp
    jz      .Lnames_enter_done
    mov     eax, ebp
    call    mfree
.Lnames_enter_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Chooses the place of a new entry.
# In: EBX question.
# Out: EAX the place.
# Clobbers: ECX, EDX, ESI, EDI.
names_place:
    CHECK_HELD cache_mutex, "names_place: cache_mutex is not held"
    mov     edi, offset cache_entries   # EDI: the best so far
    mov     esi, edi
1:  mov     edx, [esi]
    test    edx, edx
    jz      2f
    push    edx
    lea     eax, [ebx + ASK_NAME]
    add     edx, CACHE_NAME
    call    dns_name_equal
    pop     edx
    je      3f
    mov     ecx, [edi]
    jecxz   4f
    mov     eax, [edx + CACHE_EXPIRES]
    sub     eax, [ecx + CACHE_EXPIRES]
    jns     4f
2:  cmp     dword ptr [edi], 0          # the first free one stays the best
    je      4f
    mov     edi, esi
4:  add     esi, 4
    cmp     esi, offset cache_entries + CACHE_ENTRIES * 4
    jb      1b
    mov     eax, edi
    ret
3:  mov     eax, esi
    ret
