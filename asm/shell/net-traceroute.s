# The `traceroute` command: echo requests that may take one step more each time, and who answers that it was too few.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"

STRING traceroute_help, "Sends echo requests whose way may have one step, two steps and so on, up to 30 or those of -n; who throws one away says so. Ctrl-C ends.\n"

SHELL_COMMAND "traceroute", command_traceroute, "[-n STEPS] ADDRESS|NAME", "show the way to a machine", GROUP_NETWORK, traceroute_help

STEPS                   = 30
WAIT_MS                 = 2000
TRIES                   = 2

.text

# Shell command: shows the way to a machine. May sleep.
# In: EAX argc, EDX argv.
# Out: EAX status: 0 when the machine answered.
command_traceroute:
    push    ebx
    push    esi
    push    edi
    push    ebp
    push    STEPS                       # [ESP]: at most so many steps
    cmp     eax, 2
    je      .Lcommand_traceroute_target
    cmp     eax, 4
    jne     .Lcommand_traceroute_usage
    call    traceroute_steps
    jc      .Lcommand_traceroute_usage
    mov     [esp], eax
    lea     edx, [esi + 8]
.Lcommand_traceroute_target:
    mov     eax, [edx + 4]
    call    resolve_text
    jc      .Lcommand_traceroute_failed
    mov     esi, eax                    # ESI: target
    call    ping_open
    jc      .Lcommand_traceroute_failed
    mov     ebx, eax
    call    break_clear
    xor     edi, edi                    # EDI: requests that were sent
    xor     ebp, ebp                    # EBP: steps
.Lcommand_traceroute_step:
    inc     ebp
    mov     [ebx + PING_TTL_SENT], ebp
    push    TRIES
.Lcommand_traceroute_try:
    inc     edi
    mov     eax, ebx
    mov     edx, esi
    mov     ecx, edi
    call    ping_send
    jc      .Lcommand_traceroute_unsent
    call    traceroute_wait
    jnc     .Lcommand_traceroute_heard
    call    break_check
    jc      .Lcommand_traceroute_break
    dec     dword ptr [esp]
    jnz     .Lcommand_traceroute_try
    add     esp, 4
    PRINTF  "%2u  no answer\n", ebp
    jmp     .Lcommand_traceroute_next
.Lcommand_traceroute_heard:
    add     esp, 4
    mov     ecx, [ebx + PING_ERROR]
    cmp     ecx, -1
    je      .Lcommand_traceroute_there
    PRINTF  "%2u  %I\n", ebp, [ebx+PING_SOURCE]
    cmp     ecx, ICMP_TTL_EXCEEDED
    je      .Lcommand_traceroute_next
    call    ping_why
    PRINTF  "    %s\n", eax
    mov     eax, 1
    jmp     .Lcommand_traceroute_close
.Lcommand_traceroute_next:
    cmp     ebp, [esp]
    jb      .Lcommand_traceroute_step
    mov     eax, 1
    jmp     .Lcommand_traceroute_close
.Lcommand_traceroute_there:
    PRINTF  "%2u  %I, the machine itself\n", ebp, [ebx+PING_SOURCE]
    xor     eax, eax
    jmp     .Lcommand_traceroute_close
.Lcommand_traceroute_unsent:
    add     esp, 4
    call    traceroute_complain
    jmp     .Lcommand_traceroute_close
.Lcommand_traceroute_break:
    add     esp, 4
    mov     eax, 1
.Lcommand_traceroute_close:
    push    eax
    mov     eax, ebx
    call    ping_close
    pop     eax
    jmp     .Lcommand_traceroute_done
.Lcommand_traceroute_failed:
    call    traceroute_complain
    jmp     .Lcommand_traceroute_done
.Lcommand_traceroute_usage:
    PRINT   "usage: traceroute [-n STEPS] ADDRESS|NAME\n"
    mov     eax, 1
.Lcommand_traceroute_done:
    pop     ecx
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says why it cannot be.
# In: EAX error.
# Out: EAX = 1, the status.
traceroute_complain:
    call    error_text
    PRINTF  "traceroute: %s\n", eax
    mov     eax, 1
    ret

# Reads the option -n.
# In: EDX argv.
# Out: EAX steps, ESI argv; CF when it is another option, or no number.
# Clobbers: ECX, EDX.
traceroute_steps:
    mov     esi, edx
    mov     eax, [esi + 4]
    LOAD_STRING edx, "-n"
    call    string_compare
    jne     .Ltraceroute_steps_not
    mov     eax, [esi + 8]
    call    parse_number
    jc      .Ltraceroute_steps_not
    cmp     byte ptr [edx], 0
    jne     .Ltraceroute_steps_not
    lea     ecx, [eax - 1]
    cmp     ecx, 255
    jae     .Ltraceroute_steps_not
    clc
    ret
.Ltraceroute_steps_not:
    stc
    ret

# Waits for the answer to a request.
# In: EBX conversation, EDI number of the request.
# Out: CF when none came.
traceroute_wait:
    push    esi
    call    clock_ms
    mov     esi, eax
1:  movzx   eax, di
    cmp     [ebx + PING_SEQUENCE], eax
    je      2f                          # CF is clear
    call    clock_ms
    sub     eax, esi
    mov     edx, WAIT_MS
    sub     edx, eax
    jbe     3f
    lea     eax, [ebx + PING_EVENT]
    call    event_wait
    jmp     1b
3:  stc
2:  pop     esi
    ret
