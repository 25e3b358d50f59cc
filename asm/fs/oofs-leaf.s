# OOFS, leaves of directories: entries in the order of their hashes. In all routines EBX = OOFS record (oofs.inc), EDI =
# the directory's tree; both are kept. The name in question is OOFS_NAME.

.include "macros.inc"
.include "errors.inc"
.include "oofs.inc"

.global reason_leaf
STRING reason_leaf, "a leaf of a directory is not valid: block of the directory's content"
.global reason_way
STRING reason_way, "no leaf is on the way of a directory to block of its content"

.text

# Whether the trie ends at a block.
# In: ECX block of the content, EDX steps to it.
# Out: ZF clear when it is a leaf; CF and EAX when there is none on this way.
# Clobbers: EAX only.
oofs_is_leaf:
    push    edx
    cmp     ecx, [edi + TREE_BLOCKS]
    jae     1f
    cmp     edx, LEAF_STEPS_MAX
    ja      1f
    push    esi
    call    oofs_tree_pointer
    pop     esi
    jc      2f
    test    eax, eax                    # CF is clear
    jmp     2f
1:  mov     edx, ecx
    mov     eax, offset reason_way
    call    oofs_damaged
2:  pop     edx
    ret

# The leaf to which a hash leads.
# In: EAX hash.
# Out: ECX block of the content, -1 when the directory has none; EDX steps, EAX hash; CF and EAX error.
.global oofs_leaf_way
oofs_leaf_way:
    push    esi
    mov     esi, eax
    or      ecx, -1
    xor     edx, edx
    cmp     dword ptr [edi + TREE_BLOCKS], 0
    je      .Loofs_leaf_way_found
    xor     ecx, ecx
.Loofs_leaf_way_step:
    call    oofs_is_leaf
    jc      .Loofs_leaf_way_done
    jnz     .Loofs_leaf_way_found
    push    ecx
    CHECK   edx, be, LEAF_STEPS_MAX, "oofs_leaf_way: more steps than there are"
    mov     ecx, edx
    mov     eax, esi
    shl     eax, cl                     # the next bit comes to the top; 20 steps at most
    pop     ecx
    shr     eax, 31
    lea     ecx, [ecx*2 + 1]
    add     ecx, eax
    inc     edx
    jmp     .Loofs_leaf_way_step
.Loofs_leaf_way_found:
    mov     eax, esi
    clc
.Loofs_leaf_way_done:
    pop     esi
    ret

# Reads a leaf. It is proved when it comes from the disk.
# In: ECX block of the content, EDX steps to it, EAX a hash that leads to it.
# Out: EAX data, not to be changed; CF and EAX error.
# Clobbers: EAX only.
.global oofs_leaf_read
oofs_leaf_read:
    push    edx
    push    esi
    push    ebp
    mov     ebp, eax
    mov     esi, edx
    mov     eax, [edi + TREE_KEY]
    xor     edx, edx
    call    cache_find
    jnz     .Loofs_leaf_read_known
    call    oofs_tree_read
    jc      .Loofs_leaf_read_done
    mov     edx, esi
    mov     esi, eax
    call    oofs_leaf_check
    jc      .Loofs_leaf_read_damaged
    mov     eax, esi
    jmp     .Loofs_leaf_read_done       # CF is clear
.Loofs_leaf_read_known:
    mov     eax, [eax + BLOCK_DATA]
    clc
    jmp     .Loofs_leaf_read_done
.Loofs_leaf_read_damaged:
    mov     eax, [edi + TREE_KEY]
    xor     edx, edx
    call    cache_drop
    mov     edx, ecx
    mov     eax, offset reason_leaf
    call    oofs_damaged
.Loofs_leaf_read_done:
    pop     ebp
    pop     esi
    pop     edx
    ret

