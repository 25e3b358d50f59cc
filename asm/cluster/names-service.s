# The services of a cluster's domain: values `service.NAME`, with `PROTOCOL PORT [NODE...]` as their text, one after the
# other. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

.section .rodata
value_service:          .asciz  "service."
VALUE_SERVICE           = . - value_service - 1
proto_tcp:              .asciz  "tcp"
proto_udp:              .asciz  "udp"

.bss
.balign 4
    # the first of its labels,
.global service_label
service_label:          .space NAME_SIZE
    # and those behind it, with a dot in front
.global service_rest
service_rest:           .space NAME_SIZE
.global service_name
service_name:           .space 4
.global service_proto
service_proto:          .space 4
.global service_port
service_port:           .space 4
service_nodes:          .space 4        # text: the names of its nodes, or none for all

.text

# Counts the values that name services.
# Out: EAX how many.
.global names_services
names_services:
    push    ebx
    push    esi
    xor     ebx, ebx
    call    names_first
1:  call    names_next
    jc      2f
    inc     ebx
    jmp     1b
2:  mov     eax, ebx
    pop     esi
    pop     ebx
    ret

# Begins with the values.
# Out: ESI entry.
.global names_first
names_first:
    mov     esi, offset values + VALUES_TEXT
    ret

# Finds the next value that names a service: `service.NAME`, with `PROTOCOL PORT [NODE...]` as its text.
# In: ESI entry.
# Out: ESI the entry after it; what is in service_*; CF when there is none.
# Clobbers: EAX, ECX, EDX.
.global names_next
names_next:
    mov     edx, offset value_service
    call    values_beginning
    jc      9f
    push    ebx
    mov     ebx, eax
    call    names_service
    pop     ebx
    jc      names_next
9:  ret

# Reads what a value says of a service.
# In: EBX its name, then a NUL and its text.
# Out: service_*; CF when it is wrong.
# Clobbers: EAX, EBX, ECX, EDX.
names_service:
    push    esi
    mov     [service_name], ebx
    mov     eax, ebx
    call    names_good
    jc      .Lnames_service_done
    mov     eax, offset service_label
    mov     edx, ebx
    mov     ecx, NAME_SIZE
    call    string_copy
    mov     byte ptr [service_rest], 0
    mov     eax, offset service_label
    mov     dl, '.'
    call    string_find
    jc      1f
    mov     esi, eax
    mov     eax, offset service_rest
    mov     edx, esi
    mov     ecx, NAME_SIZE
    call    string_copy
    mov     byte ptr [esi], 0
1:  mov     eax, ebx
    mov     dl, 0
    call    string_find
    lea     esi, [eax + 1]
    mov     eax, esi
    mov     edx, offset proto_tcp
    mov     [service_proto], edx
    call    string_prefix
    je      2f
    mov     eax, esi
    mov     edx, offset proto_udp
    mov     [service_proto], edx
    call    string_prefix
    jne     .Lnames_service_bad
2:  cmp     byte ptr [eax], ' '
    jne     .Lnames_service_bad
    inc     eax
    call    parse_number
    jc      .Lnames_service_done
    cmp     eax, 0xFFFF
    ja      .Lnames_service_bad
    mov     [service_port], eax
    mov     [service_nodes], edx
    cmp     byte ptr [edx], 0
    je      .Lnames_service_done        # CF is clear
    cmp     byte ptr [edx], ' '
    je      .Lnames_service_done
.Lnames_service_bad:
    stc
.Lnames_service_done:
    pop     esi
    ret

# Whether a value is one that the names can be made of; any other one is.
# In: EAX name, EDX text, or 0.
# Out: CF and EAX what is expected when it is not.
# Clobbers: ECX, EDX.
.global names_value_good
names_value_good:
    push    ebx
    push    esi
    sub     esp, NAME_SIZE + VALUE_SIZE
    mov     ebx, eax
    mov     esi, edx
    test    edx, edx
    jz      .Lnames_value_good_done     # CF is clear
    mov     edx, offset value_domain
    call    string_compare
    je      .Lnames_value_good_domain
    mov     eax, ebx
    mov     edx, offset value_service
    call    string_prefix
    clc
    jne     .Lnames_value_good_done
    mov     eax, esp
    lea     edx, [ebx + VALUE_SERVICE]
    mov     ecx, NAME_SIZE
    call    string_copy
    mov     eax, esp
    call    string_length
    lea     eax, [esp + eax + 1]
    mov     edx, esi
    mov     ecx, VALUE_SIZE
    call    string_copy
    mov     ebx, esp
    call    names_service
    LOAD_STRING eax, "tcp or udp, a port, and names of nodes or none: \"tcp 80\""
    jmp     .Lnames_value_good_done
.Lnames_value_good_domain:
    mov     eax, esi
    call    names_good
    LOAD_STRING eax, "a domain: cloud.example"
.Lnames_value_good_done:
    lea     esp, [esp + NAME_SIZE + VALUE_SIZE] # keeps CF
    pop     esi
    pop     ebx
    ret

# Whether a node has the service: it is among those that the value names, or it names none.
# In: ESI name.
# Out: ZF when it has.
# Clobbers: EAX, ECX.
.global service_has
service_has:
    push    ebx
    push    esi
    push    edi
    mov     ebx, [service_nodes]
    mov     edi, esi
    cmp     byte ptr [ebx], 0
    je      .Lservice_has_done
.Lservice_has_word:
    inc     ebx                         # over the blank in front of a word
    mov     ecx, edi
.Lservice_has_letter:
    mov     al, [ebx]
    cmp     al, ' '
    jbe     .Lservice_has_end
    cmp     al, [ecx]
    jne     .Lservice_has_other
    inc     ebx
    inc     ecx
    jmp     .Lservice_has_letter
.Lservice_has_end:
    cmp     byte ptr [ecx], 0           # the word ends: does the name?
    je      .Lservice_has_done
.Lservice_has_other:
    mov     al, [ebx]
    cmp     al, ' '
    je      .Lservice_has_word
    inc     ebx
    test    al, al
    jnz     .Lservice_has_other
    test    esp, esp                    # ZF clear
.Lservice_has_done:
    pop     edi
    pop     esi
    pop     ebx
    ret
