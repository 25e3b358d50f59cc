# The persistent object `cluster_node`: what a node remembers of itself and of its cluster from one boot to the next.
# The age is on stable storage before the node says anything, the era before it says that it lives there: record.s.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"
.include "names.inc"
.include "host-name.inc"

.section .bss.kept, "aw", @nobits       # what outlives the service
.balign 4
.global node
node:                   .space NODE_SIZE
node_counted:           .space 4        # age at which this boot was counted on a disk, 0: it was not
.global node_spoken
node_spoken:            .space 4        # age that this boot has said in a session that is over, 0: in none

.bss
.balign 4
loaded:                 .space NODE_SIZE    # as it was found on disk
.global node_mount
node_mount:             .space 4        # handle of mount_open of where the object is; 0: the node is diskless
.global node_problem
node_problem:           .space 4        # why it is: text
node_lost:              .space 4        # 1: it was taken away (umount -f), or is damaged: it is used once it is at /net

ON_HOOK volume_of_node, node_volume

.text

# The volume that the node has.
# Out: EAX handle, 0: the node is diskless.
node_volume:
    mov     eax, [node_mount]
    ret

# Makes the node's id from a MAC address (EUI-64: FF FE in the middle).
# In: EAX interface.
.global node_identify
node_identify:
    mov     edx, offset node
    mov     dword ptr [edx + NODE_MAGIC], NODE_MAGIC_VALUE
    mov     dword ptr [edx + NODE_VERSION], NODE_VERSION_VALUE
    mov     ecx, [eax + NETIF_MAC]
    mov     [edx + NODE_ID], ecx        # its fourth byte is overwritten
    mov     word ptr [edx + NODE_ID + 3], EUI64_MIDDLE
    shr     ecx, 24
    mov     [edx + NODE_ID + 5], cl
    mov     cx, [eax + NETIF_MAC + 4]
    mov     [edx + NODE_ID + 6], cx
    ret

# Whether the node is the one that an interface's MAC address makes.
# In: EAX interface.
# Out: ZF when it is.
# Clobbers: EAX, ECX.
.global node_is
node_is:
    mov     ecx, [eax + NETIF_MAC]
    xor     ecx, [node + NODE_ID]
    and     ecx, 0x00FFFFFF
    jnz     9f
    mov     cl, [eax + NETIF_MAC + 3]
    cmp     cl, [node + NODE_ID + 5]
    jne     9f
    mov     cx, [eax + NETIF_MAC + 4]
    cmp     cx, [node + NODE_ID + 6]
9:  ret

# Forgets who this node was: the machine is another one now. What it knows of eras stays, and the cluster's key.
.global node_part
node_part:
    push    edi
    xor     eax, eax
    mov     [node_counted], eax
    mov     [node_spoken], eax
    mov     [node + NODE_AGE], eax
    mov     [node + NODE_COMPANY], eax
    mov     edi, offset node + NODE_ERA_AGE
    mov     ecx, (NODE_SEED - NODE_ERA_AGE) / 4     # founder, name, reboot
    rep stosd
    pop     edi
    ret

# Whether the node has its volume, which may have been taken away (umount -f).
# Out: CF when the node is diskless.
.global node_attached
node_attached:
    mov     eax, [node_mount]
    call    mount_class
    jnc     9f
    xor     eax, eax
    xchg    eax, [node_mount]
    test    eax, eax
    jz      1f
    call    mount_close
    mov     dword ptr [node_lost], 1
    LOAD_STRING eax, "it was taken away (umount -f); the cluster uses it again when it is mounted at /net"
    mov     [node_problem], eax
    mov     ecx, [generation_count]
    cmp     ecx, [generation_known]
    jne     1f                          # a twin: that was its source's
    PRINTF  "cluster: what was at /net is in memory only: %s\n", eax
1:  stc
9:  ret

# Uses the volume again that was taken away, if it is back at /net: what the node has in memory is newer than what is on
# it. Another volume there is taken into use as `cloud init` does. The mutex is held. May sleep.
.global node_return
node_return:
    push    ebx
    push    esi
    call    node_attached
    jnc     .Lnode_return_done
    cmp     dword ptr [node_lost], 0
    je      .Lnode_return_done
    LOAD_STRING eax, "/net"
    call    mount_find
    jc      .Lnode_return_done
    cmp     byte ptr [edx], 0           # a rest means that a mount above holds the path
    jne     .Lnode_return_done
    mov     ebx, eax
    call    node_class
    jne     .Lnode_return_done
    mov     dword ptr [node_lost], 0
    mov     eax, ebx
    LOAD_STRING edx, "cluster_node"
    mov     ecx, offset loaded
    mov     esi, NODE_SIZE
    call    object_load
    jc      .Lnode_return_other
    mov     eax, [loaded + NODE_AGE]    # this boot was counted on it, and none since
    cmp     eax, [node_counted]
    jne     .Lnode_return_other
    mov     eax, offset node + NODE_ID
    mov     edx, offset loaded + NODE_ID
    mov     ecx, NODE_ID_SIZE
    call    mem_compare
    jne     .Lnode_return_other
    mov     eax, ebx
    mov     edx, offset cluster_owner
    call    mount_open
    jc      .Lnode_return_done
    mov     [node_mount], eax
    call    downloads_recall
    call    node_save
    call    keep_anew
    jmp     .Lnode_return_shown