# Checks a leaf.
# In: ESI data, EDX steps to it, EBP a hash that leads to it.
# Out: CF when it is not valid.
# Clobbers: EAX, EDX only.
oofs_leaf_check:
    push    ecx
    push    edi
    FRAME   12
    # Locals: -4 steps, -8 id of the directory, -12 hash of the entry before
    mov     [ebp - 4], edx
    mov     eax, [edi + TREE_NODE_ID]
    mov     [ebp - 8], eax
    mov     dword ptr [ebp - 12], 0
    cmp     dword ptr [esi + LEAF_MAGIC], LEAF_MAGIC_VALUE
    jne     .Loofs_leaf_check_bad
    cmp     word ptr [esi + LEAF_VERSION], 1
    jne     .Loofs_leaf_check_bad
    cmp     [esi + LEAF_DIRECTORY], eax
    jne     .Loofs_leaf_check_bad
    cmp     dword ptr [esi + LEAF_ZERO], 0
    jne     .Loofs_leaf_check_bad
    movzx   edi, word ptr [esi + LEAF_BYTES]
    cmp     edi, LEAF_ENTRIES
    jb      .Loofs_leaf_check_bad
    cmp     edi, OOFS_BLOCK_BYTES
    ja      .Loofs_leaf_check_bad
    test    edi, 3
    jnz     .Loofs_leaf_check_bad
    mov     ecx, edi
.Loofs_leaf_check_zero:
    cmp     ecx, OOFS_BLOCK_BYTES
    jae     .Loofs_leaf_check_entries
    cmp     dword ptr [esi + ecx], 0
    jne     .Loofs_leaf_check_bad
    add     ecx, 4
    jmp     .Loofs_leaf_check_zero
.Loofs_leaf_check_entries:
    mov     ecx, LEAF_ENTRIES
.Loofs_leaf_check_entry:
    cmp     ecx, edi
    je      .Loofs_leaf_check_good
    call    oofs_entry_check
    jc      .Loofs_leaf_check_bad
    mov     eax, [esi + ecx + ENTRY_HASH]
    cmp     eax, [ebp - 12]
    jb      .Loofs_leaf_check_bad
    mov     [ebp - 12], eax
    xor     eax, [ebp]                  # the caller's EBP: the hash that leads here
    push    ecx
    mov     ecx, 32
    sub     ecx, [ebp - 4]
    cmp     ecx, 32
    je      .Loofs_leaf_check_root
    shr     eax, cl
    test    eax, eax
    jz      .Loofs_leaf_check_root
    pop     ecx
    jmp     .Loofs_leaf_check_bad
.Loofs_leaf_check_root:
    pop     ecx
    call    oofs_entry_bytes
    add     ecx, eax
    jmp     .Loofs_leaf_check_entry
.Loofs_leaf_check_good:
    clc
    jmp     .Loofs_leaf_check_done
.Loofs_leaf_check_bad:
    stc
.Loofs_leaf_check_done:
    ENDFRAME
    pop     edi
    pop     ecx
    ret

# Checks an entry by itself.
# In: ESI leaf, ECX offset of the entry, EDI bytes of the leaf in use; EBP frame of oofs_leaf_check.
# Out: CF when it is not valid.
# Clobbers: EAX, EDX only.
oofs_entry_check:
    push    ecx
    lea     eax, [ecx + ENTRY_NAME]
    cmp     eax, edi
    ja      .Loofs_entry_check_bad
    call    oofs_entry_bytes
    lea     edx, [ecx + eax]
    cmp     edx, edi
    ja      .Loofs_entry_check_bad
    cmp     dword ptr [esi + ecx + ENTRY_OBJECT], 0
    je      .Loofs_entry_check_bad
    movzx   eax, byte ptr [esi + ecx + ENTRY_LENGTH]
    test    eax, eax
    jz      .Loofs_entry_check_bad
    add     ecx, esi
    add     edx, esi                    # EDX: end of the entry
    lea     eax, [ecx + eax + ENTRY_NAME]
.Loofs_entry_check_zero:
    cmp     eax, edx
    je      .Loofs_entry_check_name
    cmp     byte ptr [eax], 0
    jne     .Loofs_entry_check_bad
    inc     eax
    jmp     .Loofs_entry_check_zero
