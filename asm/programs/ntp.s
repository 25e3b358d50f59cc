# A client of NTP in the simple mode (RFC 5905, 14): asks a server what time it is and steps the clock. What an answer
# must be to count, and by how much the clock goes at most, is in docs/protocols/services.md.

.intel_syntax noprefix
.include "system-calls.inc"
.include "errors.inc"

DATAGRAMS           = 2                 # kind of socket
SERVER_PORT         = 123
MESSAGE_BYTES       = 48
BUFFER_BYTES        = 512               # an answer may have extensions
ANSWER_MS           = 2000
PAUSE_MS            = 500               # after an error of ICMP
TRIES               = 4
INTERVAL_USUAL      = 1024
INTERVAL_MINIMUM    = 16
INTERVAL_MAXIMUM    = 86400
STEP_MS             = 1000000           # a larger one is not believed
DELAY_MS            = 1000              # an answer that took longer says nothing
EARLY_MS            = 20                # so much less than nothing a delay may be: two clocks were rounded
SECONDS_1900        = 3155673600        # from 1900 to 2000
DISTANCE            = 16 << 16          # seconds in 16.16: of a server that has lost its source

# A message.
AT_MODE             = 0                 # leap (2 bits), version (3), mode (3)
AT_STRATUM          = 1
AT_ROOT_DELAY       = 4
AT_ROOT_DISPERSION  = 8
AT_REFERENCE        = 12                # letters of a kiss, when the stratum is 0
AT_ORIGIN           = 24                # the transmit time of what it answers
AT_RECEIVE          = 32
AT_TRANSMIT         = 40
REQUEST_MODE        = (4 << 3) | 3      # version 4, client
MODE_SERVER         = 4
LEAP_UNKNOWN        = 3 << 6
STRATUM_MAXIMUM     = 15

# What came of a question.
GOOD                = 0
SILENT              = 1
REFUSED             = 2                 # the server wants no more questions
TOO_OFTEN           = 3
USELESS             = 4                 # said already

.text

# Takes the server, the seconds between questions (0: one question), and `far` when the first step may be of any size.
.global _start
_start:
    mov     eax, [esp + 8]
    test    eax, eax
    jz      .Lusage
    mov     [name], eax
    mov     eax, [esp + 12]
    test    eax, eax
    jz      .Lround
    call    number_of
    jc      .Lusage
    mov     [interval], eax
    test    eax, eax
    jz      1f
    cmp     eax, INTERVAL_MINIMUM
    jb      .Lusage
    cmp     eax, INTERVAL_MAXIMUM
    ja      .Lusage
1:  mov     eax, [esp + 16]
    test    eax, eax
    jz      .Lround
    cmp     dword ptr [eax], 0x00726166 # "far"
    jne     .Lusage
    mov     dword ptr [far], 1
.Lround:
    mov     edx, [name]
    SYSTEM  resolve, edx, "offset peer"
    mov     ecx, SILENT
    test    eax, eax
    js      .Lsaid
    mov     dword ptr [peer + 4], SERVER_PORT
    call    server_ask
    push    ecx
    mov     ebx, [socket]
    SYSTEM  close, ebx
    pop     ecx
.Lsaid:
    mov     edi, ecx
    mov     esi, [results + ecx*4]
    test    esi, esi
    jz      2f
    mov     eax, offset text_error
    cmp     edi, REFUSED
    je      1f
    mov     eax, offset text_warning
1:  call    put
    mov     eax, [name]
    call    put
    mov     eax, esi
    call    put
2:  mov     ebx, edi
    cmp     dword ptr [interval], 0
    je      .Lexit
    xor     ebx, ebx                    # no failure: the service is not to ask again
    cmp     edi, REFUSED
    je      .Lexit
    cmp     edi, TOO_OFTEN
    jne     3f
    shl     dword ptr [interval], 1
    cmp     dword ptr [interval], INTERVAL_MAXIMUM
    jbe     3f
    mov     dword ptr [interval], INTERVAL_MAXIMUM
3:  imul    ebx, [interval], 1000
    SYSTEM  sleep, ebx
    jmp     .Lround
.Lexit:
    test    ebx, ebx
    setnz   bl
    movzx   ebx, bl
    SYSTEM  exit, ebx
.Lusage:
    mov     eax, 2
    mov     edx, offset text_usage
    call    put_to
    SYSTEM  exit, 2

# Asks the server, from a new socket: its port is not to be foretold.
# Out: ECX what has become of it.
# Clobbers: all.
server_ask:
    SYSTEM  socket, DATAGRAMS           # a new one each time: its port is not to be foretold
    mov     edx, offset text_socket
    test    eax, eax
    js      fail
    mov     [socket], eax
    mov     ebx, eax
    mov     ecx, [peer]
    SYSTEM  connect, ebx, ecx, SERVER_PORT, 0
    mov     ecx, SILENT
    test    eax, eax
    js      .Lserver_ask_done
    call    ask
    mov     ecx, eax
.Lserver_ask_done:
    ret

