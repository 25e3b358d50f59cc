# The gateway is asked by UPnP's Internet gateway device (WANIPConnection:1 and :2), when it knows neither PCP nor
# NAT-PMP. It is found by SSDP, describes itself by HTTP, and is asked by SOAP (UPnP Device Architecture 1.0, 1 to 3).
# A task does that, as it takes its time, and ends with what came of it: it is none of the daemon's, which do not end.
# Nobody but the gateway is believed to be one: answers from elsewhere are passed over, and so are addresses that name
# anybody else. What it says may have IGD_TEXT_BYTES, and all of it takes IGD_MS at most.

.include "macros.inc"
.include "net.inc"
.include "tcp.inc"
.include "cluster.inc"
.include "wide.inc"

SSDP_PORT               = 1900
SSDP_GROUP              = 0xFAFFFFEF    # 239.255.255.250
SSDP_TTL                = 2             # UPnP Device Architecture 1.1, 1.3.2
SEARCHES                = 2
SEARCH_MS               = 1200          # for answers to each: a device may take the second that the search names
IGD_PIECES              = 64            # in which an answer may come
IGD_ATTEMPTS            = 4             # of one mapping
HTTP_PORT               = 80

# What the task has.
IGD_ADDRESS             = 0             # from which it asks
IGD_GATEWAY             = 4
IGD_LIFE                = 8             # seconds that are asked for; 0 takes the mapping back
IGD_SECONDS             = 12            # and that are said
IGD_OUTSIDE             = 16            # port
IGD_SEEN                = 20            # address that the gateway says it has, or 0
IGD_END                 = 24            # clock_ms
IGD_PORT                = 28            # of the gateway's server
IGD_SOCKET              = 32            # or 0
IGD_LEFT                = 36            # of IGD_PIECES
IGD_PROTOCOL            = 40            # what is mapped, as text
IGD_TYPE                = 44            # the service
IGD_TYPE_BYTES          = 64
IGD_PATH                = IGD_TYPE + IGD_TYPE_BYTES
IGD_PATH_BYTES          = 256
IGD_VALUES              = IGD_PATH + IGD_PATH_BYTES     # arguments of an action
IGD_VALUES_BYTES        = 512
IGD_BODY                = IGD_VALUES + IGD_VALUES_BYTES
IGD_BODY_BYTES          = 1024
IGD_TEXT                = IGD_BODY + IGD_BODY_BYTES     # a request, then its answer, NUL terminated
IGD_TEXT_BYTES          = 16384
IGD_SIZE                = IGD_TEXT + IGD_TEXT_BYTES

ERROR_CONFLICT          = 718           # WANIPConnection:1, 2.4.16: the port is another machine's
ERROR_NO_ENTRY          = 714
ERROR_PERMANENT_ONLY    = 725

STRING igd_name, "cloud igd"
STRING word_udp, "UDP"
STRING word_tcp, "TCP"
STRING field_location, "location:"
STRING field_length, "content-length:"
STRING word_scheme, "http://"
STRING word_version, "HTTP/1."
STRING head_end, "\r\n\r\n"
STRING service_begin, "<service>"
STRING service_end, "</service>"
STRING service_type, "<serviceType>"
STRING service_control, "<controlURL>"
STRING type_ip, "urn:schemas-upnp-org:service:WANIPConnection:"
STRING type_ppp, "urn:schemas-upnp-org:service:WANPPPConnection:"
STRING error_code, "<errorCode>"
STRING told_address, "<NewExternalIPAddress>"

.text

# Has the gateway asked. Where a task has no room, nothing is asked.
# Clobbers: EAX, ECX, EDX.
.global igd_ask
igd_ask:
    mov     eax, offset igd_task
    xor     edx, edx
    mov     ecx, offset igd_name
    jmp     task_create

