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

.data
.global hostname
hostname:
    .asciz  "qure"
    .space  HOSTNAME_SIZE - 5
