# The HTTP server: what a node says of itself to anybody who asks (RFC 9110, 9112). GET and HEAD of /status,
# /status.json and /?IP, of kernels (asm/services/http-running.s, asm/services/download-serve.s), and of files
# (asm/services/http-file.s); connections are kept open as HTTP/1.1 says.
# Each client has a task of its own, and as much room as asm/services/guard.s gives it.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"
.include "tcp.inc"
.include "cluster.inc"
.include "names.inc"
.include "bootinfo.inc"
.include "part.inc"
.include "http.inc"

HTTP_PORT               = 80
HTTP_CLIENTS            = 64
HTTP_OF_ONE             = 40            # of these of one address: programs load by thirty connections at once
HTTP_BACKLOG            = 32

GUARD   http_guard, HTTP_CLIENTS, HTTP_OF_ONE, CLIENT_SIZE, http_client, "http client"

.bss
.balign 4
http_requests:          .space 4
http_nothing:           .space 4        # era, peers and name without a cluster

.data
.balign 4
http_owner:             .long 0, 0, http_name, 0
STRING http_name, "http"

# Clients are nobody's: who replaces the server leaves them their connections. Its state is how much it was asked.
SERVICE_PART http, http_owner, "http", http_task, http_leave, 0, "kernel http\nneed network\nrestart always\n", form=1, giver=http_state, taker=http_goes_on

HOOK http_cluster, http_nothing, http_nothing, http_nothing # addresses: era, number of peers, name
CLUSTER_ERA             = 0
CLUSTER_PEERS           = 4
CLUSTER_NAME            = 8

.text

# Takes connections and gives each to a task.
http_task:
    mov     eax, offset http_owner
    call    owner_join
    call    kernels_served_now             # nobody is served that was when the service ended
    call    stream_open
    jc      1f
    mov     ebx, eax
    mov     edx, STREAM_REUSE
    mov     ecx, 1
    call    stream_option
    mov     eax, ebx
    xor     edx, edx
    mov     ecx, HTTP_PORT
    call    stream_bind
    jc      1f
    mov     eax, ebx
    mov     edx, HTTP_BACKLOG
    call    stream_listen
    jc      1f
    mov     eax, ebx
    mov     ebx, offset http_guard
    jmp     guard_serve
1:  ret

# The service ends: so do its connections, those of servers before it too. May sleep.
http_leave:
    mov     edx, HTTP_PORT
    jmp     guard_end

# Gives what the server that follows this one goes on with.
# Out: EAX address, EDX bytes.
http_state:
    mov     eax, offset http_requests
    mov     edx, 4
    ret

# Goes on with what the server before it has given.
# In: EAX address, EDX bytes, ECX version.
# Out: CF when it is something else.
http_goes_on:
    cmp     ecx, 1
    jne     1f
    cmp     edx, 4
    jne     1f
    mov     eax, [eax]
    mov     [http_requests], eax
    clc
    ret
1:  stc
    ret

# Serves one client until it goes, is silent for too long, or says something that is no request.
# In: EAX client.
http_client:
    mov     ebx, eax
    mov     eax, [ebx + CLIENT_HANDLE]
    call    handle_take                 # it outlives the service
    mov     eax, [ebx + CLIENT_HANDLE]  # the end of an answer waits for no acknowledgement of what was before it
    mov     edx, STREAM_NODELAY
    mov     ecx, 1
    call    stream_option
.Lhttp_client_read:
    call    http_request                # ESI: the request
    jc      .Lhttp_client_end
    inc     dword ptr [http_requests]
    mov     eax, [ebx + CLIENT_SEAT]
    mov     edx, SEAT_WORKS
    call    guard_phase
    call    http_answer
    jc      .Lhttp_client_end
    cmp     dword ptr [ebx + CLIENT_CLOSE], 0
    je      .Lhttp_client_read
    cmp     dword ptr [ebx + CLIENT_LINGER], 0
    je      .Lhttp_client_end
    call    http_linger
.Lhttp_client_end:
    jmp     guard_done

# Throws away what a client still sends, so that its connection does not end by a reset, which would take the answer
# with it (RFC 9112, 9.6). Not for long, and not much.
# In: EBX client.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
http_linger:
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, 2                      # to send no more
    call    stream_shutdown
    call    http_waits
    mov     dword ptr [ebx + CLIENT_USED], LINGER_BYTES
