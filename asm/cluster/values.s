# Values that the cluster keeps together: names and texts, such as its service addresses. Every member has all of them,
# in memory and in the persistent object `cluster_values`. They change as a whole, and are numbered: every packet says
# the number that its sender has, so who is behind is told. How the next ones are agreed on is in propose.s and vote.s.
# See docs/protocols/cluster-values.md.
#
# All routines run with the cluster's mutex held.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"
.include "history.inc"

TELL_MS                 = 100           # values are told to the group at most this often,
TELL_SPREAD_MS          = 40            # by one of those who hear that somebody is behind

.bss
.balign 4
.global values
values:                 .space VALUES_SIZE
.global values_next
values_next:            .space VALUES_SIZE  # as they may become
no_values:              .space REGION_TEXT  # zeros
values_waiting:         .space 4        # 1: at values_at they are told to the group
values_at:              .space 4        # clock_ms
values_told:            .space 4        # clock_ms at which they were last told, or heard

.text

# Whether a region holds voters, names and values.
# In: EAX region, ECX its bytes.
# Out: EAX its digest; CF when it is not in order.
# Clobbers: ECX, EDX.
.global values_valid
values_valid:
    push    ebx
    push    esi
    push    edi
    lea     esi, [eax + REGION_TEXT]
    lea     edi, [eax + ecx]
    mov     ebx, eax
    sub     ecx, REGION_TEXT
    jb      .Lvalues_valid_bad
    cmp     ecx, VALUES_TEXT_MAXIMUM
    ja      .Lvalues_valid_bad
    test    cl, 3
    jnz     .Lvalues_valid_bad
    cmp     dword ptr [ebx + REGION_VOTERS], VOTERS_MAXIMUM
    ja      .Lvalues_valid_bad
.Lvalues_valid_next:
    cmp     esi, edi
    je      .Lvalues_valid_digest
    cmp     byte ptr [esi], 0
    je      .Lvalues_valid_padding
    mov     eax, esi
    mov     edx, NAME_SIZE
    mov     cl, 0x21
    call    values_word
    jc      .Lvalues_valid_bad
    mov     eax, esi
    mov     edx, VALUE_SIZE
    mov     cl, 0x20
    call    values_word
    jc      .Lvalues_valid_bad
    jmp     .Lvalues_valid_next
.Lvalues_valid_padding:
    mov     ecx, edi
    sub     ecx, esi
    cmp     ecx, 4
    jae     .Lvalues_valid_bad
1:  cmp     byte ptr [esi], 0
    jne     .Lvalues_valid_bad
    inc     esi
    cmp     esi, edi
    jb      1b
.Lvalues_valid_digest:
    xor     eax, eax
2:  cmp     ebx, edi
    jae     .Lvalues_valid_done         # CF is clear: they are equal
    xor     eax, [ebx]
    imul    eax, eax, 0x01000193
    rol     eax, 7
    add     eax, 0x811C9DC5
    add     ebx, 4
    jmp     2b
.Lvalues_valid_bad:
    stc
.Lvalues_valid_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads over a word and its NUL.
# In: ESI word, EDI end of the text, EDX bytes that it may have, CL lowest character.
# Out: ESI after it; CF when it is not printable, too long or does not end.
# Clobbers: EAX, EDX.
.global values_word
values_word:
    cmp     esi, edi
    jae     8f
    lodsb
    test    al, al
    jz      9f                          # CF is clear
    cmp     al, cl
    jb      8f
    cmp     al, 0x7E
    ja      8f
    dec     edx
    jnz     values_word
8:  stc
9:  ret

