# A program that prints control sequences and takes keys, for tests: `screen TEXT` prints TEXT, in which ^ is ESC, and
# waits for a key; `screen keys` prints the number of each key until Q; `screen deaf` takes no key after the first.

.include "program.inc"

.text

.global _start
_start:
    cmp     dword ptr [esp], 2
    jne     misused
    mov     esi, [esp + 8]
    cmp     dword ptr [esi], 'k' + ('e' << 8) + ('y' << 16) + ('s' << 24)
    je      keys
    cmp     dword ptr [esi], 'd' + ('e' << 8) + ('a' << 16) + ('f' << 24)
    je      deaf
1:  lodsb
    test    al, al
    jz      2f
    cmp     al, '^'
    jne     3f
    mov     al, 27
3:  call    out_byte
    jmp     1b
2:  call    out_flush
    SYSTEM  key, -1
    jmp     finish

keys:
    SYSTEM  key, 5000
    mov     edx, offset text_key
    test    eax, eax
    js      fail
    mov     esi, eax
    xor     edx, edx
    call    out_number
    mov     al, 10
    call    out_byte
    call    out_flush
    cmp     esi, 'q'
    jne     keys
    jmp     finish

deaf:
    SYSTEM  key, -1
1:  jmp     1b

.section .rodata
text_key:       .asciz "key"
