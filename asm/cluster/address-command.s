# `cloud address`: which service addresses the cluster has, and who holds each.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"

STRING address_list, "list"
STRING address_add, "add"
STRING address_remove, "remove"
STRING address_move, "move"
STRING address_shared, " shared"

MOVE_PATIENCE_MS        = 1000          # for an address that was moved to be heard at its new holder
LOOK_MS                 = 20

.data
.balign 4
# Word, routine, least and most arguments. In: EAX how many, EDX their addresses, ESI the first. Out: EAX status.
address_actions:
    .long   address_list, address_show, 0, 0
    .long   address_add, address_enter, 1, 3
    .long   address_remove, address_erase, 1, 1
    .long   address_move, address_hand, 2, 2
    .long   0

.text

# Acts on the words after `cloud address`.
# In: EAX how many arguments, EDX their addresses.
# Out: EAX status.
.global cloud_address
cloud_address:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     esi, edx
    mov     edi, offset address_actions
    test    ebx, ebx
    jz      2f
    dec     ebx
    lea     esi, [esi + 4]
1:  cmp     dword ptr [edi], 0
    je      8f
    mov     eax, [esi - 4]
    mov     edx, [edi]
    call    string_compare
    je      2f
    add     edi, 16
    jmp     1b
2:  cmp     ebx, [edi + 8]
    jb      8f
    cmp     ebx, [edi + 12]
    ja      8f
    mov     eax, ebx
    mov     edx, esi
    mov     esi, [esi]
    call    [edi + 4]
    jmp     9f
8:  mov     eax, CLOUD_MISUSED
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Lists the service addresses.
address_show:
    push    ebx
    call    cloud_lock
    xor     ebx, ebx
    mov     esi, offset services
1:  cmp     dword ptr [esi + SERVICE_ADDRESS], 0
    je      2f
    inc     ebx
    call    address_row
2:  add     esi, SERVICE_SIZE
    cmp     esi, offset services + SERVICES * SERVICE_SIZE
    jb      1b
    test    ebx, ebx
    jnz     3f
    PRINT   "The cluster has no service addresses (cloud address add ADDRESS).\n"
3:  call    cloud_unlock
    pop     ebx
    xor     eax, eax
    ret

# Prints a service address and its holder.
# In: ESI service.
address_row:
    PRINTF  "%I mask %I ", [esi+SERVICE_ADDRESS], [esi+SERVICE_MASK]
    cmp     dword ptr [esi + SERVICE_SHARED], 0
    je      1f
    mov     eax, [share_list]
    mov     eax, [eax]                  # how many are on it
    PRINTF  "shared by %u, ", eax
1:    cmp     dword ptr [esi + SERVICE_RECORD], 0
    jne     3f
    mov     eax, [esi + SERVICE_HOLDER]
    or      eax, [esi + SERVICE_HOLDER + 4]
    jz      2f
    call    clock_ms
    sub     eax, [esi + SERVICE_HEARD]
    cmp     eax, SERVICE_SILENCE_MS
    jg      2f
    lea     eax, [esi + SERVICE_HOLDER]
    call    peer_known
    jc      2f
    add     eax, PEER_NAME
    PRINTF  "held by %s\n", eax
    ret
2:  PRINT   "held by nobody that is heard\n"
    ret
3:  PRINT   "held here\n"
    ret

# Reads an address of which there can be one.
# In: EAX text.
# Out: EAX address; CF when it is none, which has been said.
address_parse:
    push    ebx
    mov     ebx, eax
    call    parse_address
    jc      8f
    cmp     byte ptr [edx], 0
    jne     8f
    call    ip_is_unicast
    je      9f                          # CF is clear
8:  PRINTF  "cluster: %s is not an address that a machine can have\n", ebx
    stc
9:  pop     ebx
    ret

# Makes the name of an address's value.
# In: EAX address, EDX buffer of NAME_SIZE bytes.
# Clobbers: EAX.
address_name:
    SNPRINTF edx, NAME_SIZE, "address.%I", eax
    ret

# cloud address add ADDRESS [MASK] [shared]
address_enter:
    push    ebx
    push    edi
    FRAME   68
    mov     edi, edx
    mov     ebx, eax
    mov     eax, esi
    call    address_parse
    jc      .Laddress_enter_failed
    lea     edx, [ebp - 32]
    call    address_name
    mov     dword ptr [ebp - 68], offset address_shared + 7     # what follows the mask: nothing
    cmp     ebx, 1
    je      .Laddress_enter_default
    mov     eax, [edi + ebx*4 - 4]
    mov     edx, offset address_shared + 1
    call    string_compare
    jne     .Laddress_enter_mask
    mov     dword ptr [ebp - 68], offset address_shared
    dec     ebx