# Takes over what the node's disk holds, if it is newer than what is known. May sleep.
.global values_load
values_load:
    push    esi
    push    edi
    mov     eax, offset kept_values
    call    keep_load
    jc      .Lvalues_load_none
    cmp     dword ptr [edi + VALUES_MAGIC], VALUES_MAGIC_VALUE
    jne     .Lvalues_load_damaged
    mov     ecx, [edi + VALUES_RECORD + RECORD_BYTES]
    cmp     ecx, VALUES_TEXT_MAXIMUM
    ja      .Lvalues_load_damaged
    cmp     dword ptr [edi + VALUES_VERSION], 1
    je      .Lvalues_load_old
    cmp     dword ptr [edi + VALUES_VERSION], VALUES_VERSION_VALUE
    jne     .Lvalues_load_damaged
.Lvalues_load_region:
    lea     eax, [edi + VALUES_VOTERS]
    add     ecx, REGION_TEXT
    push    ecx
    call    values_valid
    pop     ecx
    jc      .Lvalues_load_damaged
    mov     edx, eax
    mov     eax, [edi + VALUES_NUMBER]
    call    values_compare
    jbe     .Lvalues_load_none
    mov     edx, eax
    lea     eax, [edi + VALUES_VOTERS]
    call    values_adopt
    mov     eax, offset kept_values
    call    keep_loaded
    jmp     .Lvalues_load_done
.Lvalues_load_old:
    push    ecx                         # version 1 had no voters
    lea     eax, [edi + VALUES_TEXT]
    lea     edx, [edi + VALUES_TEXT_1]
    call    mem_move
    lea     eax, [edi + VALUES_VOTERS]
    xor     edx, edx
    mov     ecx, REGION_TEXT
    call    mem_set
    pop     ecx
    jmp     .Lvalues_load_region
.Lvalues_load_damaged:
    PRINT   "cluster: the object cluster_values on the disk is damaged; the others' counts\n"
.Lvalues_load_none:
    cmp     dword ptr [values + VALUES_NUMBER], 0
    je      .Lvalues_load_done
    call    values_save
.Lvalues_load_done:
    pop     edi
    pop     esi
    ret

# Compares what others have with what this node has: the higher number is the newer one. Numbers are equal where two
# parts of a cluster changed their values while they were apart: then the digest decides, so that all end with the same.
# In: EAX number, EDX digest of the others'.
# Out: ZF when they are the same, CF when the others' are older.
values_compare:
    cmp     eax, [values + VALUES_NUMBER]
    jne     9f
    cmp     edx, [values + VALUES_DIGEST]
9:  ret

# Makes these the values, and has those know who follow from them.
# In: EAX region (values_valid), ECX its bytes, EDX number.
values_adopt:
    CHECK_HELD cluster_mutex, "values_adopt: cluster_mutex is not held"
    CHECK   ecx, be, REGION_SIZE, "values_adopt: values longer than their record"
    push    edi
    push    eax
    push    ecx
    mov     edi, offset values
    xor     eax, eax
    mov     ecx, VALUES_SIZE / 4
    rep stosd
    pop     ecx
    mov     edi, offset values
    mov     dword ptr [edi + VALUES_MAGIC], VALUES_MAGIC_VALUE
    mov     dword ptr [edi + VALUES_VERSION], VALUES_VERSION_VALUE
    mov     [edi + VALUES_NUMBER], edx
    lea     eax, [ecx - REGION_TEXT]
    mov     [edi + VALUES_RECORD + RECORD_BYTES], eax
    lea     eax, [edi + VALUES_VOTERS]
    pop     edx
    push    ecx
    call    mem_copy
    pop     ecx
    lea     eax, [edi + VALUES_VOTERS]
    call    values_valid
    CHECK   nc, "values_adopt: the values are not in order"
    mov     [edi + VALUES_DIGEST], eax
    pop     edi
    jmp     services_configure

# What was agreed on: it counts from now on, and goes to the disk.
# In: as values_adopt.
.global values_take
values_take:
    call    values_adopt
    jmp     values_save

# Has the values put on the disk, where there is one.
values_save:
    mov     eax, offset kept_values
    mov     edx, VALUES_SIZE
    jmp     keep_changed

