# The name of this machine: in the prompt, and what it calls itself in the cluster.

.include "macros.inc"
.include "errors.inc"
.include "names.inc"

.section .rodata
# What commands take in the place of a machine's name: no machine has it.
.global name_any
name_any:               .asciz  "any"
.global name_all
name_all:               .asciz  "all"
.global name_accept
name_accept:            .asciz  "accept"
.balign 4
name_words:             .long   name_any, name_all, name_accept, 0

.text

# Changes the name.
# In: EAX name, as hostname_good has it.
# Out: CF and EAX error.
.global hostname_set
hostname_set:
    push    eax
    call    hostname_good
    pop     edx
    jc      1f
    mov     eax, offset hostname
    mov     ecx, HOSTNAME_SIZE
    call    string_copy
    call    net_changed                 # its names on the network follow
    clc
1:  ret

# Whether a machine can have a name.
# In: EAX name: letters, digits, and between them `-` and `.`, HOSTNAME_SIZE - 1 characters at most (RFC 952, 1123). One
#     without a letter would be an address, or a part of one; some are in name_words.
# Out: CF and EAX error: ERROR_NOT_PERMITTED for one of those.
# Clobbers: ECX, EDX.
.global hostname_good
hostname_good:
    push    esi
    mov     esi, eax
    xor     ecx, ecx
    xor     edx, edx                    # DL 0: at the beginning, or after a sign; DH 1: it has a letter
.Lhostname_good_character:
    mov     al, [esi + ecx]
    test    al, al
    jz      .Lhostname_good_end
    cmp     al, '-'
    je      .Lhostname_good_sign
    cmp     al, '.'
    je      .Lhostname_good_sign
    cmp     al, '0'
    jb      .Lhostname_good_invalid
    cmp     al, '9'
    jbe     .Lhostname_good_alphanumeric
    or      al, 0x20
    cmp     al, 'a'
    jb      .Lhostname_good_invalid
    cmp     al, 'z'
    ja      .Lhostname_good_invalid
    mov     dh, 1
.Lhostname_good_alphanumeric:
    mov     dl, 1
.Lhostname_good_next:
    inc     ecx
    cmp     ecx, HOSTNAME_SIZE
    jb      .Lhostname_good_character
    mov     eax, ERROR_TOO_LONG
    jmp     .Lhostname_good_done
.Lhostname_good_sign:
    test    dl, dl
    jz      .Lhostname_good_invalid
    xor     dl, dl
    jmp     .Lhostname_good_next
.Lhostname_good_end:
    cmp     edx, 0x101
    jne     .Lhostname_good_invalid
    xor     ecx, ecx
1:  mov     edx, [name_words + ecx*4]
    test    edx, edx
    jz      2f                          # CF is clear
    mov     eax, esi
    inc     ecx
    push    ecx
    call    string_compare
    pop     ecx
    jne     1b
    mov     eax, ERROR_NOT_PERMITTED
    jmp     .Lhostname_good_done
2:  pop     esi
    ret
.Lhostname_good_invalid:
    mov     eax, ERROR_INVALID
.Lhostname_good_done:
    pop     esi
    stc
    ret

.data
.global hostname
hostname:
    .asciz  "qure"
    .space  HOSTNAME_SIZE - 5

.bss
    # what this machine, a twin, is to be called whatever its host and its disk say, or empty
.global hostname_next
hostname_next:          .space HOSTNAME_SIZE