1:  mov     eax, [ebx + CLIENT_SEAT]
    mov     edx, LINGER_MS
    call    guard_left
    jc      2f
    mov     eax, [ebx + CLIENT_HANDLE]
    lea     esi, [ebx + CLIENT_REQUEST]
    mov     edi, REQUEST_BYTES
    xor     ecx, ecx
    call    stream_receive
    jc      2f
    test    eax, eax
    jz      2f
    sub     [ebx + CLIENT_USED], eax
    ja      1b
2:  ret

# The time begins in which something has to come of a client.
# In: EBX client.
# Clobbers: EAX, ECX, EDX.
http_waits:
    mov     eax, [ebx + CLIENT_SEAT]
    mov     edx, SEAT_WAITS
    jmp     guard_phase

# Reads up to the empty row that ends a request, and takes the request out of the buffer when it is next asked for. All
# of it has to come in IDLE_MS: who sends a byte now and then keeps no place for long. One that is too long is cut off.
# In: EBX client.
# Out: ESI request, NUL terminated; CF when the connection is to end.
http_request:
    mov     dword ptr [ebx + CLIENT_USED], 0
    call    http_waits
.Lhttp_request_more:
    lea     esi, [ebx + CLIENT_REQUEST]
    mov     edi, REQUEST_BYTES - 1
    mov     eax, [ebx + CLIENT_USED]
    add     esi, eax
    sub     edi, eax
    jz      .Lhttp_request_whole        # longer than any that is served
    mov     eax, [ebx + CLIENT_SEAT]
    mov     edx, IDLE_MS
    call    guard_left
    jc      .Lhttp_request_end
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     ecx, STREAM_PEEK            # what follows the request stays for the next
    call    stream_receive
    jc      .Lhttp_request_end
    test    eax, eax
    jz      .Lhttp_request_end
    mov     ecx, eax
    xor     edi, edi                    # EDI: bytes of these that belong to it
1:  inc     edi
    cmp     byte ptr [esi + edi - 1], 10
    jne     2f
    cmp     byte ptr [esi + edi - 2], 10
    je      3f
    cmp     dword ptr [esi + edi - 4], 0x0A0D0A0D
    je      3f
2:  cmp     edi, ecx
    jb      1b
    call    http_take
    jc      .Lhttp_request_end
    jmp     .Lhttp_request_more
3:  call    http_take
    jc      .Lhttp_request_end
.Lhttp_request_whole:
    mov     eax, [ebx + CLIENT_USED]
    mov     byte ptr [ebx + CLIENT_REQUEST + eax], 0
    lea     esi, [ebx + CLIENT_REQUEST]
    clc
    ret
.Lhttp_request_end:
    stc
    ret

# Takes bytes that were looked at.
# In: EBX client, ESI where they are, EDI how many.
# Out: CF when the connection has ended.
http_take:
    mov     eax, [ebx + CLIENT_HANDLE]
    xor     edx, edx
    xor     ecx, ecx
    call    stream_receive
    jc      1f
    add     [ebx + CLIENT_USED], eax
    clc
1:  ret

.pushsection .data
.balign 4
# Path and the routine that writes the page. In: EBX client, EDI buffer of ANSWER_BYTES. Out: EAX bytes, EDX its type.
http_pages:
    .long   path_status, page_status, path_json, page_json, path_ip, page_ip, path_root, page_status, 0
.popsection
STRING path_status, "/status"
STRING path_json, "/status.json"
STRING path_running, "/kernel/running"
STRING path_ip, "/?IP"
STRING path_root, "/"
STRING type_text, "text/plain; charset=utf-8"
STRING type_error, "text/plain; charset=utf-8\r\nAllow: GET, HEAD" # 405 must have it, others may (RFC 9110, 10.2.1)
STRING type_busy, "text/plain; charset=utf-8\r\nRetry-After: 1"
STRING type_json, "application/json"
STRING head_good, "200 OK"
STRING head_busy, "503 Service Unavailable"
STRING head_missing, "404 Not Found"
STRING field_connection, "connection:"
STRING word_close, "close"
STRING word_keep, "keep-alive"
STRING head_long, "431 Request Header Fields Too Large"
STRING head_long_path, "414 URI Too Long"
STRING word_scheme, "http://"

# Answers a request.
# In: EBX client, ESI request.
# Out: CF when the connection has ended.
http_answer:
    push    ebp
    mov     dword ptr [ebx + CLIENT_HEAD], 0
    mov     dword ptr [ebx + CLIENT_CLOSE], 1
    mov     dword ptr [ebx + CLIENT_LINGER], 0
    cmp     dword ptr [ebx + CLIENT_USED], REQUEST_BYTES - 1
    je      .Lhttp_answer_long
    call    http_row
    jc      .Lhttp_answer_refuse
    call    http_fields
    jc      .Lhttp_answer_refuse
    call    http_method
    jc      .Lhttp_answer_refuse
    call    http_stays
    call    http_target
    mov     eax, esi
    mov     edx, offset path_running
    call    string_compare
    je      .Lhttp_answer_running
    mov     ecx, offset http_pages
