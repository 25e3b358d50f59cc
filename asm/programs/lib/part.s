# What a file or directory is called until it is whole. It lies beside the one that it is to become, under a name that
# is drawn and that nobody had, so nothing of the user's is ever taken for it. It takes its place by being renamed, as a
# whole or not at all. A routine takes its arguments in EAX, EDX and ECX and keeps all other registers.

.include "program.inc"

PART_TRIES      = 16                    # names that are drawn before one is given up
PART_DIGITS     = 8
PART_BYTES      = PART_DIGITS + 7       # ".01234567.part", with the NUL

.text

# Makes a new file, to be written.
# In: EAX path of what it is to become.
# Out: EAX handle, and `part` is its path; CF and EAX negated error code.
.global part_open
part_open:
    push    ebx
    push    esi
    call    part_beside
    jc      3f
    mov     esi, PART_TRIES
1:  call    part_draw
    SYSTEM  open, "offset part", FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE
    test    eax, eax
    jns     3f                          # CF is clear
    cmp     eax, -ERROR_EXISTS
    jne     2f
    dec     esi
    jnz     1b
2:  stc
3:  pop     esi
    pop     ebx
    ret

# Makes a new directory.
# In: EAX path of what it is to become.
# Out: `part` is its path; CF and EAX negated error code.
.global part_directory
part_directory:
    push    ebx
    push    esi
    call    part_beside
    jc      3f
    mov     esi, PART_TRIES
1:  call    part_draw
    SYSTEM  directory_make, "offset part"
    test    eax, eax
    jns     3f                          # CF is clear
    cmp     eax, -ERROR_EXISTS
    jne     2f
    dec     esi
    jnz     1b
2:  stc
3:  pop     esi
    pop     ebx
    ret

# Gives the part its name: it replaces what has that. When that fails, the part is removed if it is a file.
# In: EAX path.
# Out: EAX negated error code.
.global part_place
part_place:
    push    ebx
    SYSTEM  rename, "offset part", eax
    test    eax, eax
    jns     1f
    call    part_remove
1:  pop     ebx
    ret

# Removes the part.
# Out: EAX as it was.
.global part_remove
part_remove:
    push    ebx
    push    eax
    SYSTEM  unlink, "offset part"
    pop     eax
    pop     ebx
    ret

# Makes the path of the directory in which something is.
# In: EAX path of that.
# Out: `part`, and part_last; CF and EAX negated error code when it is too long.
part_beside:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, offset part
    mov     edx, edi                    # EDX: where the last name begins; slashes may follow it
    mov     ecx, PATH_BYTES - PART_BYTES
1:  lodsb
    stosb
    test    al, al
    jz      3f
    cmp     al, '/'
    jne     2f
    mov     al, [esi]
    test    al, al
    jz      2f
    cmp     al, '/'
    je      2f
    mov     edx, edi
2:  loop    1b
    mov     eax, -ERROR_TOO_LONG
    stc
    jmp     4f
3:  mov     [part_last], edx            # CF is clear
4:  pop     edi
    pop     esi
    ret

# Makes the next name of the part: the first of a program is drawn, for others may be at work in the same directory.
part_draw:
    push    ebx
    push    edi
    inc     dword ptr [part_number]
    cmp     dword ptr [part_number], 1
    jne     2f
    SYSTEM  random, "offset part_number", 4
2:  mov     edi, [part_last]
    mov     al, '.'
    stosb
    mov     edx, [part_number]
    mov     ecx, PART_DIGITS
1:  rol     edx, 4
    mov     al, dl
    and     al, 15
    cmp     al, 10
    sbb     al, 0x69                    # '0' to '9', 'a' to 'f'
    das
    or      al, 0x20
    stosb
    loop    1b
    mov     dword ptr [edi], '.' + ('p' << 8) + ('a' << 16) + ('r' << 24)
    mov     dword ptr [edi + 4], 't'    # and the NUL
    pop     edi
    pop     ebx
    ret

.bss
.balign 4
part_number:    .space 4                # what its name is made of
part_last:      .space 4                # where that goes
.global part
part:           .space PATH_BYTES + PART_BYTES
