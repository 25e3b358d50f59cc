# Persistent objects for tests of storage: link this object with those of asm/. `save CLASS BYTES SEED` saves bytes that
# follow from the seed, `load CLASS LIMIT` says which seed's bytes an object of at most LIMIT bytes holds. Both work on
# whatever is mounted at /net, and know the version of the class that may come last; else it is 0.

.include "macros.inc"
.include "errors.inc"

SHELL_COMMAND "save", command_save, "CLASS BYTES SEED [VERSION]", "save an object", GROUP_DEBUG
SHELL_COMMAND "load", command_load, "CLASS LIMIT [VERSION]", "load an object", GROUP_DEBUG

STRING test_mount, "/net"

.bss
.balign 4
test_known:     .skip 4

.text

# Fills memory with what follows from a seed: the seed itself, then a sequence of numbers.
# In: EAX address, EDX bytes, a multiple of 4, ECX seed.
test_fill:
    push    edi
    mov     edi, eax
    mov     eax, ecx
1:  stosd
    imul    eax, eax, 1103515245
    add     eax, 12345
    sub     edx, 4
    ja      1b
    pop     edi
    ret

# Takes the version of a class.
# In: EAX word, or 0.
# Out: EAX version, 0 when there is no word.
# Clobbers: EAX, EDX only.
test_version:
    test    eax, eax
    jz      1f
    push    ecx
    call    parse_number
    pop     ecx
1:  ret

command_save:
    push    ebx
    push    esi
    push    edi
    mov     ebx, edx
    mov     eax, [ebx + 8]
    call    parse_number
    jc      8f
    mov     esi, eax                    # ESI: bytes
    mov     eax, [ebx + 12]
    call    parse_number
    jc      8f
    mov     edi, eax
    mov     eax, esi
    call    malloc
    jc      8f
    mov     ecx, edi
    mov     edi, eax                    # EDI: content
    mov     edx, esi
    call    test_fill
    mov     eax, offset test_mount
    call    mount_find
    jc      7f
    push    edi
    mov     ecx, edi
    mov     edi, eax
    mov     eax, [ebx + 16]
    call    test_version
    xchg    eax, edi
    mov     edx, [ebx + 4]
    call    object_save_version
    pop     edi
    jc      7f
    PRINTF  "saved %s\n", [ebx+4]
    mov     eax, edi
    call    mfree
    xor     eax, eax
    jmp     9f
7:  push    eax
    mov     eax, edi
    call    mfree
    pop     eax
8:  call    error_text
    PRINTF  "not saved: %s\n", eax
    mov     eax, 1
9:  pop     edi
    pop     esi
    pop     ebx
    ret

command_load:
    push    ebx
    push    esi
    push    edi
    mov     eax, [edx + 12]
    push    edx
    call    test_version
    pop     edx
    mov     [test_known], eax
    mov     ebx, [edx + 4]
    mov     eax, [edx + 8]
    call    parse_number
    jc      8f
    mov     esi, eax
    call    malloc
    jc      8f
    mov     edi, eax                    # EDI: content
    mov     eax, offset test_mount
    call    mount_find
    jc      7f
    push    edi
    mov     edx, ebx
    mov     ecx, edi
    mov     edi, [test_known]
    call    object_load_version
    pop     edi
    jc      7f
    mov     esi, eax                    # ESI: bytes
    push    edi
    mov     ecx, [edi]
    mov     eax, ecx
    mov     edx, esi
4:  cmp     [edi], eax
    jne     5f
    add     edi, 4
    imul    eax, eax, 1103515245
    add     eax, 12345
    sub     edx, 4
    ja      4b
    pop     edi
    PRINTF  "%s holds %u bytes of seed %u\n", ebx, esi, ecx
    jmp     6f
5:  pop     edi
    PRINTF  "%s holds what nobody saved\n", ebx
6:  mov     eax, edi
    call    mfree
    xor     eax, eax
    jmp     9f
7:  push    eax
    mov     eax, edi
    call    mfree
    pop     eax
8:  call    error_text
    PRINTF  "%s not loaded: %s\n", ebx, eax
    mov     eax, 1
9:  pop     edi
    pop     esi
    pop     ebx
    ret
