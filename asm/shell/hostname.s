# The name of this machine: in the prompt, and what it calls itself in the cluster.

.include "macros.inc"
.include "errors.inc"
.include "names.inc"

.text

# Changes the name.
# In: EAX name: letters, digits, and between them `-` and `.`, HOSTNAME_SIZE - 1 characters at most (RFC 952, 1123). One
#     without a letter would be an address, or a part of one.
# Out: CF and EAX error.
.global hostname_set
hostname_set:
    push    esi
    mov     esi, eax
    xor     ecx, ecx
    xor     edx, edx                    # DL 0: at the beginning, or after a sign; DH 1: it has a letter
.Lhostname_set_character:
    mov     al, [esi + ecx]
    test    al, al
    jz      .Lhostname_set_end
    cmp     al, '-'
    je      .Lhostname_set_sign
    cmp     al, '.'
    je      .Lhostname_set_sign
    cmp     al, '0'
    jb      .Lhostname_set_invalid
    cmp     al, '9'
    jbe     .Lhostname_set_alphanumeric
    or      al, 0x20
    cmp     al, 'a'
    jb      .Lhostname_set_invalid
    cmp     al, 'z'
    ja      .Lhostname_set_invalid
    mov     dh, 1
.Lhostname_set_alphanumeric:
    mov     dl, 1
.Lhostname_set_next:
    inc     ecx
    cmp     ecx, HOSTNAME_SIZE
    jb      .Lhostname_set_character
    mov     eax, ERROR_TOO_LONG
    jmp     .Lhostname_set_done
.Lhostname_set_sign:
    test    dl, dl
    jz      .Lhostname_set_invalid
    xor     dl, dl
    jmp     .Lhostname_set_next
.Lhostname_set_end:
    cmp     edx, 0x101
    jne     .Lhostname_set_invalid
    mov     eax, offset hostname
    mov     edx, esi
    mov     ecx, HOSTNAME_SIZE
    call    string_copy
    call    net_changed                 # its names on the network follow
    pop     esi
    clc
    ret
.Lhostname_set_invalid:
    mov     eax, ERROR_INVALID
.Lhostname_set_done:
    pop     esi
    stc
    ret

# Hostname [NAME].
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
    LOAD_STRING eax, "hostname: a name has letters and digits, a letter at least, and - and . between them\n"
4:  call    print
    mov     eax, 1
    ret

SHELL_COMMAND "hostname", command_hostname, "[NAME]", "show or change the name of this machine", GROUP_SYSTEM

.data
.global hostname
hostname:
    .asciz  "qure"
    .space  HOSTNAME_SIZE - 5
