# The name of this machine: in the prompt, and what it calls itself in the cluster.

.include "macros.inc"
.include "errors.inc"
.include "names.inc"

.globl hostname, hostname_set

.text

# Changes the name. In: EAX name: letters, digits, and between them `-` and `.`, HOSTNAME_SIZE - 1 characters at most (RFC 952, 1123).
# Out: CF and EAX error.
hostname_set:
    push    esi
    mov     esi, eax
    xor     ecx, ecx
    xor     edx, edx                        # 0: at the beginning, or behind a sign
1:  mov     al, [esi + ecx]
    test    al, al
    jz      3f
    cmp     al, '-'
    je      4f
    cmp     al, '.'
    je      4f
    cmp     al, '0'
    jb      8f
    cmp     al, '9'
    jbe     2f
    or      al, 0x20
    cmp     al, 'a'
    jb      8f
    cmp     al, 'z'
    ja      8f
2:  mov     edx, 1
5:  inc     ecx
    cmp     ecx, HOSTNAME_SIZE
    jb      1b
    mov     eax, ERROR_TOO_LONG
    jmp     9f
4:  test    edx, edx
    jz      8f
    xor     edx, edx
    jmp     5b
3:  test    edx, edx
    jz      8f
    mov     eax, offset hostname
    mov     edx, esi
    mov     ecx, HOSTNAME_SIZE
    call    string_copy
    pop     esi
    clc
    ret
8:  mov     eax, ERROR_INVALID
9:  pop     esi
    stc
    ret

# hostname [NAME]
command_hostname:
    cmp     eax, 2
    ja      2f
    je      1f
    mov     eax, offset hostname
    PRINTF  "%s\n", eax
    xor     eax, eax
    ret
1:  mov     eax, [edx + 4]
    call    hostname_set
    jc      3f
    xor     eax, eax
    ret
2:  PRINT   "usage: hostname [NAME]\n"
    mov     eax, 2
    ret
3:  cmp     eax, ERROR_TOO_LONG
    LOAD_STRING eax, "hostname: a name has at most 15 characters\n"
    je      4f
    LOAD_STRING eax, "hostname: a name has letters and digits, and - and . between them\n"
4:  call    print
    mov     eax, 1
    ret

SHELL_COMMAND "hostname", command_hostname, "[NAME]", "show or change the name of this machine", GROUP_SYSTEM

.data
hostname:
    .asciz  "qure"
    .space  HOSTNAME_SIZE - 5
