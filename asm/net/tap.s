# A tap: copies of the frames that an interface takes in and sends, as records of a pcap file, in memory of bounded size
# for the one who listens. Without one it costs a comparison a frame.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tap.inc"

TAP_BYTES               = 1 << 17       # a power of two
SECONDS_1970            = 946684800     # from there to 2000

HANDLE_TYPE tap_type, "tap", tap_destroy

.bss
.balign 4
.global tap_netif
tap_netif:              .space 4        # whose frames are copied; 0: nobody's
.global tap_event
tap_event:              .space 4        # a frame came, or could not be kept
.global tap_lost
tap_lost:               .space 4        # frames that there was no room for
tap_ring:               .space 4        # memory
tap_in:                 .space 4        # bytes that ever went in and out
tap_out:                .space 4
tap_record:             .space RECORD_SIZE

.text

# Begins to listen. Only one can at a time.
# In: EAX interface.
# Out: EAX handle; CF and EAX error: ERROR_BUSY.
.global tap_open
tap_open:
    push    ebx
    mov     ebx, eax
    cmp     dword ptr [tap_ring], 0
    mov     eax, ERROR_BUSY
    jne     .Ltap_open_failed
    mov     eax, TAP_BYTES / 4096
    call    page_alloc
    jc      .Ltap_open_failed
    mov     [tap_ring], eax
    mov     dword ptr [tap_in], 0
    mov     dword ptr [tap_out], 0
    mov     dword ptr [tap_lost], 0
    mov     edx, offset tap_type
    xor     ecx, ecx
    call    handle_open
    jc      .Ltap_open_full
    mov     [tap_netif], ebx
    clc
    pop     ebx
    ret
.Ltap_open_full:
    push    eax
    call    tap_destroy
    pop     eax
.Ltap_open_failed:
    stc
    pop     ebx
    ret

# Ends listening; who was killed does so too, by the handle.
tap_destroy:
    INTERRUPTS_OFF
    mov     dword ptr [tap_netif], 0
    xor     eax, eax
    xchg    eax, [tap_ring]
    INTERRUPTS_RESTORE
    mov     edx, TAP_BYTES / 4096
    jmp     page_free

# Copies a frame. Callable from any task.
# In: EDX frame, ECX bytes; its interface is tap_netif.
# Clobbers: nothing.
.global tap_frame
tap_frame:
    pushad
    mov     esi, edx
    mov     ebx, ecx
    INTERRUPTS_OFF
    cmp     dword ptr [tap_ring], 0
    je      .Ltap_frame_done
    mov     eax, [tap_in]
    sub     eax, [tap_out]
    lea     eax, [eax + ebx + RECORD_SIZE]
    cmp     eax, TAP_BYTES
    ja      .Ltap_frame_lost
    call    clock_date
    add     eax, SECONDS_1970
    mov     [tap_record + RECORD_SECONDS], eax
    imul    edx, edx, 1000
    mov     [tap_record + RECORD_MICROSECONDS], edx
    mov     [tap_record + RECORD_KEPT], ebx
    mov     [tap_record + RECORD_BYTES], ebx
    push    esi
    mov     esi, offset tap_record
    mov     ecx, RECORD_SIZE
    call    tap_put
    pop     esi
    mov     ecx, ebx
    call    tap_put
    jmp     .Ltap_frame_tell
.Ltap_frame_lost:
    inc     dword ptr [tap_lost]
.Ltap_frame_tell:
    mov     eax, offset tap_event
    call    event_signal
.Ltap_frame_done:
    INTERRUPTS_RESTORE
    popad
    ret

# Puts bytes into the memory, where there is room for them.
# In: ESI bytes, ECX how many.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
tap_put:
    mov     edi, [tap_in]
    add     [tap_in], ecx
    and     edi, TAP_BYTES - 1
    mov     eax, TAP_BYTES
    sub     eax, edi                    # EAX: bytes up to the end
    add     edi, [tap_ring]
    mov     edx, ecx
    sub     edx, eax
    jbe     1f
    mov     ecx, eax
    rep     movsb
    mov     edi, [tap_ring]
    mov     ecx, edx
1:  rep     movsb
    ret

# Takes the bytes of a record or of its head.
# In: EDI where they go, ECX how many; they are there.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
tap_get:
    mov     esi, [tap_out]
    add     [tap_out], ecx
    and     esi, TAP_BYTES - 1
    mov     eax, TAP_BYTES
    sub     eax, esi
    add     esi, [tap_ring]
    mov     edx, ecx
    sub     edx, eax
    jbe     1f
    mov     ecx, eax
    rep     movsb
    mov     esi, [tap_ring]
    mov     ecx, edx
1:  rep     movsb
    ret

# Takes the oldest record.
# In: EDI where it goes: RECORD_SIZE + ETHER_MAXIMUM bytes. The tap is open.
# Out: ECX its bytes; CF when there is none.
# Clobbers: EAX, EDX.
.global tap_take
tap_take:
    push    esi
    push    edi
    INTERRUPTS_OFF
    xor     ecx, ecx
    mov     eax, [tap_in]
    cmp     eax, [tap_out]
    je      1f
    push    edi
    mov     ecx, RECORD_SIZE
    call    tap_get
    mov     edi, [esp]
    mov     ecx, [edi + RECORD_KEPT]
    add     edi, RECORD_SIZE
    call    tap_get
    pop     edi
    mov     ecx, [edi + RECORD_KEPT]
    add     ecx, RECORD_SIZE
1:  INTERRUPTS_RESTORE
    cmp     ecx, 1                      # CF when it is 0
    pop     edi
    pop     esi
    ret
