# A TCP connection to another machine, or from one that calls: what comes in is sent, and what is received goes out.

.include "program.inc"

CONNECTIONS     = 1                     # kind of socket
REUSE           = 5                     # socket option: the port may still be in use by an ended connection
SENDING         = 2                     # direction of `shutdown`
CONNECT_MS      = 10000
PIECE_BYTES     = 4096
STACK_BYTES     = 4096

# The record of `socket_status`.
STATUS_ADDRESS  = 8
STATUS_PORT     = 12
STATUS_SIZE     = 48

DESCRIPTION "ADDRESS|NAME PORT | -l PORT", "talk to a TCP port", GROUP_NETWORK
DETAIL "Sends its input and writes what comes, byte by byte; from the console, a row at a time. -l waits for a call."
DETAIL "At the end of the input, which Ctrl-D is at the console, no more is sent; Ctrl-C ends."

.text

# Takes an address or -l, and the port.
.global _start
_start:
    cmp     dword ptr [esp], 3
    jne     misused
    mov     eax, [esp + 12]
    call    port_of
    mov     edi, eax                    # EDI: port
    SYSTEM  handle_kind, 0
    mov     [input], eax
    SYSTEM  socket, CONNECTIONS         # without an input it gets that one's number
    mov     edx, offset text_nc
    test    eax, eax
    js      fail
    mov     ebp, eax                    # EBP: socket
    mov     ebx, [esp + 8]
    mov     eax, [ebx]
    and     eax, 0xFFFFFF
    cmp     eax, '-' + ('l' << 8)
    je      .Llisten
    mov     eax, ebx
    call    address_of
    mov     ecx, eax
    mov     edx, edi
    SYSTEM  connect, ebp, ecx, edx, CONNECT_MS
    mov     edx, offset text_nc
    cmp     eax, -ERROR_IN_PROGRESS
    jne     1f
    mov     eax, -ERROR_TIMEOUT
1:  test    eax, eax
    js      fail
    SYSTEM  socket_status, ebp, "offset status"
    mov     esi, offset status + STATUS_ADDRESS
    mov     edx, offset text_connected
    mov     ecx, offset text_none
    call    say_peer
    jmp     .Ltalk

.Llisten:
    SYSTEM  socket_option, ebp, REUSE, 1
    SYSTEM  bind, ebp, 0, edi
    mov     edx, offset text_nc
    test    eax, eax
    js      fail
    SYSTEM  listen, ebp, 1
    mov     edx, offset text_nc
    test    eax, eax
    js      fail
    SYSTEM  accept, ebp, "offset status", -1
    mov     edx, offset text_nc
    test    eax, eax
    js      fail
    mov     edi, eax
    SYSTEM  close, ebp                  # one call is all
    mov     ebp, edi
    mov     esi, offset status
    mov     edx, offset text_nc_row
    mov     ecx, offset text_calls
    call    say_peer

.Ltalk:
    cmp     dword ptr [input], 0
    jl      .Lreceive
    SYSTEM  thread_create, "offset send_input", "offset stack_end", ebp
    mov     edx, offset text_nc
    test    eax, eax
    js      fail
.Lreceive:
    SYSTEM  read, ebp, "offset received", PIECE_BYTES
    mov     edx, offset text_nc
    test    eax, eax
    js      fail
    jz      .Lend
    mov     ecx, eax
    mov     edx, offset received
    mov     eax, 1
    call    write_all
    mov     edx, offset text_output
    jnc     .Lreceive
    jmp     fail
.Lend:
    SYSTEM  exit, 0

# A thread: sends the input, if there is one. A program in the background may have none, and still receives.
# In: EAX socket.
send_input:
    mov     ebp, eax
.Lsend_next:
    SYSTEM  read, 0, "offset sent", PIECE_BYTES
    test    eax, eax
    js      .Lsend_end
    jz      .Lsend_whole
    mov     ecx, eax
    mov     edx, offset sent
    mov     eax, ebp
    call    write_all
    jnc     .Lsend_next
.Lsend_end:
    SYSTEM  thread_exit                 # why it cannot be sent the other thread says
.Lsend_whole:
    SYSTEM  shutdown, ebp, SENDING
    SYSTEM  thread_exit

# Says on errors who talks.
# In: ESI address and port, a dword each; EDX text before, ECX text after them.
# Clobbers: EAX, ECX, EDX.
say_peer:
    push    ecx
    mov     eax, 2
    call    text_add
    mov     eax, [esi]
    call    address_text
    mov     edx, eax
    mov     eax, 2
    call    text_add
    mov     eax, 2
    mov     edx, offset text_colon
    call    text_add
    mov     eax, 2
    mov     edx, [esi + 4]
    call    text_add_number
    pop     edx
    mov     eax, 2
    call    text_add
    mov     eax, 2
    jmp     text_end

.section .rodata
text_nc:        .asciz "nc"
text_nc_row:    .asciz "nc: "
text_connected: .asciz "nc: connected from "
text_calls:     .asciz " calls"
text_colon:     .asciz ":"
text_none:      .asciz ""
text_output:    .asciz "output"

.bss
.balign 4
input:          .space 4                # kind of input; negative: there is none
status:         .space STATUS_SIZE
received:       .space PIECE_BYTES
sent:           .space PIECE_BYTES
stack:          .space STACK_BYTES
stack_end:
