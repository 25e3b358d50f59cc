# Calls the kernel with anything: random calls with random arguments, many of them addresses that are not the program's.
# It runs itself again and again, each time for a thousand calls, because such a program may not live long; one that
# does not come to its end counts for nothing.

.intel_syntax noprefix
.include "system-calls.inc"

CALLS           = 1000                      # of a child
LIFE_MS         = 500                       # of a child that waits for what never comes

.text

# Takes the number of calls, and a seed. A child has a third argument.
.global _start
_start:
    mov     eax, [esp + 8]
    test    eax, eax
    jz      .Lusage
    call    number_of
    jc      .Lusage
    mov     [calls], eax
    mov     dword ptr [seed], 1
    mov     eax, [esp + 12]
    test    eax, eax
    jz      .Lbegin
    call    number_of
    jc      .Lusage
    mov     [seed], eax
    cmp     dword ptr [esp + 16], 0
    jne     child
.Lbegin:
    xor     ebp, ebp                    # EBP: calls that were made
.Lchild_next:
    inc     dword ptr [children]
    mov     eax, [seed]
    inc     dword ptr [seed]
    mov     edi, offset text_seed + 10
    mov     ecx, 10
.Ldigit:
    xor     edx, edx
    div     ecx
    add     dl, '0'
    dec     edi
    mov     [edi], dl
    test    eax, eax
    jnz     .Ldigit
    mov     [arguments + 8], edi
    SYSTEM  spawn, "offset text_path", "offset arguments", 0, "offset no_streams"
    mov     edx, offset text_path
    test    eax, eax
    js      fail
    mov     edi, eax
    SYSTEM  wait, edi, LIFE_MS
    test    eax, eax
    jns     .Lchild_ended
    inc     dword ptr [killed]
    SYSTEM  kill, edi
    SYSTEM  wait, edi, -1
    mov     eax, -1
.Lchild_ended:
    test    eax, eax
    jnz     .Lnext
    add     ebp, CALLS
.Lnext:
    cmp     ebp, [calls]
    jb      .Lchild_next
    mov     eax, ebp
    call    put_number
    mov     eax, offset text_calls
    call    put
    mov     eax, [children]
    call    put_number
    mov     eax, offset text_children
    call    put
    mov     eax, [killed]
    call    put_number
    mov     eax, offset text_killed
    call    put
    SYSTEM  exit, 0
.Lusage:
    mov     eax, 2
    mov     edx, offset text_usage
    call    put_to
    SYSTEM  exit, 2

# A child: makes the calls.
child:
    mov     dword ptr [left], CALLS
.Lcall_next:
    dec     dword ptr [left]
    jz      .Lcall_end
    mov     edi, offset values
.Lcall_value:
    call    argument
    stosd
    cmp     edi, offset values_end
    jb      .Lcall_value
    call    random
    xor     edx, edx
    mov     ecx, CALL_COUNT + 1
    div     ecx
    mov     eax, edx
    cmp     eax, CALL_exit
    je      .Lcall_next
    cmp     eax, CALL_thread_exit
    je      .Lcall_next
    cmp     eax, CALL_sleep
    je      .Lcall_next
    cmp     eax, CALL_resolve           # asks the network for seconds: some do
    je      .Lcall_some
    cmp     eax, CALL_thread_create     # its threads would end it: some do
    jne     .Lcall_load
.Lcall_some:
    test    byte ptr [seed + 2], 63
    jnz     .Lcall_next
.Lcall_load:
    mov     ebx, [values]
    mov     ecx, [values + 4]
    mov     edx, [values + 8]
    mov     esi, [values + 12]
    mov     edi, [values + 16]
    cmp     eax, CALL_wait
    jne     .Lcall_wait_time
    xor     ecx, ecx
.Lcall_wait_time:
    cmp     eax, CALL_value_wait
    je      .Lcall_third_time
    cmp     eax, CALL_accept
    je      .Lcall_third_time
    cmp     eax, CALL_poll
    jne     .Lcall_connect_time
.Lcall_third_time:
    xor     edx, edx
.Lcall_connect_time:
    cmp     eax, CALL_connect
    jne     .Lcall_fifth_time
    xor     esi, esi
.Lcall_fifth_time:
    cmp     eax, CALL_send
    je      .Lcall_no_time
    cmp     eax, CALL_receive
    jne     .Lcall_make
.Lcall_no_time:
    xor     edi, edi
.Lcall_make:
    cmp     eax, CALL_key
    je      .Lcall_first_time
    cmp     eax, CALL_state_wanted
    jne     .Lcall_do
.Lcall_first_time:
    xor     ebx, ebx
.Lcall_do:
    int     0x80
    jmp     .Lcall_next
.Lcall_end:
    SYSTEM  exit, 0

# An argument: a small number, an address of its own, of the kernel, of the edge between, or anything.
# Out: EAX.
argument:
    call    random
    mov     ecx, eax
    shr     ecx, 8
    and     eax, 7
    jmp     [makers + eax*4]
argument_small:
    mov     eax, ecx
    and     eax, 15
    ret
argument_own:
    mov     eax, ecx
    and     eax, 4095
    add     eax, offset playground
    ret
argument_path:
    and     ecx, 3
    mov     eax, [paths + ecx*4]
    ret
argument_list:
    mov     eax, offset arguments
    ret
argument_kernel:
    mov     eax, ecx
    or      eax, 0xC0000000
    ret
argument_edge:
    mov     eax, ecx
    and     eax, 8191
    add     eax, 0xC0000000 - 4096
    ret
argument_below:
    mov     eax, ecx
    and     eax, 0xFFF
    ret
argument_any:
    call    random
    ret

# A random number.
# Out: EAX.
# Clobbers: EDX.
random:
    mov     eax, [seed]
    mov     edx, 1664525
    mul     edx
    add     eax, 1013904223
    mov     [seed], eax
    rol     eax, 16
    ret

.section .rodata
text_path:      .asciz "/bin/hostile"
text_one:       .asciz "1"
text_env:       .asciz "/bin/env"
text_bin:       .asciz "/bin"
text_net:       .asciz "/net/hostile"
text_root:      .asciz "/"
text_usage:     .asciz "usage: hostile CALLS [SEED]\n"
text_calls:     .asciz " calls by "
text_children:  .asciz " programs, "
text_killed:    .asciz " of them killed\n"
.balign 4
makers:
    .long   argument_small, argument_own, argument_path, argument_list
    .long   argument_kernel, argument_edge, argument_below, argument_any
paths:
    .long   text_env, text_net, text_root, text_bin
no_streams:
    .long   -1, -1, -1

.data
text_seed:
    .ascii  "0000000000"
    .byte   0
.balign 4
arguments:
    .long   text_path, text_one, 0, text_one, 0

.bss
.balign 4
calls:          .space 4
seed:           .space 4
children:       .space 4
killed:         .space 4
left:           .space 4
values:         .space 20
values_end:
playground:     .space 8192