.Lnode_return_other:
    call    cloud_load
.Lnode_return_shown:
    call    cluster_print_node
.Lnode_return_done:
    pop     esi
    pop     ebx
    ret

# Finds the object, or creates it, and counts this boot. Without storage the node lives in memory, with age 1. Called
# again (cloud init) it gives a diskless node its storage. May sleep.
# Out: CF when the node is diskless; node_problem says why.
.global node_load
node_load:
    push    ebx
    push    esi
    push    edi
    call    node_attached
    jnc     .Lnode_load_done
    cmp     dword ptr [node + NODE_AGE], 0
    jne     .Lnode_load_aged
    mov     dword ptr [node + NODE_AGE], 1
.Lnode_load_aged:
    call    node_storage
    jc      .Lnode_load_done
    mov     ebx, eax
    LOAD_STRING edx, "cluster_node"
    mov     ecx, offset loaded
    mov     esi, NODE_SIZE
    call    object_load
    jnc     .Lnode_load_loaded
    cmp     eax, ERROR_NOT_FOUND
    jne     .Lnode_load_failed
    mov     ecx, [node + NODE_ID]       # who has neither card nor object is nobody yet
    or      ecx, [node + NODE_ID + 4]
    jz      .Lnode_load_failed
.Lnode_load_attach:
    mov     eax, ebx
    mov     edx, offset cluster_owner
    call    mount_open
    jc      .Lnode_load_failed
    mov     [node_mount], eax
    call    downloads_recall
    mov     eax, offset loaded          # the seed for the next boot is made of this one's
    mov     edx, NODE_SIZE
    call    generator_stir
    mov     eax, offset node + NODE_SEED
    mov     edx, NODE_SEED_SIZE
    call    generator_fill
    call    node_save
    call    node_settle
    jc      .Lnode_load_done
    mov     eax, [node + NODE_AGE]
    mov     [node_counted], eax         # CF is clear
    jmp     .Lnode_load_done

.Lnode_load_loaded:
    call    node_take
    jnc     .Lnode_load_attach
    LOAD_STRING eax, "the object cluster_node on it is not of this version"
    mov     [node_problem], eax
    stc
    jmp     .Lnode_load_done
.Lnode_load_failed:
    call    error_text
    mov     [node_problem], eax
    stc
.Lnode_load_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Takes over what the disk says of this node.
# In: the object in `loaded`.
# Out: CF when it is not of this version.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
node_take:
    cmp     dword ptr [loaded + NODE_MAGIC], NODE_MAGIC_VALUE
    jne     .Lnode_take_not
    mov     eax, [loaded + NODE_VERSION]    # what version 1 has not is zero
    dec     eax
    cmp     eax, NODE_VERSION_VALUE - 1
    ja      .Lnode_take_not
    mov     eax, [loaded + NODE_ERA]
    cmp     eax, ERA_MAXIMUM
    ja      .Lnode_take_not
    cmp     eax, [node + NODE_ERA]      # an era that was seen never gets lost, nor smaller
    jbe     .Lnode_take_era_kept
    mov     [node + NODE_ERA], eax
    mov     eax, [node + NODE_AGE]
    mov     [node + NODE_ERA_AGE], eax
.Lnode_take_era_kept:
    mov     eax, [node + NODE_ID]       # without a card the node is who it was
    or      eax, [node + NODE_ID + 4]
    jnz     .Lnode_take_identified
    mov     eax, [loaded + NODE_ID]
    mov     [node + NODE_ID], eax
    mov     eax, [loaded + NODE_ID + 4]
    mov     [node + NODE_ID + 4], eax
    mov     dword ptr [node + NODE_MAGIC], NODE_MAGIC_VALUE
    mov     dword ptr [node + NODE_VERSION], NODE_VERSION_VALUE
.Lnode_take_identified:
    mov     eax, offset node + NODE_ID
    mov     edx, offset loaded + NODE_ID
    mov     ecx, NODE_ID_SIZE
    call    mem_compare
    jne     .Lnode_take_other_disk
    mov     eax, [loaded + NODE_AGE]
    cmp     eax, [node_counted]
    je      .Lnode_take_counted         # the service was started again
    inc     eax
.Lnode_take_counted:
    mov     [node + NODE_AGE], eax
    mov     ecx, [loaded + NODE_ERA]
    cmp     ecx, [node + NODE_ERA]      # to a later era, which its disk does not know, it has come in this boot
    jb      .Lnode_take_era_new
    mov     eax, [loaded + NODE_ERA_AGE]