.Loofs_entry_check_name:
    push    ecx
    lea     eax, [ecx + ENTRY_NAME]
    movzx   edx, byte ptr [ecx + ENTRY_LENGTH]
    call    crc32
    pop     ecx
    cmp     eax, [ecx + ENTRY_HASH]
    jne     .Loofs_entry_check_bad
    mov     eax, [ebp - 8]
    cmp     eax, [ebx + OOFS_STATE + STATE_CLASSES]
    je      .Loofs_entry_check_good     # classes may have any name
    lea     eax, [ecx + ENTRY_NAME]
    movzx   edx, byte ptr [ecx + ENTRY_LENGTH]
    call    oofs_name_check
    jmp     .Loofs_entry_check_done
.Loofs_entry_check_good:
    clc
    jmp     .Loofs_entry_check_done
.Loofs_entry_check_bad:
    stc
.Loofs_entry_check_done:
    pop     ecx
    ret

# The length of an entry.
# In: ESI leaf, ECX offset of the entry.
# Out: EAX.
# Clobbers: EAX only.
.global oofs_entry_bytes
oofs_entry_bytes:
    movzx   eax, byte ptr [esi + ecx + ENTRY_LENGTH]
    add     eax, ENTRY_NAME + 3
    and     eax, ~3
    ret

# Checks a name of a file or directory: valid UTF-8 without / and control characters, not . or ..
# In: EAX bytes, EDX number, at least 1.
# Out: CF when it cannot be one.
.global oofs_name_check
oofs_name_check:
    CHECK   edx, ne, 0, "oofs_name_check: a name without a byte"
    push    esi
    push    edi
    mov     esi, eax
    lea     edi, [eax + edx]            # EDI: end
    cmp     byte ptr [esi], '.'
    jne     .Loofs_name_check_next
    cmp     edx, 1
    je      .Loofs_name_check_bad
    cmp     edx, 2
    jne     .Loofs_name_check_next
    cmp     byte ptr [esi + 1], '.'
    je      .Loofs_name_check_bad
.Loofs_name_check_next:
    cmp     esi, edi
    je      .Loofs_name_check_done      # CF is clear
    movzx   eax, byte ptr [esi]
    inc     esi
    cmp     al, ' '
    jb      .Loofs_name_check_bad
    cmp     al, '/'
    je      .Loofs_name_check_bad
    cmp     al, 0x7F
    jb      .Loofs_name_check_next
    mov     ecx, 1                      # ECX: bytes that follow; EDX: least character
    mov     edx, 0x80
    cmp     al, 0xC2
    jb      .Loofs_name_check_bad
    cmp     al, 0xE0
    jb      .Loofs_name_check_two
    cmp     al, 0xF0
    jb      .Loofs_name_check_three
    cmp     al, 0xF4
    ja      .Loofs_name_check_bad
    and     eax, 7
    mov     ecx, 3
    mov     edx, 0x10000
    jmp     .Loofs_name_check_more
.Loofs_name_check_three:
    and     eax, 0x0F
    mov     ecx, 2
    mov     edx, 0x800
    jmp     .Loofs_name_check_more
.Loofs_name_check_two:
    and     eax, 0x1F
.Loofs_name_check_more:
    cmp     esi, edi
    je      .Loofs_name_check_bad
    push    edx
    movzx   edx, byte ptr [esi]
    inc     esi
    xor     edx, 0x80
    shl     eax, 6
    or      eax, edx
    cmp     edx, 0x40
    pop     edx
    jae     .Loofs_name_check_bad
    dec     ecx
    jnz     .Loofs_name_check_more
    cmp     eax, edx
    jb      .Loofs_name_check_bad
    cmp     eax, 0x10FFFF
    ja      .Loofs_name_check_bad
    shr     eax, 11
    cmp     eax, 0xD800 >> 11           # halves of a pair are no characters
    jne     .Loofs_name_check_next
.Loofs_name_check_bad:
    stc
.Loofs_name_check_done:
    pop     edi
    pop     esi
    ret