.Lhttp_answer_page:
    mov     edx, [ecx]
    test    edx, edx
    jz      .Lhttp_answer_missing
    mov     eax, esi
    push    ecx
    call    string_compare
    pop     ecx
    je      .Lhttp_answer_found
    add     ecx, 8
    jmp     .Lhttp_answer_page
.Lhttp_answer_found:
    lea     edi, [ebx + CLIENT_ANSWER]
    call    [ecx + 4]
    mov     ebp, offset head_good
    jmp     http_send
.Lhttp_answer_running:
    mov     edx, [http_cluster + CLUSTER_NAME]
    call    http_running
    jnc     .Lhttp_answer_done
    jmp     .Lhttp_answer_failed
.Lhttp_answer_missing:
    call    http_kernel
    jnc     .Lhttp_answer_done
    cmp     eax, ERROR_NOT_FOUND
    jne     .Lhttp_answer_failed
    call    http_file
    jnc     .Lhttp_answer_done
.Lhttp_answer_failed:
    mov     edx, offset type_busy
    mov     ebp, offset head_busy
    cmp     eax, ERROR_BUSY
    je      .Lhttp_answer_text
    mov     ebp, offset head_missing
    cmp     eax, ERROR_NOT_FOUND
    je      .Lhttp_answer_error
    stc
.Lhttp_answer_done:
    pop     ebp
    ret
.Lhttp_answer_long:
    mov     eax, esi
    mov     ebp, offset head_long_path
.Lhttp_answer_row:
    inc     eax
    cmp     byte ptr [eax], 0
    je      .Lhttp_answer_refuse
    cmp     byte ptr [eax], 10
    jne     .Lhttp_answer_row
    mov     ebp, offset head_long
.Lhttp_answer_refuse:
    mov     dword ptr [ebx + CLIENT_CLOSE], 1
    mov     dword ptr [ebx + CLIENT_LINGER], 1
.Lhttp_answer_error:
    mov     edx, offset type_error
.Lhttp_answer_text:
    lea     edi, [ebx + CLIENT_ANSWER]
    SNPRINTF edi, ANSWER_BYTES, "%s\n", ebp

# Sends a head and a page.
# In: EBX client, EBP status, EAX bytes of the page in CLIENT_ANSWER, EDX its type; on the stack: EBP of the caller.
# Out: as http_answer.
http_send:
    mov     esi, eax                    # ESI: bytes of the page
    mov     ecx, offset word_keep
    cmp     dword ptr [ebx + CLIENT_CLOSE], 0
    je      1f
    mov     ecx, offset word_close
1:  lea     edi, [ebx + CLIENT_HEADER]
    SNPRINTF edi, HEAD_BYTES, "HTTP/1.1 %s\r\nServer: QuRe\r\nContent-Type: %s\r\nContent-Length: %u\r\nCache-Control: no-store\r\nConnection: %s\r\n\r\n", ebp, edx, esi, ecx
    mov     ebp, esi
    mov     esi, edi
    mov     edi, eax
    mov     ecx, 1
    call    http_cork
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, IDLE_MS
    call    http_put
    jc      2f
    cmp     dword ptr [ebx + CLIENT_HEAD], 0
    jne     3f
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, IDLE_MS
    lea     esi, [ebx + CLIENT_ANSWER]
    mov     edi, ebp
    call    http_put
    jc      2f
3:  xor     ecx, ecx
    call    http_cork
2:  pop     ebp
    ret

# Sends bytes, all of them: after a part of an answer nothing else can be said on a connection.
# In: EAX socket, EDX timeout in ms, ESI bytes, EDI how many.
# Out: CF and EAX error when the client has gone or did not take them in time.
.global http_put
http_put:
    call    stream_send
    jc      1f
    cmp     eax, edi                    # CF for fewer
    mov     eax, ERROR_TIMEOUT
1:  ret

# Ends a connection after its answer if the client wants that, or sends a body: nobody reads it, and it would be taken
# for the next request.
# In: EBX client.
# Clobbers: EAX, ECX, EDX.
http_stays:
    push    esi
    push    edi
    test    dword ptr [ebx + CLIENT_SEEN], SEEN_LENGTH | SEEN_CODING
    jz      1f
    inc     dword ptr [ebx + CLIENT_LINGER]
    jmp     .Lhttp_stays_done