# The task.
igd_task:
    mov     eax, IGD_SIZE
    call    malloc
    jc      .Ligd_task_end
    mov     ebx, eax
    call    clock_ms
    add     eax, IGD_MS
    mov     [ebx + IGD_END], eax
    call    cloud_lock
    mov     eax, [wide_address]
    mov     [ebx + IGD_ADDRESS], eax
    mov     edx, [cluster_netif]
    mov     edx, [edx + NETIF_ROUTER]
    mov     [ebx + IGD_GATEWAY], edx
    mov     ecx, [router_life]
    mov     [ebx + IGD_LIFE], ecx
    mov     [ebx + IGD_SECONDS], ecx
    call    router_port
    mov     [ebx + IGD_OUTSIDE], eax
    call    cloud_unlock
    cmp     dword ptr [ebx + IGD_ADDRESS], 0
    je      .Ligd_task_free
    call    igd_search
    jc      1f
    call    igd_describe
    jc      1f
    mov     dword ptr [ebx + IGD_PROTOCOL], offset word_udp
    mov     ecx, IGD_ATTEMPTS
    call    igd_map
    jc      1f
    cmp     dword ptr [ebx + IGD_LIFE], 0
    je      1f                          # TCP's is not taken back; CF is clear
    push    dword ptr [ebx + IGD_OUTSIDE]
    mov     dword ptr [ebx + IGD_PROTOCOL], offset word_tcp
    mov     ecx, 1                      # that port or none
    call    igd_map                     # whatever comes of it
    pop     dword ptr [ebx + IGD_OUTSIDE]
    clc
1:  sbb     ebp, ebp                    # EBP: -1 when it did not
    call    cloud_lock
    call    igd_tell
    call    cloud_unlock
.Ligd_task_free:
    mov     eax, ebx
    call    mfree
.Ligd_task_end:
    ret

# Tells the router what came of it, if that is still what is asked for.
# In: EBX task's, EBP 0 when it is done.
# Clobbers: EAX, ECX, EDX.
igd_tell:
    mov     ecx, [ebx + IGD_ADDRESS]
    cmp     ecx, [wide_address]
    jne     9f
    cmp     dword ptr [router_method], ROUTER_IGD
    jne     9f
    mov     ecx, [ebx + IGD_LIFE]
    cmp     ecx, [router_life]
    jne     9f
    test    ebp, ebp
    jnz     router_refused
    mov     eax, [ebx + IGD_SEEN]
    mov     [router_address], eax
    mov     edx, [ebx + IGD_OUTSIDE]
    mov     eax, [ebx + IGD_LIFE]
    jmp     router_agreed
9:  ret

# How long a step may take.
# In: EBX task's.
# Out: EDX milliseconds; CF when the time is over.
# Clobbers: EAX.
igd_left:
    call    clock_ms
    mov     edx, [ebx + IGD_END]
    sub     edx, eax
    cmp     edx, 1
    jl      1f
    clc
    ret
1:  stc
    ret

# Finds the gateway's device: asks all, as older ones hear nothing else, and the gateway by itself. May sleep.
# In: EBX task's.
# Out: IGD_PORT, IGD_PATH; CF when there is none.
# Clobbers: EAX, ECX, EDX, ESI, EDI, EBP.
igd_search:
    xor     eax, eax
    call    udp_open
    jc      .Ligd_search_done
    mov     ebp, eax                    # EBP: socket
    mov     edx, [ebx + IGD_ADDRESS]
    xor     ecx, ecx
    call    udp_bind
    jc      .Ligd_search_close
    mov     eax, ebp
    mov     edx, SSDP_TTL
    call    udp_set_ttl
    push    SEARCHES
.Ligd_search_again:
    sub     dword ptr [esp], 1
    jc      .Ligd_search_none           # CF is set
    lea     esi, [ebx + IGD_TEXT]
    SNPRINTF esi, IGD_TEXT_BYTES, "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\r\n"
    mov     edi, eax
    mov     edx, SSDP_GROUP
    call    igd_search_send
    mov     edx, [ebx + IGD_GATEWAY]
    call    igd_search_send
    call    clock_ms
    lea     edi, [eax + SEARCH_MS]      # EDI: until when answers are waited for