# The node belongs to another cluster from now on, which has its own.
.global values_forget
values_forget:
    call    proposal_forget
    call    vote_forget
    mov     eax, offset no_values
    mov     ecx, REGION_TEXT
    xor     edx, edx
    jmp     values_take

# Finds a value.
# In: EAX name, EDX VALUES object.
# Out: EAX its entry (name, NUL, value, NUL); CF when there is none.
# Clobbers: ECX, EDX.
.global values_find
values_find:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    lea     esi, [edx + VALUES_TEXT]
    mov     edi, esi
    add     edi, [edx + VALUES_RECORD + RECORD_BYTES]
1:  mov     eax, esi
    cmp     esi, edi
    jae     8f
    cmp     byte ptr [esi], 0
    je      8f
    mov     edx, ebx
    call    string_compare
    je      9f                          # CF is clear
    call    values_skip
    jmp     1b
8:  stc
9:  mov     eax, esi
    pop     edi
    pop     esi
    pop     ebx
    ret

# Goes on to the next entry.
# In: ESI entry.
# Out: ESI the next.
# Clobbers: EAX.
.global values_skip
values_skip:
    lodsb
    test    al, al
    jnz     values_skip
1:  lodsb
    test    al, al
    jnz     1b
    ret

# Goes on to the next value whose name begins so.
# In: ESI entry of the values, EDX beginning.
# Out: EAX its name after that, ESI the entry after it; CF when there is none.
# Clobbers: ECX, EDX.
.global values_beginning
values_beginning:
    push    ebx
    push    edx
1:  mov     eax, offset values + VALUES_TEXT
    add     eax, [values + VALUES_RECORD + RECORD_BYTES]
    cmp     esi, eax
    cmc
    jc      2f
    cmp     byte ptr [esi], 1
    jb      2f
    mov     ebx, esi
    call    values_skip
    mov     eax, ebx
    mov     edx, [esp]
    call    string_prefix
    jne     1b
    clc
2:  pop     edx
    pop     ebx
    ret

# Makes values_next of the values with a change.
# In: EAX name, EDX value or 0: the name goes.
# Out: CF and EAX error: ERROR_NO_SPACE, ERROR_INVALID.
.global values_change
values_change:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     ebp, edx
    mov     eax, offset values_next
    mov     edx, offset values
    mov     ecx, VALUES_SIZE
    call    mem_copy
    mov     eax, ebx
    mov     edx, offset values_next
    call    values_find
    jc      .Lvalues_change_without
    mov     edi, eax
    mov     esi, eax
    call    values_skip
    mov     ecx, offset values_next + VALUES_SIZE
    sub     ecx, esi
    rep movsb                           # what follows moves down; the rest becomes zeros below
.Lvalues_change_without:
    mov     edi, offset values_next + VALUES_TEXT
1:  cmp     byte ptr [edi], 0           # where the last entry ends
    je      2f
    mov     esi, edi
    call    values_skip
    mov     edi, esi
    cmp     edi, offset values_next + VALUES_SIZE
    jb      1b
2:  test    ebp, ebp
    jz      .Lvalues_change_padded
    mov     eax, ebx
    call    string_length
    mov     esi, eax
    mov     eax, ebp
    call    string_length
    lea     ecx, [edi + eax + 2 + 4]
    add     ecx, esi
    mov     eax, ERROR_NO_SPACE
    cmp     ecx, offset values_next + VALUES_SIZE
    ja      .Lvalues_change_failed
    mov     esi, ebx
    call    values_append
    mov     esi, ebp
    call    values_append
.Lvalues_change_padded:
    mov     ecx, offset values_next + VALUES_SIZE
    sub     ecx, edi
    push    edi
    xor     eax, eax
    rep stosb
    pop     edi
    sub     edi, offset values_next + VALUES_TEXT - 3
    and     edi, ~3
    CHECK   edi, be, VALUES_TEXT_MAXIMUM, "values_change: values longer than their record"
    mov     [values_next + VALUES_RECORD + RECORD_BYTES], edi
    mov     eax, offset values_next + VALUES_VOTERS
    lea     ecx, [edi + REGION_TEXT]
    call    values_valid
    mov     eax, ERROR_INVALID
    jmp     .Lvalues_change_done        # CF as values_valid says
