# The `ping` command: one echo request a second, the time of each reply, and how many were lost.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

STRING ping_help, "Sends echo requests, one a second, and shows how long each reply takes. -c N sends N of them instead of 4; -s N sends N bytes with each; -ttl N for N steps; Ctrl-C ends.\n"

SHELL_COMMAND "ping", command_ping, "[-c N] [-s BYTES] [-ttl STEPS] ADDRESS|NAME", "ask a machine whether it is there", GROUP_NETWORK, ping_help

INTERVAL_MS             = 1000
STEP_MS                 = 100           # how often Ctrl-C is looked for
COUNT_USUAL             = 4

# Locals, relative to EBP.
PING_TARGET             = -4
PING_COUNT              = -8            # requests to send
PING_SENT               = -12
PING_GOT                = -16
PING_MINIMUM            = -20           # times in microseconds
PING_LARGEST            = -24
PING_TOTAL              = -28
PING_BEGIN              = -32           # clock_us of the last request
PING_ROUND              = -36           # clock_ms of it
PING_LENGTH             = -40           # bytes of data in a request
PING_STEPS              = -44           # TTL
PING_LOCALS             = 44
STEPS_USUAL             = 64
BYTES_MAXIMUM           = 65507         # of data, that a packet can hold

.pushsection .data
.balign 4
# Option, its place relative to EBP, the highest number that it takes.
ping_options:           .long option_count, PING_COUNT, 0xFFFFFFFF, option_size, PING_LENGTH, BYTES_MAXIMUM
    .long   option_ttl, PING_STEPS, 255, 0
.popsection
STRING option_count, "-c"
STRING option_size, "-s"
STRING option_ttl, "-ttl"

.text

# Shell command: sends echo requests and shows the replies. May sleep.
# In: EAX argc, EDX argv.
# Out: EAX status: 0 when a reply came.
command_ping:
    push    ebx
    push    esi
    push    edi
    FRAME   PING_LOCALS
    call    ping_read_options
    jc      ping_usage
    cmp     edi, 1
    jne     ping_usage
    mov     eax, [esi]
    call    resolve_text
    jc      ping_failed
    cmp     byte ptr [edx], 0
    jne     ping_no_address
    mov     [ebp + PING_TARGET], eax
    call    ping_open
    jc      ping_failed
    mov     ebx, eax
    call    ping_begin
    call    break_clear

.Lcommand_ping_round:
    call    ping_request
    jnc     .Lcommand_ping_sent
    call    error_text
    PRINTF  "ping: %s\n", eax
    mov     eax, [ebp + PING_SENT]
    mov     [ebp + PING_COUNT], eax
    jmp     .Lcommand_ping_end

.Lcommand_ping_sent:
    xor     esi, esi                    # 1: the reply to this request came
.Lcommand_ping_wait:
    call    clock_ms
    mov     edi, INTERVAL_MS
    sub     eax, [ebp + PING_ROUND]
    sub     edi, eax
    test    edi, edi
    jle     .Lcommand_ping_missed
    test    esi, esi                    # after the last reply there is nothing to wait for
    jz      .Lcommand_ping_more
    mov     eax, [ebp + PING_SENT]
    cmp     eax, [ebp + PING_COUNT]
    jae     .Lcommand_ping_end
.Lcommand_ping_more:
    cmp     edi, STEP_MS
    jbe     .Lcommand_ping_step
    mov     edi, STEP_MS
.Lcommand_ping_step:
    lea     eax, [ebx + PING_EVENT]
    mov     edx, edi
    call    event_wait
    call    break_check
    jc      .Lcommand_ping_end
    test    esi, esi
    jnz     .Lcommand_ping_wait
    call    ping_heard
    jmp     .Lcommand_ping_wait
.Lcommand_ping_missed:
    test    esi, esi
    jnz     .Lcommand_ping_next
    PRINTF  "no reply from %I to request %u\n", [ebp+PING_TARGET], [ebp+PING_SENT]
.Lcommand_ping_next:
    mov     eax, [ebp + PING_SENT]
    cmp     eax, [ebp + PING_COUNT]
    jb      .Lcommand_ping_round

