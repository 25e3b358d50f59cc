# The `ping` command: one echo request a second, the time of each reply, and how many were lost.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

STRING ping_help, "Sends echo requests, one a second, and shows how long each reply takes. -c N sends N of them instead of 4; Ctrl-C ends.\n"

SHELL_COMMAND "ping", command_ping, "[-c N] ADDRESS", "ask a machine whether it is there", GROUP_NETWORK, ping_help

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
PING_LOCALS             = 36

.text

# Shell command: sends echo requests and shows the replies. May sleep.
# In: EAX argc, EDX argv.
# Out: EAX status: 0 when a reply came.
command_ping:
    push    ebx
    push    esi
    push    edi
    FRAME   PING_LOCALS
    mov     edi, eax
    mov     esi, edx
    mov     dword ptr [ebp + PING_COUNT], COUNT_USUAL
    cmp     edi, 2
    je      .Lcommand_ping_target
    cmp     edi, 4
    jne     ping_usage
    mov     eax, [esi + 4]
    LOAD_STRING edx, "-c"
    call    string_compare
    jne     ping_usage
    mov     eax, [esi + 8]
    call    parse_number
    jc      ping_usage
    cmp     byte ptr [edx], 0
    jne     ping_usage
    test    eax, eax
    jz      ping_usage
    mov     [ebp + PING_COUNT], eax
    add     esi, 8
.Lcommand_ping_target:
    mov     eax, [esi + 4]
    call    parse_address
    jc      ping_no_address
    cmp     byte ptr [edx], 0
    jne     ping_no_address
    mov     [ebp + PING_TARGET], eax
    call    ping_open
    jc      ping_failed
    mov     ebx, eax
    xor     eax, eax
    mov     [ebp + PING_SENT], eax
    mov     [ebp + PING_GOT], eax
    mov     [ebp + PING_LARGEST], eax
    mov     [ebp + PING_TOTAL], eax
    dec     eax
    mov     [ebp + PING_MINIMUM], eax
    call    break_clear

.Lcommand_ping_round:
    call    clock_us
    mov     [ebp + PING_BEGIN], eax
    call    clock_ms
    mov     [ebp + PING_ROUND], eax
    inc     dword ptr [ebp + PING_SENT]
    mov     eax, ebx
    mov     edx, [ebp + PING_TARGET]
    mov     ecx, [ebp + PING_SENT]
    call    ping_send
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
    mov     eax, [ebx + PING_SEQUENCE]
    movzx   edx, word ptr [ebp + PING_SENT]
    cmp     eax, edx
    jne     .Lcommand_ping_wait
    inc     esi
    call    ping_report
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
    PRINT   "usage: ping [-c N] ADDRESS\n"
    mov     eax, 1
    jmp     ping_done
ping_no_address:
    PRINTF  "ping: %s is not an address such as 10.0.2.2\n", [esi+4]
    mov     eax, 1
    jmp     ping_done
ping_failed:
    call    error_text
    PRINTF  "ping: %s\n", eax
    mov     eax, 1
    jmp     ping_done

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
