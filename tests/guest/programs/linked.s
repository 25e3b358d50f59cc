# A module for the kernel with sections of all kinds: each must lie where what uses it thinks that it is.

.include "macros.inc"

LINKED_ZEROS        = 6000

.text

# Shell command: looks at what was linked, and says which of it is wrong.
linked_command:
    push    ebx
    push    esi
    mov     ebx, 1
    test    dword ptr [linked_address], 63      # an address in data, of what is aligned
    jnz     8f
    inc     ebx
    mov     eax, [linked_address]
    cmp     dword ptr [eax + 4], 0x2222
    jne     8f
    inc     ebx
    mov     eax, [linked_within]                # an address and something
    cmp     dword ptr [eax], 0x2222
    jne     8f
    inc     ebx
    mov     ecx, LINKED_ZEROS / 4               # no bytes in the file
    mov     esi, offset linked_zeros
1:  cmp     dword ptr [esi], 0
    jne     8f
    add     esi, 4
    dec     ecx
    jnz     1b
    inc     ebx
    cmp     dword ptr [linked_began], 3         # init calls in their order
    jne     8f
    inc     ebx
    mov     eax, offset linked_text
    call    string_length                       # the kernel's
    cmp     eax, 5
    jne     8f
    inc     ebx
    call    linked_elsewhere                    # in another section
    cmp     eax, 0x4444
    jne     8f
    inc     ebx
    mov     eax, [linked_kernel]                # of the kernel, with something added
    sub     eax, offset string_length
    cmp     eax, 3
    jne     8f
    PRINT   "linked: all is where it should be\n"
    xor     eax, eax
    jmp     9f
8:  PRINTF  "linked: check %u failed\n", ebx
    mov     eax, 1
9:  pop     esi
    pop     ebx
    ret

# A second command of the module.
other_command:
    PRINT   "linked: other\n"
    xor     eax, eax
    ret

SHELL_COMMAND "linked", linked_command, "", "look at what was linked"
SHELL_COMMAND "linkedother", other_command, "", "be another command"

# Runs first.
linked_start:
    cmp     dword ptr [linked_began], 1
    jne     1f
    mov     dword ptr [linked_began], 2
1:  ret

# Runs second.
linked_start_again:
    cmp     dword ptr [linked_began], 2
    jne     1f
    inc     dword ptr [linked_began]
1:  ret

INITCALL 9, linked_start
INITCALL 9, linked_start_again

# Runs before the module is unloaded.
.global module_exit
module_exit:
    PRINT   "linked: gone\n"
    ret

.section .text.elsewhere, "ax", @progbits
linked_elsewhere:
    mov     eax, [linked_numbers + 8]
    ret

.data
linked_began:       .long 1
linked_address:     .long linked_numbers
linked_within:      .long linked_numbers + 4
linked_kernel:      .long string_length + 3
linked_odd:         .byte 1

.section .rodata.aligned, "a", @progbits
.balign 64
linked_numbers:     .long 0x1111, 0x2222, 0x4444
linked_text:        .asciz "Hello"

.bss
linked_zeros:       .space LINKED_ZEROS