.Ligd_search_hear:
    call    clock_ms
    mov     edx, edi
    sub     edx, eax
    js      .Ligd_search_again
    push    edi
    mov     eax, ebp
    lea     esi, [ebx + IGD_TEXT]
    mov     edi, IGD_TEXT_BYTES - 1
    call    udp_receive
    pop     edi
    jc      .Ligd_search_again
    cmp     edx, [ebx + IGD_GATEWAY]    # from which of its ports does not matter
    jne     .Ligd_search_hear
    mov     byte ptr [esi + eax], 0
    call    igd_status
    jc      .Ligd_search_hear
    cmp     eax, 200
    jne     .Ligd_search_hear
    mov     eax, esi
    mov     edx, offset field_location
    call    http_field
    jc      .Ligd_search_hear
    mov     byte ptr [ebx + IGD_PATH], 0
    call    igd_place
    jc      .Ligd_search_hear
.Ligd_search_none:
    pop     eax                         # CF stays
.Ligd_search_close:
    pushfd
    mov     eax, ebp
    call    udp_close
    popfd
.Ligd_search_done:
    ret

# Sends a search. May sleep.
# In: EBP socket, EDX address, ESI text, EDI bytes.
# Clobbers: EAX, ECX, EDX.
igd_search_send:
    mov     eax, ebp
    mov     ecx, SSDP_PORT
    jmp     udp_send

# Takes the place that a text names: `http://ADDRESS:PORT/PATH`, or `/PATH`, or what goes on from the last path. Only
# the gateway's own address will do.
# In: EBX task's, EAX text.
# Out: IGD_PORT, IGD_PATH; CF when it is no place of the gateway's.
# Clobbers: EAX, ECX, EDX.
igd_place:
    push    esi
    push    edi
    mov     esi, eax
    mov     edx, offset word_scheme
    call    http_word
    jne     .Ligd_place_path
    mov     eax, edi
    call    parse_address
    jc      .Ligd_place_done
    cmp     eax, [ebx + IGD_GATEWAY]
    jne     .Ligd_place_bad
    mov     esi, edx
    mov     eax, HTTP_PORT
    cmp     byte ptr [esi], ':'
    jne     .Ligd_place_port
    lea     eax, [esi + 1]
    call    parse_number
    jc      .Ligd_place_done
    mov     esi, edx
    lea     edx, [eax - 1]
    cmp     edx, 0xFFFF
    jae     .Ligd_place_bad
.Ligd_place_port:
    mov     [ebx + IGD_PORT], eax
    mov     byte ptr [ebx + IGD_PATH], 0
.Ligd_place_path:
    lea     edi, [ebx + IGD_PATH]
    mov     ecx, edi                    # ECX: where the path goes on
    cmp     byte ptr [esi], '/'
    je      .Ligd_place_sign
    mov     edx, edi                    # after its last slash
.Ligd_place_slash:
    mov     al, [edx]
    inc     edx
    cmp     al, '/'
    jne     .Ligd_place_slashed
    mov     ecx, edx
.Ligd_place_slashed:
    test    al, al
    jnz     .Ligd_place_slash
    cmp     ecx, edi
    jne     .Ligd_place_sign
    mov     byte ptr [edi], '/'
    inc     ecx
.Ligd_place_sign:
    add     edi, IGD_PATH_BYTES - 1     # EDI: where it has to end
.Ligd_place_next:
    mov     al, [esi]
    cmp     al, ' '                     # what ends a row, or an element
    jbe     .Ligd_place_end
    cmp     al, '<'
    je      .Ligd_place_end
    cmp     al, 0x7F
    jae     .Ligd_place_bad
    cmp     ecx, edi
    jae     .Ligd_place_bad
    mov     [ecx], al
    inc     ecx
    inc     esi
    jmp     .Ligd_place_next
.Ligd_place_end:
    mov     byte ptr [ecx], 0
    clc
    jmp     .Ligd_place_done
.Ligd_place_bad:
    stc
.Ligd_place_done:
    pop     edi
    pop     esi
    ret

