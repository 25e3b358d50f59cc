# Whois (RFC 3912): what this cluster tells of itself to anybody who asks, in whatever words. The delegate serves it, at
# the address from which it speaks (asm/wide/serve.s).

.include "macros.inc"
.include "bootinfo.inc"
.include "net.inc"
.include "tcp.inc"
.include "guard.inc"
.include "cluster.inc"
.include "wide.inc"

WHOIS_PORT              = 43
WHOIS_CLIENTS           = 4
WHOIS_OF_ONE            = 2             # of these of one address
WHOIS_MS                = 5000          # for a question, and for its answer to be taken
CLIENT_TEXT             = CLIENT_FIRST  # question, then answer
TEXT_BYTES              = 256
WHOIS_SIZE              = CLIENT_TEXT + TEXT_BYTES

STRING whois_name, "whois"
GUARD   whois_guard, WHOIS_CLIENTS, WHOIS_OF_ONE, WHOIS_SIZE, whois_client, "whois client"

.section .rodata
.balign 4
.global whois_serves
whois_serves:           .long WHOIS_PORT, whois_guard, whois_name

.text

# Serves one client: one line comes, and one answer goes.
# In: EAX client.
whois_client:
    mov     ebx, eax
    lea     esi, [ebx + CLIENT_TEXT]
    mov     edi, TEXT_BYTES
1:  mov     eax, [ebx + CLIENT_SEAT]
    mov     edx, WHOIS_MS
    call    guard_left
    jc      .Lwhois_client_end
    mov     eax, [ebx + CLIENT_HANDLE]
    xor     ecx, ecx
    call    stream_receive
    jc      .Lwhois_client_end
    add     esi, eax
    sub     edi, eax
    jz      .Lwhois_client_end          # longer than any name
    test    eax, eax
    jz      .Lwhois_client_end
    cmp     byte ptr [esi - 1], '\n'
    jne     1b
    call    cloud_lock
    call    whois_write
    call    cloud_unlock
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, WHOIS_MS
    call    stream_send
.Lwhois_client_end:
    jmp     guard_done

# Writes the answer.
# In: EBX client.
# Out: ESI answer, EDI its bytes.
# Clobbers: EAX, ECX, EDX.
whois_write:
    lea     esi, [ebx + CLIENT_TEXT]
    mov     eax, offset trust_name
    mov     edx, [view_members]         # the others
    inc     edx
    SNPRINTF esi, TEXT_BYTES, "cluster: %s\r\nrevision: %u\r\nmembers: %u\r\n", eax, [boot_info+bi_revision], edx
    mov     edi, eax
    call    public_door
    test    eax, eax
    jz      9f
    LOAD_STRING edx, "not reached"
    jecxz   1f
    LOAD_STRING edx, "reached"
1:  lea     ecx, [esi + edi]
    SNPRINTF ecx, TEXT_BYTES / 2, "address: %I, %s by other clusters\r\n", eax, edx
    add     edi, eax
9:  ret
