# Prints the SHA-256 of files, or checks files by such a list.

.include "program.inc"
.include "options.inc"
.include "crypto.inc"

DESCRIPTION "[-c] [PATH...]", "print the SHA-256 of files, or check them"
DETAIL "Prints a line for each file. -c reads such lines, and says of each file whether it is as its line has it; the"
DETAIL "status is 1 when one is not, or cannot be read."

DIGITS          = SHA256_BYTES * 2

.text

# Takes options and paths.
.global _start
_start:
    lea     eax, [esp + 4]
    mov     edx, offset options
    call    options_take
    cmp     dword ptr [checks], 0
    jne     .Lcheck
    mov     esi, eax
    cmp     dword ptr [esi], 0
    jne     1f
    mov     esi, offset only_input
1:  mov     ebx, [esi]
    test    ebx, ebx
    jz      finish
    add     esi, 4
    call    digest_of
    jc      1b
    mov     eax, offset digest
    mov     edx, DIGITS
    call    out_bytes
    mov     eax, offset text_between
    call    out_text
    mov     eax, ebx
    call    out_text
    mov     al, 10
    call    out_byte
    jmp     1b

# Lists are read.
.Lcheck:
    call    lines_begin
.Lcheck_line:
    call    line_next
    jc      .Lcheck_end
    mov     byte ptr [eax + edx], 0     # where the line end was
    mov     esi, eax
    call    listed
    jc      .Lcheck_other
    inc     dword ptr [lists]
    call    check
    jmp     .Lcheck_line
.Lcheck_other:
    inc     dword ptr [others]
    jmp     .Lcheck_line
.Lcheck_end:
    mov     edx, offset text_no_list
    cmp     dword ptr [lists], 0
    je      .Lcheck_say
    mov     edx, offset text_lines
    cmp     dword ptr [others], 0
    je      finish
    jmp     .Lcheck_warn
.Lcheck_say:
    mov     dword ptr [output_status], 1
.Lcheck_warn:
    call    out_flush
    mov     eax, 2
    call    put_to
    jmp     finish

# Whether a line has a digest and a path.
# In: ESI line, with a NUL.
# Out: EBX path; CF when it has not.
# Clobbers: EAX, ECX.
listed:
    xor     ecx, ecx
1:  mov     al, [esi + ecx]
    cmp     al, 'A'
    jb      2f
    cmp     al, 'F'
    ja      2f
    or      al, 0x20
    mov     [esi + ecx], al
2:  mov     ah, al
    sub     ah, '0'
    cmp     ah, 10
    jb      3f
    sub     al, 'a'
    cmp     al, 6
    cmc
    jc      4f
3:  inc     ecx
    cmp     ecx, DIGITS
    jb      1b
    lea     ebx, [esi + DIGITS + 2]
    mov     ax, [ebx - 2]
    cmp     ax, ' ' + (' ' << 8)
    je      .Llisted_path
    cmp     ax, ' ' + ('*' << 8)
    je      .Llisted_path
    stc
    ret
.Llisted_path:
    cmp     byte ptr [ebx], 1           # CF when there is no path
4:  ret

# Checks a file, and says how it is.
# In: ESI digest that it should have, EBX path.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
check:
    mov     ecx, DIGITS / 4             # the list may be moved when it is read on
    mov     edi, offset wanted
    rep movsd
    call    digest_of
    mov     edx, offset text_unread
    jc      1f
    mov     esi, offset digest
    mov     edi, offset wanted
    mov     ecx, DIGITS / 4
    repe cmpsd
    mov     edx, offset text_good
    je      2f
    mov     edx, offset text_bad
1:  mov     dword ptr [output_status], 1
2:  push    edx
    mov     eax, ebx
    call    out_text
    pop     eax
    jmp     out_text

# Makes the digest of a file. What is wrong is said.
# In: EBX path.
# Out: digest, as digits; CF when it cannot be read.
# Clobbers: EAX, ECX, EDX, EDI.
digest_of:
    push    esi
    push    ebx
    xor     esi, esi                    # ESI: handle
    cmp     word ptr [ebx], '-'
    je      1f
    SYSTEM  open, ebx, FILE_READ
    test    eax, eax
    js      .Ldigest_of_failed
    mov     esi, eax
1:  mov     eax, offset record
    call    sha256_begin
2:  SYSTEM  read, esi, "offset block", INPUT_BYTES
    test    eax, eax
    js      .Ldigest_of_close
    jz      3f
    mov     ecx, eax
    add     eax, [record + SHA256_COUNT]
    mov     eax, -ERROR_TOO_LONG        # 4 GiB is more than a record counts
    jc      .Ldigest_of_close
    mov     eax, offset record
    mov     edx, offset block
    call    sha256_add
    jmp     2b
3:  mov     eax, offset record
    mov     edx, offset bytes
    call    sha256_end
    call    close
    mov     esi, offset bytes
    mov     edi, offset digest
    mov     ecx, SHA256_BYTES
4:  lodsb
    mov     ah, al
    shr     al, 4
    and     ah, 15
    call    digit
    stosb
    mov     al, ah
    call    digit
    stosb
    loop    4b
    pop     ebx
    pop     esi
    clc
    ret
.Ldigest_of_close:
    call    close
.Ldigest_of_failed:
    pop     ebx
    pop     esi
    mov     edx, ebx
    call    complain
    stc
    ret

# Closes a file, but not the input.
# In: ESI handle.
# Clobbers: EBX.
close:
    test    esi, esi
    jz      1f
    push    eax
    SYSTEM  close, esi
    pop     eax
1:  ret

# A digit in hexadecimal.
# In: AL below 16.
# Out: AL.
digit:
    add     al, '0'
    cmp     al, '9'
    jbe     1f
    add     al, 'a' - '0' - 10
1:  ret

.section .rodata
.balign 4
only_input:     .long text_dash, 0
options:
    OPTION  'c', OPTION_SET, checks
    .byte   0
text_dash:      .asciz "-"
text_between:   .asciz "  "
text_good:      .asciz ": OK\n"
text_bad:       .asciz ": FAILED\n"
text_unread:    .asciz ": FAILED open or read\n"
text_no_list:   .asciz "sha256sum: no line has a digest and a path\n"
text_lines:     .asciz "sha256sum: some lines have no digest and path\n"

.bss
.balign 4
checks:         .space 4                # 1: -c
lists:          .space 4                # lines with a digest
others:         .space 4                # without
record:         .space SHA256_SIZE
bytes:          .space SHA256_BYTES
digest:         .space DIGITS
wanted:         .space DIGITS
block:          .space INPUT_BYTES