# Reads the device's description, and finds the first service in it that maps ports. May sleep.
# In: EBX task's, IGD_PORT and IGD_PATH of the description.
# Out: IGD_TYPE, IGD_PORT, IGD_PATH; CF when there is none.
# Clobbers: EAX, ECX, EDX, ESI, EDI, EBP.
igd_describe:
    lea     esi, [ebx + IGD_TEXT]
    lea     ecx, [ebx + IGD_PATH]
    SNPRINTF esi, IGD_TEXT_BYTES, "GET %s HTTP/1.0\r\nHost: %I:%u\r\nConnection: close\r\n\r\n", ecx, [ebx+IGD_GATEWAY], [ebx+IGD_PORT]
    mov     edi, eax
    call    igd_exchange
    jc      .Ligd_describe_done
    cmp     eax, 200                    # it is not followed to elsewhere
    jne     .Ligd_describe_none
    mov     eax, esi
.Ligd_describe_service:
    mov     edx, offset service_begin
    call    igd_find
    jc      .Ligd_describe_done
    mov     esi, eax                    # ESI: what the service says, NUL terminated
    mov     edx, offset service_end
    call    igd_find
    jc      .Ligd_describe_done
    mov     byte ptr [eax - 1], 0
    mov     edi, eax                    # EDI: what follows
    call    igd_typed
    jc      1f
    mov     eax, esi
    mov     edx, offset service_control
    call    igd_find
    jnc     igd_place
1:  mov     eax, edi
    jmp     .Ligd_describe_service
.Ligd_describe_none:
    stc
.Ligd_describe_done:
    ret

# Looks whether a service maps ports.
# In: EBX task's, ESI what it says.
# Out: IGD_TYPE; CF when it does not.
# Clobbers: EAX, ECX, EDX.
igd_typed:
    mov     eax, esi
    mov     edx, offset service_type
    call    igd_find
    jc      9f
    push    esi
    mov     esi, eax
    mov     edx, offset type_ip
    call    string_prefix
    je      1f
    mov     eax, esi
    mov     edx, offset type_ppp
    call    string_prefix
    jne     8f
1:  cmp     byte ptr [eax], '1'         # its version: a later one knows what an older one did
    jb      8f
    cmp     byte ptr [eax], '9'
    ja      8f
    sub     eax, esi
    lea     ecx, [eax + 2]
    CHECK   ecx, be, IGD_TYPE_BYTES, "igd_typed: a type without room"
    lea     eax, [ebx + IGD_TYPE]
    mov     edx, esi
    call    string_copy
    pop     esi
    clc
    ret
8:  pop     esi
    stc
9:  ret

# Finds a word in text, and passes over blanks after it.
# In: EAX text, EDX word.
# Out: EAX what follows it; CF when it is not there.
# Clobbers: ECX.
igd_find:
    push    esi
    push    edx
    mov     esi, eax
1:  mov     eax, esi
    mov     edx, [esp]
    call    string_prefix
    je      2f
    inc     esi
    cmp     byte ptr [esi - 1], 1
    jae     1b
    jmp     9f                          # CF is set
2:  dec     eax
3:  inc     eax
    mov     cl, [eax]
    dec     cl
    cmp     cl, ' '
    jb      3b                          # blanks, and no end
    clc
9:  pop     edx
    pop     esi
    ret

# Has the port mapped, or the mapping taken back, and asks for the address. May sleep.
# In: EBX task's, ECX attempts.
# Out: IGD_OUTSIDE, IGD_SEEN; CF when it was refused.
# Clobbers: EAX, ECX, EDX, ESI, EDI, EBP.
igd_map:
    cmp     dword ptr [ebx + IGD_LIFE], 0
    je      .Ligd_map_delete
    push    ecx