1:  cmp     dword ptr [ebx + CLIENT_MINOR], 0
    je      .Lhttp_stays_done
    mov     dword ptr [ebx + CLIENT_CLOSE], 0
    mov     eax, [ebx + CLIENT_REST]
.Lhttp_stays_row:
    mov     edx, offset field_connection
    call    http_field
    jc      .Lhttp_stays_done
    mov     esi, eax
    mov     edx, offset word_close
.Lhttp_stays_word:
    mov     eax, esi
    call    http_word
    jne     3f
    cmp     byte ptr [edi], ' '
    jbe     .Lhttp_stays_not
    cmp     byte ptr [edi], ','
    je      .Lhttp_stays_not
3:  lodsb                               # the next word of the list
    cmp     al, ','
    je      4f
    cmp     al, ' '
    jae     3b
    cmp     al, 9
    je      3b
    lea     eax, [esi - 1]              # the field may come again, which is one list (RFC 9110, 5.3)
    jmp     .Lhttp_stays_row
4:  cmp     byte ptr [esi], ' '
    jne     .Lhttp_stays_word
    inc     esi
    jmp     4b
.Lhttp_stays_not:
    mov     dword ptr [ebx + CLIENT_CLOSE], 1
.Lhttp_stays_done:
    pop     edi
    pop     esi
    ret

# Finds the path in what was asked for, which may be a whole URI (RFC 9112, 3.2.2).
# In: ESI what was asked for, NUL terminated.
# Out: ESI path.
# Clobbers: EAX, ECX, EDX, EDI.
http_target:
    mov     eax, esi
    mov     edx, offset word_scheme
    call    http_word
    jne     2f
    mov     esi, edi
1:  lodsb
    cmp     al, '/'
    je      3f
    test    al, al
    jnz     1b
    mov     esi, offset path_root
2:  ret
3:  dec     esi
    ret

# Holds back what makes no full segment, so that head and body leave together, or lets it go.
# In: EBX client, ECX 1 to hold it back, 0 to let it go.
# Out: CF when the connection has ended.
# Clobbers: EAX, ECX, EDX.
.global http_cork
http_cork:
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, STREAM_CORK
    jmp     stream_option

# Pages, see http_pages.
page_ip:
    SNPRINTF edi, ANSWER_BYTES, "%I\n", [ebx+CLIENT_ADDRESS]
    mov     edx, offset type_text
    ret

page_status:
    push    esi
    push    ebp
    push    ebx
    call    http_facts
    mov     edx, [http_cluster + CLUSTER_ERA]
    mov     ebx, [http_cluster + CLUSTER_PEERS]
    mov     eax, offset hostname
    SNPRINTF edi, ANSWER_BYTES, "name %s\naddress %I\nup %u s\nmemory in use %u bytes\nrequests %u\ncluster era %u, %u peers\nkernel revision %u, checksum %08x\nkernels served %u\n", eax, esi, ecx, ebp, [http_requests], [edx], [ebx], [boot_info+bi_revision], [running_checksum], [downloads_served]
    mov     edx, offset type_text
    pop     ebx
    pop     ebp
    pop     esi
    ret

page_json:
    push    esi
    push    ebp
    push    ebx
    call    http_facts
    mov     edx, [http_cluster + CLUSTER_ERA]
    mov     ebx, [http_cluster + CLUSTER_PEERS]
    mov     eax, offset hostname
    SNPRINTF edi, ANSWER_BYTES, "{\"name\":\"%s\",\"address\":\"%I\",\"upSeconds\":%u,\"memoryBytes\":%u,\"requests\":%u,\"era\":%u,\"peers\":%u,\"revision\":%u,\"checksum\":\"%08x\",\"kernelsServed\":%u}\n", eax, esi, ecx, ebp, [http_requests], [edx], [ebx], [boot_info+bi_revision], [running_checksum], [downloads_served]
    mov     edx, offset type_json
    pop     ebx
    pop     ebp
    pop     esi
    ret

# What both pages tell.
# Out: ESI address, ECX seconds since boot, EBP bytes of the heap in use.
http_facts:
    xor     esi, esi
    mov     eax, [net_interfaces]
    test    eax, eax
    jz      1f
    mov     esi, [eax + NETIF_ADDRESS]
1:  call    heap_stats
    mov     ebp, edx
    call    clock_ms
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    mov     ecx, eax
    ret
