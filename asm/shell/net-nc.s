# The `nc` command: a line to a TCP port of another machine, or one that waits for a call.

.include "macros.inc"
.include "errors.inc"
.include "keys.inc"
.include "net.inc"
.include "tcp.inc"

STRING nc_help, "Sends what is typed, a row at a time, and shows what comes. -l waits for a call. Ctrl-D says that no more is sent; Ctrl-C ends.\n"

SHELL_COMMAND "nc", command_nc, "ADDRESS|NAME PORT | -l PORT", "talk to a TCP port", GROUP_NETWORK, nc_help

CONNECT_MS              = 10000
STEP_MS                 = 50            # how often keys and Ctrl-C are looked for
ROW_BYTES               = 256
PIECE_BYTES             = 512

# Locals, relative to EBP.
NC_PORT                 = -4
NC_ADDRESS              = -8
NC_LENGTH               = -12           # bytes in the row that is typed
NC_ENDED                = -16           # 1: nothing is sent any more
NC_ROW                  = -16 - ROW_BYTES
NC_PIECE                = NC_ROW - PIECE_BYTES - 4      # and a NUL
NC_WAIT                 = NC_PIECE - WAIT_SIZE
NC_STATUS               = NC_WAIT - STATUS_SIZE
NC_LOCALS               = -NC_STATUS

.text

# Shell command: a TCP connection and the console. May sleep.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_nc:
    push    ebx
    push    esi
    push    edi
    FRAME   NC_LOCALS
    mov     esi, edx
    cmp     eax, 3
    jne     .Lcommand_nc_usage
    mov     eax, [esi + 8]
    call    parse_number
    jc      .Lcommand_nc_usage
    cmp     byte ptr [edx], 0
    jne     .Lcommand_nc_usage
    lea     ecx, [eax - 1]
    cmp     ecx, 65534
    ja      .Lcommand_nc_usage
    mov     [ebp + NC_PORT], eax
    mov     dword ptr [ebp + NC_LENGTH], 0
    mov     dword ptr [ebp + NC_ENDED], 0
    call    break_clear
    mov     eax, [esi + 4]
    LOAD_STRING edx, "-l"
    call    string_compare
    je      .Lcommand_nc_listen
    mov     eax, [esi + 4]
    call    resolve_text
    jc      .Lcommand_nc_failed
    cmp     byte ptr [edx], 0
    jne     .Lcommand_nc_usage
    mov     [ebp + NC_ADDRESS], eax
    call    stream_open
    jc      .Lcommand_nc_failed
    mov     ebx, eax
    mov     edx, [ebp + NC_ADDRESS]
    mov     ecx, [ebp + NC_PORT]
    mov     edi, CONNECT_MS
    call    stream_connect
    jnc     .Lcommand_nc_connected
    cmp     eax, ERROR_IN_PROGRESS
    jne     .Lcommand_nc_1
    mov     eax, ERROR_TIMEOUT
.Lcommand_nc_1:
    push    eax
    mov     eax, ebx
    call    stream_close
    pop     eax
    jmp     .Lcommand_nc_failed

.Lcommand_nc_connected:
    mov     eax, ebx
    lea     edx, [ebp + NC_STATUS]
    call    stream_status
    jc      .Lcommand_nc_talk
    PRINTF  "nc: connected from %I:%u\n", [ebp+NC_STATUS+STATUS_LOCAL], [ebp+NC_STATUS+STATUS_LOCAL_PORT]
    jmp     .Lcommand_nc_talk

.Lcommand_nc_listen:
    call    stream_open
    jc      .Lcommand_nc_failed
    mov     ebx, eax
    mov     edx, STREAM_REUSE
    mov     ecx, 1
    call    stream_option
    mov     eax, ebx
    xor     edx, edx
    mov     ecx, [ebp + NC_PORT]
    call    stream_bind
    jc      .Lcommand_nc_1
    mov     eax, ebx
    mov     edx, 1
    call    stream_listen
    jc      .Lcommand_nc_1