# Asks the server, again when it does not answer, and steps the clock.
# Out: EAX GOOD or what came of it.
ask:
    mov     ebp, TRIES                  # EBP: tries that are left
.Lask_again:
    SYSTEM  random, "offset request + AT_TRANSMIT", 8
    SYSTEM  time_read, "offset sent_at"
    mov     ebx, [socket]
    SYSTEM  send, ebx, "offset request", MESSAGE_BYTES, 0, 0
    SYSTEM  clock
    add     eax, ANSWER_MS
    mov     [deadline], eax
.Lask_hear:
    SYSTEM  clock
    mov     edi, [deadline]
    sub     edi, eax
    test    edi, edi
    jle     .Lask_next
    mov     ebx, [socket]
    SYSTEM  receive, ebx, "offset answer", BUFFER_BYTES, 0, edi
    push    eax
    SYSTEM  time_read, "offset heard_at"
    pop     eax
    cmp     eax, -ERROR_TIMEOUT
    je      .Lask_next
    test    eax, eax
    js      .Lask_error
    call    answer_check
    jc      .Lask_hear                  # of somebody else, or of earlier: goes on to hear
    ret
.Lask_error:
    SYSTEM  sleep, PAUSE_MS
.Lask_next:
    dec     ebp
    jnz     .Lask_again
    mov     eax, SILENT
    ret

# Looks at an answer, and steps the clock when it is good.
# In: EAX its bytes.
# Out: EAX GOOD or what came of it; CF when it answers nothing that was asked.
answer_check:
    cmp     eax, MESSAGE_BYTES
    jb      .Lanswer_check_strange
    mov     al, [answer + AT_MODE]
    mov     ah, al
    and     al, 7
    cmp     al, MODE_SERVER
    jne     .Lanswer_check_strange
    test    ah, 7 << 3                  # no version is no NTP
    jz      .Lanswer_check_strange
    mov     edx, [answer + AT_ORIGIN]
    cmp     edx, [request + AT_TRANSMIT]
    jne     .Lanswer_check_strange
    mov     edx, [answer + AT_ORIGIN + 4]
    cmp     edx, [request + AT_TRANSMIT + 4]
    jne     .Lanswer_check_strange
    movzx   ecx, byte ptr [answer + AT_STRATUM]
    jecxz   .Lanswer_check_kiss
    mov     esi, offset text_unsure
    cmp     ecx, STRATUM_MAXIMUM
    ja      .Lanswer_check_useless
    and     ah, LEAP_UNKNOWN
    cmp     ah, LEAP_UNKNOWN
    je      .Lanswer_check_useless
    mov     eax, [answer + AT_TRANSMIT]
    or      eax, [answer + AT_TRANSMIT + 4]
    jz      .Lanswer_check_useless
    mov     eax, [answer + AT_ROOT_DELAY]
    bswap   eax
    shr     eax, 1
    mov     edx, [answer + AT_ROOT_DISPERSION]
    bswap   edx
    add     eax, edx
    jc      .Lanswer_check_useless
    cmp     eax, DISTANCE
    jae     .Lanswer_check_useless
    jmp     clock_correct
.Lanswer_check_kiss:
    mov     edx, [answer + AT_REFERENCE]
    mov     eax, REFUSED
    cmp     edx, 0x594E4544             # "DENY"
    je      .Lanswer_check_done
    cmp     edx, 0x52545352             # "RSTR"
    je      .Lanswer_check_done
    mov     eax, TOO_OFTEN
    cmp     edx, 0x45544152             # "RATE"
    je      .Lanswer_check_done
    mov     esi, offset text_unsure
.Lanswer_check_useless:
    call    complain
.Lanswer_check_done:
    clc
    ret
.Lanswer_check_strange:
    stc
    ret

# Says why an answer is of no use.
# In: ESI text.
# Out: EAX USELESS.
complain:
    mov     eax, offset text_warning
    call    put
    mov     eax, [name]
    call    put
    mov     eax, esi
    call    put
    mov     eax, USELESS
    ret

# Steps the clock by what the answer says of it: the mean of the differences on the way there and on the way back.
# Out: EAX GOOD or USELESS, CF clear.
clock_correct:
    mov     esi, offset answer + AT_RECEIVE
    mov     edi, offset sent_at
    call    difference
    mov     ecx, eax                    # EBX:ECX: there
    mov     ebx, edx
    mov     esi, offset answer + AT_TRANSMIT
    mov     edi, offset heard_at
    call    difference                  # EDX:EAX: back
    push    edx
    push    eax
    mov     esi, ecx
    mov     edi, ebx
    sub     esi, eax                    # EDI:ESI: how long the way there and back took
    sbb     edi, edx
    add     esi, EARLY_MS
    adc     edi, 0
    pop     eax
    pop     edx
    jnz     .Lclock_correct_slow
    cmp     esi, DELAY_MS + EARLY_MS
    ja      .Lclock_correct_slow
    sub     esi, EARLY_MS
    jns     .Lclock_correct_early
    xor     esi, esi
