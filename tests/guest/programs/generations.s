# Tests of what is left of the table of handles after very many, that run inside a machine: link this object with those
# of asm/ and type `generationtest`.

.include "macros.inc"
.include "selftest.inc"
.include "handle.inc"

.text

SELFTEST generationtest, generation_tests, "test the generations of handles"

HANDLE_TYPE test_type, "test", test_destroy

# Destructor: has nothing to give back.
test_destroy:
    ret

# Opens a test's handle.
# In: EAX object. Out: EAX handle, CF.
test_open:
    mov     edx, offset test_type
    xor     ecx, ecx
    jmp     handle_open

# An entry goes through all its generations and is then left alone; many handles are open at once.
test_handle_generations:
    mov     edi, [handles_open]
    mov     eax, 1
    call    test_open
    jc      9f
    mov     ebx, eax                    # EBX: the first handle of all
    xor     edx, edx
    call    handle_close
    mov     esi, 1 << 19
1:  mov     eax, 1
    call    test_open
    jc      9f
    cmp     eax, ebx
    je      8f
    xor     edx, edx
    call    handle_close
    jc      9f
    dec     esi
    jnz     1b
    mov     esi, 3000
2:  mov     eax, 1
    call    test_open
    jc      9f
    cmp     eax, ebx
    je      8f
    dec     esi
    jnz     2b
    mov     eax, [handles_open]
    sub     eax, edi
    cmp     eax, 3000
    jne     8f
3:  mov     eax, offset test_type
    mov     edx, 1
    call    handle_search
    jc      4f
    xor     edx, edx
    call    handle_close
    jc      9f
    jmp     3b
4:  cmp     [handles_open], edi
    jne     8f
    clc
    ret
8:  stc
9:  ret

.section .rodata
.balign 4
generation_tests:
    CASE    "handle generations", test_handle_generations
    .long   0