.Laddress_enter_mask:
    cmp     ebx, 2
    mov     ebx, [edi + 4]
    jb      .Laddress_enter_default
    ja      .Laddress_enter_usage
    mov     eax, ebx
    call    parse_address
    jc      .Laddress_enter_bad_mask
    cmp     byte ptr [edx], 0
    jne     .Laddress_enter_bad_mask
    push    eax
    call    mask_check
    pop     eax
    jc      .Laddress_enter_bad_mask
    jmp     .Laddress_enter_set
.Laddress_enter_default:
    mov     eax, [cluster_netif]
    mov     eax, [eax + NETIF_MASK]
.Laddress_enter_set:
    lea     edx, [ebp - 64]
    mov     ecx, [ebp - 68]
    SNPRINTF edx, 32, "%I%s", eax, ecx
    call    cloud_lock
    call    address_room
    call    cloud_unlock_keep
    jc      .Laddress_enter_full
    lea     eax, [ebp - 32]
    lea     edx, [ebp - 64]
    call    values_put
    jmp     .Laddress_enter_done
.Laddress_enter_full:
    PRINTF  "cluster: there can be %u service addresses\n", SERVICES
    jmp     .Laddress_enter_failed
.Laddress_enter_usage:
    mov     ebx, [edi + 8]
    PRINTF  "cluster: %s is not the word shared\n", ebx
    jmp     .Laddress_enter_failed
.Laddress_enter_bad_mask:
    PRINTF  "cluster: %s is not a mask\n", ebx
.Laddress_enter_failed:
    mov     eax, 1
.Laddress_enter_done:
    ENDFRAME
    pop     edi
    pop     ebx
    ret

# Whether one more address can be held, or this one is held already.
# In: ESI its text.
# Out: CF when not.
address_room:
    push    esi
    mov     eax, esi
    call    parse_address
    call    service_address_find
    jnc     9f
    xor     eax, eax
    call    service_address_find
9:  pop     esi
    ret

# cloud address remove ADDRESS
address_erase:
    push    ebx
    FRAME   32
    call    address_known
    jc      9f
    lea     edx, [ebp - 32]
    call    address_name
    lea     eax, [ebp - 32]
    xor     edx, edx
    call    values_put
    jmp     8f
9:  mov     eax, 1
8:  ENDFRAME
    pop     ebx
    ret

# Reads an address that is one of the cluster's.
# In: ESI text.
# Out: EAX address; CF when it is none, which has been said.
address_known:
    mov     eax, esi
    call    address_parse
    jc      9f
    push    esi
    call    service_address_find
    pop     esi
    jnc     9f
    PRINTF  "cluster: %I is not one of the cluster's service addresses\n", eax
    stc
9:  ret

# cloud address move ADDRESS NODE
address_hand:
    push    ebx
    push    edi
    push    ebp
    mov     ebx, [edx + 4]
    call    address_known
    jc      .Laddress_hand_failed
    mov     ebp, eax
    call    cloud_lock
    mov     eax, ebx
    call    peer_named_only
    lea     edi, [eax + PEER_ID]
    test    eax, eax
    jnz     .Laddress_hand_found
    test    edx, edx
    jnz     .Laddress_hand_several
    mov     edi, offset node + NODE_ID
    mov     eax, ebx
    mov     edx, offset hostname
    call    string_compare
    je      .Laddress_hand_found
    call    cloud_unlock
    PRINTF  "cluster: no node that is alive has the name or address %s\n", ebx
    jmp     .Laddress_hand_failed
.Laddress_hand_several:
    call    cloud_unlock_keep
    PRINTF  "cluster: %s: %s\n", ebx, edx
    jmp     .Laddress_hand_failed
.Laddress_hand_found:
    mov     eax, ebp
    call    service_address_find
    mov     eax, edi
    cmp     dword ptr [esi + SERVICE_RECORD], 0
    je      .Laddress_hand_ask
    call    holder_hand
    jmp     .Laddress_hand_asked
.Laddress_hand_ask:
    mov     edx, eax
    mov     eax, KIND_MOVE
    call    service_say
.Laddress_hand_asked:
    call    cloud_unlock
    mov     ebp, MOVE_PATIENCE_MS / LOOK_MS
.Laddress_hand_look:
    mov     eax, LOOK_MS
    call    task_sleep
    lea     eax, [esi + SERVICE_HOLDER]
    mov     edx, edi
    call    session_same
    jne     .Laddress_hand_again
    cmp     edi, offset node + NODE_ID
    jne     .Laddress_hand_moved
    cmp     dword ptr [esi + SERVICE_RECORD], 0
    jne     .Laddress_hand_moved
.Laddress_hand_again:
    dec     ebp
    jnz     .Laddress_hand_look
    PRINT   "cluster: it did not move\n"
.Laddress_hand_failed:
    mov     eax, 1
    jmp     .Laddress_hand_done
.Laddress_hand_moved:
    call    address_row
    xor     eax, eax
.Laddress_hand_done:
    pop     ebp
    pop     edi
    pop     ebx
    ret