.Ligd_map_again:
    sub     dword ptr [esp], 1
    jc      .Ligd_map_refused
    lea     edx, [ebx + IGD_VALUES]
    SNPRINTF edx, IGD_VALUES_BYTES, "<NewRemoteHost></NewRemoteHost><NewExternalPort>%u</NewExternalPort><NewProtocol>%s</NewProtocol><NewInternalPort>%u</NewInternalPort><NewInternalClient>%I</NewInternalClient><NewEnabled>1</NewEnabled><NewPortMappingDescription>QuRe</NewPortMappingDescription><NewLeaseDuration>%u</NewLeaseDuration>", [ebx+IGD_OUTSIDE], [ebx+IGD_PROTOCOL], WIDE_PORT, [ebx+IGD_ADDRESS], [ebx+IGD_SECONDS]
    LOAD_STRING eax, "AddPortMapping"
    call    igd_act
    jc      .Ligd_map_refused
    cmp     eax, 200
    je      .Ligd_map_done
    call    igd_error
    cmp     eax, ERROR_PERMANENT_ONLY
    jne     1f
    mov     dword ptr [ebx + IGD_SECONDS], 0
    jmp     .Ligd_map_again
1:  cmp     eax, ERROR_CONFLICT
    jne     .Ligd_map_refused
    call    secret_number
    or      eax, 0xFFFF8000             # a high one, at random
    movzx   eax, ax
    mov     [ebx + IGD_OUTSIDE], eax
    jmp     .Ligd_map_again
.Ligd_map_refused:
    pop     eax
    stc
    ret
.Ligd_map_done:
    pop     eax
    cmp     dword ptr [ebx + IGD_PROTOCOL], offset word_udp
    jne     2f
    mov     byte ptr [ebx + IGD_VALUES], 0
    LOAD_STRING eax, "GetExternalIPAddress"
    call    igd_act
    jc      2f
    mov     edx, offset told_address
    mov     eax, esi
    call    igd_find
    jc      2f
    call    parse_address
    jc      2f
    mov     [ebx + IGD_SEEN], eax
2:  clc                                 # the mapping is there without it
    ret
.Ligd_map_delete:
    lea     edx, [ebx + IGD_VALUES]
    SNPRINTF edx, IGD_VALUES_BYTES, "<NewRemoteHost></NewRemoteHost><NewExternalPort>%u</NewExternalPort><NewProtocol>%s</NewProtocol>", [ebx+IGD_OUTSIDE], [ebx+IGD_PROTOCOL]
    LOAD_STRING eax, "DeletePortMapping"
    call    igd_act
    jc      9f
    cmp     eax, 200
    je      9f                          # CF is clear
    call    igd_error
    cmp     eax, ERROR_NO_ENTRY         # it was gone
    je      9f
    stc
9:  ret

# What a refusal says.
# In: ESI answer.
# Out: EAX number of the error; 0 when it does not say.
# Clobbers: ECX, EDX.
igd_error:
    mov     eax, esi
    mov     edx, offset error_code
    call    igd_find
    jc      1f
    call    parse_number
    jnc     2f
1:  xor     eax, eax
2:  ret

# Asks for an action. May sleep.
# In: EBX task's, EAX its name, its arguments in IGD_VALUES.
# Out: EAX status, ESI answer; CF when there is none.
# Clobbers: ECX, EDX, EDI, EBP.
igd_act:
    mov     esi, eax                    # ESI: name
    lea     edi, [ebx + IGD_TYPE]
    lea     ecx, [ebx + IGD_VALUES]
    lea     edx, [ebx + IGD_BODY]
    SNPRINTF edx, IGD_BODY_BYTES, "<?xml version=\"1.0\"?>\r\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body><u:%s xmlns:u=\"%s\">%s</u:%s></s:Body></s:Envelope>\r\n", esi, edi, ecx, esi
    CHECK   eax, b, IGD_BODY_BYTES-1, "igd_act: a message without room"
    mov     ebp, eax                    # EBP: bytes of the body
    lea     ecx, [ebx + IGD_PATH]
    lea     eax, [ebx + IGD_TEXT]
    SNPRINTF eax, IGD_TEXT_BYTES, "POST %s HTTP/1.0\r\nHost: %I:%u\r\nContent-Type: text/xml; charset=\"utf-8\"\r\nSOAPAction: \"%s#%s\"\r\nContent-Length: %u\r\nConnection: close\r\n\r\n%s", ecx, [ebx+IGD_GATEWAY], [ebx+IGD_PORT], edi, esi, ebp, edx
    mov     edi, eax