.Lclock_correct_early:
    mov     [delay], esi
    add     eax, ecx
    adc     edx, ebx
    sar     edx, 1                      # EDX:EAX: by how much the clock is to go
    rcr     eax, 1
    mov     ecx, edx
    sar     ecx, 31                     # ECX: -1 when it is to go back
    xor     eax, ecx
    xor     edx, ecx
    sub     eax, ecx
    sbb     edx, ecx
    cmp     edx, 1000
    jae     .Lclock_correct_far
    cmp     dword ptr [far], 0
    jne     .Lclock_correct_near
    test    edx, edx
    jnz     .Lclock_correct_far
    cmp     eax, STEP_MS
    ja      .Lclock_correct_far
.Lclock_correct_near:
    mov     edi, 1000
    div     edi                         # EAX seconds, EDX milliseconds
    mov     [seconds], eax
    mov     [milliseconds], edx
    mov     [sign], ecx
    xor     eax, ecx
    sub     eax, ecx
    xor     edx, ecx
    sub     edx, ecx
    mov     ebx, eax
    mov     ecx, edx
    mov     eax, ebx
    or      eax, ecx
    jz      .Lclock_correct_say
    SYSTEM  time_step, ebx, ecx
    test    eax, eax
    js      .Lclock_correct_far
.Lclock_correct_say:
    mov     dword ptr [far], 0
    call    correction_say
    xor     eax, eax                    # GOOD
    ret
.Lclock_correct_slow:
    mov     esi, offset text_slow
    jmp     .Lclock_correct_useless
.Lclock_correct_far:
    mov     esi, offset text_far
.Lclock_correct_useless:
    call    complain
    clc
    ret

# Says by how much the clock was corrected.
# Clobbers: EAX, ECX, EDX, EDI.
correction_say:
    mov     eax, [peer]
    call    put_address
    mov     eax, offset text_ahead
    cmp     dword ptr [sign], 0
    je      .Lcorrection_say_sign
    mov     eax, offset text_behind
.Lcorrection_say_sign:
    call    put
    mov     eax, [seconds]
    call    put_number
    mov     eax, offset text_point
    call    put
    mov     eax, [milliseconds]
    add     eax, 1000                   # three digits
    mov     ecx, 10
    mov     edi, 3
.Lcorrection_say_digit:
    xor     edx, edx
    div     ecx
    add     dl, '0'
    mov     [text_fraction + edi - 1], dl
    dec     edi
    jnz     .Lcorrection_say_digit
    mov     eax, offset text_fraction
    call    put
    mov     eax, [delay]
    call    put_number
    mov     eax, offset text_stratum
    call    put
    movzx   eax, byte ptr [answer + AT_STRATUM]
    call    put_number
    mov     eax, offset text_end
    jmp     put

# How much later a time of the server is than one of ours.
# In: ESI its time as it is in the message, EDI ours.
# Out: EDX:EAX milliseconds, signed.
# Clobbers: ESI, EDI.
difference:
    push    ebx
    push    ecx
    mov     ecx, 1000
    mov     eax, [esi + 4]
    bswap   eax
    mul     ecx
    mov     ebx, edx                    # EBX: milliseconds of it
    mov     eax, [esi]
    bswap   eax
    sub     eax, SECONDS_1900           # also after 2036, when the seconds begin anew
    mul     ecx
    add     eax, ebx
    adc     edx, 0
    push    edx
    push    eax
    mov     eax, [edi]
    mul     ecx
    add     eax, [edi + 4]
    adc     edx, 0
    mov     ecx, eax
    mov     ebx, edx
    pop     eax
    pop     edx
    sub     eax, ecx
    sbb     edx, ebx
    pop     ecx
    pop     ebx
    ret

.data
.balign 4
interval:       .long INTERVAL_USUAL
request:
    .byte   REQUEST_MODE
    .space  MESSAGE_BYTES - 1
results:        .long 0, text_silent, text_refused, text_often, 0
text_fraction:  .asciz "000 s, delay "

.section .rodata
text_usage:     .asciz "usage: ntp SERVER [SECONDS [far]]\n"
text_socket:    .asciz "socket"
text_error:     .asciz "error: "
text_warning:   .asciz "warning: "
text_silent:    .asciz " does not answer\n"
text_refused:   .asciz " wants no more questions\n"
text_often:     .asciz " is asked too often\n"
text_unsure:    .asciz " does not know the time itself\n"
text_slow:      .asciz " answered too late to be of use\n"
text_far:       .asciz " is too far from this clock to be believed; see `ntp SERVER 0 far`\n"
text_ahead:     .asciz ": +"
text_behind:    .asciz ": -"
text_point:     .asciz "."
text_stratum:   .asciz " ms, stratum "
text_end:       .asciz "\n"

.bss
.balign 4
name:           .space 4
far:            .space 4                # the first step may be of any size
socket:         .space 4
peer:           .space 8
deadline:       .space 4
sent_at:        .space 8                # what our clock said: seconds since 2000, milliseconds
heard_at:       .space 8
seconds:        .space 4
milliseconds:   .space 4
sign:           .space 4
delay:          .space 4
answer:         .space BUFFER_BYTES
