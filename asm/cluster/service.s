# Which service addresses there are, as the cluster's values say, and what is known of each. Who holds them is the
# matter of asm/cluster/holder.s. All routines run with the cluster's mutex held.

.include "macros.inc"
.include "net.inc"
.include "cluster.inc"

.bss
.balign 4
.global services
services:               .space SERVICES * SERVICE_SIZE

# The values have changed; the mutex is held.
HOOK values_changed, hook_quiet

.text

# Finds a service.
# In: EAX address.
# Out: ESI service; CF when there is none.
.global service_address_find
service_address_find:
    mov     esi, offset services
1:  cmp     [esi + SERVICE_ADDRESS], eax
    je      9f                          # CF is clear
    add     esi, SERVICE_SIZE
    cmp     esi, offset services + SERVICES * SERVICE_SIZE
    jb      1b
    stc
9:  ret

# Tells the group about an address and the node that shall hold it.
# In: EAX KIND_RELEASE or KIND_MOVE, ESI service, EDX id.
# Out: CF and EAX error.
.global service_say
service_say:
    push    edx
    call    packet_build
    pop     edx
    mov     eax, [edx]
    mov     [cluster_out + CLOUD_TARGET], eax
    mov     eax, [edx + 4]
    mov     [cluster_out + CLOUD_TARGET + 4], eax
    mov     eax, [esi + SERVICE_ADDRESS]
    mov     [cluster_out + CLOUD_SERVICE], eax
    mov     edx, CLUSTER_GROUP
    mov     ecx, CLOUD_REQUEST_SIZE
    jmp     packet_send_to

# The values have changed: takes over which service addresses there are. They are the names `address.A.B.C.D`, their
# values the masks, and the word `shared` where all serve the address. The mutex is held.
.global services_configure
services_configure:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, offset services        # those that are no more
1:  mov     eax, [esi + SERVICE_ADDRESS]
    test    eax, eax
    jz      2f
    call    service_wanted
    jnc     2f
    call    holder_drop
    mov     dword ptr [esi + SERVICE_ADDRESS], 0
2:  add     esi, SERVICE_SIZE
    cmp     esi, offset services + SERVICES * SERVICE_SIZE
    jb      1b
    mov     edi, offset values + VALUES_TEXT    # those that are new
.Lservices_configure_next:
    call    service_read
    jc      .Lservices_configure_done
    test    eax, eax
    jz      .Lservices_configure_next
    mov     ebx, eax
    push    ecx
    call    service_address_find
    jnc     .Lservices_configure_known
    xor     eax, eax                    # a free place
    call    service_address_find
    jc      .Lservices_configure_full
    push    edi
    mov     edi, esi
    xor     eax, eax
    mov     ecx, SERVICE_SIZE / 4
    rep stosd
    pop     edi
    mov     [esi + SERVICE_ADDRESS], ebx
    call    clock_ms
    sub     eax, SERVICE_SILENCE_MS             # nobody is known to hold it: the first in the row takes it
    mov     [esi + SERVICE_HEARD], eax
.Lservices_configure_known:
    pop     [esi + SERVICE_SHARED]
    mov     [esi + SERVICE_MASK], ebp
    jmp     .Lservices_configure_next
.Lservices_configure_full:
    pop     ecx
    jmp     .Lservices_configure_next
.Lservices_configure_done:
    call    learn_configure
    call    [values_changed]
    mov     eax, offset lend_event
    call    event_signal
    mov     eax, offset holder_event
    call    event_signal
    mov     eax, offset upgrade_event
    call    event_signal
    mov     eax, offset witness_event
    call    event_signal
    mov     eax, offset names_event
    call    event_signal
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads the next value, and whether it is a service address.
# In: EDI entry of the values, or their end.
# Out: EAX address, EBP mask, ECX 1 when it is shared; EAX 0 when it is another value; EDI the next entry; CF at the
# end.
# Clobbers: EDX.
service_read:
    push    esi
    cmp     edi, offset values + VALUES_TEXT + VALUES_TEXT_MAXIMUM
    cmc
    jc      .Lservice_read_done
    cmp     byte ptr [edi], 1
    jb      .Lservice_read_done
    mov     esi, edi
    call    values_skip
    xchg    esi, edi                    # ESI: this entry
    push    esi
    mov     eax, esi
    LOAD_STRING edx, "address."
    call    string_prefix
    pop     esi
    mov     eax, 0
    jne     .Lservice_read_read
    lea     eax, [esi + 8]
    call    parse_address
    jc      .Lservice_read_other
    cmp     byte ptr [edx], 0
    jne     .Lservice_read_other
    mov     ebp, eax
    lea     eax, [edx + 1]
    call    parse_address
    jc      .Lservice_read_other
    xchg    eax, ebp
    push    eax
    mov     eax, edx
    LOAD_STRING edx, " shared"
    call    string_compare
    pop     eax
    mov     ecx, 0
    sete    cl
    jmp     .Lservice_read_read
.Lservice_read_other:
    xor     eax, eax
.Lservice_read_read:
    clc
.Lservice_read_done:
    pop     esi
    ret

# Whether an address is among the values.
# In: EAX address.
# Out: CF when it is not.
# Clobbers: EAX, ECX, EDX, EBX, EDI, EBP.
service_wanted:
    mov     ebx, eax
    mov     edi, offset values + VALUES_TEXT
1:  call    service_read
    jc      9f
    cmp     eax, ebx
    jne     1b
9:  ret