# Sends what stands in IGD_TEXT, and reads the answer into it. May sleep.
# In: EBX task's, EDI bytes.
# Out: EAX status, ESI answer; CF when there is none.
# Clobbers: ECX, EDX, EDI.
igd_exchange:
    call    stream_open
    jc      .Ligd_exchange_done
    mov     [ebx + IGD_SOCKET], eax
    mov     edx, [ebx + IGD_ADDRESS]    # a gateway may give ports to whoever asks alone (WANIPConnection:2, 2.3.6)
    xor     ecx, ecx
    call    stream_bind
    jc      .Ligd_exchange_close
    call    igd_left
    jc      .Ligd_exchange_close
    push    edi
    mov     edi, edx
    mov     eax, [ebx + IGD_SOCKET]
    mov     edx, [ebx + IGD_GATEWAY]
    mov     ecx, [ebx + IGD_PORT]
    call    stream_connect
    pop     edi
    jc      .Ligd_exchange_close
    call    igd_left
    jc      .Ligd_exchange_close
    mov     eax, [ebx + IGD_SOCKET]
    lea     esi, [ebx + IGD_TEXT]
    call    http_put
    jc      .Ligd_exchange_close
    call    igd_answer
    jc      .Ligd_exchange_close
    lea     esi, [ebx + IGD_TEXT]
    call    igd_status
.Ligd_exchange_close:
    pushfd
    push    eax
    mov     eax, [ebx + IGD_SOCKET]
    jc      1f
    call    stream_close
    jmp     2f
1:  call    stream_abort                # nothing that it still sends is wanted
2:  pop     eax
    popfd
.Ligd_exchange_done:
    ret

# Reads an answer up to its end. May sleep.
# In: EBX task's, IGD_SOCKET.
# Out: IGD_TEXT; CF when it does not come, or is too long.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
igd_answer:
    mov     dword ptr [ebx + IGD_LEFT], IGD_PIECES
    lea     esi, [ebx + IGD_TEXT]
.Ligd_answer_piece:
    call    igd_left
    jc      9f
    sub     dword ptr [ebx + IGD_LEFT], 1
    jc      9f
    lea     edi, [ebx + IGD_TEXT + IGD_TEXT_BYTES - 1]
    sub     edi, esi                    # EDI: bytes that there is room for
    jbe     8f
    mov     eax, [ebx + IGD_SOCKET]
    xor     ecx, ecx
    call    stream_receive
    jc      9f
    add     esi, eax
    mov     byte ptr [esi], 0
    test    eax, eax
    jz      9f                          # CF is clear: it has ended
    call    igd_whole
    jc      .Ligd_answer_piece
    ret
8:  stc
9:  ret

# Whether an answer is there as far as it says that it goes: some servers keep the connection.
# In: EBX task's, ESI end of what came.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX.
igd_whole:
    push    edi
    lea     eax, [ebx + IGD_TEXT]
    mov     edx, offset head_end
    call    igd_find
    jc      9f
    mov     edi, eax                    # EDI: the body
    lea     eax, [ebx + IGD_TEXT]
    mov     edx, offset field_length
    call    http_field
    jc      9f
    call    parse_number
    jc      9f
    mov     edx, esi
    sub     edx, edi
    cmp     edx, eax                    # CF when fewer came
9:  pop     edi
    ret

# The status of an answer: `HTTP/1.x STATUS`.
# In: ESI answer.
# Out: EAX status; CF when it is none.
# Clobbers: ECX, EDX.
igd_status:
    mov     eax, esi
    mov     edx, offset word_version
    call    string_prefix
    jne     1f
    cmp     byte ptr [eax], 0
    je      1f
    cmp     byte ptr [eax + 1], ' '
    jne     1f
    add     eax, 2
    jmp     parse_number
1:  stc
    ret
