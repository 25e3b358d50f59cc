# The `wget` command: fetches a page over HTTP/1.1 and shows it.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"

STRING wget_help, "Fetches http://HOST[:PORT][/PATH] and shows what the server sends. -q leaves the text out and counts its bytes.\n"

SHELL_COMMAND "wget", command_wget, "[-q] URL", "fetch a page over HTTP", GROUP_NETWORK, wget_help

CONNECT_MS              = 10000
ANSWER_MS               = 30000
PIECE_BYTES             = 2048
HTTP_PORT               = 80

# Locals, relative to EBP.
WGET_ADDRESS            = -4
WGET_PORT               = -8
WGET_PATH               = -12
WGET_QUIET              = -16
WGET_BYTES              = -20           # of the body
WGET_HEAD               = -24           # how much of CR LF CR LF was seen; 4: the body
WGET_HOST               = -28           # where the host stands in the URL
WGET_NAME               = -28 - 256     # the same, NUL terminated
WGET_PIECE              = WGET_NAME - PIECE_BYTES - 4
WGET_LOCALS             = -WGET_PIECE

.text

# Shell command: fetches a page. May sleep.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_wget:
    push    ebx
    push    esi
    push    edi
    FRAME   WGET_LOCALS
    mov     esi, edx
    mov     dword ptr [ebp + WGET_QUIET], 0
    mov     dword ptr [ebp + WGET_BYTES], 0
    mov     dword ptr [ebp + WGET_HEAD], 0
    mov     dword ptr [ebp + WGET_PORT], HTTP_PORT
    cmp     eax, 2
    je      .Lcommand_wget_1
    cmp     eax, 3
    jne     .Lcommand_wget_usage
    mov     eax, [esi + 4]
    LOAD_STRING edx, "-q"
    call    string_compare
    jne     .Lcommand_wget_usage
    inc     dword ptr [ebp + WGET_QUIET]
    add     esi, 4
.Lcommand_wget_1:
    call    break_clear
    mov     eax, [esi + 4]
    LOAD_STRING edx, "http://"
    call    string_prefix
    je      .Lcommand_wget_2
    mov     eax, [esi + 4]
.Lcommand_wget_2:
    mov     [ebp + WGET_HOST], eax
    call    resolve_text
    jc      .Lcommand_wget_failed
    mov     [ebp + WGET_ADDRESS], eax
    push    edx
    mov     ecx, edx
    lea     eax, [ebp + WGET_NAME]
    mov     edx, [ebp + WGET_HOST]
    sub     ecx, edx                    # resolve_text takes no more than 255
    inc     ecx
    call    string_copy
    pop     edx
    cmp     byte ptr [edx], ':'
    jne     .Lcommand_wget_3
    lea     eax, [edx + 1]
    call    parse_number
    jc      .Lcommand_wget_usage
    cmp     eax, 65535
    ja      .Lcommand_wget_usage
    mov     [ebp + WGET_PORT], eax
.Lcommand_wget_3:
    mov     [ebp + WGET_PATH], edx
    cmp     byte ptr [edx], '/'
    je      .Lcommand_wget_4
    cmp     byte ptr [edx], 0
    jne     .Lcommand_wget_usage
    LOAD_STRING edx, "/"
    mov     [ebp + WGET_PATH], edx
.Lcommand_wget_4:
    call    stream_open
    jc      .Lcommand_wget_failed
    mov     ebx, eax
    mov     edx, [ebp + WGET_ADDRESS]
    mov     ecx, [ebp + WGET_PORT]
    mov     edi, CONNECT_MS
    call    stream_connect
    jc      .Lcommand_wget_broken
    lea     esi, [ebp + WGET_PIECE]
    lea     eax, [ebp + WGET_NAME]
    SNPRINTF esi, PIECE_BYTES, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: QuRe\r\nConnection: close\r\n\r\n", [ebp+WGET_PATH], eax
    mov     edi, eax
    mov     eax, ebx
    mov     edx, ANSWER_MS
    call    stream_send
    jc      .Lcommand_wget_broken
.Lcommand_wget_next:
    call    break_check
    jc      .Lcommand_wget_close
    mov     eax, ebx
    mov     edx, ANSWER_MS
    xor     ecx, ecx
    lea     esi, [ebp + WGET_PIECE]
    mov     edi, PIECE_BYTES
    call    stream_receive
    jc      .Lcommand_wget_broken
    test    eax, eax
    jz      .Lcommand_wget_close
    mov     byte ptr [esi + eax], 0
    lea     edi, [esi + eax]            # EDI: its end
.Lcommand_wget_head:
    cmp     dword ptr [ebp + WGET_HEAD], 4
    jae     .Lcommand_wget_body
    cmp     esi, edi
    jae     .Lcommand_wget_next
    lodsb
    cmp     al, 13
    je      .Lcommand_wget_head
    cmp     al, 10
    je      .Lcommand_wget_5
    mov     dword ptr [ebp + WGET_HEAD], 0
    cmp     dword ptr [ebp + WGET_QUIET], 0
    jne     .Lcommand_wget_head
    call    print_char
    jmp     .Lcommand_wget_head
.Lcommand_wget_5:
    add     dword ptr [ebp + WGET_HEAD], 2
    cmp     dword ptr [ebp + WGET_QUIET], 0
    jne     .Lcommand_wget_head
    call    print_char
    jmp     .Lcommand_wget_head
.Lcommand_wget_body:
    mov     eax, edi
    sub     eax, esi
    add     [ebp + WGET_BYTES], eax
    cmp     dword ptr [ebp + WGET_QUIET], 0
    jne     .Lcommand_wget_next
    mov     eax, esi
    call    print
    jmp     .Lcommand_wget_next
.Lcommand_wget_close:
    mov     eax, ebx
    call    stream_close
    PRINTF  "\nwget: %u bytes\n", [ebp+WGET_BYTES]
    xor     eax, eax
    jmp     .Lcommand_wget_done
.Lcommand_wget_broken:
    push    eax
    mov     eax, ebx
    call    stream_close
    pop     eax
    cmp     eax, ERROR_IN_PROGRESS
    jne     .Lcommand_wget_failed
    mov     eax, ERROR_TIMEOUT
.Lcommand_wget_failed:
    call    error_text
    PRINTF  "wget: %s\n", eax
    mov     eax, 1
    jmp     .Lcommand_wget_done
.Lcommand_wget_usage:
    PRINT   "usage: wget [-q] http://HOST[:PORT][/PATH]\n"
    mov     eax, 1
.Lcommand_wget_done:
    ENDFRAME
    pop     edi
    pop     esi
    pop     ebx
    ret