.Lnode_take_era_new:
    mov     [node + NODE_ERA_AGE], eax
    call    node_alone_above
    mov     esi, offset loaded + NODE_REBOOT
    mov     edi, offset node + NODE_REBOOT
    mov     ecx, NODE_SIZE - NODE_REBOOT
    rep movsb
    cmp     dword ptr [node + NODE_FOUNDER], 0
    jne     .Lnode_take_terminated      # a member already (cloud init)
    mov     esi, offset loaded + NODE_FOUNDER
    mov     edi, offset node + NODE_FOUNDER
    mov     ecx, NODE_REBOOT - NODE_FOUNDER
    rep movsb
.Lnode_take_terminated:
    mov     byte ptr [node + NODE_REBOOT - 1], 0    # names end, whatever the disk says
    mov     byte ptr [node + NODE_SEED - 1], 0
    mov     byte ptr [node + NODE_KEY - 1], 0
    clc
    ret
.Lnode_take_other_disk:
    PRINT   "cluster: hda0 was the disk of another node; its era counts, its age does not\n"
    mov     eax, [node + NODE_AGE]
    mov     ecx, [loaded + NODE_ERA]
    call    node_alone_above
    clc
    ret
.Lnode_take_not:
    stc
    ret

# Finds the volume: what is mounted at /net, else hda0 is mounted there, or vda0 where there is no hda0. It must be of
# class class_fs_oofs.
# Out: EAX mount; CF when there is none, node_problem says why.
node_storage:
    push    ebx
    LOAD_STRING eax, "/net"
    call    mount_find
    jc      .Lnode_storage_mount
    cmp     byte ptr [edx], 0           # a rest means that a mount above holds the path
    jne     .Lnode_storage_mount
    mov     ebx, eax
    call    node_class
    je      .Lnode_storage_good
    LOAD_STRING eax, "what is mounted at /net is not of class class_fs_oofs"
    jmp     .Lnode_storage_failed
.Lnode_storage_mount:
    LOAD_STRING eax, "hda0"
    LOAD_STRING edx, "/net"
    call    mount_volume
    jnc     .Lnode_storage_mounted
    cmp     eax, ERROR_NO_DEVICE
    jne     1f
    LOAD_STRING eax, "vda0"
    LOAD_STRING edx, "/net"
    call    mount_volume
    jnc     .Lnode_storage_mounted
1:  cmp     eax, ERROR_AWAY             # a person may mount it all the same (--accept-older)
    je      2f
    cmp     eax, ERROR_OLDER
    je      2f
    cmp     eax, ERROR_CORRUPT
    jne     3f
2:  mov     dword ptr [node_lost], 1
3:  call    error_text
    jmp     .Lnode_storage_failed
.Lnode_storage_mounted:
    mov     ebx, eax
    call    node_class
    je      .Lnode_storage_good
    LOAD_STRING eax, "/net"
    xor     edx, edx
    call    umount_path
    LOAD_STRING eax, "it is not of class class_fs_oofs"
.Lnode_storage_failed:
    mov     [node_problem], eax
    stc
    jmp     .Lnode_storage_done
.Lnode_storage_good:
    mov     eax, ebx
    clc
.Lnode_storage_done:
    pop     ebx
    ret

# Whether a mount is of the class that holds persistent objects.
# In: EBX mount.
# Out: ZF when it is an OOFS.
node_class:
    mov     eax, ebx
    call    mount_class
    jnc     1f
    test    esp, esp                    # ZF clear
    ret
1:  LOAD_STRING edx, "class_fs_oofs"
    jmp     string_compare

# Gives the machine a name if neither the user nor the host did: the DHCP server's, else the one of host-name.inc.
# In: EAX interface.
.global node_name_default
node_name_default:
    push    ebx
    sub     esp, HOSTNAME_SIZE
    mov     ebx, eax
    cmp     byte ptr [node + NODE_NAME], 0
    jne     9f
    cmp     dword ptr [host_name_given], 0
    jne     9f
    mov     eax, esp
.if !HOST_NAME_FIXED
    lea     edx, [ebx + NETIF_HOST_NAME]
    cmp     byte ptr [edx], 0
    je      1f
    mov     ecx, HOSTNAME_SIZE
    call    string_copy
    mov     eax, esp
    call    hostname_good
    jnc     2f
.endif
1:  movzx   ecx, byte ptr [ebx + NETIF_MAC + 3]
    shl     ecx, 16
    mov     ch, [ebx + NETIF_MAC + 4]
    mov     cl, [ebx + NETIF_MAC + 5]
    mov     edx, esp
    HOST_NAME_WRITE edx, HOSTNAME_SIZE, ecx
2:  mov     eax, esp
    call    namesake_gave_up
    je      9f
    mov     eax, esp
    call    hostname_set
9:  add     esp, HOSTNAME_SIZE
    pop     ebx
    ret