.Lcommand_ping_end:
    mov     eax, ebx
    call    ping_close
    call    ping_summary
    xor     eax, eax
    cmp     dword ptr [ebp + PING_GOT], 1
    adc     eax, 0
ping_done:
    ENDFRAME
    pop     edi
    pop     esi
    pop     ebx
    ret

ping_usage:
    PRINT   "usage: ping [-c N] [-s BYTES] [-ttl STEPS] ADDRESS|NAME\n"
    mov     eax, 1
    jmp     ping_done
ping_no_address:
    PRINTF  "ping: %s is not an address such as 10.0.2.2\n", [esi]
    mov     eax, 1
    jmp     ping_done
ping_failed:
    call    error_text
    PRINTF  "ping: %s\n", eax
    mov     eax, 1
    jmp     ping_done

# Reads the options.
# In: EAX argc, EDX argv, EBP frame.
# Out: ESI the words after them, EDI how many; CF when they are wrong.
# Clobbers: EAX, ECX, EDX.
ping_read_options:
    mov     edi, eax
    mov     esi, edx
    mov     dword ptr [ebp + PING_COUNT], COUNT_USUAL
    mov     dword ptr [ebp + PING_LENGTH], PING_DATA_BYTES
    mov     dword ptr [ebp + PING_STEPS], STEPS_USUAL
    add     esi, 4
    dec     edi
.Lping_read_options_option:
    test    edi, edi
    jz      .Lping_read_options_not
    mov     eax, [esi]
    cmp     byte ptr [eax], '-'
    jne     .Lping_read_options_done
    call    ping_option
    jc      .Lping_read_options_not
    jmp     .Lping_read_options_option
.Lping_read_options_done:
    clc
    ret
.Lping_read_options_not:
    stc
    ret

# Takes over what was asked for, and counts from 0.
# In: EBX ping, EBP frame.
# Clobbers: EAX.
ping_begin:
    mov     eax, [ebp + PING_LENGTH]
    mov     [ebx + PING_BYTES_SENT], eax
    mov     eax, [ebp + PING_STEPS]
    mov     [ebx + PING_TTL_SENT], eax
    xor     eax, eax
    mov     [ebp + PING_SENT], eax
    mov     [ebp + PING_GOT], eax
    mov     [ebp + PING_LARGEST], eax
    mov     [ebp + PING_TOTAL], eax
    dec     eax
    mov     [ebp + PING_MINIMUM], eax
    ret

# Sends a request.
# In: EBX ping, EBP frame.
# Out: CF and EAX error.
# Clobbers: ECX, EDX.
ping_request:
    call    clock_us
    mov     [ebp + PING_BEGIN], eax
    call    clock_ms
    mov     [ebp + PING_ROUND], eax
    inc     dword ptr [ebp + PING_SENT]
    mov     eax, ebx
    mov     edx, [ebp + PING_TARGET]
    mov     ecx, [ebp + PING_SENT]
    jmp     ping_send

# Looks whether a reply has come, or an error, and says so.
# In: EBX ping, EBP frame, ESI 0.
# Out: ESI 1 when it was about the last request.
# Clobbers: EAX, ECX, EDX.
ping_heard:
    mov     eax, [ebx + PING_SEQUENCE]
    movzx   edx, word ptr [ebp + PING_SENT]
    cmp     eax, edx
    jne     .Lping_heard_done
    inc     esi
    cmp     dword ptr [ebx + PING_ERROR], -1
    jne     .Lping_heard_error
    call    ping_report
    jmp     .Lping_heard_done
.Lping_heard_error:
    call    ping_why
    PRINTF  "%I says about request %u: %s\n", [ebx+PING_SOURCE], [ebx+PING_SEQUENCE], eax
.Lping_heard_done:
    ret

# Reads an option and its number.
# In: ESI words, EDI how many, EBP locals.
# Out: ESI and EDI what follows; CF when it is none.
# Clobbers: EBX.
ping_option:
    mov     ebx, offset ping_options
1:  mov     edx, [ebx]
    test    edx, edx
    jz      4f
    mov     eax, [esi]
    call    string_compare
    je      2f
    add     ebx, 12
    jmp     1b