.Lcommand_nc_accept:
    call    break_check
    jc      .Lcommand_nc_close
    mov     eax, ebx
    mov     edx, STEP_MS
    call    stream_accept
    jc      .Lcommand_nc_accept
    mov     esi, eax
    PRINTF  "nc: %I:%u calls\n", edx, ecx
    mov     eax, ebx                    # one call is all
    call    stream_close
    mov     ebx, esi

.Lcommand_nc_talk:
    call    break_check
    jc      .Lcommand_nc_close
    lea     eax, [ebp + NC_WAIT]
    mov     [eax + WAIT_HANDLE], ebx
    mov     dword ptr [eax + WAIT_WANTED], STREAM_READABLE
    mov     ecx, 1
    mov     edx, STEP_MS
    call    stream_wait
    jc      .Lcommand_nc_key
    mov     eax, ebx
    xor     edx, edx
    xor     ecx, ecx
    lea     esi, [ebp + NC_PIECE]
    mov     edi, PIECE_BYTES
    call    stream_receive
    jc      .Lcommand_nc_silent
    test    eax, eax
    jz      .Lcommand_nc_close
    mov     byte ptr [esi + eax], 0
    mov     eax, esi
    call    print
    jmp     .Lcommand_nc_talk
.Lcommand_nc_silent:
    cmp     eax, ERROR_TIMEOUT
    jne     .Lcommand_nc_broken
.Lcommand_nc_key:
    call    key_poll
    jc      .Lcommand_nc_talk
    cmp     eax, KEY_CTRL_C
    je      .Lcommand_nc_close
    cmp     eax, KEY_CTRL_D
    je      .Lcommand_nc_end
    cmp     eax, KEY_BACKSPACE
    je      .Lcommand_nc_back
    cmp     eax, KEY_ENTER
    je      .Lcommand_nc_row
    cmp     eax, ' '
    jb      .Lcommand_nc_key
    cmp     eax, 0x7E
    ja      .Lcommand_nc_key
    mov     ecx, [ebp + NC_LENGTH]
    cmp     ecx, ROW_BYTES - 1
    jae     .Lcommand_nc_key
    mov     [ebp + NC_ROW + ecx], al
    inc     dword ptr [ebp + NC_LENGTH]
    call    print_char
    jmp     .Lcommand_nc_key
.Lcommand_nc_back:
    cmp     dword ptr [ebp + NC_LENGTH], 0
    je      .Lcommand_nc_key
    dec     dword ptr [ebp + NC_LENGTH]
    PRINT   "\b \b"
    jmp     .Lcommand_nc_key
.Lcommand_nc_row:
    call    print_char
    mov     ecx, [ebp + NC_LENGTH]
    mov     byte ptr [ebp + NC_ROW + ecx], 10
    lea     edi, [ecx + 1]
    mov     dword ptr [ebp + NC_LENGTH], 0
    mov     eax, ebx
    mov     edx, CONNECT_MS
    lea     esi, [ebp + NC_ROW]
    call    stream_send
    jnc     .Lcommand_nc_key
    cmp     dword ptr [ebp + NC_ENDED], 0
    jne     .Lcommand_nc_key
.Lcommand_nc_broken:
    push    eax
    mov     eax, ebx
    call    stream_close
    pop     eax
.Lcommand_nc_failed:
    call    error_text
    PRINTF  "nc: %s\n", eax
    mov     eax, 1
    jmp     .Lcommand_nc_done
.Lcommand_nc_end:
    mov     dword ptr [ebp + NC_ENDED], 1
    mov     eax, ebx
    mov     edx, 2
    call    stream_shutdown
    jmp     .Lcommand_nc_key
.Lcommand_nc_close:
    mov     eax, ebx
    call    stream_close
    xor     eax, eax
    jmp     .Lcommand_nc_done
.Lcommand_nc_usage:
    PRINT   "usage: nc ADDRESS PORT | -l PORT\n"
    mov     eax, 1
.Lcommand_nc_done:
    ENDFRAME
    pop     edi
    pop     esi
    pop     ebx
    ret
