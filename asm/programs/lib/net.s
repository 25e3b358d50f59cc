# Addresses of the network in programs. A routine takes its arguments in EAX, EDX and ECX and keeps all other registers.

.intel_syntax noprefix
.include "system-calls.inc"

.text

# Finds the address that a name or a text such as 10.0.2.15 stands for. When there is none, the program ends with
# status 1 and says why.
# In: EAX text.
# Out: EAX address.
.global address_of
address_of:
    push    ebx
    mov     edx, eax
    push    0
    mov     ecx, esp
    SYSTEM  resolve, edx, ecx
    test    eax, eax
    js      fail
    pop     eax
    pop     ebx
    ret

# Reads the number of a port. When it is none, the program ends with status 2.
# In: EAX text.
# Out: EAX port.
.global port_of
port_of:
    push    eax
    call    number_of
    pop     edx
    jc      1f
    lea     ecx, [eax - 1]
    cmp     ecx, 65535
    jae     1f
    ret
1:  mov     eax, 2
    call    put_to
    mov     eax, 2
    mov     edx, offset text_no_port
    call    put_to
    SYSTEM  exit, 2

# Reads a MAC address, such as 52:54:00:12:34:56.
# In: EAX text, EDX where its six bytes go.
# Out: EAX text after it; CF when it is none.
.global mac_of
mac_of:
    push    ebx
    mov     ebx, eax
    xor     ecx, ecx
1:  call    hex_digit
    jc      2f
    shl     al, 4
    mov     ch, al
    call    hex_digit
    jc      2f
    or      al, ch
    mov     ch, 0
    mov     [edx + ecx], al
    inc     ecx
    mov     eax, ebx
    cmp     ecx, 6
    je      2f                          # CF is clear
    inc     ebx
    cmp     byte ptr [eax], ':'
    je      1b
    stc
2:  pop     ebx
    ret

# Reads a hexadecimal digit.
# In: EBX text.
# Out: AL its value, EBX after it; CF when it is none.
# Clobbers: EAX.
hex_digit:
    movzx   eax, byte ptr [ebx]
    inc     ebx
    sub     eax, '0'
    cmp     eax, 10
    cmc
    jnc     1f
    or      eax, 0x20
    sub     eax, 'a' - '0'
    cmp     eax, 6
    cmc
    lea     eax, [eax + 10]
1:  ret

# Writes an address in decimal to output.
# In: EAX address.
.global put_address
put_address:
    call    address_text
    jmp     put

# Makes the text of an address.
# In: EAX address.
# Out: EAX its text, until the next is made.
.global address_text
address_text:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, 4
    mov     edx, offset address_end
1:  rol     ebx, 8                      # from its last byte on
    movzx   eax, bl
    mov     cl, 10
    call    text_digits
    dec     esi
    jz      2f
    lea     edx, [eax - 1]
    mov     byte ptr [edx], '.'
    jmp     1b
2:  pop     esi
    pop     ebx
    ret

.section .rodata
text_no_port:   .asciz ": not a port\n"

.bss
address_digits: .space 15
address_end:    .space 1                # the NUL
