# Tests of as many sockets for connections as there can be, for net.s: one more is refused, and a connection that there
# was before goes on.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

STREAMS_MAXIMUM         = 4096
PORT                    = 7600
LOOPBACK                = 0x0100007F    # 127.0.0.1
WAIT_MS                 = 1000

.bss
.balign 4
listener:               .space 4
caller:                 .space 4
called:                 .space 4
others:                 .space STREAMS_MAXIMUM * 4
said:                   .space 4

.text

# A connection of the machine with itself.
# Out: CF when there is none.
streams_begin:
    call    stream_open
    jc      9f
    mov     [listener], eax
    xor     edx, edx
    mov     ecx, PORT
    call    stream_bind
    jc      9f
    mov     eax, [listener]
    mov     edx, 4
    call    stream_listen
    jc      9f
    call    stream_open
    jc      9f
    mov     [caller], eax
    mov     edx, LOOPBACK
    mov     ecx, PORT
    mov     edi, WAIT_MS
    call    stream_connect
    jc      9f
    mov     eax, [listener]
    mov     edx, WAIT_MS
    call    stream_accept
    mov     [called], eax
9:  ret

# Has one end say something to the other.
# Out: CF when it does not come.
streams_say:
    mov     eax, [caller]
    mov     edx, WAIT_MS
    mov     esi, offset streams_word
    mov     edi, 4
    call    stream_send
    jc      9f
    call    streams_hear
    jc      9f
    mov     eax, [said]
    cmp     eax, [streams_word]
    je      9f                          # CF is clear
    stc
9:  ret

# Out: as stream_receive of the other end.
streams_hear:
    mov     eax, [called]
    mov     edx, WAIT_MS
    xor     ecx, ecx
    mov     esi, offset said
    mov     edi, 4
    jmp     stream_receive

# The table of connections is filled up: what would be one more is refused, and those that are there go on.
.global test_streams
test_streams:
    mov     dword ptr [listener], 0
    mov     dword ptr [caller], 0
    mov     dword ptr [called], 0
    xor     ebx, ebx                    # how many others
    call    streams_begin
    mov     ebp, 1                      # what is wrong
    jc      .Ltest_streams_close
    mov     ebp, [count_tcp_full]
1:  call    stream_open
    jc      2f
    mov     [others + ebx*4], eax
    inc     ebx
    cmp     ebx, STREAMS_MAXIMUM
    jb      1b
2:  sub     ebp, [count_tcp_full]
    inc     ebp                         # 0: once
    cmp     eax, ERROR_TABLE_FULL
    je      3f
    inc     ebp
3:  cmp     ebx, STREAMS_MAXIMUM - 64
    jae     4f
    inc     ebp
4:  call    streams_say
    adc     ebp, 0
    mov     eax, [caller]               # a reset is told once, and is the end from then on
    mov     dword ptr [caller], 0
    call    stream_abort
    call    streams_hear
    cmc
    adc     ebp, 0
    call    streams_hear
    adc     ebp, eax
.Ltest_streams_close:
    dec     ebx
    js      .Ltest_streams_own
    mov     eax, [others + ebx*4]
    call    stream_abort
    jmp     .Ltest_streams_close
.Ltest_streams_own:
    mov     eax, [called]
    call    stream_abort
    mov     eax, [caller]
    call    stream_abort
    mov     eax, [listener]
    call    stream_abort
    cmp     ebp, 1
    cmc                                 # CF unless it is 0
    ret

.section .rodata
streams_word:           .ascii "word"