.Lvalues_change_failed:
    stc
.Lvalues_change_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Appends a word with its NUL.
# In: ESI word, EDI where to.
# Out: EDI after it.
# Clobbers: EAX, ESI.
values_append:
    lodsb
    stosb
    test    al, al
    jnz     values_append
    ret

# Tells the group the values. May sleep.
.global values_tell
values_tell:
    mov     dword ptr [values_waiting], 0
    call    clock_ms
    mov     [values_told], eax
    cmp     dword ptr [cluster_state], STATE_MEMBER
    jne     9f
    mov     eax, KIND_VALUES
    call    packet_build
    mov     ecx, [values + VALUES_RECORD + RECORD_BYTES]
    add     ecx, REGION_TEXT
    push    ecx
    mov     eax, offset cluster_out + CLOUD_REGION
    mov     edx, offset values + VALUES_VOTERS
    call    mem_copy
    pop     ecx
    add     ecx, CLOUD_REGION
    mov     edx, CLUSTER_GROUP
    jmp     packet_send_to
9:  ret

# A believed packet of our cluster says which values its sender has. May sleep.
# In: EAX packet, EDX its bytes.
.global values_heard
values_heard:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    mov     eax, [ebx + CLOUD_VALUES]
    mov     edx, [ebx + CLOUD_VALUES_DIGEST]
    call    values_compare
    je      .Lvalues_heard_same
    ja      .Lvalues_heard_newer
    cmp     dword ptr [values_waiting], 0
    jne     .Lvalues_heard_done
    mov     dword ptr [values_waiting], 1
    mov     eax, [cluster_netif]
    mov     edx, TELL_SPREAD_MS
    call    random_below
    push    eax
    call    clock_ms
    mov     ecx, eax
    sub     ecx, [values_told]
    mov     edx, TELL_MS
    sub     edx, ecx                    # what is left of the pause since they were told
    cmp     ecx, TELL_MS
    jb      1f
    xor     edx, edx
1:  pop     ecx
    add     eax, ecx
    add     eax, edx
    mov     [values_at], eax
    jmp     .Lvalues_heard_done
.Lvalues_heard_same:
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_VALUES
    jne     .Lvalues_heard_done
    call    clock_ms                    # somebody else has told them
    mov     [values_told], eax
    mov     dword ptr [values_waiting], 0
    jmp     .Lvalues_heard_done
.Lvalues_heard_newer:
    cmp     byte ptr [ebx + CLOUD_KIND], KIND_VALUES
    je      .Lvalues_heard_take
    mov     eax, ebx
    call    coordinator_is
    jne     .Lvalues_heard_done
    call    coordinator_report_now      # the report says what we have
    jmp     .Lvalues_heard_done
.Lvalues_heard_take:
    mov     dword ptr [values_waiting], 0
    call    clock_ms
    mov     [values_told], eax
    lea     eax, [ebx + CLOUD_REGION]
    lea     ecx, [esi - CLOUD_REGION]
    mov     edx, [ebx + CLOUD_VALUES]
    call    values_take
.Lvalues_heard_done:
    pop     esi
    pop     ebx
    ret

# Tells the values when it is time. May sleep.
# In: EAX now.
# Out: EAX milliseconds until it is needed again, 0x7FFFFFFF when nobody is behind.
.global values_timers
values_timers:
    cmp     dword ptr [values_waiting], 0
    je      8f
    mov     ecx, [values_at]
    sub     ecx, eax
    test    ecx, ecx
    mov     eax, ecx
    jg      9f
    call    values_tell
8:  mov     eax, 0x7FFFFFFF
9:  ret