2:  sub     edi, 2
    jb      4f
    mov     eax, [esi + 4]
    call    parse_number
    jc      .Lping_option_done
    cmp     byte ptr [edx], 0
    jne     4f
    cmp     eax, [ebx + 8]
    ja      4f
    mov     edx, [ebx + 4]
    cmp     edx, PING_LENGTH            # no request at all is no ping, and no step none
    je      3f
    cmp     eax, 1
    jb      .Lping_option_done
3:  mov     [ebp + edx], eax
    add     esi, 8
    clc
    ret
4:  stc
.Lping_option_done:
    ret

# What an ICMP error means.
# In: EBX conversation.
# Out: EAX text.
.global ping_why
ping_why:
    mov     eax, [ebx + PING_ERROR]
    LOAD_STRING edx, "it cannot be reached"
    mov     ecx, offset ping_reasons
1:  cmp     dword ptr [ecx], -1
    je      2f
    cmp     [ecx], eax
    je      3f
    add     ecx, 8
    jmp     1b
3:  mov     edx, [ecx + 4]
2:  mov     eax, edx
    ret

.pushsection .data
.balign 4
ping_reasons:
    .long   ICMP_NO_NETWORK, reason_network, ICMP_NO_HOST, reason_host, ICMP_NO_PROTOCOL, reason_protocol
    .long   ICMP_TOO_LARGE, reason_large, ICMP_TTL_EXCEEDED, reason_ttl, ICMP_PIECES_EXCEEDED, reason_pieces, -1
.popsection
STRING reason_network, "no way to the network"
STRING reason_host, "the machine does not answer"
STRING reason_protocol, "it does not know the protocol"
STRING reason_large, "it is too large for the path"
STRING reason_ttl, "too many steps on the way"
STRING reason_pieces, "fragments are missing"

# Prints and counts a reply.
# In: EBX conversation, EBP locals.
ping_report:
    inc     dword ptr [ebp + PING_GOT]
    mov     eax, [ebx + PING_ARRIVED]
    sub     eax, [ebp + PING_BEGIN]
    jns     1f
    xor     eax, eax
1:  add     [ebp + PING_TOTAL], eax
    cmp     eax, [ebp + PING_MINIMUM]
    jae     2f
    mov     [ebp + PING_MINIMUM], eax
2:  cmp     eax, [ebp + PING_LARGEST]
    jbe     3f
    mov     [ebp + PING_LARGEST], eax
3:  call    ping_split
    PRINTF  "%u bytes from %I: request %u ttl %u time %u.%03u ms\n", [ebx+PING_BYTES], [ebx+PING_SOURCE], [ebx+PING_SEQUENCE], [ebx+PING_TTL], eax, edx
    ret

# Splits a time for printing.
# In: EAX microseconds.
# Out: EAX milliseconds, EDX the rest.
ping_split:
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    ret

# Prints how many replies came, and how long they took.
# In: EBP locals.
ping_summary:
    push    ebx
    push    esi
    push    edi
    mov     ecx, [ebp + PING_SENT]
    mov     eax, ecx
    sub     eax, [ebp + PING_GOT]
    mov     edx, 100
    mul     edx
    div     ecx
    PRINTF  "%u sent, %u received, %u%% lost\n", ecx, [ebp+PING_GOT], eax
    cmp     dword ptr [ebp + PING_GOT], 0
    je      9f
    mov     eax, [ebp + PING_MINIMUM]
    call    ping_split
    mov     ebx, eax
    mov     esi, edx
    PRINTF  "shortest %u.%03u ms, ", ebx, esi
    mov     eax, [ebp + PING_TOTAL]
    xor     edx, edx
    div     dword ptr [ebp + PING_GOT]
    call    ping_split
    mov     ebx, eax
    mov     esi, edx
    mov     eax, [ebp + PING_LARGEST]
    call    ping_split
    PRINTF  "mean %u.%03u ms, longest %u.%03u ms\n", ebx, esi, eax, edx
9:  pop     edi
    pop     esi
    pop     ebx
    ret
